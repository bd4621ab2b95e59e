// The kinds of files that `save` writes and `load` reads beside networks of our own: one row each.

import Chips
import Faults
import Formats
import Machine
import Spiking
import Tensors

/// A kind of file, by what its name ends in.
struct FileKind {
  let ending: String
  /// Writes what the call holds.
  let write: @Sendable (_ call: Call, _ path: String) throws(Fault) -> Value
  /// Reads what the call names; nil for a kind that is only written.
  var read: (@Sendable (_ call: Call, _ path: String) throws(Fault) -> Value)?
}

/// In the order in which endings are tried.
let fileKinds: [FileKind] = [
  FileKind(ending: ".c", write: saveC),
  FileKind(ending: ".sanafe.yaml", write: saveForSana),
  FileKind(ending: ".hgr", write: saveHypergraph),
  FileKind(ending: ".nir", write: writeNIR, read: readNIR),
]

/// The kind of a file by its name; nil for one of our own.
func fileKind(_ path: String) -> FileKind? { fileKinds.first { path.lowercased().hasSuffix($0.ending) } }

/// Throws `.value` for an argument of `save` or `load` that files of our own have no use for.
func checkFileArguments(_ call: Call) throws(Fault) {
  let names = ["target", "source", "dt", "reset", "noted"]
  if let name = names.first(where: { call.isGiven($0) }) {
    throw call.wrong(call.place(name), "is for files of other tools", help: "their names end in .nir")
  }
}

/// What `save` does: the file's name says which kind it is.
func saveFile(_ call: Call) throws(Fault) -> Value {
  let path = try call.string(1)
  if let kind = fileKind(path) { return try kind.write(call, path) }
  guard let network = call[0].asForeign(NetworkValue.self)?.network else {
    let kind = call[0].description(of: .kind)
    throw Fault(
      .value, "the name of the file does not say how \(kind) is written", label: "it is \"\(path)\"",
      help: call[0].asForeign(MappingValue.self) == nil
        ? "a deployment is written as C: save(onchip, \"net.c\")"
        : "a mapping is written for SANA-FE, save(mapping, \"net.sanafe.yaml\"), or as a hypergraph, \"net.hgr\"")
  }
  try checkFileArguments(call)
  try saveNetwork(network, to: path)
  return .nil
}

private func saveC(_ call: Call, _ path: String) throws(Fault) -> Value {
  var adaptation: Adaptation?
  if call.isGiven("adapt") {
    adaptation = try call.foreign(call.place("adapt"), as: AdaptationValue.self).adaptation
  }
  let program: CProgram
  if let deployment = call[0].asForeign(DeploymentValue.self)?.deployment {
    program = try CProgram(deployment.network, file: path, chip: deployment.chip, deployment: deployment, adaptation: adaptation)
    if let reason = program.withoutWholeNumbers {
      throw Fault(
        .value, "this deployment cannot be written as C", label: reason,
        help: "save(network, \"\(path)\") writes its floating-point form")
    }
  } else {
    let network = try call.foreign(0, as: NetworkValue.self).network
    guard let chip = try stdlibChip("loihi1") else { return .nil }
    program = try CProgram(network, file: path, chip: chip, adaptation: adaptation)
  }
  try writeText(program.text, to: path)
  return .nil
}

private func mapping(_ call: Call, _ path: String) throws(Fault) -> MappingReport {
  guard let report = call[0].asForeign(MappingValue.self)?.report else {
    throw Fault(
      .type, "only a mapping can be written so", label: "found \(call[0].description(of: .kind)) for \"\(path)\"",
      help: "place it first: save(net |> place(chips.loihi1_fitted, on=test), \"\(path)\")")
  }
  return report
}

private func saveForSana(_ call: Call, _ path: String) throws(Fault) -> Value {
  let report = try mapping(call, path)
  var input: Spikes?
  if call.isGiven("input") {
    let place = call.place("input")
    if let (spikes, _) = call[place].asSignal { input = spikes } else { input = try Spikes(try call.tensor(place)) }
  }
  try writeText(try SanaFile(report, input: input).text, to: path)
  return .nil
}

private func saveHypergraph(_ call: Call, _ path: String) throws(Fault) -> Value {
  try writeText(try HypergraphFile(try mapping(call, path)).text, to: path)
  return .nil
}
