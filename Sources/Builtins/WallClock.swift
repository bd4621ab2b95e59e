// The clock of this machine as scripts read it. What depends on it differs from run to run; a page keeps the readings, so
// that a run which verifies it is told the same, and all the rest must be equal.

import Synchronization

/// The readings of one run, in their order.
public final class WallClock: Sendable {
  /// That of the run under way; nil where readings are neither kept nor replayed.
  @TaskLocal public static var current: WallClock?

  private struct State {
    var readings: [Double] = []
    var count = 0
    var asked = 0
  }

  private let state = Mutex(State())
  private let replayed: [Double]?
  /// More readings than this are not kept: a loop that waits makes millions.
  public static let most = 10_000

  /// - Parameter replayed: the readings of an earlier run, to be given again; nil to keep those of this run.
  public init(replaying replayed: [Double]? = nil) { self.replayed = replayed }

  /// What was kept.
  public var readings: [Double] { state.withLock { $0.readings } }
  /// How often the script itself asked for the time.
  public var asked: Int { state.withLock { $0.asked } }
  /// How often the clock was read.
  public var count: Int { state.withLock { $0.count } }

  /// A time that was measured, or a figure made of one, as the script is to be given it.
  static func reading(_ measured: Double) -> Double { current?.next(measured, isAsked: true) ?? measured }

  /// The same of a time that comes along with other figures, whether the script looks at it or not.
  static func silentReading(_ measured: Double) -> Double { current?.next(measured, isAsked: false) ?? measured }

  private func next(_ measured: Double, isAsked: Bool) -> Double {
    state.withLock { state in
      let place = state.count
      state.count += 1
      if isAsked { state.asked += 1 }
      let value = replayed.flatMap { place < $0.count ? $0[place] : nil } ?? measured
      if place < Self.most { state.readings.append(value) }
      return value
    }
  }
}
