// Chips from YAML files. A file comes from anywhere: whatever is wrong with it is a message that says where.
//
//     name: mine
//     title: My chip
//     based_on: loihi2                # optional: what is not given here is as there
//     sources: {manual: "My chip, data sheet, revision 3"}
//     limits:
//       neurons: {value: 512, grade: published, source: manual, note: half of them are kept for learning}
//
// Sections are mesh, limits, synapses, neuron, energy, time, step and power; `FigureName` lists their keys. `none` removes a
// figure of the chip that a file is based on.

import Faults
import Yams

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

  private static let sectionKeys = FigureName.Section.allCases.map(\.rawValue)
  private static let keys = ["name", "title", "about", "based_on", "dense", "sources"] + sectionKeys

  init(place: ChipPlace) { self.place = place }

  mutating func chip(
    _ root: Node, baseNames: [String], base: (String) throws(Fault) -> Chip?
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
    try fields["sources"].map { (node) throws(Fault) in try readSources(node) }

    for section in FigureName.Section.allCases {
      guard let node = fields[section.rawValue] else { continue }
      try read(section, node, into: &chip, &isGiven)
    }
    try check(chip, isGiven, root: root, sections: fields)
    return chip
  }

  private mutating func readSources(_ node: Node) throws(Fault) {
    for (key, value) in try place.pairs(of: node, "`sources`") {
      sources[try place.text(key, "a source's name")] = try place.text(value, "a source")
    }
  }

  private func read(
    _ section: FigureName.Section, _ node: Node, into chip: inout Chip, _ isGiven: inout Set<FigureName>
  ) throws(Fault) {
    let names = FigureName.all.filter { $0.section == section }
    var keys = names.map(\.key)
    if section == .step { keys.append("barrier") }
    if section == .synapses { keys += ["shares_convolution", "allows_full_rows"] }
    let fields = try place.fields(of: node, "`\(section.rawValue)`", keys: keys)
    for name in names {
      guard let value = fields[name.key] else { continue }
      if place.isNone(value), !name.isAlwaysThere {
        chip[name] = nil
        isGiven.remove(name)
        continue
      }
      chip[name] = try figure(value, name.key, in: section.rawValue, name.measure)
      isGiven.insert(name)
    }
    if let value = fields["barrier"] { chip.step.barrier = try barrier(value) }
    if let value = fields["shares_convolution"] {
      chip.synapses.sharesConvolution = try place.flag(value, "shares_convolution")
    }
    if let value = fields["allows_full_rows"] {
      chip.synapses.allowsFullRows = try place.flag(value, "allows_full_rows")
    }
  }

  // MARK: figures

  private static let figureKeys = ["value", "grade", "source", "note"]
  private static let figureForm = "{value: …, grade: published, source: \"where it is printed\"}"

  private func figure(_ node: Node, _ key: String, in section: String, _ measure: Measure) throws(Fault) -> Figure {
    guard case .mapping = node else {
      throw place.fault(
        node, "`\(key)` of `\(section)` is \(place.found(node)), a figure with its source is expected",
        help: "write `\(key): \(Self.figureForm)`")
    }
    return try figure(
      try place.fields(of: node, "`\(key)`", keys: Self.figureKeys), node, "`\(key)` of `\(section)`", measure)
  }

  private func figure(
    _ fields: [String: Node], _ node: Node, _ subject: String, _ measure: Measure
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
  private func source(_ node: Node) throws(Fault) -> String {
    let text = try place.text(node, "source")
    if let full = sources[text] { return full }
    if sources.isEmpty || text.contains(" ") { return text }
    throw place.fault(
      node, "`\(text)` is not one of the file's `sources`",
      help: didYouMean(text, among: sources.keys) ?? "add it there, or write the citation out")
  }

  private func barrier(_ node: Node) throws(Fault) -> [(tiles: Int, seconds: Figure)] {
    guard case .sequence(let entries) = node else {
      throw place.fault(
        node, "`barrier` is \(place.found(node)), a list is expected",
        help: "write `- {tiles: 1, value: 113 ns, grade: published, source: …}`, one line for each number of tiles")
    }
    var barrier: [(tiles: Int, seconds: Figure)] = []
    for entry in entries {
      let fields = try place.fields(of: entry, "an entry of `barrier`", keys: ["tiles"] + Self.figureKeys)
      guard let tilesNode = fields["tiles"] else {
        throw place.fault(entry, "an entry of `barrier` has no `tiles`", help: "how many tiles it holds for")
      }
      let text = try place.text(tilesNode, "tiles")
      guard case .success(let tiles) = Measure.count.value(of: text), tiles < 1e9 else {
        throw place.fault(tilesNode, "`tiles` is `\(text)`", help: "expected \(Measure.count.expectation)")
      }
      if let last = barrier.last, Int(tiles) <= last.tiles {
        throw place.fault(tilesNode, "`tiles` do not rise: \(Int(tiles)) comes after \(last.tiles)", help: nil)
      }
      barrier.append((Int(tiles), try figure(fields, entry, "an entry of `barrier`", .time)))
    }
    return barrier
  }

  // MARK: what a chip must have

  private func check(
    _ chip: Chip, _ isGiven: Set<FigureName>, root: Node, sections: [String: Node]
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
    let cores = chip.mesh.columns.value * chip.mesh.rows.value * chip.mesh.coresPerTile.value
    if cores > 1e6 || chip.mesh.chips.value > 1e6 {
      throw place.fault(
        sections["mesh"] ?? root, "the mesh is too large", help: "at most a million cores a chip, and a million chips")
    }
  }
}

extension FigureName {
  /// Whether a chip cannot be without it.
  var isAlwaysThere: Bool { section == .mesh || section == .synapses }

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
