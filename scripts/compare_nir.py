"""The tools' side of compare-nir: runs our NIR files by their importers, and writes files of their own for us."""

import contextlib
import datetime
import glob
import importlib.metadata
import io
import json
import os
import sys

import nir
import numpy as np
import torch

folder, tools = sys.argv[1], sys.argv[2:]
torch.set_num_threads(1)
TITLES = {
    "snntorch": "snnTorch", "norse": "Norse", "spikingjelly": "SpikingJelly", "spyx": "Spyx", "sinabs": "Sinabs", "rockpool": "Rockpool"}
KINDS = ["Affine", "Linear", "Conv2d", "Flatten", "SumPool2d", "AvgPool2d", "IF", "LI", "LIF", "CubaLIF", "recurrence"]


def kinds(graph, prefix=""):
    """The primitives of a graph, and `recurrence` where it has a cycle."""
    found, edges = set(), {}
    for start, end in graph.edges:
        edges.setdefault(start, []).append(end)
    for name, node in graph.nodes.items():
        if isinstance(node, nir.NIRGraph):
            found |= kinds(node)
        else:
            found.add(type(node).__name__)
        reached, waiting = set(), list(edges.get(name, []))
        while waiting:
            other = waiting.pop()
            if other in reached:
                continue
            reached.add(other)
            waiting += edges.get(other, [])
        if name in reached:
            found.add("recurrence")
    return found


def note(**record):
    with open(f"{folder}/there.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def table():
    """NIR's table of what is supported, each cell measured."""
    records = []
    for name in ["there.jsonl", "here.jsonl"]:
        if os.path.exists(f"{folder}/{name}"):
            records += [json.loads(line) for line in open(f"{folder}/{name}", encoding="utf-8") if line.strip()]
    versions = {r["tool"]: r["version"] for r in records if r["way"] == "version"}
    known = {r["file"]: r["kinds"] for r in records if r["way"] == "export"}
    for record in records:
        if record["way"] == "here":
            record["kinds"] = known.get(record["file"], [])

    def cell(tool, kind, way):
        found = [r for r in records if r["way"] == way and r["tool"] == tool and kind in r["kinds"]]
        if not found:
            return "–"
        ran = [r for r in found if r.get("different") is not None]
        if not ran:
            return "fails"
        # A network that is silent on both sides shows nothing.
        ran = [r for r in ran if r["spikes"] > 0 or r["different"] > 0] or ran
        best = min(ran, key=lambda r: (r["different"] / max(1, r["spikes"]), -r["spikes"]))
        return f"{best['spikes']} =" if best["different"] == 0 else f"{best['spikes']}, {best['different']} ≠"

    lines = [
        "# NIR: who runs what, measured", "",
        f"Written by `scripts/compare-nir` on {datetime.date.today().isoformat()}. Left of the stroke: our file of a network with this"
        " primitive, run by the tool's own importer; right of it: the tool's own file, run here. A cell is the spikes (entries that are"
        " not 0, where potentials leave) in the tool, `=` where each entry is the same on both sides, or how many are not (`≠`); of several"
        " networks the one with the fewest differences. `–`: the tool has no such export, or our `save` refuses and says why;"
        " `fails`: the importer does. Networks have the tool's own reset: one that subtracts cannot be had from one that sets to zero.", "",
        "| | " + " | ".join(f"{TITLES[tool]} {versions.get(tool, '')}".strip() for tool in TITLES) + " |",
        "|---" * (len(TITLES) + 1) + "|",
    ]
    for kind in KINDS:
        row = [f"{cell(tool, kind, 'there')} / {cell(tool, kind, 'here')}" for tool in TITLES]
        lines.append(f"| {kind} | " + " | ".join(row) + " |")
    fails = sorted({f"{TITLES[r['tool']]}, `{r['network']}`: {r['error']}" for r in records if r.get("error")})
    if fails:
        lines += ["", "Where importers and exporters fail:", ""] + [f"- {line}" for line in fails]
    lines += ["", "Exact to the entry is not all: steps, resets and delays of each tool are in `describe(save(net, \"x.nir\", target=…))`."]
    print("\n".join(lines))


if tools == ["table"]:
    table()
    sys.exit(0)


def stepped(net, x):
    """Runs a network that takes a step and its state, and gives the output and the next state."""
    state, outputs = None, []
    for step in torch.from_numpy(x):
        out = net(step, state)
        value, state = out if isinstance(out, tuple) else (out, None)
        outputs.append(value[0] if isinstance(value, tuple) else value)
    return torch.stack(outputs).detach().numpy()


def run_snntorch(graph, x):
    from snntorch.import_nir import import_from_nir

    return stepped(import_from_nir(graph), x)


def run_norse(graph, x):
    import norse.torch

    # Flatten counts the axis of samples there.
    for node in graph.nodes.values():
        if isinstance(node, nir.Flatten):
            node.start_dim = 1
    return stepped(norse.torch.from_nir(graph, ignore_warnings=True), x)


def run_spikingjelly(graph, x):
    from spikingjelly.activation_based.nir_exchange import import_from_nir

    return stepped(import_from_nir(graph), x)


def run_sinabs(graph, x):
    import sinabs.nir

    net = sinabs.nir.from_nir(graph, batch_size=1)
    flat = torch.from_numpy(x).reshape(-1, *x.shape[2:])
    out = net(flat)
    out = out[0] if isinstance(out, tuple) else out
    return out.detach().numpy().reshape(x.shape[0], 1, *out.shape[1:])


def run_spyx(graph, x):
    import jax.numpy as jnp
    import spyx.nir

    # Images have their channels last there.
    moved = np.moveaxis(x, 2, -1) if x.ndim == 5 else x
    _, out = spyx.nir.from_nir(graph, jnp.asarray(moved))
    return np.array(out, dtype=np.float32)


def run_rockpool(graph, x):
    from rockpool.nn.modules.torch.nir import from_nir

    out = from_nir(graph)(torch.from_numpy(np.moveaxis(x, 1, 0)))
    return np.moveaxis(out[0].detach().numpy(), 0, 1)


def export_spyx():
    import spyx.nir as sn
    from flax import nnx

    def make(name, neuron, inputs=12):
        rngs = nnx.Rngs(3)
        net = sn.Sequential(nnx.Linear(inputs, 16, rngs=rngs), neuron(16, rngs), nnx.Linear(16, 5, rngs=rngs), neuron(5, rngs))
        return name, net

    for name, net in [
        make("lif", lambda n, rngs: sn.LIF((n,), beta=0.9, threshold=0.3, rngs=rngs)),
        make("if", lambda n, rngs: sn.IF((n,), threshold=0.5, rngs=rngs)),
        make("cuba", lambda n, rngs: sn.CuBaLIF((n,), alpha=0.8, beta=0.9, threshold=0.5, rngs=rngs)),
    ]:
        yield name, "own", net, lambda net, x: sn.to_nir(net, {"input": np.array([12])}, {"output": np.array([5])})


def export_rockpool():
    from rockpool.nn.combinators import Sequential
    from rockpool.nn.modules import LIFTorch, LinearTorch
    from rockpool.nn.modules.torch.nir import to_nir

    def neurons(count):
        return LIFTorch(count, tau_mem=0.02, tau_syn=0.01, threshold=1.0, dt=1e-3)

    net = Sequential(LinearTorch((12, 16), has_bias=False), neurons(16), LinearTorch((16, 5), has_bias=False), neurons(5))
    yield "cuba", "own", net, lambda net, x: to_nir(net, x.reshape(1, 1, -1))


def export_snntorch():
    import snntorch
    import torch.nn as nn
    from snntorch.export_nir import export_to_nir

    for reset in ["subtract", "zero"]:
        for count, beta in [(16, 0.9), (24, 0.7)]:
            # A number for all neurons becomes a parameter without a shape, which nir refuses to write.
            def leaky(size, beta):
                return snntorch.Leaky(
                    beta=torch.full((size,), beta), threshold=torch.ones(size), reset_mechanism=reset, init_hidden=True)

            net = nn.Sequential(nn.Linear(12, count), leaky(count, beta), nn.Linear(count, 5), leaky(5, 0.8))
            yield f"dense{count}", reset, net, lambda net, x: export_to_nir(net, x, ignore_dims=[0])

    def of(kind, *shape, **more):
        full = {name: torch.full(shape, value) for name, value in {"beta": 0.9, **more.pop("values", {})}.items()}
        return kind(**full, threshold=torch.ones(*shape), reset_mechanism="zero", init_hidden=True, **more)

    leak, synapse = snntorch.Leaky, {"values": {"alpha": 0.8}}
    for name, net in [
        ("image", nn.Sequential(nn.Conv2d(1, 4, 3), of(leak, 4, 6, 6), nn.Flatten(), nn.Linear(144, 5), of(leak, 5))),
        ("mean", nn.Sequential(nn.Conv2d(1, 4, 3), of(leak, 4, 6, 6), nn.AvgPool2d((2, 2)), nn.Flatten(), nn.Linear(36, 5), of(leak, 5))),
        ("no_bias", nn.Sequential(nn.Linear(12, 16, bias=False), of(leak, 16), nn.Linear(16, 5, bias=False), of(leak, 5))),
        ("currents", nn.Sequential(nn.Linear(12, 16), of(snntorch.Synaptic, 16, **synapse), nn.Linear(16, 5), of(snntorch.Synaptic, 5, **synapse))),
        ("loop", nn.Sequential(nn.Linear(12, 16), of(snntorch.RLeaky, 16, all_to_all=True, linear_features=16), nn.Linear(16, 5), of(leak, 5))),
    ]:
        yield name, "zero", net, lambda net, x: export_to_nir(net, x, ignore_dims=[0])


def export_spikingjelly():
    import torch.nn as nn
    from spikingjelly.activation_based import neuron
    from spikingjelly.activation_based.nir_exchange import export_to_nir

    for name, make in [
        ("lif", lambda: neuron.LIFNode(tau=5.0, v_threshold=0.3)),
        ("lif_whole_input", lambda: neuron.LIFNode(tau=5.0, decay_input=False)),
        ("if", lambda: neuron.IFNode()),
    ]:
        yield name, "own", nn.Sequential(nn.Linear(12, 16), make(), nn.Linear(16, 5), make()), lambda net, x: export_to_nir(net, x)

    def node():
        return neuron.LIFNode(tau=5.0, v_threshold=0.3)

    for name, net in [
        ("image", nn.Sequential(nn.Conv2d(1, 4, 3), node(), nn.Flatten(), nn.Linear(144, 5), node())),
        ("mean", nn.Sequential(nn.Conv2d(1, 4, 3), node(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(36, 5), node())),
        ("no_bias", nn.Sequential(nn.Linear(12, 16, bias=False), node(), nn.Linear(16, 5, bias=False), node())),
    ]:
        yield name, "own", net, lambda net, x: export_to_nir(net, x)


def export_norse():
    import norse.torch as norse
    import torch.nn as nn

    def box():
        return norse.LIFBoxCell(norse.LIFBoxParameters(tau_mem_inv=torch.tensor(100.0), v_th=torch.tensor(0.3)))

    def write(net, x):
        graph = norse.to_nir(net, x[0])
        # What it has one of for all neurons, nir does not write, and a convolution must tell the size of its image.
        shape = (5,)
        for name, node in graph.nodes.items():
            if isinstance(node, nir.Affine):
                shape = (node.weight.shape[0],)
            if isinstance(node, nir.Conv2d):
                node.input_shape = (8, 8)
                shape = (node.weight.shape[0], 6, 6)
            for field, value in vars(node).items():
                if isinstance(value, np.ndarray) and value.ndim == 0 and field not in ("groups", "stride", "padding", "dilation"):
                    setattr(node, field, np.full(shape, value, dtype=np.float32))
        return graph

    for name, net in [
        ("lif", norse.SequentialState(nn.Linear(12, 16), box(), nn.Linear(16, 5), box())),
        ("readout", norse.SequentialState(nn.Linear(12, 16), box(), nn.Linear(16, 5), norse.LIBoxCell())),
        ("if", norse.SequentialState(nn.Linear(12, 16), norse.IAFCell(), nn.Linear(16, 5), norse.IAFCell())),
        ("image", norse.SequentialState(nn.Conv2d(1, 4, 3), box())),
    ]:
        yield name, "own", net, write


def export_sinabs():
    import sinabs.layers as layers
    import sinabs.nir
    import torch.nn as nn

    for name, make in [
        ("lif", lambda: layers.LIFSqueeze(tau_mem=8.0, norm_input=False, batch_size=1)),
        ("lif_slow", lambda: layers.LIFSqueeze(tau_mem=20.0, norm_input=False, batch_size=1)),
    ]:
        net = nn.Sequential(nn.Linear(12, 16), make(), nn.Linear(16, 5), make())
        yield name, "own", net, lambda net, x: sinabs.nir.to_nir(net, x)

    def write(net, x):
        graph = sinabs.nir.to_nir(net, x)
        # Sinabs leaves out what nir needs in order to write.
        for node in graph.nodes.values():
            if isinstance(node, nir.Conv2d) and node.input_shape is None:
                node.input_shape = (8, 8)
            if isinstance(node, nir.Flatten) and node.input_type.get("input") is None:
                node.input_type = {"input": np.array([4, 3, 3])}
        return graph

    # The floor of potentials is lost in its files, and its importer takes the threshold below zero: a network with that floor
    # comes back, and one without it does not.
    for name, floor in [("if", -1.0), ("if_without_floor", None)]:
        def counting():
            return layers.IAFSqueeze(batch_size=1, min_v_mem=floor)

        yield name, "own", nn.Sequential(nn.Linear(12, 16), counting(), nn.Linear(16, 5), counting()), write
        yield f"pool_{name}", "own", nn.Sequential(
            nn.Conv2d(1, 4, 3), counting(), layers.SumPool2d(2), nn.Flatten(), nn.Linear(36, 5), counting()), write


def reset_states(net):
    for module in net.modules():
        for name in ["reset_hidden", "reset_states", "reset"]:
            if hasattr(module, name):
                getattr(module, name)()
                break


def later(out, here, lag):
    """How many entries differ where the tool answers some steps later."""
    own = here[: len(here) - lag]
    return int((np.abs(out[lag:] - own) > 1e-4 * np.maximum(1, np.abs(own))).sum())


def own_run(tool, net, x):
    """What a network of a tool gives, `[time, 1, outputs]`."""
    if tool == "sinabs":
        return net(x.reshape(60, *x.shape[2:])).reshape(60, 1, -1).detach().numpy()
    if tool == "rockpool":
        return np.moveaxis(net(torch.moveaxis(x, 1, 0))[0].detach().numpy(), 0, 1)
    if tool == "spyx":
        import jax.numpy as jnp
        import spyx.nir

        return np.array(spyx.nir.run(net, jnp.asarray(x.numpy()))[0], dtype=np.float32)
    if tool == "norse":
        return stepped(net, x.numpy())
    return torch.stack([net(step) for step in x]).detach().numpy()


def export(tool):
    torch.manual_seed(3)
    for name, reset, net, write in globals()[f"export_{tool}"]():
        is_torch = isinstance(net, torch.nn.Module)
        first = next((m for m in net.modules() if isinstance(m, (torch.nn.Linear, torch.nn.Conv2d))), None) if is_torch else None
        shape = (1, 8, 8) if isinstance(first, torch.nn.Conv2d) else (12,)
        x = (torch.rand(60, 1, *shape) < 0.5).float()
        # Larger weights than the standard ones, so that all neurons are busy.
        for module in net.modules() if is_torch else []:
            if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
                module.weight.data *= 3
        stem = f"{tool}.{name}.{reset}"
        try:
            with contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
                graph = write(net, x[0])
                if is_torch:
                    reset_states(net)
                out = own_run(tool, net, x)
            nir.write(f"{folder}/{stem}.export.nir", graph)
        except Exception as error:
            print(f"{tool:13} {name:12} its exporter fails: {type(error).__name__}: {str(error)[:80]}")
            note(way="export", tool=tool, network=name, file=stem, kinds=[], error=f"its exporter: {type(error).__name__}")
            if os.path.exists(f"{folder}/{stem}.export.nir"):
                os.remove(f"{folder}/{stem}.export.nir")
            continue
        note(way="export", tool=tool, network=name, file=stem, kinds=sorted(kinds(graph)))
        np.save(f"{folder}/{stem}.x.npy", x.numpy())
        np.save(f"{folder}/{stem}.out.npy", out.astype(np.float32))


failed = False
for tool in tools:
    note(way="version", tool=tool, version=importlib.metadata.version(tool))
    for path in sorted(glob.glob(f"{folder}/*.{tool}.nir")):
        name = os.path.basename(path).split(".")[0]
        x, here = np.load(f"{folder}/{name}.x.npy"), np.load(f"{folder}/{name}.here.npy")
        said = np.load(f"{folder}/{name}.{tool}.there.npy")
        try:
            held = sorted(kinds(nir.read(path)))
        except AssertionError:
            print(f"{tool:13} {name:17} its version of nir does not know a node of the file")
            note(way="there", tool=tool, network=name, kinds=["LI"] if name.startswith("readout") else [], spikes=0, different=None,
                 error=f"nir {importlib.metadata.version('nir')} does not know a node of the file")
            continue
        try:
            with contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
                out = globals()[f"run_{tool}"](nir.read(path), x).reshape(said.shape)
        except Exception as error:
            print(f"{tool:13} {name:12} its importer fails: {type(error).__name__}: {str(error)[:80]}")
            note(way="there", tool=tool, network=name, kinds=held, spikes=0, different=None, error=f"its importer: {type(error).__name__}")
            failed = True
            continue
        # Where neurons run away to many spikes a step, roundings of their potentials are some of them.
        wrong = int((np.abs(out - said) > np.abs(said) // 8 + 1e-3).sum())
        failed |= wrong > 0
        lag, other = min(((k, later(out, here, k)) for k in range(5)), key=lambda pair: pair[1])
        note(way="there", tool=tool, network=name, kinds=held, spikes=int((out != 0).sum()), different=other)
        same = "as here" if other == 0 else f"{other} entries differ from here"
        print(
            f"{tool:13} {name:17} {int((out != 0).sum()):5} spikes there, {int((here != 0).sum()):5} here; {wrong} entries not as said, {same}"
            + (f", {lag} steps later" if lag else ""))
    export(tool)
sys.exit(failed)
