// Enough of XML to tell whether a picture or a page is well-formed: tags that match, quoted attributes, known entities.

/// What is wrong with an XML text, or nil when it is well-formed. In a picture, no coordinate may be NaN or infinity.
public func xmlProblem(_ text: String) -> String? {
  var open: [Substring] = []
  var rest = Substring(text)
  var hasRoot = false
  while let start = rest.firstIndex(of: "<") {
    if let problem = entityProblem(rest[..<start]) { return problem }
    guard let end = rest[start...].firstIndex(of: ">") else { return "a tag is not closed" }
    var tag = rest[rest.index(after: start)..<end]
    rest = rest[rest.index(after: end)...]
    if tag.hasPrefix("/") {
      if open.popLast() != tag.dropFirst() { return "the end tag \(tag) matches no start tag" }
      continue
    }
    if open.isEmpty, hasRoot { return "a second root" }
    hasRoot = true
    let isEmpty = tag.hasSuffix("/")
    if isEmpty { tag = tag.dropLast() }
    let name = tag.prefix { $0.isLetter || $0.isNumber }
    if name.isEmpty { return "a tag without a name: \(tag)" }
    if let problem = attributeProblem(tag.dropFirst(name.count)) { return "\(problem) in <\(tag)>" }
    if !isEmpty { open.append(name) }
  }
  if let problem = entityProblem(rest) { return problem }
  if !open.isEmpty { return "<\(open[open.count - 1])> is not closed" }
  if text.unicodeScalars.contains(where: { $0.value < 32 && $0 != "\n" && $0 != "\t" }) { return "a control character" }
  return hasRoot ? nil : "no root"
}

private func attributeProblem(_ text: Substring) -> String? {
  var rest = text
  var names: Set<Substring> = []
  while !rest.isEmpty {
    guard rest.first == " " else { return "no space before an attribute" }
    rest = rest.dropFirst()
    let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "-" }
    if name.isEmpty || !names.insert(name).inserted { return "a missing or repeated attribute name" }
    rest = rest.dropFirst(name.count)
    guard rest.hasPrefix("=\""), let end = rest.dropFirst(2).firstIndex(of: "\"") else { return "no quoted value" }
    let value = rest.dropFirst(2)[..<end]
    if let problem = entityProblem(value) { return problem }
    let isText = ["class", "id", "href", "content", "aria-label", "aria-labelledby"].contains(name)
    if !isText, value.contains("nan") || value.contains("inf") { return "a coordinate" }
    rest = rest[rest.index(after: end)...]
  }
  return nil
}

private func entityProblem(_ text: Substring) -> String? {
  for part in text.split(separator: "&", omittingEmptySubsequences: false).dropFirst() {
    let known = ["amp;", "lt;", "gt;", "quot;", "#39;"]
    if !known.contains(where: { part.hasPrefix($0) }) { return "an unknown entity" }
  }
  return nil
}
