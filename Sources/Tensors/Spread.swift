// Sums of squares: variance, standard deviation, length. They are reckoned in 64 bits, in which the square of a 32-bit
// float neither overflows nor vanishes, and in which equal elements are their own mean.

import Faults
import Kernels

/// What is made of the squares of distances.
private enum Spread {
  case variance, deviation, length

  func value(_ squares: Double, count: Int) -> Double {
    switch self {
    case .variance: squares / Double(count)
    case .deviation: (squares / Double(count)).squareRoot()
    case .length: squares.squareRoot()
    }
  }

  /// The slope by an element, over its distance. Where all distances are 0, a deviation and a length have their least
  /// value: 0.
  func slope(_ squares: Double, count: Int) -> Double {
    let value = value(squares, count: count)
    switch self {
    case .variance: return 2 / Double(count)
    case .deviation: return value == 0 ? 0 : 1 / (Double(count) * value)
    case .length: return value == 0 ? 0 : 1 / value
    }
  }
}

/// The middle of a run of elements, and the sum of their squared distances from it.
private struct Squares {
  var center: Double
  var sum: Double
}

extension Tensor {
  /// The Euclidean length of all elements.
  public func norm() throws(Fault) -> Tensor { try spread(.length, over: nil, target: []) }

  /// The variance or, as its root, the standard deviation over the given axes.
  func variance(over axes: [Int], isRoot: Bool, target: [Int]) throws(Fault) -> Tensor {
    try spread(isRoot ? .deviation : .variance, over: axes, target: target)
  }

  private func spread(_ spread: Spread, over axes: [Int]?, target: [Int]) throws(Fault) -> Tensor {
    let runs = try detached.runs(over: axes ?? Array(shape.indices))
    let squares = try (0..<runs.number).map { (run) throws(Fault) in try runs.squares(run, around: spread == .length ? 0 : nil) }
    let result = try Tensor(squares.map { Float(spread.value($0.sum, count: runs.length)) }, shape: target)
    guard let tape = trace?.tape else { return result }
    return try tape.record(inputs: [self], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      [try runs.spreadGradient(spread, squares, gradient)]
    }
  }

  private func runs(over axes: [Int]) throws(Fault) -> Runs { try Runs(self, axes) }
}

/// A tensor with the axes that are folded behind all others, so that each fold is over one run.
private struct Runs {
  private let elements: Tensor
  private let order: [Int]
  let number: Int
  let length: Int

  init(_ tensor: Tensor, _ axes: [Int]) throws(Fault) {
    order = tensor.shape.indices.filter { !axes.contains($0) } + axes
    elements = order == Array(tensor.shape.indices) ? tensor.detached : try tensor.detached.transposed(order)
    length = axes.reduce(1) { $0 * tensor.shape[$1] }
    number = tensor.shape.indices.reduce(1) { axes.contains($1) ? $0 : $0 * tensor.shape[$1] }
  }

  /// The sum of a run.
  func total(_ run: Int) throws(Fault) -> Double {
    if length == 0 { return 0 }
    // Long runs are shared among threads.
    if length > Parallel.grain { return try Tensor(sharing: elements, shape: [length], count: length, offset: run * length).total() }
    return withExtendedLifetime(elements) { kernels.sumOfRun(elements.base + run * length, count: length) }
  }

  /// - Parameter center: from where distances are taken; nil for the mean.
  func squares(_ run: Int, around center: Double?) throws(Fault) -> Squares {
    let middle = if let center { center } else { try total(run) / Double(length) }
    let source = UnsafePointer(elements.base) + run * length
    defer { withExtendedLifetime(elements) {} }
    if length <= Parallel.grain { return Squares(center: middle, sum: Self.squares(source, 0..<length, around: middle)) }
    // Parts of a fixed length, then the parts in order: the same for any number of threads.
    let parts = (length + Parallel.grain - 1) / Parallel.grain
    let sums = UnsafeMutablePointer<Double>.allocate(capacity: parts)
    defer { sums.deallocate() }
    try Parallel.ranges(length, grain: Parallel.grain) { range in
      sums[range.lowerBound / Parallel.grain] = Self.squares(source, range, around: middle)
    }
    return Squares(center: middle, sum: (0..<parts).reduce(0) { $0 + sums[$1] })
  }

  private static func squares(_ source: UnsafePointer<Float>, _ range: Range<Int>, around center: Double) -> Double {
    // Four sums side by side do not wait for each other.
    var four = SIMD4<Double>()
    var place = range.lowerBound
    while place + 4 <= range.upperBound {
      let values = SIMD4<Float>(source[place], source[place + 1], source[place + 2], source[place + 3])
      let distances = SIMD4<Double>(values) - center
      four += distances * distances
      place += 4
    }
    var sum = four.sum()
    for rest in place..<range.upperBound {
      let distance = Double(source[rest]) - center
      sum += distance * distance
    }
    return sum
  }

  func spreadGradient(_ spread: Spread, _ squares: [Squares], _ gradient: Tensor) throws(Fault) -> Tensor {
    let arrived = gradient.scalars
    var inverse = [Int](repeating: 0, count: order.count)
    for (place, axis) in order.enumerated() { inverse[axis] = place }
    let slopes = try Tensor(shape: elements.shape) { out in
      elements.withUnsafeBuffer { values in
        for run in 0..<number {
          let factor = Double(arrived[run])
          // Where nothing arrives, nothing flows on, also through an infinite slope.
          let slope = factor == 0 ? 0 : factor * spread.slope(squares[run].sum, count: length)
          for place in run * length..<(run + 1) * length {
            out[place] = slope == 0 ? 0 : Float(slope * (Double(values[place]) - squares[run].center))
          }
        }
      }
    }
    return try slopes.transposed(inverse)
  }
}
