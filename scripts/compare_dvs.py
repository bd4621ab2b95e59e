"""SANA-FE's challenge of a network for gestures on Loihi: `export FOLDER` writes the network that its package has,
`judge FOLDER LIMIT` checks every limit of a core and simulates our mapping with SANA-FE, in both of its models of time."""

import contextlib
import io
import json
import sys
from importlib.resources import files

import numpy as np
import sanafe
from sanafe import layers, tutorial

STEPS = 1000
# The published number of spikes: another one would be another network.
FIRED = 365277
LIMITS = {"neurons": 1024, "bytes of synapses": 128 * 1024, "axons in": 4096, "axons out": 4096}


def export(folder):
    a = np.load(tutorial.get_dvs_data())
    potential, rows = np.zeros(1024), []
    for _ in range(200):
        potential += a["inputs"]
        fired = potential > a["thresholds"][0]
        potential[fired] = 0
        rows.append(fired.astype(np.float32))
    # Image axes as ours are: theirs have the first axis of an image run slowest too, and the channels last.
    dense = a["dense1"].reshape(9, 9, 11, 11).transpose(2, 0, 1, 3).reshape(891, 11)
    np.savez(
        f"{folder}/network.npz", **{k: a[k].astype(np.float32) for k in ("conv1", "conv2", "conv3", "conv4")},
        dense=dense.astype(np.float32), thresholds=a["thresholds"].astype(np.float32), spikes=np.stack(rows))


def network():
    a = np.load(tutorial.get_dvs_data())
    thresholds, snn = a["thresholds"], sanafe.Network()
    row = [layers.Input2D(snn, 32, 32, threshold=thresholds[0])]
    for number, stride in [(1, 2), (2, 1), (3, 1), (4, 1)]:
        row.append(layers.Conv2D(
            snn, row[-1], a[f"conv{number}"], stride_width=stride, stride_height=stride, threshold=thresholds[number]))
    row.append(layers.Dense(snn, row[-1], 11, a["dense1"], threshold=thresholds[5]))
    for neuron, bias in zip(row[0], a["inputs"]):
        neuron.set_attributes(model_attributes={"bias": bias})
    return snn, row


def place(mapping):
    """The core of each neuron of each layer, in SANA-FE's order of neurons; the input goes to what is free."""
    sizes = [(32, 32, 1), (15, 15, 16), (13, 13, 32), (11, 11, 64), (9, 9, 11), (1, 1, 11)]
    where = [np.full(height * width * channels, -1) for height, width, channels in sizes]
    for core in mapping:
        number = core["tile"] * 4 + core["slot"]
        for part in core["layers"]:
            # "lif 1", "lif 3" and so on are layers of our network; a spike count is none.
            layer = {1: 1, 3: 2, 5: 3, 7: 4, 10: 5}[int(part["layer"].split()[-1])]
            height, width, channels = sizes[layer]
            for neuron in part["numbers"]:
                channel, pixel = divmod(neuron, height * width)
                where[layer][pixel * channels + channel] = number
    used = {int(core) for layer in where[1:] for core in layer}
    free = [core for core in range(128) if core not in used]
    # The tiles nearest to the middle of what hears the input.
    heard = sorted({int(core) // 4 for core in where[1]})
    middle = heard[len(heard) // 2]
    free.sort(key=lambda core: abs(core // 4 % 8 - middle % 8) + abs(core // 32 - middle // 8))
    parts = free[: min(4, len(free))]
    for neuron in range(1024):
        where[0][neuron] = parts[neuron * len(parts) // 1024]
    assert all((layer >= 0).all() for layer in where), "a neuron has no core"
    return where


def sources(layer):
    """Pairs of a neuron and one that it hears, in SANA-FE's order."""
    sizes = [(32, 1), (15, 16), (13, 32), (11, 64), (9, 11)]
    if layer == 5:
        return [(target, np.arange(891)) for target in range(11)]
    (before, inputs), (after, outputs) = sizes[layer - 1], sizes[layer]
    stride, pairs = (2 if layer == 1 else 1), []
    for y in range(after):
        for x in range(after):
            heard = np.concatenate([
                ((y * stride + dy) * before + x * stride + dx) * inputs + np.arange(inputs) for dy in range(3) for dx in range(3)])
            pairs += [((y * after + x) * outputs + channel, heard) for channel in range(outputs)]
    return pairs


def needs(where):
    need = {name: np.zeros(128, dtype=int) for name in LIMITS}
    for layer in where:
        np.add.at(need["neurons"], layer, 1)
    for layer in range(1, 6):
        reached = np.zeros((128, len(where[layer - 1])), dtype=bool)
        for target, heard in sources(layer):
            core = where[layer][target]
            need["bytes of synapses"][core] += len(heard)
            reached[core, heard] = True
        need["axons in"] += reached.sum(1)
        for neuron, count in enumerate(reached.sum(0)):
            need["axons out"][where[layer - 1][neuron]] += count
    return need


def judge(folder, limit):
    where = place(json.load(open(f"{folder}/mapping.json", encoding="utf-8")))
    failed = False
    for name, need in needs(where).items():
        broken = int(need.max()) > LIMITS[name]
        failed |= broken
        print(f"  {name:18} {int(need.max()):7} at most in a core of {LIMITS[name]}{'  BROKEN' if broken else ''}")
    for timing in ("simple", "detailed"):
        with contextlib.redirect_stdout(io.StringIO()):
            arch = sanafe.load_arch(str(files("sanafe.examples").joinpath("loihi.yaml")))
            snn, row = network()
            cores = arch.cores()
            for layer, places in zip(row, where):
                for neuron, core in zip(layer, places):
                    neuron.map_to_core(cores[core])
            chip = sanafe.SpikingChip(arch)
            chip.load(snn)
            result = chip.sim(STEPS, timing_model=timing)
        energy, time = result["energy"]["total"], result["sim_time"]
        wrong = result["neurons_fired"] != FIRED or energy * time >= limit
        failed |= wrong
        print(
            f"  {timing:9} {result['neurons_fired']} spikes, {energy * 1e3:.3f} mJ in {time * 1e3:.2f} ms: "
            f"{energy * time:.3g} J s, and {limit:.3g} is to be beaten{'  NOT' if wrong else ''}")
    print("the mapping is legal and better" if not failed else "the mapping is not what it should be")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    if sys.argv[1] == "export":
        export(sys.argv[2])
    else:
        judge(sys.argv[2], float(sys.argv[3]))
