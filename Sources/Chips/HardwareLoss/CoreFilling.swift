// Which units stay when the gates freeze: as many as fill whole cores, the most useful first.

import Faults

/// Units in the order in which they are kept, and the mapper's word on how many may be.
struct CoreFilling {
  /// The units of all populations that can be removed, those to be kept first.
  private let order: [(population: Int, unit: Int)]
  /// For each population the unit that stays whatever happens.
  private let last: [Int: Int]

  /// - Parameters:
  ///   - scores: of the units of each population that can lose some. Higher is kept first.
  ///   - importance: decides between units of one population with equal scores; only its order counts.
  init(scores: [Int: [Float]], importance: [Int: [Double]]) {
    var ranked: [(population: Int, unit: Int, score: Float, rank: Double)] = []
    var last: [Int: Int] = [:]
    for (population, scores) in scores {
      let importance = importance[population] ?? []
      let places = scores.indices.sorted {
        let (a, b) = ($0 < importance.count ? importance[$0] : 0, $1 < importance.count ? importance[$1] : 0)
        return a != b ? a > b : $0 < $1
      }
      for (place, unit) in places.enumerated() {
        ranked.append((population, unit, scores[unit], Double(place) / Double(places.count)))
      }
      last[population] = scores.indices.max { scores[$0] < scores[$1] }
    }
    ranked.sort {
      if $0.score != $1.score { return $0.score > $1.score }
      if $0.rank != $1.rank { return $0.rank < $1.rank }
      return ($0.population, $0.unit) < ($1.population, $1.unit)
    }
    order = ranked.map { ($0.population, $0.unit) }
    self.last = last
  }

  /// The most units for which the mapper needs at most so many cores, or nil when it never does with so few.
  ///
  /// - Parameter cores: how many cores a choice of units takes; asked about log2 of the number of units times.
  func kept(
    filling target: Int, cores: ([Int: [Int]]) throws(Fault) -> Int
  ) throws(Fault) -> [Int: [Int]]? {
    var (low, high) = (0, order.count)
    var best: [Int: [Int]]?
    while low <= high {
      let middle = (low + high) / 2
      let choice = first(middle)
      if try cores(choice) <= target {
        best = choice
        low = middle + 1
      } else {
        high = middle - 1
      }
    }
    return best
  }

  /// The first units of the order, and of each population at least one.
  private func first(_ count: Int) -> [Int: [Int]] {
    var kept = last.mapValues { Set([$0]) }
    for entry in order.prefix(count) { kept[entry.population, default: []].insert(entry.unit) }
    return kept.mapValues { $0.sorted() }
  }
}
