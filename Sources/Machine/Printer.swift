import Faults
import Language
import Tensors
import Texts

/// How values look: for `print`, inside containers, and in messages.
extension Value {
  public enum Form {
    /// As `print` shows it: strings bare.
    case plain
    /// Inside containers and at the prompt: strings quoted.
    case quoted
    /// The type with its article, as messages say it: "a tensor [3, 4]".
    case kind
    /// Type and shape or short value, for labels: "[128, 784]".
    case brief
  }

  public var typeName: String {
    switch tag {
    case .nil: "nil"
    case .undefined: "undefined"
    case .bool: "bool"
    case .int: "int"
    case .float: "float"
    case .string: "string"
    case .list: "list"
    case .tuple: "tuple"
    case .map: "map"
    case .range: "range"
    case .function, .native: "function"
    case .quantity: "quantity"
    case .tensor: "tensor"
    case .spikes: "spikes"
    case .tracked: plain.typeName
    case .module: "module"
    case .error: "error"
    case .foreign: asForeign.map { type(of: $0).typeName } ?? "value"
    default: "value"
    }
  }

  /// - Parameter parts: how many parts of a nested value are shown; an ellipsis stands for the rest.
  public func description(of form: Form, parts: Int = ValuePrinter.mostParts) -> String {
    switch form {
    case .plain, .quoted:
      if form == .plain, let text = asString { return text }
      var printer = ValuePrinter(parts: parts)
      printer.add(self, depth: 0)
      return printer.text
    case .kind: return kindDescription
    case .brief: return briefDescription
    }
  }

  /// Appends the text that `print` shows.
  public func appendText(to text: inout String) {
    switch tag {
    case .string: text += read(StringObject.self) { $0.text }
    case .int: text += String(rawInt)
    default: text += description(of: .plain)
    }
  }

  private var kindDescription: String {
    switch tag {
    case .tracked: return plain.kindDescription
    case .nil: return "nil"
    case .spikes: return "spikes \(Shape.text(object(as: SpikesObject.self).spikes.shape))"
    case .tensor: return "a tensor \(Shape.text(object(as: TensorObject.self).tensor.shape))"
    case .quantity:
      return "a quantity (\(object(as: QuantityObject.self).dimension.name))"
    case .string:
      let string = object(as: StringObject.self)
      // Whoever is asked to stop does not count.
      let count = (try? string.count()) ?? string.text.utf8.count
      return count <= 24 ? "the string \(quoted(string.text))" : "a string of \(counted(count, "character"))"
    case .list: return "a list of \(object(as: ListObject.self).count)"
    default:
      let name = typeName
      return "aeiou".contains(name.first ?? "x") ? "an \(name)" : "a \(name)"
    }
  }

  private var briefDescription: String {
    switch tag {
    case .tracked: return plain.briefDescription
    case .tensor: return Shape.text(object(as: TensorObject.self).tensor.shape)
    case .spikes: return Shape.text(object(as: SpikesObject.self).spikes.shape)
    case .int, .float, .bool: return "the \(typeName) \(description(of: .quoted))"
    case .quantity: return description(of: .quoted)
    default: return kindDescription
    }
  }
}

/// A string as it would be written in a script.
public func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\t": result += "\\t"
    case "\r": result += "\\r"
    case "{": result += "{{"
    case "}": result += "}}"
    case _ where scalar.steersTerminal: result += "\\u{\(String(scalar.value, radix: 16))}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

/// A float as the language prints it: the shortest text that reads back the same.
public func floatText(_ value: Double) -> String {
  if value.isNaN { return "nan" }
  if value.isInfinite { return value < 0 ? "-inf" : "inf" }
  return "\(value)"
}

/// Writes nested values with a limit on depth, length and the number of parts, so that nothing prints a wall of text,
/// and a value that shares its parts ends as soon as any other.
public struct ValuePrinter {
  var text = ""
  /// Parts that may still be written.
  var partsLeft = Self.mostParts
  /// Writes an element in a format of its own; nil for one that has none.
  private var write: ((Value) -> String?)?
  /// Writes the elements of tensors.
  var writeNumber: ((Double) -> String)?
  /// All parts of one value together.
  public static let mostParts = 200_000
  /// Containers show at most this many elements: the head, an ellipsis and the tail.
  static let mostElements = 1000
  static let deepest = 32

  init(parts: Int = Self.mostParts) { partsLeft = parts }

  init(writing write: @escaping (Value) -> String?) { self.write = write }

  mutating func add(_ value: Value, depth: Int) {
    partsLeft -= 1
    // A stop is heard here too: what is shown of the value then no longer matters.
    if partsLeft % 4096 == 0, Interrupt.isRequested { partsLeft = 0 }
    if depth > Self.deepest || partsLeft < 0 {
      text += "…"
      return
    }
    if let written = write?(value.plain) {
      text += written
      return
    }
    if value.tag == .tracked || value.tag == .tensor { value.tape?.hasBecomeText = true }
    switch value.tag {
    case .tracked: add(value.plain, depth: depth)
    case .nil, .undefined: text += "nil"
    case .bool: text += value.rawBool ? "true" : "false"
    case .int: text += "\(value.rawInt)"
    case .float: text += floatText(value.rawFloat)
    case .string: text += quoted(value.asString ?? "")
    case .list: addElements(value, open: "[", close: "]", depth: depth)
    case .tuple: addElements(value, open: "(", close: value.elements?.count == 1 ? ",)" : ")", depth: depth)
    case .map: addMap(value.object(as: MapObject.self), depth: depth)
    case .range:
      let range = value.object(as: RangeObject.self)
      text += "\(range.isOpenLow ? "" : "\(range.low)")..\(range.isOpenHigh ? "" : "\(range.high)")"
      if range.step != 1 { text += " by \(range.step)" }
    case .function:
      let prototype = value.object(as: FunctionObject.self).prototype
      text += "fn \(prototype.name)(\(prototype.parameterNames.joined(separator: ", ")))"
    case .native: text += "fn \(value.object(as: NativeObject.self).builtin.name)"
    case .quantity:
      let quantity = value.object(as: QuantityObject.self)
      text += QuantityText.text(quantity.amount, quantity.dimension, unit: quantity.unit)
    case .tensor:
      let tensor = value.object(as: TensorObject.self).tensor
      let preview = tensor.preview(maximumWidth: 60, writing: writeNumber)
      text += tensor.rank == 0 ? preview : "tensor\(Shape.text(tensor.shape)) \(preview)"
    case .spikes:
      let spikes = value.object(as: SpikesObject.self).spikes
      text += "spikes\(Shape.text(spikes.shape)) \(counted(spikes.total, "spike"))"
    case .module: text += "module \(value.object(as: ModuleObject.self).name)"
    case .error:
      text += "error: \(value.object(as: ErrorObject.self).message)"
    case .foreign: text += value.asForeign?.summary ?? ""
    default: text += "?"
    }
  }

  private mutating func addElements(_ value: Value, open: String, close: String, depth: Int) {
    text += open
    let elements = value.elements ?? UnsafeBufferPointer(start: nil, count: 0)
    let isCut = elements.count > Self.mostElements
    let half = Self.mostElements / 2
    for index in 0..<elements.count {
      if isCut, index >= half, index < elements.count - half {
        if index == half { text += ", … \(elements.count - 2 * half) more …" }
        continue
      }
      if index > 0 { text += ", " }
      add(elements[index], depth: depth + 1)
      if partsLeft < 0 { break }
    }
    text += close
  }

  private mutating func addMap(_ map: MapObject, depth: Int) {
    text += "{"
    for (index, pair) in map.pairs.enumerated() {
      if index > 0 { text += ", " }
      if index >= Self.mostElements {
        text += "… \(map.count - Self.mostElements) more"
        break
      }
      if let key = pair.key.asString { text += isPlainName(key) ? key : quoted(key) } else { add(pair.key, depth: depth + 1) }
      text += ": "
      add(pair.value, depth: depth + 1)
      if partsLeft < 0 { break }
    }
    text += "}"
  }
}

/// Whether a map's key can be written without quotes.
public func isPlainName(_ text: String) -> Bool {
  guard let first = text.unicodeScalars.first, first.properties.isXIDStart || first == "_" else { return false }
  return text.unicodeScalars.allSatisfy { $0.properties.isXIDContinue }
}
