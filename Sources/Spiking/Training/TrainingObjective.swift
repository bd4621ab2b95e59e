// A second aim of training beside the task's loss, such as a price for what a network takes on a chip. Training knows
// only this protocol; who knows the price lives in a room above.

import Faults
import Tensors

/// What `fit` makes small beside the task: `L = L_task + weight * value`.
///
/// The objective may keep parameters of its own (gates) through which the network is seen while it trains, and it may
/// give back a smaller network at the end. `fit` calls, in this order: `begin` once; for each epoch `beginEpoch`; for
/// each batch `shaped`, `charge`, `pullBack` and `advance`; and at the end, also after an interrupt, `finish`.
public protocol TrainingObjective {
  /// The name under which the history and the progress line show it: "hardware".
  var name: String { get }
  /// Lambda: what `value` is multiplied by before it is added to the loss.
  var weight: Double { get }

  /// Called once, before anything is computed.
  ///
  /// - Throws: what makes the objective impossible for this network.
  mutating func begin(_ network: Network, _ course: TrainingCourse) throws(Fault)
  /// Called before each epoch, from 0, with the network as its parameters stand (not as `shaped` gives it).
  mutating func beginEpoch(_ epoch: Int, _ network: Network) throws(Fault)
  /// Asked at the end of each epoch: numbers that the history remembers for it, by name.
  var notes: [(name: String, value: Double)] { get }
  /// Asked at the end of each epoch: what the user should know of it, each text once.
  mutating func takeWarnings() -> [String]
  /// The network as it is to run: its parameters seen through the objective's own.
  func shaped(_ network: Network) throws(Fault) -> Network
  /// Told the task's loss of each batch, before it is asked for the batch's price.
  mutating func observe(taskLoss: Double)
  /// The price of one batch.
  ///
  /// - Parameters:
  ///   - network: the network as its parameters stand.
  ///   - input: what entered the network, `[time, batch, ...features]`.
  ///   - trace: what the shaped network did.
  mutating func charge(_ network: Network, input: Signal, trace: NetworkTrace) throws(Fault) -> ObjectiveCharge
  /// Turns gradients of the shaped network's parameters into those of the network's own, and adds the objective's.
  mutating func pullBack(_ gradients: inout [[Tensor]], _ network: Network) throws(Fault)
  /// Called after each step of the optimiser, with the share of all steps that are done: moves what the objective
  /// itself learns, and sets parameters to zero that it has removed.
  mutating func advance(_ network: inout Network, progress: Double) throws(Fault)
  /// The network that was learnt, without what was removed. It does what `shaped(network)` does.
  func finish(_ network: Network) throws(Fault) -> Network
}

extension TrainingObjective {
  public mutating func takeWarnings() -> [String] { [] }
  public mutating func observe(taskLoss: Double) {}
}

/// What an objective knows of the run that begins.
public struct TrainingCourse: Sendable {
  public var epochs: Int
  /// Steps of the optimiser in an epoch.
  public var batches: Int

  public init(epochs: Int, batches: Int) {
    self.epochs = epochs
    self.batches = batches
  }
}

/// The price of one batch.
public struct ObjectiveCharge {
  /// Before it is multiplied by the objective's weight.
  public var value: Double
  /// What `value` is made of, by name, in a fixed order.
  public var terms: [(name: String, value: Double)]
  /// By layer, the gradient of `weight * value` that flows into its output, `[time, batch, ...features]`.
  public var outputGradients: [Int: Tensor]

  public init(
    value: Double, terms: [(name: String, value: Double)], outputGradients: [Int: Tensor] = [:]
  ) {
    self.value = value
    self.terms = terms
    self.outputGradients = outputGradients
  }
}

/// The means of an objective's price and terms over an epoch.
struct ChargeTally {
  private(set) var samples = 0
  private var sums: [(name: String, value: Double)] = []

  mutating func add(_ charge: ObjectiveCharge, name: String, samples: Int) {
    let entries = [(name: name, value: charge.value)] + charge.terms.map { (name: "\(name)_\($0.name)", value: $0.value) }
    if sums.isEmpty { sums = entries.map { (name: $0.name, value: 0) } }
    for (place, entry) in entries.enumerated() where place < sums.count {
      sums[place].value += entry.value * Double(samples)
    }
    self.samples += samples
  }

  /// The price, then its terms, each named as the history names it: "hardware", "hardware_memory".
  var means: [(name: String, value: Double)] {
    sums.map { (name: $0.name, value: $0.value / Double(max(1, samples))) }
  }
}
