"""Operators of PyTorch and of wengert, in turns: `run operators [--only TEXT] [--rounds R] [--budget SECONDS] [--save NAME]`.

The program `operators` says what each does, on matrices of 100 columns, on images and on sequences in float32; `--only` takes those whose names contain TEXT.
Every round runs both, on one thread and on all. Prints a table of how many times as fast as PyTorch wengert is, by the best and the median times of all rounds, and how fast it
reads and writes where nothing but memory counts; `--save` writes it to ../results/NAME.md.
"""
import argparse
import collections
import json
import os
import statistics
import subprocess
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
COLUMNS, FEW, SIZES = 100, 4, [10**3, 10**4, 10**5, 10**6, 10**7]


def torch_operators(rows):
    import torch

    torch.manual_seed(0)
    normal = torch.randn
    x, other, square = normal(rows, COLUMNS), normal(rows, COLUMNS), normal(COLUMNS, rows)
    row, column, scale, shift = normal(COLUMNS), normal(rows, 1), normal(COLUMNS), normal(COLUMNS)
    leaf, leaf_scale, leaf_shift = (t.clone().requires_grad_() for t in (x, scale, shift))
    wide, narrow, blocks = x.reshape(COLUMNS, rows), x.reshape(-1, FEW), x.reshape(-1, 10, COLUMNS)
    wide_leaf = wide.clone().requires_grad_()
    indices = torch.arange(rows) * 7919 % rows
    norm = torch.nn.functional.layer_norm
    back = lambda y, *leaves: torch.autograd.grad(y, leaves, other.reshape(y.shape))
    plain = {
        "softmax": lambda: x.softmax(-1),
        "softmax along axis 0": lambda: wide.softmax(0),
        "log softmax": lambda: x.log_softmax(-1),
        "log softmax along axis 0": lambda: wide.log_softmax(0),
        "logsumexp": lambda: x.logsumexp(-1),
        "logsumexp along axis 0": lambda: wide.logsumexp(0),
        "layer norm": lambda: norm(x, [COLUMNS], scale, shift),
        "sum": lambda: x.sum(),
        "sums of rows": lambda: x.sum(-1),
        "sums of columns": lambda: x.sum(0),
        "sums of long rows": lambda: wide.sum(-1),
        "sums of few columns": lambda: narrow.sum(0),
        "sums over the middle axis": lambda: blocks.sum(1),
        "mean": lambda: x.mean(),
        "largest of rows": lambda: x.amax(-1),
        "largest of columns": lambda: x.amax(0),
        "variances of rows": lambda: x.var(-1),
        "norms of rows": lambda: torch.linalg.vector_norm(x, 2, -1),
        "sums so far": lambda: x.cumsum(-1),
        "sorted rows": lambda: x.sort(dim=-1, stable=True),
        "argmax": lambda: x.argmax(-1),
        "argmax along axis 0": lambda: wide.argmax(0),
        "transpose, copied": lambda: x.t().contiguous(),
        "add": lambda: x + other,
        "add a transpose": lambda: x + square.t(),
        "add a row to all": lambda: x + row,
        "add a column to all": lambda: x + column,
        "tanh": lambda: x.tanh(),
        "concat along axis 0": lambda: torch.cat([x, other], 0),
        "concat along axis 1": lambda: torch.cat([x, other], 1),
        "rows by index": lambda: x[indices],
    }
    recorded = {
        "softmax, and back": lambda: back(leaf.softmax(-1), leaf),
        "softmax along axis 0, and back": lambda: back(wide_leaf.softmax(0), wide_leaf),
        "log softmax, and back": lambda: back(leaf.log_softmax(-1), leaf),
        "layer norm, and back": lambda: back(norm(leaf, [COLUMNS], leaf_scale, leaf_shift), leaf, leaf_scale, leaf_shift),
        "rows by index, and back": lambda: back(leaf[indices], leaf),
    }
    return plain, recorded


def torch_layers():
    import torch
    from torch.nn import functional as F

    torch.manual_seed(0)
    normal = torch.randn
    x, w, dy, half = normal(32, 64, 28, 28), normal(64, 64, 3, 3), normal(32, 64, 28, 28), normal(32, 64, 14, 14)
    scale, shift = normal(64), normal(64)
    leaf_x, leaf_w, leaf_scale, leaf_shift = (t.clone().requires_grad_() for t in (x, w, scale, shift))
    norm = lambda x, scale, shift: F.batch_norm(x, None, None, scale, shift, training=True)
    groups = lambda x, scale, shift: F.group_norm(x, 8, scale, shift)
    attend = lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True)
    back = lambda y, leaves, dy: torch.autograd.grad(y, leaves, dy)
    normed = (leaf_x, leaf_scale, leaf_shift)
    plain = {
        "conv2d": lambda: F.conv2d(x, w, padding=1),
        "max pool": lambda: F.max_pool2d(x, 2),
        "mean pool": lambda: F.avg_pool2d(x, 2),
        "batch norm": lambda: norm(x, scale, shift),
        "group norm": lambda: groups(x, scale, shift),
    }
    recorded = {
        "conv2d, and back": lambda: back(F.conv2d(leaf_x, leaf_w, padding=1), (leaf_x, leaf_w), dy),
        "max pool, and back": lambda: back(F.max_pool2d(leaf_x, 2), leaf_x, half),
        "mean pool, and back": lambda: back(F.avg_pool2d(leaf_x, 2), leaf_x, half),
        "batch norm, and back": lambda: back(norm(*normed), normed, dy),
        "group norm, and back": lambda: back(groups(*normed), normed, dy),
    }
    for length, heads in ((256, (8, 8)), (1024, (2, 8))):
        inputs = [normal(*heads, length, 64) for _ in range(3)]
        leaves = [t.clone().requires_grad_() for t in inputs]
        plain[f"attention, {length}"] = lambda inputs=inputs: attend(*inputs)
        recorded[f"attention, {length}, and back"] = lambda leaves=leaves, dy=normal(*heads, length, 64): back(attend(*leaves), leaves, dy)
    return plain, recorded


def time_torch(threads, budget, only):
    import torch

    torch.set_num_threads(threads)

    def measure(name, size, run):
        if only not in name:
            return
        times, start = [], time.perf_counter()
        while time.perf_counter() - start < budget or len(times) < 5:
            began = time.perf_counter()
            run()
            times.append(time.perf_counter() - began)
        times.sort()
        print(json.dumps({"case": name, "size": size, "best": times[0], "median": times[len(times) // 2]}), flush=True)

    for size in [*SIZES, 0]:
        plain, recorded = torch_operators(size // COLUMNS) if size else torch_layers()
        with torch.no_grad():
            for name, run in plain.items():
                measure(name, size, run)
        for name, run in recorded.items():
            measure(name, size, run)


def compare():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the program `operators`, which `run` builds")
    parser.add_argument("--only", default="", help="a part of the names of the operators to compare")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--budget", type=float, default=0.02, help="seconds for each operator, size and round")
    parser.add_argument("--save", help="a name for the results, such as operators-DATE")
    options = parser.parse_args()
    commands = {"torch": [sys.executable, __file__, "torch"], "wengert": [options.program]}
    counts = sorted({1, os.cpu_count()})
    runs, order = collections.defaultdict(list), {}
    for _ in range(options.rounds):
        for threads in counts:
            for who, command in commands.items():
                environment = dict(os.environ, BUDGET=str(options.budget), THREADS=str(threads), ONLY=options.only)
                environment |= {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
                result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
                for line in map(json.loads, result.stdout.splitlines()):
                    order.setdefault(line["case"])
                    runs[who, line["case"], line["size"], threads].append((line["best"], line["median"]))
    best = {key: min(best for best, _ in times) for key, times in runs.items()}
    median = {key: statistics.median(median for _, median in times) for key, times in runs.items()}

    def ratio(name, size, threads):
        torch, ours = ("torch", name, size, threads), ("wengert", name, size, threads)
        return f"{best[torch] / best[ours]:.2f} / {median[torch] / median[ours]:.2f}"

    layers = [name for name in order if ("wengert", name, 0, 1) in runs]
    order = [name for name in order if name not in layers]
    lines = ["Times as fast as PyTorch, best / median:", ""]
    lines += ["| operator | threads | " + " | ".join(f"10^{len(str(size)) - 1}" for size in SIZES) + " | 10^7, ms |"]
    lines += ["|---|--:|" + "--:|" * (len(SIZES) + 1)]
    for name in order:
        for threads in counts:
            cells = " | ".join(ratio(name, size, threads) for size in SIZES)
            lines.append(f"| {name} | {threads} | {cells} | {best['wengert', name, SIZES[-1], threads] * 1e3:.2f} |")
    if layers:
        heads = "".join(f" {threads} thread{'s' * (threads > 1)} | ms |" for threads in counts)
        lines += ["", "| on images and sequences |" + heads, "|---|" + "--:|--:|" * len(counts)]
        for name in layers:
            cells = "".join(f" {ratio(name, 0, threads)} | {best['wengert', name, 0, threads] * 1e3:.2f} |" for threads in counts)
            lines.append(f"| {name} |{cells}")
    lines += ["", "Gigabytes a second at 10^7 elements, of what has to be read and written, at best:", ""]
    lines += ["| operator | threads | PyTorch | wengert |", "|---|--:|--:|--:|"]
    traffic = {"sum": 1, "sums of columns": 1, "add": 3, "add a row to all": 2, "transpose, copied": 2, "concat along axis 0": 4, "rows by index": 2}
    for name, passes in ((name, passes) for name, passes in traffic.items() if name in order):
        for threads in counts:
            speeds = [passes * 4 * SIZES[-1] / best[who, name, SIZES[-1], threads] / 1e9 for who in commands]
            lines.append(f"| {name} | {threads} | " + " | ".join(f"{speed:.1f}" for speed in speeds) + " |")
    print("\n".join(lines))
    if options.save:
        from machine import about

        with open(os.path.join(here, "..", "results", f"{options.save}.md"), "w") as file:
            only = f" --only '{options.only}'" if options.only else ""
            command = f"benches/peers/run operators{only} --rounds {options.rounds} --budget {options.budget}"
            file.write(f"# Operators beside PyTorch\n\n{about(['torch'])}.\n`{command}`\n\n" + "\n".join(lines) + "\n")


if sys.argv[1:] == ["torch"]:
    time_torch(int(os.environ["THREADS"]), float(os.environ["BUDGET"]), os.environ["ONLY"])
else:
    compare()
