"""snnTorch as its documentation writes it: a loop over time, one call of each layer a step.

Its neuron takes the threshold off a step after the spike, as it does by itself: later than those of the others.
"""

import snntorch
import torch
from snntorch import spikegen, surrogate
from torch import nn

from fashion import fashion_mnist, hybrid
from serve import serve
from sizes import BETA, SLOPE, Conv, Dense, Fashion, Recurrent, Rows
from torch_common import (
    batches, conv_batch, dense_batch, image_batch, image_tasks, recurrent_batch, row_batch, training, use_threads)


def leaky(slope=SLOPE):
    return snntorch.Leaky(beta=BETA, spike_grad=surrogate.fast_sigmoid(slope=slope))


def over_time(stages, cells):
    """A function from an input for each step to the last cell's spikes: stages, each followed by its cell."""

    def forward(x):
        states = [cell.init_leaky() for cell in cells]
        outputs = []
        for spikes in x:
            for index, (stage, cell) in enumerate(zip(stages, cells)):
                spikes, states[index] = cell(stage(spikes), states[index])
            outputs.append(spikes)
        return torch.stack(outputs)

    return forward


def stepwise(stages, cells):
    """The same, which counts the last one's spikes."""
    forward = over_time(stages, cells)
    return lambda x: forward(x).sum(0)


def constant(x, steps):
    """Images for each step."""
    return (x for _ in range(steps))


def train_dense(threads):
    use_threads(threads)
    stages = nn.ModuleList([nn.Linear(Dense.inputs, Dense.hidden), nn.Linear(Dense.hidden, Dense.outputs)])
    return training(stages, stepwise(stages, [leaky(), leaky()]), dense_batch())


def train_conv(threads):
    use_threads(threads)
    stages = nn.ModuleList([
        nn.Conv2d(Conv.channels, Conv.first, 3),
        nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(Conv.first, Conv.second, 3)),
        nn.Sequential(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(Conv.flat, Conv.outputs)),
    ])
    return training(stages, stepwise(stages, [leaky(), leaky(), leaky()]), conv_batch())


def train_conv1d(threads):
    use_threads(threads)
    half = Rows.kernel // 2
    stages = nn.ModuleList([
        nn.Conv1d(Rows.channels, Rows.first, Rows.kernel, padding=half),
        nn.Sequential(nn.AvgPool1d(2), nn.Conv1d(Rows.first, Rows.second, Rows.kernel, padding=half)),
        nn.Sequential(nn.AvgPool1d(2), nn.Flatten(), nn.Linear(Rows.flat, Rows.outputs)),
    ])
    return training(stages, stepwise(stages, [leaky(), leaky(), leaky()]), row_batch())


def train_images(sizes, code, convs):
    stages, pools = nn.ModuleList(), []
    for conv, is_pooled in convs:
        stages.append(nn.Sequential(*pools, conv))
        pools = [nn.MaxPool2d(2)] if is_pooled else []
    stages.append(nn.Sequential(*pools, nn.Flatten(), nn.Linear(sizes.flat, sizes.outputs)))
    forward = stepwise(stages, [leaky() for _ in stages])
    in_time = (lambda x: forward(constant(x, sizes.steps))) if code == "direct" else forward
    return training(stages, in_time, image_batch(sizes, code))


def train_recurrent(threads):
    use_threads(threads)
    first, second = nn.Linear(Recurrent.inputs, Recurrent.hidden), nn.Linear(Recurrent.hidden, Recurrent.outputs)
    hidden = snntorch.RLeaky(
        beta=BETA, linear_features=Recurrent.hidden, spike_grad=surrogate.fast_sigmoid(slope=SLOPE))
    last = leaky()

    def forward(x):
        spikes, v = hidden.init_rleaky()
        w = last.init_leaky()
        outputs = []
        for step in x:
            spikes, v = hidden(first(step), spikes, v)
            counted, w = last(second(spikes), w)
            outputs.append(counted)
        return torch.stack(outputs).sum(0)

    return training(nn.ModuleList([first, hidden, second]), forward, recurrent_batch())


def infer_batch(threads):
    use_threads(threads)
    stages = nn.ModuleList([nn.Linear(Dense.inputs, Dense.hidden), nn.Linear(Dense.hidden, Dense.outputs)])
    forward = over_time(stages, [leaky(), leaky()])
    return batches(lambda x: forward(constant(x, Dense.steps) if x.dim() == 2 else x))


def fashion(threads, code, epochs):
    codes = {
        "direct": lambda x: constant(x, Fashion.steps), "hybrid": hybrid,
        "rate": lambda x: spikegen.rate(x, num_steps=Fashion.steps),
    }

    def make():
        stages = nn.ModuleList([nn.Linear(Fashion.inputs, Fashion.hidden), nn.Linear(Fashion.hidden, Fashion.outputs)])
        forward = stepwise(stages, [leaky(Fashion.slope), leaky(Fashion.slope)])
        return stages, lambda x, code: forward(codes[code](x))

    return fashion_mnist(threads, code, int(epochs), make)


serve({
    "train-dense": train_dense, "train-conv": train_conv, "train-conv1d": train_conv1d,
    **image_tasks(train_images),
    "train-recurrent": train_recurrent, "infer-batch": infer_batch, "fashion-mnist": fashion,
})
