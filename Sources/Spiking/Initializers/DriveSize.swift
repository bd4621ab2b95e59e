// How strong a drive must be for potentials of a wanted size.

import Faults
import Tensors

/// Finds the factor by which a drive of neurons is multiplied.
struct DriveSize {
  let model: any NeuronModel

  init(_ model: any NeuronModel) { self.model = model }

  /// The factor with which the potentials, were there no spikes, have a standard deviation, in thresholds.
  ///
  /// Where the potential is linear in the drive one measurement gives it, and for most others a few more. Where none
  /// does (neurons that take off by themselves, or that saturate), it is the factor with which a share of
  /// `alternative` fires.
  ///
  /// - Returns: nil where the drive moves nothing, or the neurons fire without it.
  func factor(_ drive: Tensor, deviation: Double) throws(Fault) -> Float? {
    guard let spread = drive.spread, spread > 0 else { return nil }
    guard let first = try model.excursion(drive)?.spread else { return try byActivity(drive, spread) }
    guard first > 0 else { return nil }
    var factor = deviation / first
    if model.isLinear { return Float(factor) }
    for _ in 0..<8 {
      guard Float(factor).isNormal, let now = try model.excursion(try drive * Float(factor))?.spread, now > 0 else { break }
      if abs(now / deviation - 1) < 0.02 { return Float(factor) }
      factor *= deviation / now
    }
    return try byActivity(drive, spread)
  }

  /// The share of neurons that fires in a step where potentials cannot be measured: what a deviation of one threshold
  /// gives leaky neurons.
  private static let alternative = 0.03

  private func byActivity(_ drive: Tensor, _ spread: Double) throws(Fault) -> Float? {
    guard model.isSpiking else { return nil }
    func share(_ factor: Double) throws(Fault) -> Double {
      let spikes = try model.run(try drive * Float(factor), for: .output).output.spikes
      return spikes.map { Double($0.total) / Double(max(1, drive.count)) } ?? 0
    }
    // Drives of a spread from 2^-12 to 2^20: none of either size moves any neuron that could be meant.
    var (low, high) = (0x1p-12 / spread, 0x1p-12 / spread)
    if try share(low) >= Self.alternative { return nil }
    while try share(high) < Self.alternative {
      low = high
      high *= 2
      if high * spread > 0x1p20 || !Float(high).isNormal { return nil }
    }
    for _ in 0..<6 {
      let middle = (low * high).squareRoot()
      if try share(middle) < Self.alternative { low = middle } else { high = middle }
    }
    return Float(high)
  }
}

extension Tensor {
  /// The standard deviation of all elements; nil where one is not finite, or there are none.
  var spread: Double? {
    withUnsafeBuffer { values in
      guard !values.isEmpty else { return nil }
      var (sum, squares) = (0.0, 0.0)
      for value in values { sum += Double(value) }
      let mean = sum / Double(values.count)
      guard mean.isFinite else { return nil }
      for value in values {
        let distance = Double(value) - mean
        squares += distance * distance
      }
      return squares.isFinite ? (squares / Double(values.count)).squareRoot() : nil
    }
  }
}
