"""What the peers on PyTorch share: threads, data, the loss and one step of training."""

import ctypes

import torch

from serve import repeated, timed
from sizes import Conv, Deep, Dense, Recurrent, Rgb, Rows

# Settings of glibc's allocator.
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def use_threads(threads):
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    torch.manual_seed(1)
    # Denormal numbers are slow: whoever tunes for speed sets this.
    torch.set_flush_denormal(True)
    # So is memory that goes back to the system and comes again page by page in each iteration: it is kept.
    libc = ctypes.CDLL(None)
    libc.mallopt(M_MMAP_MAX, 0)
    libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def dense_batch():
    """Spikes [time, batch, features] as floats, and labels."""
    spikes = (torch.rand(Dense.steps, Dense.batch, Dense.inputs) < Dense.density).float()
    return spikes, torch.arange(Dense.batch) % Dense.outputs


def conv_batch():
    spikes = (torch.rand(Conv.steps, Conv.batch, Conv.channels, Conv.side, Conv.side) < Conv.density).float()
    return spikes, torch.arange(Conv.batch) % Conv.outputs


def row_batch():
    spikes = (torch.rand(Rows.steps, Rows.batch, Rows.channels, Rows.length) < Rows.density).float()
    return spikes, torch.arange(Rows.batch) % Rows.outputs


def image_batch(sizes, code):
    """Images [batch, channels, height, width] as they are, or spikes [time, batch, …] of a rate code, and labels."""
    shape = (sizes.batch, sizes.channels, sizes.side, sizes.side)
    images = torch.rand(shape) if code == "direct" else (torch.rand(sizes.steps, *shape) < sizes.density).float()
    return images, torch.arange(sizes.batch) % sizes.outputs


def rgb_convs():
    """The convolutions, each with whether a pool follows its neurons."""
    first = torch.nn.Conv2d(Rgb.channels, Rgb.first, 3, padding=1)
    return [(first, True), (torch.nn.Conv2d(Rgb.first, Rgb.second, 3, padding=1), True)]


def deep_convs():
    before = [Deep.channels, *Deep.widths]
    return [
        (torch.nn.Conv2d(inputs, outputs, 3, padding=1), index % 2 == 1)
        for index, (inputs, outputs) in enumerate(zip(before, Deep.widths))]


def recurrent_batch():
    spikes = (torch.rand(Recurrent.steps, Recurrent.batch, Recurrent.inputs) < Recurrent.density).float()
    return spikes, torch.arange(Recurrent.batch) % Recurrent.outputs


def image_tasks(train_images):
    """The tasks of networks of images, from how a framework makes one of given sizes, code and convolutions."""

    def task(sizes, convs):
        def train(threads, code):
            use_threads(threads)
            return train_images(sizes, code, convs())

        return train

    return {"train-rgb": task(Rgb, rgb_convs), "train-deep": task(Deep, deep_convs)}


def training(net, forward, batch):
    """One iteration is forward, backward and update on the same batch. `forward` gives the output's spike counts."""
    spikes, labels = batch
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    criterion = torch.nn.CrossEntropyLoss()

    def iteration():
        optimizer.zero_grad(set_to_none=True)
        criterion(forward(spikes), labels).backward()
        optimizer.step()

    return repeated(iteration)


def batches(forward):
    """Inference, a task whose request is `run CODE BATCH REPEATS`; the direct code's input has no time."""
    inputs = {}

    def answer(words):
        key = (words[1], words[2])
        if key not in inputs:
            inputs.clear()
            shape = (int(words[2]), Dense.inputs)
            steps = (Dense.steps, *shape)
            inputs[key] = torch.rand(shape) if words[1] == "direct" else (torch.rand(steps) < Dense.density).float()
        x = inputs[key]
        with torch.inference_mode():
            forward(x)
            return timed(words[3], lambda: forward(x))

    return answer
