"""PyTorch without a framework, as fast as one writes it by hand.

One product for all steps of a layer, or once where its input is constant over time; the neuron's loop in place.
"""

import torch
from torch import nn
from torch.nn import functional

from fashion import fashion_mnist, hybrid
from lif_scans import ConstantLifScan, LifScan, RecurrentLifScan
from serve import serve, timed
from sizes import BETA, Conv, Dense, Fashion, Recurrent, Rows
from torch_common import (
    batches, conv_batch, dense_batch, image_batch, image_tasks, recurrent_batch, row_batch, training, use_threads)


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
    pool = nn.AvgPool2d(2)

    def scan(x):
        return LifScan.apply(x.view(Conv.steps, Conv.batch, *x.shape[1:])).flatten(0, 1)

    def forward(x):
        x = pool(scan(first(x.flatten(0, 1))))
        x = pool(scan(second(x)))
        return scan(last(x.flatten(1))).view(Conv.steps, Conv.batch, -1).sum(0)

    return training(nn.ModuleList([first, second, last]), forward, conv_batch())


def train_conv1d(threads):
    use_threads(threads)
    half = Rows.kernel // 2
    first = nn.Conv1d(Rows.channels, Rows.first, Rows.kernel, padding=half)
    second = nn.Conv1d(Rows.first, Rows.second, Rows.kernel, padding=half)
    last = nn.Linear(Rows.flat, Rows.outputs)
    pool = nn.AvgPool1d(2)

    def scan(x):
        return LifScan.apply(x.view(Rows.steps, Rows.batch, *x.shape[1:])).flatten(0, 1)

    def forward(x):
        x = pool(scan(first(x.flatten(0, 1))))
        x = pool(scan(second(x)))
        return scan(last(x.flatten(1))).view(Rows.steps, Rows.batch, -1).sum(0)

    return training(nn.ModuleList([first, second, last]), forward, row_batch())


def train_batch_norm(threads):
    use_threads(threads)
    first, second = nn.Conv2d(Conv.channels, Conv.first, 3), nn.Conv2d(Conv.first, Conv.second, 3)
    norms = nn.BatchNorm2d(Conv.first), nn.BatchNorm2d(Conv.second)
    last = nn.Linear(Conv.flat, Conv.outputs)
    pool = nn.AvgPool2d(2)

    def scan(x):
        return LifScan.apply(x.view(Conv.steps, Conv.batch, *x.shape[1:])).flatten(0, 1)

    def forward(x):
        x = pool(scan(norms[0](first(x.flatten(0, 1)))))
        x = pool(scan(norms[1](second(x))))
        return scan(last(x.flatten(1))).view(Conv.steps, Conv.batch, -1).sum(0)

    return training(nn.ModuleList([first, second, *norms, last]), forward, conv_batch())


def train_images(sizes, code, convs):
    """Convolutions, each perhaps with a pool behind its neurons, and a dense layer."""
    last = nn.Linear(sizes.flat, sizes.outputs)

    def in_time(x):
        return x.view(sizes.steps, sizes.batch, *x.shape[1:])

    def forward(x):
        if code == "rate":
            x = x.flatten(0, 1)
        for index, (conv, is_pooled) in enumerate(convs):
            x = conv(x)
            is_constant = index == 0 and code == "direct"
            x = ConstantLifScan.apply(x, sizes.steps) if is_constant else LifScan.apply(in_time(x))
            x = x.flatten(0, 1)
            if is_pooled:
                x = functional.max_pool2d(x, 2)
        return LifScan.apply(in_time(last(x.flatten(1)))).sum(0)

    return training(nn.ModuleList([*(conv for conv, _ in convs), last]), forward, image_batch(sizes, code))


def train_recurrent(threads):
    use_threads(threads)
    first, second = nn.Linear(Recurrent.inputs, Recurrent.hidden), nn.Linear(Recurrent.hidden, Recurrent.outputs)
    back = nn.Parameter(torch.randn(Recurrent.hidden, Recurrent.hidden) / Recurrent.hidden)
    net = nn.ParameterList([*first.parameters(), back, *second.parameters()])

    def forward(x):
        return LifScan.apply(second(RecurrentLifScan.apply(first(x), back))).sum(0)

    return training(net, forward, recurrent_batch())


def fashion(threads, code, epochs):
    def make():
        first, second = nn.Linear(Fashion.inputs, Fashion.hidden), nn.Linear(Fashion.hidden, Fashion.outputs)

        def spikes(x, code):
            if code == "hybrid":
                return hybrid(x)
            noise = torch.rand(Fashion.steps, *x.shape)
            return torch.lt(noise, x, out=noise)

        def forward(x, code):
            if code == "direct":
                x = ConstantLifScan.apply(first(x), Fashion.steps, Fashion.slope)
            else:
                x = LifScan.apply(first(spikes(x, code)), Fashion.slope)
            return LifScan.apply(second(x), Fashion.slope).sum(0)

        return nn.ModuleList([first, second]), forward

    return fashion_mnist(threads, code, int(epochs), make)


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


def inference_scan(drive):
    """The drive of all steps becomes the spikes."""
    v = torch.zeros_like(drive[0])
    for u in drive:
        u.add_(v, alpha=BETA)
        torch.ge(u, 1.0, out=v)
        v.neg_().add_(u)
    return drive.ge_(1.0)


def infer(threads):
    use_threads(threads)
    first, second = nn.Linear(Dense.inputs, Dense.hidden), nn.Linear(Dense.hidden, Dense.outputs)
    return per_density(lambda x: inference_scan(second(inference_scan(first(x)))))


def infer_batch(threads):
    use_threads(threads)
    first, second = nn.Linear(Dense.inputs, Dense.hidden), nn.Linear(Dense.hidden, Dense.outputs)

    def constant_scan(drive):
        spikes = drive.new_empty(Dense.steps, *drive.shape)
        v = torch.zeros_like(drive)
        for s in spikes:
            torch.add(drive, v, alpha=BETA, out=v)
            torch.ge(v, 1.0, out=s)
            v.sub_(s)
        return spikes

    def forward(x):
        spikes = constant_scan(first(x)) if x.dim() == 2 else inference_scan(first(x))
        return inference_scan(second(spikes))

    return batches(forward)


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
    "train-dense": train_dense, "train-conv": train_conv, "train-conv1d": train_conv1d, "train-batch-norm": train_batch_norm,
    **image_tasks(train_images),
    "train-recurrent": train_recurrent, "infer": infer, "infer-compiled": infer_compiled, "infer-batch": infer_batch,
    "lif": lif, "fashion-mnist": fashion,
})
