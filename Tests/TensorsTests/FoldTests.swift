// Reductions, places of extremes, running sums, softmax and sorting, against plain loops.

import Faults
import Glibc
import Kernels
import Testing

@testable import Tensors

@Suite(.serialized) struct FoldTests {
  static func define(_ reduction: Reduction, _ x: [Double]) -> Double {
    let mean = x.reduce(0, +) / Double(x.count)
    let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
    switch reduction {
    case .sum: return x.reduce(0, +)
    case .mean: return mean
    case .maximum: return x.max() ?? 0
    case .minimum: return x.min() ?? 0
    case .product: return x.reduce(1, *)
    case .variance: return variance
    case .standardDeviation: return variance.squareRoot()
    case .any: return x.contains { $0 != 0 } ? 1 : 0
    case .all: return x.contains { $0 == 0 } ? 0 : 1
    }
  }

  @Test(arguments: Reduction.allCases) func reductions(_ reduction: Reduction) throws {
    for shape in [[], [1], [5], [3, 4], [2, 3, 4], [3, 1, 2, 5], [70, 3], [3, 700], [2, 3, 600]] {
      var choices: [[Int]?] = [nil]
      for bits in 0..<(1 << shape.count) { choices.append(shape.indices.filter { bits >> $0 & 1 == 1 }) }
      for axes in choices {
        for keeping in [false, true] {
          var x = try sample(shape, from: 0.8, to: 1.2)
          if reduction == .any || reduction == .all { x = try sample(shape, from: -1, to: 1).unary(.round) }
          let result = try x.reduced(reduction, over: axes, keepingDimensions: keeping)
          let folded = axes ?? Array(shape.indices)
          let kept = shape.indices.filter { !folded.contains($0) }
          let ones = shape.indices.map { folded.contains($0) ? 1 : shape[$0] }
          #expect(result.shape == (keeping ? ones : kept.map { shape[$0] }))
          var groups: [[Int]: [Double]] = [:]
          let scalars = x.scalars
          for (place, coordinate) in coordinates(shape).enumerated() {
            groups[kept.map { coordinate[$0] }, default: []].append(Double(scalars[place]))
          }
          let expected = coordinates(kept.map { shape[$0] }).map { Float(Self.define(reduction, groups[$0] ?? [])) }
          if reduction == .product, folded.reduce(1, { $0 * shape[$1] }) > 500 { continue }
          expectClose(result.scalars, expected, tolerance: 1e-5)
          #expect(result.isMask == (reduction == .any || reduction == .all))
        }
      }
    }
  }

  @Test func tallBlocksAreSharedAmongThreads() throws {
    let x = try sample([150_001, 7], from: 0, to: 1)
    let (scalars, sums, best) = (x.scalars, try x.sum(over: [0]), try x.reduced(.maximum, over: [0]))
    for column in 0..<7 {
      let values = stride(from: column, to: scalars.count, by: 7).map { scalars[$0] }
      let exact = values.reduce(0.0) { $0 + Double($1) }
      #expect(abs(Double(sums.scalars[column]) - exact) < 0.02)
      #expect(best.scalars[column] == values.max())
    }
    let wide = try sample([3, 400_000])
    #expect(try wide.sum(over: [0]).scalars.last == wide.indexed([.all, .at(-1)]).sum().item)
  }

  @Test func foldsOfNothing() throws {
    let empty = try Tensor.zeros([0, 3])
    #expect(try empty.sum(over: [0]).scalars == [0, 0, 0])
    #expect(try empty.reduced(.product).scalars == [1])
    #expect(try empty.mean().item?.isNaN == true)
    #expect(try empty.reduced(.all).item == 1)
    #expect(try empty.sum(over: [1]).shape == [0])
    #expect(fault { _ = try empty.reduced(.maximum) }?.kind == .value)
    #expect(fault { _ = try empty.argmax() }?.kind == .value)
    #expect(fault { _ = try empty.sum(over: [2]) }?.kind == .shape)
    #expect(fault { _ = try empty.sum(over: [0, -2]) }?.kind == .value)
  }

  @Test func sameBitsForAnyNumberOfThreads() throws {
    let before = ThreadPool.shared.threads
    defer { ThreadPool.shared.threads = before }
    let x = try sample([301, 517])
    let run = { () throws -> [[UInt32]] in
      let spikes = try Spikes(Tensor.compare(.greater, x.reshaped([7, 43, 517]), Tensor.scalar(1)))
      let weights = try sample([517, 33])
      var stream = RandomStream(seed: 5, purpose: "threads")
      let results = [
        try x.sum(), try x.sum(over: [0]), try x.sum(over: [1]), try x.reduced(.variance), try x.softmax(over: 0),
        try Tensor.matmul(x, weights), try Tensor.matmul(x.transposed(), x), try x + x.sum(over: [0]),
        try spikes.product(with: weights), try spikes.weightGradient(of: spikes.product(with: weights)).weight,
        try stream.normalTensor([50_001]), try x.reduced(.maximum), try x.unary(.exp).cumulativeSum(over: 0),
      ]
      return results.map { $0.scalars.map(\.bitPattern) }
    }
    ThreadPool.shared.threads = 1
    let alone = try run()
    ThreadPool.shared.threads = 2
    #expect(try run() == alone)
  }

  @Test func extremePlaces() throws {
    let x = try Tensor([3, 9, 9, 1, 1, 4], shape: [2, 3])
    #expect(try x.argmax().item == 1)
    #expect(try x.argmin(over: 1).scalars == [0, 0])
    #expect(try x.argmax(over: 0).scalars == [0, 0, 0])
    #expect(try x.argmax(over: -1).scalars == [1, 2])
    let y = try sample([4, 5, 3])
    let places = try y.argmax(over: 1)
    for (place, at) in coordinates([4, 3]).enumerated() {
      let line = (0..<5).map { element(y, [at[0], $0, at[1]]) }
      #expect(line.firstIndex(of: line.max() ?? 0) == Int(places.scalars[place]))
    }
  }

  @Test func runningSums() throws {
    let x = try sample([3, 4, 2])
    for axis in 0..<3 {
      let result = try x.cumulativeSum(over: axis)
      let expected = coordinates(x.shape).map { place in
        (0...place[axis]).reduce(Float(0)) { sum, i in
          var source = place
          source[axis] = i
          return sum + element(x, source)
        }
      }
      expectClose(result.scalars, expected)
    }
  }

  @Test func softmaxes() throws {
    let x = try sample([3, 5, 2], from: -50, to: 80)
    for axis in [0, 1, 2, -1] {
      let result = try x.softmax(over: axis)
      expectClose(try result.sum(over: [axis]).scalars, [Float](repeating: 1, count: 30 / x.shape[axis < 0 ? 2 : axis]))
      let shifted = try x - x.reduced(.maximum, over: [axis], keepingDimensions: true)
      let expected = try shifted.unary(.exp) / shifted.unary(.exp).sum(over: [axis], keepingDimensions: true)
      expectClose(result.scalars, expected.scalars)
      expectClose(try x.logSoftmax(over: axis).unary(.exp).scalars, expected.scalars)
    }
    #expect(try Tensor([1000, 0], shape: [2]).logSoftmax().scalars == [0, -1000])
  }

  @Test func sorting() throws {
    let x = try Tensor([3, .nan, 1, 2, 1, -1], shape: [2, 3])
    expectClose(try x.sorted().scalars, [1, 3, .nan, -1, 1, 2])
    #expect(try x.argsort().scalars == [2, 0, 1, 2, 1, 0])
    expectClose(try x.sorted(along: 0).scalars, [2, 1, -1, 3, .nan, 1])
    expectClose(try x.sorted(descending: true).scalars, [3, 1, .nan, 2, 1, -1])
  }

  @Test func histograms() throws {
    let x = try Tensor([0, 0.5, 1, 1.5, 2, .nan, 9], shape: [7])
    let (counts, edges) = try x.histogram(bins: 4, low: 0, high: 2)
    #expect(counts == [1, 1, 1, 2])
    #expect(edges == [0, 0.5, 1, 1.5, 2])
    #expect(try Tensor.zeros([0]).histogram(bins: 2).counts == [0, 0])
    #expect(fault { _ = try x.histogram(bins: 0) }?.kind == .value)
  }
}
