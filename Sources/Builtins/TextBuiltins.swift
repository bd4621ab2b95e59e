import Faults
import Machine

/// Strings.
let textBuiltins: [Builtin] = [
  Builtin(
    "join", [.required("values", .iterable, "a list of texts"), .optional("separator", .string, default: "\"\"", "what stands between them")],
    returns: "string", subject: "text", "The texts of all elements in one.",
    example: "print(join([\"a\", \"b\"], \"-\"))   # expect: a-b"
  ) { (call) throws(Fault) in
    let separator = try call.string(1, default: "")
    var text = ""
    if let elements = call[0].elements {
      if let joined = try call.machine.joined(elements, by: separator) { return .string(joined) }
      for (index, element) in elements.enumerated() {
        if index > 0 { text += separator }
        element.appendText(to: &text)
      }
      return .string(text)
    }
    var isFirst = true
    try call.machine.forEach(call[0]) { (value) throws(Fault) in
      if !isFirst { text += separator }
      isFirst = false
      value.appendText(to: &text)
      value.release()
      return true
    }
    return .string(text)
  },
  Builtin(
    "trim", [.required("text", .string, "a text"), .optional("characters", .string, default: "blanks and line ends", "what to take off")],
    returns: "string", subject: "text",
    "A text without blanks and line ends at both ends, or without given characters.", example: "print(trim(\"  a \") + \"!\", trim(\"[x]\", \"[]\"))   # expect: a! x"
  ) { (call) throws(Fault) in
    if call.has(1) { return .string(try stripped(call, start: true, end: true)) }
    return .string(try withoutBlanksAround(try call.string(0)))
  },
  Builtin(
    "upper", [.required("text", .string, "a text")], returns: "string", subject: "text", "In capital letters.",
    example: "print(upper(\"abc\"))   # expect: ABC"
  ) { (call) throws(Fault) in .string(try converted(try call.string(0)) { $0.uppercased() }) },
  Builtin(
    "lower", [.required("text", .string, "a text")], returns: "string", subject: "text", "In small letters.",
    example: "print(lower(\"ABC\"))   # expect: abc"
  ) { (call) throws(Fault) in .string(try converted(try call.string(0)) { $0.lowercased() }) },
  Builtin(
    "replace", [.required("text", .string, "a text"), .required("old", .string, "what to replace"), .required("new", .string, "with what")],
    returns: "string", subject: "text", "A text with every occurrence of another, as it stands, replaced: `.` is a point, and `[a-z]` five characters; `replace_pattern` takes regular expressions.", example: "print(replace(\"banana\", \"an\", \"o\"))   # expect: booa"
  ) { (call) throws(Fault) in
    let old = try call.string(1)
    if old.isEmpty { throw call.wrong(1, "is empty") }
    let text = try call.string(0)
    let replaced = try call.machine.replacing(old, by: try call.string(2), in: text)
    if looksLikePattern(old), replaced == text {
      call.output.warn("`replace` looks for plain text: \(quoted(old)) is taken as it stands, and does not occur; `replace_pattern` takes regular expressions")
    }
    return .string(replaced)
  },
  Builtin(
    "starts_with", [.required("text", .string, "a text"), .required("start", .string, "its start")], returns: "bool", subject: "text",
    "Whether a text begins with another.", example: "print(starts_with(\"spike\", \"sp\"))   # expect: true"
  ) { (call) throws(Fault) in .bool(try call.string(0).hasPrefix(try call.string(1))) },
  Builtin(
    "ends_with", [.required("text", .string, "a text"), .required("end", .string, "its end")], returns: "bool", subject: "text",
    "Whether a text ends with another.", example: "print(ends_with(\"spike\", \"ke\"))   # expect: true"
  ) { (call) throws(Fault) in .bool(try call.string(0).hasSuffix(try call.string(1))) },
  Builtin(
    "contains", [.required("values", .iterable, "a text, list, map or range"), .required("value", .any, "what to look for")],
    returns: "bool", subject: "text", "The same as `value in values`.", example: "print(contains(\"spike\", \"pi\"))   # expect: true"
  ) { (call) throws(Fault) in .bool(try call.machine.contains(call[0], call[1])) },
  Builtin(
    "chars", [.required("text", .string, "a text")], returns: "list", subject: "text", "A text's characters.",
    example: "print(chars(\"añ\"))   # expect: [\"a\", \"ñ\"]"
  ) { (call) throws(Fault) in try .characters(of: try call.string(0)) },
  Builtin(
    "lines", [.required("text", .string, "a text")], returns: "list", subject: "text", "A text's lines.",
    example: "print(len(lines(\"a\\nb\")))   # expect: 2"
  ) { (call) throws(Fault) in
    try .lines(of: try call.string(0))
  },
  Builtin(
    "char_code", [.required("character", .string, "one character")], returns: "int", subject: "text",
    "The Unicode number of a character.", example: "print(char_code(\"A\"))   # expect: 65"
  ) { (call) throws(Fault) in
    try call.machine.checkReading("`char_code`")
    let scalars = try call.string(0).unicodeScalars
    guard scalars.count == 1, let scalar = scalars.first else { throw call.wrong(0, "must be one character") }
    return .int(Int(scalar.value))
  },
  Builtin(
    "char", [.required("code", .int, "a Unicode number")], returns: "string", subject: "text", "The character of a Unicode number.",
    example: "print(char(65))   # expect: A"
  ) { (call) throws(Fault) in
    guard let code = UInt32(exactly: try call.int(0)), let scalar = UnicodeScalar(code) else {
      throw call.wrong(0, "is not the number of a character")
    }
    return .string(String(Character(scalar)))
  },
  Builtin(
    "format", [.required("value", .any, "a value"), .required("format", .string, "as behind the colon of `{x:.3}`")],
    returns: "string", subject: "text", "A value in a format that is known only at run time.",
    example: "print(format(0.5, \".1%\"))   # expect: 50.0%"
  ) { (call) throws(Fault) in .string(try formatValue(call[0], by: try call.string(1))) },
]

/// Whether a text is more likely meant as a regular expression: it has a class of characters, or a repetition of any.
private func looksLikePattern(_ text: String) -> Bool {
  if ["\\d", "\\w", "\\s", "\\b", ".*", ".+", "[^", "(?"].contains(where: { firstRange(of: $0, in: text) != nil }) { return true }
  guard let open = text.firstIndex(of: "["), let close = text[open...].firstIndex(of: "]") else { return false }
  return text[open..<close].dropFirst(2).dropLast().contains("-")
}

/// The parts of a text between separators, or between blanks.
func splitText(_ text: Value, _ separator: Value) throws(Fault) -> Value {
  let text = text.asString ?? ""
  guard let separator = separator.asString else { return try .words(of: text) }
  if separator.isEmpty { throw Fault(.value, "the separator is empty", help: "chars(text) gives the characters") }
  return try .pieces(of: text, separatedBy: separator)
}
