// What training makes small. A loss is a function of the output activity and the targets; arithmetic on it is
// differentiated.

import Faults
import Tensors

/// A loss with its name, what it reads and what it is for.
public protocol Loss: Described {
  /// What the targets must be.
  var targets: TargetKind { get }
  /// What it reads beside output and target.
  var needs: LossNeeds { get }
  /// How classes are read from a network that was trained with this loss; nil when the network decides.
  var decoder: Decoder? { get }
  /// How numbers are read from it; nil when the network decides.
  var readout: Readout? { get }
  /// Whether one thread alone may ask for the value, as it is with one that a user's program works out.
  var isSerial: Bool { get }
  /// One number, the mean over the batch.
  ///
  /// - Throws: `.shape` when output and target don't fit each other, `.value` when a label is no class.
  func value(_ given: LossInput) throws(Fault) -> Tensor
}

extension Loss {
  public var needs: LossNeeds { [] }
  public var decoder: Decoder? { nil }
  public var readout: Readout? { nil }
  public var isSerial: Bool { false }
}

/// A loss with settings, in a file of this folder.
public protocol DeclaredLoss: Loss, Component {}

/// What the targets of a data set are, and what a loss wants.
public enum TargetKind: Sendable, Equatable {
  /// A class for each sample, or for each step of it.
  case classes
  /// Numbers for each sample, or for each step of it.
  case numbers
  /// Either.
  case any
}

/// What a loss reads beside output and target: it is worked out only when it is asked for.
public struct LossNeeds: OptionSet, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }
  public static let spikes = LossNeeds(rawValue: 1)
  public static let states = LossNeeds(rawValue: 2)
}

/// What a loss is computed from. Output, spikes and states are tracked by a tape; gradients flow back into them.
public struct LossInput {
  /// `[time, batch, outputs]`.
  public var output: Tensor
  /// Class numbers `[batch]` or `[time, batch]`, -1 where there is none; or numbers `[batch, ...]` or
  /// `[time, batch, ...]`, nan where there is none.
  public var target: Tensor
  /// Of each population of neurons, `[time, batch, ...features]`, in order.
  public var spikes: [Tensor] = []
  /// Of each population its states, `[time, batch, ...features]`, by name, as the threshold saw them.
  public var states: [[(name: String, values: Tensor)]] = []

  public init(
    output: Tensor, target: Tensor, spikes: [Tensor] = [], states: [[(name: String, values: Tensor)]] = []
  ) {
    self.output = output
    self.target = target
    self.spikes = spikes
    self.states = states
  }
}

/// All losses with settings, in the order in which help lists them; a new one is a file in this folder and its name here.
public let losses: [any DeclaredLoss.Type] = [
  SpikeCountCrossEntropy.self, MembraneCrossEntropy.self, FirstSpikeCrossEntropy.self, CrossEntropy.self,
  BinaryCrossEntropy.self, TemporalEfficientTraining.self, SpikeRateMeanSquare.self, MeanSquare.self,
  MeanAbsolute.self, Huber.self, VanRossum.self,
]

/// A loss that a user's function works out.
public struct FunctionLoss: Loss {
  public let name: String
  public var settings: [(name: String, value: Setting)] { [] }
  public var callText: String { name }
  public let targets = TargetKind.any
  public let needs: LossNeeds
  public let isSerial: Bool
  private let function: (LossInput) throws(Fault) -> Tensor

  public init(
    _ name: String, needs: LossNeeds = [], isSerial: Bool = false,
    _ function: @escaping (LossInput) throws(Fault) -> Tensor
  ) {
    self.name = name
    self.needs = needs
    self.isSerial = isSerial
    self.function = function
  }

  public func value(_ given: LossInput) throws(Fault) -> Tensor { try function(given) }
}
