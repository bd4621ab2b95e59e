import Machine

/// What search and lists say about a name that has a page.
public struct HelpEntry: Sendable {
  public var name: String
  /// The first line of its documentation.
  public var summary: String
  public var signature: String
  public var text: String
  /// Other names.
  var aliases: [String] = []
  /// The subject, and the arguments with what they mean.
  var keywords: String

  public init(name: String, signature: String = "", text: String, keywords: String = "") {
    self.name = name
    self.signature = signature
    self.text = text
    self.keywords = keywords
    summary = text.split(separator: "\n").first.map(String.init) ?? ""
  }

  init(_ builtin: Builtin) {
    let arguments = builtin.parameters.map { "\($0.name) \($0.documentation)" }
    self.init(
      name: builtin.name, signature: builtin.signature, text: builtin.documentation,
      keywords: ([builtin.subject] + arguments).joined(separator: " "))
  }

  init(_ topic: ReferenceTopic) {
    self.init(name: topic.name, signature: topic.title, text: topic.text)
    aliases = topic.names
    summary = topic.title
  }

  /// The top-level definitions of a source with the `##` lines above them; names that begin with `_` are its own.
  static func definitions(in source: String, of module: String?) -> [HelpEntry] {
    var entries: [HelpEntry] = []
    var documentation: [String] = []
    for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("##") {
        documentation.append(String(line.dropFirst(2).drop { $0 == " " }))
        continue
      }
      for word in ["fn ", "let ", "neuron "] where line.hasPrefix(word) {
        let name = line.dropFirst(word.count).prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        if name.isEmpty || name.first == "_" { continue }
        let head = line.dropFirst(word == "let " ? 4 : 0).prefix { $0 != "{" && $0 != "=" || word != "let " && $0 == "=" }
        let signature = head.split(separator: "=>").first.map(String.init) ?? String(head)
        entries.append(
          HelpEntry(
            name: module.map { "\($0).\(name)" } ?? String(name),
            signature: String(signature.reversed().drop { $0 == " " }.reversed()), text: documentation.joined(separator: "\n")))
      }
      documentation = []
    }
    return entries
  }
}
