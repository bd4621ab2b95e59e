/// One line of the history file: `{"time":1767225600,"text":"let x = 1"}`. A block's newlines are escaped, so that an
/// entry is always one line of the file and one write.
struct HistoryEntry: Equatable, Sendable {
  var time: Int
  var text: String

  var line: String { "{\"time\":\(time),\"text\":\(Self.quoted(text))}\n" }

  init(time: Int, text: String) {
    self.time = time
    self.text = text
  }

  /// Reads a line of the file; nil for a damaged one.
  init?(line: Substring) {
    var reader = FieldReader(Array(line.unicodeScalars))
    guard reader.skip("{") else { return nil }
    var time = 0
    var text: String?
    repeat {
      guard let key = reader.string(), reader.skip(":") else { return nil }
      if let value = reader.string() {
        if key == "text" { text = value }
      } else if let value = reader.number() {
        if key == "time" { time = value }
      } else {
        return nil
      }
    } while reader.skip(",")
    guard reader.skip("}"), let text, !text.isEmpty else { return nil }
    self.init(time: time, text: text)
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\u{0}"..."\u{1F}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

/// Reads strings and numbers of one flat JSON object.
private struct FieldReader {
  let scalars: [Unicode.Scalar]
  var at = 0

  init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

  mutating func skip(_ wanted: Unicode.Scalar) -> Bool {
    while at < scalars.count, scalars[at] == " " { at += 1 }
    guard at < scalars.count, scalars[at] == wanted else { return false }
    at += 1
    return true
  }

  mutating func number() -> Int? {
    var digits = ""
    while at < scalars.count, ("0"..."9").contains(scalars[at]) || scalars[at] == "-" {
      digits.unicodeScalars.append(scalars[at])
      at += 1
    }
    return Int(digits)
  }

  mutating func string() -> String? {
    guard skip("\"") else { return nil }
    var result = String.UnicodeScalarView()
    while at < scalars.count {
      let scalar = scalars[at]
      at += 1
      if scalar == "\"" { return String(result) }
      guard scalar == "\\" else {
        result.append(scalar)
        continue
      }
      guard let escaped = escape() else { return nil }
      result.append(escaped)
    }
    return nil
  }

  private mutating func escape() -> Unicode.Scalar? {
    guard at < scalars.count else { return nil }
    let scalar = scalars[at]
    at += 1
    switch scalar {
    case "n": return "\n"
    case "t": return "\t"
    case "r": return "\r"
    case "b": return "\u{8}"
    case "f": return "\u{C}"
    case "u":
      guard at + 4 <= scalars.count else { return nil }
      let digits = String(String.UnicodeScalarView(scalars[at..<at + 4]))
      at += 4
      return UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
    default: return scalar
    }
  }
}
