"""Fashion-MNIST from the files to the test accuracy: what all peers on PyTorch share beside their network and codes."""

import gzip
import math
import pathlib

import numpy
import torch

from sizes import Fashion
from torch_common import use_threads


def read(part):
    """Images [samples, features] between 0 and 1, in memory as one tensor, and labels."""
    folder = pathlib.Path(Fashion.folder)
    images = gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / f"{part}-labels-idx1-ubyte.gz").read_bytes())
    pixels = torch.from_numpy(numpy.frombuffer(images, numpy.uint8, offset=16).copy())
    classes = torch.from_numpy(numpy.frombuffer(labels, numpy.uint8, offset=8).astype(numpy.int64))
    return pixels.view(-1, Fashion.inputs).float().div_(255), classes


def hybrid(x, alpha=0.5, base=5.0):
    """Our hybrid code: a feature adds up its value, fires at base (1 - alpha x), and keeps what exceeds that."""
    # Sums of decimals reach their threshold in time, though 32 bits round them.
    threshold = torch.mul(x, -alpha * base).add_(base).mul_(1 - 1e-6)
    spikes = x.new_empty(Fashion.steps, *x.shape)
    v = torch.zeros_like(x)
    for s in spikes:
        torch.ge(v.add_(x), threshold, out=s)
        v.addcmul_(s, threshold, value=-1)
    return spikes


def course(step, steps):
    """Half a cosine from the whole learning rate to 5 % of it at the last step, as our schedule has it."""
    return 0.05 + 0.95 * (1 + math.cos(math.pi * step / max(1, steps - 1))) / 2


def fashion_mnist(threads, code, epochs, make):
    """Trains and tests, then answers any request with the test accuracy.

    `make()` gives the network's modules and a forward from images and the code's name to the output's spike counts.
    """
    use_threads(threads)
    (images, labels), test = read("train"), read("t10k")
    net, forward = make()
    optimizer = torch.optim.Adam(net.parameters(), lr=Fashion.rate, fused=True)
    criterion = torch.nn.CrossEntropyLoss()
    steps = epochs * math.ceil(len(images) / Fashion.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: course(step, steps))
    for _ in range(epochs):
        for chosen in torch.randperm(len(images)).split(Fashion.batch):
            optimizer.zero_grad(set_to_none=True)
            criterion(forward(images[chosen], code), labels[chosen]).backward()
            optimizer.step()
            schedule.step()
    with torch.inference_mode():
        pairs = zip(*(part.split(1000) for part in test))
        right = sum(int((forward(x, code).argmax(1) == y).sum()) for x, y in pairs)
    return lambda words: [right / len(test[1])]
