"""Writes convolution.json beside this file: what PyTorch makes of convolution and pooling in double precision.

    pip install torch
    python tests/golden/convolution.py

Inputs have few decimals, so that the file stays short; the test reads them from there. Each entry says how PyTorch was asked.
"""

import json
import pathlib

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(5)


def random(*shape):
    return (torch.randn(shape, generator=generator) * 10).round() / 10


def distinct(*shape):
    """Numbers no two of which are equal, so that the largest of a window is one."""
    size = torch.Size(shape).numel()
    return (torch.randperm(size, generator=generator).double() - size // 2).reshape(shape) / 10


def numbers(tensor):
    values = [round(v, 12) for v in tensor.detach().flatten().tolist()]
    return {"shape": list(tensor.shape), "values": values}


def derivatives(name, function, *inputs, **options):
    inputs = [x.clone().requires_grad_() for x in inputs]
    value = function(*inputs, **options)
    cotangent = random(*value.shape)
    grads = torch.autograd.grad(value, inputs, cotangent)
    return {
        "name": name,
        "options": options,
        "inputs": [numbers(x) for x in inputs],
        "value": numbers(value),
        "cotangent": numbers(cotangent),
        "gradients": [numbers(g) for g in grads],
    }


def conv1d(x, w, **options):
    return derivatives("conv1d", F.conv1d, random(*x), random(*w), **options)


def conv2d(x, w, **options):
    return derivatives("conv2d", F.conv2d, random(*x), random(*w), **options)


def conv_transpose1d(x, w, **options):
    return derivatives("conv_transpose1d", F.conv_transpose1d, random(*x), random(*w), **options)


def conv_transpose2d(x, w, **options):
    return derivatives("conv_transpose2d", F.conv_transpose2d, random(*x), random(*w), **options)


def pool(name, x, **options):
    return derivatives(name, getattr(F, name), distinct(*x), **options)


def window(stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1, **more):
    return {"stride": list(stride), "padding": list(padding), "dilation": list(dilation), "groups": groups, **more}


entries = [
    conv1d((2, 3, 7), (4, 3, 3), **window([1], [0], [1])),
    conv1d((1, 4, 8), (2, 2, 3), **window([2], [2], [2], 2)),
    conv2d((2, 2, 5, 4), (3, 2, 3, 3), **window(padding=(1, 1))),
    conv2d((2, 3, 4, 5), (2, 3, 1, 1), **window()),
    conv2d((1, 2, 6, 7), (2, 2, 2, 3), **window((2, 3), (1, 2), (2, 1))),
    conv2d((2, 4, 5, 5), (6, 2, 3, 2), **window((2, 1), (1, 0), (1, 2), 2)),
    conv2d((1, 3, 4, 4), (6, 1, 3, 3), **window(padding=(1, 1), groups=3)),
    conv2d((1, 1, 3, 3), (1, 1, 2, 2), **window(padding=(3, 2))),
    conv2d((2, 2, 4, 4), (2, 2, 1, 1), **window((2, 2))),
    conv_transpose1d((2, 3, 4), (3, 2, 3), **window([2], [1], [1], output_padding=[1])),
    conv_transpose2d((1, 2, 3, 4), (2, 3, 3, 2), **window(output_padding=[0, 0])),
    conv_transpose2d((2, 4, 3, 2), (4, 1, 2, 3), **window((2, 3), (1, 1), (1, 2), 2, output_padding=[1, 2])),
    pool("max_pool1d", (2, 2, 9), kernel_size=[3], stride=[2], padding=[1], dilation=[1], ceil_mode=False),
    pool("max_pool2d", (1, 2, 6, 6), kernel_size=[2, 2], stride=[2, 2], padding=[0, 0], dilation=[1, 1], ceil_mode=False),
    pool("max_pool2d", (2, 1, 7, 6), kernel_size=[3, 2], stride=[2, 2], padding=[1, 1], dilation=[2, 1], ceil_mode=True),
    pool("avg_pool1d", (1, 2, 7), kernel_size=[3], stride=[2], padding=[1], ceil_mode=True, count_include_pad=True),
    pool("avg_pool2d", (1, 2, 5, 6), kernel_size=[2, 3], stride=[1, 2], padding=[1, 1], ceil_mode=False, count_include_pad=True),
    pool("avg_pool2d", (2, 1, 5, 6), kernel_size=[3, 2], stride=[2, 3], padding=[1, 0], ceil_mode=True, count_include_pad=False),
    pool("adaptive_avg_pool1d", (2, 2, 7), output_size=[3]),
    pool("adaptive_avg_pool2d", (1, 2, 5, 7), output_size=[3, 2]),
    pool("adaptive_avg_pool2d", (1, 1, 2, 3), output_size=[4, 3]),
]
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n")
