// What goes wrong with thresholds that adapt: they oscillate, run away to a bound, or silence a layer.

import Faults

/// Watches one layer of a stream, step by step, and says what it saw.
struct StreamWatch {
  private let name: String
  private let adaptation: Adaptation?
  private var steps = 0
  // Silence: the longest run of steps in which spikes arrived and none left.
  private var silent = 0
  private var longestSilence = 0
  private var silenceEnd = 0
  private var everFired = false
  // Bounds.
  private var atLow = 0
  private var atHigh = 0
  private var belowZero = 0
  private var lowestAsked = 1.0
  // Swings: from one turning point of the threshold to the next, and how far the input moved meanwhile.
  private var rises = true
  private var extreme = 1.0
  private var turnedAt = 0
  private var inputLow = Double.infinity
  private var inputHigh = -Double.infinity
  private var legs = 0
  private var swings = 0
  private var swingSum = 0.0
  private var swingSteps = 0
  private var lastTurn = 1.0

  init(_ name: String, _ adaptation: Adaptation?) {
    self.name = name
    self.adaptation = adaptation
  }

  /// A swing counts as one of the feedback's own from this size, in units of the base.
  static let swing = 0.1
  /// Swings that make an oscillation.
  static let enough = 6
  /// The input is steady while its average moves by no more than this share of its highest value.
  static let steady = 0.25

  /// - Parameters:
  ///   - activity: what the rule was given.
  ///   - factor: the threshold in units of its base.
  ///   - inputActivity: the average activity of the network's input, over the same memory.
  mutating func add(
    spikes: Int, arrived: Bool, activity: Double, factor: Double, inputActivity: Double
  ) {
    steps += 1
    if spikes > 0 {
      everFired = true
      silent = 0
    } else if arrived {
      silent += 1
      if silent > longestSilence {
        longestSilence = silent
        silenceEnd = steps
      }
    }
    guard let adaptation else { return }
    let asked = adaptation.asked(at: activity)
    if asked <= 0 { belowZero += 1 }
    lowestAsked = min(lowestAsked, asked)
    if let low = adaptation.low, factor <= low { atLow += 1 }
    if let high = adaptation.high, factor >= high { atHigh += 1 }
    addSwing(factor, inputActivity)
  }

  private mutating func addSwing(_ factor: Double, _ input: Double) {
    inputLow = min(inputLow, input)
    inputHigh = max(inputHigh, input)
    if rises ? factor >= extreme : factor <= extreme {
      extreme = factor
      return
    }
    guard abs(factor - extreme) >= Self.swing else { return }
    // The threshold has turned: the leg from the last turning point to this extreme is complete.
    let leg = abs(extreme - lastTurn)
    legs += 1
    if leg >= Self.swing, inputHigh - inputLow <= Self.steady * inputHigh {
      swings += 1
      swingSum += leg
      swingSteps += steps - turnedAt
    }
    lastTurn = extreme
    turnedAt = steps
    extreme = factor
    rises.toggle()
    inputLow = input
    inputHigh = input
  }

  /// What should be known, with numbers; empty when all went well, and for fixed thresholds.
  func warnings() -> [String] {
    guard steps > 0, let adaptation else { return [] }
    var list: [String] = []
    let memory =
      switch adaptation.memory {
      case .window(let steps): steps
      case .decay(let decay): Int(min(1e6, 1 / (1 - decay)))
      }
    if longestSilence > max(100, 2 * memory) {
      list.append(
        everFired
          ? "\(name) fell silent: no spike for \(counted(longestSilence, "step")) with input, up to step \(silenceEnd) of \(steps)"
          : "\(name) was silent: no spike in \(counted(steps, "step")), \(longestSilence) of them with input")
    }
    let base = "times its base"
    if let high = adaptation.high, atHigh * 2 > steps {
      list.append(
        "the threshold of \(name) ran away upwards: \(percent(atHigh)) of the steps at its upper bound, \(text(high)) \(base)")
    }
    if let low = adaptation.low, atLow * 2 > steps {
      list.append(
        "the threshold of \(name) ran away downwards: \(percent(atLow)) of the steps at its lower bound, "
          + "\(text(low)) \(base)")
    }
    if belowZero > 0 {
      list.append(
        "the rule asked for a threshold below zero in \(name): \(text(lowestAsked)) \(base) at worst, in "
          + "\(belowZero) of \(counted(steps, "step")); it was held at \(text(adaptation.low ?? 0))")
    }
    // Bursts move thresholds too, and some of their swings meet a steady input by chance; a feedback of its own makes most.
    if swings >= Self.enough, 2 * swings > legs {
      let size = swingSum / Double(swings)
      let period = 2 * Double(swingSteps) / Double(swings)
      list.append(
        "the threshold of \(name) oscillates: \(swings) swings of \(text(size)) \(base) on average while the input was "
          + "steady, with a period of \(counted(Int(period.rounded()), "step"))")
    }
    return list
  }

  private func percent(_ count: Int) -> String { "\(Int((100 * Double(count) / Double(max(1, steps))).rounded())) %" }
  private func text(_ number: Double) -> String { "\((number * 100).rounded() / 100)" }
}
