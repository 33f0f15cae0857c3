"""Writes nn.json beside this file: what PyTorch makes of small problems in double precision.

    pip install torch
    python tests/golden/nn.py

The inputs are written out in the file as well, so that the tests read them from there and state nothing twice.
"""

import json
import pathlib

import torch
import torch.optim._muon
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


class Lamb(torch.optim.Optimizer):
    """Algorithm 2 of Y. You and others, "Large Batch Optimization for Deep Learning", 2020; PyTorch has none."""

    def __init__(self, params, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01):
        super().__init__(params, {"lr": 1e-3, "weight_decay": weight_decay})
        self.betas, self.eps = betas, eps

    @torch.no_grad()
    def step(self):
        beta1, beta2 = self.betas
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                m = state["m"] = beta1 * state.get("m", 0.0) + (1 - beta1) * p.grad
                v = state["v"] = beta2 * state.get("v", 0.0) + (1 - beta2) * p.grad**2
                t = state["t"] = state.get("t", 0) + 1
                direction = (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + self.eps)
                direction = direction + group["weight_decay"] * p
                sizes = p.norm(), direction.norm()
                ratio = sizes[0] / sizes[1] if min(sizes) > 0 else 1.0
                p -= group["lr"] * ratio * direction


class Lookahead:
    """Algorithm 1 of M. R. Zhang and others, "Lookahead Optimizer", 2019; PyTorch has none."""

    def __init__(self, inner, k=5, alpha=0.5):
        self.inner, self.k, self.alpha, self.t = inner, k, alpha, 0
        self.param_groups, self.zero_grad = inner.param_groups, inner.zero_grad
        self.params = [p for group in inner.param_groups for p in group["params"]]
        self.slow = [p.detach().clone() for p in self.params]

    @torch.no_grad()
    def step(self):
        self.inner.step()
        self.t += 1
        if self.t % self.k == 0:
            for slow, p in zip(self.slow, self.params):
                slow += self.alpha * (p - slow)
                p.copy_(slow)


def orthogonal(matrix, coefficients, steps, eps):
    """As PyTorch's, which does it in bfloat16."""
    a, b, c = coefficients
    x = matrix.T if matrix.size(0) > matrix.size(1) else matrix
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if matrix.size(0) > matrix.size(1) else x


torch.optim._muon._zeropower_via_newtonschulz = orthogonal


def tensors():
    """The parameters after each step of minimising the sum of `sin(slope * parameter)`, one after another."""
    own = torch.Generator().manual_seed(2)
    some = lambda *shape: (torch.randn(shape, generator=own) * 1000).round() / 1000
    shapes = {"number": (), "vector": (3,), "zeros": (2,), "wide": (2, 4), "tall": (5, 2), "cube": (2, 3, 2)}
    start = {name: some(*shape) for name, shape in shapes.items()}
    start["zeros"] = torch.zeros(2)
    slopes = {name: some(*shape) for name, shape in shapes.items()}

    def descend(make, rate, names):
        params = {name: start[name].clone().requires_grad_() for name in names}
        optimizers, trajectory = make(params), []
        for step in range(12):
            for optimizer in optimizers:
                optimizer.zero_grad()
                for group in optimizer.param_groups:
                    group["lr"] = rate / (1 + step / 4) * group.get("factor", 1.0)
            sum((p * slopes[name]).sin().sum() for name, p in params.items()).backward()
            for optimizer in optimizers:
                optimizer.step()
            trajectory.append(torch.cat([p.flatten() for p in params.values()]).tolist())
        return {"rate": rate, "trajectory": trajectory}

    def groups(params):
        slow = [{"params": [params["vector"], params["wide"]], "factor": 0.5, "weight_decay": 0.0}]
        return [{"params": [p for name, p in params.items() if name not in ("vector", "wide")]}] + slow

    def split(params):
        matrices = [params.pop("wide"), params.pop("tall")]
        rest = [{"params": list(params.values()), "factor": 0.1}]
        params |= {"wide": matrices[0], "tall": matrices[1]}
        return [torch.optim.Muon(matrices), torch.optim.AdamW(rest, weight_decay=0.1)]

    every = list(shapes)
    matrices = ["wide", "tall"]
    muon = lambda **options: lambda p: [torch.optim.Muon(p.values(), **options)]
    adafactor = torch.optim.Adafactor
    runs = {
        "lamb": (lambda p: [Lamb(p.values(), weight_decay=0.1)], 0.05, every),
        "lamb with groups": (lambda p: [Lamb(groups(p), betas=(0.8, 0.95), eps=1e-3)], 0.05, every),
        "adafactor": (lambda p: [adafactor(p.values())], 0.6, every),
        "adafactor with groups": (
            lambda p: [adafactor(groups(p), beta2_decay=-0.5, eps=(1e-2, 0.3), d=1.2, weight_decay=0.1)],
            0.3,
            every,
        ),
        "muon": (muon(), 0.05, matrices),
        "muon without nesterov": (muon(nesterov=False, momentum=0.8, adjust_lr_fn="match_rms_adamw"), 0.05, matrices),
        "muon with other rounds": (
            muon(ns_coefficients=(1.5, -0.5, 0.1), ns_steps=3, eps=2.0, adjust_lr_fn="spectral_unclamped"),
            0.05,
            matrices,
        ),
        "split": (split, 0.05, ["number", "vector", "zeros", "cube", "wide", "tall"]),
        "lookahead": (lambda p: [Lookahead(torch.optim.Adam(groups(p), weight_decay=0.1))], 0.05, every),
    }
    results = {name: descend(*run) for name, run in runs.items()}
    return {"start": {n: numbers(p) for n, p in start.items()}, "slopes": {n: numbers(p) for n, p in slopes.items()}} | results


def lbfgs(problem):
    """The losses and parameters of steps of L-BFGS, and how many iterations and evaluations it has made."""
    given = {name: torch.tensor(x["values"]).reshape(x["shape"]) for name, x in problem.items()}

    def network(p):
        w, b, s = p[:6].reshape(2, 3), p[6:8], p[8:]
        return functional.mse_loss(functional.linear(given["x"], w, b).tanh() * s, given["y"])

    def rosenbrock(p):
        return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2

    def valley(p):
        return (-p / (p**2 + 2)).sum()

    def waves(p):
        return (0.1 * p**2 + (3 * p).sin()).sum()

    def exponential(p):
        return ((p - 3).exp() - p).sum()

    def run(function, start, steps, **options):
        p = torch.tensor(start).requires_grad_()
        optimizer = torch.optim.LBFGS([p], **options)
        result = {"losses": [], "parameters": [], "iterations": [], "evaluations": []}

        def closure():
            optimizer.zero_grad()
            loss = function(p)
            loss.backward()
            return loss

        for _ in range(steps):
            result["losses"].append(optimizer.step(closure).item())
            result["parameters"].append(p.tolist())
            result["iterations"].append(optimizer.state[p]["n_iter"])
            result["evaluations"].append(optimizer.state[p]["func_evals"])
        return result

    weights = sum((given[name].flatten().tolist() for name in ("weight", "bias", "scale")), [])
    search = {"line_search_fn": "strong_wolfe"}
    lines = {"valley": (valley, [0.0]), "waves": (waves, [1.0]), "exponential": (exponential, [0.0])}
    return {
        "network": run(network, weights, 4, lr=0.5, max_iter=6),
        "network with a short history": run(network, weights, 3, lr=0.5, history_size=2, max_iter=8),
        "network with search": run(network, weights, 5, lr=1.0, max_iter=6, **search),
        "network with few evaluations": run(network, weights, 3, lr=1.0, max_iter=6, max_eval=4, **search),
        "network to the end": run(network, weights, 2, max_iter=400, tolerance_grad=1e-6, **search),
        "rosenbrock": run(rosenbrock, [-1.2, 1.0], 5, max_iter=10, **search),
        "rosenbrock in small steps": run(rosenbrock, [-1.2, 1.0], 4, lr=0.01, max_iter=10, **search),
        "rosenbrock in large steps": run(rosenbrock, [-1.2, 1.0], 4, lr=30.0, max_iter=10, **search),
    } | {
        f"{name} {lr}": run(function, start, 2, lr=lr, max_iter=2, max_eval=25, **search)
        for name, (function, start) in lines.items()
        for lr in (0.001, 0.1, 1.0, 10.0, 300.0)
    }


def averages():
    """Means of the weights of a small network with batch normalisation while it is trained, at some of the steps."""
    from torch.optim import swa_utils

    own = torch.Generator().manual_seed(3)
    some = lambda *shape: (torch.randn(shape, generator=own) * 1000).round() / 1000
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(some(*p.shape))
    names = [name for name in net.state_dict() if "tracked" not in name]
    state = lambda net: {name: numbers(net.state_dict()[name]) for name in names}
    x, y = some(12, 3), some(12, 2)
    results = {"x": numbers(x), "y": numbers(y), "start": state(net)}

    averaged, ema = swa_utils.AveragedModel, swa_utils.get_ema_multi_avg_fn
    warm = lambda n: min(0.7, (1 + n) / (10 + n))
    kept = {
        "ema": averaged(net, multi_avg_fn=ema(0.9)),
        "ema of statistics": averaged(net, multi_avg_fn=ema(0.9), use_buffers=True),
        "ema with warm-up": averaged(net, avg_fn=lambda mean, p, n: warm(n) * mean + (1 - warm(n)) * p),
        "swa": averaged(net),
        "swa of statistics": averaged(net, use_buffers=True),
    }
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for step in range(1, 13):
        optimizer.zero_grad()
        functional.mse_loss(net(x), y).backward()
        optimizer.step()
        for name, average in kept.items():
            if step > 4 or "swa" not in name:
                average.update_parameters(net)
            if step in (5, 6, 12):
                results[f"{name} {step}"] = state(average.module)
    swa_utils.update_bn(x.split(5), net)
    results["update_bn"] = state(net)
    return results


values = {"optimizers": optimizers(), "losses": losses(), "linear": linear(), "schedules": schedules()}
values |= {"tensors": tensors(), "lbfgs": lbfgs(values["optimizers"]["problem"]), "averages": averages()}

# An entry a line: a change shows where it is.
parts = []
for name, part in values.items():
    entries = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in part.items())
    parts.append(f" {json.dumps(name)}: {{\n{entries}\n }}")
pathlib.Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(parts) + "\n}\n")
