// Every derivative against central differences, and the rules of the tape.

import Faults
import Kernels
import Testing

@testable import Tensors

@Suite struct GradientTests {
  @Test(arguments: BinaryOperation.allCases) func binary(_ operation: BinaryOperation) throws {
    for (shapeA, shapeB) in [([3], [3]), ([2, 3], [3]), ([2, 1], [1, 3]), ([], [4]), ([2, 2, 2], [2, 1])] {
      // Both operands are kept away from the places where maximum, % and // jump.
      let a = try sample(shapeA, seed: 3, from: 2.1, to: 2.4)
      let b = try sample(shapeB, seed: 4, from: 1.3, to: 1.6)
      try checkGradient([a, b]) { try Tensor.binary(operation, $0[0], $0[1]) }
    }
  }

  @Test(arguments: UnaryOperation.allCases) func unary(_ operation: UnaryOperation) throws {
    for (low, high): (Float, Float) in [(0.55, 0.9), (1.05, 1.12), (-0.9, -0.55)] {
      if low < 0, operation == .log || operation == .sqrt { continue }
      try checkGradient([sample([5], seed: 5, from: low, to: high)]) { try $0[0].unary(operation) }
    }
  }

  /// Recordings ask the operations for the gradient of whatever a neuron's equations hold. A test for 0 has none, and
  /// `growthSlope` is itself a derivative.
  @Test func everyKernelIsAnOperation() {
    let known = UnaryOperation.allCases.map(\.kernel)
    let missing = (0...UInt8.max).compactMap { UnaryKernel(rawValue: $0) }.filter { !known.contains($0) }
    #expect(missing == [.isZero, .growthSlope])
  }

  /// A gradient of exactly 0 stays 0 through an infinite slope, in few elements and in many; nan goes on.
  @Test func whatDoesNotArriveDoesNotFlowOn() throws {
    for count in [3, 100_000] {
      let x = try Tensor.zeros([count])
      let mask = try Tensor.zeros([count])
      for operation in [UnaryOperation.log, .reciprocal] {
        let tape = Tape()
        let watched = try tape.watch(x)
        let result = try Tensor.choose(where: mask, watched.unary(operation), Tensor.scalar(0)).sum()
        let slopes = try tape.gradients(of: result, withRespectTo: [watched])[0].scalars
        #expect(slopes.allSatisfy { $0 == 0 }, "\(operation) of \(count)")
      }
    }
    let tape = Tape()
    let watched = try tape.watch(try Tensor([1, 2], shape: [2]))
    let result = try (watched.unary(.exp) * Tensor([.nan, 0], shape: [2])).sum()
    let slopes = try tape.gradients(of: result, withRespectTo: [watched])[0].scalars
    #expect(slopes[0].isNaN && slopes[1] == 0)
  }

  @Test func spreadsOfEqualElementsAreFlat() throws {
    for (value, count) in [(Float(1.9999999), 3), (0.1, 49), (0.7, 100_003)] {
      let tape = Tape()
      let x = try tape.watch(try Tensor(filledWith: value, shape: [2, count]))
      let deviations = try x.reduced(.standardDeviation, over: [1])
      #expect(deviations.scalars == [0, 0])
      #expect(try x.reduced(.standardDeviation).item == 0)
      #expect(try x.mean().item == value)
      #expect(try tape.gradients(of: deviations.sum(), withRespectTo: [x])[0].scalars.allSatisfy { $0 == 0 })
    }
    let far = try Tensor([3e30, -4e30], shape: [2])
    #expect(try far.norm().item == 5e30)
    #expect(try Tensor.zeros([0]).norm().item == 0)
    #expect(try far.reduced(.standardDeviation).item == Float((Double(Float(3e30)) + Double(Float(4e30))) / 2))
  }

  @Test func products() throws {
    let shapes: [([Int], [Int])] = [
      ([3], [3]), ([2, 3], [3]), ([3], [3, 2]), ([2, 3], [3, 4]), ([2, 2, 3], [3, 2]), ([2, 2, 3], [2, 3, 2]),
      ([2, 3], [2, 3, 2]), ([1, 2, 3], [2, 3, 2]), ([3], [2, 3, 2]), ([2, 2, 3], [3]),
    ]
    for (a, b) in shapes {
      try checkGradient([sample(a, seed: 1), sample(b, seed: 2)]) { try Tensor.matmul($0[0], $0[1]) }
    }
  }

  @Test(arguments: [Reduction.sum, .mean, .maximum, .minimum, .product, .variance, .standardDeviation])
  func reductions(_ reduction: Reduction) throws {
    // No two elements are so near that a step could change which is the largest.
    let spread = try Tensor([0.9, 1.7, 0.6, 1.2, 0.8, 1.5, 1.1, 0.7, 1.4, 1.0, 1.6, 1.3], shape: [2, 3, 2])
    for axes in [nil, [0], [1], [2], [0, 2], [0, 1], []] as [[Int]?] {
      if reduction == .standardDeviation, axes == [] { continue }
      try checkGradient([spread], tolerance: 8e-3) { try $0[0].reduced(reduction, over: axes) }
    }
  }

  @Test func productWithZeros() throws {
    try checkGradient([Tensor([2, 0, 3, 0, 0, 1], shape: [2, 3])]) { try $0[0].reduced(.product, over: [1]) }
  }

  @Test func tiesShareTheGradient() throws {
    let tape = Tape()
    let x = try tape.watch(Tensor([1, 5, 5, 2], shape: [4]))
    let gradients = try tape.gradients(of: x.reduced(.maximum), withRespectTo: [x])
    #expect(gradients[0].scalars == [0, 0.5, 0.5, 0])
  }

  @Test func arrangements() throws {
    let x = try sample([2, 3, 2])
    let y = try sample([2, 1, 2], seed: 6)
    try checkGradient([x]) { try $0[0].reshaped([3, -1]) }
    try checkGradient([x]) { try $0[0].transposed() }
    try checkGradient([x]) { try $0[0].transposed([1, 0, 2]) }
    try checkGradient([x]) { try $0[0].expandedDimension(at: 1) }
    try checkGradient([y]) { try $0[0].squeezed() }
    try checkGradient([y]) { try $0[0].broadcast(to: [3, 2, 4, 2]) }
    try checkGradient([x]) { try $0[0].flipped([0, 2]) }
    try checkGradient([x, y]) { try Tensor.concatenate([$0[0], $0[1], $0[0]], along: 1) }
    try checkGradient([x, x]) { try Tensor.stack($0, along: 2) }
    try checkGradient([x]) { try $0[0].split(sizes: [1, 0, 2], along: 1)[2] }
    try checkGradient([x]) { try $0[0].padded([(1, 0), (0, 2), (0, 0)], with: 3) }
  }

  @Test func indexing() throws {
    let x = try sample([3, 4])
    let mask = try Tensor.compare(.greater, x, Tensor.scalar(0))
    try checkGradient([x]) { try $0[0].indexed([.at(1)]) }
    try checkGradient([x]) { try $0[0].indexed([.all, .range(nil, nil, step: -2)]) }
    try checkGradient([x]) { try $0[0].indexed([.mask(mask)]) }
    try checkGradient([x]) { try $0[0].indexed([.gather([2, 0, 2]), .gather([1, 1])]) }
    try checkGradient([x, sample([2], seed: 3)]) { try $0[0].assigning($0[1], at: [.all, .range(1, 3)]) }
    try checkGradient([x, sample([], seed: 3)]) { try $0[0].assigning($0[1], at: [.gather([0, 2])]) }
  }

  @Test func axes() throws {
    let x = try sample([3, 4])
    try checkGradient([x]) { try $0[0].cumulativeSum(over: 0) }
    for axis in [0, 1] {
      try checkGradient([x]) { try $0[0].softmax(over: axis) }
      try checkGradient([x]) { try $0[0].logSoftmax(over: axis) }
    }
    let apart = try Tensor([3, 1, 2, 0.5, 2.5, 9, -1, 4], shape: [2, 4])
    try checkGradient([apart]) { try $0[0].sorted(along: 1, descending: true) }
    try checkGradient([apart]) { try $0[0].sorted(along: 0) }
    try checkGradient([apart]) { try $0[0].clipped(from: 0, to: 2.75) }
    let mask = try Tensor.compare(.greater, x, Tensor.scalar(0))
    try checkGradient([x, sample([4], seed: 9)]) { try Tensor.choose(where: mask, $0[0], $0[1]) }
  }

  @Test func aTensorUsedTwiceGathersBothGradients() throws {
    try checkGradient([sample([4], from: 1, to: 2)]) { try $0[0] * $0[0] + $0[0] / ($0[0] + 1) }
  }

  @Test func unconnectedTensorsHaveZeroGradients() throws {
    let tape = Tape()
    let x = try tape.watch(sample([3]))
    let y = try tape.watch(sample([2, 2]))
    let gradients = try tape.gradients(of: x.sum(), withRespectTo: [x, y])
    #expect(gradients[0].scalars == [1, 1, 1])
    #expect(gradients[1].scalars == [0, 0, 0, 0])
    #expect(try tape.gradients(of: Tensor.scalar(3), withRespectTo: [x])[0].scalars == [0, 0, 0])
  }

  @Test func intermediateTensorsHaveGradients() throws {
    let tape = Tape()
    let x = try tape.watch(Tensor([1, 2], shape: [2]))
    let y = try x * 3
    let gradients = try tape.gradients(of: (y * y).sum(), withRespectTo: [y, x])
    #expect(gradients[0].scalars == [6, 12])
    #expect(gradients[1].scalars == [18, 36])
  }

  @Test func tapesDoNotMix() throws {
    let (first, second) = (Tape(), Tape())
    let (x, y) = (try first.watch(sample([2])), try second.watch(sample([2])))
    #expect(fault { _ = try x + y }?.title == "gradients of gradients are not supported")
    #expect(fault { _ = try second.watch(x) }?.kind == .value)
    #expect(fault { _ = try second.gradients(of: x.sum(), withRespectTo: [y]) }?.kind == .value)
  }

  @Test func onlyASingleNumberHasAGradient() throws {
    let tape = Tape()
    let x = try tape.watch(sample([2]))
    let error = fault { _ = try tape.gradients(of: x, withRespectTo: [x]) }
    #expect(error?.kind == .shape)
  }

  @Test func aLongChainNeedsNoStack() throws {
    let tape = Tape()
    let x = try tape.watch(Tensor.scalar(1))
    var y = x
    for _ in 0..<50_000 { y = try y + 1 }
    #expect(try tape.gradients(of: y, withRespectTo: [x])[0].item == 1)
    #expect(tape.nodeCount == 50_000)
  }

  @Test func customNodes() throws {
    let tape = Tape()
    let x = try tape.watch(Tensor([1, 2], shape: [2]))
    let outputs = try tape.record(inputs: [x], outputs: [x * 2, x * 3].map(\.detached)) { gradients throws(Fault) in
      var total = try Tensor.zeros([2])
      if let gradient = gradients[0] { total = try total + gradient * 2 }
      if let gradient = gradients[1] { total = try total + gradient * 3 }
      return [total]
    }
    #expect(try tape.gradients(of: outputs[1].sum(), withRespectTo: [x])[0].scalars == [3, 3])
    let both = try (outputs[0] + outputs[1]).sum()
    #expect(try tape.gradients(of: both, withRespectTo: [x])[0].scalars == [5, 5])
    let wrong = try tape.record(inputs: [x], output: Tensor.scalar(1)) { gradient throws(Fault) in [gradient] }
    #expect(fault { _ = try tape.gradients(of: wrong, withRespectTo: [x]) }?.kind == .shape)
  }
}
