// The figures by which designs are compared, as names and values of the language.

import Chips
import Language
import Machine

/// A figure of a candidate.
enum ExploreFigure: String, CaseIterable {
  case accuracy, energy, latency
  case energyDelay = "energy_delay"
  case power, memory, cores, neurons, synapses

  static let names = allCases.map(\.rawValue)

  /// Whether more of it is better.
  var isGood: Bool { self == .accuracy }

  /// What it measures; nil for plain numbers.
  var dimension: Dimension? {
    switch self {
    case .energy: .energy
    case .latency: .time
    case .energyDelay: MappingValue.energyDelay
    case .power: .power
    case .memory: .information
    case .accuracy, .cores, .neurons, .synapses: nil
    }
  }

  /// In base units.
  func amount(_ figures: DesignFigures) -> Double {
    switch self {
    case .accuracy: figures.accuracy
    case .energy: figures.energy
    case .latency: figures.latency
    case .energyDelay: figures.energyDelay
    case .power: figures.power
    case .memory: Double(figures.memory)
    case .cores: Double(figures.cores)
    case .neurons: Double(figures.neurons)
    case .synapses: Double(figures.synapses)
    }
  }

  /// One trial's number, or the mean and deviation of several, owned.
  func value(_ trials: [Trial]) -> Value {
    let amounts = trials.map { amount($0.figures) }
    guard amounts.count == 1, let amount = amounts.first else {
      return amounts.isEmpty ? .nil : .foreign(MeanSDValue(amounts, dimension: dimension))
    }
    if let dimension { return .quantity(amount, dimension) }
    return self == .accuracy ? .float(amount) : .int(Int(amount))
  }

  /// An amount as a message shows it.
  func text(_ amount: Double) -> String {
    guard let dimension else { return formatted(amount, "g", digits: 4) }
    return QuantityText.text(amount, dimension, format: { formatted($0, "g", digits: 4) })
  }
}

extension [Trial] {
  /// The mean of a figure, in base units.
  func mean(_ figure: ExploreFigure) -> Double { reduce(0) { $0 + figure.amount($1.figures) } / Double(Swift.max(1, count)) }

  /// What the candidate is worth, by the means of its trials.
  var merit: Merit {
    Merit(accuracy: mean(.accuracy), price: reduce(0) { $0 + $1.figures.price } / Double(Swift.max(1, count)))
  }
}
