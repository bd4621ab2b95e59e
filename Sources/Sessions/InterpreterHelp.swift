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
      if value.tag == .module, let module = path.last { return moduleHelp(module) ?? describe(name, value) }
      return describe(name, value)
    }
    if let builtin = library.builtins[name] { return builtinHelp(builtin) }
    if let page = moduleHelp(name) { return page }
    if let unit = units[name] {
      return "\(name): a unit of \(unit.dimension.name); write it behind a number, as in 20\(name)"
    }
    return LanguageForms.page(name)
  }

  private func page(_ signature: String, _ text: String) -> String {
    text.isEmpty
      ? "\(signature)\n\nwithout documentation: write it in `##` lines above the definition" : "\(signature)\n\n\(text)"
  }

  private func describe(_ name: String, _ value: Value) -> String {
    let text = display(value, style: interpreter.machine.output.style, isDescription: true)
    return "\(name): \(value.typeName)\n\(withoutLastNewline(text))"
  }

  /// A module's functions with a line about each.
  private func moduleHelp(_ module: String) -> String? {
    let topics = moduleTopics(module)
    if topics.isEmpty { return nil }
    let width = topics.map(\.name.count).max() ?? 0
    let use = library.openModules.contains(module) ? "always there" : "`use \(module)` brings it"
    // The blanks in front keep each line a line where the page is filled anew.
    let room = max(10, interpreter.machine.output.width - width - 5)
    let lines = topics.map { "  " + padded($0.name, to: width) + "  " + clipped($0.summary, to: room) }
    return (["module \(module): \(use)", ""] + lines).joined(separator: "\n")
  }

  public func source(of name: String) -> String? {
    guard let value = value(ofPath: name.split(separator: ".").map(String.init)) else { return nil }
    defer { value.release() }
    return value.functionSource
  }

  public func apropos(_ text: String) -> [Topic] {
    let modules = library.moduleNames.flatMap { moduleTopics($0) }
    let own = (interpreter.preludeNames + userNames).compactMap { name in
      interpreter.documentation(of: name).map { Topic(name: name, summary: firstLine($0.text)) }
    }
    let builtins = library.builtins.values.map { Topic(name: $0.name, summary: firstLine($0.documentation)) }
    let full = Dictionary(library.builtins.values.map { ($0.name, $0.documentation) }) { first, _ in first }
    var seen: Set<String> = []
    return (builtins + own + modules)
      .filter { contains($0.name, text) || contains($0.summary, text) || contains(full[$0.name] ?? "", text) }
      .filter { seen.insert($0.name).inserted }
      .sorted { $0.name < $1.name }
  }

  /// The names of a module: its builtins, and the functions of its source with their documentation.
  func moduleTopics(_ module: String) -> [Topic] {
    let builtins = library.builtins.values.filter { $0.module == module }
      .map { Topic(name: $0.name, summary: firstLine($0.documentation)) }
    return (builtins + sourceTopics(module)).sorted { $0.name < $1.name }
  }

  /// Read from the text, so that asking about a module does not run it.
  private func sourceTopics(_ module: String) -> [Topic] {
    guard module != "prelude", let text = library.sources[module] else { return [] }
    var topics: [Topic] = []
    var summary: String?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("##") {
        summary = summary ?? trimmed(String(line.dropFirst(2)))
        continue
      }
      for word in ["fn ", "let ", "neuron "] where line.hasPrefix(word) {
        let name = line.dropFirst(word.count).prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        if !name.isEmpty, name.first != "_" { topics.append(Topic(name: "\(module).\(name)", summary: summary ?? "")) }
      }
      summary = nil
    }
    return topics
  }

  private func firstLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
  }
}
