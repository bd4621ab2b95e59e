import Faults
import Language
import Texts

/// What the session holds.
let stateMagics: [Magic] = [
  Magic("who", usage: "[TYPE]", .text, help: "Lists the names that you have bound, of one type if one is given.") {
    session, type in
    let names = session.evaluator.variables().filter { type.isEmpty || $0.type == type }.map(\.name)
    session.console.line(names.isEmpty ? nothingBound(type) : names.joined(separator: "  "))
  },
  Magic(
    "whos", aliases: ["variables", "ls_vars"], usage: "[TYPE]", .text,
    help: "Lists the names that you have bound with their types and a preview."
  ) { session, type in
    let found = session.evaluator.variables().filter { type.isEmpty || $0.type == type }
    if found.isEmpty { return session.console.line(nothingBound(type)) }
    let columns = session.columns
    let nameWidth = found.map { $0.name.displayWidth }.max() ?? 0
    let typeWidth = found.map { $0.type.displayWidth }.max() ?? 0
    for variable in found {
      let room = max(10, columns - nameWidth - typeWidth - 5)
      session.console.line(
        padded(variable.name, to: nameWidth) + "  "
          + session.console.styled(padded(variable.type, to: typeWidth), .cyan)
          + "  " + clipped(oneLine(variable.summary), to: room))
    }
  },
  Magic(
    "reset", usage: "[-f]",
    help: "Forgets everything that you have bound, and asks before it does, but with -f. The history of inputs stays."
  ) { session, rest in
    let count = session.evaluator.variables().count
    guard
      rest == "-f" || count == 0
        || session.confirms(
          "forget \(count == 1 ? "the name" : "all \(count) names") that you have bound?", otherwise: "%reset -f forgets all")
    else { return }
    session.evaluator.reset()
    session.console.line("everything is forgotten")
  },
  Magic("del", aliases: ["xdel", "forget"], usage: "NAME...", .name, help: "Forgets single names.") { session, rest in
    guard session.wants(rest, "names to forget") else { return }
    for name in words(rest.split(separator: ",").joined(separator: " ")) where !session.evaluator.remove(name) {
      session.fail(
        Fault(
          .name, "nothing is bound to `\(name)`",
          help: didYouMean(name, among: session.evaluator.variables().map(\.name))))
    }
  },
  Magic("tb", aliases: ["traceback", "debug"], help: "Shows the last error again, with the whole call stack.") {
    session, _ in
    session.console.line(session.evaluator.lastErrorReport ?? "there was no error")
  },
]

private func nothingBound(_ type: String) -> String {
  type.isEmpty ? "nothing is bound" : "nothing of the type \(type.withVisibleControls) is bound"
}

/// A text with blanks up to a number of cells.
func padded(_ text: String, to cells: Int) -> String {
  text + String(repeating: " ", count: max(0, cells - text.displayWidth))
}

func oneLine(_ text: String) -> String {
  text.split(whereSeparator: \.isNewline).map { trimmed(String($0)) }.joined(separator: " ")
}
