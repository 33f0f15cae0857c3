"""Products of matrices in wengert, `gemm`, `matrixmultiply` and PyTorch, in turns: `run products [--rounds R] [--budget SECONDS]
[--only PRODUCT,..] [--save NAME]`.

A product is named by its sizes m x k x n and by how A and B lie: NN row by row, TN and NT with A or B transposed. Every round runs
every contestant on every product, on one thread and on all. Prints a table of the best times of all rounds, and of how the medians
compare; `--save` writes it to ../results/NAME.md.
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
PRODUCTS = [f"{n}x{n}x{n}" for n in (16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)]
PRODUCTS += [f"{n}x{n}x{n} {layout}" for n in (64, 256, 512, 1024) for layout in ("TN", "NT")]
# The layers of cases.json: forward, the gradient of the input, that of the weight.
LAYERS = [(32, 2, 16), (32, 16, 16), (32, 16, 2), (32, 64, 32), (64, 784, 256), (64, 256, 128), (64, 128, 10), (512, 1024, 1024)]
for batch, inputs, outputs in LAYERS:
    PRODUCTS += [f"{batch}x{inputs}x{outputs} NT", f"{batch}x{outputs}x{inputs}", f"{outputs}x{batch}x{inputs} TN"]
PRODUCTS += ["32x2x16", "32x64x32", "64x784x256", "784x64x256", "64x128x10"]
PRODUCTS += [f"{m}x1024x1024{layout}" for m in (1, 4, 16, 512) for layout in ("", " NT") if f"{m}{layout}" != "512 NT"]
PRODUCTS += [f"{n}x{n}x{n} f64" for n in (64, 256, 512, 1024)]
PRODUCTS = list(dict.fromkeys(PRODUCTS))
WENGERT, PEERS = "wengert", ["gemm", "matrixmultiply", "PyTorch"]


def parse(product):
    """The numbers, the layout and the sizes of a product."""
    sizes, *rest = product.split()
    layout = next((word for word in rest if word != "f64"), "NN")
    return "f64" if "f64" in rest else "f32", layout, [int(size) for size in sizes.split("x")]


def torch_worker():
    """Answers as the program `products` does."""
    import torch

    torch.set_num_threads(int(os.environ["THREADS"]))
    for line in sys.stdin:
        numbers, layout, *sizes, seconds = line.split()
        (m, k, n), seconds = map(int, sizes), float(seconds)
        normal = lambda rows, columns: torch.randn(rows, columns, dtype=torch.float64 if numbers == "f64" else torch.float32)
        a, b = (normal(y, x).t() if side == "T" else normal(x, y) for side, (x, y) in zip(layout, [(m, k), (k, n)]))
        begin, calls = time.perf_counter(), 0
        while calls == 0 or time.perf_counter() - begin < seconds / 3:
            torch.mm(a, b)
            calls += 1
        at_a_time = range(max(1, round(20e-6 * calls / (time.perf_counter() - begin))))
        times, begin = [], time.perf_counter()
        while time.perf_counter() - begin < seconds or len(times) < 5:
            began = time.perf_counter()
            for _ in at_a_time:
                torch.mm(a, b)
            times.append((time.perf_counter() - began) / len(at_a_time))
        print(json.dumps({"PyTorch": [min(times), statistics.median(times)]}), flush=True)


def compare():
    from build import build

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--budget", type=float, default=0.02, help="seconds for each contestant, product and round")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="compared with one")
    parser.add_argument("--only", help="products, joined by commas, such as 64x64x64,32x16x2 NT")
    parser.add_argument("--save", help="a name for the results, such as products-DATE")
    options = parser.parse_args()
    products = options.only.split(",") if options.only else PRODUCTS
    many, counts = options.threads, sorted({1, options.threads})
    peak_program, commands = build("handwritten"), [[build("products")], [sys.executable, __file__, "torch"]]

    def start(command, threads):
        names = ["THREADS", "MATMUL_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"]
        environment = dict(os.environ, **{name: str(threads) for name in names})
        return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    workers = [(threads, start(command, threads)) for threads in counts for command in commands]
    runs, peak = collections.defaultdict(list), 0.0
    for _ in range(options.rounds):
        for product in products:
            numbers, layout, sizes = parse(product)
            for threads, worker in workers:
                print(numbers, layout, *sizes, options.budget, file=worker.stdin, flush=True)
                answer = worker.stdout.readline() or sys.exit(f"{product}: a contestant ended")
                for name, times in json.loads(answer).items():
                    runs[name, product, threads].append(times)
        peak = max(peak, float(subprocess.check_output([peak_program, "peak"])))
    for _, worker in workers:
        worker.stdin.close()
        worker.wait()
    best = {key: min(best for best, _ in times) for key, times in runs.items()}
    median = {key: statistics.median(median for _, median in times) for key, times in runs.items()}

    def ratio(product, threads):
        """How many times as fast as the fastest peer."""
        beside = lambda times: min(times[peer, product, threads] for peer in PEERS) / times[WENGERT, product, threads]
        return f"{beside(best):.2f} / {beside(median):.2f}"

    lines = ["GFLOP/s at best; times as fast as the fastest peer, best / median. The peak of a core, measured, is"]
    lines += [f"{peak / 1e9:.0f} GFLOP/s in f32, and half of that in f64.", ""]
    heads = ["product", WENGERT, *PEERS, "× the best peer", "of the peak"]
    if many > 1:
        heads += [f"wengert, {many} threads", "× the best peer", "× one thread"]
    lines += ["| " + " | ".join(heads) + " |", "|---" + "|--:" * (len(heads) - 1) + "|"]
    for product in products:
        numbers, _, (m, k, n) = parse(product)
        work = 2 * m * k * n
        speed = lambda name, threads: f"{work / best[name, product, threads] / 1e9:.1f}"
        share = work / best[WENGERT, product, 1] / (peak / 2 if numbers == "f64" else peak)
        cells = [product, *(speed(name, 1) for name in [WENGERT, *PEERS]), ratio(product, 1), f"{share:.0%}"]
        if many > 1:
            gain = best[WENGERT, product, 1] / best[WENGERT, product, many]
            cells += [speed(WENGERT, many), ratio(product, many), f"{gain:.2f}"]
        lines.append("| " + " | ".join(cells) + " |")
    print("\n".join(lines))
    if options.save:
        from machine import about

        with open(os.path.join(here, "..", "results", f"{options.save}.md"), "w") as file:
            command = f"benches/peers/run products --rounds {options.rounds} --budget {options.budget}"
            file.write(f"# Products of matrices\n\n{about(['torch'])}.\n`{command}`\n\n" + "\n".join(lines) + "\n")


if sys.argv[1:] == ["torch"]:
    torch_worker()
else:
    compare()
