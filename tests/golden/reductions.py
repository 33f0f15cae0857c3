"""Writes reductions.json beside this file: what PyTorch makes of reductions, cumulative functions and orders in double precision.

    pip install torch
    python tests/golden/reductions.py

Points are chosen for what is singular there: ties, zeros, equal numbers, one element. NaN and infinities are written as such, which
Python's JSON allows and the test reads.
"""

import json
import pathlib
import warnings

import torch

warnings.filterwarnings("ignore", "var|std")  # of one element, which is asked for
torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(6)
INF, NAN = float("inf"), float("nan")


def random(*shape):
    return (torch.randn(shape, generator=generator) * 10).round() / 10


def numbers(tensor):
    return {"shape": list(tensor.shape), "values": [str(v) for v in tensor.detach().flatten().tolist()]}


TABLE = torch.tensor([[1.0, 3.0, 3.0, -2.0], [0.0, 0.0, 0.0, 0.0], [5.0, -5.0, 2.0, 0.0]])
CUBE = random(2, 3, 4)
FUNCTIONS = {
    "max": lambda x, axes, keep: x.amax(axes, keep),
    "min": lambda x, axes, keep: x.amin(axes, keep),
    "var(0)": lambda x, axes, keep: x.var(axes, correction=0, keepdim=keep),
    "var(1)": lambda x, axes, keep: x.var(axes, correction=1, keepdim=keep),
    "std(1)": lambda x, axes, keep: x.std(axes, correction=1, keepdim=keep),
    "prod": lambda x, axes, keep: x.prod(axes[0], keep),
    "norm(1)": lambda x, axes, keep: torch.linalg.vector_norm(x, 1, axes, keep),
    "norm(2)": lambda x, axes, keep: torch.linalg.vector_norm(x, 2, axes, keep),
    "norm(3)": lambda x, axes, keep: torch.linalg.vector_norm(x, 3, axes, keep),
    "norm(inf)": lambda x, axes, keep: torch.linalg.vector_norm(x, INF, axes, keep),
    "norm(-inf)": lambda x, axes, keep: torch.linalg.vector_norm(x, -INF, axes, keep),
    "norm(0)": lambda x, axes, keep: torch.linalg.vector_norm(x.detach(), 0, axes, keep),
    "cumsum": lambda x, axes, keep: x.cumsum(axes[0]),
    "cumprod": lambda x, axes, keep: x.cumprod(axes[0]),
    "sort": lambda x, axes, keep: x.sort(dim=axes[0], stable=True).values,
    "sort descending": lambda x, axes, keep: x.sort(dim=axes[0], stable=True, descending=True).values,
    "topk(2)": lambda x, axes, keep: x.topk(2, axes[0]).values,
}
ONE_AXIS = {"prod", "cumsum", "cumprod", "sort", "sort descending", "topk(2)"}


def entry(name, x, axes, keep):
    x = x.clone().requires_grad_()
    y = FUNCTIONS[name](x, axes, keep)
    dy = random(*y.shape)
    result = {"name": name, "axes": axes, "keep": keep, "x": numbers(x), "y": numbers(y), "dy": numbers(dy)}
    if name != "norm(0)":
        result["dx"] = numbers(torch.autograd.grad(y, x, dy)[0])
    return result


def distinct(name):
    """Which of two equal elements gets the gradient PyTorch does not promise for an order."""
    return name.startswith(("sort", "topk"))


entries = []
for name in FUNCTIONS:
    entries.append(entry(name, CUBE, [1], True))
    entries.append(entry(name, CUBE, [0], False))
    if name not in ONE_AXIS:
        entries.append(entry(name, CUBE, [0, 2], False))
    if not distinct(name):
        entries.append(entry(name, TABLE, [1], False))
    if name not in ("topk(2)",):
        entries.append(entry(name, torch.tensor([[2.5]]), [0], False))
for name in ("max", "min", "var(0)", "norm(2)", "norm(inf)", "cumsum", "prod", "sort"):
    y = FUNCTIONS[name](torch.tensor([1.0, NAN, INF]), [0], False)
    entries.append({"name": name, "axes": [0], "keep": False, "x": numbers(torch.tensor([1.0, NAN, INF])), "y": numbers(y)})
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text("[\n" + ",\n".join(json.dumps(e) for e in entries) + "\n]\n")
