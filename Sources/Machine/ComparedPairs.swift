import Faults

/// The pairs of containers that one comparison has found equal. Values that share parts, such as `a = [a, a]` sixty
/// times over, are compared in as many steps as they have parts, not as many as they would have written out.
struct ComparedPairs {
  private struct Pair: Hashable {
    let left: UInt64
    let right: UInt64
  }

  private var known: Set<Pair> = []
  private var visits = 0
  /// Comparisons of fewer containers do not pay for the set.
  private static let fewest = 1000

  /// Whether two containers are known to be equal; called before their parts are looked at.
  ///
  /// - Throws: `.interrupt` when the user has asked to stop.
  mutating func visit(_ left: Value, _ right: Value) throws(Fault) -> Bool {
    visits += 1
    if visits % 4096 == 0 { try Interrupt.check() }
    return visits > Self.fewest && known.contains(Pair(left: left.payload, right: right.payload))
  }

  /// Notes that two containers are equal.
  mutating func add(_ left: Value, _ right: Value) {
    if visits > Self.fewest { known.insert(Pair(left: left.payload, right: right.payload)) }
  }
}
