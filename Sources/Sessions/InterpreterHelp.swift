import Builtins
import Language
import Machine

/// What the language knows about its names, for `?name`, `??name` and apropos.
extension InterpreterEvaluator {
  private var library: Library { interpreter.library }

  public func help(_ name: String) -> String? {
    let name = String(name.prefix { $0 != "(" && !$0.isWhitespace })
    let path = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if path.count == 1, interpreter.value(of: name) != nil, let known = interpreter.documentation(of: name) {
      return page(known.signature, known.text)
    }
    if let value = value(ofPath: path) {
      defer { value.release() }
      if let known = value.functionHelp { return page(known.signature, known.text) }
      if let builtin = value.asBuiltin { return builtinHelp(builtin) }
      if value.tag == .module, let module = path.last { return library.helpPage(module, width: width) ?? describe(name, value) }
      return describe(name, value)
    }
    return library.helpPage(name, width: width)
  }

  private var width: Int { interpreter.machine.output.width }

  private func page(_ signature: String, _ text: String) -> String {
    text.isEmpty
      ? "\(signature)\n\nwithout documentation: write it in `##` lines above the definition" : "\(signature)\n\n\(text)"
  }

  private func describe(_ name: String, _ value: Value) -> String {
    let text = display(value, style: interpreter.machine.output.style, isDescription: true)
    return "\(name): \(value.typeName)\n\(withoutLastNewline(text))"
  }

  public func source(of name: String) -> String? {
    guard let value = value(ofPath: name.split(separator: ".").map(String.init)) else { return nil }
    defer { value.release() }
    return value.functionSource
  }

  public func apropos(_ text: String) -> [Topic] {
    let own = userNames.compactMap { name in
      interpreter.documentation(of: name).map { HelpEntry(name: name, signature: $0.signature, text: $0.text) }
    }
    let magics = Magic.all.map { HelpEntry(name: "%\($0.name)", text: $0.help, keywords: $0.aliases.joined(separator: " ")) }
    let search = HelpSearch(text)
    return search.found(among: own + library.helpEntries + magics).map { Topic(name: $0.name, summary: $0.summary) }
  }
}
