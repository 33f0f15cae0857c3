"""Writes display.txt: arrays, and the text that NumPy 2.4 prints for each.

    python display.py [COUNT [SEED]]

makes the hand-picked cases and COUNT (60) random ones. The same arguments give the same file. A case is a line
`case TYPE PRECISION SHAPE...`, where `-` is the precision that is not asked for, a line `values V...`, which are repeated
until the shape is full, and the expected text with a `|` before each line.
"""

import math
import pathlib
import random
import sys

import numpy

TYPES = {"f32": numpy.float32, "f64": numpy.float64, "usize": numpy.int64}


def write(out, kind, shape, values, precision=None):
    values = numpy.array(values, dtype=TYPES[kind])
    size = math.prod(shape)
    array = numpy.resize(values, shape) if size else numpy.zeros(shape, TYPES[kind])
    text = str(array) if precision is None else numpy.array2string(array, precision=precision)
    shortest = [str(v) for v in values.tolist()] if kind != "f32" else [repr(float(v)) for v in values]
    out.write(f"case {kind} {'-' if precision is None else precision} {' '.join(map(str, shape))}".rstrip() + "\n")
    out.write(f"values {' '.join(shortest)}".rstrip() + "\n")
    out.writelines(f"|{line}\n" for line in text.split("\n"))


def picked(out):
    nan, inf = math.nan, math.inf
    for kind in ["f32", "f64"]:
        for value in [0.0, -0.0, 1.0, 0.1, 1 / 3, -2.5, 999999.0, 1e6, 16777216.0, 1e-4, 9e-5, 1e15, 1e16, 1e30, nan, inf, -inf]:
            write(out, kind, [], [value])
            write(out, kind, [1], [value])
        for values in [
            [1.0, 2.0, 3.0],
            [1.0, 0.5, 0.25],
            [1.0, 1000.0],
            [1.0, 1000.5],
            [99999999.0, 99999.9],
            [1e8, 1e7],
            [1e6, 999999.0],
            [1.1, 1e-6, 0.0, -3.25],
            [0.0001, 0.05],
            [9.99e-5, 0.01],
            [1 / 512, 3 / 512, 1.0],
            [9.9999999999, 1.0],
            [1e-30, 1e30],
            [nan, 1.0, -2.25],
            [nan, inf, -inf],
            [inf, 1e-10, nan],
            [-inf, 0.5],
            [-0.0, 0.0],
            [40831.3125, 234325.125, 81662.625],
        ]:
            write(out, kind, [len(values)], values)
            write(out, kind, [2, 2], values, 3)
            write(out, kind, [3], values, 0)
    write(out, "f64", [2], [1e-300, 1e300])
    write(out, "f64", [2], [9.99999999999e99, 1e-5])
    for shape in [[0], [0, 3], [3, 0], [2, 0, 2], [1, 1, 1, 1], [2, 3, 4], [2, 1, 2, 2], [1, 7]]:
        write(out, "f64", shape, [1.0, -2.5, 3.125])
        write(out, "usize", shape, [7, 100, 3])
    # Lines that break, and the sizes about the threshold.
    for shape in [[1000], [1001], [10, 100], [11, 100], [7, 200], [6, 200], [2, 2, 300], [20, 20, 20], [4, 8, 2, 40], [1001, 1]]:
        write(out, "f64", shape, [0.5, -1.25, 17.0, 2.0 / 3])
        write(out, "f32", shape, [1.0, 2.0])
        write(out, "usize", shape, [5, 12, 1])
    # A power of two is nearer to its neighbour below than to the one above.
    for kind, exponents in [("f32", [-149, -126, -103, -24, 66, 127]), ("f64", [-1074, -1022, -44, 89, 1023])]:
        for exponent in exponents:
            write(out, kind, [], [2.0**exponent])
            write(out, kind, [1], [2.0**exponent], 17)
    write(out, "usize", [], [7])
    write(out, "usize", [3], [2**60, 0, 12])


def drawn(out, rng, count):
    for _ in range(count):
        kind = rng.choice(["f32", "f64"])
        rank = rng.randint(0, 4)
        shape = [rng.choice([1, 2, 3, 4, 5, 8] + [0] * (rng.random() < 0.1)) for _ in range(rank)]
        low = rng.randint(-8, 8)
        high = low + rng.choice([0, 0, 1, 2, 3, 4, 12])
        digits = rng.choice([0, 1, 2, 4, 7, 17])
        values = []
        for _ in range(rng.randint(1, 12)):
            value = rng.choice([-1, 1, 1]) * rng.uniform(0.5, 10) * 10.0 ** rng.randint(low, high)
            value = float(f"{value:.{digits}e}") if rng.random() < 0.5 else round(value, digits)
            values.append(rng.choice([0.0, -0.0, math.nan, math.inf, -math.inf]) if rng.random() < 0.05 else value)
        write(out, kind, shape, values, rng.choice([None] * 3 + [0, 1, 3, 5, 12]))


count, seed = (int(x) for x in (sys.argv[1:] + ["60", "7"][len(sys.argv) - 1 :]))
with open(pathlib.Path(__file__).with_name("display.txt"), "w", encoding="ascii", newline="\n") as out:
    picked(out)
    drawn(out, random.Random(seed), count)
