import CEditline
import Language

/// Colours in the line under edit. libedit's screen holds characters only, so the same characters are written once
/// more in their colours, and the cursor is brought back; what libedit believes about the screen stays true.
extension EditlineReader {
  /// Paints what is drawn; nothing where the text does not fit the screen.
  func paint() {
    guard console.usesColour, label == nil, !isShowingBelow, let assistant else { return }
    let shown = shown
    let text = EditLayout.decode(shown.text, cursor: 0).text
    let suggestion = shown.cursor == shown.text.count ? suggestion(for: text) : nil
    let rest = suggestion.map { restOfLine(of: $0, behind: text) } ?? ""
    if shown.text == painted, rest == paintedRest { return }
    let layout = layout
    var places: [(row: Int, column: Int)] = []
    layout.forEachPlace(in: shown.text) { places.append($0) }
    guard let end = places.last, end.row < layout.rows else { return }
    let styles = shownStyles(assistant.styles(of: text), in: shown.text)
    var pen = Pen(at: layout.place(of: shown.cursor, in: shown.text))
    if !paintedRest.isEmpty, restPlace.row <= end.row { pen.clearLine(from: restPlace) }
    for (index, scalar) in shown.text.enumerated() where scalar != "\n" && scalar != "\t" {
      pen.draw(scalar, at: places[index], style: styles[index])
    }
    if !rest.isEmpty {
      pen.clearLine(from: end)
      for scalar in clipped(rest, to: layout.columns - end.column - 1).unicodeScalars {
        pen.append(scalar, style: .faint)
      }
    }
    pen.move(to: layout.place(of: shown.cursor, in: shown.text))
    write(pen.output)
    painted = shown.text
    paintedRest = rest
    restPlace = end
  }

  /// The newest input of the past that goes on from a text; none where colours are off, as it could not be told from
  /// what is typed.
  func suggestion(for text: [Unicode.Scalar]) -> String? {
    guard console.usesColour, result == nil, text.count >= 2, isShownWhole else { return nil }
    let typed = String(String.UnicodeScalarView(text[...]))
    return history.entries.last { $0.utf8.count > typed.utf8.count && $0.hasPrefix(typed) }
  }

  /// What a suggestion adds on the line of the cursor.
  private func restOfLine(of suggestion: String, behind text: [Unicode.Scalar]) -> String {
    let rest = String.UnicodeScalarView(
      Array(suggestion.unicodeScalars)[min(text.count, suggestion.unicodeScalars.count)...])
    let line = rest.prefix { $0 != "\n" }
    return String(Substring(line)) + (line.endIndex < rest.endIndex ? " …" : "")
  }

  /// A style for each scalar that libedit shows; the continuation prompts look like the prompt.
  private func shownStyles(_ styles: [Console.Style?], in shown: [Unicode.Scalar]) -> [Console.Style?] {
    var result: [Console.Style?] = []
    var own = styles.makeIterator()
    var index = 0
    while index < shown.count {
      result.append(own.next() ?? nil)
      index += 1
      guard shown[index - 1] == "\n" else { continue }
      for scalar in EditLayout.margin where index < shown.count && shown[index] == scalar {
        result.append(.faint)
        index += 1
      }
    }
    return result
  }
}

/// Writes characters at places with as few escapes as it takes.
private struct Pen {
  private(set) var output = "\u{1B}[?25l"
  private var row: Int
  private var column: Int
  private var style: Console.Style?

  init(at place: (row: Int, column: Int)) {
    row = place.row
    column = place.column
  }

  mutating func draw(_ scalar: Unicode.Scalar, at place: (row: Int, column: Int), style wanted: Console.Style?) {
    jump(to: place)
    if wanted != style {
      output += wanted.map { "\u{1B}[0;\($0.rawValue)m" } ?? "\u{1B}[0m"
      style = wanted
    }
    output.unicodeScalars.append(scalar)
    column += EditLayout.cells(scalar, at: column)
  }

  /// Draws where the pen is.
  mutating func append(_ scalar: Unicode.Scalar, style: Console.Style) {
    draw(scalar, at: (row, column), style: style)
  }

  mutating func clearLine(from place: (row: Int, column: Int)) {
    jump(to: place)
    output += "\u{1B}[0m\u{1B}[K"
    style = nil
  }

  /// Ends the drawing at the editor's cursor.
  mutating func move(to place: (row: Int, column: Int)) {
    if style != nil { output += "\u{1B}[0m" }
    column = -1
    jump(to: place)
    output += "\u{1B}[?25h"
  }

  private mutating func jump(to place: (row: Int, column: Int)) {
    if place == (row, column) { return }
    if place.row < row { output += "\u{1B}[\(row - place.row)A" }
    if place.row > row { output += "\u{1B}[\(place.row - row)B" }
    output += "\u{1B}[\(place.column + 1)G"
    (row, column) = place
  }
}
