// Chips from YAML files. A file comes from anywhere: whatever is wrong with it is a message that says where.
//
//     name: mine
//     title: My chip
//     based_on: loihi2                # optional: what is not given here is as there
//     sources: {manual: "My chip, data sheet, revision 3"}
//     limits:
//       neurons: {value: 512, grade: published, source: manual, note: half of them are kept for learning}
//     energy:
//       active_update: {value: 21.6 pJ, per: neuron_with_input, grade: published, source: manual}
//
// `per` names the event that an energy or a time is charged for (`Charge`); where an event leaves a choice, the first one
// of `Event.charges` holds without it.
// Sections are mesh, limits, synapses, neuron, arithmetic, energy, time, step and power; `FigureName` lists their keys. `none` removes a
// figure of the chip that a file is based on.

import Faults
import Libraries

/// Reads the text of a chip file.
///
/// - Parameters:
///   - name: the file as a message shows it.
///   - base: gives the chips that `based_on` may name.
///   - baseNames: their names, for suggestions.
///
/// Throws `.file` with the line and the column for whatever is not as it should be.
public func readChip(
  _ text: String, name: String, baseNames: [String] = [], base: (String) throws(Fault) -> Chip? = { (_) in nil }
) throws(Fault) -> Chip {
  try ChipText.check(text, name: name)
  var reader = ChipReader(place: ChipPlace(file: name))
  return try reader.chip(try reader.place.root(of: text), baseNames: baseNames, base: base)
}

private struct ChipReader {
  let place: ChipPlace
  /// Full citations by the short names that the file gives them.
  var sources: [String: String] = [:]
  /// Whether the chip computes every synapse in each step.
  var isDense = false

  private static let sectionKeys = FigureName.Section.allCases.map(\.rawValue)
  private static let keys = ["name", "title", "about", "based_on", "dense", "sources"] + sectionKeys

  init(place: ChipPlace) { self.place = place }

  mutating func chip(
    _ root: YAMLNode, baseNames: [String], base: (String) throws(Fault) -> Chip?
  ) throws(Fault) -> Chip {
    let fields = try place.fields(of: root, "a chip file", keys: Self.keys)
    guard let nameNode = fields["name"] else {
      throw place.fault(root, "the chip has no `name`", help: "begin with `name: mychip`")
    }
    let name = try place.text(nameNode, "name")
    var chip = Chip.blank(name: name)
    var isGiven: Set<FigureName> = []
    if let node = fields["based_on"] {
      let baseName = try place.text(node, "based_on")
      guard let found = try base(baseName) else {
        throw place.fault(
          node, "there is no chip `\(baseName)`",
          help: didYouMean(baseName, among: baseNames) ?? "known are \(baseNames.joined(separator: ", "))")
      }
      chip = found
      chip.name = name
      isGiven = Set(FigureName.all)
    }
    chip.title = try fields["title"].map { (node) throws(Fault) in try place.text(node, "title") } ?? chip.title
    chip.about = try fields["about"].map { (node) throws(Fault) in try place.text(node, "about") } ?? chip.about
    chip.isDense = try fields["dense"].map { (node) throws(Fault) in try place.flag(node, "dense") } ?? chip.isDense
    isDense = chip.isDense
    try fields["sources"].map { (node) throws(Fault) in try readSources(node) }

    for section in FigureName.Section.allCases {
      guard let node = fields[section.rawValue] else { continue }
      try read(section, node, into: &chip, &isGiven)
    }
    try check(chip, isGiven, root: root, sections: fields)
    return chip
  }

  private mutating func readSources(_ node: YAMLNode) throws(Fault) {
    for (key, value) in try place.pairs(of: node, "`sources`") {
      sources[try place.text(key, "a source's name")] = try place.text(value, "a source")
    }
  }

  private func read(
    _ section: FigureName.Section, _ node: YAMLNode, into chip: inout Chip, _ isGiven: inout Set<FigureName>
  ) throws(Fault) {
    let names = FigureName.all.filter { $0.section == section }
    var keys = names.map(\.key)
    if section == .step { keys += ["barrier", "chip_barrier"] }
    if section == .synapses { keys += ["shares_convolution", "allows_full_rows"] }
    if section == .arithmetic { keys += ["cell", "resets"] }
    if section == .arithmetic, place.isNone(node) {
      chip.arithmetic = nil
      return
    }
    let fields = try place.fields(of: node, "`\(section.rawValue)`", keys: keys)
    if section == .arithmetic { try readArithmetic(node, fields, into: &chip) }
    for name in names {
      guard let value = fields[name.key] else { continue }
      if place.isNone(value), !name.isAlwaysThere {
        chip[name] = nil
        isGiven.remove(name)
        continue
      }
      chip[name] = try figure(value, name)
      isGiven.insert(name)
    }
    if let value = fields["barrier"] {
      chip.step.barrier = try barrier(value, "barrier", of: "tiles", least: 1).map { (tiles: $0, seconds: $1) }
    }
    if let value = fields["chip_barrier"] {
      chip.step.chipBarrier = try barrier(value, "chip_barrier", of: "chips", least: 2).map { (chips: $0, seconds: $1) }
    }
    if let value = fields["shares_convolution"] {
      chip.synapses.sharesConvolution = try place.flag(value, "shares_convolution")
    }
    if let value = fields["allows_full_rows"] {
      chip.synapses.allowsFullRows = try place.flag(value, "allows_full_rows")
    }
  }

  /// The kind of neurons and their resets, before the numbers.
  private func readArithmetic(_ node: YAMLNode, _ fields: [String: YAMLNode], into chip: inout Chip) throws(Fault) {
    func choice<Choice: RawRepresentable & CaseIterable>(_ node: YAMLNode, _ key: String) throws(Fault) -> Choice
    where Choice.RawValue == String {
      let text = try place.text(node, key)
      if let known = Choice(rawValue: text) { return known }
      let names = Choice.allCases.map(\.rawValue)
      throw place.fault(
        node, "`\(key)` is \(place.found(node))", help: didYouMean(text, among: names) ?? "it is one of \(names.joined(separator: ", "))")
    }
    if let value = fields["cell"] {
      let cell: Arithmetic.Cell = try choice(value, "cell")
      if chip.arithmetic?.cell != cell { chip.arithmetic = Arithmetic(cell: cell) }
    }
    guard chip.arithmetic != nil else {
      throw place.fault(
        node, "`arithmetic` has no `cell`",
        help: "it says how a step is taken: one of \(Arithmetic.Cell.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    if let value = fields["resets"] {
      guard case .sequence(let sequence) = value.value, !sequence.isEmpty else {
        throw place.fault(value, "`resets` is \(place.found(value)), a list is expected", help: "such as [zero, subtract]")
      }
      var resets: [FixedPointReset] = []
      for item in sequence { resets.append(try choice(item, "resets")) }
      chip.arithmetic?.resets = resets
    }
  }

  // MARK: figures

  private static let figureKeys = ["value", "grade", "source", "note"]
  private static let figureForm = "{value: …, grade: published, source: \"where it is printed\"}"

  private func figure(_ node: YAMLNode, _ name: FigureName) throws(Fault) -> Figure {
    let (key, section) = (name.key, name.section.rawValue)
    guard case .mapping = node.value else {
      throw place.fault(
        node, "`\(key)` of `\(section)` is \(place.found(node)), a figure with its source is expected",
        help: "write `\(key): \(Self.figureForm)`")
    }
    let keys = Self.figureKeys + (name.charges.isEmpty ? [] : ["per"])
    let fields = try place.fields(of: node, "`\(key)`", keys: keys)
    var figure = try figure(fields, node, "`\(key)` of `\(section)`", name.measure)
    let standard = isDense && name.charges.contains(.synapseAndStep) ? .synapseAndStep : name.charges.first
    figure.per = try fields["per"].map { (node) throws(Fault) in try charge(node, name) } ?? standard
    return figure
  }

  /// The event that a figure is charged for.
  private func charge(_ node: YAMLNode, _ name: FigureName) throws(Fault) -> Charge {
    let text = try place.text(node, "per")
    if let charge = name.charges.first(where: { $0.rawValue == text }) { return charge }
    let known = name.charges.map(\.rawValue)
    throw place.fault(
      node, "`\(name.key)` of `\(name.section.rawValue)` cannot be charged per `\(text)`",
      help: didYouMean(text, among: known) ?? "it is charged per \(known.joined(separator: " or per "))")
  }

  private func figure(
    _ fields: [String: YAMLNode], _ node: YAMLNode, _ subject: String, _ measure: Measure
  ) throws(Fault) -> Figure {
    guard let valueNode = fields["value"] else {
      throw place.fault(node, "\(subject) has no `value`", help: "expected \(measure.expectation)")
    }
    let text = try place.text(valueNode, "value")
    let value: Double
    switch measure.value(of: text) {
    case .success(let known): value = known
    case .failure(let problem):
      throw place.fault(
        valueNode, "\(subject) is `\(text)`, which \(problem.text)", help: "expected \(measure.expectation)")
    }
    let grades = Grade.allCases.map(\.rawValue)
    guard let gradeNode = fields["grade"] else {
      throw place.fault(node, "\(subject) has no `grade`", help: "one of \(grades.joined(separator: ", "))")
    }
    let gradeText = try place.text(gradeNode, "grade")
    guard let grade = Grade(rawValue: gradeText) else {
      throw place.fault(
        gradeNode, "`\(gradeText)` is not a grade",
        help: didYouMean(gradeText, among: grades) ?? "one of \(grades.joined(separator: ", "))")
    }
    guard let sourceNode = fields["source"] else {
      throw place.fault(
        node, "\(subject) has no `source`", help: "name a paper, a data sheet, or for an estimate what it rests on")
    }
    let note = try fields["note"].map { (node) throws(Fault) in try place.text(node, "note") } ?? ""
    return Figure(value, grade: grade, source: try source(sourceNode), note: note)
  }

  /// A citation, or the full citation that a short name stands for.
  private func source(_ node: YAMLNode) throws(Fault) -> String {
    let text = try place.text(node, "source")
    if let full = sources[text] { return full }
    if sources.isEmpty || text.contains(" ") { return text }
    throw place.fault(
      node, "`\(text)` is not one of the file's `sources`",
      help: didYouMean(text, among: sources.keys) ?? "add it there, or write the citation out")
  }

  /// The entries of a barrier: how many tiles or chips each holds for, rising, and how long they take to agree.
  private func barrier(
    _ node: YAMLNode, _ key: String, of parts: String, least: Int
  ) throws(Fault) -> [(count: Int, seconds: Figure)] {
    guard case .sequence(let entries) = node.value else {
      throw place.fault(
        node, "`\(key)` is \(place.found(node)), a list is expected",
        help: "write `- {\(parts): \(least), value: 113 ns, grade: published, source: …}`, one line for each number of \(parts)")
    }
    var barrier: [(count: Int, seconds: Figure)] = []
    for entry in entries {
      let fields = try place.fields(of: entry, "an entry of `\(key)`", keys: [parts] + Self.figureKeys)
      guard let countNode = fields[parts] else {
        throw place.fault(entry, "an entry of `\(key)` has no `\(parts)`", help: "how many \(parts) it holds for")
      }
      let text = try place.text(countNode, parts)
      guard case .success(let count) = Measure.count.value(of: text), count < 1e9 else {
        throw place.fault(countNode, "`\(parts)` is `\(text)`", help: "expected \(Measure.count.expectation)")
      }
      if Int(count) < least {
        throw place.fault(countNode, "`\(parts)` is \(Int(count)): \(least) is the first number that needs agreement", help: nil)
      }
      if let last = barrier.last, Int(count) <= last.count {
        throw place.fault(countNode, "`\(parts)` do not rise: \(Int(count)) comes after \(last.count)", help: nil)
      }
      barrier.append((Int(count), try figure(fields, entry, "an entry of `\(key)`", .time)))
    }
    return barrier
  }

  // MARK: what a chip must have

  private func check(
    _ chip: Chip, _ isGiven: Set<FigureName>, root: YAMLNode, sections: [String: YAMLNode]
  ) throws(Fault) {
    for name in FigureName.all where name.isRequired(dense: chip.isDense) && !isGiven.contains(name) {
      let section = name.section.rawValue
      throw place.fault(
        sections[section] ?? root, "`\(section)` has no `\(name.key)`",
        help: "write `\(name.key): \(Self.figureForm)` with \(name.measure.expectation)")
    }
    if !chip.isDense, chip.limits[.synapses] == nil, chip.limits[.synapticMemory] == nil {
      throw place.fault(
        sections["limits"] ?? root, "`limits` has neither `synapses` nor `synaptic_memory`",
        help: "say how many synapses, or how many bytes of them, a core holds")
    }
    if chip.step.fixed == nil, chip.time.isEmpty {
      throw place.fault(
        sections["time"] ?? root, "nothing says how long a step lasts",
        help: "give `fixed` in `step`, or the times of events in `time`")
    }
    for name in [FigureName.energy(.synapticOperation), .time(.synapticOperation)] {
      guard let per = chip[name]?.per, per.isDense != chip.isDense else { continue }
      throw place.fault(
        sections[name.section.rawValue] ?? root,
        "`synaptic_operation` of `\(name.section.rawValue)` is charged per `\(per.rawValue)`, and the chip is \(chip.isDense ? "" : "not ")`dense`",
        help: "a dense processor computes each synapse in each step: `dense: true` and `per: synapse_and_step` belong together, or "
          + "`per: nonzero_synapse_and_step` where it passes over weights of zero")
    }
    if let energy = chip.energy[.synapticOperation]?.per, let time = chip.time[.synapticOperation]?.per, energy != time {
      throw place.fault(
        sections["time"] ?? sections["energy"] ?? root,
        "the energy of `synaptic_operation` is charged per `\(energy.rawValue)`, and its time per `\(time.rawValue)`",
        help: "the same synapses are computed: give both the same `per`")
    }
    if let energy = chip.energy[.activeUpdate]?.per, let time = chip.time[.activeUpdate]?.per, energy != time {
      throw place.fault(
        sections["time"] ?? sections["energy"] ?? root,
        "the energy of `active_update` is charged per `\(energy.rawValue)`, and its time per `\(time.rawValue)`",
        help: "one kind of neuron is active: give both the same `per`")
    }
    let cores = chip.mesh.columns.value * chip.mesh.rows.value * chip.mesh.coresPerTile.value
    if cores > 1e6 || chip.mesh.chips.value > 1e6 {
      throw place.fault(
        sections["mesh"] ?? root, "the mesh is too large", help: "at most a million cores a chip, and a million chips")
    }
  }
}

extension FigureName {
  /// Whether a chip cannot be without it.
  var isAlwaysThere: Bool { section == .mesh || (section == .synapses && ![.potentialSteps, .delayBits, .longestDelay].contains(self)) }

  fileprivate func isRequired(dense: Bool) -> Bool {
    isAlwaysThere || self == .energy(.synapticOperation) || (self == .limit(.neurons) && !dense)
  }
}

extension Chip {
  /// A chip without a figure, for a reader to fill.
  static func blank(name: String) -> Chip {
    let nothing = Figure(0, grade: .estimated, source: "")
    return Chip(
      name: name, title: name, mesh: Mesh(columns: nothing, rows: nothing, coresPerTile: nothing, chips: nothing),
      power: StaticPower(perChip: nil, perCore: nil), step: StepTime(fixed: nil),
      synapses: SynapseFormat(
        weightBits: nothing, indexBits: nothing, axonBits: nothing, wordBits: nothing, sharesConvolution: false))
  }
}
