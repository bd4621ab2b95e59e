import Texts

/// What an input asks for, by its first and last characters. None of these forms is a program of the language, so
/// that no program is ever taken for one.
enum InputKind: Equatable {
  /// Nothing to do.
  case blank
  /// `%name rest`
  case magic(name: String, rest: String)
  /// `;command` or `!command`
  case shell(String)
  /// `?name` or `name?`
  case help(String)
  /// `??name` or `name??`
  case source(String)
  /// A program; `isSilenced` where it ends in `;`. One that begins with `|>` goes on from the last value.
  case code(String, isSilenced: Bool)

  init(_ input: String) {
    let text = trimmed(input)
    guard let first = text.first else {
      self = .blank
      return
    }
    switch first {
    case "%": self = Self.magic(text)
    case ";", "!": self = .shell(trimmed(String(text.dropFirst())))
    case "?":
      let isSource = text.hasPrefix("??")
      let name = trimmed(String(text.drop { $0 == "?" }))
      self = isSource ? .source(name) : .help(name)
    case "|" where text.hasPrefix("|>"):
      self = .code("ans " + text, isSilenced: endsInSemicolon(text))
    default:
      self = Self.question(text) ?? .code(input, isSilenced: endsInSemicolon(text))
    }
  }

  private static func magic(_ text: String) -> InputKind {
    let body = text.drop { $0 == "%" }
    let name = body.prefix { !$0.isWhitespace }
    return .magic(name: String(name), rest: trimmed(String(body.dropFirst(name.count))))
  }

  /// `name?` and `name??`, where all before the mark is one dotted name.
  private static func question(_ text: String) -> InputKind? {
    guard text.last == "?" else { return nil }
    let marks = text.reversed().prefix { $0 == "?" }.count
    let name = trimmed(String(text.dropLast(marks)))
    guard !name.isEmpty, marks <= 2,
      name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." || $0 == "%" })
    else { return nil }
    return marks == 2 ? .source(name) : .help(name)
  }
}

/// Whether a program's last character that counts is `;`: not in a comment, not in a string.
func endsInSemicolon(_ program: String) -> Bool {
  var last: Character = " "
  var quote: String?
  var rest = program[...]
  while let character = rest.first {
    if let open = quote {
      if character == "\\" {
        rest = rest.dropFirst(2)
        continue
      }
      if rest.hasPrefix(open) {
        rest = rest.dropFirst(open.count)
        quote = nil
        continue
      }
    } else if character == "#" {
      rest = rest.drop { !$0.isNewline }
      continue
    } else if character == "\"" {
      let mark = rest.hasPrefix("\"\"\"") ? "\"\"\"" : "\""
      quote = mark
      last = character
      rest = rest.dropFirst(mark.count)
      continue
    } else if !character.isWhitespace {
      last = character
    }
    rest = rest.dropFirst()
  }
  return last == ";"
}
