"""The neuron's loop over time for PyTorch, in place, with a backward of its own, as fast as one writes it by hand."""

import torch

from sizes import BETA, SLOPE


class LifScan(torch.autograd.Function):
    """Spikes of leaky neurons [time, …] from their drive, which is overwritten by the potentials."""

    @staticmethod
    def forward(ctx, drive, slope=SLOPE):
        spikes = torch.empty_like(drive)
        v = torch.zeros_like(drive[0])
        for u, s in zip(drive, spikes):
            u.add_(v, alpha=BETA)
            torch.ge(u, 1.0, out=s)
            torch.sub(u, s, out=v)
        ctx.membrane, ctx.slope = drive, slope
        return spikes

    @staticmethod
    def backward(ctx, gradient):
        return drive_gradient(ctx.membrane, gradient, ctx.slope), None


class ConstantLifScan(torch.autograd.Function):
    """The same from a drive that is constant over time: it is there once, and so is its gradient."""

    @staticmethod
    def forward(ctx, drive, steps, slope=SLOPE):
        membrane = drive.new_empty(steps, *drive.shape)
        spikes = torch.empty_like(membrane)
        v = torch.zeros_like(drive)
        for u, s in zip(membrane, spikes):
            torch.add(drive, v, alpha=BETA, out=u)
            torch.ge(u, 1.0, out=s)
            torch.sub(u, s, out=v)
        ctx.membrane, ctx.slope = membrane, slope
        return spikes

    @staticmethod
    def backward(ctx, gradient):
        return drive_gradient(ctx.membrane, gradient, ctx.slope).sum(0), None, None


class RecurrentLifScan(torch.autograd.Function):
    """The same where each step's spikes also drive the next step through weights [neurons, neurons]."""

    @staticmethod
    def forward(ctx, drive, weight):
        spikes = torch.empty_like(drive)
        v = torch.zeros_like(drive[0])
        former = torch.zeros_like(v)
        for u, s in zip(drive, spikes):
            u.add_(v, alpha=BETA).addmm_(former, weight)
            torch.ge(u, 1.0, out=s)
            torch.sub(u, s, out=v)
            former = s
        ctx.membrane, ctx.spikes, ctx.weight = drive, spikes, weight
        return spikes

    @staticmethod
    def backward(ctx, gradient):
        result = ctx.membrane
        result.sub_(1.0).abs_().mul_(SLOPE).add_(1.0).square_().reciprocal_()
        back = ctx.weight.t()
        later = None
        for h, g in zip(reversed(result.unbind(0)), reversed(gradient.unbind(0))):
            if later is None:
                h.mul_(g)
            else:
                h.mul_(torch.addmm(g, later, back)).add_(later, alpha=BETA)
            later = h
        return result, ctx.spikes[:-1].flatten(0, 1).t() @ result[1:].flatten(0, 1)


def drive_gradient(membrane, gradient, slope):
    """The gradient of the drive; the potentials have served, and are overwritten by it."""
    later = None
    for h, g in zip(reversed(membrane.unbind(0)), reversed(gradient.unbind(0))):
        h.sub_(1.0).abs_().mul_(slope).add_(1.0).square_().reciprocal_().mul_(g)
        if later is not None:
            h.add_(later, alpha=BETA)
        later = h
    return membrane
