/// A text without the blanks and newlines around it.
public func trimmed(_ text: some StringProtocol) -> String {
  var part = Substring(text)
  while part.first?.isWhitespace == true { part.removeFirst() }
  while part.last?.isWhitespace == true { part.removeLast() }
  return String(part)
}
