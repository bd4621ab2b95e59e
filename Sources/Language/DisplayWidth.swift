/// How many terminal cells a text takes: wide East Asian characters and emoji take two, combining marks none.
public func displayWidth(_ text: String) -> Int {
  var width = 0
  for character in text { width += displayWidth(character) }
  return width
}

public func displayWidth(_ character: Character) -> Int {
  guard let first = character.unicodeScalars.first else { return 0 }
  let value = first.value
  if value < 0x300 { return value < 0x20 || value == 0x7F ? 0 : 1 }
  switch first.properties.generalCategory {
  case .nonspacingMark, .enclosingMark, .format, .control: return 0
  default: break
  }
  if first.properties.isEmojiPresentation { return 2 }
  for range in wideRanges where range.contains(value) { return 2 }
  return 1
}

/// The blocks of Unicode's East Asian Width property "W" and "F" that scripts in practice use.
private let wideRanges: [ClosedRange<UInt32>] = [
  0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
  0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD,
]
