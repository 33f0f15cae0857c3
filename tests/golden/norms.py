"""Writes norms.json beside this file: what PyTorch makes of normalisation and attention in double precision.

    pip install torch
    python tests/golden/norms.py
"""

import json
import pathlib

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(7)


def random(*shape):
    return (torch.randn(shape, generator=generator) * 10).round() / 10


def numbers(tensor):
    return {"shape": list(tensor.shape), "values": [round(v, 13) for v in tensor.detach().flatten().tolist()]}


def entry(name, function, *inputs, **options):
    leaves = [x.clone().requires_grad_() for x in inputs]
    value = function(*leaves)
    cotangent = random(*value.shape)
    grads = torch.autograd.grad(value, leaves, cotangent)
    return {
        "name": name,
        "options": options,
        "inputs": [numbers(x) for x in inputs],
        "value": numbers(value),
        "cotangent": numbers(cotangent),
        "gradients": [numbers(g) for g in grads],
    }


def batch_norm(*shape):
    c = shape[1]
    function = lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True, eps=1e-5)
    return entry("batch_norm", function, random(*shape), random(c), random(c))


def batch_norm_with(*shape):
    c = shape[1]
    function = lambda x, m, v, w, b: F.batch_norm(x, m, v, w, b, training=False, eps=1e-5)
    mean, var = random(c), random(c).abs() + 0.5
    x, w, b = random(*shape), random(c), random(c)
    function = lambda x, w, b: F.batch_norm(x, mean, var, w, b, training=False, eps=1e-5)
    result = entry("batch_norm_with", function, x, w, b)
    return result | {"constants": [numbers(mean), numbers(var)]}


def group_norm(groups, *shape):
    c = shape[1]
    return entry("group_norm", lambda x, w, b: F.group_norm(x, groups, w, b, 1e-5), random(*shape), random(c), random(c), groups=groups)


def instance_norm(*shape):
    c = shape[1]
    return entry("instance_norm", lambda x, w, b: F.instance_norm(x, None, None, w, b, eps=1e-5), random(*shape), random(c), random(c))


def rms_norm(*shape):
    n = shape[-1]
    return entry("rms_norm", lambda x, w: F.rms_norm(x, [n], w, 1e-5), random(*shape), random(n))


def attention(q, k, v, causal=False, mask=None, scale=None):
    function = lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal, scale=scale)
    result = entry("attention", function, random(*q), random(*k), random(*v), causal=causal, scale=scale)
    if mask is not None:
        result["mask"] = {"shape": list(mask.shape), "values": mask.int().flatten().tolist()}
    return result


entries = [
    batch_norm(4, 3),
    batch_norm(2, 3, 5),
    batch_norm(2, 2, 3, 4),
    batch_norm_with(3, 2),
    batch_norm_with(2, 3, 2, 2),
    group_norm(2, 2, 4, 3),
    group_norm(1, 3, 2, 2, 2),
    group_norm(3, 2, 6, 4),
    instance_norm(2, 3, 5),
    instance_norm(2, 2, 2, 3),
    rms_norm(3, 4),
    rms_norm(2, 2, 5),
    attention((3, 2), (4, 2), (4, 3)),
    attention((2, 2, 3, 2), (2, 2, 3, 2), (2, 2, 3, 2), causal=True),
    attention((2, 4, 3), (2, 5, 3), (2, 5, 1), scale=0.3),
    attention((2, 3, 2), (2, 4, 2), (2, 4, 2), mask=torch.tensor([[1, 0, 1, 1], [0, 0, 0, 1], [1, 1, 1, 0]]).bool()),
    attention((2, 2, 2), (2, 3, 2), (2, 3, 2), mask=torch.tensor([[[1, 0, 1]], [[0, 1, 1]]]).bool()),
]
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text("[\n" + ",\n".join(json.dumps(e) for e in entries) + "\n]\n")
