// Mutual information of two discrete variables from samples, in bits.

import Glibc

/// What is taken off the plug-in estimate, which is too large for few samples.
public enum InformationCorrection: String, Sendable, CaseIterable {
  /// Nothing.
  case none
  /// `(cells - rows - columns + 1) / (2 N ln 2)` bits, with the numbers of occupied cells, rows and columns of the
  /// table: Miller's (1955) first-order bias of each of the three entropies. It is what Panzeri and Treves (1996)
  /// give when the occupied cells are taken for the possible ones.
  case millerMadow = "miller_madow"
  /// The mean plug-in estimate of shuffled pairings, which carry no information. It takes off too much where the
  /// pairing leaves most cells of the table empty, as a deterministic code does.
  case shuffle
}

/// A table of how often the pairs of two discrete variables were seen.
struct PairTable {
  private(set) var samples = 0
  private var cells: [UInt64: Int] = [:]
  private var rows: [UInt32: Int] = [:]
  private var columns: [UInt32: Int] = [:]

  init(_ first: [UInt32], _ second: [UInt32]) {
    cells.reserveCapacity(min(first.count, 1024))
    for (a, b) in zip(first, second) { add(a, b) }
  }

  mutating func add(_ a: UInt32, _ b: UInt32) {
    cells[UInt64(a) << 32 | UInt64(b), default: 0] += 1
    rows[a, default: 0] += 1
    columns[b, default: 0] += 1
    samples += 1
  }

  /// The plug-in mutual information: that of the observed frequencies.
  var plugIn: Double {
    guard samples > 0 else { return 0 }
    return entropy(rows.values) + entropy(columns.values) - entropy(cells.values)
  }

  /// The first-order bias of `plugIn`.
  var millerMadowBias: Double {
    guard samples > 0 else { return 0 }
    return Double(cells.count - rows.count - columns.count + 1) / (2 * Double(samples) * log(2))
  }

  private func entropy(_ counts: some Sequence<Int>) -> Double {
    // In a fixed order, so that the same counts give the same bits: dictionaries have none.
    let total = Double(samples)
    return counts.sorted().reduce(0.0) { sum, count in
      let share = Double(count) / total
      return sum - share * log2(share)
    }
  }
}
