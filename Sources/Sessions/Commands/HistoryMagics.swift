import Faults
import Texts

/// The inputs so far.
let historyMagics: [Magic] = [
  Magic(
    "history", aliases: ["hist"], usage: "[-a] [TEXT | INPUTS]", .text,
    help: """
      Lists this session's inputs with their numbers, or with -a the whole shared history.
      With a text, only the inputs that hold it; with `2-5` or `~4`, those by number.
      """
  ) { session, rest in
    var pattern = rest
    let wantsAll = pattern == "-a" || pattern.hasPrefix("-a ")
    if wantsAll { pattern = trimmed(String(pattern.dropFirst(2))) }
    if wantsAll { session.history.refresh() }
    let inputs = wantsAll ? session.history.entries : session.inputs
    let range = inputRange(pattern, count: inputs.count)
    let width = String(inputs.count).count
    for (index, input) in inputs.enumerated() {
      if let range { if !range.contains(index + 1) { continue } } else if !contains(input, pattern) { continue }
      let number = String(index + 1)
      let lines = input.split(separator: "\n", omittingEmptySubsequences: false)
      for (place, line) in lines.enumerated() {
        let label = place == 0 ? String(repeating: " ", count: width - number.count) + number : padded("", to: width)
        session.console.line(session.console.styled(label, .faint) + "  " + line)
      }
    }
  },
  Magic(
    "recall", aliases: ["rep"], usage: "[INPUTS]", .text,
    help: "Puts inputs (the last, `3`, `2-5`) into the next input, to be edited and run."
  ) { session, rest in
    session.reporting { () throws(Fault) in
      session.reader.prefill(try session.inputs(rest.isEmpty ? ["~1"] : words(rest)[...]).joined(separator: "\n"))
    }
  },
  Magic(
    "rerun", usage: "[INPUTS]", .text, help: "Runs inputs (the last, `3`, `2-5`) again."
  ) { session, rest in
    session.reporting { () throws(Fault) in
      for input in try session.inputs(rest.isEmpty ? ["~1"] : words(rest)[...]) {
        session.console.line(session.console.styled(Prompt.first + input, .faint))
        session.run(input)
      }
    }
  },
]

/// Whether a text holds another, capitals aside.
func contains(_ text: String, _ part: String) -> Bool {
  let hay = Array(text.lowercased().utf8)
  let needle = Array(part.lowercased().utf8)
  if needle.isEmpty { return true }
  if needle.count > hay.count { return false }
  return (0...hay.count - needle.count).contains { hay[$0..<$0 + needle.count].elementsEqual(needle) }
}
