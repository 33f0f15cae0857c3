"""The most bytes that the tensors of a training step take, in PyTorch and in wengert: `run memory`.

The program `peak` says what the two networks are. Of PyTorch, its profiler tells each allocation and release, which are added up
in their order; wengert counts its own. Prints a table.
"""
import argparse
import json
import subprocess

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

BATCH, WIDTH, INNER, BLOCKS = 512, 256, 1024, 12


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.first, self.second = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)

    def forward(self, x):
        return x + self.second(nn.functional.gelu(self.first(self.norm(x))))


def step(net, loss):
    net.zero_grad()
    loss(net).backward()


def mlp():
    sizes = [1024, 1024, 1024, 1024, 10]
    layers = [layer for pair in zip(sizes, sizes[1:]) for layer in (nn.Linear(*pair), nn.ReLU())]
    net, x, labels = nn.Sequential(*layers[:-1]), torch.randn(BATCH, 1024), torch.arange(BATCH) % 10
    for _ in range(2):
        step(net, lambda net: nn.functional.cross_entropy(net(x), labels))


def blocks():
    net, x = nn.Sequential(*(Block() for _ in range(BLOCKS))), torch.randn(BATCH, WIDTH)
    for _ in range(2):
        step(net, lambda net: net(x).square().mean())


def peak(run):
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        run()
    live = most = 0
    for event in profiler.profiler.kineto_results.events():
        if event.name() == "[memory]":
            live += event.nbytes()
            most = max(most, live)
    return most


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the program `peak`, which `run` builds")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| network | PyTorch, MiB | wengert, MiB | of PyTorch's |\n|---|---|---|---|")
    for run in (mlp, blocks):
        result = subprocess.run([options.program, run.__name__], stdout=subprocess.PIPE, text=True, check=True)
        ours, theirs = json.loads(result.stdout)["bytes"], peak(run)
        print(f"| {run.__name__} | {theirs / 2**20:.1f} | {ours / 2**20:.1f} | {ours / theirs:.2f} |")


main()
