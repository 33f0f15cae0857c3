"""Writes ctc.json beside this file: connectionist temporal classification, in double precision.

    pip install torch
    python tests/golden/ctc.py

Values and gradients are PyTorch's. It has no second derivative of this loss; that comes from the definition, the sum over all paths,
whose value and gradient are compared with PyTorch's on the way.
"""

import itertools
import json
import pathlib

import torch
from torch.nn import functional

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)


def random(*shape):
    """Numbers with three decimals, so that the file stays short."""
    return (torch.randn(shape) * 1000).round() / 1000


def numbers(tensor):
    values = tensor.detach().flatten().tolist()
    return {"shape": list(tensor.shape), "values": [x if abs(x) < 1e300 else str(x) for x in values]}


def by_pytorch(logits, targets, lengths, blank=0, zero_infinity=False, reduction="mean"):
    flat = torch.tensor([label for target in targets for label in target], dtype=torch.long)
    return functional.ctc_loss(
        logits.log_softmax(-1).transpose(0, 1),
        flat,
        torch.tensor(lengths),
        torch.tensor([len(target) for target in targets]),
        blank=blank,
        zero_infinity=zero_infinity,
        reduction=reduction,
    )


def by_definition(logits, targets, lengths, blank=0):
    losses = []
    for log, target, length in zip(logits.log_softmax(-1), targets, lengths):
        paths = []
        for path in itertools.product(range(log.shape[1]), repeat=length):
            if [label for label, _ in itertools.groupby(path) if label != blank] == target:
                paths.append(sum((log[t, label] for t, label in enumerate(path)), torch.zeros(())))
        losses.append(-torch.stack(paths).logsumexp(0) / max(len(target), 1))
    return torch.stack(losses).mean()


def entry(logits, targets, lengths, **options):
    logits.requires_grad_()
    value = by_pytorch(logits, targets, lengths, **options)
    gradient = torch.autograd.grad(value, logits)[0]
    result = {
        "logits": numbers(logits),
        "targets": targets,
        "lengths": lengths,
        "losses": numbers(by_pytorch(logits, targets, lengths, reduction="none", **options)),
        "value": numbers(value),
        "gradient": numbers(gradient),
    }
    if value.isfinite() and not options.get("zero_infinity"):
        defined = by_definition(logits, targets, lengths, **options)
        recorded = torch.autograd.grad(defined, logits, create_graph=True)[0]
        assert torch.allclose(value, defined, rtol=1e-13) and torch.allclose(gradient, recorded, atol=1e-13)
        direction = random(*logits.shape)
        result["direction"] = numbers(direction)
        result["second"] = numbers(torch.autograd.grad((recorded * direction).sum(), logits)[0])
    return result


targets = [[1, 1, 2], [], [2], [2, 1], [1, 2, 1]]
impossible = [[1, 1], [2, 1]]
results = {
    "several": entry(random(5, 5, 3), targets, [5, 4, 3, 5, 3]),
    "another blank": entry(random(3, 4, 4), [[0, 0], [3], [1, 0]], [4, 4, 2], blank=2),
    "far": entry(random(2, 5, 3) * 300, [[1, 2], [1, 1]], [5, 5]),
    "impossible": entry(random(2, 2, 3), impossible, [2, 2]),
    "zero for infinity": entry(random(2, 2, 3), impossible, [2, 2], zero_infinity=True),
}
lines = (f" {json.dumps(name)}: {json.dumps(result)}" for name, result in results.items())
pathlib.Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
