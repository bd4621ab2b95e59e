"""SpikingJelly in its multi-step mode: each layer takes all steps at once."""

import torch
from spikingjelly.activation_based import encoding, functional, layer, neuron, surrogate
from torch import nn

from fashion import fashion_mnist, hybrid
from serve import serve
from sizes import BETA, SLOPE, Conv, Dense, Fashion, Recurrent, Rows
from torch_common import (
    batches, conv_batch, dense_batch, image_batch, image_tasks, recurrent_batch, row_batch, training, use_threads)


def leaky(slope=SLOPE):
    # SoftSign is this framework's name for the fast sigmoid. decay_input and v_reset make it the neuron of the others.
    return neuron.LIFNode(
        tau=1 / (1 - BETA), decay_input=False, v_reset=None, detach_reset=True,
        surrogate_function=surrogate.SoftSign(alpha=float(slope)))


def multi_step(net):
    """A forward that begins each batch with neurons at rest."""
    functional.set_step_mode(net, "m")

    def forward(x):
        functional.reset_net(net)
        return net(x)

    return forward


def task(net, batch):
    forward = multi_step(net)
    return training(net, lambda x: forward(x).sum(0), batch)


def constant(x, steps):
    """Images for each step, as its examples have them."""
    return x.unsqueeze(0).expand(steps, *x.shape)


def train_dense(threads):
    use_threads(threads)
    net = nn.Sequential(
        layer.Linear(Dense.inputs, Dense.hidden), leaky(), layer.Linear(Dense.hidden, Dense.outputs), leaky())
    return task(net, dense_batch())


def train_conv(threads):
    use_threads(threads)
    net = nn.Sequential(
        layer.Conv2d(Conv.channels, Conv.first, 3), leaky(), layer.AvgPool2d(2),
        layer.Conv2d(Conv.first, Conv.second, 3), leaky(), layer.AvgPool2d(2),
        layer.Flatten(), layer.Linear(Conv.flat, Conv.outputs), leaky())
    return task(net, conv_batch())


def train_conv1d(threads):
    use_threads(threads)
    half = Rows.kernel // 2
    in_time = layer.SeqToANNContainer
    net = nn.Sequential(
        in_time(nn.Conv1d(Rows.channels, Rows.first, Rows.kernel, padding=half)), leaky(), in_time(nn.AvgPool1d(2)),
        in_time(nn.Conv1d(Rows.first, Rows.second, Rows.kernel, padding=half)), leaky(), in_time(nn.AvgPool1d(2)),
        layer.Flatten(), layer.Linear(Rows.flat, Rows.outputs), leaky())
    return task(net, row_batch())


def train_batch_norm(threads):
    use_threads(threads)
    net = nn.Sequential(
        layer.Conv2d(Conv.channels, Conv.first, 3), layer.BatchNorm2d(Conv.first), leaky(), layer.AvgPool2d(2),
        layer.Conv2d(Conv.first, Conv.second, 3), layer.BatchNorm2d(Conv.second), leaky(), layer.AvgPool2d(2),
        layer.Flatten(), layer.Linear(Conv.flat, Conv.outputs), leaky())
    return task(net, conv_batch())


def train_images(sizes, code, convs):
    stages = []
    for conv, is_pooled in convs:
        stages += [
            layer.Conv2d(conv.in_channels, conv.out_channels, 3, padding=1), leaky(),
            *([layer.MaxPool2d(2)] if is_pooled else [])]
    net = nn.Sequential(*stages, layer.Flatten(), layer.Linear(sizes.flat, sizes.outputs), leaky())
    forward = multi_step(net)
    in_time = (lambda x: forward(constant(x, sizes.steps))) if code == "direct" else forward
    return training(net, lambda x: in_time(x).sum(0), image_batch(sizes, code))


class Hearing(layer.ElementWiseRecurrentContainer):
    """Neurons that hear each other: its container of a recurrent connection, with a dense one as the connection."""

    def __init__(self, neurons, cell):
        super().__init__(cell, lambda spikes, drive: drive + self.back(spikes), step_mode="m")
        self.back = nn.Linear(neurons, neurons, bias=False)


def train_recurrent(threads):
    use_threads(threads)
    net = nn.Sequential(
        layer.Linear(Recurrent.inputs, Recurrent.hidden), Hearing(Recurrent.hidden, leaky()),
        layer.Linear(Recurrent.hidden, Recurrent.outputs), leaky())
    return task(net, recurrent_batch())


def infer_batch(threads):
    use_threads(threads)
    forward = multi_step(nn.Sequential(
        layer.Linear(Dense.inputs, Dense.hidden), leaky(), layer.Linear(Dense.hidden, Dense.outputs), leaky()))
    return batches(lambda x: forward(constant(x, Dense.steps) if x.dim() == 2 else x))


def fashion(threads, code, epochs):
    draw = encoding.PoissonEncoder()
    codes = {
        "direct": lambda x: constant(x, Fashion.steps), "hybrid": hybrid,
        "rate": lambda x: torch.stack([draw(x) for _ in range(Fashion.steps)]),
    }

    def make():
        net = nn.Sequential(
            layer.Linear(Fashion.inputs, Fashion.hidden), leaky(Fashion.slope),
            layer.Linear(Fashion.hidden, Fashion.outputs), leaky(Fashion.slope))
        forward = multi_step(net)
        return net, lambda x, code: forward(codes[code](x)).sum(0)

    return fashion_mnist(threads, code, int(epochs), make)


serve({
    "train-dense": train_dense, "train-conv": train_conv, "train-conv1d": train_conv1d, "train-batch-norm": train_batch_norm,
    **image_tasks(train_images),
    "train-recurrent": train_recurrent, "infer-batch": infer_batch, "fashion-mnist": fashion,
})
