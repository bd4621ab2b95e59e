/// The first occurrence of a text in another, by characters; nil where there is none.
public func firstRange<Text: StringProtocol>(of part: String, in text: Text) -> Range<String.Index>? where Text.Index == String.Index {
  // Bytes decide where a match can begin; characters decide whether it is one.
  guard let first = part.utf8.first else { return nil }
  var at = text.startIndex
  while at < text.endIndex {
    if text.utf8[at] == first, text[at...].hasPrefix(part), let end = text.index(at, offsetBy: part.count, limitedBy: text.endIndex) {
      return at..<end
    }
    at = text.index(after: at)
  }
  return nil
}
