"""SANA-FE's side of compare-sanafe: runs the mappings that compare_sanafe.snn wrote to files.

Each file holds the chip, the network with one sample's input, and where the neurons lie. Every sample is simulated on a
fresh chip, and what both sides count is printed. Leaves with 1 when an event count differs, an energy by more than 0.1 %,
the time of its simple timing model by more than 1 %, or that of its detailed one by more than 10 %.
"""

import contextlib
import io
import os
import sys

import sanafe

ENERGY, TIME, DETAILED = 0.001, 0.01, 0.1
# Our counts are means of 32-bit rates: exact to their precision.
COUNT = 1e-5


def read(path):
    """What compare_sanafe.snn printed: samples and steps, and the networks with their mappings."""
    chip, networks = {}, []
    for line in open(path, encoding="utf-8"):
        kind, *rest = line.split()
        if kind == "chip":
            chip = {"samples": int(rest[0]), "steps": int(rest[1]), "spike": float(rest[2])}
        elif kind == "network":
            networks.append({"name": rest[0], "input": float(rest[1]), "mappings": []})
        elif kind == "mapping":
            networks[-1]["mappings"].append({"strategy": rest[0], "cores": int(rest[1]), "ours": {}})
        elif kind == "ours":
            networks[-1]["mappings"][-1]["ours"][rest[0]] = float(rest[1])
    return chip, networks


def simulate(path, steps, timing="simple"):
    with contextlib.redirect_stdout(io.StringIO()):
        arch = sanafe.load_arch(path)
        loaded = sanafe.load_net(path, arch)
        # A chip that has run once keeps its state: each sample has its own.
        simulator = sanafe.SpikingChip(arch)
        simulator.load(loaded)
        return simulator.sim(steps, timing_model=timing)


def compare(chip, net, mapping, folder):
    samples = chip["samples"]
    files = [f"{net['name']}_{mapping['strategy']}_{sample}.sanafe.yaml" for sample in range(samples)]
    results = [simulate(os.path.join(folder, file), chip["steps"]) for file in files]
    detailed = [simulate(os.path.join(folder, file), chip["steps"], "detailed")["sim_time"] for file in files]
    ours, spike = mapping["ours"], chip["spike"]

    def mean(value):
        return sum(value(result) for result in results) / samples

    fired = mean(lambda r: r["neurons_fired"]) - net["input"] / samples
    parts = {
        "synaptic_operations": mean(lambda r: r["energy"]["synapse"]),
        "updates": mean(lambda r: r["energy"]["soma"]) - fired * spike,
        "spikes": fired * spike,
        "hops": mean(lambda r: r["energy"]["network"]),
    }
    rows = [
        ("synaptic operations", ours["operations"], mean(lambda r: r["spikes"]), COUNT),
        ("spikes of neurons", ours["spikes"] / spike, fired, COUNT),
    ]
    rows += [(f"energy of {name.replace('_', ' ')}, nJ", ours[name] * 1e9, value * 1e9, ENERGY)
             for name, value in parts.items()]
    total = sum(ours[name] for name in parts)
    rows.append(("energy of all events, nJ", total * 1e9, mean(lambda r: r["energy"]["total"]) * 1e9, ENERGY))
    rows.append(("time, us", ours["latency"] * 1e6, mean(lambda r: r["sim_time"]) * 1e6, TIME))
    rows.append(("time of its detailed model, us", ours["latency"] * 1e6, sum(detailed) / samples * 1e6, DETAILED))
    rows.append(("  that of mean steps, us", ours["mean_load_latency"] * 1e6, mean(lambda r: r["sim_time"]) * 1e6, None))

    print(f"\n{net['name']}, {mapping['strategy']}: {mapping['cores']} cores, {samples} samples of "
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
    for net in networks:
        for mapping in net["mappings"]:
            failed |= compare(chip, net, mapping, sys.argv[2])
    print("\nthey differ" if failed else "\nthey agree: counts exactly, energies to 0.1 %, times to 1 %, and to 10 % of its detailed model")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
