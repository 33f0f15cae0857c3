"""Writes layers.json beside this file: what PyTorch's layers make of small inputs, in double precision.

    pip install torch
    python tests/golden/layers.py

Of each layer: its parameters by name, input, output, a cotangent, and the gradients of input and parameters along it.
"""

import json
import pathlib

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)


def random(*shape):
    """Numbers with three decimals, so that the file stays short."""
    return (torch.randn(shape) * 1000).round() / 1000


def numbers(tensor):
    return {"shape": list(tensor.shape), "values": tensor.detach().flatten().tolist()}


def entry(layer, x, call=lambda layer, x: layer(x)):
    parameters = dict(layer.named_parameters())
    with torch.no_grad():
        for parameter in parameters.values():
            parameter.copy_(random(*parameter.shape))
    if x.is_floating_point():
        x.requires_grad_()
    y = call(layer, x)
    cotangent = random(*y.shape)
    (y * cotangent).sum().backward()
    return {
        "parameters": {name: numbers(parameter) for name, parameter in parameters.items()},
        "x": numbers(x),
        "y": numbers(y),
        "cotangent": numbers(cotangent),
        "dx": numbers(x.grad) if x.is_floating_point() else None,
        "gradients": {name: numbers(parameter.grad) for name, parameter in parameters.items()},
    }


def causal(n):
    return torch.triu(torch.full((n, n), float("-inf")), diagonal=1)


def attend(layer, x, mask=None):
    return layer(x, x, x, need_weights=False, attn_mask=mask)[0]


def block(**options):
    return nn.TransformerEncoderLayer(4, 2, 16, dropout=0.0, activation="gelu", batch_first=True, **options)


memory = random(2, 5, 4)

layers = {
    "conv1d": (nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2), random(2, 4, 7)),
    "conv2d": (nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)), random(2, 2, 5, 6)),
    "conv2d without bias": (nn.Conv2d(2, 2, 1, bias=False), random(1, 2, 3, 3)),
    "conv transpose1d": (nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), random(2, 4, 3)),
    "conv transpose2d": (nn.ConvTranspose2d(3, 2, (3, 2), stride=(2, 1), padding=(1, 0)), random(2, 3, 3, 4)),
    "layer norm": (nn.LayerNorm(4), random(2, 3, 4)),
    "rms norm": (nn.RMSNorm(4, eps=1e-5), random(2, 3, 4)),
    "group norm": (nn.GroupNorm(2, 4), random(2, 4, 3)),
    "embedding": (nn.Embedding(5, 3), torch.tensor([[4, 0], [1, 4]])),
    "max pool": (nn.MaxPool2d((2, 3), stride=(2, 2)), random(1, 2, 5, 6)),
    "mean pool": (nn.AvgPool2d(2), random(1, 2, 5, 6)),
    "adaptive pool": (nn.AdaptiveAvgPool2d((2, 3)), random(1, 2, 5, 7)),
    "attention": (nn.MultiheadAttention(4, 2, batch_first=True), random(2, 3, 4), attend),
    "causal attention": (
        nn.MultiheadAttention(4, 2, batch_first=True),
        random(2, 3, 4),
        lambda layer, x: attend(layer, x, causal(3)),
    ),
    "cross attention": (
        nn.MultiheadAttention(4, 2, batch_first=True),
        random(2, 3, 4),
        lambda layer, x: layer(x, memory, memory, need_weights=False)[0],
    ),
    "block": (block(), random(2, 3, 4)),
    "causal block": (block(norm_first=True), random(2, 3, 4), lambda layer, x: layer(x, causal(3))),
    "rnn": (nn.RNN(3, 4, batch_first=True), random(2, 5, 3), lambda layer, x: layer(x)[0]),
    "lstm": (nn.LSTM(3, 4, 2, batch_first=True), random(2, 5, 3), lambda layer, x: layer(x)[0]),
    "gru": (nn.GRU(3, 4, 2, batch_first=True), random(2, 5, 3), lambda layer, x: layer(x)[0]),
    "sequential": (
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)),
        random(2, 1, 6, 6),
    ),
}



def batch_norm(layer, *batches):
    """What is given for each batch in training, with its gradients; the running statistics after each; and an evaluation."""
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(random(*parameter.shape))
    steps = []
    for x in batches:
        x.requires_grad_()
        layer.zero_grad()
        y = layer(x)
        cotangent = random(*y.shape)
        (y * cotangent).sum().backward()
        steps.append(
            {
                "x": numbers(x),
                "y": numbers(y),
                "cotangent": numbers(cotangent),
                "dx": numbers(x.grad),
                "dweight": numbers(layer.weight.grad),
                "dbias": numbers(layer.bias.grad),
                "running_mean": numbers(layer.running_mean),
                "running_var": numbers(layer.running_var),
            }
        )
    return {
        "weight": numbers(layer.weight),
        "bias": numbers(layer.bias),
        "steps": steps,
        "evaluated": numbers(layer.eval()(batches[0])),
    }


results = {name: entry(*layer) for name, layer in layers.items()}


def both_states(layer, x):
    """The outputs, and behind them the last states."""
    y, h = layer(x)
    return torch.cat([y.flatten(), *(state.flatten() for state in (h if isinstance(h, tuple) else (h,)))])


further = {
    "both ways rnn": (nn.RNN(3, 4, bidirectional=True, batch_first=True), random(2, 5, 3), both_states),
    "both ways lstm": (nn.LSTM(3, 4, 2, bidirectional=True, batch_first=True), random(2, 5, 3), both_states),
    "both ways gru": (nn.GRU(3, 4, 2, bidirectional=True, batch_first=True), random(2, 5, 3), both_states),
    # Both inputs, one behind the other.
    "bilinear": (nn.Bilinear(3, 4, 2), random(2, 5, 7), lambda layer, x: layer(x[..., :3].contiguous(), x[..., 3:].contiguous())),
    "bilinear without bias": (nn.Bilinear(3, 4, 2, bias=False), random(3, 7), lambda layer, x: layer(x[..., :3], x[..., 3:])),
    "attention weights": (
        nn.MultiheadAttention(4, 2, batch_first=True),
        random(2, 3, 4),
        # Along the values and the mixing of heads there is no gradient; with 0 times the output it is 0, and not missing.
        lambda layer, x: (lambda y, w: w + 0 * y.sum())(*layer(x, x, x, attn_mask=causal(3), average_attn_weights=False)),
    ),
}

results |= {"memory": numbers(memory)} | {name: entry(*layer) for name, layer in further.items()}
results["batch norm 1d"] = batch_norm(nn.BatchNorm1d(3), random(4, 3), random(4, 3), random(5, 3))
results["batch norm 2d"] = batch_norm(nn.BatchNorm2d(2, momentum=0.3, eps=1e-3), random(3, 2, 2, 3), random(1, 2, 2, 2))
lines = (f" {json.dumps(name)}: {json.dumps(result)}" for name, result in results.items())
pathlib.Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
