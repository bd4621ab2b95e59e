"""PyTorch without a framework, as fast as one writes it by hand.

One product for all steps of a layer; the neuron's loop over time in place, with a backward of its own.
"""

import torch
from torch import nn

from serve import repeated, serve, timed
from sizes import BETA, SLOPE, Conv, Dense
from torch_common import conv_batch, dense_batch, training, use_threads


class LifScan(torch.autograd.Function):
    """Spikes of leaky neurons [time, …] from their drive, which is overwritten by the potentials."""

    @staticmethod
    def forward(ctx, drive):
        spikes = torch.empty_like(drive)
        v = torch.zeros_like(drive[0])
        for u, s in zip(drive, spikes):
            u.add_(v, alpha=BETA)
            torch.ge(u, 1.0, out=s)
            torch.sub(u, s, out=v)
        ctx.membrane = drive
        return spikes

    @staticmethod
    def backward(ctx, gradient):
        # The potentials have served: they become the drive's gradient.
        result = ctx.membrane
        later = None
        for h, g in zip(reversed(result.unbind(0)), reversed(gradient.unbind(0))):
            h.sub_(1.0).abs_().mul_(SLOPE).add_(1.0).square_().reciprocal_().mul_(g)
            if later is not None:
                h.add_(later, alpha=BETA)
            later = h
        return result


def train_dense(threads):
    use_threads(threads)
    first, second = nn.Linear(Dense.inputs, Dense.hidden), nn.Linear(Dense.hidden, Dense.outputs)

    def forward(x):
        return LifScan.apply(second(LifScan.apply(first(x)))).sum(0)

    return training(nn.ModuleList([first, second]), forward, dense_batch())


def train_conv(threads):
    use_threads(threads)
    first, second = nn.Conv2d(Conv.channels, Conv.first, 3), nn.Conv2d(Conv.first, Conv.second, 3)
    last = nn.Linear(Conv.flat, Conv.outputs)
    pool = nn.MaxPool2d(2)

    def scan(x):
        return LifScan.apply(x.view(Conv.steps, Conv.batch, *x.shape[1:])).flatten(0, 1)

    def forward(x):
        x = pool(scan(first(x.flatten(0, 1))))
        x = pool(scan(second(x)))
        return scan(last(x.flatten(1))).view(Conv.steps, Conv.batch, -1).sum(0)

    return training(nn.ModuleList([first, second, last]), forward, conv_batch())


def random_spikes(density):
    return (torch.rand(Dense.steps, 1, Dense.inputs) < density).float()


def per_density(forward):
    """A task whose request is `run DENSITY REPEATS`."""
    inputs = {}

    def answer(words):
        x = inputs.setdefault(words[1], random_spikes(float(words[1])))
        with torch.inference_mode():
            forward(x)
            return timed(words[2], lambda: forward(x))

    return answer


def infer(threads):
    use_threads(threads)
    first, second = nn.Linear(Dense.inputs, Dense.hidden), nn.Linear(Dense.hidden, Dense.outputs)

    def scan(drive):
        v = torch.zeros_like(drive[0])
        for u in drive:
            u.add_(v, alpha=BETA)
            torch.ge(u, 1.0, out=v)
            v.neg_().add_(u)
        return drive.ge_(1.0)

    return per_density(lambda x: scan(second(scan(first(x)))))


def infer_compiled(threads):
    use_threads(threads)
    first, second = nn.Linear(Dense.inputs, Dense.hidden), nn.Linear(Dense.hidden, Dense.outputs)

    def scan(drive):
        v = torch.zeros_like(drive[0])
        spikes = []
        for u in drive:
            v = BETA * v + u
            s = (v >= 1.0).float()
            v = v - s
            spikes.append(s)
        return torch.stack(spikes)

    forward = torch.compile(lambda x: scan(second(scan(first(x)))))
    with torch.inference_mode():
        forward(random_spikes(0.1))
    return per_density(forward)


def lif(threads):
    """`lif STEPS NEURONS REPEATS`: the drive of all steps is there, the spikes of all steps are kept."""
    use_threads(threads)

    def answer(words):
        steps, neurons = int(words[1]), int(words[2])
        drive = torch.rand(steps, neurons) * 2 - 0.5
        spikes = torch.empty_like(drive)
        v = torch.zeros(neurons)

        def scan():
            for u, s in zip(drive, spikes):
                v.mul_(BETA).add_(u)
                torch.ge(v, 1.0, out=s)
                v.sub_(s)

        with torch.inference_mode():
            scan()
            return timed(words[3], scan)

    return answer


serve({
    "train-dense": train_dense, "train-conv": train_conv, "infer": infer, "infer-compiled": infer_compiled, "lif": lif,
})
