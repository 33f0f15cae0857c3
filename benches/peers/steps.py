"""Times training steps of an MLP in a framework of Python: steps.py torch|jax|numpy CASES.json, with BUDGET and THREADS from the
environment. Prints the lines that `mlp_step` prints, for the same work: forward, mean cross-entropy, backward, optimizer, in
float32, on one batch that stays in memory.
"""
import json
import os
import sys
import time

framework, cases = sys.argv[1], json.load(open(sys.argv[2]))
threads, budget = int(os.environ.get("THREADS", "1")), float(os.environ.get("BUDGET", "1.5"))
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(threads)

import numpy as np  # after the variables, which it reads once

RATE = {"sgd": 0.01, "adam": 1e-3}
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def batch_and_weights(case):
    """What the driver drew: the inputs, then each layer's weight, one row for each output. The biases start from zero."""
    sizes, n = case["dims"], case["batch"]
    start = np.fromfile(case["start"], "<f4")
    shapes = [(n, sizes[0])] + [(o, i) for i, o in zip(sizes, sizes[1:])]
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    x, *weights = (part.reshape(shape) for part, shape in zip(np.split(start, ends[:-1]), shapes))
    return x, np.arange(n) % sizes[-1], weights, [np.zeros(o, np.float32) for o in sizes[1:]]


def torch_step(case):
    import torch

    torch.set_num_threads(threads)
    x, y, weights, biases = batch_and_weights(case)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    activation = {"sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[case["act"]]
    layers = []
    for w, b in zip(weights, biases):
        layer = torch.nn.Linear(w.shape[1], w.shape[0])
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(w))
            layer.bias.copy_(torch.from_numpy(b))
        layers += [layer, activation()]
    net = torch.nn.Sequential(*layers[:-1])
    make = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[case["opt"]]
    optimizer = make(net.parameters(), lr=RATE[case["opt"]])

    def step():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def jax_step(case):
    import jax
    import jax.numpy as jnp

    x, y, weights, biases = batch_and_weights(case)
    x, y = jnp.array(x), jnp.array(y)
    activation = {"sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh, "relu": jax.nn.relu}[case["act"]]
    rate, adam = RATE[case["opt"]], case["opt"] == "adam"

    def loss_of(layers):
        h = x
        for w, b in layers[:-1]:
            h = activation(h @ w.T + b)
        logits = h @ layers[-1][0].T + layers[-1][1]
        return -jax.nn.log_softmax(logits)[jnp.arange(len(y)), y].mean()

    def descend(layers, m, v, t):
        loss, g = jax.value_and_grad(loss_of)(layers)
        if not adam:
            return jax.tree.map(lambda w, g: w - rate * g, layers, g), m, v, t, loss
        t = t + 1
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, g)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, g)
        scale, root = rate / (1 - BETA1**t), jnp.sqrt(1 - BETA2**t)
        layers = jax.tree.map(lambda w, m, v: w - scale * m / (jnp.sqrt(v) / root + EPSILON), layers, m, v)
        return layers, m, v, t, loss

    layers = [(jnp.array(w), jnp.array(b)) for w, b in zip(weights, biases)]
    zeros = lambda: jax.tree.map(jnp.zeros_like, layers) if adam else None
    state = [layers, zeros(), zeros(), jnp.float32(0)]
    compiled = jax.jit(descend, donate_argnums=(0, 1, 2))

    def step():
        *state[:], loss = compiled(*state)
        return float(loss)

    return step


def numpy_step(case):
    x, y, weights, biases = batch_and_weights(case)
    parameters = [p for pair in zip(weights, biases) for p in pair]
    m, v = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    forward, slope = {
        "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda h: h * (1 - h)),
        "tanh": (np.tanh, lambda h: 1 - h * h),
        "relu": (lambda z: np.maximum(z, 0), lambda h: h > 0),
    }[case["act"]]
    rows, rate, count = np.arange(len(y)), np.float32(RATE[case["opt"]]), [0]

    def step():
        hidden = [x]
        for w, b in zip(weights[:-1], biases[:-1]):
            hidden.append(forward(hidden[-1] @ w.T + b))
        logits = hidden[-1] @ weights[-1].T + biases[-1]
        logits -= logits.max(1, keepdims=True)
        p = np.exp(logits)
        sums = p.sum(1, keepdims=True)
        loss = float((np.log(sums[:, 0]) - logits[rows, y]).mean())
        dz = p / sums
        dz[rows, y] -= 1
        dz /= len(y)
        gradients = []
        for i in reversed(range(len(weights))):
            gradients += [dz.sum(0), dz.T @ hidden[i]]
            if i:
                dz = dz @ weights[i] * slope(hidden[i])
        count[0] += 1
        scale = rate / np.float32(1 - BETA1 ** count[0])
        root = np.float32(np.sqrt(1 - BETA2 ** count[0]))
        for j, g in enumerate(reversed(gradients)):
            if case["opt"] == "sgd":
                parameters[j] -= rate * g
            else:
                m[j] += np.float32(1 - BETA1) * (g - m[j])
                v[j] += np.float32(1 - BETA2) * (g * g - v[j])
                parameters[j] -= scale * m[j] / (np.sqrt(v[j]) / root + np.float32(EPSILON))
        return loss

    return step


for name, case in cases.items():
    step = {"torch": torch_step, "jax": jax_step, "numpy": numpy_step}[framework](case)
    first = step()
    start = time.perf_counter()
    while time.perf_counter() - start < budget / 3:
        step()
    times, last, start = [], first, time.perf_counter()
    while time.perf_counter() - start < budget or len(times) < 10:
        began = time.perf_counter()
        last = step()
        times.append(time.perf_counter() - began)
    times.sort()
    line = {"fw": framework, "case": name, "threads": threads, "median": times[len(times) // 2], "best": times[0]}
    print(json.dumps(line | {"n": len(times), "first": first, "last": last}), flush=True)
