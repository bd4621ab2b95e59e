import CEditline

/// Which part of a block is on the screen, and where its characters stand there.
///
/// libedit draws no continuation prompts and cannot scroll: a block is given to it with the continuation prompt as
/// ordinary characters behind each newline (the editor's commands never let the cursor in), and a block taller than
/// the screen as a window of whole lines around the cursor.
struct EditLayout: Equatable {
  var columns: Int
  var rows: Int
  /// The cells of the prompt in front of the first line.
  var promptWidth: Int

  static let margin = Array(Prompt.continuation.unicodeScalars)

  init(columns: Int, rows: Int, promptWidth: Int = Prompt.first.count) {
    self.columns = max(columns, 2)
    self.rows = max(rows, 2)
    self.promptWidth = promptWidth
  }

  static func cells(_ scalar: Unicode.Scalar, at column: Int) -> Int {
    if scalar == "\t" { return 8 - column % 8 }
    let width = Int(ce_width(scalar.value))
    return width >= 0 ? width : 2
  }

  /// The row and column of a position in text as libedit holds it; newlines start a row.
  func place(of position: Int, in shown: [Unicode.Scalar]) -> (row: Int, column: Int) {
    var index = 0
    var found = (row: 0, column: 0)
    forEachPlace(in: shown) { place in
      if index <= position { found = place }
      index += 1
    }
    return found
  }

  /// The place of each scalar in turn, and at last the one behind them.
  func forEachPlace(in shown: [Unicode.Scalar], _ visit: ((row: Int, column: Int)) -> Void) {
    var row = promptWidth / columns
    var column = promptWidth % columns
    for scalar in shown {
      let width = scalar == "\n" ? 0 : Self.cells(scalar, at: column)
      if width > 1, scalar != "\t", column + width > columns { (row, column) = (row + 1, 0) }
      visit((row, column))
      if scalar == "\n" {
        (row, column) = (row + 1, 0)
        continue
      }
      column += width
      if column >= columns { (row, column) = (row + 1, column - columns) }
    }
    visit((row, column))
  }

  /// The rows that one line takes, its prompt included.
  func height(of line: ArraySlice<Unicode.Scalar>) -> Int {
    var column = promptWidth
    for scalar in line { column += Self.cells(scalar, at: column) }
    return column / columns + 1
  }

  /// The part of a text to show: whole lines, the cursor's among them, from `first` on if that can be.
  func window(of text: [Unicode.Scalar], cursor: Int, near first: Int) -> Range<Int> {
    var starts = [0]
    for (index, scalar) in text.enumerated() where scalar == "\n" { starts.append(index + 1) }
    func line(_ number: Int) -> ArraySlice<Unicode.Scalar> {
      text[starts[number]..<(number + 1 < starts.count ? starts[number + 1] - 1 : text.count)]
    }
    let room = max(1, rows - 1)
    let current = (starts.lastIndex { $0 <= cursor }) ?? 0
    var begin = min((starts.lastIndex { $0 <= max(0, first) }) ?? 0, current)
    var taken = (begin...current).reduce(0) { $0 + height(of: line($1)) }
    while taken > room, begin < current {
      taken -= height(of: line(begin))
      begin += 1
    }
    var end = current + 1
    while end < starts.count {
      let next = height(of: line(end))
      if taken + next > room { break }
      taken += next
      end += 1
    }
    while begin > 0 {
      let next = height(of: line(begin - 1))
      if taken + next > room { break }
      taken += next
      begin -= 1
    }
    return starts[begin]..<(end < starts.count ? starts[end] - 1 : text.count)
  }

  /// The window's text with continuation prompts, and the cursor in it.
  static func encode(_ text: ArraySlice<Unicode.Scalar>, cursor: Int) -> (shown: [Unicode.Scalar], cursor: Int) {
    var shown: [Unicode.Scalar] = []
    var place = 0
    for index in text.indices {
      if index == cursor { place = shown.count }
      shown.append(text[index])
      if text[index] == "\n" { shown += margin }
    }
    if cursor >= text.endIndex { place = shown.count }
    return (shown, place)
  }

  /// The inverse of `encode`. A cursor inside a continuation prompt comes out behind it.
  static func decode(_ shown: [Unicode.Scalar], cursor: Int) -> (text: [Unicode.Scalar], cursor: Int) {
    var text: [Unicode.Scalar] = []
    var place: Int?
    var index = 0
    while index < shown.count {
      if place == nil, index >= cursor { place = text.count }
      text.append(shown[index])
      index += 1
      if shown[index - 1] == "\n" {
        for scalar in margin where index < shown.count && shown[index] == scalar { index += 1 }
      }
    }
    return (text, place ?? text.count)
  }
}
