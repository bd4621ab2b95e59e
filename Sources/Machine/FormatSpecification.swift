import Faults
import Glibc
import Language
import Texts

/// The format after the colon of `{expr:>8.3f}`: fill, alignment, sign, zero, width, grouping, precision, type.
struct FormatSpecification {
  var fill: Character = " "
  var alignment: Character?
  var sign: Character = "-"
  var isZeroPadded = false
  var width = 0
  var grouping: Character?
  var precision: Int?
  var type: Character?

  init(precision: Int? = nil, type: Character? = nil) {
    self.precision = precision
    self.type = type
  }

  init(parsing text: String) throws(Fault) {
    var rest = Substring(text)
    if let second = rest.dropFirst().first, "<>^".contains(second), let first = rest.first {
      fill = first
      alignment = second
      rest = rest.dropFirst(2)
    } else if let first = rest.first, "<>^".contains(first) {
      alignment = first
      rest = rest.dropFirst()
    }
    if let first = rest.first, "+- ".contains(first) {
      sign = first
      rest = rest.dropFirst()
    }
    if rest.first == "0" {
      isZeroPadded = true
      rest = rest.dropFirst()
    }
    width = try Self.number(&rest, in: text) ?? 0
    if let first = rest.first, ",_".contains(first) {
      grouping = first
      rest = rest.dropFirst()
    }
    if rest.first == "." {
      rest = rest.dropFirst()
      guard let digits = try Self.number(&rest, in: text) else { throw Self.bad(text) }
      precision = digits
    }
    if let first = rest.first, "feEgGdxXobs%".contains(first) {
      type = first
      rest = rest.dropFirst()
    }
    if !rest.isEmpty { throw Self.bad(text) }
  }

  private static func bad(_ text: String) -> Fault {
    Fault(
      .value, "`\(text)` is not a format",
      help: "a format is [align][sign][0][width][,][.digits][type], as in `>8`, `.3`, `.1%`, `08.2f`, `x`; types: f e g % d x b o s")
  }

  private static func number(_ rest: inout Substring, in text: String) throws(Fault) -> Int? {
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    if digits.isEmpty { return nil }
    rest = rest.dropFirst(digits.count)
    guard let value = Int(digits), value <= 10_000 else { throw bad(text) }
    return value
  }

  // MARK: writing

  func format(_ value: Value) throws(Fault) -> String {
    value.tape?.hasBecomeText = true
    let value = value.plain
    switch value.tag {
    case .int:
      if let type, "feEgG%".contains(type) { return pad(format(Double(value.rawInt)), isNumber: true) }
      if precision != nil { return pad(format(Double(value.rawInt)), isNumber: true) }
      return pad(try format(value.rawInt), isNumber: true)
    case .float:
      if let type, "dxXob".contains(type) {
        guard let whole = Int(exactly: value.rawFloat) else { throw needs("an int", value) }
        return pad(try format(whole), isNumber: true)
      }
      return pad(format(value.rawFloat), isNumber: true)
    case .quantity where type != "s":
      guard let quantity = value.asQuantity else { return "" }
      let write: ((Double) -> String)? = precision == nil && type == nil ? nil : { self.format($0) }
      let text = QuantityText.text(quantity.amount, quantity.dimension, unit: value.unitName, format: write)
      return pad(text, isNumber: true)
    case .tensor where value.asTensor?.count == 1 && type != "s":
      return pad(format(Double(value.asTensor?.item ?? .nan)), isNumber: true)
    case .tensor where isForNumbers, .list where isForNumbers, .tuple where isForNumbers, .map where isForNumbers:
      return try formatElements(of: value)
    default:
      if isForNumbers, let text = value.asForeign?.text(writing: { self.format($0) }) { return pad(text, isNumber: true) }
      if let type, type != "s" { throw needs("a number", value) }
      var text = value.description(of: .plain)
      if let precision, value.tag == .string { text = String(text.prefix(precision)) }
      return pad(text, isNumber: value.tag == .bool)
    }
  }

  /// Whether it says how numbers are written, and not only how wide a text is.
  private var isForNumbers: Bool { (precision != nil || type != nil) && type != "s" }

  /// A container as `print` shows it, each of its numbers in this format.
  private func formatElements(of value: Value) throws(Fault) -> String {
    var fault: Fault?
    var printer = ValuePrinter { element in
      switch element.tag {
      case .int, .float, .quantity: break
      // A type of number is wanted of all; decimals are for those that have some.
      case .string, .bool, .nil: if type == nil { return nil }
      default: return nil
      }
      do throws(Fault) { return try format(element) } catch {
        fault = fault ?? error
        return ""
      }
    }
    printer.writeNumber = { format($0) }
    printer.add(value, depth: 0)
    if let fault { throw fault }
    return printer.text
  }

  private func needs(_ expected: String, _ value: Value) -> Fault {
    Fault(.type, "the format `\(type.map(String.init) ?? "")` needs \(expected)", label: "found \(value.description(of: .kind))")
  }

  func format(_ value: Double) -> String {
    if type == "%" {
      return signed(value, fixed(abs(value) * 100, digits: precision ?? 6)) + "%"
    }
    if !value.isFinite { return signed(value, floatText(abs(value))) }
    let digits: String
    switch type {
    case "f": digits = fixed(abs(value), digits: precision ?? 6)
    case "e", "E", "g", "G": digits = printed(abs(value), conversion: type ?? "g", digits: precision ?? 6)
    default:
      // A precision alone means decimals, which is what a reader of `{loss:.3}` expects.
      digits = precision.map { fixed(abs(value), digits: $0) } ?? floatText(abs(value))
    }
    return signed(value, grouped(digits))
  }

  private func format(_ value: Int) throws(Fault) -> String {
    let magnitude = value.magnitude
    switch type {
    case "x": return signed(value < 0, String(magnitude, radix: 16))
    case "X": return signed(value < 0, String(magnitude, radix: 16, uppercase: true))
    case "b": return signed(value < 0, String(magnitude, radix: 2))
    case "o": return signed(value < 0, String(magnitude, radix: 8))
    default: return signed(value < 0, grouped(String(magnitude)))
    }
  }

  private func signed(_ value: Double, _ digits: String) -> String {
    signed(value.sign == .minus && !value.isNaN, digits)
  }

  private func signed(_ isNegative: Bool, _ digits: String) -> String {
    if isNegative { return "-" + digits }
    return sign == "+" ? "+" + digits : (sign == " " ? " " + digits : digits)
  }

  private func fixed(_ value: Double, digits: Int) -> String {
    value.isFinite ? printed(value, conversion: "f", digits: digits) : floatText(value)
  }

  /// The C library's conversion, through a buffer of our own.
  private func printed(_ value: Double, conversion: Character, digits: Int) -> String {
    let size = 400 + digits
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
      let written = withVaList([Int32(digits), value]) { vsnprintf(buffer.baseAddress, size, "%.*\(conversion)", $0) }
      guard written > 0, let base = buffer.baseAddress else { return "" }
      return String(cString: base)
    }
  }

  private func grouped(_ digits: String) -> String {
    guard let grouping else { return digits }
    let whole = digits.prefix { $0.isNumber }
    var result = ""
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % 3 == 0 { result.append(grouping) }
      result.append(digit)
    }
    return result + digits.dropFirst(whole.count)
  }

  private func pad(_ text: String, isNumber: Bool) -> String {
    let missing = width - text.displayWidth
    if missing <= 0 { return text }
    if isZeroPadded, isNumber, alignment == nil {
      let hasSign = text.first.map { "+- ".contains($0) } ?? false
      let zeros = String(repeating: "0", count: missing)
      return hasSign ? String(text.prefix(1)) + zeros + text.dropFirst() : zeros + text
    }
    switch alignment ?? (isNumber ? ">" : "<") {
    case "<": return text + String(repeating: fill, count: missing)
    case "^":
      return String(repeating: fill, count: missing / 2) + text + String(repeating: fill, count: missing - missing / 2)
    default: return String(repeating: fill, count: missing) + text
    }
  }
}
