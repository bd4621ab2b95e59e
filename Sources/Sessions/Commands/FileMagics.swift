import Faults
import Glibc

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
      let source = try readSource(path)
      session.show(session.evaluate { $0.run(source, path: path, arguments: Array(parts.dropFirst())) })
    }
  },
  Magic(
    "load", usage: "FILE", .path, help: "Puts a file's text into the next input, to be edited and run."
  ) { session, rest in
    guard let file = words(rest).first else { return session.missing("a file to load") }
    session.reporting { () throws(Fault) in
      var source = try readSource(expandedPath(file))
      while source.last?.isNewline == true { source.removeLast() }
      session.reader.prefill(source)
    }
  },
  Magic(
    "save", usage: "FILE [INPUTS]", .path,
    help: """
      Writes this session's inputs to a script.
      INPUTS are numbers as %history shows them: `3`, `2-5` or `~4` (the last four). Prompt commands are left out.
      """
  ) { session, rest in
    let parts = words(rest)
    guard let file = parts.first else { return session.missing("a file to write") }
    let path = expandedPath(file)
    session.reporting { () throws(Fault) in
      let chosen = try session.inputs(parts.dropFirst())
      let programs = chosen.filter { if case .code = InputKind($0) { true } else { false } }
      try writeText(programs.map { $0 + "\n" }.joined(), to: path)
      session.console.line("\(programs.count) \(programs.count == 1 ? "input" : "inputs") written to \(path)")
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
  if path.isEmpty || inputRange(path, count: session.inputs.count) != nil {
    let text = try session.inputs(path.isEmpty ? ["~1"] : [path]).joined(separator: "\n")
    path = (environment("TMPDIR") ?? "/tmp") + "/snn-\(getpid())-\(session.inputs.count).snn"
    try writeText(text + "\n", to: path)
  }
  let editor = environment("VISUAL") ?? environment("EDITOR") ?? "vi"
  let status = runShell("\(editor) \(quotedForShell(path))")
  if status != 0 { throw Fault(.file, "the editor `\(editor)` ended with status \(status)") }
  let source = try readSource(path)
  session.show(session.evaluate { $0.run(source, path: path, arguments: []) })
}

// MARK: files

/// A path with `~` written out.
func expandedPath(_ path: String) -> String {
  guard path == "~" || path.hasPrefix("~/"), let home = environment("HOME") else { return path }
  return home + path.dropFirst()
}

/// The text of a script; binary files and folders are refused.
func readSource(_ path: String) throws(Fault) -> String {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  if descriptor < 0 { throw systemFault("cannot open `\(path)`") }
  defer { close(descriptor) }
  var status = stat()
  guard fstat(descriptor, &status) == 0 else { throw systemFault("cannot read `\(path)`") }
  if status.st_mode & S_IFMT == S_IFDIR { throw Fault(.file, "`\(path)` is a folder") }
  if status.st_size > 64 << 20 { throw Fault(.limit, "`\(path)` is larger than a script can be (64 MiB)") }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = read(descriptor, &chunk, chunk.count)
    if count < 0, errno == EINTR { continue }
    if count < 0 { throw systemFault("cannot read `\(path)`") }
    if count == 0 { break }
    bytes += chunk[..<count]
  }
  guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
    throw Fault(.file, "`\(path)` is no text", help: "a script is UTF-8 text")
  }
  return text
}

/// Writes a file through a temporary one, so that a failure leaves what was there.
func writeText(_ text: String, to path: String) throws(Fault) {
  let temporary = path + ".\(getpid()).tmp"
  let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
  if descriptor < 0 { throw systemFault("cannot write `\(path)`") }
  writeAll(text, to: descriptor)
  var status = stat()
  let isWhole = fsync(descriptor) == 0 && fstat(descriptor, &status) == 0 && status.st_size == text.utf8.count
  close(descriptor)
  guard isWhole, rename(temporary, path) == 0 else {
    let fault = systemFault("cannot write `\(path)`")
    unlink(temporary)
    throw fault
  }
}

/// A fault with the system's reason.
func systemFault(_ title: String) -> Fault {
  Fault(.file, title, label: strerror(errno).map { String(cString: $0).lowercased() })
}
