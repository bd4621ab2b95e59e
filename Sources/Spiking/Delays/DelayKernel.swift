// The share of a spike that arrives after each number of steps, while a delay is being learnt.

import Faults
import Glibc
import Tensors

/// The form of the share: of what is sent at once, how much arrives k steps later.
public enum DelayKernel: String, CaseIterable, Sendable {
  /// `exp(-((k - d) / (width + 0.27))^2 / 2)`, as in DCLS (Hammouamri, Khalfaoui-Hassani and Masquelier 2024).
  case gaussian
  /// `max(0, 1 + width - |k - d|)`: with width 0 the two steps around a delay share what is sent.
  case triangle

  /// What keeps the sum of the shares above 0.
  private static let floor: Float = 1e-7
  /// What the width of `gaussian` never falls below.
  private static let least: Float = 0.27

  /// The shares of delays 0 to `shares.count - 1`, whose sum is 1, and how they change with the delay.
  func fill(_ shares: inout [Float], slopes: inout [Float], delay: Float, width: Float) {
    var (sum, lean): (Float, Float) = (Self.floor, 0)
    for k in shares.indices {
      let distance = Float(k) - delay
      switch self {
      case .gaussian:
        let spread = width.magnitude + Self.least
        let z = distance / spread
        shares[k] = expf(-0.5 * z * z)
        slopes[k] = shares[k] * z / spread
      case .triangle:
        shares[k] = max(0, 1 + width.magnitude - distance.magnitude)
        slopes[k] = shares[k] > 0 ? (distance > 0 ? 1 : distance < 0 ? -1 : 0) : 0
      }
      sum += shares[k]
      lean += slopes[k]
    }
    for k in shares.indices {
      shares[k] /= sum
      slopes[k] = (slopes[k] - shares[k] * lean) / sum
    }
  }

  /// The shares of a delay.
  public func shares(delay: Float, width: Float, longest: Int) -> [Float] {
    var shares = [Float](repeating: 0, count: max(0, longest) + 1)
    var slopes = shares
    fill(&shares, slopes: &slopes, delay: delay, width: width)
    return shares
  }
}
