// Figures in a terminal are composed on a grid of cells first, so that every line comes out equally wide.

import Texts

/// The look of a cell, in the 256 colours of terminals; nil is the terminal's own colour.
struct TextStyle: Equatable {
  var foreground: UInt8?
  var background: UInt8?
  var isBold = false

  static let plain = TextStyle()
  static let axis = TextStyle(foreground: Palette.terminalAxis)
  static let title = TextStyle(isBold: true)

  /// The escape sequence that switches to this style from any other.
  var escape: String {
    var codes = ["0"]
    if isBold { codes.append("1") }
    if let foreground { codes.append("38;5;\(foreground)") }
    if let background { codes.append("48;5;\(background)") }
    return "\u{1b}[\(codes.joined(separator: ";"))m"
  }
}

/// A rectangle of characters with styles.
struct TextGrid {
  let width: Int
  let height: Int
  /// Nil is the right half of a wide character.
  private var characters: [Character?]
  private var styles: [TextStyle]

  init(width: Int, height: Int) {
    self.width = max(width, 1)
    self.height = max(height, 1)
    characters = [Character?](repeating: " ", count: self.width * self.height)
    styles = [TextStyle](repeating: .plain, count: self.width * self.height)
  }

  /// Writes text from a place on; what lies outside the grid is left out.
  mutating func put(_ text: String, row: Int, column: Int, style: TextStyle = .plain) {
    var column = column
    for character in text.withoutControls {
      let columns = character.displayWidth
      if columns == 0 { continue }
      if column >= 0, column + columns <= width { set(character, columns, row: row, column: column, style: style) }
      column += columns
    }
  }

  private mutating func set(_ character: Character, _ columns: Int, row: Int, column: Int, style: TextStyle) {
    guard row >= 0, row < height else { return }
    let start = row * width + column
    if characters[start] == nil { characters[start - 1] = " " }
    if column + columns < width, characters[start + columns] == nil { characters[start + columns] = " " }
    for offset in 0..<columns {
      characters[start + offset] = offset == 0 ? character : nil
      styles[start + offset] = style
    }
  }

  /// Writes text whose middle is at a column, moved so that it stays between two columns.
  mutating func putCentered(
    _ text: String, row: Int, middle: Int, from low: Int, to high: Int, style: TextStyle = .plain
  ) {
    let clipped = text.clipped(toWidth: high - low)
    let size = clipped.displayWidth
    put(clipped, row: row, column: max(low, min(middle - size / 2, high - size)), style: style)
  }

  /// The lines joined by newlines, with escape sequences only where `color` is set.
  func text(color: Bool) -> String {
    var out = ""
    for row in 0..<height {
      if row > 0 { out += "\n" }
      var current = TextStyle.plain
      for index in (row * width)..<((row + 1) * width) {
        guard let character = characters[index] else { continue }
        if color, styles[index] != current {
          current = styles[index]
          out += current == .plain ? "\u{1b}[0m" : current.escape
        }
        out.append(character)
      }
      if current != .plain { out += "\u{1b}[0m" }
    }
    return out
  }
}
