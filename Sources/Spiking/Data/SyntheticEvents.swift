// A made-up recording of an event camera: bars that move in a direction, seen as changes of brightness.

import Faults
import Glibc
import Tensors

/// What a synthetic set of events is drawn from.
public struct SyntheticEvents: Sendable {
  public var samples = 600
  /// Directions of movement, evenly spread over the circle: from 2 to 8.
  public var classes = 4
  public var steps = 16
  /// Pixels of a side.
  public var size = 34
  /// The probability that a pixel of a polarity fires at a step without a cause.
  public var noise = 0.002
  public var seed: UInt64 = 0

  public init() {}

  /// The set: `[samples, steps, 2, size, size]` of 0 and 1.
  ///
  /// Each sample is one bright bar of its own width, length, place and speed (0.8 to 2 pixels a step), which moves at a
  /// right angle to itself and comes back in where it leaves. Channel 0 has an event where a pixel has become bright,
  /// channel 1 where it has become dark; one event in ten is lost, and noise is added. The class is the direction, so
  /// no single step tells the class by its place: the network must see movement or the order of the polarities.
  ///
  /// - Throws: `.value` for a number that cannot be used; `.limit` for a set that is too large.
  public func dataset() throws(Fault) -> Dataset {
    try check(samples, "samples", 1...1_000_000)
    try check(classes, "classes", 2...8)
    try check(steps, "steps", 2...10_000)
    try check(size, "size", 8...1024)
    guard noise >= 0, noise < 1 else {
      throw Fault(.value, "`noise` must be from 0 to below 1", label: "noise is \(noise)")
    }
    let (frame, steps) = (2 * size * size, steps)
    let features = try Tensor(shape: [samples, steps, 2, size, size]) { (buffer) throws(Fault) in
      guard let base = buffer.baseAddress else { return }
      try inParallel(samples, workPerItem: steps * frame * 4) { range in
        for sample in range { draw(sample, base + sample * steps * frame) }
      }
    }
    return try Dataset(
      name: "synthetic events", features: features, labels: (0..<samples).map { $0 % classes }, classNames: names,
      source: "synthetic: moving bars as an event camera might see them, drawn with seed \(seed)")
  }

  private func check(_ value: Int, _ name: String, _ range: ClosedRange<Int>) throws(Fault) {
    guard range.contains(value) else {
      throw Fault(
        .value, "`\(name)` must be from \(range.lowerBound) to \(range.upperBound)", label: "\(name) is \(value)")
    }
  }

  /// The directions in words where there are four, otherwise in degrees; 0° is to the right, 90° down.
  private var names: [String] {
    if classes == 4 { return ["right", "down", "left", "up"] }
    return (0..<classes).map { "\(Int((360 * Double($0) / Double(classes)).rounded()))°" }
  }

  private func draw(_ sample: Int, _ out: UnsafeMutablePointer<Float>) {
    var draws = RandomStream(seed: seed, purpose: "synthetic events", index: UInt64(sample))
    func between(_ low: Double, _ high: Double) -> Double { low + (high - low) * draws.uniformDouble() }
    let angle = 2 * Double.pi * Double(sample % classes) / Double(classes)
    let (forwardX, forwardY) = (cos(angle), sin(angle))
    let speed = between(0.8, 2)
    let half = between(1.5, 3)
    let length = between(0.3, 0.5) * Double(size)
    let side = between(-0.15, 0.15) * Double(size)
    // The bar comes in again at the other side once it is wholly outside.
    let way = Double(size) * 1.2 + 2 * half
    let start = between(0, way)
    let middle = Double(size - 1) / 2
    func isBright(_ x: Int, _ y: Int, _ step: Int) -> Bool {
      let (dx, dy) = (Double(x) - middle, Double(y) - middle)
      let travelled = (start + speed * Double(step)).truncatingRemainder(dividingBy: way)
      let ahead = dx * forwardX + dy * forwardY - (travelled - way / 2)
      let aside = dy * forwardX - dx * forwardY - side
      return abs(ahead) <= half && abs(aside) <= length
    }
    let pixels = size * size
    var before = [Bool](repeating: false, count: pixels)
    for step in 0...steps {
      let frame = out + (step - 1) * 2 * pixels
      for y in 0..<size {
        for x in 0..<size {
          let place = y * size + x
          let bright = isBright(x, y, step)
          defer { before[place] = bright }
          if step == 0 { continue }
          let (risen, fallen) = (bright && !before[place], !bright && before[place])
          frame[place] = event(risen, &draws)
          frame[pixels + place] = event(fallen, &draws)
        }
      }
    }
  }

  private func event(_ caused: Bool, _ draws: inout RandomStream) -> Float {
    let draw = draws.uniformDouble()
    return caused ? (draw < 0.9 ? 1 : 0) : (draw < noise ? 1 : 0)
  }
}
