// Thresholds that follow activity while a network runs: Eq. 11 of arXiv 2602.02439.

import Faults

/// `v_th[t] = v_th,base (1 + gamma (A_target - A[t]))` in the paper, for each layer by itself, kept between two bounds.
///
/// A[t] is the share of neurons that fired in a step, averaged over the steps before t; before the stream it is taken
/// to have been at the target. As printed the rule is positive feedback where A[t] is the layer's own activity: above
/// its target a layer's threshold falls, and it fires more. What holds when nothing is named is the homeostatic rule,
/// which has the other sign, on the activity of the input, of whose statistics the paper's abstract speaks: thresholds
/// rise while much arrives, most of the spikes are fired then, and nothing feeds back.
public struct Adaptation: Sendable, Equatable, Described {
  public enum Rule: String, Sendable, CaseIterable {
    /// As printed: `A_target - A[t]`.
    case paper
    /// The other sign: `A[t] - A_target`.
    case homeostatic
  }

  /// Over which steps the activity is averaged.
  public enum Memory: Sendable, Equatable {
    /// The last so many, evenly.
    case window(Int)
    /// All, each step's weight times `decay` a step later: `A = decay A + (1 - decay) a`.
    case decay(Double)
  }

  /// Whose activity A[t] is.
  public enum Sense: String, Sendable, CaseIterable {
    /// The layer's own.
    case layer
    /// That of the input, which must be spikes: no feedback at all.
    case input
    /// That of all neurons of the network.
    case network
  }

  /// How strongly the threshold follows.
  public var gamma: Double
  /// The activity at which the threshold is the base, in spikes a neuron and step.
  public var target: Double
  public var memory = Memory.window(50)
  public var rule = Rule.homeostatic
  /// Nil for the input's where it is spikes, and each layer's own where it is numbers.
  public var sense: Sense?
  /// The bounds of the threshold in units of its base; nil for none.
  public var low: Double?
  public var high: Double?

  /// The bounds that hold when none are given: a quarter and four times the base.
  public static let standardLow = 0.25
  public static let standardHigh = 4.0

  /// The same with its sense settled for a stream.
  ///
  /// - Throws: `.value` for the sense of an input that is numbers, whose activity is nowhere defined.
  public func settled(forSpikes isSpikes: Bool) throws(Fault) -> Adaptation {
    guard isSpikes || sense != .input else {
      throw Fault(
        .value, "the activity of an input of numbers is not defined", label: "\(callText) on a stream of numbers",
        help: "take sense=\"layer\" or sense=\"network\", or a stream of spikes")
    }
    var adaptation = self
    adaptation.sense = sense ?? (isSpikes ? .input : .layer)
    return adaptation
  }

  public init(gamma: Double, target: Double) {
    self.gamma = gamma
    self.target = target
    low = Self.standardLow
    high = Self.standardHigh
  }

  /// What the rule asks for at an activity, in units of the base, before the bounds.
  public func asked(at activity: Double) -> Double {
    1 + (rule == .paper ? gamma : -gamma) * (target - activity)
  }

  /// The threshold at an activity, in units of the base.
  public func factor(at activity: Double) -> Double {
    let asked = asked(at: activity)
    return min(max(asked, low ?? -.infinity), high ?? .infinity)
  }

  /// - Parameter boundsAreGiven: whether the user chose the lower bound; then any gamma is taken, and bounded.
  /// - Throws: `.value` for numbers that cannot be used, and for a gamma by which thresholds would become negative:
  ///   without a lower bound, at any activity from 0 to 1; with the standard one, at an activity between 0 and twice
  ///   the target.
  public func check(boundsAreGiven: Bool = false) throws(Fault) {
    func wrong(_ name: String, _ problem: String, _ value: Double, help: String? = nil) -> Fault {
      Fault(.value, "`\(name)` of `threshold` \(problem)", label: "\(name) is \(value)", help: help)
    }
    guard gamma >= 0, gamma.isFinite else {
      throw wrong(
        "gamma", "must be 0 or more", gamma, help: "for the other sign, take rule=\"homeostatic\" or rule=\"paper\"")
    }
    guard target > 0, target < 1 else {
      throw wrong("target", "must be between 0 and 1", target, help: "it is the share of neurons that fire in a step")
    }
    switch memory {
    case .window(let steps):
      guard steps >= 1, steps <= 1_000_000 else {
        throw wrong("window", "must be from 1 to 1000000 steps", Double(steps))
      }
    case .decay(let decay):
      guard decay >= 0, decay < 1 else { throw wrong("decay", "must be from 0 to below 1", decay) }
    }
    if let low, !(low > 0 && low <= 1) {
      throw wrong("low", "must be above 0 and at most 1", low, help: "it is a bound in units of the base threshold")
    }
    if let high, !(high >= 1 && high.isFinite) {
      throw wrong("high", "must be 1 or more", high, help: "it is a bound in units of the base threshold")
    }
    try checkSign(boundsAreGiven)
  }

  private func checkSign(_ boundsAreGiven: Bool) throws(Fault) {
    if low != nil, boundsAreGiven { return }
    let reach = low == nil ? 0...1 : 0...min(1, 2 * target)
    let worst = rule == .paper ? reach.upperBound : reach.lowerBound
    guard asked(at: worst) <= 0 else { return }
    let limit = 1 / abs(worst - target)
    throw Fault(
      .value, "this gamma makes thresholds negative",
      label: "gamma is \(gamma): at an activity of \(short(worst)) the threshold would be "
        + "\(short(asked(at: worst))) times its base",
      help: "take gamma below \(short(limit)), or a lower bound, such as low=0.25")
  }

  private func short(_ number: Double) -> String {
    let rounded = (number * 1000).rounded() / 1000
    return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int(rounded))" : "\(rounded)"
  }

  public var name: String { "threshold" }

  public var settings: [(name: String, value: Setting)] {
    let kept: (name: String, value: Setting) =
      switch memory {
      case .window(let steps): ("window", .integer(steps))
      case .decay(let decay): ("decay", .number(decay))
      }
    return [
      ("gamma", .number(gamma)), ("target", .number(target)), kept, ("rule", .text(rule.rawValue)),
      ("sense", sense.map { .text($0.rawValue) } ?? .none), ("low", low.map { .number($0) } ?? .none),
      ("high", high.map { .number($0) } ?? .none),
    ]
  }

  public var standardSettings: [(name: String, value: Setting)] {
    Adaptation(gamma: gamma, target: target).settings.filter { ["sense", "low", "high"].contains($0.name) }
  }
}

/// The average activity of a population over the steps before now.
struct ActivityMeter {
  private let memory: Adaptation.Memory
  private let neurons: Double
  /// For a window: the counts of its steps, oldest first from `next`, and their sum.
  private var ring: [Double]
  private var next = 0
  private var sum: Double
  private(set) var activity: Double

  /// - Parameter initial: the activity before the first step.
  init(_ memory: Adaptation.Memory, neurons: Int, initial: Double) {
    self.memory = memory
    self.neurons = Double(max(1, neurons))
    activity = initial
    if case .window(let steps) = memory {
      ring = [Double](repeating: initial * self.neurons, count: max(1, steps))
      sum = initial * self.neurons * Double(ring.count)
    } else {
      ring = []
      sum = 0
    }
  }

  /// Takes in how many neurons fired in a step.
  mutating func add(_ spikes: Int) {
    switch memory {
    case .window:
      sum += Double(spikes) - ring[next]
      ring[next] = Double(spikes)
      next += 1
      if next == ring.count {
        next = 0
        // Sums of rounded numbers drift; whole numbers don't, so one fresh sum a window keeps them true.
        sum = ring.reduce(0, +)
      }
      activity = max(0, sum) / (neurons * Double(ring.count))
    case .decay(let decay): activity = decay * activity + (1 - decay) * Double(spikes) / neurons
    }
  }
}
