"""Writes shapes.json beside this file: what PyTorch makes of shapes and indices in double precision.

    pip install torch numpy
    python tests/golden/shapes.py

A case is an input, a cotangent, what PyTorch makes of the input, and the gradient for the cotangent. Where PyTorch has no such
function, as for negative steps or padding of any axis, it is composed of others, or NumPy's index arithmetic picks the elements.
"""

import json
import pathlib

import numpy
import torch
from torch.nn import functional

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(4)


def random(*shape):
    """Numbers with three decimals, so that the file stays short."""
    return (torch.randn(shape, generator=generator) * 1000).round() / 1000


def numbers(tensor):
    return {"shape": list(tensor.shape), "values": tensor.detach().flatten().tolist()}


def case(function, *inputs):
    """The inputs, the value, a cotangent, and the gradients for it."""
    inputs = [x.clone().requires_grad_() for x in inputs]
    value = function(*inputs)
    cotangent = random(*value.shape)
    gradients = torch.autograd.grad(value, inputs, cotangent)
    return {
        "inputs": [numbers(x) for x in inputs],
        "value": numbers(value),
        "cotangent": numbers(cotangent),
        "gradients": [numbers(g) for g in gradients],
    }


def picked(index):
    """Elements as NumPy's basic indexing picks them, also by negative steps."""

    def pick(x):
        places = numpy.arange(x.numel()).reshape(tuple(x.shape))[index]
        return x.flatten()[torch.tensor(places.copy())]

    return pick


def padded(mode, *widths):
    """Padding of any axes by NumPy's rule."""

    def pad(x):
        places = numpy.pad(numpy.arange(x.numel()).reshape(tuple(x.shape)), widths, mode)
        return x.flatten()[torch.tensor(places)]

    return pad


x, deep, matrix = random(3, 4), random(2, 3, 4), random(5, 3)
mask = torch.tensor([[True, False, False, True], [False, True, True, False], [True, True, False, False]])
of_rows = torch.tensor([[2, 0, 2], [1, 1, 0], [3, 2, 3]])
values = {
    "flatten": case(lambda x: x.flatten(1, 2), deep),
    "transpose": case(lambda x: x.transpose(0, -1), deep),
    "expand": case(lambda x: x.expand(2, -1, 3), random(2, 1)),
    "flip": case(lambda x: x.flip(0, 2), deep),
    "roll": case(lambda x: x.roll(-3, 1), x),
    "slice by steps": case(picked(numpy.s_[:, 1:4:2]), x),
    "slice backwards": case(picked(numpy.s_[::-2, 3:0:-1]), x),
    "subscript": case(picked(numpy.s_[..., 1:3, -1]), deep),
    "subscript with a new axis": case(picked(numpy.s_[-1, None, :, ::2]), deep),
    "split": case(lambda x: x.split([1, 3], 1)[1], x),
    "chunk": case(lambda x: x.chunk(2, 0)[0], x),
    "concat": case(lambda x, y: torch.cat([x, y, x], 0), x, random(1, 4)),
    "stack": case(lambda x, y: torch.stack([x, y], 1), x, random(3, 4)),
    "pad": case(lambda x: functional.pad(x, (2, 1, 0, 3), value=-7.5), x),
    "pad by reflection": case(padded("reflect", (2, 1), (0, 3)), x),
    "pad by replication": case(padded("edge", (2, 1), (0, 5)), x),
    "repeat": case(lambda x: x.repeat(2, 1, 3), x),
    "repeat interleave": case(lambda x: x.repeat_interleave(2, 0), x),
    "triu": case(lambda x: x.triu(1), deep),
    "tril": case(lambda x: x.tril(-1), matrix),
    "diagonal": case(lambda x: x.diagonal(1, 2, 1), deep),
    "diag embed": case(lambda x: torch.diag_embed(x, -1), random(2, 3)),
    "gather": case(lambda x: x.gather(1, of_rows), x),
    "take along axis": case(lambda x: torch.take_along_dim(x, of_rows[:, None, :], 2), random(3, 2, 4)),
    "scatter add": case(lambda x, y: x.scatter_add(1, of_rows, y), x, random(3, 3)),
    "index select": case(lambda x: x.index_select(1, torch.tensor([3, 0, 3, 3])), x),
    "masked fill": case(lambda x: x.masked_fill(mask, 2.5), deep),
    "masked select": case(lambda x: x.masked_select(mask), x),
    "unfold": case(lambda x: x.unfold(0, 3, 1), matrix),
    "unfold by steps": case(lambda x: x.unfold(-1, 2, 2), deep),
}

# A case a line: a change shows where it is.
lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in values.items())
pathlib.Path(__file__).with_suffix(".json").write_text("{\n" + lines + "\n}\n")
