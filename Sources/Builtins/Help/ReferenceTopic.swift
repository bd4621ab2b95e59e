import Language

/// A part of the language that is no function, as `?for` explains it: a title, text, and an example that runs as it stands.
public struct ReferenceTopic: Sendable {
  /// What it is asked for by; the first is its own name.
  public var names: [String]
  /// "for: going through values"
  public var title = ""
  public var text = ""
  public var example = ""

  public var name: String { names.first ?? "" }

  /// As help shows it.
  public var page: String {
    let lines = example.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "    \($0)" }
    return [title, text, lines.joined(separator: "\n")].joined(separator: "\n\n")
  }
}

/// The language reference: the notebooks of `stdlib/reference`, in which a text cell with names behind its marker begins a topic.
public let referenceTopics: [ReferenceTopic] = stdlibReference().flatMap { topics(in: $0.text) }

public func referenceTopic(_ name: String) -> ReferenceTopic? { referenceTopics.first { $0.names.contains(name) } }

private func topics(in notebook: String) -> [ReferenceTopic] {
  let marker = "# %% [markdown] "
  var topics: [ReferenceTopic] = []
  var text: [Substring] = []
  var code: [Substring] = []
  var isText = false
  func finish() {
    guard !topics.isEmpty else { return }
    topics[topics.count - 1].title = String(text.first?.drop { $0 == "#" || $0 == " " } ?? "")
    topics[topics.count - 1].text = trimmedLines(text.dropFirst())
    topics[topics.count - 1].example = trimmedLines(code[...])
    (text, code) = ([], [])
  }
  for line in notebook.split(separator: "\n", omittingEmptySubsequences: false) {
    if line.hasPrefix(marker) {
      finish()
      let names = line.dropFirst(marker.count).split(separator: ",").map { $0.filter { $0 != " " } }
      topics.append(ReferenceTopic(names: names))
      isText = true
    } else if line.hasPrefix("# %%") {
      isText = false
    } else if isText {
      let content = line.dropFirst()
      text.append(content.hasPrefix(" ") ? content.dropFirst() : content)
    } else {
      code.append(line)
    }
  }
  finish()
  return topics
}

/// Lines in one text, without empty ones at the ends.
private func trimmedLines(_ lines: ArraySlice<Substring>) -> String {
  var lines = lines
  while lines.first?.isEmpty == true { lines.removeFirst() }
  while lines.last?.isEmpty == true { lines.removeLast() }
  return lines.joined(separator: "\n")
}
