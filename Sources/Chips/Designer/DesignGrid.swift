// All combinations of some settings, and a fair draw from them.

import Faults
import Tensors

/// The grid of all combinations of choices; the last setting changes fastest.
public struct DesignGrid: Sendable, Equatable {
  /// How many choices each setting has.
  public let sizes: [Int]
  /// How many combinations there are.
  public let count: Int

  /// - Throws: `.limit` for more combinations than can be counted.
  public init(_ sizes: [Int]) throws(Fault) {
    self.sizes = sizes
    var count = 1
    for size in sizes {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow { throw Fault(.limit, "the space has too many combinations", label: "more than \(Int.max)") }
      count = product
    }
    self.count = count
  }

  /// The choice of each setting in a combination.
  public func choices(_ number: Int) -> [Int] {
    var rest = number
    var choices = sizes
    for place in sizes.indices.reversed() where sizes[place] > 0 {
      choices[place] = rest % sizes[place]
      rest /= sizes[place]
    }
    return choices
  }

  /// At most so many combinations, in the grid's order: all of them where that is enough, else a draw without repeats
  /// (R. W. Floyd's, in J. Bentley, "Programming pearls: a sample of brilliance", CACM 30(9), 1987).
  public func drawn(_ most: Int, stream: RandomStream) -> [Int] {
    if count <= most { return Array(0..<count) }
    var draws = stream
    var taken: Set<Int> = []
    for last in count - most..<count {
      let number = draws.integer(below: last + 1)
      if !taken.insert(number).inserted { taken.insert(last) }
    }
    return taken.sorted()
  }
}
