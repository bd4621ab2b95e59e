/// Every key of the editor: one row each, with the libedit name, the keys in libedit's notation, and what it does.
/// `%keys` prints this table.
struct EditCommand: Sendable {
  /// What a command wants done after it.
  enum Effect {
    /// Draw the text again.
    case redraw
    /// Nothing has changed that is not drawn.
    case none
    /// Beep: there was nothing to do.
    case refuse
  }

  let name: String
  let keys: [String]
  let help: String
  let body: @Sendable (EditlineReader) -> Effect

  init(_ name: String, _ keys: [String], _ help: String, _ body: @escaping @Sendable (EditlineReader) -> Effect) {
    self.name = name
    self.keys = keys
    self.help = help
    self.body = body
  }

  /// A command that only changes the buffer.
  private static func edit(
    _ name: String, _ keys: [String], _ help: String, _ change: @escaping @Sendable (inout EditBuffer) -> Bool
  ) -> EditCommand {
    EditCommand(name, keys, help) { change(&$0.buffer) ? .redraw : .refuse }
  }

  /// The sequence behind which libedit's own end of line is kept: a finished input is pushed through it.
  static let acceptKeys = "\u{1B}[9999~"

  static let all: [EditCommand] = [
    EditCommand("snn-enter", ["^M", "^J"], "run the input, or go on in a new line while it is incomplete") {
      $0.enter()
    },
    edit("snn-newline", ["\\e^M", "\\e^J", "\\e[13;2u", "\\e[27;2;13~"], "a new line in any case") { buffer in
      buffer.insertNewline(indent: 0)
      return true
    },
    EditCommand("snn-complete", ["^I"], "complete the name at the cursor") { $0.completeOrIndent() },
    edit("snn-unindent", ["\\e[Z"], "remove one level of indentation") { $0.unindent() },
    edit("snn-close", ["}"], "a closing brace, one level out") { buffer in
      buffer.insertClosing("}")
      return true
    },
    EditCommand("snn-paste", ["\\e[200~"], "insert a bracketed paste as one") { $0.paste() },
    EditCommand("snn-clear-line", ["^C"], "drop the input") { $0.interrupt() },
    EditCommand("snn-delete-or-leave", ["^D"], "delete forwards; on an empty line leave") { $0.deleteOrLeave() },
    EditCommand("snn-suspend", ["^Z"], "stop, to be continued by the shell's `fg`") { $0.suspend() },
    EditCommand("snn-clear-screen", ["^L"], "clear the screen") { $0.clearScreen() },
    EditCommand("snn-up", ["\\e[A", "\\eOA", "^P"], "up in the block, then older inputs that begin like this one") {
      $0.up()
    },
    EditCommand("snn-down", ["\\e[B", "\\eOB", "^N"], "down in the block, then newer inputs") { $0.down() },
    EditCommand("snn-older", ["\\ep", "\\e[5~", "\\e[1;3A"], "an older input, whatever the cursor's line") {
      $0.older()
    },
    EditCommand("snn-newer", ["\\en", "\\e[6~", "\\e[1;3B"], "a newer input") { $0.newer() },
    EditCommand("snn-search", ["^R"], "search the history as you type") { $0.search() },
    edit("snn-left", ["\\e[D", "\\eOD", "^B"], "left") { $0.moveLeft() },
    EditCommand("snn-right", ["\\e[C", "\\eOC", "^F"], "right; at the end, take what is suggested") { $0.right() },
    edit("snn-word-left", ["\\eb", "\\e[1;5D", "\\e[1;3D"], "a word left") { $0.moveWordLeft() },
    edit("snn-word-right", ["\\ef", "\\e[1;5C", "\\e[1;3C"], "a word right") { $0.moveWordRight() },
    edit("snn-line-start", ["^A", "\\e[H", "\\eOH", "\\e[1~", "\\e[7~"], "to the line's start") {
      $0.moveToLineStart()
    },
    EditCommand("snn-line-end", ["^E", "\\e[F", "\\eOF", "\\e[4~", "\\e[8~"], "to the line's end, then as Right") {
      $0.lineEnd()
    },
    edit("snn-start", ["\\e<", "\\e[1;5H"], "to the block's start") { $0.moveToStart() },
    edit("snn-end", ["\\e>", "\\e[1;5F"], "to the block's end") { $0.moveToEnd() },
    edit("snn-backspace", ["^?", "^H"], "delete backwards") { $0.deleteBackward() },
    edit("snn-delete", ["\\e[3~"], "delete forwards") { $0.deleteForward() },
    edit("snn-kill-word-back", ["^W", "\\e^?", "\\e^H"], "kill the word before the cursor") { $0.killWordBackward() },
    edit("snn-kill-word", ["\\ed", "\\e[3;5~"], "kill the word behind the cursor") { $0.killWordForward() },
    edit("snn-kill-line", ["^K"], "kill to the line's end") { $0.killToLineEnd() },
    edit("snn-kill-to-start", ["^U"], "kill to the line's start") { $0.killToLineStart() },
    edit("snn-yank", ["^Y"], "put back what was killed last") { $0.yank() },
    edit("snn-transpose", ["^T"], "swap two characters") { $0.transpose() },
    edit("snn-undo", ["^_", "^Xu", "^X^U"], "undo") { $0.undo() },
    edit("snn-redo", ["\\e_", "\\er"], "redo") { $0.redo() },
    edit("snn-upper", ["\\eu"], "upper-case the word") { $0.changeWord { $0.uppercased() } },
    edit("snn-lower", ["\\el"], "lower-case the word") { $0.changeWord { $0.lowercased() } },
    edit("snn-capital", ["\\ec"], "capitalise the word") {
      $0.changeWord { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }
    },
    EditCommand("snn-help", ["\\e?", "\\eOP"], "help for the name at the cursor") { $0.helpAtCursor() },
    EditCommand("snn-nothing", ignoredKeys, "no effect") { _ in .none },
  ]

  /// Keys whose libedit meaning would put the cursor where it must not be, and keys that terminals send without
  /// being asked.
  private static let ignoredKeys =
    ["^@", "^G", "^O", "^Q", "^S", "^V", "^\\", "^]", "^^", "^X^X"]
    + ["\\eOQ", "\\eOR", "\\eOS", "\\e[2~", "\\e[I", "\\e[O", "\\e[201~"]
    + [11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24].map { "\\e[\($0)~" }
}
