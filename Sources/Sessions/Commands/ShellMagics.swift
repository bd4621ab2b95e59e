import Faults
import Formats
import Glibc

/// The folder, the environment and the shell.
let shellMagics: [Magic] = [
  Magic(
    "cd", usage: "[FOLDER]", .path, help: "Changes the working folder; without one, to your home. `%cd -` goes back."
  ) {
    session, rest in
    let wanted = rest.isEmpty ? "~" : rest == "-" ? session.previousFolder : words(rest).first ?? rest
    let before = currentFolder()
    session.reporting { () throws(Fault) in
      if chdir(expandedPath(wanted)) != 0 { throw systemFault("cannot go to `\(wanted)`") }
    }
    if currentFolder() != before { session.previousFolder = before }
    session.console.line(currentFolder())
  },
  Magic("pwd", help: "Shows the working folder.") { session, _ in session.console.line(currentFolder()) },
  Magic("ls", aliases: ["ll"], usage: "[PATH]", .path, help: "Lists a folder.") { session, rest in
    session.runShellLine("ls -C --color=auto \(rest)")
  },
  Magic("env", usage: "[NAME [VALUE]]", .text, help: "Shows the environment or one variable, or sets one.") {
    session, rest in
    let parts = words(rest.split(separator: "=", maxSplits: 1).joined(separator: " "))
    guard let name = parts.first else { return session.runShellLine("env") }
    if parts.count > 1 { setenv(name, parts.dropFirst().joined(separator: " "), 1) }
    session.console.line(environment(name).map { "\(name)=\($0)" } ?? "\(name) is not set")
  },
  Magic(
    "sh", aliases: ["sx", "system", "bash"], usage: "COMMAND", .path, help: "Runs a shell command, as `;COMMAND` does."
  ) {
    session, rest in
    guard session.wants(rest, "a command to run") else { return }
    session.runShellLine(rest)
  },
  Magic("clear", aliases: ["cls"], help: "Clears the screen, as Ctrl-L does.") { session, _ in
    session.console.write("\u{1B}[H\u{1B}[2J")
  },
  Magic("quit", aliases: ["exit", "q"], help: "Leaves, as Ctrl-D on an empty line does.") { session, _ in
    session.isLeaving = true
  },
]

func currentFolder() -> String {
  guard let path = getcwd(nil, 0) else { return "?" }
  defer { free(path) }
  return String(cString: path)
}

/// Runs a line in `/bin/sh` on this terminal and waits for it. Signals from the keyboard are the command's meanwhile.
/// - Returns: the exit status, or 128 plus the signal that ended it.
@discardableResult
func runShell(_ command: String) -> Int32 {
  Signals.enter(.child)
  defer { Signals.enter(.reading) }
  var attributes = childAttributes()
  defer { posix_spawnattr_destroy(&attributes) }
  var child: pid_t = 0
  let status = ["/bin/sh", "-c", command].withCStrings { posix_spawn(&child, "/bin/sh", nil, &attributes, $0, environ) }
  if status != 0 { return 127 }
  var ending: Int32 = 0
  while waitpid(child, &ending, 0) < 0 { if errno != EINTR { return 127 } }
  let signal = ending & 0x7F
  return signal == 0 ? (ending >> 8) & 0xFF : 128 + signal
}

extension [String] {
  fileprivate func withCStrings<T>(_ body: ([UnsafeMutablePointer<CChar>?]) -> T) -> T {
    let pointers = map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers + [nil])
  }
}
