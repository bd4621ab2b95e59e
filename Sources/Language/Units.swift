/// A physical dimension as the powers of its base units, and one unit as a scale of a dimension.
public struct Dimension: Hashable, Sendable {
  public var metre: Int8 = 0
  public var kilogram: Int8 = 0
  public var second: Int8 = 0
  public var ampere: Int8 = 0
  public var byte: Int8 = 0

  public init(metre: Int8 = 0, kilogram: Int8 = 0, second: Int8 = 0, ampere: Int8 = 0, byte: Int8 = 0) {
    self.metre = metre
    self.kilogram = kilogram
    self.second = second
    self.ampere = ampere
    self.byte = byte
  }

  public static let none = Dimension()
  public static let time = Dimension(second: 1)
  public static let frequency = Dimension(second: -1)
  public static let length = Dimension(metre: 1)
  public static let area = Dimension(metre: 2)
  public static let mass = Dimension(kilogram: 1)
  public static let current = Dimension(ampere: 1)
  public static let charge = Dimension(second: 1, ampere: 1)
  public static let energy = Dimension(metre: 2, kilogram: 1, second: -2)
  public static let power = Dimension(metre: 2, kilogram: 1, second: -3)
  public static let voltage = Dimension(metre: 2, kilogram: 1, second: -3, ampere: -1)
  public static let resistance = Dimension(metre: 2, kilogram: 1, second: -3, ampere: -2)
  public static let conductance = Dimension(metre: -2, kilogram: -1, second: 3, ampere: 2)
  public static let capacitance = Dimension(metre: -2, kilogram: -1, second: 4, ampere: 2)
  public static let information = Dimension(byte: 1)

  /// The product of two dimensions; nil when a power leaves the range of an Int8.
  public func multiplied(by other: Dimension, sign: Int8 = 1) -> Dimension? {
    func sum(_ a: Int8, _ b: Int8) -> Int8? {
      let (value, overflow) = a.addingReportingOverflow(sign < 0 ? 0 &- b : b)
      return overflow ? nil : value
    }
    guard let metre = sum(metre, other.metre), let kilogram = sum(kilogram, other.kilogram),
      let second = sum(second, other.second), let ampere = sum(ampere, other.ampere), let byte = sum(byte, other.byte)
    else { return nil }
    return Dimension(metre: metre, kilogram: kilogram, second: second, ampere: ampere, byte: byte)
  }

  /// The dimension to a power; nil when it is not a whole power of the base units.
  public func raised(to power: Int) -> Dimension? {
    func scaled(_ a: Int8) -> Int8? {
      let (value, overflow) = Int(a).multipliedReportingOverflow(by: power)
      return overflow ? nil : Int8(exactly: value)
    }
    guard let metre = scaled(metre), let kilogram = scaled(kilogram), let second = scaled(second),
      let ampere = scaled(ampere), let byte = scaled(byte)
    else { return nil }
    return Dimension(metre: metre, kilogram: kilogram, second: second, ampere: ampere, byte: byte)
  }

  /// The word for it: "time", "energy", or its base units where it has no name.
  public var name: String { namedDimensions.first { $0.dimension == self }?.name ?? baseUnits }

  /// The base units, as in `m^2 kg s^-2`.
  public var baseUnits: String {
    let powers = [("m", metre), ("kg", kilogram), ("s", second), ("A", ampere), ("B", byte)]
    let shown = powers.filter { $0.1 != 0 }.map { $0.1 == 1 ? $0.0 : "\($0.0)^\($0.1)" }
    return shown.isEmpty ? "a plain number" : shown.joined(separator: " ")
  }
}

private let namedDimensions: [(name: String, dimension: Dimension)] = [
  ("a plain number", .none), ("time", .time), ("frequency", .frequency), ("length", .length), ("area", .area),
  ("mass", .mass), ("current", .current), ("charge", .charge), ("energy", .energy), ("power", .power),
  ("voltage", .voltage), ("resistance", .resistance), ("conductance", .conductance), ("capacitance", .capacitance),
  ("information", .information), ("energy-delay product", Dimension(metre: 2, kilogram: 1, second: -1)),
]

public struct Unit: Sendable {
  public var name: String
  public var dimension: Dimension
  /// How many base units one of it is.
  public var scale: Double
}

/// Every unit that a number may carry: SI prefixes where they are in use, and binary prefixes for bytes.
public let units: [String: Unit] = {
  var all: [String: Unit] = [:]
  func add(_ name: String, _ dimension: Dimension, _ scale: Double) {
    all[name] = Unit(name: name, dimension: dimension, scale: scale)
  }
  let prefixes: [(String, Double)] = [
    ("", 1), ("f", 1e-15), ("p", 1e-12), ("n", 1e-9), ("u", 1e-6), ("µ", 1e-6), ("m", 1e-3), ("k", 1e3), ("M", 1e6),
    ("G", 1e9), ("T", 1e12),
  ]
  func addPrefixed(_ symbol: String, _ dimension: Dimension, _ allowed: String) {
    for (prefix, scale) in prefixes where prefix.isEmpty || allowed.contains(prefix) {
      add(prefix + symbol, dimension, scale)
    }
  }
  addPrefixed("s", .time, "fpnuµm")
  addPrefixed("Hz", .frequency, "kMGT")
  addPrefixed("V", .voltage, "nuµmk")
  addPrefixed("A", .current, "fpnuµm")
  addPrefixed("J", .energy, "fpnuµmkM")
  addPrefixed("W", .power, "pnuµmkM")
  addPrefixed("F", .capacitance, "fpnuµm")
  addPrefixed("S", .conductance, "pnuµm")
  addPrefixed("Ohm", .resistance, "mkMG")
  addPrefixed("C", .charge, "fpnuµm")
  addPrefixed("m", .length, "nuµmk")
  addPrefixed("B", .information, "kMGT")
  add("cm", .length, 1e-2)
  add("mm2", .area, 1e-6)
  add("kg", .mass, 1)
  add("g", .mass, 1e-3)
  add("min", .time, 60)
  add("h", .time, 3600)
  add("Wh", .energy, 3600)
  add("bit", .information, 0.125)
  add("KiB", .information, 1024)
  add("MiB", .information, 1_048_576)
  add("GiB", .information, 1_073_741_824)
  return all
}()

public let unitNames: [String] = units.keys.sorted()

public func isUnit(_ name: String) -> Bool { units[name] != nil }
