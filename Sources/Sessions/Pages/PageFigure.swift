// A figure on a page: the picture for a desk and for a phone, and below it a copy of its data.

import Formats
import Texts

struct PageFigure {
  var title: String
  var wide: String
  var narrow: String
  /// As CSV; nil where there is none.
  var data: String?

  /// Data beyond this many bytes would make the page slow, and stay with the script.
  private static let mostData = 4 << 20
  /// So many lines of the data are shown, the rest is in the file.
  private static let mostLines = 24

  func html(_ digest: Digest) -> String {
    "<figure>\n<div class=\"wide-figure\">\(wide)</div><div class=\"narrow\">\(narrow)</div>\n\(copy(digest))</figure>"
  }

  private func copy(_ digest: Digest) -> String {
    guard let data else { return "" }
    let count = data.utf8.count { $0 == UInt8(ascii: "\n") } - 1
    let size = "\(groupedDigits(count)) row\(count == 1 ? "" : "s")"
    let summary = "<summary>the figure's data, \(size)</summary>"
    if data.utf8.count > Self.mostData {
      return "<details class=\"data\">\(summary)\n<p>Too many to be kept here: the script saves them.</p></details>\n"
    }
    let lines = data.split(separator: "\n", maxSplits: Self.mostLines + 1, omittingEmptySubsequences: false)
    let shown = lines.prefix(Self.mostLines + 1).joined(separator: "\n")
    let isWhole = count <= Self.mostLines
    return """
      <details class="data">\(summary)
      <p>\(attachment(fileName, "text/csv", Array(data.utf8), digest))\(isWhole ? "" : " has all of them; the first:")</p>
      <pre class="rows">\((isWhole ? trimmedEnd(shown) : shown + "\n…").escapedForMarkup)</pre></details>

      """
  }

  /// The title as the name of a file.
  private var fileName: String {
    let words = title.lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber) }.prefix(8)
    return (words.isEmpty ? "figure" : words.joined(separator: "-")) + ".csv"
  }
}

/// A link that saves bytes which the page carries.
func attachment(_ name: String, _ type: String, _ bytes: [UInt8], _ digest: Digest) -> String {
  let name = name.escapedForMarkup
  return "<a download=\"\(name)\" href=\"data:\(type);base64,\(digest.base64(bytes))\">\(name)</a>"
}

private func trimmedEnd(_ text: String) -> String { text.hasSuffix("\n") ? String(text.dropLast()) : text }
