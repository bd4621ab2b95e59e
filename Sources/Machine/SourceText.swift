import Faults
import Language
import Tensors

/// Values as a script writes them, to the last bit: what `repr` gives, and what reads back as an equal value.
extension Value {
  /// The whole value; a fault where a part of it cannot be written, or the text would be too long.
  public func sourceText(limit: Int) throws(Fault) -> String {
    var writer = SourceWriter(limit: limit)
    try writer.add(self, depth: 0)
    try writer.checkLength()
    return writer.text
  }
}

private struct SourceWriter {
  private(set) var text = ""
  /// The most bytes that the text may have.
  let limit: Int

  /// The parser reads no deeper than this.
  private static let deepest = 150

  init(limit: Int) { self.limit = limit }

  func checkLength() throws(Fault) {
    if text.utf8.count > limit {
      throw Fault(.limit, "too long to be written in a script", label: "more than \(limit) bytes", help: "str(x) gives a preview")
    }
  }

  mutating func add(_ value: Value, depth: Int) throws(Fault) {
    if depth > Self.deepest {
      throw Fault(.limit, "nested too deeply to be written in a script", label: "more than \(Self.deepest) levels")
    }
    try checkLength()
    try Interrupt.check()
    value.tape?.hasBecomeText = true
    let value = value.plain
    switch value.tag {
    case .nil: text += "nil"
    case .bool: text += value.rawBool ? "true" : "false"
    // The digits of the smallest int are those of none above 0.
    case .int: text += value.rawInt == Int.min ? "(-\(Int.max) - 1)" : "\(value.rawInt)"
    case .float: text += Self.text(value.rawFloat)
    case .string: text += quoted(value.asString ?? "")
    case .list: try addElements(value, open: "[", close: "]", depth: depth)
    case .tuple: try addElements(value, open: "(", close: value.elements?.count == 1 ? ",)" : ")", depth: depth)
    case .map: try addMap(value.object(as: MapObject.self), depth: depth)
    case .range: addRange(value.object(as: RangeObject.self))
    case .quantity: addQuantity(value.object(as: QuantityObject.self))
    case .tensor: try addTensor(value.object(as: TensorObject.self).tensor)
    case .spikes:
      guard let spikes = value.asSpikes else { return }
      text += "spikes("
      try addTensor(try spikes.tensor())
      text += ")"
    case .native: text += value.object(as: NativeObject.self).builtin.name
    default:
      guard let written = value.asForeign?.sourceText else {
        throw Fault(
          .type, "\(value.description(of: .kind)) cannot be written in a script", label: "it has no text that gives it again",
          help: value.tag == .foreign ? "str(x) gives what `print` shows; `save` keeps networks" : "str(x) gives what `print` shows")
      }
      text += written
    }
  }

  /// All digits; what is no number is what gives it.
  private static func text(_ value: Double) -> String {
    if value.isNaN { return "(0.0 / 0.0)" }
    if value.isInfinite { return value < 0 ? "(-1.0 / 0.0)" : "(1.0 / 0.0)" }
    return floatText(value)
  }

  private mutating func addElements(_ value: Value, open: String, close: String, depth: Int) throws(Fault) {
    text += open
    for (index, element) in (value.elements ?? .init(start: nil, count: 0)).enumerated() {
      if index > 0 { text += ", " }
      try add(element, depth: depth + 1)
    }
    text += close
  }

  private mutating func addMap(_ map: MapObject, depth: Int) throws(Fault) {
    text += "{"
    for (index, pair) in map.pairs.enumerated() {
      if index > 0 { text += ", " }
      if let key = pair.key.asString, isPlainName(key) {
        text += key
      } else {
        // A key that begins with a bracket is computed, and stands in parentheses.
        try add(pair.key, depth: depth + 1)
      }
      text += ": "
      try add(pair.value, depth: depth + 1)
    }
    text += "}"
  }

  private mutating func addRange(_ range: RangeObject) {
    let step = range.step == 1 ? "" : " by \(range.step)"
    text += "(\(range.isOpenLow ? "" : "\(range.low)")..\(range.isOpenHigh ? "" : "\(range.high)")\(step))"
  }

  /// In its own unit where that gives the amount again, else in base units.
  private mutating func addQuantity(_ quantity: QuantityObject) {
    let (amount, dimension) = (quantity.amount, quantity.dimension)
    let names = [quantity.unit, QuantityText.usualUnit(amount, dimension).name].compactMap { $0 }
    for name in names {
      guard amount.isFinite, let unit = units[name], unit.dimension == dimension else { continue }
      let count = QuantityText.exactCount(amount, of: unit.scale)
      if count * unit.scale == amount {
        let whole = Int(exactly: count).map { abs($0) < 1 << 53 ? "\($0)" : nil } ?? nil
        text += (whole ?? floatText(count)) + name
        return
      }
    }
    let powers = [("m", dimension.metre), ("kg", dimension.kilogram), ("s", dimension.second), ("A", dimension.ampere), ("B", dimension.byte)]
    let product = powers.filter { $0.1 != 0 }.map { $0.1 == 1 ? "1\($0.0)" : "(1\($0.0)) ^ \($0.1)" }
    text += "(" + ([Self.text(amount)] + product).joined(separator: " * ") + ")"
  }

  private mutating func addTensor(_ tensor: Tensor) throws(Fault) {
    if tensor.count == 0 {
      text += tensor.isMask ? "(zeros(\(tensor.shape)) != 0)" : "zeros(\(tensor.shape))"
      return
    }
    text += tensor.isMask ? "(tensor(" : "tensor("
    try addScalars(tensor, axis: 0, start: 0)
    text += tensor.isMask ? ") != 0)" : ")"
  }

  private mutating func addScalars(_ tensor: Tensor, axis: Int, start: Int) throws(Fault) {
    guard axis < tensor.rank else {
      let scalar = tensor.withUnsafeBuffer { $0[start] }
      text += scalar.isFinite ? "\(scalar)" : Self.text(Double(scalar))
      return
    }
    try checkLength()
    let step = tensor.shape[(axis + 1)...].reduce(1, *)
    text += "["
    for place in 0..<tensor.shape[axis] {
      if place > 0 { text += ", " }
      if place & 0xFFFF == 0xFFFF { try Interrupt.check() }
      try addScalars(tensor, axis: axis + 1, start: start + place * step)
    }
    text += "]"
  }
}
