// Where values lie along an axis, and which of them carry a label.

import Glibc

/// An interval of finite numbers that is safe to divide by.
struct Span: Equatable {
  var low: Double
  var high: Double

  /// Values beyond this are drawn like infinity: differences of smaller ones cannot overflow.
  static let largest = 1e300

  init(_ low: Double, _ high: Double) {
    self.low = low
    self.high = high
  }

  var length: Double { high - low }

  /// 0 at `low`, 1 at `high`.
  func fraction(of value: Double) -> Double { (value - low) / length }

  func value(at fraction: Double) -> Double { low + length * fraction }

  /// The same interval with room around a single value, so that it can be divided by.
  var widenedIfFlat: Span {
    let size = max(abs(low), abs(high))
    if length > max(size * 1e-9, 1e-290) { return self }
    let room = size > 1e-280 ? size / 2 : 0.5
    return Span(low - room, high + room)
  }

  /// The same interval with a part of its length added at both ends.
  func padded(by part: Double) -> Span { Span(low - length * part, high + length * part) }
}

/// A labelled place on an axis.
struct Tick: Equatable {
  /// 0 at the axis' start, 1 at its end.
  var position: Double
  var label: String
}

/// One axis of a figure: from values to fractions of its length.
struct Axis: Equatable {
  let scale: AxisScale
  /// In logarithms of base 10 where the scale is logarithmic.
  let span: Span
  /// Whether only whole numbers mean something here, such as steps or counts.
  let isWhole: Bool

  /// Covers all `values` that can be drawn, with room of `padding` times their range at both ends.
  init(covering values: some Sequence<Double>, scale: AxisScale = .linear, padding: Double = 0, isWhole: Bool = false) {
    var low = Double.infinity, high = -Double.infinity
    for value in values {
      guard let placed = Self.placed(value, scale) else { continue }
      low = min(low, placed)
      high = max(high, placed)
    }
    self.scale = scale
    self.isWhole = isWhole
    let span = low <= high ? Span(low, high) : Span(0, 1)
    let wide = span.widenedIfFlat
    self.span = wide == span ? span.padded(by: padding) : wide
  }

  private static func placed(_ value: Double, _ scale: AxisScale) -> Double? {
    guard abs(value) <= Span.largest else { return nil }
    if scale == .linear { return value }
    return value > 0 ? log10(value) : nil
  }

  /// Where a value lies, 0 at the start and 1 at the end; nil where it cannot be drawn.
  func position(_ value: Double) -> Double? { Self.placed(value, scale).map { span.fraction(of: $0) } }

  /// About `count` labelled places at round values, two at least: one alone gives no scale.
  func ticks(_ count: Int) -> [Tick] {
    var found: [Tick] = []
    for more in [1, 2, 4] where found.count < 2 { found = roundTicks(max(count, 2) * more) }
    return found
  }

  private func roundTicks(_ wanted: Int) -> [Tick] {
    if scale == .linear { return linearTicks(wanted) }
    let decades = Int(span.low.rounded(.up))...max(Int(span.low.rounded(.up)), Int(span.high.rounded(.down)))
    if span.length < 0.7 { return valueTicks(wanted) }
    let every = max(1, (decades.count + wanted - 1) / wanted)
    let factors = decades.count < 3 && wanted > 2 ? [1.0, 2, 5] : [1.0]
    return (decades.lowerBound - 1...decades.upperBound).filter { $0 % every == 0 }.flatMap { exponent in
      factors.compactMap { factor in tick(at: factor * powerOfTen(exponent)) }
    }
  }

  private func tick(at value: Double) -> Tick? {
    guard let place = position(value), (-1e-9...1 + 1e-9).contains(place) else { return nil }
    return Tick(position: min(max(place, 0), 1), label: shortText(value))
  }

  /// Evenly spaced values on a logarithmic axis that is too short for decades.
  private func valueTicks(_ count: Int) -> [Tick] {
    let inner = Axis(covering: [pow(10, span.low), pow(10, span.high)])
    return inner.linearTicks(count).compactMap { tick in
      position(inner.span.value(at: tick.position)).map { Tick(position: $0, label: tick.label) }
    }
  }

  private func linearTicks(_ count: Int) -> [Tick] {
    let least = span.length / Double(count)
    let (step, exponent) = Self.roundStep(isWhole ? max(least, 1) : least)
    let first = (span.low / step - 1e-9).rounded(.up), last = (span.high / step + 1e-9).rounded(.down)
    guard last >= first, last - first < 1000 else { return [] }
    let values = (0...Int(last - first)).map { (first + Double($0)) * step }
    let largest = values.map { abs($0) }.max() ?? 0
    let places = max(0, -exponent)
    let leading = largest > 0 ? max(decimalExponent(largest), 0) : 0
    let useFixed = leading + places <= 8 && leading <= 6 && places <= 5
    let digits = largest > 0 ? max(1, decimalExponent(largest) - exponent + 1) : 1
    return values.map { value in
      let label = useFixed ? fixedText(value, decimals: places) : scientificText(value, digits: min(digits, 15))
      return Tick(position: min(max(span.fraction(of: value), 0), 1), label: label)
    }
  }

  /// The smallest of 1, 2, 5 times a power of ten that is not below `least`, and that power's exponent.
  static func roundStep(_ least: Double) -> (step: Double, exponent: Int) {
    guard least > 0, least.isFinite else { return (1, 0) }
    let exponent = decimalExponent(least)
    let base = powerOfTen(exponent)
    for factor in [1.0, 2, 5] where factor * base >= least * (1 - 1e-9) { return (factor * base, exponent) }
    return (powerOfTen(exponent + 1), exponent + 1)
  }

  /// Ticks for things that are counted from 0: at most `count`, at whole numbers, in the middle of each thing.
  static func indexTicks(_ things: Int, count: Int, names: [String] = []) -> [Tick] {
    guard things > 0 else { return [] }
    let least = Double(things) / Double(max(count, 1))
    let step = max(1, Int(min(roundStep(least).step, 1e15)))
    return stride(from: 0, to: things, by: step).map { index in
      let name = index < names.count ? names[index] : String(index)
      return Tick(position: (Double(index) + 0.5) / Double(things), label: name)
    }
  }
}
