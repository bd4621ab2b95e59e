// lava-dl's `.net` files in `save` and `load`.

import Chips
import Exchange
import Faults
import Formats
import Machine
import Spiking

private func deployment(_ call: Call, _ path: String, on chip: String) throws(Fault) -> Deployment {
  guard let deployment = call[0].asForeign(DeploymentValue.self)?.deployment else {
    throw Fault(
      .type, "only a deployment can be written so", label: "found \(call[0].description(of: .kind)) for \"\(path)\"",
      help: "its whole numbers are in the file: save(deploy(net, chips.\(chip)), \"\(path)\")")
  }
  return deployment
}

/// `save(deploy(net, chips.loihi1), "net.net")`; gives sentences on what is otherwise there.
func saveLavaNet(_ call: Call, _ path: String) throws(Fault) -> Value {
  let deployment = try deployment(call, path, on: "loihi1")
  let network = deployment.network
  let layers = try deployment.loihiLayers(for: "a .net file of lava-dl")
  var blocks: [LavaNet.Block] = []
  var rest = layers[...]
  var notes: [String] = []
  for (index, layer) in network.layers.enumerated() {
    if layer is FlattenLayer {
      blocks.append(.init(.flatten, shape: network.shapes[index]))
      continue
    }
    guard let next = rest.first, next.place == index else { continue }
    rest = rest.dropFirst()
    let neurons = LavaNet.Neurons(currentDecay: 4096, decay: next.decay, threshold: next.threshold)
    var block = LavaNet.Block(.flatten, shape: network.shapes[index], weights: next.weights, bias: next.bias, neurons: neurons)
    if let conv = layer as? ConvLayer, let weight = conv.weight {
      block.kind = .conv(
        shape: weight.shape, stride: [conv.stride.y, conv.stride.x], padding: [conv.padding.y, conv.padding.x])
    } else if let dense = layer as? DenseLayer, let weight = dense.weight {
      let (inputs, outputs) = (weight.shape[0], weight.shape[1])
      block.kind = .dense(outputs: outputs, inputs: inputs)
      var turned = [Int](repeating: 0, count: inputs * outputs)
      for input in 0..<inputs { for output in 0..<outputs { turned[output * inputs + input] = next.weights[input * outputs + output] } }
      block.weights = turned
    }
    if next.biasError > 0 {
      let parts = Float(next.biasError)
      notes.append("offsets of layer \(index) are rounded to steps of 64 there: by \(parts) of the threshold at most")
    }
    blocks.append(block)
  }
  try LavaNet(inputShape: network.inputShape, blocks: blocks).save(to: path)
  return .list(notes.map { .string($0) })
}

/// `load("net.net")`.
func loadLavaNet(_ call: Call, _ path: String) throws(Fault) -> Value {
  .foreign(NetworkValue(try LavaNet(path).network()))
}

/// `save(deploy(net, chips.truenorth), "net.ranc.json", input)`, and the simulator's configuration beside it.
func saveRanc(_ call: Call, _ path: String) throws(Fault) -> Value {
  let deployment = try deployment(call, path, on: "truenorth")
  let file = try RancFile(deployment, input: try spikesArgument(call))
  try writeText(file.text, to: path)
  try writeText(file.configuration, to: rancConfiguration(of: path))
  return .nil
}

/// "net.ranc.json" has its configuration in "net.ranc.config.json".
func rancConfiguration(of path: String) -> String { String(path.dropLast(".json".count)) + ".config.json" }
