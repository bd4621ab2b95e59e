// Bit-packed spikes against tensors of 0s and 1s, and the random streams.

import Faults
import Testing

@testable import Tensors

@Suite struct SpikesTests {
  private func binary(_ shape: [Int], threshold: Float = 1) throws -> Tensor {
    try Tensor.compare(.greater, sample(shape, seed: 21), Tensor.scalar(threshold))
  }

  @Test func thereAndBack() throws {
    for shape in [[3, 2, 5], [4, 3, 64], [2, 2, 65], [1, 1, 200], [3, 2], [2, 3, 2, 7, 11], [0, 2, 3], [2, 2, 0]] {
      let x = try binary(shape)
      let spikes = try Spikes(x)
      #expect(try Tensor.identical(spikes.tensor(), x))
      #expect(Float(spikes.total) == (try x.sum().item))
      #expect(spikes.words.count == spikes.rows * spikes.wordsPerRow)
      let axes = Array(shape.indices)
      for subset in [[0], [1], [0, 1], axes] {
        #expect(try Tensor.identical(spikes.counts(over: subset), x.sum(over: subset)))
      }
    }
    #expect(fault { _ = try Spikes(Tensor([0.5, 1], shape: [1, 2])) }?.kind == .value)
    #expect(fault { _ = try Spikes(Tensor.zeros([3])) }?.kind == .shape)
  }

  @Test func partsAndTimes() throws {
    let x = try binary([6, 2, 70])
    let spikes = try Spikes(x)
    #expect(try spikes.timeSlice(2..<5) == Spikes(x.indexed([.range(2, 5)])))
    #expect(fault { _ = try spikes.timeSlice(2..<7) }?.kind == .value)
    var active: [Int] = []
    spikes.forEachActive(step: 3, sample: 1) { active.append($0) }
    #expect(active == (0..<70).filter { element(x, [3, 1, $0]) == 1 })
    let first = try spikes.firstSpikeTimes()
    for at in coordinates([2, 70]) {
      let expected = (0..<6).first { element(x, [$0] + at) == 1 } ?? -1
      #expect(element(first, at) == Float(expected))
    }
    #expect(spikes.density == Double(spikes.total) / 840)
  }

  @Test func products() throws {
    for threshold: Float in [-2.1, 0, 1.8, 2.1] {
      let x = try binary([5, 3, 2, 35], threshold: threshold)
      let spikes = try Spikes(x)
      let weights = try sample([70, 9])
      let flat = try x.reshaped([15, 70])
      let dense = try Tensor.matmul(flat, weights)
      let product = try spikes.product(with: weights)
      #expect(product.shape == [5, 3, 9])
      expectClose(product.scalars, dense.scalars, tolerance: 2e-5)
      let gradient = try sample([5, 3, 9])
      let expected = try Tensor.matmul(flat.transposed(), gradient.reshaped([15, 9]))
      expectClose(try spikes.weightGradient(of: gradient).weight.scalars, expected.scalars, tolerance: 2e-5)
      #expect(fault { _ = try spikes.product(with: sample([69, 9])) }?.kind == .shape)
      #expect(fault { _ = try spikes.weightGradient(of: sample([5, 2, 9])) }?.kind == .shape)
    }
  }

  @Test func streamsAreNamed() throws {
    func draw(_ seed: UInt64, _ purpose: String, _ index: UInt64) throws -> [Float] {
      var stream = RandomStream(seed: seed, purpose: purpose, index: index)
      return try stream.uniformTensor([9]).scalars
    }
    let first = try draw(1, "weights", 0)
    #expect(try first == draw(1, "weights", 0))
    #expect(try first != draw(2, "weights", 0))
    #expect(try first != draw(1, "shuffle", 0))
    #expect(try first != draw(1, "weights", 1))
    var stream = RandomStream(seed: 1, purpose: "weights")
    #expect((0..<9).map { _ in stream.uniform() } == first)
    var two = RandomStream(seed: 1, purpose: "weights")
    let head = try two.uniformTensor([8]).scalars
    #expect(head == Array(first[..<8]))
    #expect(two.uniform() == first[8])
  }

  @Test func distributions() throws {
    var stream = RandomStream(seed: 7, purpose: "moments")
    let uniform = try stream.uniformTensor([100_000], from: -1, to: 3)
    #expect(abs((try uniform.mean().item ?? 9) - 1) < 0.02)
    #expect(uniform.scalars.allSatisfy { $0 >= -1 && $0 < 3 })
    let normal = try stream.normalTensor([100_000], mean: 2, standardDeviation: 3)
    #expect(abs((try normal.mean().item ?? 0) - 2) < 0.05)
    #expect(abs((try normal.reduced(.standardDeviation).item ?? 0) - 3) < 0.05)
    let order = try stream.permutation(100)
    #expect(order.sorted() == Array(0..<100))
    #expect(order != Array(0..<100))
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<7000 { counts[stream.integer(below: 7)] += 1 }
    #expect(counts.allSatisfy { $0 > 850 && $0 < 1150 })
    #expect(stream.integer(below: 1) == 0)
    #expect(stream.integer(below: 0) == 0)
  }
}
