"""What the peers on PyTorch share: threads, data, the loss and one step of training."""

import ctypes

import torch

from serve import repeated
from sizes import Conv, Dense

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
