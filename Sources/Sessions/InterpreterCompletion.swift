import Language
import Machine

/// Names that can stand at the cursor: members behind a dot, units behind a number or where one is asked for, functions behind
/// `|>`, modules behind `use`, keys in `m["…`, the arguments of the call that the cursor is in with the values that they take,
/// and everything that has a name.
extension InterpreterEvaluator {
  public func complete(_ text: String, at cursor: Int) -> Completions {
    let head = Array(text.utf8.prefix(cursor))
    if let open = openStringStart(in: String(decoding: head, as: UTF8.self)) { return textCompletions(head, from: open) }
    var start = head.count
    while start > 0, isNamePart(head[start - 1]) { start -= 1 }
    let typed = String(decoding: head[start...], as: UTF8.self)
    if typed.first?.isNumber == true { return unitCompletions(typed, end: cursor) }
    let found: [Candidate]
    if start > 0, head[start - 1] == UInt8(ascii: "."), start < 2 || head[start - 2] != UInt8(ascii: ".") {
      found = members(of: pathEnding(at: start - 1, in: head), typed: typed)
    } else if word(before: start, in: head) == "use" {
      found = interpreter.library.moduleNames.map { Candidate($0, .module) }
    } else if isBehindPipe(start, in: head) {
      found = callableCandidates
    } else if let argument = argument(before: start, in: head) {
      let values = valueCandidates(of: argument)
      found = values.isEmpty ? (typed.isEmpty ? [] : globalCandidates) : values
    } else {
      let call = callAround(start, in: head)
      let takesUnit = call.map { wantsUnit($0, in: head) } ?? false
      let arguments = call.map { argumentCandidates($0.callee, given: $0.given) } ?? []
      found = takesUnit ? unitCandidates(call, in: head) : arguments + (typed.isEmpty ? [] : globalCandidates)
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

  /// Whether `|>` stands before an offset, with nothing but blanks between.
  private func isBehindPipe(_ end: Int, in head: [UInt8]) -> Bool {
    let last = head[..<end].lastIndex { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") }
    guard let last, last > 0 else { return false }
    return head[last] == UInt8(ascii: ">") && head[last - 1] == UInt8(ascii: "|")
  }

  /// The named argument whose value begins at an offset: the function that it belongs to, and its name.
  private func argument(before end: Int, in head: [UInt8]) -> (callee: [String], name: String)? {
    guard let last = head[..<end].lastIndex(where: { $0 != UInt8(ascii: " ") }), last > 0, head[last] == UInt8(ascii: "="),
      let name = pathEnding(at: last, in: head).last, let call = callAround(last, in: head)
    else { return nil }
    return (call.callee, name)
  }

  private struct SurroundingCall {
    var callee: [String]
    /// The arguments that it names already.
    var given: Set<String>
    /// Where the parentheses open.
    var open: Int
    /// How many arguments stand before the cursor.
    var index: Int
  }

  /// The call whose parentheses the cursor stands in.
  private func callAround(_ end: Int, in head: [UInt8]) -> SurroundingCall? {
    var depth = 0
    var at = end
    var index = 0
    var given: Set<String> = []
    while at > 0 {
      at -= 1
      switch head[at] {
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): depth += 1
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
        if depth == 0 {
          if head[at] != UInt8(ascii: "(") { return nil }
          let callee = pathEnding(at: at, in: head)
          return callee.isEmpty ? nil : SurroundingCall(callee: callee, given: given, open: at, index: index)
        }
        depth -= 1
      case UInt8(ascii: ",") where depth == 0: index += 1
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
    guard let value = value(ofPath: path) else { return path.count == 1 ? moduleCandidates(first) : [] }
    defer { value.release() }
    if value.tag == .module {
      let known = moduleCandidates(path.joined(separator: "."))
      let names = interpreter.machine.memberNames(of: value).filter { name in !known.contains { $0.text == name } }
      return known + names.filter(isPlainName).map { Candidate($0, .function) }
    }
    let own = interpreter.machine.memberNames(of: value).filter(isPlainName).map { Candidate($0, .member) }
    // A map's keys are its user's own words: functions stand behind them only where no key is meant.
    if value.tag == .map, typed.isEmpty || own.contains(where: { $0.text.hasPrefix(typed) }) { return own }
    return own + methodCandidates(of: value).filter { method in !own.contains { $0.text == method.text } }
  }

  /// The functions that take a value as their first argument: `x.mean()` is `mean(x)`.
  private func methodCandidates(of value: Value) -> [Candidate] {
    interpreter.library.builtins.values.filter { $0.module == nil && $0.parameters.first?.kind.isMeant(for: value) == true }
      .map { Candidate($0.name, .function, $0.signature) }.sorted { $0.text < $1.text }
  }

  private func moduleCandidates(_ module: String) -> [Candidate] {
    interpreter.library.helpEntries.filter { $0.name.hasPrefix(module + ".") }.map { entry in
      let isConstant = interpreter.library.builtins[entry.name]?.isConstant == true
      return Candidate(String(entry.name.dropFirst(module.count + 1)), isConstant ? .constant : .function, entry.summary)
    }.sorted { $0.text < $1.text }
  }

  /// The builtin that a call names; `x.f(` calls the function `f` where `x` has no such member.
  private func builtin(_ callee: [String]) -> Builtin? {
    interpreter.library.builtins[callee.joined(separator: ".")] ?? callee.last.flatMap { interpreter.library.builtins[$0] }
  }

  /// What an argument takes, where that is one of a few: texts, a bool, or values that functions of the library make.
  private func valueCandidates(of argument: (callee: [String], name: String)) -> [Candidate] {
    guard let parameter = builtin(argument.callee)?.parameters.first(where: { $0.name == argument.name }) else { return [] }
    if !parameter.choices.isEmpty { return parameter.choices.map { Candidate("\"\($0)\"", .value) } }
    if parameter.kind.isBool { return ["false", "true"].map { Candidate($0, .constant) } }
    let types = parameter.kind.foreignTypes
    let makers = interpreter.library.builtins.values.filter { builtin in
      types.contains { type in builtin.returns == type || builtin.returns.hasSuffix("or \(type)") }
    }
    return makers.map { Candidate($0.name, $0.isConstant ? .constant : .function, $0.signature) }.sorted { $0.text < $1.text }
  }

  /// Whether the cursor stands where a call takes a unit, as in `to(power, `.
  private func wantsUnit(_ call: SurroundingCall, in head: [UInt8]) -> Bool {
    guard let builtin = builtin(call.callee), let place = builtin.parameters.firstIndex(where: { $0.name == "unit" }) else { return false }
    return call.index + (isPiped(call, in: head) ? 1 : 0) == place
  }

  private func isPiped(_ call: SurroundingCall, in head: [UInt8]) -> Bool {
    let name = call.callee.joined(separator: ".").utf8.count
    return isBehindPipe(call.open - name, in: head) || call.callee.count > 1
  }

  /// Units; of the quantity's dimension where it is known.
  private func unitCandidates(_ call: SurroundingCall?, in head: [UInt8]) -> [Candidate] {
    var dimension: Dimension?
    if let call, !isPiped(call, in: head), let comma = head[call.open...].firstIndex(of: UInt8(ascii: ",")) {
      let path = pathEnding(at: comma, in: head)
      if let value = value(ofPath: path) {
        dimension = value.asQuantity?.dimension
        value.release()
      } else if let literal = path.first, let unit = units[String(literal.drop { $0.isNumber })] {
        dimension = unit.dimension
      }
    } else if let call, call.callee.count > 1, let value = value(ofPath: Array(call.callee.dropLast())) {
      dimension = value.asQuantity?.dimension
      value.release()
    }
    return unitNames.filter { dimension == nil || units[$0]?.dimension == dimension }
      .map { Candidate($0, .unit, units[$0]?.dimension.name ?? "") }
  }

  private func argumentCandidates(_ callee: [String], given: Set<String>) -> [Candidate] {
    if let builtin = builtin(callee) {
      return builtin.parameters.filter { !given.contains($0.name) }.compactMap { parameter in
        if case .rest = parameter.role { return nil }
        return Candidate(parameter.name + "=", .argument, parameter.documentation)
      }
    }
    guard let value = value(ofPath: callee) ?? value(ofPath: Array(callee.suffix(1))) else { return [] }
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

  /// What can stand behind `|>`.
  private var callableCandidates: [Candidate] {
    let own = userNames.filter { interpreter.value(of: $0)?.isCallable == true || interpreter.value(of: $0)?.asForeign?.isCallable == true }
      .map { Candidate($0, .function, interpreter.value(of: $0)?.functionHelp?.signature ?? "") }
    let modules = interpreter.library.openModules.sorted().map { Candidate($0, .module) }
    return (own + functionCandidates.filter { name in !own.contains { $0.text == name.text } } + modules).sorted { $0.text < $1.text }
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

  /// The keys of a map in `m["…`, and the texts that an argument takes in `f(name="…`.
  private func textCompletions(_ head: [UInt8], from start: Int) -> Completions {
    if let argument = argument(before: start - 1, in: head) {
      let choices = builtin(argument.callee)?.parameters.first { $0.name == argument.name }?.choices ?? []
      let typed = String(decoding: head[start...], as: UTF8.self)
      let found = choices.filter { $0.hasPrefix(typed) }.map { Candidate($0, .value) }
      return found.isEmpty ? .none(at: head.count) : Completions(start..<head.count, found)
    }
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
