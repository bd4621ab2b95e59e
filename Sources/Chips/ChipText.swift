// A chip file's text before it is parsed: what would make a YAML parser recurse, expand or run on is refused here, so
// that a file from anywhere can be read.

import Faults

enum ChipText {
  static let largest = 256 << 10
  private static let deepest = 32

  /// Throws `.file` for a text that is too long, nests too deeply, or uses anchors and aliases.
  static func check(_ text: String, name: String) throws(Fault) {
    if text.utf8.count > largest {
      throw Fault(.file, "\(name) is too large for a chip file", label: "it has more than \(largest >> 10) KiB")
    }
    var depth = 0
    var line = 1
    var column = 0
    var indicators = 0
    // What was seen last on the line but spaces; 0 at its start.
    var before: UInt8 = 0
    var lastByte: UInt8 = 0
    for byte in text.utf8 {
      column += 1
      switch byte {
      case UInt8(ascii: "\n"):
        (line, column, indicators, before) = (line + 1, 0, 0, 0)
      case UInt8(ascii: " "):
        if before == 0, column > 2 * deepest { throw tooDeep(line, column, name) }
        if isIndicator(lastByte) { indicators += 1 }
        if indicators > deepest { throw tooDeep(line, column, name) }
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        depth += 1
        if depth > deepest { throw tooDeep(line, column, name) }
        before = byte
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth = max(0, depth - 1)
        before = byte
      case UInt8(ascii: "&"), UInt8(ascii: "*"):
        if beginsValue(after: before, lastByte) {
          throw Fault(
            .file, "\(name) does not describe a chip",
            label: "line \(line), column \(column): anchors and aliases are not read here",
            help: "write the value out, or quote a text that begins with `\(Character(Unicode.Scalar(byte)))`")
        }
        before = byte
      default: before = byte
      }
      lastByte = byte
    }
  }

  private static func isIndicator(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "-") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: ":")
  }

  /// Whether a character there could begin a value: at the start of a line, inside brackets, or behind an indicator
  /// and a space.
  private static func beginsValue(after before: UInt8, _ lastByte: UInt8) -> Bool {
    if before == 0 || before == UInt8(ascii: "[") || before == UInt8(ascii: "{") || before == UInt8(ascii: ",") {
      return true
    }
    return isIndicator(before) && lastByte == UInt8(ascii: " ")
  }

  private static func tooDeep(_ line: Int, _ column: Int, _ name: String) -> Fault {
    Fault(
      .file, "\(name) does not describe a chip", label: "line \(line), column \(column): nested too deeply",
      help: "a chip file has sections, and figures in them")
  }
}
