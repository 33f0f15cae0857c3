"""Writes regular.json beside this file: regularizers, penalties of outputs and spectral normalisation, in double precision.

    pip install torch
    python tests/golden/regular.py

Of each function of tensors: inputs, value, gradients, and the products of the Hessian with directions.
"""

import json
import pathlib

import torch
from torch import nn
from torch.nn import functional

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)


def random(*shape):
    """Numbers with three decimals, so that the file stays short."""
    return (torch.randn(shape) * 1000).round() / 1000


def numbers(tensor):
    return {"shape": list(tensor.shape), "values": [x if abs(x) < 1e300 else str(x) for x in tensor.detach().flatten().tolist()]}


def derivatives(function, *inputs):
    inputs = [x.requires_grad_() for x in inputs]
    directions = [random(*x.shape) for x in inputs]
    value = function(*inputs)
    grads = torch.autograd.grad(value, inputs, create_graph=True, materialize_grads=True)
    along = sum((g * d).sum() for g, d in zip(grads, directions))
    second = torch.autograd.grad(along, inputs, materialize_grads=True) if along.requires_grad else map(torch.zeros_like, inputs)
    return {
        "inputs": [numbers(x) for x in inputs],
        "directions": [numbers(d) for d in directions],
        "value": value.item(),
        "gradients": [numbers(g) for g in grads],
        "second": [numbers(torch.zeros(x.shape) + g) for x, g in zip(inputs, second)],
    }


def group_lasso(w):
    rows = w.flatten(1)
    return 0.3 * rows.shape[1] ** 0.5 * rows.norm(dim=1).sum()


def orthogonal(w):
    rows = w.flatten(1)
    gram = rows @ rows.T if rows.shape[0] <= rows.shape[1] else rows.T @ rows
    return 0.3 * (gram - torch.eye(len(gram))).square().sum()


def entropy(x):
    return torch.distributions.Categorical(logits=x).entropy().mean()


samples = random(4, 3)


def network(x, w, v):
    return (x @ w.T).tanh() @ v.T


def gradient_penalty(w, v):
    x = samples.clone().requires_grad_()
    slopes = torch.autograd.grad(network(x, w, v).sum(), x, create_graph=True)[0]
    return (slopes.norm(dim=1) - 1).square().mean()


def jacobian_penalty(w, v):
    jacobians = [torch.autograd.functional.jacobian(lambda x: network(x, w, v), x, create_graph=True) for x in samples]
    return 0.5 * torch.stack([j.square().sum() for j in jacobians]).mean()


def spectral(layer, x):
    """Three passes, the first two in training, with the step of the power method that each takes: weight, vectors and gradients."""
    layer = nn.utils.spectral_norm(layer)
    given = {}
    with torch.no_grad():
        for name, tensor in (dict(layer.named_parameters()) | dict(layer.named_buffers())).items():
            values = random(*tensor.shape)
            tensor.copy_(functional.normalize(values, dim=0) if name in ("weight_u", "weight_v") else values)
            given[name] = numbers(tensor)
    passes = []
    for train in (True, True, False):
        layer.train(train)
        layer.zero_grad()
        y = layer(x)
        cotangent = random(*y.shape)
        (y * cotangent).sum().backward()
        passes.append(
            {
                "y": numbers(y),
                "cotangent": numbers(cotangent),
                "gradients": {name: numbers(parameter.grad) for name, parameter in layer.named_parameters()},
                "vectors": {name: numbers(buffer) for name, buffer in layer.named_buffers()},
            }
        )
    return {"given": given, "x": numbers(x), "passes": passes}


far = torch.tensor([[800.0, -800.0, 0.0], [-30.0, 1e-3, 2.0]])
results = {
    "l1": derivatives(lambda w: 0.3 * w.abs().sum(), torch.tensor([[0.5, 0.0], [-1.5, 2.0]])),
    "l2": derivatives(lambda w: 0.3 * w.square().sum(), random(2, 3)),
    "elastic net": derivatives(lambda w: 0.3 * w.abs().sum() + 0.2 * w.square().sum(), random(2, 3)),
    "group lasso": derivatives(group_lasso, random(3, 2, 2)),
    "wide orthogonal": derivatives(orthogonal, random(2, 2, 2)),
    "tall orthogonal": derivatives(orthogonal, random(4, 3)),
    "entropy": derivatives(entropy, random(4, 3)),
    "far entropy": derivatives(lambda x: -(x.softmax(-1) * x.log_softmax(-1)).sum(-1).mean(), far),
    "samples": numbers(samples),
    "gradient penalty": derivatives(gradient_penalty, random(5, 3), random(1, 5)),
    "jacobian penalty": derivatives(jacobian_penalty, random(5, 3), random(2, 5)),
    "spectral linear": spectral(nn.Linear(4, 3), random(2, 4)),
    "spectral conv": spectral(nn.Conv2d(2, 3, (2, 2), bias=False), random(2, 2, 3, 3)),
}
lines = (f" {json.dumps(name)}: {json.dumps(result)}" for name, result in results.items())
pathlib.Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
