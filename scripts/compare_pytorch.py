"""PyTorch's side of compare-pytorch: the same networks, weights, spikes and steps as compare_pytorch.snn.

Reads the lines that the script printed from standard input, computes each of them with PyTorch's autograd, and
reports the largest difference of each group relative to its largest number. Leaves with 1 when one is above 1e-4.
"""

import math
import sys

import torch

SAMPLES, STEPS, INPUTS, HIDDEN, OUTPUTS = 16, 15, 12, 20, 5
TOLERANCE = 1e-4

torch.set_num_threads(1)


def numbers(count, start):
    return torch.tensor(
        [((k * 7919 + start * 104729 + k * k * 31) % 10007) / 10007 for k in range(count)], dtype=torch.float64
    ).to(torch.float32)


def matrix(rows, columns, start, scale):
    return ((numbers(rows * columns, start) - 0.45) * scale).reshape(rows, columns)


def bell(x, deviation):
    return torch.exp(-(x**2) / (2 * deviation**2)) / (deviation * math.sqrt(2 * math.pi))


class Lion(torch.optim.Optimizer):
    """Chen et al. 2023, as their paper writes it."""

    def __init__(self, parameters, lr, weight_decay):
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                m = state.setdefault("m", torch.zeros_like(p))
                course = 0.9 * m + 0.1 * p.grad
                p.sub_(group["lr"] * (course.sign() + group["weight_decay"] * p))
                m.mul_(0.99).add_(p.grad, alpha=0.01)


class Spike(torch.autograd.Function):
    """The step function with a surrogate derivative."""

    @staticmethod
    def forward(ctx, x, surrogate):
        ctx.save_for_backward(x)
        ctx.surrogate = surrogate
        return (x >= 0).to(x.dtype)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        slope = {
            "fast_sigmoid": lambda: 1 / (1 + 25 * x.abs()) ** 2,
            "arctangent": lambda: 1 / (1 + (math.pi / 2 * 2 * x) ** 2),
            "triangle": lambda: (1 - x.abs()).clamp(min=0),
            "straight_through": lambda: torch.ones_like(x),
            "logistic": lambda: 4 * torch.sigmoid(4 * x) * torch.sigmoid(-4 * x),
            "gaussian": lambda: 2 / math.sqrt(math.pi) * torch.exp(-((2 * x) ** 2)),
            "two_sided_exponential": lambda: torch.exp(-2 * x.abs()),
            "box": lambda: (x.abs() <= 0.5).to(x.dtype),
            "hyperbolic_tangent": lambda: 1 - torch.tanh(x) ** 2,
            "circle": lambda: (1 + x**2) ** -1.5,
            "q_pseudo_spike": lambda: (1 + 2 * x.abs()) ** -2,
            "leaky_step": lambda: torch.where(x >= 0, 1.0, 0.1),
            "sparse_fast_sigmoid": lambda: (x.abs() < 1) / (1 + 25 * x.abs()) ** 2,
            "multi_gaussian": lambda: 0.5 * (1.15 * bell(x, 0.5) - 0.15 * (bell(x - 0.5, 3) + bell(x + 0.5, 3))),
        }[ctx.surrogate]()
        return gradient * slope, None


def lif(current, surrogate, reset):
    v = torch.zeros_like(current[0])
    spikes = []
    for x in current:
        v = 0.9 * v + x
        s = Spike.apply(v - 1.0, surrogate)
        spikes.append(s)
        if reset == "subtract":
            v = v - s.detach()
        elif reset == "zero":
            v = v * (1 - s.detach())
    return torch.stack(spikes)


def parameters():
    values = [
        matrix(INPUTS, HIDDEN, 2, 0.9), (numbers(HIDDEN, 3) - 0.5) * 0.2,
        matrix(HIDDEN, OUTPUTS, 4, 0.9), (numbers(OUTPUTS, 5) - 0.5) * 0.2,
    ]
    return [value.requires_grad_() for value in values]


events = (numbers(SAMPLES * STEPS * INPUTS, 1) < 0.2).to(torch.float32)
spikes_in = events.reshape(SAMPLES, STEPS, INPUTS).transpose(0, 1)
labels = torch.arange(SAMPLES) % OUTPUTS


def loss_of(w, surrogate, reset):
    hidden = lif(spikes_in @ w[0] + w[1], surrogate, reset)
    output = lif(hidden @ w[2] + w[3], surrogate, reset)
    return torch.nn.functional.cross_entropy(output.sum(0), labels)


GIVEN = {
    "input": numbers(8 * 4 * 2 * 8 * 8, 11).reshape(8, 4, 2, 8, 8),
    "conv": matrix(4, 18, 12, 1.2).reshape(4, 2, 3, 3),
    "conv_bias": (numbers(4, 13) - 0.5) * 0.2,
    "first": matrix(36, 12, 14, 1.5),
    "first_bias": (numbers(12, 15) - 0.5) * 0.2,
    "recurrent": matrix(12, 12, 16, 0.6),
    "second": matrix(12, 10, 17, 1.5),
    "last": matrix(10, 3, 18, 0.9),
    "hidden_beta": 0.5 + 0.4 * numbers(12, 19),
    "beta": torch.tensor(0.85),
    "rho": torch.tensor(0.9),
    "theta": torch.tensor(0.8),
    "kappa": torch.tensor(0.15),
    "leak": torch.tensor(0.95),
}


def deep(p):
    """The network of images: its output over time, and the states and spikes of its adaptive neurons."""
    images = p["input"]
    steps, batch = images.shape[:2]
    current = torch.nn.functional.conv2d(images.flatten(0, 1), p["conv"], p["conv_bias"]).reshape(steps, batch, 4, 6, 6)
    v = torch.zeros_like(current[0])
    hidden, heard = torch.zeros(batch, 12), torch.zeros(batch, 12)
    u, a, out = torch.zeros(batch, 10), torch.zeros(batch, 10), torch.zeros(batch, 3)
    outputs, potentials, adaptations, fired = [], [], [], []
    for x in current:
        v = 0.8 * v + x
        s = Spike.apply(v - 1.0, "arctangent")
        v = v - s.detach()
        pooled = torch.nn.functional.avg_pool2d(s, 2).flatten(1)
        hidden = p["hidden_beta"] * hidden + pooled @ p["first"] + p["first_bias"] + heard @ p["recurrent"]
        heard = Spike.apply(hidden - 1.0, "arctangent")
        hidden = hidden - heard.detach()
        u = p["beta"] * u + heard @ p["second"]
        a = p["rho"] * a
        potentials.append(u)
        adaptations.append(a)
        s = Spike.apply(u - (p["theta"] + p["kappa"] * a), "arctangent")
        fired.append(s)
        u = u - p["theta"] * s.detach()
        a = a + s.detach()
        out = p["leak"] * out + s @ p["last"]
        outputs.append(out)
    return [torch.stack(values) for values in (outputs, potentials, adaptations, fired)]


def leaves():
    return {name: value.clone().requires_grad_() for name, value in GIVEN.items()}


def expected_of_grad():
    p = leaves()
    loss = torch.nn.functional.cross_entropy(deep(p)[0].mean(0), torch.tensor([0, 1, 2, 1]))
    loss.backward()
    yield "grad/loss", [loss.item()]
    for name, value in p.items():
        yield f"grad/{name}", value.grad.flatten().tolist()
    for name in ("conv", "conv_bias", "first", "second", "last", "recurrent"):
        yield f"grad_of_network/{name}", p[name].grad.flatten().tolist()
    p = leaves()
    _, potentials, adaptations, fired = deep(p)
    ((potentials**2).mean() + adaptations.mean() + fired.mean()).backward()
    for name in ("input", "conv", "recurrent", "hidden_beta", "second", "beta", "rho", "theta", "kappa"):
        yield f"grad_of_states/{name}", p[name].grad.flatten().tolist()


def expected_of_losses():
    functional = torch.nn.functional
    start = (numbers(7 * 4 * 5, 31) * 4 - 1.5).reshape(7, 4, 5)
    classes = torch.tensor([0, 3, 2, 4])
    step_classes = torch.tensor([k % 6 - 1 for k in range(28)])
    wanted = numbers(20, 32).reshape(4, 5)
    wanted_steps = numbers(140, 33).reshape(7, 4, 5)
    losses = {
        "count": lambda o: functional.cross_entropy(o.sum(0), classes),
        "mean": lambda o: functional.cross_entropy(o.mean(0), classes),
        "last": lambda o: functional.cross_entropy(o[-1], classes),
        "highest": lambda o: functional.cross_entropy(o.amax(0), classes),
        # torch weighs the smoothed part by the weight of each class, ours a sample by that of its label.
        "smooth": lambda o: (
            torch.tensor([1, 2, 0.5, 3, 1.5])[classes]
            * functional.cross_entropy(o.mean(0), classes, label_smoothing=0.1, reduction="none")
        ).sum() / torch.tensor([1, 2, 0.5, 3, 1.5])[classes].sum(),
        "steps": lambda o: functional.cross_entropy(o.reshape(28, 5), step_classes, ignore_index=-1),
        "tet": lambda o: 0.95 * sum(functional.cross_entropy(x, classes) for x in o) / 7 + 0.05 * ((o - 1) ** 2).mean(),
        "mse": lambda o: functional.mse_loss(o.mean(0), wanted),
        "mae": lambda o: functional.l1_loss(o[-1], wanted),
        "huber": lambda o: functional.huber_loss(o.mean(0), wanted, delta=0.3),
        "mse_steps": lambda o: functional.mse_loss(o, wanted_steps),
        "binary": lambda o: functional.binary_cross_entropy_with_logits(2 * (o.mean(0) - 0.5), wanted),
    }
    for name, loss in losses.items():
        output = start.clone().requires_grad_()
        value = loss(output)
        value.backward()
        yield f"losses/{name}", [value.item(), *output.grad.flatten().tolist()]


def expected_of_norms():
    images = (numbers(6 * 4 * 3 * 5 * 5, 34) * 3).reshape(6, 4, 3, 5, 5)
    weights = (numbers(6 * 4 * 3 * 5 * 5, 35) - 0.5).reshape(6, 4, 3, 5, 5)
    batch_norm = torch.nn.BatchNorm2d(3, momentum=1.0)
    layer_norm = torch.nn.LayerNorm([3, 5, 5])
    with torch.no_grad():
        batch_norm.weight.copy_(torch.tensor([0.5, 1.5, 2.0]))
        batch_norm.bias.copy_(torch.tensor([0.1, -0.2, 0.3]))
        layer_norm.weight.copy_(numbers(75, 36).reshape(3, 5, 5))
        layer_norm.bias.copy_(numbers(75, 37).reshape(3, 5, 5))
    for name, norm in (("batch_norm", batch_norm), ("layer_norm", layer_norm)):
        x = images.flatten(0, 1).clone().requires_grad_()
        value = (norm(x) * weights.flatten(0, 1)).sum()
        value.backward()
        yield f"norms/{name}/value", [value.item()]
        yield f"norms/{name}/input", x.grad.flatten().tolist()
        yield f"norms/{name}/scale", norm.weight.grad.flatten().tolist()
        yield f"norms/{name}/offset", norm.bias.grad.flatten().tolist()
    # The data set's first axis are the samples; statistics are of all steps and samples alike.
    yield "norms/running", [*batch_norm.running_mean.tolist(), *batch_norm.running_var.tolist()]


def expected():
    yield from expected_of_grad()
    yield from expected_of_losses()
    yield from expected_of_norms()
    for reset in ("subtract", "zero", "none"):
        for surrogate in (
            "fast_sigmoid", "arctangent", "triangle", "straight_through", "logistic", "gaussian", "two_sided_exponential",
            "box", "hyperbolic_tangent", "circle", "q_pseudo_spike", "leaky_step", "sparse_fast_sigmoid", "multi_gaussian",
        ):
            w = parameters()
            loss_of(w, surrogate, reset).backward()
            for k, value in enumerate(w):
                yield f"gradient/{reset}/{surrogate}/{k}", value.grad.flatten().tolist()
    makers = {
        "sgd": lambda w: torch.optim.SGD(w, lr=0.002, momentum=0.9, weight_decay=0.01),
        "nesterov": lambda w: torch.optim.SGD(w, lr=0.002, momentum=0.9, weight_decay=0.01, nesterov=True),
        "rmsprop": lambda w: torch.optim.RMSprop(w, lr=0.002),
        "rmsprop_momentum": lambda w: torch.optim.RMSprop(w, lr=0.001, momentum=0.5, weight_decay=0.01),
        "lion": lambda w: Lion(w, lr=0.001, weight_decay=0.1),
        "adam": lambda w: torch.optim.Adam(w, lr=0.01),
        "adamw": lambda w: torch.optim.AdamW(w, lr=0.01, weight_decay=0.1),
    }
    for name, make in makers.items():
        w = parameters()
        optimizer = make(w)
        losses = []
        for _ in range(12):
            optimizer.zero_grad()
            loss = loss_of(w, "arctangent", "subtract")
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        yield f"loss/{name}", losses
        for k, value in enumerate(w):
            yield f"weights/{name}/{k}", value.detach().flatten().tolist()


def main():
    ours = {}
    for line in sys.stdin:
        name, *values = line.split()
        ours[name] = [float(value) for value in values]
    worst = {}
    for name, theirs in expected():
        mine = ours.get(name)
        if mine is None or len(mine) != len(theirs):
            print(f"{name}: {len(theirs)} numbers from PyTorch, {len(mine or [])} from snn")
            return 1
        scale = max(abs(value) for value in theirs) or 1.0
        difference = max(abs(a - b) for a, b in zip(mine, theirs)) / scale
        group = "/".join(name.split("/")[:3 if name.startswith("gradient") else 2])
        if not difference <= worst.get(group, (0, ""))[0]:
            worst[group] = (difference, name)
        worst.setdefault(group, (difference, name))
    for group, (difference, _) in worst.items():
        print(f"{group:<36} {difference:.1e}{'' if difference <= TOLERANCE else '  too large'}")
    largest = max(difference for difference, _ in worst.values())
    print(f"largest relative difference from PyTorch {torch.__version__}: {largest:.1e} (allowed {TOLERANCE:.0e})")
    return 0 if largest <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
