"""SANA-FE's side of compare-sanafe: runs the networks and the mappings that compare_sanafe.snn printed.

Builds an architecture with our chip's figures and networks with our weights, simulates every sample on a fresh chip, and
prints what both sides count. Leaves with 1 when an event count differs, an energy by more than 0.1 %, or the time of its
simple timing model by more than 1 %.
"""

import contextlib
import io
import os
import sys
import tempfile

import sanafe

ENERGY, TIME = 0.001, 0.01
# Our counts are means of 32-bit rates: exact to their precision.
COUNT = 1e-5
# Our figure for a synapse of each kind.
KINDS = {"dense": "synaptic_operation", "sparse": "sparse_operation", "conv": "convolution_operation"}


def read(path):
    """What compare_sanafe.snn printed: the chip, and the networks with their mappings."""
    chip = {"energy": {}, "time": {}, "barrier": {}}
    networks = []
    for line in open(path, encoding="utf-8"):
        kind, *rest = line.split()
        net = networks[-1] if networks else None
        if kind == "chip":
            chip["samples"], chip["steps"], chip["columns"], chip["rows"], chip["cores"] = map(int, rest)
        elif kind in ("energy", "time"):
            chip[kind][rest[0]] = float(rest[1])
        elif kind == "barrier":
            chip["barrier"][int(rest[0])] = float(rest[1])
        elif kind == "network":
            networks.append({"name": rest[0], "leak": float(rest[2]), "threshold": float(rest[3]),
                             "sizes": [int(rest[1])], "kinds": [None], "layers": [None], "edges": [],
                             "position": 0, "input": {}, "mappings": []})
        elif kind == "dense":
            add_dense(net, int(rest[0]), int(rest[1]), rest[2], [float(x) for x in rest[3:]])
        elif kind == "conv":
            add_convolution(net, [int(x) for x in rest[:4]], rest[4], [float(x) for x in rest[5:]])
        elif kind == "recurrent":
            add_recurrence(net, int(rest[0]), [float(x) for x in rest[2:]])
        elif kind == "input":
            net["input"][int(rest[0]), int(rest[1])] = [int(x) for x in rest[2:]]
        elif kind == "mapping":
            net["mappings"].append({"strategy": rest[0], "slices": [], "ours": {}})
        elif kind == "slice":
            column, row, slot, layer = (int(x) for x in rest[:4])
            net["mappings"][-1]["slices"].append((column, row, slot, layer, [int(x) for x in rest[4:]]))
        elif kind == "ours":
            net["mappings"][-1]["ours"][rest[0]] = float(rest[1])
    return chip, networks


def add_dense(net, inputs, outputs, kind, weights):
    source = len(net["sizes"]) - 1
    net["sizes"].append(outputs)
    net["kinds"].append(kind)
    for i in range(inputs):
        for j in range(outputs):
            # A synapse of weight 0 is not there.
            if weights[i * outputs + j] != 0:
                net["edges"].append((source, i, source + 1, j, weights[i * outputs + j]))


def add_convolution(net, shape, kind, weights):
    """Stride 2 and padding 1, as in compare_sanafe.snn."""
    channels, inputs, height, width = shape
    side = round((net["sizes"][-1] / inputs) ** 0.5)
    out = (side + 2 - height) // 2 + 1
    source = len(net["sizes"]) - 1
    net["sizes"].append(channels * out * out)
    net["kinds"].append(kind)
    for o in range(channels):
        for y in range(out):
            for x in range(out):
                for c in range(inputs):
                    for dy in range(height):
                        for dx in range(width):
                            row, column = 2 * y - 1 + dy, 2 * x - 1 + dx
                            weight = weights[((o * inputs + c) * height + dy) * width + dx]
                            if 0 <= row < side and 0 <= column < side and weight != 0:
                                net["edges"].append((source, (c * side + row) * side + column, source + 1,
                                                     (o * out + y) * out + x, weight))


def add_recurrence(net, neurons, weights):
    here = len(net["sizes"]) - 1
    for i in range(neurons):
        for j in range(neurons):
            if weights[i * neurons + j] != 0:
                net["edges"].append((here, i, here, j, weights[i * neurons + j]))


def unit(name, **attributes):
    text = ", ".join(f"{key}: {value}" for key, value in attributes.items())
    return f"{{name: {name}, attributes: {{{text}}}}}"


def core(name, joules, seconds, soma):
    """One core: the units of a spike's way through it, with their costs."""
    synapses = ", ".join(
        unit(kind, model="current_based", energy_process_spike=joules[figure], latency_process_spike=seconds[figure])
        for kind, figure in KINDS.items())
    return f"""
        - name: {name}
          attributes: {{buffer_position: soma, max_neurons_supported: 1024}}
          axon_in: [{unit("in", energy_message_in=joules["axon_in"], latency_message_in=seconds["axon_in"])}]
          synapse: [{synapses}]
          dendrite: [{unit("den", model="accumulator", energy_update=0.0, latency_update=0.0)}]
          soma: [{soma}]
          axon_out: [{unit("out", energy_message_out=joules["axon_out"], latency_message_out=seconds["axon_out"])}]"""


def barrier(chip, tiles):
    """On a straight line between the printed numbers of tiles, as we take it."""
    points = sorted(chip["barrier"].items())
    if tiles <= points[0][0]:
        return points[0][1]
    for (low, first), (high, second) in zip(points, points[1:]):
        if tiles <= high:
            return first + (tiles - low) / (high - low) * (second - first)
    return points[-1][1]


def architecture(chip, net, mapping):
    joules, seconds = chip["energy"], chip["time"]
    nothing = {key: 0.0 for key in joules}
    source = unit(f'"inputs[0..{net["sizes"][0] - 1}]"', model="input", energy_access_neuron=0.0,
                  latency_access_neuron=0.0, energy_update_neuron=0.0, latency_update_neuron=0.0, energy_spike_out=0.0,
                  latency_spike_out=0.0)
    soma = unit("lif", model="leaky_integrate_fire", energy_access_neuron=joules["neuron_update"],
                latency_access_neuron=seconds["neuron_update"], energy_update_neuron=joules["active_update"],
                latency_update_neuron=seconds["active_update"], energy_spike_out=joules["spike"],
                latency_spike_out=seconds["spike"])
    hops = ", ".join(
        f"energy_{way}_hop: {joules[hop]}, latency_{way}_hop: {seconds[hop]}"
        for way, hop in [("north", "hop_vertical"), ("south", "hop_vertical"), ("east", "hop_horizontal"),
                         ("west", "hop_horizontal")])
    sync = barrier(chip, len({s[:2] for s in mapping["slices"]}))
    # The input enters at the first tile: a core of its own there, whose events cost nothing, stands for that port.
    return f"""
architecture:
  name: small
  attributes: {{topology: mesh, width: {chip["columns"]}, height: {chip["rows"]}, link_buffer_size: 16, sync_model: fixed, latency_sync: {sync}}}
  tile:
    - name: tile[0..{chip["columns"] * chip["rows"] - 1}]
      attributes: {{{hops}}}
      core:{core(f"core[0..{chip['cores'] - 1}]", joules, seconds, soma)}{core("port", nothing, nothing, source)}
"""


def network(chip, net, mapping, sample):
    lines = ["network:", "  name: compared", "  groups:", "    - name: p0", "      neurons:"]
    for k in range(net["sizes"][0]):
        lines.append(f'        - {k}: {{soma_hw_name: "inputs[{k}]", spikes: {net["input"][sample, k]}}}')
    for group, (size, kind) in enumerate(zip(net["sizes"], net["kinds"])):
        if group:
            lines += [f"    - name: p{group}",
                      f"      attributes: {{soma_hw_name: lif, synapse_hw_name: {kind}, threshold: {net['threshold']}, "
                      f"reset: 0.0, reset_mode: hard, leak_decay: {net['leak']}}}",
                      "      neurons:", f"        - 0..{size - 1}: {{}}"]
    lines.append("  edges:")
    lines += [f"    - p{a}.{i} -> p{b}.{j}: [weight: {weight}]" for a, i, b, j, weight in net["edges"]]
    lines.append("mappings:")
    lines.append(f"  - p0.0..{net['sizes'][0] - 1}: [core: 0.{chip['cores']}]")
    # Layers of neurons in the order of their positions are the groups in theirs.
    groups = {layer: group + 1 for group, layer in enumerate(sorted({s[3] for s in mapping["slices"]}))}
    for column, row, slot, layer, neurons in mapping["slices"]:
        # SANA-FE numbers tiles column by column.
        for neuron in neurons:
            lines.append(f"  - p{groups[layer]}.{neuron}: [core: {column * chip['rows'] + row}.{slot}]")
    return "\n".join(lines) + "\n"


def simulate(chip, net, mapping, sample, folder):
    paths = [os.path.join(folder, name) for name in ("architecture.yaml", "network.yaml")]
    for path, text in zip(paths, (architecture(chip, net, mapping), network(chip, net, mapping, sample))):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    with contextlib.redirect_stdout(io.StringIO()):
        arch = sanafe.load_arch(paths[0])
        loaded = sanafe.load_net(paths[1], arch)
        # A chip that has run once keeps its state: each sample has its own.
        simulator = sanafe.SpikingChip(arch)
        simulator.load(loaded)
        return simulator.sim(chip["steps"], timing_model="simple")


def compare(chip, net, mapping, folder):
    samples = chip["samples"]
    results = [simulate(chip, net, mapping, sample, folder) for sample in range(samples)]
    ours, joules = mapping["ours"], chip["energy"]
    input_spikes = sum(sum(spikes) for spikes in net["input"].values())

    def mean(value):
        return sum(value(result) for result in results) / samples

    fired = mean(lambda r: r["neurons_fired"]) - input_spikes / samples
    parts = {
        "synaptic_operations": mean(lambda r: r["energy"]["synapse"]),
        "updates": mean(lambda r: r["energy"]["soma"]) - fired * joules["spike"],
        "spikes": fired * joules["spike"],
        "hops": mean(lambda r: r["energy"]["network"]),
    }
    rows = [
        ("synaptic operations", ours["operations"], mean(lambda r: r["spikes"]), COUNT),
        ("spikes of neurons", ours["spikes"] / joules["spike"], fired, COUNT),
    ]
    rows += [(f"energy of {name.replace('_', ' ')}, nJ", ours[name] * 1e9, value * 1e9, ENERGY)
             for name, value in parts.items()]
    total = sum(ours[name] for name in parts)
    rows.append(("energy of all events, nJ", total * 1e9, mean(lambda r: r["energy"]["total"]) * 1e9, ENERGY))
    rows.append(("time, us", ours["latency"] * 1e6, mean(lambda r: r["sim_time"]) * 1e6, TIME))
    rows.append(("  that of mean steps, us", ours["mean_load_latency"] * 1e6, mean(lambda r: r["sim_time"]) * 1e6, None))

    print(f"\n{net['name']}, {mapping['strategy']}: {len({s[:3] for s in mapping['slices']})} cores, {samples} samples of "
          f"{chip['steps']} steps; figures of an inference")
    print(f"{'':<34}{'ours':>14}{'SANA-FE':>14}{'difference':>12}")
    failed = fired == 0
    for name, own, other, tolerance in rows:
        difference = abs(own - other) / max(abs(other), 1e-30)
        is_wrong = tolerance is not None and difference > tolerance
        failed |= is_wrong
        print(f"{name:<34}{own:>14.3f}{other:>14.3f}{difference:>11.3%}{'  DIFFERS' if is_wrong else ''}")
    return failed


def main():
    chip, networks = read(sys.argv[1])
    failed = len(networks) < 5
    with tempfile.TemporaryDirectory() as folder:
        for net in networks:
            for mapping in net["mappings"]:
                failed |= compare(chip, net, mapping, folder)
    print("\nthey differ" if failed else "\nthey agree: counts exactly, energies to 0.1 %, times to 1 %")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
