"""The same neurons in snnTorch, SpikingJelly, Norse and Brian2, on the drives that compare_neurons.snn wrote."""

import sys

import numpy as np
import torch

folder = sys.argv[1]
rows = []
failed = False


def load(name):
    return np.load(f"{folder}/{name}.drive.npy"), np.load(f"{folder}/{name}.ours.npy")


def compare(name, peer, theirs):
    """Spike for spike; the first difference is named by step and neuron."""
    global failed
    _, ours = load(name)
    same = np.array_equal(ours > 0.5, theirs > 0.5)
    note = "yes"
    if not same:
        step, neuron = np.argwhere((ours > 0.5) != (theirs > 0.5))[0]
        note = f"no, from step {step} of neuron {neuron}"
        failed = True
    rows.append((name, peer, int(ours.sum()), int(theirs.sum()), note))


def compare_times(name, peer, theirs, steps):
    """As many spikes of each neuron, each within some steps of its counterpart's."""
    global failed
    _, ours = load(name)
    worst = 0
    for neuron in range(ours.shape[1]):
        mine, other = np.nonzero(ours[:, neuron] > 0.5)[0], np.nonzero(theirs[:, neuron] > 0.5)[0]
        worst = max(worst, np.abs(mine - other).max(initial=0) if len(mine) == len(other) else 10**6)
    failed |= worst > steps
    rows.append((name, peer, int(ours.sum()), int(theirs.sum()), f"times differ by at most {worst} steps" if worst < 10**6 else "no"))


def compare_values(name, peer, theirs, tolerance):
    global failed
    _, ours = load(name)
    worst = float(np.abs(ours - theirs).max())
    failed |= not worst <= tolerance
    rows.append((name, peer, "-", "-", f"potentials differ by at most {worst:.1e}"))


def compare_statistics(name, peer, theirs, spread):
    """The mean and the standard deviation of random numbers, which are as near as so many samples can tell."""
    global failed
    _, ours = load(name)
    (a, b), (c, d) = (ours.mean(), ours.std()), (theirs.mean(), theirs.std())
    failed |= not (abs(a - c) <= spread and abs(b - d) <= spread)
    rows.append((name, peer, f"{a:.3f} ± {b:.3f}", f"{c:.3f} ± {d:.3f}", f"within {spread}"))


def run_snntorch(cell, drive):
    """Steps a cell whose first result is spikes and whose last is the potential."""
    states = ()
    spikes, potentials = [], []
    with torch.no_grad():
        for current in torch.from_numpy(drive):
            result = cell(current, *states)
            spikes.append(result[0])
            potentials.append(result[-1])
            states = result[1:]
    return torch.stack(spikes).numpy(), torch.stack(potentials).numpy()


def run_norse(step, state, parameters, drive, dt):
    spikes = []
    with torch.no_grad():
        for current in torch.from_numpy(drive):
            spike, state = step(current, state, parameters, dt)
            spikes.append(spike)
    return torch.stack(spikes).numpy()


def snntorch_neurons():
    import snntorch

    version = f"snnTorch {snntorch.__version__}"
    for name, peer, make in [
        ("integrate_and_fire", "Leaky, beta 1", lambda: snntorch.Leaky(beta=1.0, reset_delay=False)),
        ("lif_subtract", "Leaky, subtract", lambda: snntorch.Leaky(beta=0.9, reset_delay=False)),
        ("lif_zero", "Leaky, zero", lambda: snntorch.Leaky(beta=0.9, reset_mechanism="zero", reset_delay=False)),
        ("late_reset", "Leaky, as it is by default", lambda: snntorch.Leaky(beta=0.9)),
        ("cuba_lif", "Synaptic", lambda: snntorch.Synaptic(alpha=0.8, beta=0.9, reset_delay=False)),
    ]:
        spikes, _ = run_snntorch(make(), load(name)[0])
        compare(name, f"{version} {peer}", spikes)
    cell = snntorch.Leaky(beta=0.9, reset_mechanism="none")
    _, potentials = run_snntorch(cell, load("leaky_integrator")[0])
    compare_values("leaky_integrator", f"{version} Leaky, none", potentials, 1e-5)


def norse_neurons():
    import importlib.metadata

    from norse.torch.functional.izhikevich import (
        IzhikevichParameters, IzhikevichState, izhikevich_feed_forward_step)
    from norse.torch.functional.lif_box import LIFBoxFeedForwardState, LIFBoxParameters, lif_box_feed_forward_step
    from norse.torch.functional.lsnn import LSNNFeedForwardState, LSNNParameters, lsnn_feed_forward_step

    version = f"Norse {importlib.metadata.version('norse')}"
    zeros = torch.zeros(8)
    tensor = torch.as_tensor
    drive, _ = load("lif_box")
    parameters = LIFBoxParameters(tau_mem_inv=tensor(100.0))
    compare("lif_box", f"{version} LIFBox",
            run_norse(lif_box_feed_forward_step, LIFBoxFeedForwardState(zeros), parameters, drive, 0.001))
    drive, _ = load("lsnn")
    parameters = LSNNParameters(
        tau_syn_inv=tensor(200.0), tau_mem_inv=tensor(100.0), tau_adapt_inv=tensor(5.0), beta=tensor(0.3))
    compare("lsnn", f"{version} LSNN",
            run_norse(lsnn_feed_forward_step, LSNNFeedForwardState(v=zeros, i=zeros, b=zeros), parameters, drive, 0.001))
    drive, _ = load("izhikevich")
    parameters = IzhikevichParameters(a=0.02, b=0.2, c=-65, d=6)
    state = IzhikevichState(v=zeros - 65, u=zeros - 13)
    compare("izhikevich", f"{version} Izhikevich",
            run_norse(izhikevich_feed_forward_step, state, parameters, drive, 0.001))


def jelly_neurons():
    import importlib.metadata

    from spikingjelly.activation_based import neuron

    version = f"SpikingJelly {importlib.metadata.version('spikingjelly')}"
    for name, peer, cell in [
        ("plif", "ParametricLIFNode", neuron.ParametricLIFNode(init_tau=2.0, v_reset=0.0)),
        ("klif", "KLIFNode", neuron.KLIFNode(scale_reset=False, tau=2.0, v_reset=0.0)),
        ("quadratic_integrate_and_fire", "QIFNode", neuron.QIFNode()),
        ("exponential_integrate_and_fire", "EIFNode", neuron.EIFNode()),
    ]:
        drive, _ = load(name)
        if name == "klif":
            cell.k.data.fill_(1.2)
        # There a neuron starts where it is reset to, and here at rest.
        cell.v = 0.0
        spikes = []
        with torch.no_grad():
            for current in torch.from_numpy(drive):
                spikes.append(cell(current))
        compare(name, f"{version} {peer}", torch.stack(spikes).numpy())


def brian_neurons():
    import brian2 as b

    b.prefs.codegen.target = "numpy"
    b.BrianLogger.suppress_name("resolution_conflict")
    version = f"Brian2 {b.__version__}"

    def run(name, equations, threshold, reset, dt, update=None, start=None, namespace=None, within=None, **options):
        drive, _ = load(name)
        b.start_scope()
        b.defaultclock.dt = dt
        current = b.TimedArray(drive.astype(np.float64), dt=dt)
        group = b.NeuronGroup(
            drive.shape[1], equations, threshold=threshold, reset=reset,
            namespace={"current": current, **(namespace or {})}, **options)
        for variable, value in (start or {}).items():
            setattr(group, variable, value)
        parts = [group]
        if update:
            parts.append(group.run_regularly(update, dt=dt))
        monitor = b.SpikeMonitor(group)
        b.Network(parts, monitor).run(drive.shape[0] * dt)
        spikes = np.zeros_like(drive)
        spikes[np.rint(np.asarray(monitor.t / dt)).astype(int), np.asarray(monitor.i)] = 1
        compare(name, version, spikes) if within is None else compare_times(name, version, spikes, within)

    ms, mV = b.ms, b.mV
    run("membrane", "dv/dt = (v_rest - v + scale * current(t, i)) / tau : volt",
        "v >= -50*mV", "v = v_rest", 1 * ms, start={"v": -65 * mV}, method="exact",
        namespace={"v_rest": -65 * mV, "scale": 1 * mV, "tau": 20 * ms})
    # A neuron by assignments: the step is a regular operation before the threshold is looked at.
    run("alif", "v : 1\na : 1", "v >= 1 + 0.2 * a", "v -= 1; a += 1", 1 * ms,
        update="v = 0.9 * v + current(t, i); a = 0.98 * a")
    run("lif_refractory", "v : 1\nrest : 1", "v >= 1", "v = 0; rest = 3", 1 * ms,
        update="v = int(rest <= 0) * (0.9 * v + current(t, i)); rest = clip(rest - 1, 0, 3)")
    run("izhikevich_brian",
        "dv/dt = (0.04 * v**2 + 5 * v + 140 - u + current(t, i)) / ms : 1\ndu/dt = 0.02 * (0.2 * v - u) / ms : 1",
        "v >= 30", "v = -65; u += 8", 0.5 * ms, start={"v": -65, "u": -13}, method="euler")
    run("adex",
        "dv/dt = (g * (v_rest - v) + g * delta * exp(clip((v - v_t) / delta, -1000, 20)) - w + nA * current(t, i)) / c : volt\n"
        "dw/dt = (a * (v - v_rest) - w) / tau_w : amp",
        "v >= 20*mV", "v = v_rest; w += 0.0805*nA", 0.1 * ms, start={"v": -70.6 * mV}, method="euler", within=2,
        namespace={"g": 30 * b.nS, "v_rest": -70.6 * mV, "delta": 2 * mV, "v_t": -50.4 * mV, "c": 281 * b.pF, "a": 4 * b.nS, "tau_w": 144 * ms})
    run("hodgkin_huxley",
        "dv/dt = (current(t, i) - 120 * m**3 * h * (v - 50) - 36 * n**4 * (v + 77) - 0.3 * (v + 54.387)) / ms : 1\n"
        "dm/dt = (0.1 * (v + 40) / (1 - exp(-(v + 40) / 10)) * (1 - m) - 4 * exp(-(v + 65) / 18) * m) / ms : 1\n"
        "dh/dt = (0.07 * exp(-(v + 65) / 20) * (1 - h) - h / (1 + exp(-(v + 35) / 10))) / ms : 1\n"
        "dn/dt = (0.01 * (v + 55) / (1 - exp(-(v + 55) / 10)) * (1 - n) - 0.125 * exp(-(v + 65) / 80) * n) / ms : 1",
        "v >= 0", "", 0.02 * ms, start={"v": -65, "m": 0.0529, "h": 0.5961, "n": 0.3177}, method="rk4",
        refractory="v >= 0", within=2)
    run("resting", "dv/dt = (current(t, i) - v) / tau : 1 (unless refractory)", "v >= 1", "v = 0", 1 * ms,
        method="exact", namespace={"tau": 10 * ms}, refractory=3 * ms)

    # Synapses act after the thresholds: a spike of one step before stands for ours.
    drive, _ = load("arrivals")
    b.start_scope()
    b.defaultclock.dt = 1 * ms
    step, neuron = np.nonzero(drive[1:])
    source = b.SpikeGeneratorGroup(drive.shape[1], neuron, step * ms)
    group = b.NeuronGroup(
        drive.shape[1], "dv/dt = (g - v) / (20*ms) : 1\ndg/dt = -g / (5*ms) : 1", threshold="v >= 0.25 and g > 0.05",
        reset="v = 0", method="exponential_euler")
    group.g = 0.4 * drive[0]
    synapses = b.Synapses(source, group, on_pre="g += 0.4")
    synapses.connect(j="i")
    monitor = b.SpikeMonitor(group)
    b.Network(source, group, synapses, monitor).run(drive.shape[0] * ms)
    spikes = np.zeros_like(drive)
    spikes[np.rint(np.asarray(monitor.t / ms)).astype(int), np.asarray(monitor.i)] = 1
    compare("arrivals", version, spikes)

    b.seed(5)
    b.start_scope()
    # As many neurons as make its own error small.
    group = b.NeuronGroup(400, "dv/dt = -v / (10*ms) + 0.5 * sqrt(2 / (10*ms)) * xi : 1", method="euler")
    states = b.StateMonitor(group, "v", record=True)
    b.Network(group, states).run(1000 * ms)
    compare_statistics("noise", version, np.asarray(states.v), 0.08)
    group = b.NeuronGroup(
        400, "dv/dt = (0.8 - v) / (10*ms) + 0.5 * sqrt(2 / (10*ms)) * xi : 1", threshold="v >= 1", reset="v = 0", method="euler")
    monitor = b.SpikeMonitor(group)
    b.Network(group, monitor).run(1000 * ms)
    spikes = np.zeros((1000, 400))
    spikes[np.rint(np.asarray(monitor.t / ms)).astype(int), np.asarray(monitor.i)] = 1
    compare_statistics("noise_spikes", version, spikes, 0.02)


snntorch_neurons()
jelly_neurons()
norse_neurons()
brian_neurons()
header = ("neuron", "peer", "spikes, ours", "theirs", "identical")
widths = [max(len(str(row[k])) for row in rows + [header]) for k in range(5)]
for row in [header] + rows:
    print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
sys.exit(1 if failed else 0)
