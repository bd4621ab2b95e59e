import Faults
import Spiking
import Tensors
import Testing

@testable import Chips

/// Weights in few bits.
@Suite struct RoundingTests {
  private func weights(_ values: [Float], bits: Int) throws -> [Float] {
    let layer = try DenseLayer(weight: try Tensor(values, shape: [1, values.count]), bias: nil)
    let network = try Network(inputShape: [1]).appending(layer, seed: 0)
    return try network.roundingWeights(bits: bits).layers[0].parameters[0].value.scalars
  }

  @Test func theLargestWeightKeepsItsValue() throws {
    // Three bits: -3 ... 3 times 2/3.
    let rounded = try weights([2, -2, 1, 0.3, 0.4, 0], bits: 3)
    let expected: [Float] = [2, -2, 4 / 3, 0, 2 / 3, 0]
    for (value, wanted) in zip(rounded, expected) { #expect(abs(value - wanted) < 1e-6) }
  }

  @Test func oneBitKeepsSignsAndZeros() throws {
    #expect(try weights([3, -1, 0, 2], bits: 1) == [2, -2, 0, 2])
  }

  @Test func noBitsAreRefused() throws {
    #expect(throws: Fault.self) { try weights([1], bits: 0) }
  }

  @Test func aLayerOfZerosStaysZero() throws {
    #expect(try weights([0, 0], bits: 8) == [0, 0])
  }
}
