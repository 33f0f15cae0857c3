"""Writes elementary.json beside this file: values and gradients of functions of one, two or three numbers.

    pip install torch mpmath
    python tests/golden/elementary.py

Those of "pytorch" are what PyTorch makes in double precision, singular points included. Those of "exact" are worked out by
mpmath with 60 digits and rounded once: special functions, which PyTorch itself knows to fewer digits.
"""

import json
import math
import pathlib

import mpmath
import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
mpmath.mp.dps = 60

INF, NAN = math.inf, math.nan
ANY = [-3.7, -1.25, -0.6, -0.001, 0.0, 0.001, 0.4, 1.75, 4.3, INF, -INF, NAN]
POSITIVE = [0.001, 0.3, 1.0, 2.25, 77.7, 0.0, INF, -1.5, NAN]
UNIT = [-0.999, -0.5, 0.0, 0.25, 0.75, 0.999, 1.0, -1.0, 1.5, NAN]
HALVES = [-3.5, -2.5, -1.5, -0.5, -0.25, 0.0, 0.25, 0.5, 1.5, 2.5, 3.5, INF, NAN]
KINKS = ANY + [-3.0, 3.0, -6.0, 6.0, -1.0, 1.0, 20.0, 21.0, -30.0]
PAIRS = [(a, b) for a in (-1.5, 0.0, 0.75, 2.0) for b in (-2.0, 0.0, 0.5, 1.0, 3.0)]
WITH_NAN = PAIRS + [(NAN, 1.0), (1.0, NAN), (INF, INF), (INF, 1.0), (-INF, INF)]


def no_origin(pairs):
    return [pair for pair in pairs if pair != (0.0, 0.0)]


PYTORCH = {
    "powf(2.5)": (lambda x: x**2.5, POSITIVE),
    "powf(0)": (lambda x: x**0.0, ANY),
    "powf(1)": (lambda x: x**1.0, ANY),
    "powf(-0.5)": (lambda x: x**-0.5, POSITIVE),
    "powf(3)": (lambda x: x**3.0, ANY),
    "pow": (torch.pow, PAIRS),
    "recip": (torch.reciprocal, ANY),
    "square": (torch.square, ANY),
    "rsqrt": (torch.rsqrt, POSITIVE),
    "exp2": (torch.exp2, ANY),
    "exp_m1": (torch.expm1, ANY),
    "ln_1p": (torch.log1p, POSITIVE + [-0.5, -1.0]),
    "log2": (torch.log2, POSITIVE),
    "log10": (torch.log10, POSITIVE),
    "tan": (torch.tan, ANY),
    "asin": (torch.asin, UNIT),
    "acos": (torch.acos, UNIT),
    "atan": (torch.atan, ANY),
    "atan2": (torch.atan2, PAIRS),
    "sinh": (torch.sinh, ANY),
    "cosh": (torch.cosh, ANY),
    "hypot": (torch.hypot, no_origin(PAIRS)),
}

m = mpmath.mp
TAILS = [-12.0, -5.5, -2.2, -1.0, -0.3, -0.001, 0.0, 0.001, 0.45, 0.9, 1.3, 3.1, 5.9, 9.5, 20.0]
GAMMA = [0.001, 0.2, 0.95, 1.0, 1.25, 1.462, 2.0, 2.5, 5.5, 9.99, 10.0, 31.4, 1e5, -0.001, -0.3, -1.75, -7.5, -33.6]
EXACT = {
    "erf": (m.erf, lambda x: 2 / m.sqrt(m.pi) * m.exp(-x * x), TAILS),
    "erfc": (m.erfc, lambda x: -2 / m.sqrt(m.pi) * m.exp(-x * x), TAILS),
    "normal_cdf": (lambda x: m.erfc(-x / m.sqrt(2)) / 2, m.npdf, TAILS),
    "cbrt": (lambda x: m.sign(x) * m.cbrt(abs(x)), lambda x: 1 / (3 * m.cbrt(abs(x)) ** 2), [-27.3, -0.001, 0.2, 8.0, 1e6]),
    "lgamma": (lambda x: m.log(abs(m.gamma(x))), m.digamma, GAMMA),
    "digamma": (m.digamma, lambda x: m.polygamma(1, x), GAMMA),
    "polygamma(1)": (lambda x: m.polygamma(1, x), lambda x: m.polygamma(2, x), GAMMA),
    "polygamma(2)": (lambda x: m.polygamma(2, x), lambda x: m.polygamma(3, x), GAMMA),
    "polygamma(5)": (lambda x: m.polygamma(5, x), lambda x: m.polygamma(6, x), GAMMA),
}


def number(x):
    """JSON knows neither infinity nor NaN."""
    return x if math.isfinite(x) else str(x)


def numbers(values):
    return [number(float(x)) for x in values]


def pytorch(function, points):
    """Value and gradients, the cotangent being one of short numbers."""
    columns = list(zip(*points)) if isinstance(points[0], tuple) else [points]
    inputs = [torch.tensor(column, requires_grad=True) for column in columns]
    y = function(*inputs)
    dy = torch.tensor([round(math.sin(i + 1), 2) for i in range(y.numel())]).reshape(y.shape)
    gradients = torch.autograd.grad((y * dy).sum(), inputs)
    lists = {"x": inputs, "dx": gradients}
    return {name: [numbers(v.flatten().tolist()) for v in of] for name, of in lists.items()} | {
        "y": numbers(y.flatten().tolist()),
        "dy": numbers(dy.flatten().tolist()),
    }


def exact(f, df, points):
    return {"x": points, "y": numbers(f(m.mpf(x)) for x in points), "dx": numbers(df(m.mpf(x)) for x in points)}


def lines(table):
    """An entry a line."""
    return "{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in table.items()) + "\n}"


tables = {
    "pytorch": {name: pytorch(*case) for name, case in PYTORCH.items()},
    "exact": {name: exact(*case) for name, case in EXACT.items()},
}
text = "{\n" + ",\n".join(f'"{name}": {lines(table)}' for name, table in tables.items()) + "\n}\n"
pathlib.Path(__file__).with_suffix(".json").write_text(text)
