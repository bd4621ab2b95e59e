// What a mapper is asked: which workload, on which chip, with how many bits a weight, and what shall be small.

import Faults
import Spiking

/// What a strategy makes small.
public enum Objective: String, Sendable, CaseIterable {
  /// Joules of an inference.
  case energy
  /// Seconds of an inference.
  case latency
  /// Joules times seconds.
  case energyDelay = "energy_delay"
  /// Cores in use.
  case cores
  /// Packets times the tiles and chips that they pass.
  case traffic

  /// The number to make small.
  func value(cores: Int, load: Load, cost: Cost) -> Double {
    switch self {
    case .energy: cost.energy.total
    case .latency: cost.latency
    case .energyDelay: cost.energyDelay
    case .cores: Double(cores)
    case .traffic: load.horizontalHops + load.verticalHops + load.chipHops
    }
  }
}

/// How many of the granted cores a mapper takes.
public enum CoreUse: String, Sendable, CaseIterable {
  /// As many as make the objective smallest.
  case objective
  /// As few as hold the network: full cores, whatever that costs.
  case cores
}

/// One question to a mapper; a value that all strategies share.
public struct PlacementProblem: Sendable {
  public let workload: Workload
  public let chip: Chip
  public let connectome: Connectome
  public let objective: Objective
  /// How many chips may be used.
  public let chips: Int
  /// The most cores that `joint` may use; nil for those of `grantedChips`.
  public let coreBudget: Int?
  /// Chips whose cores `joint` may use without need: more are taken only by what does not fit.
  public let grantedChips: Int
  public let fill: CoreUse
  /// A number of cores that was good for nearly the same question: only numbers near it are tried; nil for all.
  public var near: Int?
  /// Contents of cores that are worth a try, as training left them; nil for none.
  public var suggestion: [[Mapping.Slice]]?
  public let seed: UInt64
  public let rules: CoreRules

  /// - Parameters:
  ///   - chips: how many chips may be used; nil for as many as the chip's file allows, which is one where it doesn't
  ///     say what joining them costs.
  ///   - weightBits: bits of a weight; nil for the chip's own.
  /// - Throws: `.value` for weights that aren't finite, or numbers of chips or bits that there can't be.
  public init(
    _ workload: Workload, on chip: Chip, objective: Objective = .energyDelay, chips: Int? = nil,
    weightBits: Int? = nil, coreBudget: Int? = nil, fill: CoreUse = .objective, seed: UInt64 = 0
  ) throws(Fault) {
    let available = max(1, Int(chip.mesh.chips.value.rounded()))
    if let chips, chips > available {
      throw Fault(
        .value, "\(chip.name) does not join so many chips", label: "chips is \(chips), at most \(available) work together")
    }
    let missing = chip.missingForChips
    if let chips, chips > 1, !missing.isEmpty {
      throw Fault(
        .value, "what \(chips) chips of \(chip.name) cost together is not known",
        label: "its file has no \(missing.joined(separator: ", "))",
        help: "place on one chip (chips=1), or give the figures: published ones, or estimates that say so")
    }
    self.workload = workload
    self.chip = chip
    self.objective = objective
    self.chips = missing.isEmpty ? max(1, chips ?? available) : 1
    self.coreBudget = coreBudget
    grantedChips = max(1, chips ?? 1)
    self.fill = fill
    self.seed = seed
    rules = try CoreRules(chip, weightBits: weightBits, delays: workload.graph.delays)
    connectome = try Connectome(workload.graph, countsZeros: chip.countsZeroWeights)
  }

  /// The same question with other rates.
  public func with(_ workload: Workload) -> PlacementProblem {
    PlacementProblem(copying: self, workload: workload)
  }

  private init(copying other: PlacementProblem, workload: Workload) {
    self.workload = workload
    chip = other.chip
    connectome = other.connectome
    objective = other.objective
    chips = other.chips
    coreBudget = other.coreBudget
    grantedChips = other.grantedChips
    fill = other.fill
    near = other.near
    suggestion = other.suggestion
    seed = other.seed
    rules = other.rules
  }

  /// Cores that may be used.
  public var cores: Int { chips.multipliedReportingOverflow(by: chip.mesh.cores).partialValue }

  /// The most cores for a network that takes at least so many.
  func granted(_ fewest: Int) -> Int {
    if fill == .cores { return fewest }
    let wanted = coreBudget ?? max(grantedChips, chipsNeeded(fewest)) * chip.mesh.cores
    return min(cores, max(fewest, wanted))
  }
}
