// The session's seed, and the streams that builtins draw from. A draw depends on the seed and on how many draws came
// before it, never on threads.

import Faults
import Machine
import Tensors

/// What `seed` set, and how often random numbers have been asked for since.
private final class SeedState {
  var seed: UInt64 = 0
  var draws: UInt64 = 0
  /// All that were set, in their order, each once.
  var used: [UInt64] = []
}

extension Machine {
  private var seedState: SeedState {
    let key = ObjectIdentifier(SeedState.self)
    if let present = state[key] as? SeedState { return present }
    let fresh = SeedState()
    state[key] = fresh
    return fresh
  }

  /// The session's seed: 0 until `seed(n)` sets it. Setting it starts all streams anew.
  public var seed: UInt64 {
    get { seedState.seed }
    set {
      let current = seedState
      current.seed = newValue
      current.draws = 0
      if !current.used.contains(newValue), current.used.count < 1000 { current.used.append(newValue) }
    }
  }

  /// The seeds that were set so far, in their order, each once: what a run rests on, which is not its last seed alone.
  public var usedSeeds: [UInt64] { seedState.used }

  /// What `body` gives with the seed set for it alone: it draws the same whatever was drawn before, and what comes after
  /// draws as if it had not been.
  func seeded<Result>(_ seed: UInt64, _ body: () throws(Fault) -> Result) throws(Fault) -> Result {
    let current = seedState
    let (outer, draws) = (current.seed, current.draws)
    (current.seed, current.draws) = (seed, 0)
    defer { (current.seed, current.draws) = (outer, draws) }
    return try body()
  }

  /// A stream that no earlier call got since the seed was set.
  public func nextStream(_ purpose: String) -> RandomStream {
    let current = seedState
    current.draws &+= 1
    return RandomStream(seed: current.seed, purpose: purpose, index: current.draws)
  }

  /// Bits that depend on the seed, on what they are for and on what is to be worked on, and on nothing else: the same work
  /// gives the same whenever it is done. It counts as a draw, so that those after it are others.
  func standingBits(_ purpose: String, _ work: UInt64) -> UInt64 {
    seedState.draws &+= 1
    var stream = RandomStream(seed: seed, purpose: purpose, index: work)
    return stream.nextBits()
  }
}
