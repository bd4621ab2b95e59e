// The kinds of file that `save` writes and `load` reads beside the program's own, told apart by the end of their names.

import Faults
import Machine

/// One kind of file; a new kind is a row in `savedFileKinds`.
struct SavedFileKind: Sendable {
  /// The end of the names of its files: ".nir".
  let ending: String
  /// The arguments of `save` and `load`, beside what is saved and the path, that it has a use for.
  let arguments: [String]
  /// Writes what a call of `save` gives; nil for a kind that is only read.
  let write: (@Sendable (Call, _ path: String) throws(Fault) -> Value)?
  /// Reads what a call of `load` names; nil for a kind that is only written.
  let read: (@Sendable (Call, _ path: String) throws(Fault) -> Value)?

  /// The kind of a file; nil for the program's own.
  static func of(_ path: String) -> SavedFileKind? {
    let name = path.lowercased()
    return savedFileKinds.filter { name.hasSuffix($0.ending) }.max { $0.ending.count < $1.ending.count }
  }
}

let savedFileKinds: [SavedFileKind] = [
  SavedFileKind(ending: ".nir", arguments: ["target", "source", "dt", "reset", "noted"], write: writeNIR, read: readNIR),
  SavedFileKind(ending: ".npz", arguments: ["into", "names", "ignore"], write: saveWeights, read: loadWeights),
  SavedFileKind(ending: ".c", arguments: ["adapt"], write: saveC, read: nil),
  SavedFileKind(ending: ".sanafe.yaml", arguments: ["input"], write: saveForSana, read: nil),
  SavedFileKind(ending: ".net", arguments: [], write: saveLavaNet, read: loadLavaNet),
  SavedFileKind(ending: ".ranc.json", arguments: ["input"], write: saveRanc, read: nil),
  SavedFileKind(ending: ".hgr", arguments: [], write: saveHypergraph, read: nil),
]

/// Writes a network, a mapping or a deployment, by the end of the file's name.
func saveFile(_ call: Call) throws(Fault) -> Value {
  let path = try call.string(1)
  let kind = SavedFileKind.of(path)
  try checkArguments(call, from: 2, of: kind)
  if let write = kind?.write { return try write(call, path) }
  guard let network = call[0].asForeign(NetworkValue.self)?.network else {
    throw Fault(
      .value, "the name of the file does not say how \(call[0].description(of: .kind)) is written", label: "it is \"\(path)\"",
      help: call[0].asForeign(MappingValue.self) == nil
        ? "a deployment is written as C, save(onchip, \"net.c\"), for lava-dl, \"net.net\", or for RANC, \"net.ranc.json\""
        : "a mapping is written for SANA-FE, save(mapping, \"net.sanafe.yaml\"), or as a hypergraph, \"net.hgr\"")
  }
  try saveNetwork(network, to: path)
  return .nil
}

/// Reads what a file holds, by the end of its name.
func loadFile(_ call: Call) throws(Fault) -> Value {
  let path = try call.string(0)
  let kind = SavedFileKind.of(path)
  try checkArguments(call, from: 1, of: kind)
  if let read = kind?.read { return try read(call, path) }
  guard kind == nil else {
    let readable = savedFileKinds.filter { $0.read != nil }.map { "`\($0.ending)`" }.joined(separator: ", ")
    throw call.wrong(0, "is a file that is written and not read", help: "read are the program's own files, and \(readable)")
  }
  return .foreign(NetworkValue(try loadNetwork(path)))
}

/// A fault for an argument that the kind of file has no use for.
private func checkArguments(_ call: Call, from first: Int, of kind: SavedFileKind?) throws(Fault) {
  for place in first..<call.builtin.parameters.count where call.has(place) && !call[place].isNil {
    let name = call.builtin.parameters[place].name
    if kind?.arguments.contains(name) == true { continue }
    let owners = savedFileKinds.filter { $0.arguments.contains(name) }.map(\.ending).joined(separator: ", ")
    throw call.wrong(place, "is for files whose names end in \(owners)")
  }
}
