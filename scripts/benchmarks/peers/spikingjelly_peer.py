"""SpikingJelly in its multi-step mode: each layer takes all steps at once."""

from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import nn

from serve import serve
from sizes import BETA, SLOPE, Conv, Dense
from torch_common import conv_batch, dense_batch, training, use_threads


def leaky():
    # SoftSign is this framework's name for the fast sigmoid. decay_input and v_reset make it the neuron of the others.
    return neuron.LIFNode(
        tau=1 / (1 - BETA), decay_input=False, v_reset=None, detach_reset=True,
        surrogate_function=surrogate.SoftSign(alpha=float(SLOPE)))


def task(net, batch):
    functional.set_step_mode(net, "m")

    def forward(x):
        functional.reset_net(net)
        return net(x).sum(0)

    return training(net, forward, batch)


def train_dense(threads):
    use_threads(threads)
    net = nn.Sequential(
        layer.Linear(Dense.inputs, Dense.hidden), leaky(), layer.Linear(Dense.hidden, Dense.outputs), leaky())
    return task(net, dense_batch())


def train_conv(threads):
    use_threads(threads)
    net = nn.Sequential(
        layer.Conv2d(Conv.channels, Conv.first, 3), leaky(), layer.MaxPool2d(2),
        layer.Conv2d(Conv.first, Conv.second, 3), leaky(), layer.MaxPool2d(2),
        layer.Flatten(), layer.Linear(Conv.flat, Conv.outputs), leaky())
    return task(net, conv_batch())


serve({"train-dense": train_dense, "train-conv": train_conv})
