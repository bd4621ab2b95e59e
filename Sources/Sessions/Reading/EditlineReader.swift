import CEditline
import Glibc

/// Reads inputs at a terminal with libedit.
///
/// libedit decodes keys, draws, and inserts ordinary characters; every other key is a command of ours that works on
/// an `EditBuffer`: `pull` brings over what libedit has inserted, the command changes the buffer, `push` shows it.
/// libedit's own history, completion and signal handling stay unused: they know neither blocks nor two sessions.
///
/// There is one terminal, so there is one reader: libedit's callbacks reach it through `active`.
public final class EditlineReader: LineReader {
  nonisolated(unsafe) private static var active: EditlineReader?

  let editor: OpaquePointer
  let history: HistoryFile
  let console: Console
  var buffer = EditBuffer()
  var keys = KeyInput()
  var navigator = HistoryNavigator([])
  var assistant: LineAssistant?
  /// The last search of the history, for a Ctrl-R Ctrl-R.
  var lastPattern = ""
  /// What the read has come to; nil while it goes on.
  var result: ReadResult?
  /// Done once the text has been drawn and before the next key is read.
  private var afterDrawing: [() -> Void] = []
  /// The part of the buffer that libedit holds.
  private var window = 0..<0
  /// What stands in place of the prompt, as during a search.
  var label: String?
  private let promptMemory = UnsafeMutablePointer<UInt32>.allocate(capacity: EditlineReader.longestPrompt)
  private static let longestPrompt = 512
  private var prefilled: String?
  /// What has been painted in colours; empty after a drawing that has none.
  var painted: [Unicode.Scalar] = []
  /// What of a suggestion stands faintly behind the cursor.
  var paintedRest = ""
  var restPlace = (row: 0, column: 0)
  /// Whether something else than the input is being shown, with keys of its own.
  private(set) var isShowingBelow = false

  /// Opens the editor on standard input and output; nil where the terminal cannot move its cursor.
  public init?(history: HistoryFile, console: Console) {
    guard Self.active == nil, isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, !isDumbTerminal else { return nil }
    useUnicodeLocale()
    TerminalGuard.remember()
    guard let editor = ce_open("snn") else { return nil }
    if ce_can_move_up(editor) == 0 {
      ce_close(editor)
      return nil
    }
    self.editor = editor
    self.history = history
    self.console = console
    Self.active = self
    for (index, command) in EditCommand.all.enumerated() {
      ce_add_command(editor, Int32(index), command.name, command.help)
    }
    ce_set_dispatch { _, index in EditlineReader.active?.perform(Int(index)) ?? UInt8(CE_NORMAL) }
    ce_set_reader(editor) { _, character in
      guard let reader = EditlineReader.active, let character else { return 0 }
      return reader.readCharacter(into: character)
    }
    ce_set_prompt(editor) { _ in
      EditlineReader.active.map { UnsafePointer($0.promptMemory) }
    }
    showPrompt()
  }

  deinit {
    ce_close(editor)
    promptMemory.deallocate()
  }

  // MARK: one input

  public func prefill(_ text: String) { prefilled = text }

  public func read(assistant: LineAssistant) -> ReadResult {
    self.assistant = assistant
    defer { self.assistant = nil }
    history.refresh()
    navigator = HistoryNavigator(history.entries)
    buffer.begin(prefilled ?? "")
    result = nil
    window = 0..<0
    forgetPainting()
    showPrompt()
    if prefilled != nil { afterDrawing.append { [self] in redraw() } }
    prefilled = nil
    ce_prepare_terminal(editor, 1)
    bindKeys()
    TerminalGuard.beginEditing()
    _ = ce_gets(editor)
    TerminalGuard.endEditing()
    afterDrawing = []
    return result ?? .end
  }

  /// Asks in the terminal's own line mode: the answer is one line, and Ctrl-C is a no.
  public func ask(_ question: String) -> Bool? {
    console.write(question + " [y/N] ")
    var answer = ""
    while true {
      guard case .character(let scalar) = keys.next() else {
        console.line()
        return false
      }
      if scalar == "\n" || scalar == "\r" { return isYes(answer) }
      answer.unicodeScalars.append(scalar)
    }
  }

  /// libedit binds the terminal's erase and kill characters anew when they have changed, so ours come last.
  private func bindKeys() {
    for command in EditCommand.all {
      for key in command.keys { ce_bind(editor, key, command.name) }
    }
    ce_bind(editor, EditCommand.acceptKeys.replacingEscape, "ed-newline")
  }

  /// Ends the read: the cursor goes below the text, and libedit leaves its loop.
  func finish(_ result: ReadResult) -> EditCommand.Effect {
    self.result = result
    _ = buffer.moveToEnd()
    keys.putBack(EditCommand.acceptKeys)
    return .redraw
  }

  private func perform(_ index: Int) -> UInt8 {
    guard EditCommand.all.indices.contains(index) else { return UInt8(CE_NORMAL) }
    pull()
    switch EditCommand.all[index].body(self) {
    case .redraw:
      push()
      return UInt8(CE_REFRESH)
    case .none:
      return UInt8(CE_NORMAL)
    case .refuse:
      return UInt8(CE_BEEP)
    }
  }

  // MARK: between the buffer and libedit

  var isShownWhole: Bool { window.lowerBound == 0 && window.upperBound == buffer.text.count }

  /// The layout of what is drawn.
  var layout: EditLayout { layout(under: promptText) }

  private func layout(under prompt: String) -> EditLayout {
    let size = terminalSize()
    let width = prompt.unicodeScalars.reduce(0) { $0 + EditLayout.cells($1, at: 0) }
    return EditLayout(columns: size.columns, rows: size.rows, promptWidth: width)
  }

  var shown: (text: [Unicode.Scalar], cursor: Int) {
    var length: Int32 = 0
    var cursor: Int32 = 0
    guard let line = ce_line(editor, &length, &cursor) else { return ([], 0) }
    let text = UnsafeBufferPointer(start: line, count: Int(length)).map { Unicode.Scalar($0) ?? "\u{FFFD}" }
    return (text, Int(cursor))
  }

  /// Takes over what has been typed since the last command.
  func pull() {
    let shown = shown
    let part = EditLayout.decode(shown.text, cursor: shown.cursor)
    let text = Array(buffer.text[..<window.lowerBound]) + part.text + Array(buffer.text[window.upperBound...])
    let grown = part.text.count - window.count
    buffer.adopt(text, cursor: window.lowerBound + part.cursor)
    window = window.lowerBound..<window.upperBound + grown
  }

  /// Gives libedit the part of the buffer that fits the screen.
  func push() {
    window = layout(under: label ?? Prompt.first).window(
      of: buffer.text, cursor: buffer.cursor, near: window.lowerBound)
    showPrompt()
    let part = EditLayout.encode(buffer.text[window], cursor: buffer.cursor)
    ce_set_line(editor, part.shown.map(\.value) + [0], Int32(part.shown.count), Int32(part.cursor))
  }

  /// Does something once the text is drawn, with the terminal's cursor behind it, then draws prompt and text below.
  func below(_ show: @escaping () -> Void) -> EditCommand.Effect {
    let cursor = buffer.cursor
    let text = buffer.string
    _ = buffer.moveToEnd()
    afterDrawing.append { [self] in
      write("\u{1B}[K\r\n")
      isShowingBelow = true
      show()
      isShowingBelow = false
      buffer.adopt(Array(text.unicodeScalars), cursor: cursor)
      push()
      forgetPainting()
      ce_refresh(editor)
    }
    return .redraw
  }

  func write(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { ce_write(editor, $0.baseAddress, Int32($0.count)) }
    }
  }

  /// Wipes what is drawn, as far as a terminal of the given size has it, with the cursor left at its first cell.
  private func wipe() {
    let shown = shown
    let row = layout.place(of: shown.cursor, in: shown.text).row
    write("\r" + (row > 0 ? "\u{1B}[\(row)A" : "") + "\u{1B}[J")
    forgetPainting()
  }

  /// Draws everything anew, outside a command; what is to change changes once the old drawing is gone.
  func redraw(_ change: () -> Void = {}) {
    wipe()
    change()
    push()
    ce_refresh(editor)
  }

  // MARK: prompts

  private var promptText = Prompt.first

  /// Sets the prompt. Escapes stand in front of a character and never at the end.
  private func showPrompt() {
    promptText = label ?? (window.lowerBound == 0 ? Prompt.first : Prompt.continuation)
    let characters = promptText.unicodeScalars.map(\.value)
    func literal(_ escape: String) -> [UInt32] { [1] + escape.unicodeScalars.map(\.value) + [1] }
    var prompt = characters
    if console.usesColour, label == nil {
      prompt = literal("\u{1B}[\(Console.Style.prompt.rawValue)m") + characters.dropLast()
      prompt += literal("\u{1B}[0m") + characters.suffix(1)
    }
    prompt = prompt.prefix(Self.longestPrompt - 1) + [0]
    promptMemory.update(from: prompt, count: prompt.count)
  }

  /// What is drawn next has no colours yet.
  func forgetPainting() {
    painted = []
    paintedRest = ""
  }

  // MARK: keys

  private func readCharacter(into character: UnsafeMutablePointer<UInt32>) -> Int32 {
    let waiting = afterDrawing
    afterDrawing = []
    for action in waiting { action() }
    if result != nil || !keys.isWaiting { paint() }
    while true {
      switch keys.next() {
      case .character(let scalar):
        character.pointee = scalar.value
        return 1
      case .resized:
        pull()
        wipe()
        ce_resize(editor)
        push()
        ce_refresh(editor)
      case .continued:
        ce_prepare_terminal(editor, 0)
        ce_prepare_terminal(editor, 1)
        TerminalGuard.beginEditing()
        pull()
        redraw()
      case .interrupted:
        character.pointee = 3
        return 1
      case .end:
        return 0
      }
    }
  }

  /// One more key for a command that reads its own.
  func nextKey() -> Unicode.Scalar? {
    var character: UInt32 = 0
    return ce_getc(editor, &character) == 1 ? Unicode.Scalar(character) : nil
  }

  /// Puts a key back, for the editor to read next.
  func unread(_ key: Unicode.Scalar) { keys.putBack(String(key)) }
}

extension String {
  /// libedit's notation for a key sequence that begins with ESC.
  fileprivate var replacingEscape: String { "\\e" + dropFirst() }
}

/// libedit counts cells by the locale. A C locale that is no UTF-8 is replaced by C.UTF-8, where there is one.
func useUnicodeLocale() {
  setlocale(LC_CTYPE, "")
  if let name = nl_langinfo(Int32(CODESET)), String(cString: name) == "UTF-8" { return }
  setlocale(LC_CTYPE, "C.UTF-8")
}
