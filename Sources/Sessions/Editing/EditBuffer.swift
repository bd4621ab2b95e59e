/// The text under edit and its cursor, apart from any terminal: every key's effect is a function here, and is tested
/// without one. Positions count Unicode scalars, as the terminal library does; movements respect whole characters.
struct EditBuffer {
  private(set) var text: [Unicode.Scalar] = []
  private(set) var cursor = 0
  /// What the last kill took; it outlives the line.
  private(set) var killed: [Unicode.Scalar] = []
  private var past: [Snapshot] = []
  private var future: [Snapshot] = []

  private struct Snapshot {
    var text: [Unicode.Scalar]
    var cursor: Int
  }

  static let mostSteps = 500

  init() {}

  init(_ string: String, cursor: Int? = nil) {
    begin(string)
    if let cursor { self.cursor = min(max(cursor, 0), text.count) }
  }

  var string: String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: text)
    return String(view)
  }

  var isEmpty: Bool { text.isEmpty }

  /// The text before the cursor.
  var head: String { String(String.UnicodeScalarView(text[..<cursor])) }

  /// Starts a new input; undo does not reach behind it.
  mutating func begin(_ string: String) {
    text = Array(string.unicodeScalars)
    cursor = text.count
    past = []
    future = []
  }

  // MARK: changes

  /// Takes over what the terminal library did to the text by itself.
  mutating func adopt(_ newText: [Unicode.Scalar], cursor newCursor: Int) {
    if newText != text { remember() }
    text = newText
    cursor = min(max(newCursor, 0), newText.count)
  }

  /// Replaces everything, as a recall from the history does; undo brings the old text back.
  mutating func replaceAll(_ string: String, cursor newCursor: Int? = nil) {
    remember()
    text = Array(string.unicodeScalars)
    cursor = min(max(newCursor ?? text.count, 0), text.count)
  }

  mutating func insert(_ string: String) {
    replace(cursor..<cursor, with: Array(string.unicodeScalars))
  }

  mutating func replace(_ range: Range<Int>, with scalars: [Unicode.Scalar]) {
    let range = range.clamped(to: 0..<text.count)
    remember()
    text.replaceSubrange(range, with: scalars)
    cursor = range.lowerBound + scalars.count
  }

  private mutating func delete(_ range: Range<Int>) -> Bool {
    if range.isEmpty { return false }
    replace(range, with: [])
    return true
  }

  private mutating func kill(_ range: Range<Int>) -> Bool {
    if range.isEmpty { return false }
    killed = Array(text[range])
    return delete(range)
  }

  // MARK: undo

  private mutating func remember() {
    past.append(Snapshot(text: text, cursor: cursor))
    if past.count > Self.mostSteps { past.removeFirst() }
    future = []
  }

  mutating func undo() -> Bool {
    guard let last = past.popLast() else { return false }
    future.append(Snapshot(text: text, cursor: cursor))
    text = last.text
    cursor = last.cursor
    return true
  }

  mutating func redo() -> Bool {
    guard let next = future.popLast() else { return false }
    past.append(Snapshot(text: text, cursor: cursor))
    text = next.text
    cursor = next.cursor
    return true
  }

  // MARK: places

  func lineStart(at position: Int) -> Int {
    var position = position
    while position > 0, text[position - 1] != "\n" { position -= 1 }
    return position
  }

  func lineEnd(at position: Int) -> Int {
    var position = position
    while position < text.count, text[position] != "\n" { position += 1 }
    return position
  }

  var isOnFirstLine: Bool { lineStart(at: cursor) == 0 }
  var isOnLastLine: Bool { lineEnd(at: cursor) == text.count }

  /// The start of the character before a position.
  private func before(_ position: Int) -> Int {
    if position == 0 { return 0 }
    let reach = text[max(0, position - 32)..<position]
    let last = String(String.UnicodeScalarView(reach)).last
    return position - (last?.unicodeScalars.count ?? 1)
  }

  private func after(_ position: Int) -> Int {
    if position >= text.count { return text.count }
    let reach = text[position..<min(text.count, position + 32)]
    let first = String(String.UnicodeScalarView(reach)).first
    return position + (first?.unicodeScalars.count ?? 1)
  }

  private func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
  }

  private var previousWord: Int {
    var position = cursor
    while position > 0, !isWord(text[position - 1]) { position -= 1 }
    while position > 0, isWord(text[position - 1]) { position -= 1 }
    return position
  }

  private var nextWord: Int {
    var position = cursor
    while position < text.count, !isWord(text[position]) { position += 1 }
    while position < text.count, isWord(text[position]) { position += 1 }
    return position
  }

  // MARK: movement; false where the cursor cannot go further

  private mutating func move(to position: Int) -> Bool {
    if position == cursor { return false }
    cursor = position
    return true
  }

  mutating func moveLeft() -> Bool { move(to: before(cursor)) }
  mutating func moveRight() -> Bool { move(to: after(cursor)) }
  mutating func moveWordLeft() -> Bool { move(to: previousWord) }
  mutating func moveWordRight() -> Bool { move(to: nextWord) }
  mutating func moveToStart() -> Bool { move(to: 0) }
  mutating func moveToEnd() -> Bool { move(to: text.count) }
  mutating func moveToLineEnd() -> Bool { move(to: lineEnd(at: cursor)) }

  /// To the first character of the line, then to its very start.
  mutating func moveToLineStart() -> Bool {
    let start = lineStart(at: cursor)
    var first = start
    while first < text.count, text[first] == " " { first += 1 }
    return move(to: cursor == first || cursor < first && cursor != start ? start : first)
  }

  mutating func moveUp() -> Bool {
    let start = lineStart(at: cursor)
    if start == 0 { return false }
    let above = lineStart(at: start - 1)
    return move(to: min(above + (cursor - start), start - 1))
  }

  mutating func moveDown() -> Bool {
    let end = lineEnd(at: cursor)
    if end == text.count { return false }
    return move(to: min(end + 1 + (cursor - lineStart(at: cursor)), lineEnd(at: end + 1)))
  }

  // MARK: deletion and kill

  mutating func deleteForward() -> Bool { delete(cursor..<after(cursor)) }
  mutating func killWordBackward() -> Bool { kill(previousWord..<cursor) }
  mutating func killWordForward() -> Bool { kill(cursor..<nextWord) }
  mutating func killToLineStart() -> Bool { kill(lineStart(at: cursor)..<cursor) }

  /// Deletes backwards; inside a line's indentation, a whole step of it.
  mutating func deleteBackward() -> Bool {
    let start = lineStart(at: cursor)
    let blanks = text[start..<cursor]
    if blanks.count > 1, blanks.allSatisfy({ $0 == " " }) {
      let step = blanks.count % Indentation.width == 0 ? Indentation.width : blanks.count % Indentation.width
      return delete(cursor - step..<cursor)
    }
    return delete(before(cursor)..<cursor)
  }

  /// Kills to the end of the line; at its end, the newline.
  mutating func killToLineEnd() -> Bool {
    let end = lineEnd(at: cursor)
    return kill(cursor..<(end == cursor ? min(end + 1, text.count) : end))
  }

  mutating func yank() -> Bool {
    if killed.isEmpty { return false }
    replace(cursor..<cursor, with: killed)
    return true
  }

  // MARK: other keys

  mutating func transpose() -> Bool {
    let right = cursor == lineEnd(at: cursor) ? before(cursor) : cursor
    if right <= lineStart(at: cursor) { return false }
    let left = before(right)
    let end = after(right)
    replace(left..<end, with: Array(text[right..<end]) + Array(text[left..<right]))
    return true
  }

  /// Changes the word from the cursor on.
  mutating func changeWord(_ change: (String) -> String) -> Bool {
    let end = nextWord
    if end == cursor { return false }
    let word = String(String.UnicodeScalarView(text[cursor..<end]))
    replace(cursor..<end, with: Array(change(word).unicodeScalars))
    return true
  }

  mutating func insertNewline(indent: Int) {
    insert("\n" + String(repeating: " ", count: max(0, indent)))
  }

  /// Types a closing brace; alone on its line, it steps back one level first.
  mutating func insertClosing(_ brace: Unicode.Scalar) {
    let start = lineStart(at: cursor)
    let blanks = cursor - start
    if blanks >= Indentation.width, text[start..<cursor].allSatisfy({ $0 == " " }) {
      replace(cursor - Indentation.width..<cursor, with: [brace])
    } else {
      replace(cursor..<cursor, with: [brace])
    }
  }

  /// Removes one level of indentation from the cursor's line.
  mutating func unindent() -> Bool {
    let start = lineStart(at: cursor)
    var blanks = 0
    while blanks < Indentation.width, start + blanks < text.count, text[start + blanks] == " " { blanks += 1 }
    if blanks == 0 { return false }
    let kept = max(start, cursor - blanks)
    replace(start..<start + blanks, with: [])
    cursor = kept
    return true
  }

  /// Whether the cursor stands behind nothing but blanks on its line.
  var isInIndentation: Bool { text[lineStart(at: cursor)..<cursor].allSatisfy { $0 == " " } }

  /// Whether the text ends in two empty lines with the cursor behind them: the user insists.
  var endsInEmptyLines: Bool {
    guard cursor == text.count else { return false }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.count > 2 && lines.suffix(2).allSatisfy { $0.allSatisfy { $0 == " " } }
  }
}

extension String.UnicodeScalarView {
  init(_ scalars: ArraySlice<Unicode.Scalar>) {
    self.init()
    append(contentsOf: scalars)
  }
}

/// How blocks are indented.
enum Indentation {
  static let width = 2
}
