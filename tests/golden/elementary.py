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
KINKS = [-30.0, -6.0, -3.0, -1.25, -1.0, -0.001, 0.0, 0.4, 1.0, 1.75, 3.0, 6.0, 20.0, 21.0, INF, -INF]
PAIRS = [(a, b) for a in (-1.5, 0.0, 0.75, 2.0) for b in (-2.0, 0.0, 0.5, 1.0, 3.0)]


def no_origin(pairs):
    return [pair for pair in pairs if pair != (0.0, 0.0)]


def no_ties(pairs):
    """PyTorch gives half of the gradient to each of two equal ones."""
    return [(a, b) for a, b in pairs if a != b]


def celu(x):
    """PyTorch's own is exact to single precision alone."""
    below = torch.where(x > 0, torch.zeros(()), x)
    return torch.where(x > 0, x, 0.7 * (torch.exp(below / 0.7) - 1))


def hardsigmoid(x):
    """The gradient of PyTorch's own is exact to single precision alone."""
    return torch.where((x > -3) & (x < 3), x / 6 + 0.5, (x >= 3).double())


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
    "sign": (torch.sign, KINKS),
    "floor": (torch.floor, HALVES),
    "ceil": (torch.ceil, HALVES),
    "round": (torch.round, HALVES),
    "clamp(-1, 3)": (lambda x: x.clamp(-1.0, 3.0), KINKS),
    "clamp(-inf, 0)": (lambda x: x.clamp(max=0.0), KINKS[:-1]),
    "maximum": (torch.maximum, no_ties(PAIRS + [(INF, 1.0), (-INF, INF)])),
    "minimum": (torch.minimum, no_ties(PAIRS + [(INF, 1.0), (-INF, INF)])),
    "lerp": (torch.lerp, [(a, 2.0 - b, w) for (a, b) in PAIRS for w in (0.0, 0.3, 0.5, 1.0)][::3]),
    "sigmoid": (torch.sigmoid, ANY),
    "log_sigmoid": (F.logsigmoid, KINKS),
    "softplus(1, 20)": (lambda x: F.softplus(x, 1.0, 20.0), KINKS),
    "softplus(2.5, 4)": (lambda x: F.softplus(x, 2.5, 4.0), KINKS),
    "relu": (F.relu, KINKS),
    "leaky_relu(0.01)": (lambda x: F.leaky_relu(x, 0.01), KINKS),
    "leaky_relu(-0.5)": (lambda x: F.leaky_relu(x, -0.5), KINKS),
    "elu(0.7)": (lambda x: F.elu(x, 0.7), KINKS),
    "selu": (F.selu, KINKS),
    "celu(0.7)": (celu, KINKS),
    "gelu": (lambda x: x * torch.special.erfc(-x / math.sqrt(2)) / 2, KINKS[1:-1]),
    "gelu_tanh": (lambda x: F.gelu(x, approximate="tanh"), [x for x in ANY if not math.isinf(x)]),
    "silu": (F.silu, KINKS),
    "mish": (F.mish, KINKS),
    "hardswish": (F.hardswish, KINKS),
    "hardsigmoid": (hardsigmoid, KINKS),
    "softsign": (F.softsign, KINKS[:-2]),
    "glu": (lambda x: F.glu(x, 0), ANY),
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
