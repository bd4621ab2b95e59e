import Faults
import Formats
import Glibc
import Texts

/// Programs in files.
let fileMagics: [Magic] = [
  Magic(
    "run", usage: "FILE [ARGUMENTS]", .path,
    help: "Runs a script in this session: what it binds stays bound. The words behind the file are its `args`."
  ) { session, rest in
    let parts = words(rest)
    guard let file = parts.first else { return session.missing("a file to run") }
    let path = expandedPath(file)
    session.reporting { () throws(Fault) in
      let source = try readText(path)
      session.show(session.evaluate { $0.run(source, path: path, arguments: Array(parts.dropFirst())) })
    }
  },
  Magic(
    "load", usage: "FILE", .path, help: "Puts a file's text into the next input, to be edited and run."
  ) { session, rest in
    guard let file = words(rest).first else { return session.missing("a file to load") }
    session.reporting { () throws(Fault) in
      var source = try readText(expandedPath(file))
      while source.last?.isNewline == true { source.removeLast() }
      session.reader.prefill(source)
    }
  },
  Magic(
    "save", usage: "[-f] FILE [INPUTS]", .path,
    help: """
      Writes this session's inputs to a script, and asks before it replaces a file, but with -f.
      INPUTS are numbers as %history shows them: `3`, `2-5` or `~4` (the last four). Prompt commands are left out.
      """
  ) { session, rest in
    var parts = words(rest)
    let isForced = parts.first == "-f"
    if isForced { parts.removeFirst() }
    guard let file = parts.first else { return session.missing("a file to write") }
    let path = expandedPath(file)
    session.reporting { () throws(Fault) in
      let chosen = try session.inputs(parts.dropFirst())
      let programs = chosen.filter { if case .code = InputKind($0) { true } else { false } }
      if programs.isEmpty { throw Fault(.value, "there is nothing to save", label: "no input but prompt commands") }
      if !isForced, isOldFile(path), !session.confirms("replace \(shownPath(path))?", otherwise: "%save -f FILE replaces it") {
        return
      }
      try writeText(programs.map { $0 + "\n" }.joined(), to: path)
      session.console.line("\(programs.count) \(programs.count == 1 ? "input" : "inputs") written to \(path.withVisibleControls)")
    }
  },
  Magic(
    "edit", usage: "[FILE | INPUT]", .path,
    help: """
      Opens a file, an input by its number, or the last input in $VISUAL or $EDITOR, and runs what you leave there.
      """
  ) { session, rest in session.reporting { () throws(Fault) in try edit(session, rest) } },
]

private func edit(_ session: Session, _ rest: String) throws(Fault) {
  var path = expandedPath(words(rest).first ?? "")
  let isInput = path.isEmpty || inputRange(path, count: session.inputs.count) != nil
  if isInput {
    let text = try session.inputs(path.isEmpty ? ["~1"] : [path]).joined(separator: "\n")
    path = try writeTemporaryText(text + "\n", in: environment("TMPDIR") ?? "/tmp", suffix: ".snn")
  }
  defer { if isInput { unlink(path) } }
  let editor = environment("VISUAL") ?? environment("EDITOR") ?? "vi"
  let status = runShell("\(editor) \(shellQuoted(path))")
  if status != 0 { throw Fault(.file, "the editor `\(editor)` ended with status \(status)") }
  let source = try readText(path)
  // What was written in the editor can be had again, whatever becomes of it.
  if isInput { session.history.append(trimmed(source)) }
  session.show(session.evaluate { $0.run(source, path: path, arguments: []) })
}

/// Whether a regular file with something in it would be replaced.
private func isOldFile(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_size > 0
}

// MARK: files

/// A path with `~` written out.
func expandedPath(_ path: String) -> String {
  guard path == "~" || path.hasPrefix("~/"), let home = environment("HOME") else { return path }
  return home + path.dropFirst()
}

/// A fault with the system's reason.
func systemFault(_ title: String) -> Fault {
  Fault(.file, title, label: strerror(errno).map { String(cString: $0).lowercased() })
}
