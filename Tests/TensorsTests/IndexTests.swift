// Reading and writing through indices, matrix products by definition, and tensors made from rules.

import Faults
import Testing

@testable import Tensors

@Suite struct IndexTests {
  /// Python's slice of 0..<size, by walking.
  private func slice(_ low: Int?, _ high: Int?, _ step: Int, _ size: Int) -> [Int] {
    let clamp = { (value: Int, lowest: Int, highest: Int) in
      min(max(value < 0 ? value + size : value, lowest), highest)
    }
    if step > 0 {
      let (a, b) = (clamp(low ?? 0, 0, size), high.map { clamp($0, 0, size) } ?? size)
      return Array(stride(from: a, to: b, by: step))
    }
    let (a, b) = (low.map { clamp($0, -1, size - 1) } ?? size - 1, high.map { clamp($0, -1, size - 1) } ?? -1)
    return Array(stride(from: a, to: b, by: step))
  }

  @Test func rangesFollowPython() throws {
    let bounds: [Int?] = [nil, 0, 1, 3, 5, 9, -1, -3, -9]
    for size in [0, 1, 5] {
      let x = try Tensor.arange(0, Double(size))
      for low in bounds {
        for high in bounds {
          for step in [1, 2, 7, -1, -2] {
            let result = try x.indexed([.range(low, high, step: step)])
            #expect(result.scalars == slice(low, high, step, size).map(Float.init))
          }
        }
      }
    }
    #expect(fault { _ = try sample([3]).indexed([.range(nil, nil, step: 0)]) }?.kind == .value)
    #expect(try sample([3]).indexed([.range(.min, .max, step: .max)]).count == 1)
  }

  @Test func mixedIndices() throws {
    let x = try sample([4, 5, 6])
    #expect(try x.indexed([.at(-1)]).scalars == coordinates([5, 6]).map { element(x, [3] + $0) })
    let part = try x.indexed([.range(1, nil, step: 2), .newAxis, .all, .at(2)])
    #expect(part.shape == [2, 1, 5])
    #expect(part.scalars == coordinates([2, 1, 5]).map { element(x, [1 + 2 * $0[0], $0[2], 2]) })
    let gathered = try x.indexed([.gather([3, -4, 3]), .all, .gather([5, 1])])
    #expect(gathered.scalars == coordinates([3, 5, 2]).map { element(x, [[3, 0, 3][$0[0]], $0[1], [5, 1][$0[2]]]) })
    #expect(try x.indexed([]).scalars == x.scalars)
    #expect(try x.indexed([.gather([])]).shape == [0, 5, 6])
  }

  @Test func masks() throws {
    let x = try sample([3, 4, 2])
    let rows = try Tensor([1, 0, 1], shape: [3]).asMask
    #expect(try x.indexed([.mask(rows)]).shape == [2, 4, 2])
    let grid = try Tensor.compare(.greater, sample([3, 4], seed: 4), Tensor.scalar(0))
    let expected = coordinates([3, 4]).filter { element(grid, $0) == 1 }.flatMap { at in
      [element(x, at + [0]), element(x, at + [1])]
    }
    #expect(try x.indexed([.mask(grid)]).scalars == expected)
    #expect(try x.indexed([.at(1), .mask(Tensor([0, 1, 1, 0], shape: [4]))]).shape == [2, 2])
    #expect(fault { _ = try x.indexed([.mask(Tensor.ones([4]))]) }?.kind == .shape)
  }

  @Test func placesOutOfRangeAreNamed() throws {
    let x = try sample([3, 4])
    let error = fault { _ = try x.indexed([.at(0), .at(4)]) }
    #expect(error?.title == "index 4 is out of range")
    #expect(error?.label == "axis 1 of shape [3, 4] has size 4")
    #expect(fault { _ = try x.indexed([.at(.min)]) }?.kind == .value)
    #expect(fault { _ = try x.indexed([.gather([3])]) }?.kind == .value)
    #expect(fault { _ = try x.indexed([.at(0), .at(0), .at(0)]) }?.kind == .shape)
  }

  @Test func assignments() throws {
    let x = try Tensor.zeros([2, 3])
    #expect(try x.assigning(Tensor.scalar(5), at: [.at(1)]).scalars == [0, 0, 0, 5, 5, 5])
    #expect(try x.assigning(Tensor([1, 2], shape: [2, 1]), at: [.all, .range(1, nil)]).scalars == [0, 1, 1, 0, 2, 2])
    #expect(try x.assigning(Tensor([7, 8], shape: [2]), at: [.at(0), .gather([2, 0])]).scalars == [8, 0, 7, 0, 0, 0])
    #expect(try x.assigning(Tensor.scalar(1), at: [.mask(Tensor([0, 1, 0, 1, 0, 0], shape: [2, 3]))]).sum().item == 2)
    #expect(x.scalars == [0, 0, 0, 0, 0, 0])
    #expect(fault { _ = try x.assigning(Tensor.ones([2]), at: [.at(0)]) }?.kind == .shape)
    #expect(fault { _ = try x.assigning(Tensor.ones([2, 3]), at: [.at(0)]) }?.kind == .shape)
  }

  @Test func matrixProducts() throws {
    for (shapeA, shapeB) in [
      ([3], [3]), ([2, 3], [3]), ([3], [3, 4]), ([2, 3], [3, 4]), ([5, 2, 3], [3, 4]), ([5, 2, 3], [5, 3, 4]),
      ([1, 5, 2, 3], [2, 1, 3, 4]), ([2, 3], [6, 3, 4]), ([70, 90], [90, 80]), ([200, 130], [130]), ([130], [130, 200]),
      ([2, 0], [0, 3]), ([0, 3], [3, 2]), ([4, 1], [1, 300]),
    ] {
      let (a, b) = (try sample(shapeA, seed: 1), try sample(shapeB, seed: 2))
      let x = shapeA.count == 1 ? try a.reshaped([1] + shapeA) : a
      let y = shapeB.count == 1 ? try b.reshaped(shapeB + [1]) : b
      let stack = try Shape.broadcast(Array(x.shape.dropLast(2)), Array(y.shape.dropLast(2)), operation: "@")
      let full = stack + [x.shape[x.rank - 2], y.shape[y.rank - 1]]
      let (xs, ys) = (x.scalars, y.scalars)
      let depth = x.shape[x.rank - 1]
      let expected = coordinates(full).map { at -> Float in
        let outer = Array(at.dropLast(2))
        func start(_ shape: [Int]) -> Int {
          var place = 0
          for (axis, size) in shape.dropLast(2).enumerated() {
            place = place * size + (size == 1 ? 0 : outer[axis + outer.count - (shape.count - 2)])
          }
          return place * shape[shape.count - 1] * shape[shape.count - 2]
        }
        let row = start(x.shape) + at[at.count - 2] * depth
        let column = start(y.shape) + at[at.count - 1]
        return (0..<depth).reduce(Float(0)) { $0 + xs[row + $1] * ys[column + $1 * y.shape[y.rank - 1]] }
      }
      let result = try Tensor.matmul(a, b)
      var shape = full
      if shapeB.count == 1 { shape.removeLast() }
      if shapeA.count == 1 { shape.remove(at: shape.count - (shapeB.count == 1 ? 1 : 2)) }
      #expect(result.shape == shape)
      expectClose(result.scalars, expected, tolerance: 3e-5)
    }
    let error = fault { _ = try Tensor.matmul(sample([128, 784]), sample([512, 10])) }
    #expect(error?.label == "the left is [128, 784], the right is [512, 10]")
    #expect(error?.help == "the last size of the left side (784) must equal the second-to-last of the right (512)")
    #expect(fault { _ = try Tensor.matmul(Tensor.scalar(1), sample([2])) }?.kind == .shape)
    #expect(fault { _ = try Tensor.matmul(sample([2, 2, 3]), sample([3, 3, 2])) }?.kind == .shape)
  }

  @Test func construction() throws {
    #expect(try Tensor.linspace(0, 1, count: 5).scalars == [0, 0.25, 0.5, 0.75, 1])
    #expect(try Tensor.linspace(3, 4, count: 1).scalars == [3])
    #expect(try Tensor.arange(0, 1, step: 0.25).scalars == [0, 0.25, 0.5, 0.75])
    #expect(try Tensor.arange(3, 0, step: -1).scalars == [3, 2, 1])
    #expect(try Tensor.arange(3, 0).count == 0)
    #expect(fault { _ = try Tensor.arange(0, 1, step: 0) }?.kind == .value)
    #expect(try Tensor.eye(2).scalars == [1, 0, 0, 1])
    #expect(try Tensor.oneHot(Tensor([2, 0], shape: [2]), classes: 3).scalars == [0, 0, 1, 1, 0, 0])
    #expect(fault { _ = try Tensor.oneHot(Tensor([3], shape: [1]), classes: 3) }?.kind == .value)
    #expect(fault { _ = try Tensor.oneHot(Tensor([0.5], shape: [1]), classes: 3) }?.kind == .value)
  }

  @Test func closeness() throws {
    let a = try Tensor([1, 100, .infinity, .nan, .infinity], shape: [5])
    let b = try Tensor([1.000001, 101, .infinity, .nan, 3], shape: [5])
    #expect(try Tensor.isClose(a, b).scalars == [1, 0, 1, 0, 0])
    #expect(try Tensor.allClose(a, b) == false)
    #expect(try Tensor.allClose(Tensor.ones([3]), Tensor.scalar(1)))
    #expect(Tensor.identical(a, b) == false)
    #expect(try Tensor.identical(Tensor.ones([2]), Tensor.ones([2, 1])) == false)
  }
}
