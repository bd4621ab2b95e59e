"""snnTorch as its documentation writes it: a loop over time, one call of each layer a step."""

import snntorch
import torch
from snntorch import surrogate
from torch import nn

from serve import serve
from sizes import BETA, SLOPE, Conv, Dense
from torch_common import conv_batch, dense_batch, training, use_threads


def leaky():
    return snntorch.Leaky(beta=BETA, spike_grad=surrogate.fast_sigmoid(slope=SLOPE))


def stepwise(stages, cells):
    """A forward that runs stages, each followed by its cell, over all steps, and counts the last one's spikes."""

    def forward(x):
        states = [cell.init_leaky() for cell in cells]
        outputs = []
        for spikes in x:
            for index, (stage, cell) in enumerate(zip(stages, cells)):
                spikes, states[index] = cell(stage(spikes), states[index])
            outputs.append(spikes)
        return torch.stack(outputs).sum(0)

    return forward


def train_dense(threads):
    use_threads(threads)
    stages = nn.ModuleList([nn.Linear(Dense.inputs, Dense.hidden), nn.Linear(Dense.hidden, Dense.outputs)])
    return training(stages, stepwise(stages, [leaky(), leaky()]), dense_batch())


def train_conv(threads):
    use_threads(threads)
    stages = nn.ModuleList([
        nn.Conv2d(Conv.channels, Conv.first, 3),
        nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(Conv.first, Conv.second, 3)),
        nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(Conv.flat, Conv.outputs)),
    ])
    return training(stages, stepwise(stages, [leaky(), leaky(), leaky()]), conv_batch())


serve({"train-dense": train_dense, "train-conv": train_conv})
