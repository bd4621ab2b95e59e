import CEditline
import Glibc

/// What the keys do that need more than the buffer: the assistant, the history, the terminal.
extension EditlineReader {
  func enter() -> EditCommand.Effect {
    let text = buffer.string
    guard case .incomplete(let indent)? = assistant?.completeness(of: text), !buffer.endsInEmptyLines else {
      return finish(.text(text))
    }
    buffer.insertNewline(indent: keys.blankIsWaiting() ? 0 : indent)
    return .redraw
  }

  func interrupt() -> EditCommand.Effect { finish(.interrupted) }

  func deleteOrLeave() -> EditCommand.Effect {
    if buffer.isEmpty { return finish(.end) }
    return buffer.deleteForward() ? .redraw : .refuse
  }

  func paste() -> EditCommand.Effect {
    buffer.insert(cleanedPaste(keys.paste()))
    return .redraw
  }

  func clearScreen() -> EditCommand.Effect {
    write("\u{1B}[H\u{1B}[2J")
    forgetPainting()
    push()
    ce_refresh(editor)
    return .none
  }

  /// Stops the program as the shell's Ctrl-Z does; where there is no shell to continue it, nothing happens.
  func suspend() -> EditCommand.Effect {
    below { [self] in
      TerminalGuard.endEditing()
      ce_prepare_terminal(editor, 0)
      kill(0, SIGTSTP)
      ce_prepare_terminal(editor, 1)
      TerminalGuard.beginEditing()
      Signals.hasContinued.store(false, ordering: .relaxed)
      ce_resize(editor)
    }
  }

  /// Moves on, or takes what is suggested where the text ends.
  func right() -> EditCommand.Effect { buffer.moveRight() ? .redraw : takeSuggestion() }
  func lineEnd() -> EditCommand.Effect { buffer.moveToLineEnd() ? .redraw : takeSuggestion() }

  private func takeSuggestion() -> EditCommand.Effect {
    guard let suggestion = suggestion(for: buffer.text) else { return .refuse }
    buffer.replaceAll(suggestion)
    return .redraw
  }

  // MARK: history

  func up() -> EditCommand.Effect {
    buffer.moveUp() ? .redraw : older()
  }

  func down() -> EditCommand.Effect {
    buffer.moveDown() ? .redraw : newer()
  }

  func older() -> EditCommand.Effect {
    guard let entry = navigator.older(than: buffer.string) else { return .refuse }
    buffer.replaceAll(entry)
    return .redraw
  }

  func newer() -> EditCommand.Effect {
    guard let entry = navigator.newer(than: buffer.string) else { return .refuse }
    buffer.replaceAll(entry)
    return .redraw
  }

  /// Ctrl-R: keys narrow the search, Ctrl-R and Ctrl-S step through the matches, Ctrl-G and Ctrl-C give up, Enter
  /// runs the match, and any other key takes the match and then does what it always does.
  func search() -> EditCommand.Effect {
    history.refresh()
    let original = buffer
    var search = HistorySearch(history.entries)
    func show() {
      label = "(\(search.hasFailed ? "no match" : "search")) \(search.pattern): "
      redraw {
        if let match = search.match { buffer.replaceAll(match, cursor: search.matchOffset) }
      }
    }
    show()
    while let key = nextKey() {
      switch key {
      case "\u{12}":
        if search.pattern.isEmpty { search.restart(lastPattern) } else { search.older() }
      case "\u{13}": search.newer()
      case "\u{8}", "\u{7F}": search.shorten()
      case "\u{7}", "\u{3}":
        label = nil
        redraw { buffer = original }
        return .none
      case "\u{0}"..."\u{1F}":
        lastPattern = search.pattern
        unread(key)
        label = nil
        redraw()
        return .none
      default: search.extend(key)
      }
      if !search.pattern.isEmpty { lastPattern = search.pattern }
      if search.hasFailed { ce_beep(editor) }
      show()
    }
    label = nil
    return .none
  }

  // MARK: completion

  func completeOrIndent() -> EditCommand.Effect {
    if buffer.isInIndentation, !buffer.isEmpty || buffer.cursor == 0 {
      buffer.insert(String(repeating: " ", count: Indentation.width))
      return .redraw
    }
    let text = buffer.string
    guard let found = assistant?.completions(in: text, at: buffer.head.utf8.count), !found.candidates.isEmpty else {
      return .refuse
    }
    let typed = scalarRange(of: found.range, in: text)
    let common = commonPrefix(of: found.candidates.map(\.text))
    let present = String(String.UnicodeScalarView(buffer.text[typed]))
    if found.candidates.count == 1 || (common.count > present.count && common.hasPrefix(present)) {
      let isNews = common != present
      buffer.replace(typed, with: Array(common.unicodeScalars))
      guard found.candidates.count == 1, !found.candidates[0].summary.isEmpty else { return isNews ? .redraw : .refuse }
      if isNews { return .redraw }
    }
    return below { [self] in list(found.candidates) }
  }

  private func scalarRange(of range: Range<Int>, in text: String) -> Range<Int> {
    func position(_ offset: Int) -> Int {
      let index = text.utf8.index(text.startIndex, offsetBy: min(max(offset, 0), text.utf8.count))
      return text.unicodeScalars.distance(from: text.startIndex, to: index)
    }
    return position(range.lowerBound)..<position(range.upperBound)
  }

  private func list(_ candidates: [Candidate]) {
    let size = terminalSize()
    let lines = CandidateList(console: console).lines(candidates, columns: size.columns)
    if lines.count >= size.rows - 1 {
      write("show all \(candidates.count) candidates? (y or n) ")
      let answer = nextKey()
      write("\r\n")
      guard let answer, ["y", "Y", " ", "\t"].contains(answer) else { return }
    }
    var room = size.rows - 1
    for line in lines {
      if room == 0 {
        write(console.styled("more: space, line: Enter, stop: q", .faint))
        let answer = nextKey()
        write("\r\u{1B}[K")
        switch answer {
        case " "?, "\t"?: room = size.rows - 1
        case "\r"?, "\n"?: room = 1
        default: return
        }
      }
      write(line + "\r\n")
      room -= 1
    }
  }

  func helpAtCursor() -> EditCommand.Effect {
    let name = nameAround(buffer.cursor, in: buffer.text)
    guard !name.isEmpty, let text = assistant?.help(for: name) else { return .refuse }
    let lines = wrapped(text, to: layout.columns).split(separator: "\n", omittingEmptySubsequences: false)
    return below { [self] in write(lines.joined(separator: "\r\n") + "\r\n") }
  }
}

/// The dotted name that a position stands in or behind.
func nameAround(_ position: Int, in text: [Unicode.Scalar]) -> String {
  func isPart(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar == "." || scalar == "%" || scalar.properties.isAlphabetic
      || scalar.properties.numericType != nil
  }
  var start = position
  var end = position
  while start > 0, isPart(text[start - 1]) { start -= 1 }
  while end < text.count, isPart(text[end]) { end += 1 }
  if start == end, position > 0, text[position - 1] == "(" { return nameAround(position - 1, in: text) }
  return String(String.UnicodeScalarView(text[start..<end]))
}

/// The longest text that all begin with.
func commonPrefix(of texts: [String]) -> String {
  guard var common = texts.first else { return "" }
  for text in texts.dropFirst() {
    while !text.hasPrefix(common) { common.removeLast() }
  }
  return common
}
