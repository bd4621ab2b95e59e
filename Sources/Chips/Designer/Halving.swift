// Successive halving: many designs are tried for a short while, the better part of them for longer, and so on.
//
// K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS 2016.

import Faults

/// How many rungs there are, and what each leaves over.
public struct Halving: Sendable, Equatable {
  /// At least 1; the last is the whole training.
  public var rungs: Int
  /// The share of designs that goes on to the next rung.
  public var keep: Double

  /// So many designs are kept in any case: fewer are no front.
  public static let fewest = 4

  /// - Throws: `.value` for less than a rung, or a share that is none.
  public init(rungs: Int = 3, keep: Double = 0.5) throws(Fault) {
    guard rungs >= 1, rungs <= 16 else {
      throw Fault(.value, "successive halving has from 1 to 16 rungs", label: "rungs is \(rungs)")
    }
    guard keep > 0, keep <= 1 else {
      throw Fault(
        .value, "a rung keeps a share of the designs, above 0 and at most 1", label: "keep is \(keep)",
        help: "keep=0.5 halves them")
    }
    self.rungs = rungs
    self.keep = keep
  }

  /// The epochs of a rung, from 0: those of the last are the whole training, and each before it has the share `keep` of
  /// the next one's, so that every rung takes about as long as any other.
  public func epochs(_ rung: Int, of whole: Int) -> Int {
    var epochs = Double(whole)
    for _ in rung..<max(rung, rungs - 1) { epochs *= keep }
    return max(1, Int(epochs.rounded(.up)))
  }

  /// How many of so many designs go on.
  public func survivors(of count: Int) -> Int {
    max(min(count, Self.fewest), Int((Double(count) * keep).rounded(.up)))
  }
}
