"""Writes linalg.json beside this file: what PyTorch makes of small linear algebra in double precision.

    pip install torch
    python tests/golden/linalg.py

The inputs are written out in the file as well, so that the tests read them from there and state nothing twice.
"""

import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(4)
linalg = torch.linalg


def random(*shape):
    """Numbers with three decimals, so that the file stays short."""
    return (torch.randn(shape, generator=generator) * 1000).round() / 1000


def positive(*shape):
    """Symmetric positive definite matrices of few decimals."""
    x = (random(*shape) * 10).round() / 10
    return ((x @ x.mT + torch.eye(shape[-1])) * 1000).round() / 1000


def numbers(tensor):
    return {"shape": list(tensor.shape), "values": tensor.detach().flatten().tolist()}


def derivatives(function, *inputs):
    """The value, and for a cotangent the gradient of each input."""
    inputs = [x.clone().requires_grad_() for x in inputs]
    value = function(*inputs)
    cotangent = random(*value.shape)
    grads = torch.autograd.grad(value, inputs, cotangent)
    return {
        "inputs": [numbers(x) for x in inputs],
        "value": numbers(value),
        "cotangent": numbers(cotangent),
        "gradients": [numbers(g) for g in grads],
    }


triangle = torch.tensor([[2.0, 0, 0], [1.5, -3, 0], [0.25, 4, 0.5]])
values = {
    "matmul of vectors": derivatives(torch.matmul, random(4), random(4)),
    "matmul of a vector and a batch": derivatives(torch.matmul, random(4), random(2, 4, 3)),
    "matmul of a batch and a vector": derivatives(torch.matmul, random(2, 3, 4), random(4)),
    "dot": derivatives(torch.dot, random(3), random(3)),
    "outer": derivatives(torch.outer, random(3), random(2)),
    "trace": derivatives(torch.trace, random(3, 4)),
    "einsum bhqd,bhkd->bhqk": derivatives(lambda *x: torch.einsum("bhqd,bhkd->bhqk", *x), random(2, 1, 3, 2), random(2, 1, 2, 2)),
    "einsum i,ij,jk,k": derivatives(lambda *x: torch.einsum("i,ij,jk,k", *x), random(2), random(2, 3), random(3, 2), random(2)),
    "einsum bii->ib": derivatives(lambda *x: torch.einsum("bii->ib", *x), random(2, 3, 3)),
    "inverse": derivatives(linalg.inv, random(2, 3, 3)),
    "solve": derivatives(linalg.solve, random(2, 3, 3), random(3, 2)),
    "solve for a vector": derivatives(linalg.solve, random(4, 4), random(4)),
    "solve_triangular lower": derivatives(lambda a, b: linalg.solve_triangular(a, b, upper=False), triangle, random(2, 3, 2)),
    "solve_triangular upper": derivatives(lambda a, b: linalg.solve_triangular(a, b, upper=True), triangle.mT, random(3, 2)),
    "cholesky": derivatives(linalg.cholesky, positive(2, 3, 3)),
    "det": derivatives(linalg.det, random(2, 4, 4)),
    "log|det|": derivatives(lambda a: linalg.slogdet(a).logabsdet, random(2, 4, 4)),
    "logdet": derivatives(torch.logdet, positive(3, 3)),
}

# An entry a line: a change shows where it is.
entries = ",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in values.items())
pathlib.Path(__file__).with_suffix(".json").write_text("{\n" + entries + "\n}\n")
