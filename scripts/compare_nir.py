"""The tools' side of compare-nir: runs our NIR files by their importers, and writes files of their own for us."""

import contextlib
import glob
import io
import os
import sys

import nir
import numpy as np
import torch

folder, tools = sys.argv[1], sys.argv[2:]


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
    return []


def export_rockpool():
    return []


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


def export_spikingjelly():
    import torch.nn as nn
    from spikingjelly.activation_based import neuron
    from spikingjelly.activation_based.nir_exchange import export_to_nir

    for name, make in [
        ("lif", lambda: neuron.LIFNode(tau=5.0)),
        ("lif_whole_input", lambda: neuron.LIFNode(tau=5.0, decay_input=False)),
        ("if", lambda: neuron.IFNode()),
    ]:
        yield name, "own", nn.Sequential(nn.Linear(12, 16), make(), nn.Linear(16, 5), make()), lambda net, x: export_to_nir(net, x)


def export_norse():
    """Norse writes dt / tau_inv for a time constant: its own file is not what it ran."""
    return []


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


def reset_states(net):
    for module in net.modules():
        for name in ["reset_hidden", "reset_states", "reset"]:
            if hasattr(module, name):
                getattr(module, name)()
                break


def later(out, here, lag):
    """How many entries differ where the tool answers some steps later."""
    return int((out[lag:] != here[: len(here) - lag]).sum())


def export(tool):
    torch.manual_seed(3)
    for name, reset, net, write in globals()[f"export_{tool}"]():
        x = (torch.rand(60, 1, 12) < 0.5).float()
        # Larger weights than the standard ones, so that all neurons are busy.
        for module in net.modules():
            if isinstance(module, torch.nn.Linear):
                module.weight.data *= 3
        stem = f"{folder}/{tool}.{name}.{reset}"
        with contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
            graph = write(net, x[0])
            reset_states(net)
            if tool == "sinabs":
                out = net(x.reshape(60, 12)).reshape(60, 1, -1)
            else:
                out = torch.stack([net(step) for step in x])
        nir.write(f"{stem}.export.nir", graph)
        np.save(f"{stem}.x.npy", x.numpy())
        np.save(f"{stem}.out.npy", out.detach().numpy().astype(np.float32))


failed = False
for tool in tools:
    for path in sorted(glob.glob(f"{folder}/*.{tool}.nir")):
        name = os.path.basename(path).split(".")[0]
        x, here = np.load(f"{folder}/{name}.x.npy"), np.load(f"{folder}/{name}.here.npy")
        said = np.load(f"{folder}/{name}.{tool}.there.npy")
        try:
            with contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
                out = globals()[f"run_{tool}"](nir.read(path), x).reshape(said.shape)
        except Exception as error:
            print(f"{tool:13} {name:12} its importer fails: {type(error).__name__}: {str(error)[:80]}")
            failed = True
            continue
        # Where neurons run away to many spikes a step, roundings of their potentials are some of them.
        wrong = int((np.abs(out - said) > said // 8).sum())
        failed |= wrong > 0
        lag, other = min(((k, later(out, here, k)) for k in range(5)), key=lambda pair: pair[1])
        same = "as here" if other == 0 else f"{other} entries differ from here"
        print(
            f"{tool:13} {name:12} {int(out.sum()):5} spikes there, {int(here.sum()):5} here; {wrong} entries not as said, {same}"
            + (f", {lag} steps later" if lag else ""))
    export(tool)
sys.exit(failed)
