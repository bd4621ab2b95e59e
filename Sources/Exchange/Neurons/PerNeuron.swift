// A number for all neurons of a layer, or one for each.

import Faults
import Spiking
import Tensors

/// One number, or as many as there are neurons.
public struct PerNeuron: Sendable, Equatable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  public var numbers: [Double]

  public init(_ numbers: [Double]) {
    let first = numbers.first ?? 0
    // Equal numbers are one, so that layers of equal neurons stay what they are.
    self.numbers = numbers.allSatisfy { $0.bitPattern == first.bitPattern } ? [first] : numbers
  }

  public init(_ number: Double) { numbers = [number] }
  public init(floatLiteral value: Double) { self.init(value) }
  public init(integerLiteral value: Int) { self.init(Double(value)) }

  /// The number, where all neurons have the same.
  public var uniform: Double? { numbers.count == 1 ? numbers[0] : nil }

  public func map(_ body: (Double) -> Double) -> PerNeuron { PerNeuron(numbers.map(body)) }

  /// Both neuron by neuron.
  public func with(_ other: PerNeuron, _ body: (Double, Double) -> Double) -> PerNeuron {
    let count = max(numbers.count, other.numbers.count)
    return PerNeuron((0..<count).map { body(at($0), other.at($0)) })
  }

  /// The number of a neuron.
  public func at(_ neuron: Int) -> Double { numbers.count == 1 ? numbers[0] : neuron < numbers.count ? numbers[neuron] : 0 }

  public func allSatisfy(_ test: (Double) -> Bool) -> Bool { numbers.allSatisfy(test) }

  /// Whether all are this number.
  public func isAll(_ number: Double) -> Bool { uniform == number }

  /// Whether both are the same, but for a rounding of 32-bit floats.
  public func isClose(to other: PerNeuron) -> Bool {
    with(other) { a, b in abs(a - b) <= 4e-7 * max(abs(a), abs(b), 1e-30) ? 1 : 0 }.isAll(1)
  }

  public static func + (a: PerNeuron, b: PerNeuron) -> PerNeuron { a.with(b, +) }
  public static func - (a: PerNeuron, b: PerNeuron) -> PerNeuron { a.with(b, -) }
  public static func * (a: PerNeuron, b: PerNeuron) -> PerNeuron { a.with(b, *) }
  public static func / (a: PerNeuron, b: PerNeuron) -> PerNeuron { a.with(b, /) }
  public static prefix func - (a: PerNeuron) -> PerNeuron { a.map { -$0 } }

  /// The same, as one number where all are one but for the last bits of the arithmetic.
  var settled: PerNeuron {
    guard let least = numbers.min(), let most = numbers.max(), let first = numbers.first else { return self }
    return most - least <= 1e-12 * max(abs(most), abs(least)) ? PerNeuron(first) : self
  }

  /// As 32-bit floats.
  var rounded: PerNeuron { map { Double(Float($0)) } }
}
