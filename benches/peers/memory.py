"""The most bytes that the tensors of a training step take, in PyTorch and in wengert: `run memory`.

The program `peak` says what the two networks are. Of PyTorch, its profiler tells each allocation and release, which are added up
in their order; wengert counts its own. What the matrix products pack is in wengert's figure and not in that of PyTorch's profiler,
so a second row has what the system gave: by how much the process's resident set has grown at its peak, the least of
five processes for each. Prints a table.
"""
import argparse
import json
import pathlib
import subprocess
import sys

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

BATCH, WIDTH, INNER, BLOCKS = 512, 256, 1024, 12
# A process may keep more than it needs, by chance; what counts is the least of so many.
PROCESSES = 5


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


def resident(field):
    """The bytes of this process's resident set, `VmRSS` now or `VmHWM` at its peak: proc_pid_status(5)."""
    status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
    return 1024 * int(status[field].split()[0])


def grown(run):
    """By how much the resident set grows, once small steps have loaded what it loads."""
    net = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 4))
    for _ in range(3):
        step(net, lambda net: nn.functional.cross_entropy(net(torch.randn(4, 8)), torch.arange(4)))
    # The peak begins anew: proc_pid_clear_refs(5).
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    run()
    return resident("VmHWM") - before


def last_line_of(*command):
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(result.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", help="the program `peak`, which `run` builds")
    parser.add_argument("--grown", choices=["mlp", "blocks"], help="print by how much PyTorch's process grows, and end")
    options = parser.parse_args()
    torch.set_num_threads(1)
    networks = {"mlp": mlp, "blocks": blocks}
    if options.grown:
        print(grown(networks[options.grown]))
        return
    if not options.program:
        parser.error("--program is needed")
    print("| network | counted | PyTorch, MiB | wengert, MiB | of PyTorch's |\n|---|---|--:|--:|--:|")
    for name, run in networks.items():
        ours = [last_line_of(options.program, name) for _ in range(PROCESSES)]
        theirs = min(last_line_of(sys.executable, __file__, "--grown", name) for _ in range(PROCESSES))
        rows = {"library": (peak(run), ours[0]["bytes"]), "system": (theirs, min(run["grown"] for run in ours))}
        for what, (theirs, mine) in rows.items():
            print(f"| {name} | by the {what} | {theirs / 2**20:.1f} | {mine / 2**20:.1f} | {mine / theirs:.2f} |")


main()
