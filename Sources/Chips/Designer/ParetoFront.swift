// Which of many designs are worth a look: those that no other beats both in accuracy and in price.
//
// The order is that of NSGA-II: K. Deb, A. Pratap, S. Agarwal, T. Meyarivan, "A fast and elitist multiobjective genetic
// algorithm: NSGA-II", IEEE Trans. Evolutionary Computation 6(2), 2002.

import Glibc

/// What a design is worth.
public struct Merit: Sendable, Equatable {
  /// The share of samples that are read right: the more the better.
  public var accuracy: Double
  /// What it takes, such as joules times seconds: the less the better. Infinite where it does not fit its chip.
  public var price: Double

  public init(accuracy: Double, price: Double) {
    self.accuracy = accuracy
    self.price = price
  }

  /// Whether it is no worse in both, and better in one.
  public func dominates(_ other: Merit) -> Bool {
    accuracy >= other.accuracy && price <= other.price && (accuracy > other.accuracy || price < other.price)
  }
}

/// Sorting by two aims at once.
public enum ParetoFront {
  /// For each design how many fronts lie before its own: 0 for those that nobody dominates, 1 for those that nobody
  /// dominates once these are gone, and so on.
  public static func ranks(_ merits: [Merit]) -> [Int] {
    var ranks = [Int](repeating: 0, count: merits.count)
    // Behind the best accuracies and, among equals, the lowest prices: who dominates comes before who is dominated.
    let order = merits.indices.sorted { a, b in
      (-merits[a].accuracy, merits[a].price, a) < (-merits[b].accuracy, merits[b].price, b)
    }
    for (place, design) in order.enumerated() {
      for earlier in order[..<place] where merits[earlier].dominates(merits[design]) {
        ranks[design] = max(ranks[design], ranks[earlier] + 1)
      }
    }
    return ranks
  }

  /// All designs, the best first: by rank, and within a front those before others that stand alone, so that a part of a
  /// front is spread over all of it. Equals keep their order.
  public static func order(_ merits: [Merit]) -> [Int] {
    let ranks = ranks(merits)
    var room = [Double](repeating: 0, count: merits.count)
    for rank in 0...(ranks.max() ?? 0) {
      let members = merits.indices.filter { ranks[$0] == rank }
      addRoom(members, merits.map(\.accuracy), to: &room)
      // Prices lie decades apart.
      addRoom(members, merits.map { $0.price > 0 ? log10($0.price) : -300 }, to: &room)
    }
    return merits.indices.sorted { a, b in (ranks[a], -room[a], a) < (ranks[b], -room[b], b) }
  }

  /// Adds to each member how far its two neighbours are apart, as a share of the whole range; the ends have all the room.
  private static func addRoom(_ members: [Int], _ values: [Double], to room: inout [Double]) {
    let row = members.filter { values[$0].isFinite }.sorted { (values[$0], $0) < (values[$1], $1) }
    guard let first = row.first, let last = row.last else { return }
    let range = values[last] - values[first]
    for (place, member) in row.enumerated() {
      if place == 0 || place == row.count - 1 {
        room[member] = .infinity
      } else if range > 0 {
        room[member] += (values[row[place + 1]] - values[row[place - 1]]) / range
      }
    }
  }
}
