"""Training steps of an MLP in several frameworks, in turns: `run [--rounds R] [--threads T] [--budget SECONDS] [--cases FILE]
[--only CASE,..] [--with PEER,..] [--without PEER,..] [--save NAME]`.

Peers are torch, jax, numpy, handwritten, candle and burn; burn, which takes over ten minutes to build, only when `--with` names it.

Every round runs every contestant, so that what else the machine does meets all alike. Prints a table; `--save` writes it with the
machine and the versions to ../results/NAME.md, and a chart to ../results/NAME.svg.
"""
import argparse
import collections
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile

import numpy

from build import build
from machine import about

here = os.path.dirname(os.path.abspath(__file__))
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--step", required=True, help="the program mlp_step, which `run` builds")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--budget", type=float, default=0.5, help="seconds for each case and round")
parser.add_argument("--cases", default=os.path.join(here, "cases.json"))
parser.add_argument("--only", help="names of cases, joined by commas")
parser.add_argument("--save", help="a name for the results, such as the date")
parser.add_argument("--with", dest="added", default="", help="peers to add, joined by commas: burn")
parser.add_argument("--without", default="", help="peers to leave out, joined by commas")
options = parser.parse_args()

cases = json.load(open(options.cases))
if options.only:
    unknown = [name for name in options.only.split(",") if name not in cases]
    if unknown:
        sys.exit(f"{options.cases}: there is no case {', '.join(unknown)}")
    cases = {name: cases[name] for name in options.only.split(",")}

PYTHON = {"torch": "PyTorch", "jax": "JAX", "numpy": "NumPy"}
RUST = {"handwritten": "hand-written", "candle": "candle", "burn": "burn-flex"}
added, without = (set(filter(None, names.split(","))) for names in (options.added, options.without))
if unknown := (added | without) - {*PYTHON, *RUST}:
    sys.exit(f"there is no peer {', '.join(sorted(unknown))}; there are {', '.join([*PYTHON, *RUST])}")
if "torch" in without:
    sys.exit("torch cannot be left out: it is what all are compared with")
peers = [peer for peer in [*PYTHON, *RUST] if peer not in without and (peer != "burn" or peer in added)]
programs = {peer: build(peer) for peer in peers if peer in RUST}
many = options.threads
contestants = {}
for peer in peers:
    command = [programs[peer]] if peer in RUST else [sys.executable, os.path.join(here, "steps.py"), peer]
    contestants[{**PYTHON, **RUST}[peer]] = (command, many)
contestants["wengert, 1 thread"] = ([options.step], 1)
if many > 1:
    contestants[f"wengert, {many} threads"] = ([options.step], many)


def start(case, path):
    """Writes what the peers start from: the inputs, then each layer's weight, uniform within the bound of X. Glorot and Y. Bengio."""
    rng, sizes = numpy.random.default_rng(0), case["dims"]
    parts = [rng.standard_normal(case["batch"] * sizes[0])]
    parts += [rng.uniform(-1, 1, i * o) * math.sqrt(6 / (i + o)) for i, o in zip(sizes, sizes[1:])]
    numpy.concatenate(parts).astype("<f4").tofile(path)


def limit(case):
    """Seconds that the step's products take at the peak: forward, and two backward for every layer but the first."""
    pairs = list(zip(case["dims"], case["dims"][1:]))
    multiply_adds = case["batch"] * (3 * sum(i * o for i, o in pairs) - pairs[0][0] * pairs[0][1])
    return 2 * multiply_adds / (peak * many)


runs = collections.defaultdict(list)
firsts = {}
peak = 0.0
with tempfile.TemporaryDirectory() as folder:
    for name, case in cases.items():
        start(case, path := os.path.join(folder, f"{name}.f32"))
        case["start"] = path
    with open(os.path.join(folder, "cases.json"), "w") as file:
        json.dump(cases, file)
    for _ in range(options.rounds):
        if "handwritten" in programs:
            peak = max(peak, float(subprocess.check_output([programs["handwritten"], "peak"])))
        for name, (command, threads) in contestants.items():
            environment = dict(os.environ, BUDGET=str(options.budget), THREADS=str(threads), RAYON_NUM_THREADS=str(threads))
            result = subprocess.run(command + [file.name], env=environment, stdout=subprocess.PIPE, text=True)
            if result.returncode:
                sys.exit(f"{name}: ended with {result.returncode}")
            for line in map(json.loads, result.stdout.splitlines()):
                if not line["last"] < line["first"]:
                    sys.exit(f"{name}, {line['case']}: the loss went from {line['first']} to {line['last']}: nothing was learned")
                # wengert draws weights of its own; all others start from the same, and so from the same loss.
                expected = firsts.setdefault(line["case"], line["first"])
                if not name.startswith("wengert") and not math.isclose(line["first"], expected, rel_tol=1e-4):
                    sys.exit(f"{name}, {line['case']}: the first loss is {line['first']}, that of others {expected}")
                runs[name, line["case"]].append((line["best"], line["median"]))

best = {key: min(best for best, _ in times) for key, times in runs.items()}
median = {key: statistics.median(median for _, median in times) for key, times in runs.items()}


def table():
    yield "| case | contestant | best, µs | median, µs | × PyTorch, best | × PyTorch, median | of the limit, best |"
    yield "|---|---|--:|--:|--:|--:|--:|"
    for case in cases:
        for name in contestants:
            key, torch = (name, case), ("PyTorch", case)
            ratios = f"{best[torch] / best[key]:.2f} | {median[torch] / median[key]:.2f}"
            share = f"{limit(cases[case]) / best[key]:.0%}" if peak else "-"
            yield f"| {case} | {name} | {best[key] * 1e6:.1f} | {median[key] * 1e6:.1f} | {ratios} | {share} |"
    if peak:
        yield f"\nThe limit: the step's products at {peak / 1e9:.1f} GFLOP/s a core, measured between the rounds, on {many} cores."


def chart(title):
    """Bars on a logarithmic axis: how many times as fast as PyTorch, by the medians."""
    names = [name for name in contestants if name != "PyTorch"]
    colours = {"JAX": "#8a93a5", "NumPy": "#b7a98f", "hand-written": "#6f9f7c", "candle": "#d9a441", "burn-flex": "#c8674a"}
    colours |= dict(zip([name for name in names if name.startswith("wengert")], ["#7fb0d8", "#1f6fb2"]))
    ratio = {(n, c): median["PyTorch", c] / median[n, c] for n in names for c in cases}
    low, high = min(0.5, *(0.85 * r for r in ratio.values())), max(2.0, *ratio.values())
    left, width, bar, gap, top = 110, 560, 13, 16, 64
    group = bar * len(names) + gap
    height = top + group * len(cases) + 46
    place = lambda r: left + width * math.log(r / low) / math.log(high / low)
    text = lambda x, y, what, more="": f'<text x="{x:.1f}" y="{y:.1f}" {more}>{what}</text>'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 60} {height}" font-family="sans-serif" font-size="12">'
    yield "<style>text{fill:#24292f}.grid{stroke:#d0d7de}.one{stroke:#57606a}@media(prefers-color-scheme:dark){text{fill:#d1d7e0}.grid{stroke:#3d444d}.one{stroke:#9198a1}}</style>"
    yield text(10, 18, "Training steps of an MLP: times as fast as PyTorch (logarithmic)", 'font-size="14" font-weight="bold"')
    yield text(10, 35, title, 'font-size="10"')
    x = 10
    for name in names:
        yield f'<rect x="{x:.1f}" y="43" width="10" height="10" fill="{colours[name]}"/>' + text(x + 14, 52, name)
        x += 24 + 7.2 * len(name)
    bottom = top + group * len(cases)
    for tick in [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]:
        if low <= tick <= high:
            kind = "one" if tick == 1 else "grid"
            yield f'<line class="{kind}" x1="{place(tick):.1f}" x2="{place(tick):.1f}" y1="{top}" y2="{bottom}"/>'
            yield text(place(tick), bottom + 16, f"{tick:g}×", 'text-anchor="middle"')
    yield text(place(1), bottom + 32, "PyTorch", 'text-anchor="middle"')
    for i, case in enumerate(cases):
        y = top + gap / 2 + i * group
        yield text(left - 8, y + bar * len(names) / 2 + 4, case, 'text-anchor="end"')
        for j, name in enumerate(names):
            ends = sorted([place(1), place(ratio[name, case])])
            yield f'<rect x="{ends[0]:.1f}" y="{y + j * bar:.1f}" width="{max(ends[1] - ends[0], 1):.1f}" height="{bar - 2}" fill="{colours[name]}"/>'
            yield text(ends[1] + 4, y + j * bar + 10, f"{ratio[name, case]:.1f}", 'font-size="10"')
    yield "</svg>"


print("\n".join(table()))
if options.save:
    title = about(["torch", "jax", "numpy"])
    folder = os.path.join(here, "..", "results")
    with open(os.path.join(folder, f"{options.save}.md"), "w") as file:
        command = f"benches/peers/run --rounds {options.rounds} --threads {many} --budget {options.budget}"
        command += "".join(f" --{key} {names}" for key, names in [("with", options.added), ("without", options.without)] if names)
        file.write(f"# Training steps of an MLP\n\n{title}.\n`{command}`\n\n")
        file.write("\n".join(table()) + "\n")
    with open(os.path.join(folder, f"{options.save}.svg"), "w") as file:
        where = title.split("; wengert")[0]
        file.write("\n".join(chart(f"{many} threads; {where}")) + "\n")
