#!/usr/bin/env python3
"""Weights between PyTorch, ONNX and NumPy's .npz, which `load("weights.npz", into=net)` reads and `save(net, "weights.npz")` writes.

    weights.py model.pt    weights.npz     a state dictionary (or a checkpoint that has one, or a list of tensors by name)
    weights.py model.onnx  weights.npz     the weights of Gemm, MatMul and Add, Conv, ConvTranspose and BatchNormalization, as
                                       PyTorch has them: outputs first, but channels first for ConvTranspose
    weights.py weights.npz model.pt        a state dictionary for torch.nn.Sequential
    weights.py weights.npz model.onnx      one step of time of a network that `save` wrote: states come in and go out

Needs numpy, and torch or onnx for the file that is theirs. Exits with 2 and one line for what it cannot do.
"""
import json
import sys

import numpy as np

LAYERS = "neuedge_layers"


def fail(text):
    print(f"weights.py: {text}", file=sys.stderr)
    sys.exit(2)


def read_torch(path):
    import torch

    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        fail(f"{path} is no file of weights alone ({str(error).splitlines()[0]}); save model.state_dict(), not the model")
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict):
        fail(f"{path} holds {type(found).__name__}, and a state dictionary is expected")
    arrays = {}
    for name, value in found.items():
        if not torch.is_tensor(value):
            fail(f"{path}: `{name}` is {type(value).__name__} and no tensor")
        value = value.detach()
        if value.is_floating_point():
            value = value.to(torch.float32 if value.dtype != torch.float64 else torch.float64)
        arrays[str(name)] = value.numpy()
    return arrays


def read_onnx(path):
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            for attribute in node.attribute:
                if attribute.name == "value":
                    values[node.output[0]] = numpy_helper.to_array(attribute.t)
    users = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    arrays, done, count = {}, set(), 0

    def settings(node):
        return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}

    for place, node in enumerate(graph.node):
        held = [name for name in node.input if name in values and values[name].ndim > 0]
        if node.op_type not in ("Gemm", "MatMul", "Conv", "ConvTranspose", "BatchNormalization"):
            continue
        # A module's name is in that of its weights, or in that of the node: "/fc1/MatMul".
        parts = node.name.strip("/").split("/")[:-1]
        own = ".".join(part for part in parts if part) or f"{count}"
        if held and "::" not in held[0] and "." in held[0]:
            own = held[0].rsplit(".", 1)[0]
        count += 1

        def put(field, array):
            name = f"{own}.{field}"
            if name in arrays:
                fail(f"{path}: two nodes are called `{own}`")
            arrays[name] = array

        told = settings(node)
        if node.op_type == "BatchNormalization":
            for field, name in zip(("weight", "bias", "running_mean", "running_var"), node.input[1:5]):
                if name not in values:
                    fail(f"{path}: `{node.name}` takes `{name}` from another node, and no stored numbers")
                put(field, values[name])
                done.add(name)
            continue
        if node.input[1] not in values:
            fail(f"{path}: the weights of `{node.name}` ({node.op_type}) are no stored numbers but `{node.input[1]}`")
        weight = values[node.input[1]]
        done.add(node.input[1])
        if node.op_type == "Gemm":
            if told.get("alpha", 1) != 1 or told.get("beta", 1) != 1 or told.get("transA", 0) != 0:
                fail(f"{path}: `{node.name}` is a Gemm with factors, or of a turned input")
            weight = weight if told.get("transB", 0) else weight.T
        if node.op_type == "MatMul":
            if weight.ndim != 2:
                fail(f"{path}: the weights of `{node.name}` have {weight.ndim} axes, and 2 are expected")
            weight = weight.T
        if node.op_type == "ConvTranspose" and told.get("group", 1) != 1:
            fail(f"{path}: `{node.name}` is a transposed convolution in groups")
        put("weight", weight)
        bias = node.input[2] if len(node.input) > 2 and node.input[2] else None
        if node.op_type == "MatMul":
            after = users.get(node.output[0], [])
            if len(after) == 1 and after[0].op_type == "Add":
                bias = next((name for name in after[0].input if name in values), None)
        if bias is not None:
            if bias not in values:
                fail(f"{path}: the bias of `{node.name}` is no stored numbers but `{bias}`")
            put("bias", values[bias].reshape(-1))
            done.add(bias)
    rest = [t.name for t in graph.initializer if t.name not in done and numpy_helper.to_array(t).ndim > 0 and numpy_helper.to_array(t).dtype.kind == "f"]
    if rest:
        print(f"weights.py: left out, as no layer of weights has them: {', '.join(rest)}", file=sys.stderr)
    if not arrays:
        fail(f"{path} has no Gemm, MatMul, Conv, ConvTranspose or BatchNormalization with stored weights")
    return arrays


def read_npz(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def write_torch(path, arrays):
    import torch

    torch.save({name: torch.from_numpy(np.array(value)) for name, value in arrays.items() if name != LAYERS}, path)


def write_onnx(path, arrays):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    if LAYERS not in arrays:
        fail("only a file that `save` wrote tells its layers, and an ONNX graph needs them")
    told = json.loads(bytes(arrays[LAYERS]).decode("utf-8"))
    nodes, stored, takes, gives = [], [], [], []
    shape = told["input"]
    takes.append(helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch"] + shape))
    now = "input"

    def store(name, array):
        stored.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def number(name, value):
        return store(name, np.array(value, dtype=np.float32))

    def node(kind, inputs, output, **settings):
        nodes.append(helper.make_node(kind, inputs, [output], name=output, **settings))
        return output

    def pair(value, default, axes=2):
        if value is None:
            value = default
        return list(value) if isinstance(value, list) else [value] * axes

    def state(name, sizes):
        takes.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch"] + sizes))
        gives.append(helper.make_tensor_value_info(f"{name}_next", TensorProto.FLOAT, ["batch"] + sizes))
        return name

    def neurons(kind, settings, drive, place, sizes):
        beta = number(f"{place}.beta", settings.get("beta", 0.9))
        kept = node("Mul", [beta, state(f"{place}.v", sizes)], f"{place}.kept")
        risen = node("Add", [kept, drive], f"{place}.risen")
        if kind == "li":
            node("Identity", [risen], f"{place}.v_next")
            return risen
        level = number(f"{place}.threshold", settings.get("threshold", 1.0))
        fired = node("GreaterOrEqual", [risen, level], f"{place}.fired")
        spikes = node("Cast", [fired], f"{place}.spikes", to=TensorProto.FLOAT)
        reset = settings.get("reset") or "subtract"
        if reset == "subtract":
            node("Sub", [risen, node("Mul", [spikes, level], f"{place}.taken")], f"{place}.v_next")
        elif reset == "zero":
            node("Where", [fired, number(f"{place}.zero", 0.0), risen], f"{place}.v_next")
        else:
            node("Identity", [risen], f"{place}.v_next")
        return spikes

    for place, layer in enumerate(told["layers"]):
        kind, settings = layer["kind"], layer["settings"]
        weight = arrays.get(f"{place}.weight")
        bias = arrays.get(f"{place}.bias")
        if kind == "dense":
            if len(shape) > 1:
                now = node("Flatten", [now], f"{place}.flat", axis=1)
            inputs = [now, store(f"{place}.weight", weight)]
            if bias is not None:
                inputs.append(store(f"{place}.bias", bias))
            now = node("Gemm", inputs, f"{place}.out", transB=1)
            shape = [weight.shape[0]]
        elif kind in ("conv", "conv1d", "conv_transpose", "conv1d_transpose"):
            axes = weight.ndim - 2
            stride, padding = pair(settings.get("stride"), 1, axes), pair(settings.get("padding"), 0, axes)
            inputs = [now, store(f"{place}.weight", weight)]
            if bias is not None:
                inputs.append(store(f"{place}.bias", bias))
            common = {"strides": stride, "pads": padding * 2, "kernel_shape": list(weight.shape[2:])}
            sides = zip(shape[1:], padding, weight.shape[2:], stride)
            if kind.endswith("transpose"):
                more = pair(settings.get("output_padding"), 0, axes)
                now = node("ConvTranspose", inputs, f"{place}.out", output_padding=more, **common)
                shape = [weight.shape[1]] + [(n - 1) * s - 2 * p + k + m for (n, p, k, s), m in zip(sides, more)]
            else:
                gaps = pair(settings.get("dilation"), 1, axes)
                now = node("Conv", inputs, f"{place}.out", dilations=gaps, group=settings.get("groups") or 1, **common)
                shape = [weight.shape[0]] + [(n + 2 * p - d * (k - 1) - 1) // s + 1 for (n, p, k, s), d in zip(sides, gaps)]
        elif kind in ("pool", "pool1d"):
            axes = len(shape) - 1
            size = list(shape[1:]) if settings.get("size") is None else pair(settings["size"], 1, axes)
            stride = pair(settings.get("stride"), size, axes)
            mode = settings.get("kind") or "average"
            now = node("MaxPool" if mode == "max" else "AveragePool", [now], f"{place}.out", kernel_shape=size, strides=stride)
            if mode == "sum":
                now = node("Mul", [now, number(f"{place}.size", float(np.prod(size)))], f"{place}.sum")
            shape = [shape[0]] + [(n - k) // s + 1 for n, k, s in zip(shape[1:], size, stride)]
        elif kind == "flatten":
            now = node("Flatten", [now], f"{place}.out", axis=1)
            shape = [int(np.prod(shape))]
        elif kind == "dropout":
            continue
        elif kind == "batch_norm" and settings.get("steps") is None:
            inputs = [now] + [store(f"{place}.{field}", arrays[f"{place}.{field}"]) for field in ("weight", "bias", "running_mean", "running_var")]
            now = node("BatchNormalization", inputs, f"{place}.out", epsilon=float(settings.get("eps", 1e-5)))
        elif kind in ("lif", "li"):
            now = neurons(kind, settings, now, place, shape)
        elif kind == "recurrent" and layer["inner"][0]["kind"] == "lif":
            heard = node("Gemm", [state(f"{place}.heard", shape), store(f"{place}.recurrent.weight", arrays[f"{place}.recurrent.weight"])], f"{place}.back", transB=1)
            drive = node("Add", [now, heard], f"{place}.drive")
            now = neurons("lif", layer["inner"][0]["settings"], drive, place, shape)
            node("Identity", [now], f"{place}.heard_next")
        else:
            fail(f"an ONNX graph is not made of the layer {place}, `{kind}`")
    node("Identity", [now], "output")
    gives.insert(0, helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch"] + shape))
    graph = helper.make_graph(nodes, "step", takes, gives, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="neuedge")
    model.ir_version = 9
    onnx.checker.check_model(model)
    onnx.save(model, path)


READERS = {".pt": read_torch, ".pth": read_torch, ".onnx": read_onnx, ".npz": read_npz}


def main(source, target):
    def ending(path):
        return "." + path.rsplit(".", 1)[-1].lower()

    if ending(source) not in READERS:
        fail(f"read are {', '.join(READERS)}, and not {source}")
    try:
        arrays = READERS[ending(source)](source)
    except OSError as error:
        fail(str(error))
    except ImportError as error:
        fail(f"a file {ending(source)} needs the package {error.name}")
    if not arrays:
        fail(f"{source} holds no arrays")
    try:
        if ending(target) in (".pt", ".pth"):
            write_torch(target, arrays)
        elif ending(target) == ".onnx":
            write_onnx(target, arrays)
        elif ending(target) == ".npz":
            np.savez(target, **arrays)
        else:
            fail(f"written are .npz, .pt and .onnx, and not {target}")
    except ImportError as error:
        fail(f"a file {ending(target)} needs the package {error.name}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__.strip(), file=sys.stderr)
        sys.exit(2)
    main(sys.argv[1], sys.argv[2])
