// Limits, sizes and the rearrangement of elements, against loops over coordinates.

import Faults
import Testing

@testable import Tensors

@Suite struct ShapeTests {
  @Test func sizesAreChecked() {
    #expect(fault { _ = try Tensor([1, 2], shape: [3]) }?.kind == .shape)
    #expect(fault { _ = try Tensor.zeros([2, -1]) }?.kind == .value)
    let big = fault { _ = try Tensor.zeros([1 << 20, 1 << 20]) }
    #expect(big?.kind == .limit)
    #expect(big?.label?.contains("[1048576, 1048576] needs 4 TiB") == true)
    #expect(fault { _ = try Tensor.zeros([.max, .max, 3]) }?.kind == .limit)
    #expect(fault { _ = try Tensor.zeros([1 << 61, 1]) }?.kind == .limit)
    #expect(fault { _ = try Tensor.zeros([.max, 0]) } == nil)
    #expect(fault { _ = try Tensor.arange(0, 1e300) }?.kind == .limit)
    #expect(fault { _ = try Tensor.eye(1 << 40) }?.kind == .limit)
    #expect(fault { _ = try Spikes(shape: [1 << 30, 1 << 30, 64]) }?.kind == .limit)
  }

  @Test func theLimitIsExact() throws {
    let most = Tensor.memoryLimit / 4
    #expect(try Shape.count([most]) == most)
    #expect(fault { _ = try Shape.count([most + 1]) }?.kind == .limit)
  }

  @Test func elementsOfAShape() throws {
    #expect(try Shape.count([]) == 1)
    #expect(try Shape.count([3, 0, 2]) == 0)
    #expect(Shape.strides([2, 3, 4]) == [12, 4, 1])
    #expect(Shape.bytesText(4_000_000_000) == "3.73 GiB")
    #expect(Shape.bytesText(100) == "100 B")
  }

  @Test func reshape() throws {
    let x = try sample([2, 6])
    #expect(try x.reshaped([3, -1]).shape == [3, 4])
    #expect(try x.reshaped([3, -1]).scalars == x.scalars)
    #expect(try Tensor.zeros([0, 3]).reshaped([3, 0]).shape == [3, 0])
    let wrong = fault { _ = try x.reshaped([5, 2]) }
    #expect(wrong?.kind == .shape)
    #expect(wrong?.label == "[2, 6] has 12, [5, 2] asks for 10")
    #expect(fault { _ = try x.reshaped([-1, -1]) }?.kind == .value)
    #expect(fault { _ = try x.reshaped([-1, 5]) }?.kind == .shape)
    #expect(fault { _ = try x.reshaped([-2]) }?.kind == .value)
  }

  @Test func transpose() throws {
    for (shape, order) in [
      ([3, 5], [1, 0]), ([2, 3, 4], [2, 1, 0]), ([2, 3, 4], [0, 2, 1]), ([2, 3, 4], [1, 2, 0]),
      ([2, 3, 4, 5], [2, 0, 3, 1]), ([33, 47], [1, 0]), ([1, 3, 1], [2, 0, 1]), ([0, 2], [1, 0]),
    ] {
      let x = try sample(shape)
      let result = try x.transposed(order)
      #expect(result.shape == order.map { shape[$0] })
      let expected = coordinates(result.shape).map { place in
        var source = place
        for (to, from) in order.enumerated() { source[from] = place[to] }
        return element(x, source)
      }
      #expect(result.scalars == expected)
    }
    #expect(fault { _ = try sample([2, 3]).transposed([0, 0]) }?.kind == .value)
    #expect(fault { _ = try sample([2, 3]).transposed([0, 2]) }?.kind == .shape)
  }

  @Test func flipAndBroadcast() throws {
    let x = try sample([2, 3])
    let flipped = try x.flipped([1])
    #expect(flipped.scalars == coordinates([2, 3]).map { element(x, [$0[0], 2 - $0[1]]) })
    #expect(try x.flipped().scalars == x.scalars.reversed())
    let wide = try sample([2, 1, 3]).broadcast(to: [4, 2, 5, 3])
    #expect(try wide.scalars == coordinates([4, 2, 5, 3]).map { element(try sample([2, 1, 3]), $0) })
    #expect(fault { _ = try x.broadcast(to: [3]) }?.kind == .shape)
  }

  @Test func joinAndSplit() throws {
    let (a, b) = (try sample([2, 3, 2]), try sample([2, 1, 2], seed: 2))
    let joined = try Tensor.concatenate([a, b], along: -2)
    #expect(joined.shape == [2, 4, 2])
    let expected = coordinates([2, 4, 2]).map { $0[1] < 3 ? element(a, $0) : element(b, [$0[0], 0, $0[2]]) }
    #expect(joined.scalars == expected)
    let pieces = try joined.split(sizes: [3, 1], along: 1)
    #expect(Tensor.identical(pieces[0], a))
    #expect(Tensor.identical(pieces[1], b))
    #expect(try Tensor.stack([a, a], along: -1).shape == [2, 3, 2, 2])
    #expect(fault { _ = try Tensor.concatenate([a, b], along: 0) }?.kind == .shape)
    #expect(fault { _ = try Tensor.concatenate([]) }?.kind == .value)
    #expect(fault { _ = try Tensor.stack([a, b]) }?.kind == .shape)
    #expect(fault { _ = try a.split(sizes: [2, 2], along: 1) }?.kind == .shape)
    #expect(fault { _ = try a.split(sizes: [.max, 2], along: 1) }?.kind == .shape)
  }

  @Test func padding() throws {
    let x = try sample([2, 2])
    let padded = try x.padded([(1, 0), (0, 2)], with: 7)
    #expect(padded.shape == [3, 4])
    let expected = coordinates([3, 4]).map { $0[0] >= 1 && $0[1] < 2 ? element(x, [$0[0] - 1, $0[1]]) : 7 }
    #expect(padded.scalars == expected)
  }

  @Test func previews() throws {
    #expect(try Tensor([1, 2.5, -0.125, .nan], shape: [2, 2]).preview == "[[1., 2.5], [-0.125, nan]]")
    #expect(try Tensor.compare(.less, Tensor([1, 3], shape: [2]), Tensor.scalar(2)).preview == "[true, false]")
    #expect(try Tensor.scalar(1e-9).preview == "1e-09")
    let long = try Tensor.arange(0, 1_000_000).preview
    #expect(long.hasPrefix("[0., 1., 2., ") && long.hasSuffix(" 999998., 999999.]") && long.count <= 80)
    #expect(try Tensor.zeros([50, 50, 50, 50]).preview.count <= 320)
    #expect(try Tensor.zeros([0]).preview == "[]")
  }
}
