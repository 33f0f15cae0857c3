"""Writes nn.json beside this file: what PyTorch makes of small problems in double precision.

    pip install torch
    python tests/golden/nn.py

The inputs are written out in the file as well, so that the tests read them from there and state nothing twice.
"""

import json
import pathlib

import torch
from torch.nn import functional

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(0)


def random(*shape):
    """Numbers with three decimals, so that the file stays short."""
    return (torch.randn(shape, generator=generator) * 1000).round() / 1000


def numbers(tensor):
    return {"shape": list(tensor.shape), "values": tensor.detach().flatten().tolist()}


def fit(problem, make, rates):
    """The parameters after each step of minimising `mean((s tanh(x Wt + b) - y)^2)`, one after another: W, b, s."""
    w, b, s = (problem[name].clone().requires_grad_() for name in ("weight", "bias", "scale"))
    optimizer = make([w, b, s])
    trajectory = []
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        output = functional.linear(problem["x"], w, b).tanh() * s
        functional.mse_loss(output, problem["y"]).backward()
        optimizer.step()
        trajectory.append(torch.cat([w.flatten(), b, s]).tolist())
    return trajectory


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of X. Chen and others, "Symbolic Discovery of Optimization Algorithms", 2023; PyTorch has none."""

    def __init__(self, params, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": 1e-4})
        self.betas, self.weight_decay = betas, weight_decay

    @torch.no_grad()
    def step(self):
        (beta1, beta2), group = self.betas, self.param_groups[0]
        for p in group["params"]:
            m = self.state[p].setdefault("m", torch.zeros_like(p))
            update = (beta1 * m + (1 - beta1) * p.grad).sign()
            p -= group["lr"] * (update + self.weight_decay * p)
            m.copy_(beta2 * m + (1 - beta2) * p.grad)


def optimizers():
    shapes = {"x": (4, 3), "y": (4, 2), "weight": (2, 3), "bias": (2,), "scale": (1,)}
    problem = {name: random(*shape) for name, shape in shapes.items()}
    sgd, adam, steps = torch.optim.SGD, torch.optim.Adam, 12
    runs = {
        "sgd": (lambda p: sgd(p, lr=1.0), [0.1] * steps),
        "momentum": (lambda p: sgd(p, lr=1.0, momentum=0.9), [0.1] * steps),
        "nesterov": (lambda p: sgd(p, lr=1.0, momentum=0.9, nesterov=True), [0.1] * steps),
        "dampening and decay": (lambda p: sgd(p, momentum=0.9, dampening=0.3, weight_decay=0.1), [0.1] * steps),
        "adam": (lambda p: adam(p), [1e-3] * steps),
        "adam with other betas": (lambda p: adam(p, betas=(0.8, 0.95), eps=1e-3), [0.05] * steps),
        "momentum with a schedule": (lambda p: sgd(p, lr=1.0, momentum=0.9), [0.2 / (1 + k) for k in range(steps)]),
        "adam with a schedule": (lambda p: adam(p), [0.1 / (1 + k) for k in range(steps)]),
    }
    others = {
        "amsgrad": lambda p: adam(p, betas=(0.5, 0.6), amsgrad=True, weight_decay=0.1),
        "adamw": lambda p: torch.optim.AdamW(p, weight_decay=0.1),
        "adamw with amsgrad": lambda p: torch.optim.AdamW(p, betas=(0.5, 0.6), amsgrad=True),
        "adamax": lambda p: torch.optim.Adamax(p, betas=(0.8, 0.7), weight_decay=0.1),
        "nadam": lambda p: torch.optim.NAdam(p, momentum_decay=0.2, weight_decay=0.1),
        "radam": lambda p: torch.optim.RAdam(p, betas=(0.9, 0.95), weight_decay=0.1),
        "adagrad": lambda p: torch.optim.Adagrad(p, lr_decay=0.1, initial_accumulator_value=0.2, weight_decay=0.1),
        "adadelta": lambda p: torch.optim.Adadelta(p, weight_decay=0.1),
        "rmsprop": lambda p: torch.optim.RMSprop(p, weight_decay=0.1),
        "rmsprop with momentum": lambda p: torch.optim.RMSprop(p, momentum=0.9),
        "centered rmsprop": lambda p: torch.optim.RMSprop(p, alpha=0.8, centered=True),
        "centered rmsprop with momentum": lambda p: torch.optim.RMSprop(p, alpha=0.8, centered=True, momentum=0.9),
        "lion": lambda p: Lion(p, weight_decay=0.1),
    }
    runs |= {name: (make, [0.05 / (1 + k / 4) for k in range(steps)]) for name, make in others.items()}
    results = {"problem": {name: numbers(tensor) for name, tensor in problem.items()}}
    for name, (make, rates) in runs.items():
        results[name] = {"rates": rates, "trajectory": fit(problem, make, rates)}
    return results


def derivatives(function, inputs, direction):
    """The value, the gradient of each input, and the product of the first input's Hessian with a direction."""
    inputs = [x.requires_grad_() for x in inputs]
    value = function(*inputs)
    grads = torch.autograd.grad(value, inputs, create_graph=True)
    result = {
        "inputs": [numbers(x) for x in inputs],
        "direction": numbers(direction),
        "value": value.item(),
        "gradients": [numbers(g) for g in grads],
    }
    try:
        second = torch.autograd.grad((grads[0] * direction).sum(), inputs[0])[0]
        result["hessian times direction"] = numbers(torch.zeros_like(direction) + second)
    except RuntimeError:
        pass  # PyTorch cannot differentiate it twice.
    return result


def losses():
    def cross_entropy(labels):
        return lambda logits: functional.cross_entropy(logits, torch.tensor(labels))

    def l1(w, b):
        return 0.3 * (w.abs().sum() + b.abs().sum())

    def l2(w, b):
        return 0.3 * ((w**2).sum() + (b**2).sum())

    bce_with_logits = functional.binary_cross_entropy_with_logits
    logits = torch.tensor([[-3.0, 0.5, 1e-3], [40.0, -40.0, 2.0]])
    targets = torch.tensor([[0.0, 1.0, 0.25], [1.0, 0.5, 0.0]])
    direction = torch.tensor([[1.0, -2.0, 0.5], [3.0, 1.0, -1.0]])
    # Of numbers that are stated, so that those of what follows stay as they are.
    own = torch.Generator().manual_seed(1)
    some = lambda *shape: (torch.randn(shape, generator=own) * 1000).round() / 1000
    positive = lambda *shape: some(*shape).abs() + 0.1
    rows = lambda *shape: (lambda p: p / p.sum(-1, keepdim=True))(positive(*shape))
    signs = torch.tensor([1.0, -1.0, 1.0, -1.0])
    weights = torch.tensor([0.5, 2.0, 1.0, 0.25])
    counted = [3, 0, 9, 2, 1]
    further = {
        "mae": (functional.l1_loss, [some(3, 2), some(3, 2)]),
        "huber": (lambda p, t: functional.huber_loss(p, t, delta=0.7), [some(4, 2), some(4, 2)]),
        "smooth l1": (lambda p, t: functional.smooth_l1_loss(p, t, beta=0.5), [some(4, 2), some(4, 2)]),
        # The formula: PyTorch's second derivative divides by p (1 - p) + 1e-12.
        "bce": (lambda p, t: -(t * p.log() + (1 - t) * (1 - p).log()).mean(), [some(3, 2).sigmoid(), some(3, 2).sigmoid()]),
        "kl": (lambda p, t: functional.kl_div(p, t, reduction="batchmean"), [some(3, 4), rows(3, 4)]),
        "poisson": (lambda p, t: functional.poisson_nll_loss(p, t), [some(3, 2), positive(3, 2)]),
        "gaussian": (
            lambda m, v, t: functional.gaussian_nll_loss(m, t, v),
            [some(3, 2), positive(3, 2), some(3, 2)],
        ),
        "hinge": (lambda x: (1 - signs * x).clamp(min=0).mean(), [some(4)]),
        "margin ranking": (lambda a, b: functional.margin_ranking_loss(a, b, signs, margin=0.3), [some(4), some(4)]),
        "multi margin": (
            lambda x: functional.multi_margin_loss(x, torch.tensor([3, 0, 2]), margin=0.8),
            [some(3, 4)],
        ),
        "triplet": (
            lambda a, p, n: functional.triplet_margin_loss(a, p, n, margin=0.7, eps=0.0),
            [some(4, 3), some(4, 3), some(4, 3)],
        ),
        "cosine": (
            # Of the cosine itself: PyTorch's loss adds 1e-12 to the squared lengths.
            lambda a, b: (lambda cos: torch.where(signs > 0, 1 - cos, (cos - 0.1).clamp(min=0)).mean())(
                functional.cosine_similarity(a, b)
            ),
            [some(4, 3), some(4, 3)],
        ),
        "nll": (lambda x: functional.nll_loss(x, torch.tensor([3, 0, 2])), [some(3, 4)]),
        "soft cross_entropy": (functional.cross_entropy, [some(3, 4), rows(3, 4)]),
        "weighted cross_entropy": (
            lambda x: functional.cross_entropy(
                x, torch.tensor(counted), weight=weights, ignore_index=9, label_smoothing=0.1
            ),
            [some(5, 4)],
        ),
        "smooth cross_entropy": (
            lambda x: functional.cross_entropy(x, torch.tensor([3, 0, 2]), label_smoothing=0.2),
            [some(3, 4)],
        ),
    }
    labels, far_labels = [3, 0, 2, 2, 1], [1, 1]
    far = torch.tensor([[800.0, -800.0, 0.0], [-30.0, 1e-3, 700.0]])
    return {
        "labels": labels,
        "cross_entropy": derivatives(cross_entropy(labels), [random(5, 4)], random(5, 4)),
        "far labels": far_labels,
        "far cross_entropy": derivatives(cross_entropy(far_labels), [far], random(2, 3)),
        "mse": derivatives(functional.mse_loss, [random(3, 2), random(3, 2)], random(3, 2)),
        "bce_with_logits": derivatives(bce_with_logits, [logits, targets], direction),
        "l1": derivatives(l1, [random(2, 3), torch.tensor([0.0, -2.0])], random(2, 3)),
        "l2": derivatives(l2, [random(2, 3), random(2)], random(2, 3)),
        "signs": numbers(signs),
        "weights": numbers(weights),
        "counted labels": counted,
    } | {name: derivatives(loss, inputs, some(*inputs[0].shape)) for name, (loss, inputs) in further.items()}


def linear():
    """`sum(tanh(x Wt + b))` for an input of three axes, and its gradients with respect to x, W and b."""
    layer = torch.nn.Linear(3, 4)
    with torch.no_grad():
        layer.weight.copy_(random(4, 3))
        layer.bias.copy_(random(4))
    x = random(2, 5, 3).requires_grad_()
    output = layer(x)
    output.tanh().sum().backward()
    tensors = {"x": x, "weight": layer.weight, "bias": layer.bias, "output": output}
    grads = {f"d{name}": tensor.grad for name, tensor in tensors.items() if name != "output"}
    return {name: numbers(tensor) for name, tensor in (tensors | grads).items()}


def schedules():
    """The rate at each time, of 1 at first."""
    scheduler = torch.optim.lr_scheduler

    def rates(make, steps=24):
        optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
        schedule, found = make(optimizer), []
        for _ in range(steps):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        return found

    def warm_up_then_cosine(o):
        parts = [scheduler.LinearLR(o, 0.2, 1.0, 5), scheduler.CosineAnnealingLR(o, 12)]
        return scheduler.SequentialLR(o, parts, [5])

    def both(o):
        return scheduler.ChainedScheduler([scheduler.ExponentialLR(o, 0.9), scheduler.StepLR(o, 4, 0.5)])

    losses = [3.0, 2.0, 2.0, 1.9999, 2.1, 1.5, 1.6, 1.6, 1.6, 1.6, 1.4, 1.45, 1.45, 1.45, 1.45, 1.45, 1.45, 1.45]

    def plateau():
        optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
        schedule = scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=2, cooldown=1, min_lr=0.2)
        found = []
        for loss in losses:
            schedule.step(loss)
            found.append(optimizer.param_groups[0]["lr"])
        return found

    return {
        "step": rates(lambda o: scheduler.StepLR(o, 3, 0.5)),
        "milestones": rates(lambda o: scheduler.MultiStepLR(o, [2, 5, 9], 0.3)),
        "exponential": rates(lambda o: scheduler.ExponentialLR(o, 0.9)),
        "cosine": rates(lambda o: scheduler.CosineAnnealingLR(o, 20, 0.1), 21),
        "warm restarts": rates(lambda o: scheduler.CosineAnnealingWarmRestarts(o, 3, 2, 0.05)),
        "equal restarts": rates(lambda o: scheduler.CosineAnnealingWarmRestarts(o, 5)),
        "one cycle": rates(lambda o: scheduler.OneCycleLR(o, 1.0, 20), 20),
        "line": rates(lambda o: scheduler.LinearLR(o, 0.25, 0.75, 10)),
        "polynomial": rates(lambda o: scheduler.PolynomialLR(o, 10, 2.0)),
        "warm-up, then cosine": rates(warm_up_then_cosine, 18),
        "exponential times step": rates(both),
        "losses": losses,
        "plateau": plateau(),
    }


values = {"optimizers": optimizers(), "losses": losses(), "linear": linear(), "schedules": schedules()}

# An entry a line: a change shows where it is.
parts = []
for name, part in values.items():
    entries = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in part.items())
    parts.append(f" {json.dumps(name)}: {{\n{entries}\n }}")
pathlib.Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(parts) + "\n}\n")
