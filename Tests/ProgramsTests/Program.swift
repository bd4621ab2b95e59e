import Testing

/// One conformance program and what its comments expect; the notation is described in `Tests/Programs/README.md`.
struct Program: Sendable, CustomTestStringConvertible {
  /// The path under `Tests/Programs`, without the extension: `lists/index`.
  var name: String
  var path: String
  var source: String
  var output: [String] = []
  var errors: [ExpectedError] = []
  var arguments: [String] = []
  var input: [String] = []
  /// Whether its `test` blocks are run, as by `snn test`.
  var runsTests = false
  /// Whether it can only run as a whole, because a statement uses a name that a later one defines.
  var isWhole = false

  struct ExpectedError: Sendable {
    var line: Int
    var phrase: String
  }

  var testDescription: String { name }

  init(name: String, path: String, source: String) {
    self.name = name
    self.path = path
    self.source = source
    for (index, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      readExpectation(in: trimmed(line), lineNumber: index + 1)
    }
  }

  private mutating func readExpectation(in line: Substring, lineNumber: Int) {
    if line.hasPrefix("# args:") {
      arguments = line.dropFirst("# args:".count).split(separator: " ").map(String.init)
    } else if line == "# mode: test" {
      runsTests = true
    } else if line == "# mode: whole" {
      isWhole = true
    } else if line.hasPrefix("# stdin:") {
      input.append(String(trimmed(line.dropFirst("# stdin:".count))))
    } else if let phrase = text(after: "# expect error:", in: line) {
      errors.append(ExpectedError(line: lineNumber, phrase: phrase))
    } else if let expected = text(after: "# expect:", in: line) {
      output.append(expected)
    }
  }
}

/// What follows the last occurrence of a marker, without blanks at its ends except leading ones past the first.
private func text(after marker: String, in line: Substring) -> String? {
  let bytes = Array(line.utf8)
  let wanted = Array(marker.utf8)
  guard bytes.count >= wanted.count else { return nil }
  for start in (0...(bytes.count - wanted.count)).reversed()
  where Array(bytes[start..<(start + wanted.count)]) == wanted {
    return String(trimmed(Substring(String(decoding: bytes[(start + wanted.count)...], as: UTF8.self))))
  }
  return nil
}

/// A line without blanks (and the `\r` of a file from Windows) at its ends.
func trimmed(_ line: Substring) -> Substring {
  let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "\r\n" }
  var line = line
  while let first = line.first, isBlank(first) { line.removeFirst() }
  while let last = line.last, isBlank(last) { line.removeLast() }
  return line
}
