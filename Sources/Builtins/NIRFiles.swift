// NIR files in `save` and `load`: networks that other tools wrote, and networks for them.

import Exchange
import Faults
import Language
import Machine

/// What `save` and `load` say of NIR, with a line for each tool.
let nirDocumentation = """
  NIR gives neurons as differential equations, and each tool steps them in its own way. A profile says how: \
  "exact" (NIR's equations, solved over a step), "norse", "snntorch", "sinabs", "rockpool", "nengo", "lava", "lava-dl", "spyx", \
  "spikingjelly" and "spinnaker2".
  """

/// `save(network, path, target, dt)`.
func writeNIR(_ call: Call, _ path: String) throws(Fault) -> Value {
  let network = try call.foreign(0, as: NetworkValue.self).network
  guard call.isGiven("target") else {
    throw call.wrong(
      call.place("target"), "must name the tool that the file is for",
      help: "such as save(net, \"\(path)\", target=\"snntorch\"): \(ToolProfile.all.map(\.name).joined(separator: ", "))")
  }
  let profile = try ToolProfile.named(try call.string(call.place("target")))
  var written = try network.written(for: profile, seconds: try stepSeconds(call), path: path)
  written.file.origin?.use = rememberedUse(of: network)
  try written.file.save(to: path)
  return .foreign(ExchangeReportValue(written.report))
}

/// `load(path, source, dt, reset, noted)`.
func readNIR(_ call: Call, _ path: String) throws(Fault) -> Value {
  guard call.isGiven("source") else {
    throw call.wrong(
      call.place("source"), "must name the tool whose steps the network takes",
      help: "such as load(\"\(path)\", source=\"snntorch\"): \(ToolProfile.all.map(\.name).joined(separator: ", "))")
  }
  let profile = try ToolProfile.named(try call.string(call.place("source")))
  var options = ReadingOptions(profile, seconds: try stepSeconds(call))
  if call.isGiven("reset") {
    let name = try call.string(call.place("reset"))
    guard name == "zero" || name == "subtract" else {
      throw call.wrong(call.place("reset"), "must be \"zero\" or \"subtract\", found \"\(name)\"")
    }
    options.reset = name == "zero" ? .zero : .subtract
  }
  let file = try NIRFile(path)
  let isNoted = call.isGiven("noted") ? try call.bool(call.place("noted")) : true
  var network = try file.network(options, noted: isNoted).network
  if isNoted, let use = file.origin?.use { network = try recalling(use, network, name: "`\(path)`") }
  return .foreign(NetworkValue(network))
}

private func stepSeconds(_ call: Call) throws(Fault) -> Double? {
  call.isGiven("dt") ? try call.amount(call.place("dt"), .time) : nil
}
