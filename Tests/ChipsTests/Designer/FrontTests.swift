import Faults
import Tensors
import Testing

@testable import Chips

@Suite struct FrontTests {
  private func merits(_ count: Int, seed: UInt64) -> [Merit] {
    var draws = RandomStream(seed: seed, purpose: "merits")
    // Few values, so that there are equals.
    return (0..<count).map { _ in
      Merit(accuracy: Double(draws.integer(below: 6)) / 6, price: Double(draws.integer(below: 6) + 1))
    }
  }

  /// Taking away the front that nobody dominates, again and again.
  private func peeled(_ merits: [Merit]) -> [Int] {
    var ranks = [Int](repeating: -1, count: merits.count)
    var left = Array(merits.indices)
    var rank = 0
    while !left.isEmpty {
      let front = left.filter { a in !left.contains { merits[$0].dominates(merits[a]) } }
      for member in front { ranks[member] = rank }
      left.removeAll { front.contains($0) }
      rank += 1
    }
    return ranks
  }

  @Test(arguments: [0, 1, 2, 7, 40]) func ranksAreThoseOfPeeling(count: Int) {
    for seed in 0..<20 as Range<UInt64> {
      let merits = merits(count, seed: seed)
      #expect(ParetoFront.ranks(merits) == peeled(merits))
    }
  }

  @Test func equalsDoNotDominateEachOther() {
    let twin = Merit(accuracy: 0.9, price: 2)
    #expect(!twin.dominates(twin))
    #expect(ParetoFront.ranks([twin, twin, Merit(accuracy: 0.9, price: 3)]) == [0, 0, 1])
  }

  @Test func theOrderIsByFrontAndThenByRoom() {
    let merits = [
      Merit(accuracy: 0.90, price: 1), Merit(accuracy: 0.905, price: 1.1), Merit(accuracy: 0.95, price: 10),
      Merit(accuracy: 0.99, price: 100), Merit(accuracy: 0.80, price: 50), Merit(accuracy: 0.99, price: 200),
    ]
    let order = ParetoFront.order(merits)
    #expect(Set(order.prefix(2)) == [0, 3])
    #expect(order[2] == 2)
    #expect(order[3] == 1)
    #expect(Set(order.suffix(2)) == [4, 5])
    #expect(ParetoFront.order([]) == [])
  }

  @Test func whatDoesNotFitComesLastAmongItsEquals() {
    let merits = [Merit(accuracy: 0.9, price: .infinity), Merit(accuracy: 0.9, price: 5), Merit(accuracy: 0.5, price: 1)]
    #expect(ParetoFront.ranks(merits) == [1, 0, 0])
    #expect(ParetoFront.order(merits).last == 0)
  }

  @Test func eachRungHasItsShare() throws {
    let halving = try Halving(rungs: 3, keep: 0.5)
    #expect((0..<3).map { halving.epochs($0, of: 16) } == [4, 8, 16])
    #expect((0..<3).map { halving.epochs($0, of: 10) } == [3, 5, 10])
    #expect((0..<3).map { halving.epochs($0, of: 1) } == [1, 1, 1])
    #expect(halving.survivors(of: 24) == 12)
    #expect(halving.survivors(of: 9) == 5)
    #expect((0...5).map { halving.survivors(of: $0) } == [0, 1, 2, 3, 4, 4])
    #expect(try Halving(rungs: 1, keep: 0.5).epochs(0, of: 12) == 12)
    #expect(try Halving(rungs: 2, keep: 1).survivors(of: 9) == 9)
    for bad in [(0, 0.5), (17, 0.5), (3, 0), (3, 1.5), (3, .nan)] {
      #expect(throws: Fault.self) { _ = try Halving(rungs: bad.0, keep: bad.1) }
    }
  }

  @Test func aGridIsAllCombinations() throws {
    let grid = try DesignGrid([2, 3])
    #expect(grid.count == 6)
    #expect((0..<6).map { grid.choices($0) } == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]])
    #expect(throws: Fault.self) { _ = try DesignGrid([Int](repeating: 1 << 20, count: 4)) }
  }

  @Test func aDrawHasNoRepeatsAndIsFair() throws {
    let grid = try DesignGrid([10, 10])
    #expect(grid.drawn(100, stream: RandomStream(seed: 1, purpose: "a")) == Array(0..<100))
    var hits = [Int](repeating: 0, count: 100)
    for seed in 0..<400 as Range<UInt64> {
      let drawn = grid.drawn(20, stream: RandomStream(seed: seed, purpose: "a"))
      #expect(Set(drawn).count == 20 && drawn == drawn.sorted())
      #expect(drawn == grid.drawn(20, stream: RandomStream(seed: seed, purpose: "a")))
      for number in drawn { hits[number] += 1 }
    }
    // 80 expected, with a deviation of 8.
    #expect(hits.allSatisfy { $0 > 40 && $0 < 120 })
  }
}
