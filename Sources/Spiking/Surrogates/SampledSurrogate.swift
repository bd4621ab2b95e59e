import Faults
import Kernels

/// A user's function as a surrogate: sampled once, between samples a straight line.
///
/// A gradient is worked out on all cores, and a program of the language on one; so the function is asked beforehand.
public struct SampledSurrogate: Surrogate {
  public private(set) var title = "surrogate"
  private var sampled: SurrogateFunction?

  /// The function is sampled at `points` distances from -`range` to `range`; beyond, its ends hold.
  public static let range: Float = 100
  public static let points = 1 << 18 + 1

  public init() {}

  /// - Parameter values: at `points` distances.
  /// - Throws: `.value` for a value that is not finite.
  public init(_ title: String, values: [Float]) throws(Fault) {
    guard values.count == Self.points else { throw Fault(.shape, "a surrogate gives one number for each distance") }
    if let place = values.firstIndex(where: { !$0.isFinite }) {
      throw Fault(
        .value, "a surrogate must be finite", label: "`\(title)` gave \(values[place]) at \(Self.distance(place))")
    }
    self.title = title
    sampled = SurrogateFunction { lanes, count in
      values.withUnsafeBufferPointer { table in
        for i in 0..<count {
          let x = lanes[i]
          if x.isNaN { continue }
          let place = Swift.min(Swift.max((x + Self.range) / (2 * Self.range) * Float(Self.points - 1), 0), Float(Self.points - 1))
          let low = Swift.min(Int(place), Self.points - 2)
          let share = place - Float(low)
          lanes[i] = table[low] + share * (table[low + 1] - table[low])
        }
      }
    }
  }

  /// The distance of a sample.
  public static func distance(_ place: Int) -> Float { -range + 2 * range * Float(place) / Float(points - 1) }

  public static let declaration = Declaration<SampledSurrogate>("surrogate", "")
  public var callText: String { "surrogate(\(title))" }
  public var shape: SurrogateShape { sampled.map { .function($0) } ?? .straightThrough }
}
