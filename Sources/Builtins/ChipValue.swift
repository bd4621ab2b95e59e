// Chips as values of the language: their figures as members and as a table with sources, and copies with other figures.

import Chips
import Faults
import Language
import Machine

/// A chip that a program holds.
public struct ChipValue: ForeignValue {
  public static let typeName = "chip"
  public let chip: Chip

  public init(_ chip: Chip) { self.chip = chip }

  public var summary: String { "chip \(chip.name)" }

  public func display(_ style: DisplayStyle) -> String { chipDescription(chip, width: style.width) }

  public var memberNames: [String] {
    [
      "name", "title", "about", "cores", "chips", "is_dense", "mesh", "limits", "synapses", "neuron", "arithmetic", "energy", "time",
      "step", "power", "figures", "estimates",
    ]
  }

  public func member(_ name: String) throws(Fault) -> Value? {
    if let section = FigureName.Section(rawValue: name) { return values(of: section) }
    return switch name {
    case "name": .string(chip.name)
    case "title": .string(chip.title)
    case "about": .string(chip.about)
    case "cores": .int(chip.mesh.cores)
    case "chips": .int(Int(chip.mesh.chips.value))
    case "is_dense": .bool(chip.isDense)
    case "figures": .list(figureRows(of: chip).map { row($0) })
    case "estimates":
      .list(figureRows(of: chip).filter { $0.figure.grade == .estimated }.map { .string("\($0.section).\($0.key)") })
    default: nil
    }
  }

  /// A section as a map from keys to numbers and quantities.
  private func values(of section: FigureName.Section) -> Value {
    var words: [(String, Value)] = []
    if section == .arithmetic, let arithmetic = chip.arithmetic {
      words = [
        ("cell", .string(arithmetic.cell.rawValue)), ("resets", .list(arithmetic.resets.map { .string($0.rawValue) })),
      ]
    }
    return .map(words + chip.figures.filter { $0.name.section == section }.map { ($0.name.key, $0.name.measure.value($0.figure.value)) })
  }

  private func row(_ row: FigureRow) -> Value {
    .map([
      ("section", .string(row.section)), ("name", .string(row.key)),
      ("value", row.measure.value(row.figure.value)), ("grade", .string(row.figure.grade.rawValue)),
      ("source", .string(row.figure.source)), ("note", .string(row.figure.note)),
      ("per", row.figure.per.map { .string($0.rawValue) } ?? .nil),
    ])
  }

  public var isCallable: Bool { true }

  /// `chips.loihi2(neurons=512, synaptic_operation=8pJ)`: the chip with other figures.
  public func call(_ arguments: ForeignArguments) throws(Fault) -> Value {
    guard arguments.positional.isEmpty else {
      throw Fault(
        .call, "a chip is called with the figures that are to change, by name",
        label: "found \(arguments.positional[0].description(of: .kind))",
        help: "chips.\(chip.name)(neurons=512, synaptic_operation=8pJ)")
    }
    var changed = chip
    for (key, value) in arguments.named {
      if key == "name", let name = value.asString {
        changed.name = name
        continue
      }
      let (name, number) = try changedFigure(key, value)
      changed[name] = Figure(
        number, grade: .estimated, source: "set by the program", per: changed[name]?.per ?? name.charges.first)
    }
    if changed.mesh.cores > 1_000_000 || changed.mesh.chips.value > 1e6 {
      throw Fault(.limit, "the mesh is too large", label: "at most a million cores a chip, and a million chips")
    }
    return .foreign(ChipValue(changed))
  }

  /// The figure that a key means, and its new number in base units. The energy and the time of an event have one key
  /// and differ in their dimension.
  private func changedFigure(_ key: String, _ value: Value) throws(Fault) -> (FigureName, Double) {
    let named = FigureName.all.filter { $0.key == key }
    guard let first = named.first else {
      let keys = FigureName.all.map(\.key)
      throw Fault(
        .name, "a chip has no figure `\(key)`", label: "not one of its names",
        help: didYouMean(key, among: keys) ?? "`describe(chips.\(chip.name))` lists them")
    }
    let dimension = value.asQuantity?.dimension ?? .none
    guard let number = value.asQuantity?.amount ?? value.asNumber else {
      throw Fault(
        .type, "`\(key)` of a chip is a number or a quantity", label: "found \(value.description(of: .kind))")
    }
    guard let name = named.first(where: { $0.measure.dimension == dimension }) else {
      throw Fault(
        .unit, "`\(key)` of a chip is of another dimension",
        label: "found \(dimension.name), expected \(named.map(\.measure.dimension.name).joined(separator: " or "))")
    }
    switch first.measure.check(number) {
    case .success: return (name, number)
    case .failure(let problem):
      throw Fault(.value, "`\(key)` of a chip \(problem.text)", label: "found \(value.description(of: .plain))")
    }
  }

  public func isEqual(to other: any ForeignValue) -> Bool {
    guard let other = (other as? ChipValue)?.chip, other.name == chip.name else { return false }
    return chip.figures.map(\.name) == other.figures.map(\.name)
      && chip.figures.map(\.figure) == other.figures.map(\.figure)
      && chip.arithmetic == other.arithmetic
      && chip.step.barrier.map(\.tiles) == other.step.barrier.map(\.tiles)
      && chip.step.barrier.map(\.seconds) == other.step.barrier.map(\.seconds)
      && chip.step.chipBarrier.map(\.chips) == other.step.chipBarrier.map(\.chips)
      && chip.step.chipBarrier.map(\.seconds) == other.step.chipBarrier.map(\.seconds)
  }
}

extension Call {
  /// The chip of an argument.
  func chip(_ index: Int) throws(Fault) -> Chip { try foreign(index, as: ChipValue.self).chip }
}

extension Measure {
  var dimension: Dimension {
    switch self {
    case .count, .bits: .none
    case .memory: .information
    case .energy: .energy
    case .time: .time
    case .power: .power
    }
  }

  /// A number of this measure as a value of the language.
  func value(_ number: Double) -> Value {
    dimension == .none ? .int(Int(exactly: number.rounded()) ?? 0) : .quantity(number, dimension)
  }
}
