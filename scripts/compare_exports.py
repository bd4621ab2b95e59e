"""Runs the files that compare_exports.snn wrote, from the descriptions of lava-dl and RANC alone."""

import glob
import json
import os
import sys

import h5py
import numpy as np

folder = sys.argv[1]
failed = False


def text(value):
    value = value[()] if value.shape == () else value[0]
    return value.decode("ascii") if isinstance(value, bytes) else value


def weighted(block, spikes):
    """What a block's weights make of one step of spikes."""
    weight = block["weight"][()].astype(np.int64)
    if text(block["type"]) == "dense":
        return weight @ spikes.reshape(-1)
    (ty, tx), (py, px) = block["stride"][()], block["padding"][()]
    padded = np.pad(spikes, ((0, 0), (py, py), (px, px)))
    _, height, width = block["shape"][()]
    out = np.zeros((weight.shape[0], height, width), dtype=np.int64)
    for y in range(height):
        for x in range(width):
            part = padded[:, y * ty : y * ty + weight.shape[2], x * tx : x * tx + weight.shape[3]]
            out[:, y, x] = np.tensordot(weight, part, axes=3)
    return out


def lava(path, x):
    """Bit-accurate neurons of Lava: shares of 4096ths towards zero, weights and offsets six bits up."""
    with h5py.File(path) as file:
        blocks = [file[f"layer/{k}"] for k in range(len(file["layer"]))]
        states = [None] * len(blocks)
        rows = []
        for step in x:
            spikes = step[0].astype(np.int64)
            for k, block in enumerate(blocks):
                if text(block["type"]) == "flatten":
                    spikes = spikes.reshape(-1)
                    continue
                drive = weighted(block, spikes) << 6
                if "bias" in block:
                    offset = block["bias"][()].astype(np.int64) << 6
                    drive = drive + offset.reshape((-1,) + (1,) * (drive.ndim - 1))
                u, v = states[k] if states[k] is not None else (np.zeros_like(drive), np.zeros_like(drive))
                neuron = block["neuron"]
                share = 4096 - int(neuron["iDecay"][()])
                u = np.sign(u) * ((np.abs(u) * share) >> 12) + drive
                share = 4096 - int(neuron["vDecay"][()])
                v = np.clip(np.sign(v) * ((np.abs(v) * share) >> 12) + u, -(2**23) + 1, 2**23 - 1)
                spikes = (v > int(neuron["vThMant"][()]) << 6).astype(np.int64)
                states[k] = (u, np.where(spikes == 1, 0, v))
            rows.append(spikes.reshape(-1))
        return np.stack(rows)


def ranc(path, ticks):
    """Cores that run one after the other, and packets that a later tick finds in their slots."""
    with open(path, encoding="utf-8") as file:
        told = json.load(file)
    with open(path.replace(".json", ".config.json"), encoding="utf-8") as file:
        config = json.load(file)
    bus = tuple(told["output_bus"]["coordinates"])
    cores = {}
    for core in told["cores"]:
        place = tuple(core["coordinates"])
        assert place not in cores and place != bus, "two components in one place"
        assert place[0] < config["num_cores_x"] and place[1] < config["num_cores_y"]
        assert len(core["axons"]) <= config["num_axons"] and len(core["neurons"]) <= config["num_neurons"]
        assert all(0 <= kind < config["num_weights"] for kind in core["axons"])
        weights = np.array([neuron["weights"] for neuron in core["neurons"]])
        cores[place] = {
            # For each neuron and axon, what a spike adds.
            "matrix": np.array(core["connections"]) * weights[:, core["axons"]], "neurons": core["neurons"],
            "v": np.array([neuron["current_potential"] for neuron in core["neurons"]]),
            "slots": np.zeros((config["max_tick_offset"] + 1, len(core["axons"])), dtype=bool),
        }
    slots = config["max_tick_offset"] + 1
    rows, lost = [], 0
    for tick in range(ticks):
        for packet in told["packets"][tick] if tick < len(told["packets"]) else []:
            target = cores[tuple(packet["destination_core"])]["slots"]
            target[(tick + packet["destination_tick"]) % slots, packet["destination_axon"]] = True
        row, sent = np.zeros(told["output_bus"]["num_outputs"]), []
        for place, core in cores.items():
            heard = core["slots"][tick % slots].copy()
            core["slots"][tick % slots] = False
            core["v"] = core["v"] + core["matrix"] @ heard
            for k, neuron in enumerate(core["neurons"]):
                v = core["v"][k] + neuron["leak"]
                if v >= neuron["positive_threshold"]:
                    v = neuron["reset_potential"] if neuron["reset_mode"] == 0 else v - neuron["positive_threshold"]
                    to = (place[0] + neuron["destination_core_offset"][0], place[1] + neuron["destination_core_offset"][1])
                    if to == bus:
                        row[neuron["destination_axon"]] += 1
                    else:
                        sent.append((to, neuron["destination_axon"], tick + 1 + neuron["destination_tick"]))
                elif v < neuron["negative_threshold"]:
                    v = -neuron["reset_potential"] if neuron["reset_mode"] == 0 else v - neuron["negative_threshold"]
                core["v"][k] = v
        for to, axon, at in sent:
            slot = cores[to]["slots"]
            lost += bool(slot[at % slots, axon])
            slot[at % slots, axon] = True
        rows.append(row)
    return np.stack(rows), len(cores), lost


for path in sorted(glob.glob(f"{folder}/*.net")):
    name = os.path.basename(path)[:-4]
    x, here = np.load(f"{folder}/{name}.x.npy"), np.load(f"{folder}/{name}.out.npy")
    there = lava(path, x)
    wrong = int((there != here.reshape(there.shape)).sum())
    failed |= wrong > 0 or here.sum() == 0
    print(f"lava-dl, {name}: {int(there.sum())} spikes, {wrong} differ")
for path in sorted(glob.glob(f"{folder}/*.ranc.json")):
    name = os.path.basename(path)[: -len(".ranc.json")]
    here = np.load(f"{folder}/{name}.out.npy")[:, 0]
    depth = {"two": 2, "three": 3, "loop": 2}[name[:-1]]
    there, cores, lost = ranc(path, len(here) + depth - 1)
    wrong = int((there[depth - 1 :] != here).sum())
    failed |= wrong > 0 or here.sum() == 0 or lost > 0
    print(f"RANC, {name}: {cores} cores, {int(there.sum())} spikes, {wrong} differ, {lost} packets lost")
sys.exit(1 if failed else 0)
