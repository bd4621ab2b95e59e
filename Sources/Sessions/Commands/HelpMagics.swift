import Faults

/// Help about the prompt itself.
let helpMagics: [Magic] = [
  Magic(
    "help", aliases: ["pinfo"], usage: "[NAME]", .name,
    help: "Shows help for a name, as `?NAME` does, or for the prompt."
  ) {
    session, name in session.showHelp(name)
  },
  Magic(
    "source", aliases: ["psource", "pinfo2"], usage: "NAME", .name, help: "Shows a name's source, as `??NAME` does."
  ) {
    session, name in session.showSource(name)
  },
  Magic(
    "apropos", aliases: ["psearch", "lookfor"], usage: "TEXT", .text,
    help: "Lists what there is about some words, the best first: names, commands and parts of the language."
  ) {
    session, text in
    guard session.wants(text, "a text to look for") else { return }
    session.showTopics(text)
  },
  Magic("lsmagic", aliases: ["magics", "magic"], help: "Lists the prompt's commands.") { session, _ in
    let width = Magic.all.map(\.signature.count).max() ?? 0
    for magic in Magic.all {
      session.console.line(session.console.styled(padded(magic.signature, to: width), .cyan) + "  " + magic.summary)
    }
  },
  Magic("keys", help: "Lists the editor's keys.") { session, _ in
    for command in EditCommand.all where command.name != "snn-nothing" {
      let keys = command.keys.prefix(2).map(keyName).joined(separator: ", ")
      session.console.line(session.console.styled(padded(keys, to: 24), .cyan) + "  " + command.help)
    }
  },
  Magic("quickref", help: "One page about the prompt.") { session, _ in session.console.line(quickReference) },
]

/// A key in the user's words: `^R` is Ctrl-R, `\eb` is Alt-b.
func keyName(_ key: String) -> String {
  let known = [
    "^M": "Enter", "^J": "Ctrl-J", "^I": "Tab", "^?": "Backspace", "\\e^M": "Alt-Enter", "\\e[A": "Up", "\\e[B": "Down",
    "\\e[C": "Right", "\\e[D": "Left", "\\e[H": "Home", "\\e[F": "End", "\\e[3~": "Delete", "\\e[Z": "Shift-Tab",
    "\\e[200~": "paste", "\\eOP": "F1", "\\e[1;5D": "Ctrl-Left", "\\e[1;5C": "Ctrl-Right", "\\eOA": "Up",
    "\\eOB": "Down",
    "\\eOC": "Right", "\\eOD": "Left", "\\e[5~": "PageUp", "\\e[6~": "PageDown", "\\e^?": "Alt-Backspace",
    "\\e[3;5~": "Ctrl-Delete", "\\e^J": "Alt-Ctrl-J", "^_": "Ctrl-_",
  ]
  if let name = known[key] { return name }
  if key.hasPrefix("\\e") { return "Alt-" + key.dropFirst(2) }
  if key.hasPrefix("^"), key.count == 2 { return "Ctrl-" + key.dropFirst() }
  if key.hasPrefix("^"), key.count > 2 { return "Ctrl-\(key.dropFirst().prefix(1)) \(key.dropFirst(2))" }
  return key
}

let quickReference = """
  ?name            signature, documentation, example   ??name  its source
  ?topics          the language: ?for ?units ?operators …
  %apropos words   what there is about some words      %cd  %ls  %pwd  %env
  ;command         a shell command                     x;  hides the value
  _  ans           the last value                      %load  %save  %edit
  %run FILE        run a script here                   %tb  the last error
  %time  %timeit   how long code takes                 %reset  %del NAME
  %who  %whos      what you have bound                 %recall  %rerun
  %history         what you have entered               %keys  the editor's keys
  %lsmagic         all of these

  Enter runs a complete input and goes on in a new line otherwise;
  Alt-Enter always makes a new line. Up and Down move in a block, then
  through the inputs that begin with what you typed; Ctrl-R searches.
  Tab completes names, members, arguments, units, modules and paths.
  Ctrl-C stops a computation and keeps everything; Ctrl-D leaves.
  """
