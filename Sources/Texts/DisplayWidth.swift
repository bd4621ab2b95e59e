// How many terminal columns text takes, so that tables and figures line up in every script.
// Follows Unicode Standard Annex 11 (East Asian Width) for the ranges that terminals draw two columns wide.

private let wideRanges: [ClosedRange<UInt32>] = [
  0x1100...0x115f, 0x231a...0x231b, 0x2329...0x232a, 0x23e9...0x23ec, 0x23f0...0x23f0, 0x23f3...0x23f3,
  0x25fd...0x25fe, 0x2614...0x2615, 0x2648...0x2653, 0x267f...0x267f, 0x2693...0x2693, 0x26a1...0x26a1,
  0x26aa...0x26ab, 0x26bd...0x26be, 0x26c4...0x26c5, 0x26ce...0x26ce, 0x26d4...0x26d4, 0x26ea...0x26ea,
  0x26f2...0x26f3, 0x26f5...0x26f5, 0x26fa...0x26fa, 0x26fd...0x26fd, 0x2705...0x2705, 0x270a...0x270b,
  0x2728...0x2728, 0x274c...0x274c, 0x274e...0x274e, 0x2753...0x2755, 0x2757...0x2757, 0x2795...0x2797,
  0x27b0...0x27b0, 0x27bf...0x27bf, 0x2b1b...0x2b1c, 0x2b50...0x2b50, 0x2b55...0x2b55, 0x2e80...0x303e,
  0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff, 0xa000...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3,
  0xf900...0xfaff, 0xfe10...0xfe19, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x16fe0...0x18aff,
  0x1b000...0x1b2ff, 0x1f004...0x1f004, 0x1f0cf...0x1f0cf, 0x1f18e...0x1f18e, 0x1f191...0x1f19a,
  0x1f1e6...0x1f202, 0x1f210...0x1f23b, 0x1f240...0x1f248, 0x1f250...0x1f251, 0x1f260...0x1f265,
  0x1f300...0x1f320, 0x1f32d...0x1f335, 0x1f337...0x1f37c, 0x1f37e...0x1f393, 0x1f3a0...0x1f3ca,
  0x1f3cf...0x1f3d3, 0x1f3e0...0x1f3f0, 0x1f3f4...0x1f3f4, 0x1f3f8...0x1f43e, 0x1f440...0x1f440,
  0x1f442...0x1f4fc, 0x1f4ff...0x1f53d, 0x1f54b...0x1f54e, 0x1f550...0x1f567, 0x1f57a...0x1f57a,
  0x1f595...0x1f596, 0x1f5a4...0x1f5a4, 0x1f5fb...0x1f64f, 0x1f680...0x1f6c5, 0x1f6cc...0x1f6cc,
  0x1f6d0...0x1f6d2, 0x1f6d5...0x1f6d7, 0x1f6dc...0x1f6df, 0x1f6eb...0x1f6ec, 0x1f6f4...0x1f6fc,
  0x1f7e0...0x1f7eb, 0x1f7f0...0x1f7f0, 0x1f90c...0x1f93a, 0x1f93c...0x1f945, 0x1f947...0x1f9ff,
  0x1fa70...0x1faff, 0x20000...0x2fffd, 0x30000...0x3fffd,
]

extension Character {
  /// Terminal columns: 0 for a control or a lone combining mark, 2 for wide characters and emoji, else 1.
  public var displayWidth: Int {
    var width = 0
    for scalar in unicodeScalars {
      if scalar.value == 0xfe0f, width > 0 { return 2 }
      if width > 0 { continue }
      switch scalar.properties.generalCategory {
      case .control, .format, .nonspacingMark, .enclosingMark, .surrogate, .lineSeparator, .paragraphSeparator: break
      default: width = isWide(scalar.value) ? 2 : 1
      }
    }
    return width
  }
}

private func isWide(_ code: UInt32) -> Bool {
  if code < 0x1100 { return false }
  var low = 0, high = wideRanges.count
  while low < high {
    let middle = (low + high) / 2
    if wideRanges[middle].upperBound < code { low = middle + 1 } else { high = middle }
  }
  return low < wideRanges.count && wideRanges[low].contains(code)
}

extension Unicode.Scalar {
  /// Whether a terminal does something else with it than draw it: controls of both sets (C0, C1), separators of lines,
  /// and the marks that turn the direction of what follows (Unicode Standard Annex 9).
  public var steersTerminal: Bool {
    switch value {
    case 0..<0x20, 0x7f..<0xa0, 0x61c, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069: true
    default: false
    }
  }
}

extension StringProtocol {
  /// Terminal columns of all characters together.
  public var displayWidth: Int { reduce(0) { $0 + $1.displayWidth } }

  /// The text with everything replaced that could move the cursor, start an escape sequence or turn the direction.
  public var withoutControls: String {
    if !utf8.contains(where: { $0 < 0x20 || $0 >= 0x7f }) { return String(self) }
    return String(String.UnicodeScalarView(unicodeScalars.map { $0.steersTerminal ? " " : $0 }))
  }

  /// The text with the same characters written out, as `\u{1b}`; line ends and tabs stay where they are wanted.
  public func showingControls(keeping kept: Set<Unicode.Scalar> = []) -> String {
    if !utf8.contains(where: { $0 < 0x20 || $0 >= 0x7f }) { return String(self) }
    var out = ""
    for scalar in unicodeScalars {
      if scalar.steersTerminal, !kept.contains(scalar) {
        out += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  /// The text with every such character written out.
  public var withVisibleControls: String { showingControls() }

  /// The text, or its beginning and `…`, in at most `width` columns.
  public func clipped(toWidth width: Int) -> String {
    if displayWidth <= width { return String(self) }
    var kept = "", used = 0
    for character in self {
      if used + character.displayWidth > width - 1 { break }
      kept.append(character)
      used += character.displayWidth
    }
    return width > 0 ? kept + "…" : ""
  }

  /// The text with spaces after it up to `width` columns.
  public func padded(toWidth width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(0, width - displayWidth))
  }
}
