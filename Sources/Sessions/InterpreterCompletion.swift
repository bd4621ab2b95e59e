import Language
import Machine

/// Names that can stand at the cursor: members behind a dot, units behind a number, modules behind `use`, keys in
/// `m["…`, the arguments of the call that the cursor is in, and everything that has a name.
extension InterpreterEvaluator {
  public func complete(_ text: String, at cursor: Int) -> Completions {
    let head = Array(text.utf8.prefix(cursor))
    if let open = openStringStart(in: String(decoding: head, as: UTF8.self)) { return keyCompletions(head, from: open) }
    var start = head.count
    while start > 0, isNamePart(head[start - 1]) { start -= 1 }
    let typed = String(decoding: head[start...], as: UTF8.self)
    if typed.first?.isNumber == true { return unitCompletions(typed, end: cursor) }
    let found: [Candidate]
    if start > 0, head[start - 1] == UInt8(ascii: "."), start < 2 || head[start - 2] != UInt8(ascii: ".") {
      found = members(of: pathEnding(at: start - 1, in: head), typed: typed)
    } else if word(before: start, in: head) == "use" {
      found = interpreter.library.moduleNames.map { Candidate($0, .module) }
    } else {
      let arguments = callAround(start, in: head).map { argumentCandidates($0.callee, given: $0.given) } ?? []
      found = arguments + (typed.isEmpty ? [] : globalCandidates)
    }
    return Completions(start..<cursor, found.filter { $0.text.hasPrefix(typed) })
  }

  private func isNamePart(_ byte: UInt8) -> Bool {
    byte >= 0x80 || byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  // MARK: what stands before the cursor

  /// The dotted name that ends before an offset, with whole numbers in brackets as parts of their own:
  /// `net.layers[0]` is net, layers, 0. Empty where something else stands there.
  private func pathEnding(at end: Int, in head: [UInt8]) -> [String] {
    var path: [String] = []
    var at = end
    while true {
      if at > 0, head[at - 1] == UInt8(ascii: "]") {
        guard let open = head[..<at].lastIndex(of: UInt8(ascii: "[")) else { return [] }
        let index = String(decoding: head[open + 1..<at - 1], as: UTF8.self)
        guard Int(index) != nil else { return [] }
        path.insert(index, at: 0)
        at = open
        continue
      }
      var start = at
      while start > 0, isNamePart(head[start - 1]) { start -= 1 }
      if start == at { return [] }
      path.insert(String(decoding: head[start..<at], as: UTF8.self), at: 0)
      guard start > 0, head[start - 1] == UInt8(ascii: ".") else { return path }
      at = start - 1
    }
  }

  private func word(before end: Int, in head: [UInt8]) -> String {
    var last = end
    while last > 0, head[last - 1] == UInt8(ascii: " ") { last -= 1 }
    var start = last
    while start > 0, isNamePart(head[start - 1]) { start -= 1 }
    return last == end ? "" : String(decoding: head[start..<last], as: UTF8.self)
  }

  /// The call whose parentheses the cursor stands in, with the arguments that it names already.
  private func callAround(_ end: Int, in head: [UInt8]) -> (callee: [String], given: Set<String>)? {
    var depth = 0
    var at = end
    var given: Set<String> = []
    while at > 0 {
      at -= 1
      switch head[at] {
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): depth += 1
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
        if depth == 0 {
          if head[at] != UInt8(ascii: "(") { return nil }
          let callee = pathEnding(at: at, in: head)
          return callee.isEmpty ? nil : (callee, given)
        }
        depth -= 1
      case UInt8(ascii: "=") where depth == 0:
        if let name = pathEnding(at: at, in: head).last { given.insert(name) }
      case UInt8(ascii: "\n") where depth == 0 && end - at > 4000: return nil
      default: continue
      }
    }
    return nil
  }

  // MARK: candidates

  private func members(of path: [String], typed: String) -> [Candidate] {
    guard let first = path.first else { return typed.isEmpty ? [] : functionCandidates }
    if let value = value(ofPath: path) {
      defer { value.release() }
      let names = interpreter.machine.memberNames(of: value).filter(isPlainName)
      let kind: Candidate.Kind = value.tag == .module ? .function : .member
      let summaries = value.tag == .module ? summaries(of: path.joined(separator: ".")) : [:]
      let own = names.map { name in
        let isConstant = interpreter.library.builtins["\(path.joined(separator: ".")).\(name)"]?.isConstant == true
        return Candidate(name, isConstant ? .constant : kind, summaries[name] ?? "")
      }
      let isKnown = own.contains { $0.text.hasPrefix(typed) }
      return value.tag == .module || typed.isEmpty || isKnown ? own : functionCandidates
    }
    let topics = path.count == 1 ? moduleTopics(first) : []
    return topics.map { topic in
      let isConstant = interpreter.library.builtins[topic.name]?.isConstant == true
      return Candidate(String(topic.name.dropFirst(first.count + 1)), isConstant ? .constant : .function, topic.summary)
    }
  }

  private func summaries(of module: String) -> [String: String] {
    Dictionary(moduleTopics(module).map { (String($0.name.dropFirst(module.count + 1)), $0.summary) }) { first, _ in
      first
    }
  }

  private func argumentCandidates(_ callee: [String], given: Set<String>) -> [Candidate] {
    let name = callee.joined(separator: ".")
    // `x.f(` calls the function `f` where `x` has no such member.
    for known in [name, callee.last ?? name] {
      if let builtin = interpreter.library.builtins[known] {
        return builtin.parameters.filter { !given.contains($0.name) }.compactMap { parameter in
          if case .rest = parameter.role { return nil }
          return Candidate(parameter.name + "=", .argument, parameter.documentation)
        }
      }
    }
    guard let value = value(ofPath: callee) ?? value(ofPath: [callee.last ?? name]) else { return [] }
    defer { value.release() }
    return value.functionParameters.filter { !given.contains($0) }.map { Candidate($0 + "=", .argument) }
  }

  private var functionCandidates: [Candidate] {
    let builtins = interpreter.library.builtins.values.filter { $0.module == nil }
      .map { Candidate($0.name, .function, $0.signature) }
    let prelude = interpreter.preludeNames.compactMap { name in
      interpreter.documentation(of: name).map { Candidate(name, .function, $0.signature) }
    }
    return (builtins + prelude).sorted { $0.text < $1.text }
  }

  private var globalCandidates: [Candidate] {
    let own = userNames.compactMap { name -> Candidate? in
      guard let value = interpreter.value(of: name) else { return nil }
      return Candidate(name, value.isCallable ? .function : .variable, value.functionHelp?.signature ?? value.typeName)
    }
    let words = (Keyword.allCases.map(\.rawValue) + softKeywords).map { Candidate($0, .keyword) }
    let modules = interpreter.library.openModules.sorted().map { Candidate($0, .module) }
    var seen: Set<String> = []
    return (own + functionCandidates + modules + words + [Candidate("ans", .variable, "the last value")])
      .filter { seen.insert($0.text).inserted }
      .sorted { $0.text < $1.text }
  }

  private func unitCompletions(_ typed: String, end: Int) -> Completions {
    let letters = typed.drop { $0.isNumber || $0 == "_" }
    guard !letters.isEmpty else { return .none(at: end) }
    let found = unitNames.filter { $0.hasPrefix(letters) }
      .map { Candidate($0, .unit, units[$0]?.dimension.name ?? "") }
    return Completions(end - letters.utf8.count..<end, found)
  }

  /// The keys of a map in `m["…`.
  private func keyCompletions(_ head: [UInt8], from start: Int) -> Completions {
    guard start >= 2, head[start - 2] == UInt8(ascii: "["),
      let value = value(ofPath: pathEnding(at: start - 2, in: head))
    else { return .none(at: head.count) }
    defer { value.release() }
    guard value.tag == .map else { return .none(at: head.count) }
    let typed = String(decoding: head[start...], as: UTF8.self)
    let keys = interpreter.machine.memberNames(of: value).filter { $0.hasPrefix(typed) && !$0.contains("\"") }
    return Completions(start..<head.count, keys.map { Candidate($0, .value) })
  }
}
