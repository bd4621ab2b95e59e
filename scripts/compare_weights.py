"""PyTorch's side of compare-weights: `make FOLDER` writes models with their spikes, `check FOLDER` runs what came back."""

import glob
import os
import sys

import numpy as np
import onnx
import snntorch
import torch
import torch.nn as nn
from onnx.reference import ReferenceEvaluator

mode, folder = sys.argv[1], sys.argv[2]
torch.manual_seed(7)
torch.set_num_threads(1)
STEPS = 40


def leaky():
    return snntorch.Leaky(beta=0.9, threshold=0.5, reset_mechanism="zero", init_hidden=True)


class Bare(nn.Module):
    """Weights alone, in an order of names that is not that of their use."""

    def __init__(self):
        super().__init__()
        self.second, self.first = nn.Linear(20, 5, bias=False), nn.Linear(12, 20)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


def models():
    yield "dense", nn.Sequential(nn.Linear(12, 20), leaky(), nn.Linear(20, 5), leaky()), [12]
    norm = nn.BatchNorm2d(4)
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    norm.weight.data.uniform_(0.5, 1.5)
    norm.bias.data.normal_()
    rows = nn.Sequential(nn.Conv1d(4, 6, 3, padding=2, dilation=2, groups=2), leaky(), nn.ConvTranspose1d(6, 3, 4, stride=2), leaky())
    yield "rows", rows, [4, 10]
    images = nn.Sequential(
        nn.Conv2d(4, 8, 3, padding=1, groups=4), leaky(), nn.ConvTranspose2d(8, 2, 3, stride=2, padding=1, output_padding=1), leaky())
    yield "grouped", images, [4, 6, 5]
    yield "image", nn.Sequential(nn.Conv2d(1, 4, 3), norm, leaky(), nn.Flatten(), nn.Linear(144, 5), leaky()), [1, 8, 8]


def make():
    for name, net, shape in models():
        net.eval()
        x = (torch.rand(STEPS, 3, *shape) < 0.5).float()
        for module in net.modules():
            if isinstance(module, snntorch.Leaky):
                module.reset_hidden()
        with torch.no_grad():
            out = torch.stack([net(step) for step in x])
        torch.save(net.state_dict(), f"{folder}/{name}.pt")
        np.save(f"{folder}/{name}.x.npy", x.numpy())
        np.save(f"{folder}/{name}.out.npy", out.numpy())
    bare = Bare().eval()
    x = torch.rand(1, 12)
    torch.save({"epoch": 3, "state_dict": bare.state_dict()}, f"{folder}/bare.pt")
    torch.onnx.export(bare, (x,), f"{folder}/bare_traced.onnx", dynamo=False)
    # The same weights as MatMul and Add, inputs first, which other exporters write.
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    held = {"w1": bare.first.weight.detach().numpy().T, "b1": bare.first.bias.detach().numpy(), "w2": bare.second.weight.detach().numpy().T}
    nodes = [
        helper.make_node("MatMul", ["x", "w1"], ["a"], name="/first/MatMul"), helper.make_node("Add", ["a", "b1"], ["b"]),
        helper.make_node("Relu", ["b"], ["c"]), helper.make_node("MatMul", ["c", "w2"], ["y"], name="/second/MatMul")]
    sizes = lambda name, size: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", size])
    graph = helper.make_graph(
        nodes, "g", [sizes("x", 12)], [sizes("y", 5)], [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in held.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), f"{folder}/bare_products.onnx")
    np.save(f"{folder}/bare.x.npy", x.numpy()[None])
    with torch.no_grad():
        np.save(f"{folder}/bare.out.npy", bare.first(x).numpy()[None])
        np.save(f"{folder}/bare.second.npy", bare.second.weight.numpy())


def run_onnx(path, x):
    model = onnx.load(path)
    runner = ReferenceEvaluator(model)
    sizes = {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim][1:] for i in model.graph.input}
    state = {name: np.zeros([x.shape[1]] + size, dtype=np.float32) for name, size in sizes.items() if name != "input"}
    names = [o.name for o in model.graph.output]
    rows = []
    for step in x:
        out = dict(zip(names, runner.run(None, {"input": step, **state})))
        rows.append(out["output"])
        state = {name: out[f"{name}_next"] for name in state}
    return np.stack(rows)


def check():
    failed = False
    for path in sorted(glob.glob(f"{folder}/*.back.npz")):
        name = os.path.basename(path)[: -len(".back.npz")]
        with np.load(path) as ours:
            there = torch.load(f"{folder}/{name}.back.pt", weights_only=True)
            different = [key for key in ours.files if key != "neuedge_layers" and not np.array_equal(ours[key], there[key].numpy())]
        note = ""
        if name == "dense":
            net = next(models())[1]
            missing = net.load_state_dict(there, strict=False)
            different += missing.unexpected_keys + [key for key in missing.missing_keys if key.endswith(("weight", "bias"))]
        if os.path.exists(f"{folder}/{name}.back.onnx"):
            x, out = np.load(f"{folder}/{name}.x.npy"), np.load(f"{folder}/{name}.ours.npy")
            found = run_onnx(f"{folder}/{name}.back.onnx", x)
            wrong = int((np.abs(found.reshape(out.shape) - out) > 1e-4).sum())
            note = f"; as ONNX {int(found.sum())} spikes, {wrong} of {out.size} entries differ from ours"
            failed |= wrong > 0
        failed |= bool(different)
        print(f"{name}: back in PyTorch {'as it was' if not different else f'different: {different}'}{note}")
    sys.exit(1 if failed else 0)


{"make": make, "check": check}[mode]()
