"""The peers' side of compare-layers: the same layers, weights and inputs as compare_layers.snn.

Reads the lines that the script printed from standard input, computes each of them with PyTorch, SpikingJelly or snnTorch, and
reports the largest difference of each layer relative to its largest number. Leaves with 1 when one is above 1e-4.
"""

import sys

import snntorch
import torch
from snntorch import surrogate as snn_surrogate
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import nn
from torch.nn.functional import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_max_pool1d, adaptive_max_pool2d
from torch.nn.functional import avg_pool1d, max_pool1d

TOLERANCE = 1e-4
torch.set_num_threads(1)


def numbers(count, start):
    return torch.tensor(
        [((k * 7919 + start * 104729 + k * k * 31) % 10007) / 10007 for k in range(count)], dtype=torch.float64
    ).to(torch.float32)


def filled(shape, start, scale=1.0):
    count = 1
    for size in shape:
        count *= size
    return ((numbers(count, start) - 0.5) * scale).reshape(shape)


def lif(threshold=1.0):
    return neuron.LIFNode(
        tau=2.0, decay_input=False, v_threshold=threshold, v_reset=None, detach_reset=True,
        surrogate_function=surrogate.ATan(alpha=2.0), step_mode="m")


def compared(name, x, parameters, forward):
    """The output, and the gradients of a weighted sum of it; a parameter is a tensor, or a pair with what turns its gradient."""
    x = x.clone().requires_grad_(True)
    leaves = {}
    for part, value in parameters.items():
        value, turn = value if isinstance(value, tuple) else (value, lambda g: g)
        leaves[part] = (value.detach().clone().requires_grad_(True) if not value.is_leaf or not value.requires_grad else value, turn)
    output = forward(x, **{part: leaf for part, (leaf, _) in leaves.items()})
    yield f"{name}/output", output
    (output * filled(output.shape, 97)).sum().backward()
    yield f"{name}/input", x.grad
    for part, (leaf, turn) in leaves.items():
        yield f"{name}/{part}", turn(leaf.grad)


def stepless(module, x):
    """A layer without time, on all steps at once."""
    output = module(x.flatten(0, 1))
    return output.reshape(x.shape[0], x.shape[1], *output.shape[1:])


def linear_layers():
    rows, images = filled([3, 2, 4, 12], 1, 2.0), filled([3, 2, 4, 7, 6], 2, 2.0)
    conv1d, conv2d = nn.functional.conv1d, nn.functional.conv2d

    def case(name, x, operation, weight, bias, **options):
        return compared(
            name, x, {"weight": weight, "bias": bias},
            lambda x, weight, bias: stepless(lambda y: operation(y, weight, bias, **options), x))

    yield from case("conv1d/plain", rows, conv1d, filled([6, 4, 3], 3), filled([6], 4), stride=2, padding=1)
    yield from case("conv1d/groups", rows, conv1d, filled([6, 2, 3], 5), filled([6], 6), padding=2, groups=2, dilation=2)
    yield from case("conv1d/dilated", rows, conv1d, filled([6, 4, 3], 7), filled([6], 8), dilation=4)
    yield from case("conv/depthwise", images, conv2d, filled([8, 1, 3, 3], 9), filled([8], 10), padding=1, groups=4)
    yield from case(
        "conv/dilated", images, conv2d, filled([5, 4, 3, 2], 11), filled([5], 12), stride=(1, 2), padding=2, dilation=2)
    yield from case(
        "conv_transpose/2d", images, nn.functional.conv_transpose2d, filled([4, 3, 3, 3], 13), filled([3], 14), stride=2, padding=1,
        output_padding=1)
    yield from case(
        "conv_transpose/1d", rows, nn.functional.conv_transpose1d, filled([4, 3, 4], 15), filled([3], 16), stride=3, padding=1)
    for kind, line, row, image in [
        ("average", avg_pool1d, adaptive_avg_pool1d, adaptive_avg_pool2d), ("max", max_pool1d, adaptive_max_pool1d, adaptive_max_pool2d)
    ]:
        for name, x, pool in [
            (f"pool1d/{kind}", rows, lambda y: line(y, 3, 2)), (f"adaptive_pool/2d_{kind}", images, lambda y: image(y, (3, 4))),
            (f"adaptive_pool/1d_{kind}", rows, lambda y: row(y, 5)), (f"global_pool/{kind}", images, lambda y: image(y, 1)),
        ]:
            yield from compared(name, x, {}, lambda x: stepless(pool, x))


def cells():
    series = filled([6, 3, 5], 20, 3.0)

    def case(name, gates, cell, run, units=4):
        width = units * gates
        given = [filled([5, width], 21, 1.5).T, filled([units, width], 22, 1.5).T, filled([width], 23), filled([width], 24)]
        leaves = [cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh]
        with torch.no_grad():
            for leaf, value in zip(leaves, given):
                leaf.copy_(value)
        parameters = {
            "weight": (leaves[0], lambda g: g.T), "recurrent": (leaves[1], lambda g: g.T), "bias": leaves[2],
            "recurrent_bias": leaves[3]}
        return compared(name, series, parameters, lambda x, **_: run(x))

    lstm = nn.LSTMCell(5, 4)

    def run_lstm(x):
        h = c = torch.zeros(3, 4)
        outputs = []
        for step in x:
            h, c = lstm(step, (h, c))
            outputs.append(h)
        return torch.stack(outputs)

    yield from case("cells/lstm", 4, lstm, run_lstm)
    gru = nn.GRUCell(5, 4)

    def run_gru(x):
        h = torch.zeros(3, 4)
        outputs = []
        for step in x:
            h = gru(step, h)
            outputs.append(h)
        return torch.stack(outputs)

    yield from case("cells/gru", 3, gru, run_gru)
    for reset in ["none", "subtract", "zero"]:
        # With another number of units than of inputs it forgets its states at each step: it compares the shape of the states
        # with that of the input (snnTorch 1.0.0, SLSTM.forward).
        cell = snntorch.SLSTM(5, 5, threshold=0.1, reset_mechanism=reset, spike_grad=snn_surrogate.atan(alpha=2.0))

        def run(x):
            syn, mem = torch.zeros(3, 5), torch.zeros(3, 5)
            outputs = []
            for step in x:
                spikes, syn, mem = cell(step, syn, mem)
                outputs.append(spikes)
            return torch.stack(outputs)

        yield from case(f"cells/slstm_{reset}", 4, cell.lstm_cell, run, units=5)


def parallel_neurons():
    series = filled([6, 3, 5], 20, 3.0)
    atan = surrogate.ATan(alpha=2.0)

    def case(name, node, weight, bias):
        with torch.no_grad():
            node.weight.copy_(weight)
            node.bias.copy_(bias)
        turn = lambda g: g.reshape(-1)
        return compared(name, series, {"weight": (node.weight, turn), "bias": (node.bias, turn)}, lambda x, **_: node(x))

    square = filled([6, 6], 25, 2.0), filled([6, 1], 26)
    yield from case("psn/psn", neuron.PSN(6, surrogate_function=atan), *square)
    masked = neuron.MaskedPSN(k=3, T=6, lambda_init=0.75, surrogate_function=atan, step_mode="m")
    yield from case("psn/masked", masked, *square)
    sliding = neuron.SlidingPSN(k=3, surrogate_function=atan, step_mode="m")
    yield from case("psn/sliding", sliding, filled([3], 27, 2.0), torch.tensor(-0.3))


def branches():
    events = (filled([5, 2, 4, 6, 6], 30) > 0.1).float()

    def branch(x, weight, **options):
        return lif()(stepless(lambda y: nn.functional.conv2d(y, weight, **options), x))

    joins = {"add": lambda a, x: a + x, "and": lambda a, x: a * x, "iand": lambda a, x: x * (1 - a)}
    for kind, join in joins.items():
        yield from compared(
            f"sew/{kind}", events, {"weight": filled([4, 4, 3, 3], 31, 0.8)}, lambda x, weight: join(branch(x, weight, padding=1), x))
    yield from compared(
        "sew/projection", events, {"weight": filled([3, 4, 3, 3], 32, 0.8), "shortcut": filled([3, 4, 1, 1], 33, 2.0)},
        lambda x, weight, shortcut: branch(x, weight, stride=2, padding=1) + branch(x, shortcut, stride=2))
    yield from compared(
        "branches/concat", events, {"a": filled([4, 4, 3, 3], 34, 0.8), "b": filled([4, 4, 3, 3], 35, 0.8)},
        lambda x, a, b: torch.cat([branch(x, a, padding=1), branch(x, b, padding=1), x], dim=2))

    def recurrent(x, weight, recurrent):
        cell, outputs, back = lif(), [], 0
        cell.step_mode = "s"
        for step in x:
            outputs.append(cell(nn.functional.conv2d(step, weight, padding=1) + back))
            back = nn.functional.conv2d(outputs[-1], recurrent, padding=1)
        return torch.stack(outputs)

    yield from compared(
        "recurrent/convolution", events, {"weight": filled([4, 4, 3, 3], 36, 0.8), "recurrent": filled([4, 4, 3, 3], 37, 0.8)}, recurrent)


def attention():
    tokens = (filled([4, 3, 8, 9], 40) > -0.1).float()
    ssa = layer.SpikingSelfAttention(8, num_heads=2)
    ssa.qkv_lif, ssa.attn_lif, ssa.proj_lif = lif(0.3), lif(0.2), lif(0.3)
    weights = [filled([8, 8, 1], start, 1.5) for start in (41, 42, 43, 44)]
    maps = dict(ssa.qkv_conv_bn.named_parameters()), dict(ssa.proj_conv_bn.named_parameters())
    joint = next(value for name, value in maps[0].items() if value.dim() == 3)
    scale = next(value for name, value in maps[0].items() if value.dim() == 1 and name.endswith("weight"))
    projection = next(value for name, value in maps[1].items() if value.dim() == 3)
    with torch.no_grad():
        joint.copy_(torch.cat(weights[:3]))
        projection.copy_(weights[3])

    def forward(x, **_):
        functional.reset_net(ssa)
        return ssa(x)

    x = tokens.clone().requires_grad_(True)
    output = forward(x)
    yield "attention/ssa/output", output
    (output * filled(output.shape, 97)).sum().backward()
    yield "attention/ssa/input", x.grad
    for index, name in enumerate(["query", "key", "value"]):
        yield f"attention/ssa/{name}", joint.grad[8 * index:8 * index + 8]
    yield "attention/ssa/projection", projection.grad
    yield "attention/ssa/scale", scale.grad[:8]

    # Spike-driven attention alone, without what stands before and behind it in a block.
    driven = layer.SpikeDrivenSelfAttention(8, num_heads=2)
    driven.shortcut_lif = driven.proj_conv = driven.proj_bn = nn.Identity()
    driven.q_lif, driven.k_lif, driven.v_lif, driven.attn_lif = lif(0.3), lif(0.3), lif(0.3), lif(0.3)
    leaves = {"query": driven.q_conv.weight, "key": driven.k_conv.weight, "value": driven.v_conv.weight}
    with torch.no_grad():
        for leaf, value in zip(leaves.values(), weights):
            leaf.copy_(value[..., None])

    def sdsa(x, **_):
        functional.reset_net(driven)
        return driven(x.reshape(4, 3, 8, 3, 3)).reshape(x.shape) - x

    yield from compared("attention/sdsa", tokens, leaves, sdsa)


def main():
    ours = {}
    for line in sys.stdin:
        name, *values = line.split()
        ours[name] = [float(value) for value in values]
    worst, wrong = {}, 0
    for side in [linear_layers, cells, parallel_neurons, branches, attention]:
        for name, values in side():
            theirs = values.detach().flatten().tolist()
            mine = ours.get(name)
            if mine is None or len(mine) != len(theirs):
                print(f"{name}: {len(theirs)} numbers from the peer, {len(mine or [])} from snn")
                wrong = 1
                continue
            scale = max(abs(value) for value in theirs) or 1.0
            difference = max(abs(a - b) for a, b in zip(mine, theirs)) / scale
            group = name.rsplit("/", 1)[0]
            if not difference <= worst.get(group, (0, ""))[0]:
                worst[group] = (difference, name)
            worst.setdefault(group, (difference, name))
    for group, (difference, name) in worst.items():
        print(f"{group:<28} {difference:.1e}{'' if difference <= TOLERANCE else '  too large: ' + name}")
    if not worst:
        return 1
    largest = max(difference for difference, _ in worst.values())
    print(f"largest relative difference: {largest:.1e} (allowed {TOLERANCE:.0e})")
    return 0 if largest <= TOLERANCE and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
