// SVG text piece by piece: elements, escaped text and numbers of two decimals.

import Texts

/// Collects the elements of one SVG picture.
struct SVGWriter {
  private(set) var body = ""

  /// A coordinate: at most two decimals.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return "0" }
    var text = fixedText(value, decimals: 2)
    while text.hasSuffix("0"), text.contains(".") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  /// Text as XML holds it: markup escaped, and characters that XML 1.0 cannot hold replaced.
  static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "'": out += "&#39;"
      case "\t", "\n", "\r": out += " "
      case _ where scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff: out += "\u{fffd}"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  /// An element without contents. Attribute values are escaped.
  mutating func element(_ name: String, _ attributes: [(String, String)]) {
    body += "<\(name)\(Self.attributes(attributes))/>\n"
  }

  /// An element that holds only text.
  mutating func text(_ content: String, _ attributes: [(String, String)]) {
    body += "<text\(Self.attributes(attributes))>\(Self.escaped(content))</text>\n"
  }

  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, style: String) {
    let start = "\(Self.number(x1)) \(Self.number(y1))", end = "\(Self.number(x2)) \(Self.number(y2))"
    element("path", [("class", style), ("d", "M\(start)L\(end)")])
  }

  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ attributes: [(String, String)], note: String? = nil
  ) {
    let place = [
      ("x", Self.number(x)), ("y", Self.number(y)), ("width", Self.number(max(width, 0))),
      ("height", Self.number(max(height, 0))),
    ]
    guard let note else { return element("rect", place + attributes) }
    body += "<rect\(Self.attributes(place + attributes))><title>\(Self.escaped(note))</title></rect>\n"
  }

  mutating func circle(_ x: Double, _ y: Double, radius: Double, _ attributes: [(String, String)], note: String) {
    let place = [("cx", Self.number(x)), ("cy", Self.number(y)), ("r", Self.number(radius))]
    body += "<circle\(Self.attributes(place + attributes))><title>\(Self.escaped(note))</title></circle>\n"
  }

  mutating func raw(_ text: String) { body += text }

  private static func attributes(_ pairs: [(String, String)]) -> String {
    pairs.map { " \($0.0)=\"\(escaped($0.1))\"" }.joined()
  }

  /// A text in lines of at most a number of columns, broken at blanks; a longer word is cut.
  static func lines(_ text: String, columns: Int) -> [String] {
    let columns = max(columns, 4)
    var lines: [String] = []
    for word in text.split(whereSeparator: { $0 == " " || $0.isNewline }) {
      if let last = lines.last, last.displayWidth + 1 + String(word).displayWidth <= columns {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(String(word))
      }
    }
    return lines.prefix(6).map { $0.clipped(toWidth: columns) }
  }

  /// About how wide text of 12 pixels is: wide characters 12, others 6.6.
  static func width(_ text: String) -> Double { text.reduce(0) { $0 + ($1.displayWidth == 2 ? 12 : 6.6) } }
}
