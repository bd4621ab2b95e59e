// What the tests of this room share: small random tensors, naive twins, and central differences.

import Faults
import Testing

@testable import Tensors

/// Numbers in low..<high, the same on every run.
func sample(_ shape: [Int], seed: UInt64 = 1, from low: Float = -2, to high: Float = 2) throws -> Tensor {
  var stream = RandomStream(seed: seed, purpose: "test")
  return try stream.uniformTensor(shape, from: low, to: high)
}

/// Every coordinate of a shape, in row-major order.
func coordinates(_ shape: [Int]) -> [[Int]] {
  shape.reduce([[]]) { lists, size in lists.flatMap { list in (0..<size).map { list + [$0] } } }
}

/// The element at a coordinate of a tensor that is stretched to the coordinate's rank.
func element(_ tensor: Tensor, _ coordinate: [Int]) -> Float {
  var place = 0
  let extra = coordinate.count - tensor.rank
  for (axis, size) in tensor.shape.enumerated() {
    place = place * size + (size == 1 ? 0 : coordinate[axis + extra])
  }
  return tensor.scalars[place]
}

func expectClose(
  _ a: [Float], _ b: [Float], tolerance: Float = 1e-5, _ location: SourceLocation = #_sourceLocation
) {
  #expect(a.count == b.count, sourceLocation: location)
  for (x, y) in zip(a, b) {
    let near = abs(x - y) <= tolerance * max(1, abs(y)) || (x.isNaN && y.isNaN) || x == y
    #expect(near, "\(x) is not \(y)", sourceLocation: location)
  }
}

/// Compares the tape's gradient of a function with central differences. The step is 1/64 and the functions are smooth
/// there, so both agree to about a thousandth of the gradient's size.
func checkGradient(
  _ inputs: [Tensor], tolerance: Float = 4e-3, _ location: SourceLocation = #_sourceLocation,
  _ function: ([Tensor]) throws -> Tensor
) throws {
  let weights = try sample(function(inputs).shape, seed: 99, from: 0.5, to: 1.5)
  let tape = Tape()
  let watched = try inputs.map { try tape.watch($0) }
  let gradients = try tape.gradients(of: (function(watched) * weights).sum(), withRespectTo: watched)
  for (number, input) in inputs.enumerated() {
    #expect(gradients[number].shape == input.shape, sourceLocation: location)
    #expect(!gradients[number].isTracked, sourceLocation: location)
    let scalars = input.scalars
    for place in scalars.indices {
      let step: Float = 1.0 / 64
      var values: [Double] = []
      for shift in [step, -step] {
        var moved = scalars
        moved[place] += shift
        var all = inputs
        all[number] = try Tensor(moved, shape: input.shape)
        let terms = try (function(all) * weights).scalars
        values.append(terms.reduce(0.0) { $0 + Double($1) })
      }
      let expected = Float((values[0] - values[1]) / Double(2 * step))
      let found = gradients[number].scalars[place]
      #expect(
        abs(found - expected) <= tolerance * max(1, abs(expected)),
        "input \(number) element \(place): \(found) is not \(expected)", sourceLocation: location)
    }
  }
}

/// The fault that a piece of code throws.
func fault(_ body: () throws -> Void) -> Fault? {
  do {
    try body()
    return nil
  } catch {
    return error as? Fault
  }
}
