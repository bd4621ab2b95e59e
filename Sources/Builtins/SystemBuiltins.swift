import Faults
import Formats
import Glibc
import Machine
import Spiking
import Texts

/// The world around a program: its arguments, its input, files, the clock, help.
let systemBuiltins: [Builtin] = [
  Builtin(
    "read_line", [.optional("prompt", .string, default: "\"\"", "what to print first")], returns: "string or nil", subject: "system",
    "The next line of standard input without its end; nil at the end of the input.",
    example: "let line = read_line()"
  ) { (call) throws(Fault) in
    let prompt = try call.string(0, default: "")
    if !prompt.isEmpty { call.output.write(prompt) }
    // Whoever answers over a pipe waits for what was printed so far.
    call.output.flush()
    return try StandardInput.line().map { .string($0) } ?? .nil
  },
  Builtin(
    "read_lines", [.optional("path", .string, default: "standard input", "a file")], returns: "list", subject: "system",
    """
    All lines of a file, or of standard input. A loop over the lines of standard input takes each as it comes, and none \
    is kept; `list(read_lines())` waits for all.
    """,
    example: "for line in read_lines() { print(line) }"
  ) { (call) throws(Fault) in
    if call.has(0) {
      return try .lines(of: try readText(try call.string(0)))
    }
    call.output.flush()
    return .foreign(InputLines())
  },
  Builtin(
    "read_text", [.required("path", .string, "a file")], returns: "string", subject: "system", "A text file's content.",
    example: "let notes = try { read_text(\"notes.txt\") } catch e { \"\" }"
  ) { (call) throws(Fault) in .string(try readText(try call.string(0))) },
  Builtin(
    "write_text", [.required("path", .string, "a file"), .required("text", .string, "its new content")], returns: "nil", subject: "system",
    "Writes a text file: to a temporary file first, so that a crash leaves the old one whole.",
    example: "let write = () => write_text(\"notes.txt\", \"hello\")"
  ) { (call) throws(Fault) in
    try writeText(try call.string(1), to: try call.string(0))
    return .nil
  },
  Builtin(
    "exists", [.required("path", .string, "a file or a folder")], returns: "bool", subject: "system", "Whether a file is there.",
    example: "print(exists(\"no/such/file\"))   # expect: false"
  ) { (call) throws(Fault) in
    .bool(try fileExists(try call.string(0)))
  },
  Builtin(
    "time", [], returns: "float", subject: "system", "Seconds since a moment in the past that stays the same while the program runs: for measuring.",
    example: "let started = time()"
  ) { (call) throws(Fault) in
    .float(WallClock.reading(Clock.now))
  },
  Builtin(
    "env", [.required("name", .string, "the variable's name"), .optional("default", .any, default: "nil", "where it is not set")],
    returns: "string", subject: "system", "An environment variable.", example: "let home = env(\"HOME\", \"/\")"
  ) { (call) throws(Fault) in
    if let value = getenv(try call.string(0)) { return .string(String(cString: value)) }
    return call.has(1) ? call[1].retained() : .nil
  },
  Builtin(
    "is_quick", [], returns: "bool", subject: "system",
    """
    Whether the run was asked to be quick, by `--quick` of `snn run`, `snn render` and `snn test`. A tutorial that \
    trains for long takes fewer epochs then, and asserts less.
    """,
    example: "let epochs = if is_quick() { 2 } else { 12 }"
  ) { (call) throws(Fault) in .bool(call.machine.runForm == .quick) },
  Builtin(
    "is_full", [], returns: "bool", subject: "system",
    """
    Whether the run was asked for its full form, by `--full` of `snn run`, `snn render` and `snn test`. A tutorial takes more \
    seeds, settings and data then, and many minutes.
    """,
    example: "let seeds = if is_quick() { 1 } else if is_full() { 20 } else { 5 }"
  ) { (call) throws(Fault) in .bool(call.machine.runForm == .full) },
  Builtin(
    "help", [.optional("subject", .any, default: "an overview", "a builtin, a function, or a name as text")], returns: "nil", subject: "system",
    "Shows what a function does; at the prompt, `?name` does the same.", example: "help(len)"
  ) { (call) throws(Fault) in
    call.output.write(try helpText(call) + "\n")
    return .nil
  },
  Builtin(
    "apropos", [.required("text", .string, "words, as you would say them")], returns: "nil", subject: "system",
    """
    Lists what the library has about some words, the best first: functions, modules and parts of the language whose names or
    documentation hold them, or words that mean the same; for an empty text all that there is, by name.
    """, example: "apropos(\"membrane\")"
  ) { (call) throws(Fault) in
    let question = try call.string(0)
    let library = call.machine.library
    let found = question.isEmpty ? library.helpEntries.sorted { $0.name < $1.name }[...] : library.search(question).prefix(30)
    call.output.write(
      found.isEmpty ? "nothing found\n" : helpTable(found.map { ($0.name, $0.summary) }, width: call.output.width) + "\n")
    return .nil
  },
  Builtin(
    "exit", [.optional("status", .int, default: "0", "the exit status, 0 to 255")], returns: "nothing", subject: "system",
    "Ends the program.", example: "let stop = () => exit(1)"
  ) { (call) throws(Fault) in
    let status = try call.int(0, default: 0)
    guard (0...255).contains(status) else { throw call.wrong(0, "must be from 0 to 255, found \(status)") }
    throw Fault.exit(Int32(status))
  },
]

private func helpText(_ call: Call) throws(Fault) -> String {
  if !call.has(0) {
    return """
      NeuEdge: spiking neural networks at a prompt.
        ?name       what a function does, with an example       ??name     its source
        apropos("spike")   search names and documentation        Tab        completes
        %lsmagic    commands of the prompt                       %quickref  the language on one page
      """
  }
  if let builtin = call[0].asBuiltin { return builtinHelp(builtin) }
  if let known = call[0].functionHelp { return known.text.isEmpty ? known.signature : "\(known.signature)\n\n\(known.text)" }
  guard let name = call[0].asString else { return display(call[0], style: call.output.style, isDescription: true) }
  let library = call.machine.library
  if let page = library.helpPage(name, width: call.output.width) { return page }
  let near = library.search(name).prefix(5).map(\.name)
  throw Fault(
    .name, "nothing is known about `\(name)`",
    help: near.isEmpty ? "help(\"topics\") lists the parts of the language" : "see " + near.joined(separator: ", "))
}
