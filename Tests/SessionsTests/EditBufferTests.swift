import Testing

@testable import Sessions

@Suite struct EditBufferTests {
  /// Edits a text in which `|` marks the cursor; a refused change adds a `!`.
  private func edited(_ start: String, _ changes: (inout EditBuffer) -> Bool...) -> String {
    let parts = start.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    var buffer = EditBuffer(parts.joined(), cursor: parts[0].unicodeScalars.count)
    var refusals = ""
    for change in changes where !change(&buffer) { refusals += "!" }
    return buffer.head + "|" + buffer.string.unicodeScalars.dropFirst(buffer.cursor).map(String.init).joined()
      + refusals
  }

  @Test func movesByWholeCharacters() {
    #expect(edited("ae\u{301}👩‍🔬|", { $0.moveLeft() }) == "ae\u{301}|👩‍🔬")
    #expect(edited("ae\u{301}|👩‍🔬", { $0.moveLeft() }) == "a|e\u{301}👩‍🔬")
    #expect(edited("a|e\u{301}", { $0.moveRight() }, { $0.deleteBackward() }) == "a|")
    #expect(edited("|a", { $0.moveLeft() }) == "|a!")
    #expect(edited("a|", { $0.moveRight() }) == "a|!")
  }

  @Test func movesByWordsAndLines() {
    #expect(edited("let first = 1\nsecond(two)|", { $0.moveWordLeft() }) == "let first = 1\nsecond(|two)")
    #expect(edited("let first = 1\nsecond(|two)", { $0.moveUp() }) == "let fir|st = 1\nsecond(two)")
    #expect(edited("let fir|st = 1\nsecond(two)", { $0.moveWordRight() }) == "let first| = 1\nsecond(two)")
    #expect(edited("a|bc\n", { $0.moveDown() }, { $0.moveDown() }) == "abc\n|!")
  }

  @Test func homeGoesToTheTextThenToTheStart() {
    #expect(edited("{\n    x|", { $0.moveToLineStart() }) == "{\n    |x")
    #expect(edited("{\n    |x", { $0.moveToLineStart() }) == "{\n|    x")
    #expect(edited("{\n|    x", { $0.moveToLineStart() }) == "{\n    |x")
    #expect(edited("  x|y", { $0.moveToLineEnd() }, { $0.moveToStart() }, { $0.moveToEnd() }) == "  xy|")
  }

  @Test func killsAndYanks() {
    #expect(edited("one |two\nthree", { $0.killToLineEnd() }) == "one |\nthree")
    #expect(edited("one |\nthree", { $0.killToLineEnd() }) == "one |three")
    #expect(edited("one |two", { $0.killToLineEnd() }, { $0.yank() }, { $0.yank() }) == "one twotwo|")
    #expect(edited("a\n|b", { $0.killToLineStart() }) == "a\n|b!")
    #expect(edited("one two|", { $0.killWordBackward() }) == "one |")
    #expect(edited("one| two", { $0.killWordForward() }) == "one|")
  }

  @Test func backspaceTakesAStepOfIndentation() {
    #expect(edited("{\n     |", { $0.deleteBackward() }) == "{\n    |")
    #expect(edited("{\n    |", { $0.deleteBackward() }) == "{\n  |")
    #expect(edited("{\n|", { $0.deleteBackward() }) == "{|")
    #expect(edited("a  |", { $0.deleteBackward() }) == "a |")
  }

  @Test func closingBraceStepsOut() {
    #expect(
      edited(
        "{\n  {\n    |",
        { buffer in
          buffer.insertClosing("}")
          return true
        }) == "{\n  {\n  }|")
    #expect(
      edited(
        "{ a|",
        { buffer in
          buffer.insertClosing("}")
          return true
        }) == "{ a}|")
    #expect(edited("  x|", { $0.unindent() }, { $0.unindent() }) == "x|!")
  }

  @Test func undoesAndRedoes() {
    var buffer = EditBuffer("")
    buffer.adopt(Array("abc".unicodeScalars), cursor: 3)
    buffer.insert("def")
    let steps = [buffer.undo(), buffer.undo(), buffer.undo()]
    #expect(steps == [true, true, false] && buffer.isEmpty)
    let again = [buffer.redo(), buffer.redo(), buffer.redo()]
    #expect(again == [true, true, false] && buffer.string == "abcdef")
  }

  @Test func transposesAndChangesWords() {
    #expect(edited("ab|", { $0.transpose() }) == "ba|")
    #expect(edited("a|bc", { $0.transpose() }) == "ba|c")
    #expect(edited("|ab cd", { $0.changeWord { $0.uppercased() } }) == "AB| cd")
    #expect(edited("|", { $0.transpose() }, { $0.deleteForward() }, { $0.yank() }, { $0.moveUp() }) == "|!!!!")
  }

  @Test func twoEmptyLinesInsist() {
    #expect(EditBuffer("(1 +\n\n  ").endsInEmptyLines)
    #expect(!EditBuffer("(1 +\n").endsInEmptyLines)
    #expect(!EditBuffer("\n").endsInEmptyLines)
  }
}

@Suite struct EditLayoutTests {
  private func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }

  @Test(arguments: ["", "x", "{\n  x\n}", "a\n\nb", "\n", "...> x\n...> y"])
  func decodingUndoesEncoding(_ text: String) {
    let text = scalars(text)
    for cursor in 0...text.count {
      let shown = EditLayout.encode(text[...], cursor: cursor)
      let back = EditLayout.decode(shown.shown, cursor: shown.cursor)
      #expect(back.text == text && back.cursor == cursor)
    }
  }

  @Test func aCursorInThePromptComesOutBehindIt() {
    let shown = EditLayout.encode(scalars("a\nb")[...], cursor: 0).shown
    #expect(EditLayout.decode(shown, cursor: 4).cursor == 2)
  }

  @Test func placesWrapAndWideCharactersMoveDownWhole() {
    useUnicodeLocale()
    let layout = EditLayout(columns: 10, rows: 24)
    #expect(layout.place(of: 4, in: scalars("abcdefg")) == (0, 9))
    #expect(layout.place(of: 5, in: scalars("abcdefg")) == (1, 0))
    #expect(layout.place(of: 2, in: scalars("神神経")) == (1, 0))
    #expect(layout.place(of: 3, in: scalars("a\nbc")) == (1, 1))
  }

  @Test func theWindowHoldsTheCursorAndFits() {
    let text = scalars((0..<50).map { "line \($0)" }.joined(separator: "\n"))
    let layout = EditLayout(columns: 80, rows: 10)
    for cursor in stride(from: 0, through: text.count, by: 7) {
      let window = layout.window(of: text, cursor: cursor, near: 0)
      #expect(window.contains(cursor) || window.upperBound == cursor)
      #expect(text[window].filter { $0 == "\n" }.count < 9)
    }
    #expect(layout.window(of: scalars("a\nb"), cursor: 0, near: 0) == 0..<3)
  }

  @Test func theWindowStaysWhereItIs() {
    let text = scalars((0..<50).map { _ in "x" }.joined(separator: "\n"))
    let layout = EditLayout(columns: 80, rows: 10)
    let first = layout.window(of: text, cursor: 60, near: 0)
    let second = layout.window(of: text, cursor: 58, near: first.lowerBound)
    #expect(second == first)
  }
}
