"""PyTorch's side of compare-pytorch: the same network, weights, spikes and steps as compare_pytorch.snn.

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


def expected():
    for reset in ("subtract", "zero", "none"):
        for surrogate in ("fast_sigmoid", "arctangent", "triangle", "straight_through"):
            w = parameters()
            loss_of(w, surrogate, reset).backward()
            for k, value in enumerate(w):
                yield f"gradient/{reset}/{surrogate}/{k}", value.grad.flatten().tolist()
    makers = {
        "sgd": lambda w: torch.optim.SGD(w, lr=0.002, momentum=0.9, weight_decay=0.01),
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
