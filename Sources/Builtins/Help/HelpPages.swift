import Language
import Machine
import Texts

/// What the library knows about a name: a builtin, a function of the stdlib, a module, a unit, a part of the language.
extension Library {
  public func helpPage(_ name: String, width: Int) -> String? {
    if let builtin = builtins[name] { return builtinHelp(builtin) + seeAlso(name) }
    if let entry = sourceEntries.first(where: { $0.name == name }) { return "\(entry.signature)\n\n\(entry.text)" }
    if let page = modulePage(name, width: width) { return page + seeAlso(name) }
    if let topic = referenceTopic(name) { return topic.page }
    if let unit = units[name] {
      return "\(name): a unit of \(unit.dimension.name); write it behind a number, as in 20\(name)"
    }
    return ["topics", "reference", "language"].contains(name) ? topicList(width: width) : nil
  }

  /// Points from a function to the part of the language that has its name.
  private func seeAlso(_ name: String) -> String {
    guard let topic = referenceTopic(name), topic.name != name else { return "" }
    return "\n\nSee also ?\(topic.name): \(topic.title)"
  }

  /// A module's functions with a line about each.
  public func modulePage(_ module: String, width: Int) -> String? {
    let members = helpEntries.filter { $0.name.hasPrefix(module + ".") }.sorted { $0.name < $1.name }
    if members.isEmpty { return nil }
    let use = openModules.contains(module) ? "always there" : "`use \(module)` brings it"
    return "module \(module): \(use)\n\n" + helpTable(members.map { ($0.name, $0.summary) }, width: width)
  }

  private func topicList(width: Int) -> String {
    "The parts of the language; `?for` explains one, and apropos(\"text\") finds more.\n\n"
      + helpTable(referenceTopics.map { ($0.name, $0.title) }, width: width)
  }

  /// Everything that has a page of its own, but units.
  public var helpEntries: [HelpEntry] {
    builtins.values.map { HelpEntry($0) } + sourceEntries + referenceTopics.map { HelpEntry($0) }
  }

  /// The functions, neurons and values of the stdlib's sources, read from their text: asking about a module does not run it.
  private var sourceEntries: [HelpEntry] {
    sources.flatMap { module, text in HelpEntry.definitions(in: text, of: module == "prelude" ? nil : module) }
  }
}

/// Names and what is said of them in two columns. The blanks in front keep each line a line where the page is filled anew.
public func helpTable(_ lines: [(name: String, summary: String)], width: Int) -> String {
  let widest = lines.map(\.name.displayWidth).max() ?? 0
  let room = max(10, width - widest - 5)
  return lines.map { line in
    let padding = String(repeating: " ", count: widest - line.name.displayWidth)
    return "  \(line.name)\(padding)  \(line.summary.clipped(toWidth: room))"
  }.joined(separator: "\n")
}
