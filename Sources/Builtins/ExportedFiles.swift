// Networks as C, and mappings for simulators and partitioners, in `save`.

import Chips
import Faults
import Formats
import Machine
import Spiking
import Tensors

func saveC(_ call: Call, _ path: String) throws(Fault) -> Value {
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

/// The spikes of `input=`; nil where nothing is given.
func spikesArgument(_ call: Call) throws(Fault) -> Spikes? {
  guard call.isGiven("input") else { return nil }
  let place = call.place("input")
  if let (spikes, _) = call[place].asSignal { return spikes }
  return try Spikes(try call.tensor(place))
}

func saveForSana(_ call: Call, _ path: String) throws(Fault) -> Value {
  let report = try mapping(call, path)
  try writeText(try SanaFile(report, input: try spikesArgument(call)).text, to: path)
  return .nil
}

func saveHypergraph(_ call: Call, _ path: String) throws(Fault) -> Value {
  try writeText(try HypergraphFile(try mapping(call, path)).text, to: path)
  return .nil
}
