// Text as HTML and XML hold it.

extension StringProtocol {
  /// The text with markup escaped, and characters that XML 1.0 cannot hold replaced. Line ends and tabs stay.
  public var escapedForMarkup: String {
    var out = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "'": out += "&#39;"
      case "\n", "\t": out.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || scalar.value == 0x7f || scalar.value == 0xfffe || scalar.value == 0xffff:
        out += "\u{fffd}"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}

/// What `escapedForMarkup` made, as it was.
public func unescapedMarkup(_ text: some StringProtocol) -> String {
  let signs = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "#39": "'"]
  var out = ""
  var rest = text[...]
  while let start = rest.firstIndex(of: "&") {
    out += rest[..<start]
    let name = rest[rest.index(after: start)...].prefix { $0 != ";" && $0 != "&" }
    if let sign = signs[String(name)], name.endIndex < rest.endIndex, rest[name.endIndex] == ";" {
      out += sign
      rest = rest[rest.index(after: name.endIndex)...]
    } else {
      out += "&"
      rest = rest[rest.index(after: start)...]
    }
  }
  return out + String(rest)
}
