// What a neuron's parameters measure, as far as this room must know: enough to write them, to keep them in files, and to
// train them in steps of their own size.

import Tensors

/// The unit in which a parameter was given.
public struct ParameterUnit: Sendable, Equatable {
  /// "ms"; empty for a plain number.
  public var name: String
  /// How many base units one of it is.
  public var scale: Double
  /// The powers of its base units, in an order that the language chooses.
  public var powers: [Int]
  /// Whether it is one of time.
  public var isTime: Bool

  public init(name: String, scale: Double, powers: [Int], isTime: Bool) {
    self.name = name
    self.scale = scale.isFinite && scale > 0 ? scale : 1
    self.powers = powers
    self.isTime = isTime
  }

  public static let plain = ParameterUnit(name: "", scale: 1, powers: [], isTime: false)

  /// A value in base units, as a call would write it: "20ms".
  public func text(_ value: Double) -> String {
    // What is no amount has no unit.
    if !value.isFinite { return NumberText.whole(value) }
    if name.isEmpty { return Setting.single(Float(value)).description }
    // As few digits as give the same 32 bits again.
    for digits in 1...12 {
      let text = NumberText.significant(value / scale, digits: digits)
      if let read = Double(text), Float(read * scale) == Float(value) { return text + name }
    }
    return NumberText.significant(value / scale, digits: 17) + name
  }

  /// For a file: "ms", the bits of the scale, the powers, and whether it is a time.
  var words: String { "\(name)|\(scale.bitPattern)|\(powers.map(String.init).joined(separator: ","))|\(isTime)" }

  init?(words: String) {
    let parts = words.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 4, let bits = UInt64(parts[1]) else { return nil }
    self.init(
      name: parts[0], scale: Double(bitPattern: bits), powers: parts[2].split(separator: ",").compactMap { Int($0) },
      isTime: parts[3] == "true")
  }
}

/// The way in which training moves a parameter.
public enum ParameterScale: Sendable, Equatable {
  /// As it stands, with the optimiser's decay.
  case weight
  /// In units of this size, without decay.
  case unit(Float)
  /// By its logarithm, so that it keeps its sign and moves in shares of itself; without decay.
  case logarithm
}
