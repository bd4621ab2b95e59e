// How near the output came to numbers.

import Faults
import Glibc
import Tensors

/// What a network gave beside the numbers that it should have given.
public struct NumberFigures: Sendable {
  /// `[samples, outputs]`, or `[samples, time, outputs]` where each step has targets; nan behind the end of a sample.
  public let predictions: Tensor
  /// The root of the mean squared distance.
  public let rmse: Double
  /// The mean absolute distance.
  public let mae: Double
  /// The coefficient of determination: 1 minus the squared distances over those of the targets from their mean, the
  /// mean over the outputs; nan where no output's targets differ.
  public let r2: Double
  /// The symmetric mean absolute percentage error as a share, from 0 to 2: the mean of 2 |p - t| / (|p| + |t|).
  public let smape: Double
  /// The root of the mean squared distance of each step; empty where targets have no time.
  public let byStep: [Double]
}

/// Collects what was read of numbers, batch by batch.
struct NumberTally {
  let outputs: Int
  private var predictions: [Tensor] = []
  /// Where the samples that were added stand among all.
  private var places: [Int] = []
  private var squares = 0.0, distances = 0.0, shares = 0.0, count = 0
  /// For each output: sum and sum of squares of the targets' distances from its first, and the sum of squared errors.
  private var first: [Double?]
  private var sum: [Double], sumOfSquares: [Double], errors: [Double], counts: [Int]
  private var stepSquares: [Double] = [], stepCounts: [Int] = []

  init(outputs: Int) {
    self.outputs = outputs
    first = [Double?](repeating: nil, count: outputs)
    sum = [Double](repeating: 0, count: outputs)
    (sumOfSquares, errors) = (sum, sum)
    counts = [Int](repeating: 0, count: outputs)
  }

  /// - Parameters:
  ///   - output: `[batch, outputs]`, or `[time, batch, outputs]`.
  ///   - target: as many numbers, nan where there is none.
  mutating func add(_ output: Tensor, target: Tensor) throws(Fault) {
    guard output.count == target.count else {
      throw Fault(
        .shape, "the targets do not fit what is read of the output",
        label: "read is \(Shape.text(output.shape)), the targets are \(Shape.text(target.shape))")
    }
    let steps = output.rank == 3 ? output.shape[0] : 0
    if stepSquares.count < steps {
      stepSquares += [Double](repeating: 0, count: steps - stepSquares.count)
      stepCounts += [Int](repeating: 0, count: steps - stepCounts.count)
    }
    let width = steps > 0 ? output.count / steps : 0
    for (place, (value, wanted)) in zip(output.scalars, target.scalars).enumerated() where !wanted.isNaN {
      let (p, t) = (Double(value), Double(wanted))
      let error = p - t
      squares += error * error
      distances += abs(error)
      shares += p == t ? 0 : 2 * abs(error) / (abs(p) + abs(t))
      count += 1
      let k = place % outputs
      let base = first[k] ?? t
      first[k] = base
      sum[k] += t - base
      sumOfSquares[k] += (t - base) * (t - base)
      errors[k] += error * error
      counts[k] += 1
      if steps > 0 {
        stepSquares[place / width] += error * error
        stepCounts[place / width] += 1
      }
    }
    predictions.append(steps > 0 ? try output.transposed([1, 0, 2]) : output)
    let samples = predictions.last?.shape.first ?? 0
    places += places.count..<places.count + samples
  }

  /// Says where the samples of a batch, which were added in another order, stand in it.
  mutating func reorder(_ order: [Int]) {
    let start = places.count - order.count
    guard start >= 0 else { return }
    for (added, place) in order.enumerated() { places[start + added] = start + place }
  }

  /// What was read of all samples, in their order; samples that end sooner go on with nan.
  private func all() throws(Fault) -> Tensor {
    let longest = predictions.reduce(0) { max($0, $1.rank == 3 ? $1.shape[1] : 0) }
    var whole: [Tensor] = []
    for part in predictions {
      guard part.rank == 3, part.shape[1] < longest else { whole.append(part); continue }
      let rest = try Tensor(filledWith: .nan, shape: [part.shape[0], longest - part.shape[1], part.shape[2]])
      whole.append(try Tensor.concatenate([part, rest], along: 1))
    }
    let joined = try Tensor.concatenate(whole)
    if places == Array(places.indices) { return joined }
    var rows = places
    for (added, place) in places.enumerated() { rows[place] = added }
    return try joined.rows(rows)
  }

  var rmse: Double { (squares / Double(count)).squareRoot() }

  func figures() throws(Fault) -> NumberFigures {
    let shares = (0..<outputs).compactMap { k -> Double? in
      let spread = sumOfSquares[k] - sum[k] * sum[k] / Double(max(1, counts[k]))
      return spread > 0 ? 1 - errors[k] / spread : nil
    }
    return NumberFigures(
      predictions: try all(), rmse: rmse, mae: distances / Double(count),
      r2: shares.isEmpty ? .nan : shares.reduce(0, +) / Double(shares.count), smape: self.shares / Double(count),
      byStep: zip(stepSquares, stepCounts).map { ($0 / Double($1)).squareRoot() })
  }
}
