/// Pasted text as the prompt wants it: a transcript loses its prompts and outputs, control characters and foreign line
/// ends go, and the last newline too, so that nothing runs before Enter.
func cleanedPaste(_ pasted: String) -> String {
  var text = ""
  var scalars = pasted.unicodeScalars.makeIterator()
  var last: Unicode.Scalar = " "
  while let scalar = scalars.next() {
    defer { last = scalar }
    switch scalar {
    case "\r": text.unicodeScalars.append("\n")
    case "\n": if last != "\r" { text.unicodeScalars.append("\n") }
    case "\t": text += "  "
    case "\u{A0}": text += " "
    case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FEFF}": continue
    default: text.unicodeScalars.append(scalar)
    }
  }
  text = withoutPrompts(text)
  while text.last == "\n" { text.removeLast() }
  return text
}

/// The inputs of a transcript, or the text itself where it is none. A transcript's first line that is not blank
/// begins with a prompt.
func withoutPrompts(_ text: String) -> String {
  let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
  guard let first = lines.first(where: { !$0.allSatisfy(\.isWhitespace) }), afterPrompt(first, Prompt.first) != nil
  else { return text }
  var inputs: [Substring] = []
  var insideInput = false
  for line in lines {
    if let input = afterPrompt(line, Prompt.first) {
      inputs.append(input)
      insideInput = true
    } else if insideInput, let input = afterPrompt(line, Prompt.continuation) {
      inputs.append(input)
    } else {
      insideInput = false
    }
  }
  return inputs.joined(separator: "\n")
}

private func afterPrompt(_ line: Substring, _ prompt: String) -> Substring? {
  let line = line.drop { $0 == " " }
  if line.hasPrefix(prompt) { return line.dropFirst(prompt.count) }
  return line == prompt.dropLast() ? "" : nil
}
