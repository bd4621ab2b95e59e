// The networks and trainings of an exploration's candidates, made on the interpreter before anything is trained, so that
// what is wrong with any of them is said at once.

import Chips
import Faults
import Language
import Machine
import Spiking
import Tensors

/// Values that a value of another room holds; their counts are kept by hand.
final class HeldValues {
  let values: [Value]

  /// Holds borrowed values.
  init(_ values: [Value]) {
    self.values = values
    values.forEach { $0.retain() }
  }

  deinit { values.forEach { $0.release() } }
}

/// The settings of one candidate, in the order of the space.
struct CandidateSettings {
  let names: [String]
  private let held: HeldValues
  /// Borrowed.
  var values: [Value] { held.values }

  init(names: [String], values: [Value]) {
    self.names = names
    held = HeldValues(values)
  }

  /// "width=64, steps=10"
  var text: String { text(without: []) }

  func text(without left: [String]) -> String {
    zip(names, values).filter { !left.contains($0.0) }.map { "\($0)=\($1.description(of: .quoted))" }
      .joined(separator: ", ")
  }
}

struct CandidateMaker {
  private let call: Call
  private let space: ExploreSpace
  private let chip: Chip
  private let epochs: Int
  private let rungs: Int
  private let seeds: Int
  private let seed: UInt64
  private(set) var designs: [Design] = []
  private(set) var candidates: [DesignCandidate] = []
  /// One for each candidate.
  private(set) var settings: [CandidateSettings] = []
  /// Designs by the choices of their own settings.
  private var known: [[Int]: Int] = [:]

  init(_ call: Call, _ space: ExploreSpace, chip: Chip, epochs: Int, rungs: Int, seeds: Int, seed: UInt64) {
    self.call = call
    self.space = space
    self.chip = chip
    self.epochs = epochs
    self.rungs = rungs
    self.seeds = seeds
    self.seed = seed
  }

  /// Adds the candidate of some choices, one number for each setting, and its design where that is new.
  mutating func add(_ numbers: [Int]) throws(Fault) {
    try Interrupt.check()
    let chosen = zip(space.settings, numbers).map { ($0, value: $0.choices[$1]) }
    func choices(_ owner: ExploreSpace.Owner) -> ExploreSettings.Choices {
      chosen.filter { $0.0.owner == owner }.map { (name: $0.0.name, value: $0.value) }
    }
    let own = CandidateSettings(names: space.settings.map(\.name), values: chosen.map(\.value))
    let key = zip(space.settings, numbers).filter { $0.0.owner != .candidate }.map(\.1)
    let design: Int
    if let present = known[key] {
      design = present
    } else {
      design = designs.count
      let training = try ExploreSettings.training(of: choices(.fit), epochs: epochs, call.machine)
      var networks: [Network] = []
      for number in 0..<seeds { networks.append(try made(choices(.make), own, design: design, number: number)) }
      designs.append(Design(networks: networks, training: training))
      known[key] = design
    }
    let priced = choices(.candidate)
    var placing = try ExploreSettings.placing(of: priced, call.machine)
    placing.objective = try objectiveArgument(7, call)
    candidates.append(
      DesignCandidate(
        design: design,
        hardware: try ExploreSettings.hardware(
          of: priced, chip: call[3], objective: call[7], isTrained: rungs > 1, call.machine),
        placing: placing))
    settings.append(own)
  }

  /// What `make` gives for some settings. Its first weights depend on the session's seed and on the design alone.
  private func made(
    _ choices: ExploreSettings.Choices, _ settings: CandidateSettings, design: Int, number: Int
  ) throws(Fault) -> Network {
    var draws = RandomStream(seed: seed, purpose: "explore, make \(number + 1)", index: UInt64(design))
    let result = try call.machine.seeded(draws.nextBits()) { () throws(Fault) in
      try call.machine.invoke(call[0], choices.map(\.value), names: choices.map(\.name))
    }
    defer { result.release() }
    if let network = result.asForeign(NetworkValue.self)?.network { return network }
    if let pair = result.elements, pair.count == 2, var network = pair[0].asForeign(NetworkValue.self)?.network,
      let encoder = pair[1].asForeign(EncoderValue.self)?.encoder
    {
      network.encoder = encoder
      return network
    }
    throw Fault(
      .type, "`make` must give a network, or a network and its encoder",
      label: "found \(result.description(of: .kind)) for \(settings.text)",
      help: "such as: width => (input(64) |> dense(width) |> lif() |> dense(10) |> lif(), rate(steps=20))")
  }
}
