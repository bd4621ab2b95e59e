// The module `data`: arrays in NumPy's archives.

import Faults
import Formats
import Machine
import Tensors

/// data.npz and data.save_npz.
let archiveBuiltins: [Builtin] = [
  Builtin(
    "data.npz", [.required("path", .string, "a file that `numpy.savez` or `numpy.savez_compressed` wrote"), roundedParameter], returns: "map", subject: "data",
    "The arrays of NumPy's .npz format by their names, each as `data.npy` gives it.",
    example: """
      data.save_npz({x: [[1, 2], [3, 4]], t: [1700000000000001]}, "/tmp/snn_a.npz")
      let arrays = data.npz("/tmp/snn_a.npz")
      print(keys(arrays), arrays.x.shape, arrays.t)   # expect: ["x", "t"] [2, 2] [1700000000000001]
      """
  ) { (call) throws(Fault) in
    let path = try call.string(0)
    let isRounded = try call.bool(1, default: false)
    var entries: [(String, Value)] = []
    for (name, array) in try readNPZ(path) { entries.append((name, try arrayValue(array, rounded: isRounded, path))) }
    return .map(entries)
  },
  Builtin(
    "data.save_npz",
    [
      .required("arrays", .map, "a map from names to tensors, spikes or numbers"), .required("path", .string, "where to"),
      .optional("compressed", .bool, default: "false", "whether they are packed, as `numpy.savez_compressed` does"),
    ],
    returns: "nil", subject: "data", "Writes arrays in the format from which `numpy.load` gives them by name, every number exactly as `data.save_npy` does.",
    example: """
      data.save_npz({weights: normal([4, 3]), labels: [0, 1, 2]}, "/tmp/snn_b.npz", compressed=true)
      """
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    var arrays: [(name: String, array: NumericArray)] = []
    for (key, value) in call[0].asMap?.pairs ?? [] {
      let name = key.description(of: .plain)
      if name.isEmpty || name.contains("/") || name.utf8.contains(0) { throw call.wrong(0, "has the key \"\(name)\", which is no name of a file") }
      guard let array = try numericArray(of: value) else {
        throw call.wrong(0, "holds \(value.description(of: .kind)) as `\(name)`, and numbers are expected", kind: .type)
      }
      arrays.append((name, array))
    }
    try writeNPZ(arrays, compressed: try call.bool(2, default: false), to: try call.string(1))
    return .nil
  },
]
