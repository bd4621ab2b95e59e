// Layers that can be cut down to some of their inputs and outputs.

import Faults
import Tensors

/// A layer of weights between populations whose neurons can be removed.
///
/// A *unit* is what is removed as a whole: a neuron, or all neurons of one channel of an image.
public protocol PrunableLayer: Layer {
  /// The weights, first among the parameters.
  var weight: Tensor? { get }
  /// The rows of the weights: features that enter `dense`, channels that enter `conv`.
  var inputRows: Int { get }
  /// The features or channels that leave the layer.
  var outputUnits: Int { get }
  /// Where the weight of an input row and an output unit begins, and how many there are in a row.
  ///
  /// `dense` has 1 weight at `row * outputs + unit`; `conv` has a kernel at `(unit * channels + row) * size`.
  var blockSize: Int { get }
  func blockStart(row: Int, unit: Int) -> Int
  /// The same layer with some of its rows and units, in rising order; nil for all of them.
  func keeping(rows: [Int]?, units: [Int]?) throws(Fault) -> any Layer
}

extension DenseLayer: PrunableLayer {
  public var inputRows: Int { weight?.shape[0] ?? 0 }
  public var outputUnits: Int { outputs }
  public var blockSize: Int { 1 }
  public func blockStart(row: Int, unit: Int) -> Int { row * outputs + unit }

  public func keeping(rows: [Int]?, units: [Int]?) throws(Fault) -> any Layer {
    guard let weight else { return self }
    let rows = rows ?? Array(0..<inputRows)
    let units = units ?? Array(0..<outputs)
    let cut = try weight.withUnsafeBuffer { (old) throws(Fault) in
      try Tensor(shape: [rows.count, units.count]) { new in
        for (place, row) in rows.enumerated() {
          for (column, unit) in units.enumerated() { new[place * units.count + column] = old[row * outputs + unit] }
        }
      }
    }
    guard let mask else { return try DenseLayer(weight: cut, bias: try bias?.keeping(units)) }
    let kept = try mask.indexed([.gather(rows), .all]).indexed([.all, .gather(units)])
    return try DenseLayer(weight: cut, bias: try bias?.keeping(units), connect: .mask(kept), mask: kept)
  }
}

extension Tensor {
  /// Some elements of a row of numbers.
  func keeping(_ places: [Int]) throws(Fault) -> Tensor {
    let all = scalars
    return try Tensor(places.map { all[$0] }, shape: [places.count])
  }
}

extension ConvLayer: PrunableLayer {
  public var inputRows: Int { weight?.shape[1] ?? 0 }
  public var outputUnits: Int { outputs }
  public var blockSize: Int { kernel.y * kernel.x }
  public func blockStart(row: Int, unit: Int) -> Int { (unit * inputRows + row) * blockSize }

  public func keeping(rows: [Int]?, units: [Int]?) throws(Fault) -> any Layer {
    guard let weight else { return self }
    let rows = rows ?? Array(0..<inputRows)
    let units = units ?? Array(0..<outputs)
    let size = blockSize
    let cut = try weight.withUnsafeBuffer { (old) throws(Fault) in
      try Tensor(shape: [units.count, rows.count, kernel.y, kernel.x]) { new in
        for (place, unit) in units.enumerated() {
          for (column, row) in rows.enumerated() {
            let (from, to) = (blockStart(row: row, unit: unit), (place * rows.count + column) * size)
            for offset in 0..<size { new[to + offset] = old[from + offset] }
          }
        }
      }
    }
    return try ConvLayer(weight: cut, bias: try bias?.keeping(units), stride: stride, padding: padding)
  }
}
