"""SANA-FE's side of compare-sanafe: runs the network and the mappings that compare_sanafe.snn printed.

Builds an architecture with our chip's figures and a network with our weights, simulates every sample on a fresh chip,
and prints what both sides count. Leaves with 1 when an event count differs, or an energy by more than 1 %.
"""

import contextlib
import io
import os
import sys
import tempfile

import sanafe

TOLERANCE = 0.01


def read(path):
    """What compare_sanafe.snn printed, by kind."""
    found = {"energy": {}, "time": {}, "weights": [], "input": {}, "mappings": []}
    for line in open(path, encoding="utf-8"):
        kind, *rest = line.split()
        if kind == "shape":
            found["shape"] = [int(x) for x in rest[:-1]]
            found["threshold"] = float(rest[-1])
        elif kind in ("energy", "time"):
            found[kind][rest[0]] = float(rest[1])
        elif kind == "weights":
            found["weights"].append([float(x) for x in rest])
        elif kind == "input":
            found["input"][int(rest[0]), int(rest[1])] = [int(x) for x in rest[2:]]
        elif kind == "mapping":
            found["mappings"].append({"strategy": rest[0], "slices": [], "ours": {}})
        elif kind == "slice":
            column, row, slot = (int(x) for x in rest[:3])
            # A layer's name is the model and its position: two words.
            layer = int(rest[4])
            found["mappings"][-1]["slices"].append((column, row, slot, layer, [int(x) for x in rest[5:]]))
        elif kind == "ours":
            found["mappings"][-1]["ours"][rest[0]] = float(rest[1])
    return found


def unit(name, **attributes):
    text = ", ".join(f"{key}: {value}" for key, value in attributes.items())
    return f"[{{name: {name}, attributes: {{{text}}}}}]"


def core(name, joules, seconds, soma):
    """One core: the units of a spike's way through it, with their costs."""
    return f"""
        - name: {name}
          attributes: {{buffer_position: soma, max_neurons_supported: 1024}}
          axon_in: {unit("in", energy_message_in=joules["axon_in"], latency_message_in=seconds["axon_in"])}
          synapse: {unit("syn", model="current_based", energy_process_spike=joules["synaptic_operation"],
                         latency_process_spike=seconds["synaptic_operation"])}
          dendrite: {unit("den", model="accumulator", energy_update=0.0, latency_update=0.0)}
          soma: {soma}
          axon_out: {unit("out", energy_message_out=joules["axon_out"], latency_message_out=seconds["axon_out"])}"""


def architecture(found):
    _, _, inputs, _, _, columns, rows, cores, = found["shape"]
    joules, seconds = found["energy"], found["time"]
    nothing = {key: 0.0 for key in joules}
    source = unit(f'"inputs[0..{inputs - 1}]"', model="input", energy_access_neuron=0.0, latency_access_neuron=0.0,
                  energy_update_neuron=0.0, latency_update_neuron=0.0, energy_spike_out=0.0, latency_spike_out=0.0)
    soma = unit("lif", model="leaky_integrate_fire", energy_access_neuron=joules["neuron_update"],
                latency_access_neuron=seconds["neuron_update"], energy_update_neuron=joules["active_update"],
                latency_update_neuron=seconds["active_update"], energy_spike_out=joules["spike"],
                latency_spike_out=seconds["spike"])
    hops = ", ".join(
        f"energy_{way}_hop: {joules[hop]}, latency_{way}_hop: {seconds[hop]}"
        for way, hop in [("north", "hop_vertical"), ("south", "hop_vertical"), ("east", "hop_horizontal"),
                         ("west", "hop_horizontal")])
    # The input enters at the first tile: a core of its own there, whose events cost nothing, stands for that port.
    return f"""
architecture:
  name: small
  attributes: {{topology: mesh, width: {columns}, height: {rows}, link_buffer_size: 16, sync_model: fixed, latency_sync: 0.0}}
  tile:
    - name: tile[0..{columns * rows - 1}]
      attributes: {{{hops}}}
      core:{core(f"core[0..{cores - 1}]", joules, seconds, soma)}{core("port", nothing, nothing, source)}
"""


def network(found, mapping, sample):
    _, _, inputs, hidden, outputs, columns, rows, cores = found["shape"]
    group = f"attributes: {{soma_hw_name: lif, synapse_hw_name: syn, threshold: {found['threshold']}, " \
            "reset: 0.0, reset_mode: hard, leak_decay: 1.0}"
    lines = ["network:", "  name: compared", "  groups:", "    - name: input", "      attributes: {synapse_hw_name: syn}",
             "      neurons:"]
    for k in range(inputs):
        lines.append(f'        - {k}: {{soma_hw_name: "inputs[{k}]", spikes: {found["input"][sample, k]}}}')
    for name, count in (("layer1", hidden), ("layer3", outputs)):
        lines += [f"    - name: {name}", f"      {group}", "      neurons:", f"        - 0..{count - 1}: {{}}"]
    lines.append("  edges:")
    for source, target, weights in zip(("input", "layer1"), ("layer1", "layer3"), found["weights"]):
        lines.append(f"    - {source} -> {target}: {{type: dense, weight: {weights}}}")
    lines.append("mappings:")
    lines.append(f"  - input.0..{inputs - 1}: [core: 0.{cores}]")
    for column, row, slot, layer, neurons in mapping["slices"]:
        # SANA-FE numbers tiles column by column.
        for neuron in neurons:
            lines.append(f"  - layer{layer}.{neuron}: [core: {column * rows + row}.{slot}]")
    return "\n".join(lines) + "\n"


def simulate(found, mapping, sample, folder):
    paths = [os.path.join(folder, name) for name in ("architecture.yaml", "network.yaml")]
    for path, text in zip(paths, (architecture(found), network(found, mapping, sample))):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    with contextlib.redirect_stdout(io.StringIO()):
        chip = sanafe.load_arch(paths[0])
        net = sanafe.load_net(paths[1], chip)
        # A chip that has run once keeps its state: each sample has its own.
        simulator = sanafe.SpikingChip(chip)
        simulator.load(net)
        return simulator.sim(found["shape"][1], timing_model="simple")


def compare(found, mapping, folder):
    samples = found["shape"][0]
    results = [simulate(found, mapping, sample, folder) for sample in range(samples)]
    ours, joules = mapping["ours"], found["energy"]
    input_spikes = sum(sum(spikes) for spikes in found["input"].values())

    def mean(value):
        return sum(value(result) for result in results) / samples

    fired = mean(lambda r: r["neurons_fired"]) - input_spikes / samples
    network_energy = mean(lambda r: r["energy"]["network"])
    parts = {
        "synaptic_operations": mean(lambda r: r["energy"]["synapse"]),
        "updates": mean(lambda r: r["energy"]["soma"]) - fired * joules["spike"],
        "spikes": fired * joules["spike"],
        "hops": network_energy,
    }
    rows = [
        ("synaptic operations", ours["operations"], mean(lambda r: r["spikes"]), 0),
        ("spikes of neurons", ours["spikes"] / joules["spike"], fired, 0),
    ]
    rows += [(f"energy of {name.replace('_', ' ')}, nJ", ours[name] * 1e9, value * 1e9, TOLERANCE)
             for name, value in parts.items()]
    total = sum(ours[name] for name in parts)
    rows.append(("energy of all events, nJ", total * 1e9, mean(lambda r: r["energy"]["total"]) * 1e9, TOLERANCE))

    print(f"\n{mapping['strategy']}: {len({s[:3] for s in mapping['slices']})} cores, {samples} samples of "
          f"{found['shape'][1]} steps; figures of an inference")
    print(f"{'':<34}{'ours':>14}{'SANA-FE':>14}{'difference':>12}")
    failed = False
    for name, own, other, tolerance in rows:
        difference = abs(own - other) / max(abs(other), 1e-30)
        # Our counts are means of 32-bit rates: exact means to their precision.
        is_wrong = difference > max(tolerance, 1e-5)
        failed |= is_wrong
        print(f"{name:<34}{own:>14.3f}{other:>14.3f}{difference:>11.3%}{'  DIFFERS' if is_wrong else ''}")
    return failed


def main():
    found = read(sys.argv[1])
    failed = not found["mappings"]
    with tempfile.TemporaryDirectory() as folder:
        for mapping in found["mappings"]:
            failed |= compare(found, mapping, folder)
    print("\nthey differ" if failed else "\nthey agree: counts exactly, energies within 1 %")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
