// Weights of other tools in `save` and `load`: NumPy's `.npz`, with the names and the axes of PyTorch's state dictionaries.

import Exchange
import Faults
import Formats
import Language
import Machine
import Spiking

/// What `load` says of weights.
let weightDocumentation = """
  A path that ends in `.npz` holds weights alone, by the names and with the axes of PyTorch (outputs first), and `into=` is \
  the network that takes them: modules with a `weight` go to its layers with weights, in their order, or `names=` has the \
  module of each layer. Each name and each shape must fit; `ignore=["head.*"]` leaves some out. `beta`, `threshold` and the \
  kind of reset, which snnTorch keeps, must be what the network's neurons have. `scripts/weights.py model.pt model.npz` makes \
  such a file of a state dictionary or of an ONNX model, and the other way round.
  """

/// `save(network, "weights.npz")`.
func saveWeights(_ call: Call, _ path: String) throws(Fault) -> Value {
  let network = try call.foreign(0, as: NetworkValue.self).network
  var entries = try StateDictionary(network).entries
  let layers = JSON.object([
    JSONMember("input", .list(network.inputShape.map { .integer($0) })), JSONMember("layers", layersJSON(of: network)),
  ]).text(indent: nil)
  let bytes = Array(layers.utf8)
  entries.append((StateDictionary.layersName, NumericArray(shape: [bytes.count], values: .uint8(bytes))))
  try writeNPZ(entries, compressed: false, to: path)
  return .nil
}

/// `load("weights.npz", into, names, ignore)`.
func loadWeights(_ call: Call, _ path: String) throws(Fault) -> Value {
  let into = call.place("into")
  guard call.isGiven("into") else {
    throw call.wrong(
      into, "must be the network that takes the weights", help: "such as load(\"\(path)\", into=input(64) |> dense(10) |> lif())")
  }
  let network = try call.foreign(into, as: NetworkValue.self).network
  var names = WeightNames()
  if call.isGiven("names") { names.modules = try call.strings(call.place("names")) }
  if call.isGiven("ignore") { names.ignored = try call.strings(call.place("ignore")) }
  let dictionary = StateDictionary(try readNPZ(path))
  do throws(Fault) {
    return .foreign(NetworkValue(try network.taking(dictionary, names)))
  } catch {
    if error.kind == .interrupt { throw error }
    var fault = error
    fault.title = "\(error.title), in `\(path)`"
    throw fault
  }
}
