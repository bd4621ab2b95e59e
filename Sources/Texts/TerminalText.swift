// The last gate before a terminal: whatever a file, a name or a message holds, it only ever draws.

extension String {
  /// The text as a terminal may have it: our own colours and movements within a line stay; every other control of
  /// either set, and every mark that turns the direction of text, is written out.
  public var safeForTerminal: String {
    if !utf8.contains(where: Self.mayBeginControl) { return self }
    var out = ""
    var rest = unicodeScalars[...]
    while let scalar = rest.first {
      if scalar == "\u{1B}", let end = Self.endOfSequence(rest) {
        out.unicodeScalars.append(contentsOf: rest[..<end])
        rest = rest[end...]
        continue
      }
      rest.removeFirst()
      if scalar.steersTerminal, scalar != "\n", scalar != "\t", scalar != "\r" {
        out += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  /// Bytes by which a control, or one of the marks, begins in UTF-8.
  private static func mayBeginControl(_ byte: UInt8) -> Bool {
    (byte < 0x20 && byte != 10 && byte != 9) || byte == 0x7f || byte == 0xc2 || byte == 0xd8 || byte == 0xe2
  }

  /// Where a sequence of ours ends: `ESC [`, digits and semicolons, and a letter for colours or for clearing.
  private static func endOfSequence(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView.Index? {
    var place = text.index(after: text.startIndex)
    guard place < text.endIndex, text[place] == "[" else { return nil }
    place = text.index(after: place)
    while place < text.endIndex, text[place] == ";" || ("0"..."9").contains(text[place]) { place = text.index(after: place) }
    guard place < text.endIndex, "mKJHA".unicodeScalars.contains(text[place]) else { return nil }
    return text.index(after: place)
  }
}
