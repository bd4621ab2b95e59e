// The module `chips`: the chips of the stdlib as values, and chips from files of the user's own.

import Chips
import Faults
import Formats
import Machine

/// All builtins of the module `chips`.
let chipBuiltins: [Builtin] = stdlibChips().map { chipConstant($0.name, $0.text) } + [chipsNames, chipsRead]

/// The chip of the stdlib with a name; nil when there is none.
func stdlibChip(_ name: String) throws(Fault) -> Chip? {
  guard let file = stdlibChips().first(where: { $0.name == name }) else { return nil }
  return try chip(fromText: file.text, name: "the chip file of `\(name)`")
}

private func chip(fromText text: String, name: String) throws(Fault) -> Chip {
  let known = stdlibChips().map(\.name)
  return try readChip(text, name: name, baseNames: known) { (base) throws(Fault) in try stdlibChip(base) }
}

/// A chip of the stdlib as a member of the module: read when it is first asked for.
private func chipConstant(_ name: String, _ text: String) -> Builtin {
  // Every start of the program comes by here: the title is among the first lines, and bytes are quick to cut.
  let lines = text.utf8.split(separator: UInt8(ascii: "\n"), maxSplits: 4)
  let title = lines.first { $0.starts(with: "title: ".utf8) }?.dropFirst(7)
  return Builtin(
    constant: "chips.\(name)", of: "chip", subject: "chips",
    "\(title.flatMap { String($0) } ?? name); `describe(chips.\(name))` shows each figure with its grade, its source and what it is charged per.",
    example: "describe(chips.\(name))"
  ) { (call) throws(Fault) in
    guard let chip = try stdlibChip(name) else { return .nil }
    return .foreign(ChipValue(chip))
  }
}

private let chipsNames = Builtin(
  "chips.names", [], returns: "list", subject: "chips", "The names of the chips that are always there.",
  example: """
    print("loihi2" in chips.names())   # expect: true
    """
) { (call) throws(Fault) in .list(stdlibChips().map { .string($0.name) }) }

private let chipsRead = Builtin(
  "chips.read", [.required("path", .string, "a YAML file")], returns: "chip", subject: "chips",
  """
  A chip from a file of your own, in the form of the stdlib's files in `stdlib/chips`.

  Sections are `mesh`, `limits`, `synapses`, `neuron`, `arithmetic` (how it computes in whole numbers, for `deploy`), `energy`, `time`, `step` and `power`. Each figure is written \
  `{value: 23.6 pJ, grade: published, source: "a paper", note: "optional"}`. Grades are published (printed in a paper or \
  a data sheet), fitted (to measurements of silicon, by a simulator's authors), code (read in a program's source), \
  derived (computed from others) and estimated. `based_on: loihi2` takes over whatever the file does not give, and \
  `none` removes a figure.

  Each energy and time is charged for one event, which `describe` prints and `per` states: `neuron_update` per \
  neuron_and_step, `active_update` (beside it) per neuron_not_at_rest, or per neuron_with_input where the file says so, \
  `spike` per neuron that fires, `axon_out` and `axon_in` per packet_out and packet_in, `hop_horizontal` and \
  `hop_vertical` per hop along a row or a column, `synaptic_operation` per spike_and_synapse; `sparse_operation` and \
  `convolution_operation` take its place where synapses are so few that they are listed, or shared by a convolution. A mapping over several \
  chips needs `hop_between_chips` in `energy` and, without a `fixed` step, in `time` as well as `chip_barrier` in `step`: \
  `- {chips: 2, value: 5.8 us, ...}`.
  """,
  example: """
    let text = try { chips.read("no/such/chip.yaml") } catch e { e.message }
    print(text)   # expect: cannot read `no/such/chip.yaml`: there is no such file or folder
    """
) { (call) throws(Fault) in
  let path = try call.string(0)
  let text = try readText(path, limit: 1 << 20)
  return .foreign(ChipValue(try chip(fromText: text, name: "`\(path)`")))
}
