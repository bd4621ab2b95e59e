// Strings of a wanted width, without what stands at their ends, and questions about their characters.

import Faults
import Machine
import Tensors
import Texts

private let textParameter = BuiltinParameter.required("text", .string, "a text")
private let fillParameter = BuiltinParameter.optional("fill", .string, default: "\" \"", "the character to fill with")

/// Padding, stripping, parts, and kinds of characters.
let textShapeBuiltins: [Builtin] = [
  padding("pad_left", "A text moved to the right end of a width; longer ones stay as they are.", "print(pad_left(\"7\", 3, \"0\"))   # expect: 007", "l"),
  padding("pad_right", "A text filled up to a width.", "print(pad_right(\"ab\", 4, \".\"))   # expect: ab..", "r"),
  padding("center", "A text in the middle of a width.", "print(center(\"ab\", 6, \"*\"))   # expect: **ab**", "c"),
  stripping("trim_start", "A text without blanks and line ends at its start, or without given characters.", "print(trim_start(\"007\", \"0\"))   # expect: 7", start: true, end: false),
  stripping("trim_end", "A text without blanks and line ends at its end, or without given characters.", "print(trim_end(\"1.500\", \"0\"))   # expect: 1.5", start: false, end: true),
  Builtin(
    "remove_prefix", [textParameter, .required("prefix", .string, "its start")], returns: "string", subject: "text", "A text without another at its start, where it stands there.",
    example: "print(remove_prefix(\"lif_3\", \"lif_\"))   # expect: 3"
  ) { (call) throws(Fault) in
    let (text, part) = (try call.string(0), try call.string(1))
    return .string(text.hasPrefix(part) ? String(text.dropFirst(part.count)) : text)
  },
  Builtin(
    "remove_suffix", [textParameter, .required("suffix", .string, "its end")], returns: "string", subject: "text", "A text without another at its end, where it stands there.",
    example: "print(remove_suffix(\"net.snn\", \".snn\"))   # expect: net"
  ) { (call) throws(Fault) in
    let (text, part) = (try call.string(0), try call.string(1))
    return .string(text.hasSuffix(part) ? String(text.dropLast(part.count)) : text)
  },
  Builtin(
    "capitalize", [textParameter], returns: "string", subject: "text", "A text with its first letter large and the others small.",
    example: "print(capitalize(\"sPIKE\"))   # expect: Spike"
  ) { (call) throws(Fault) in
    let text = try call.string(0)
    return .string(text.prefix(1).uppercased() + text.dropFirst().lowercased())
  },
  Builtin(
    "title", [textParameter], returns: "string", subject: "text", "A text with the first letter of each word large and the others small.",
    example: "print(title(\"spike train\"))   # expect: Spike Train"
  ) { (call) throws(Fault) in
    var isInside = false
    var out = ""
    for character in try call.string(0) {
      out += isInside ? character.lowercased() : character.uppercased()
      isInside = character.isLetter || character == "'"
    }
    return .string(out)
  },
  asking("is_digit", "Whether a text is made of decimal digits 0 to 9 alone.", "print(is_digit(\"042\"), is_digit(\"4.2\"))   # expect: true false") { $0.isASCII && $0.isNumber },
  asking("is_letter", "Whether a text is made of letters alone, of any script.", "print(is_letter(\"añ\"), is_letter(\"a1\"))   # expect: true false") { $0.isLetter },
  asking("is_alphanumeric", "Whether a text is made of letters and digits alone.", "print(is_alphanumeric(\"lif3\"))   # expect: true") { $0.isLetter || $0.isNumber },
  asking("is_space", "Whether a text is made of blanks, tabs and line ends alone.", "print(is_space(\" \\t\"))   # expect: true") { $0.isWhitespace },
  asking("is_upper", "Whether all letters of a text are large, and there is one.", "print(is_upper(\"LIF 3\"))   # expect: true", needs: { $0.isUppercase }) { !$0.isLowercase },
  asking("is_lower", "Whether all letters of a text are small, and there is one.", "print(is_lower(\"lif 3\"))   # expect: true", needs: { $0.isLowercase }) { !$0.isUppercase },
  Builtin(
    "to_bytes", [textParameter], returns: "list", subject: "text", "The bytes of a text in UTF-8, as ints from 0 to 255.",
    example: "print(to_bytes(\"aé\"))   # expect: [97, 195, 169]"
  ) { (call) throws(Fault) in
    let bytes = Array(try call.string(0).utf8)
    try call.machine.checkSize(bytes.count, of: .list)
    return .list(bytes.map { .int(Int($0)) })
  },
  Builtin(
    "from_bytes", [.required("bytes", .list | .tuple | .tensor, "ints from 0 to 255")], returns: "string", subject: "text", "The text that bytes are in UTF-8.",
    example: "print(from_bytes([97, 195, 169]))   # expect: aé"
  ) { (call) throws(Fault) in
    var bytes: [UInt8] = []
    for int in try call.ints(0) {
      guard let byte = UInt8(exactly: int) else { throw call.wrong(0, "must be ints from 0 to 255, found \(int)") }
      bytes.append(byte)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw call.wrong(0, "are not UTF-8") }
    return .string(text)
  },
]

private func padding(_ name: String, _ documentation: String, _ example: String, _ side: Character) -> Builtin {
  Builtin(
    name, [textParameter, .required("width", .int, "how many columns, of which a wide character takes two"), fillParameter], returns: "string", subject: "text", documentation,
    example: example
  ) { (call) throws(Fault) in
    let text = try call.string(0)
    let width = try call.int(1)
    let fill = try call.string(2, default: " ")
    guard fill.count == 1, fill.displayWidth == 1 else { throw call.wrong(2, "must be one character of one column, found \(quoted(fill))") }
    let missing = width - text.displayWidth
    if missing <= 0 { return .string(text) }
    try call.machine.checkSize(missing, of: .string)
    let left = side == "l" ? missing : side == "c" ? missing / 2 : 0
    return .string(String(repeating: fill, count: left) + text + String(repeating: fill, count: missing - left))
  }
}

private func stripping(_ name: String, _ documentation: String, _ example: String, start: Bool, end: Bool) -> Builtin {
  Builtin(
    name, [textParameter, .optional("characters", .string, default: "blanks and line ends", "what to take off")], returns: "string", subject: "text", documentation, example: example
  ) { (call) throws(Fault) in .string(try stripped(call, start: start, end: end)) }
}

/// The first argument without the characters of the second, or without blanks, at its ends.
func stripped(_ call: Call, start: Bool, end: Bool) throws(Fault) -> String {
  let wanted = call.has(1) && !call[1].isNil ? Set(try call.string(1)) : nil
  let isTaken: (Character) -> Bool = { wanted?.contains($0) ?? $0.isWhitespace }
  var text = Substring(try call.string(0))
  if start { text = text.drop(while: isTaken) }
  if end { while let last = text.last, isTaken(last) { text.removeLast() } }
  return String(text)
}

private func asking(
  _ name: String, _ documentation: String, _ example: String, needs: @escaping @Sendable (Character) -> Bool = { _ in true },
  _ test: @escaping @Sendable (Character) -> Bool
) -> Builtin {
  Builtin(name, [textParameter], returns: "bool", subject: "text", documentation + " False for an empty text.", example: example) { (call) throws(Fault) in
    let text = try call.string(0)
    return .bool(text.contains(where: needs) && text.allSatisfy(test))
  }
}
