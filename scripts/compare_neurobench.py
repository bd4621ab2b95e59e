"""Builds the networks of compare_neurobench.snn in snnTorch, has the neurobench package benchmark them, and compares."""

import json
import sys

import snntorch as snn
import torch
from neurobench.benchmarks import Benchmark
from neurobench.metrics.static import ConnectionSparsity, Footprint, ParameterCount
from neurobench.metrics.workload import ActivationSparsity, MembraneUpdates, SynapticOperations
from neurobench.models import SNNTorchModel
from torch.utils.data import DataLoader, TensorDataset

# As in the language: a neuron that fires is reset at once, not a step later.
NEURON = {"reset_mechanism": "zero", "reset_delay": False, "init_hidden": True}


def linear(weight):
    layer = torch.nn.Linear(len(weight), len(weight[0]), bias=False)
    layer.weight.data = torch.tensor(weight).T.contiguous()
    return layer


def recurrent(weight):
    layer = snn.RLeaky(beta=0.9, all_to_all=True, linear_features=len(weight), **NEURON)
    layer.recurrent = linear(weight)
    return layer


def network(name, w):
    hidden = snn.Leaky(beta=0.9, **NEURON)
    output = snn.Leaky(beta=0.8, output=True, **NEURON)
    if name == "conv":
        conv = torch.nn.Conv2d(2, 3, 3, padding=1, stride=3, bias=False)
        conv.weight.data = torch.tensor(w["kernel"])
        return torch.nn.Sequential(conv, hidden, torch.nn.Flatten(), linear(w["readout"]), output)
    if name == "recurrent":
        hidden = recurrent(w["back"])
    return torch.nn.Sequential(linear(w["first"]), hidden, linear(w["last"]), output)


class Weights:
    """A model of the layers of weights alone: snnTorch keeps constants of its neurons as buffers and parameters."""

    def __init__(self, net):
        layers = [layer for layer in net.modules() if isinstance(layer, (torch.nn.Linear, torch.nn.Conv2d))]
        self.net = torch.nn.ModuleList(layers)

    def __net__(self):
        return self.net


def main():
    failed = 0
    for line in sys.stdin:
        case = json.loads(line)
        net = network(case["name"], case["weights"])
        x = torch.tensor(case["x"], dtype=torch.float32)
        loader = DataLoader(TensorDataset(x, torch.zeros(len(x))), batch_size=100)
        model = SNNTorchModel(net)
        metrics = [[ConnectionSparsity], [ActivationSparsity, SynapticOperations, MembraneUpdates]]
        results = Benchmark(model, loader, [], [], metrics).run(quiet=True)
        operations = results["SynapticOperations"]
        wanted = {
            "footprint": Footprint()(Weights(net)), "parameters": ParameterCount()(Weights(net)),
            "connection_sparsity": results["ConnectionSparsity"], "activation_sparsity": results["ActivationSparsity"],
            "effective_acs": operations["Effective_ACs"], "effective_macs": operations["Effective_MACs"],
            "dense_operations": operations["Dense"], "membrane_updates": results["MembraneUpdates"],
        }
        if case["name"] == "recurrent":
            # The package hooks the weights of RLeaky twice, as a layer of their own and as a part of the neurons, and counts
            # them twice: what is dense can be put right, what was effective of them it does not tell.
            wanted["dense_operations"] -= len(case["weights"]["back"]) ** 2 * x.shape[1]
            del wanted["effective_acs"]
        kind = "spikes" if bool(((x == 0) | (x == 1)).all()) else "currents"
        print(f"{case['name']} network, {kind}")
        for key, value in wanted.items():
            found = case["figures"][key]
            # The package rounds this one to four decimals, and takes the mean of means of batches for that one.
            if key == "connection_sparsity":
                good = round(found, 4) == value
            elif key == "activation_sparsity":
                good = abs(found - value) < 1e-12
            else:
                good = found == value
            failed += not good
            print(f"  {'ok  ' if good else 'FAIL'} {key}: {found} and {value}")
    print(f"{failed} differ" if failed else "all equal")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
