import Faults
import Language
import Tensors

/// What kinds of value a parameter takes.
public struct Kind: Sendable {
  let mask: UInt32
  /// Names of foreign types that are taken too.
  let foreign: [String]
  /// The kinds that it was made of, in words. They are put together only for a message: the library has hundreds.
  private let names: [String]

  /// The kinds in words, for messages: "a tensor or spikes".
  public var name: String { names.count == 1 ? names[0] : Self.listed(names) }

  init(_ name: String, _ tags: [Value.Tag], foreign: [String] = []) {
    self.init(names: [name], mask: tags.reduce(0) { $0 | 1 << UInt32($1.raw) }, foreign: foreign)
  }

  private init(names: [String], mask: UInt32, foreign: [String]) {
    self.names = names
    self.mask = mask
    self.foreign = foreign
  }

  public static let any = Kind(names: ["any value"], mask: ~0, foreign: [])
  public static let bool = Kind("a bool", [.bool])
  public static let int = Kind("an int", [.int])
  public static let number = Kind("a number", [.int, .float])
  public static let string = Kind("a string", [.string])
  /// Lines that are still to come stand for the list of them.
  public static let list = Kind("a list", [.list], foreign: [Kind.lines])
  public static let lines = "lines"
  public static let tuple = Kind("a tuple", [.tuple])
  public static let map = Kind("a map", [.map])
  public static let range = Kind("a range", [.range])
  public static let function = Kind("a function", [.function, .native, .foreign])
  public static let quantity = Kind("a quantity", [.quantity])
  public static let tensor = Kind("a tensor", [.tensor])
  public static let spikes = Kind("spikes", [.spikes])
  public static let error = Kind("an error", [.error])
  public static let module = Kind("a module", [.module])
  public static let `nil` = Kind("nil", [.nil])
  /// What can stand for a tensor: tensors, spikes, numbers, and lists of numbers.
  public static let array = Kind("a tensor or a list", [.tensor, .spikes, .list, .int, .float, .bool, .range])
  /// What `for` can go through.
  public static let iterable = Kind("a list, a string or another collection", [.list, .tuple, .range, .map, .string, .tensor, .spikes, .foreign])
  public static func foreign(_ typeName: String) -> Kind {
    let article = "aeiou".contains(typeName.first ?? "x") ? "an" : "a"
    return Kind(names: ["\(article) \(typeName)"], mask: 0, foreign: [typeName])
  }

  public static func | (a: Kind, b: Kind) -> Kind {
    Kind(names: a.names + b.names, mask: a.mask | b.mask, foreign: a.foreign + b.foreign)
  }

  /// "a tensor, a list or a map"; kinds that both name are said once.
  private static func listed(_ names: [String]) -> String {
    var parts: [Substring] = []
    for name in names.flatMap({ $0.split(separator: ", ") }) {
      for part in splitChoice(name) where !parts.contains(part) { parts.append(part) }
    }
    guard let last = parts.last, parts.count > 1 else { return names.first ?? "" }
    return parts.dropLast().joined(separator: ", ") + " or " + last
  }

  /// The parts of "a or b".
  private static func splitChoice(_ text: Substring) -> [Substring] {
    let words = text.split(separator: " ")
    return words.split(separator: "or").compactMap { part in
      guard let start = part.first?.startIndex, let end = part.last?.endIndex else { return nil }
      return text[start..<end]
    }
  }

  /// Whether it takes a value, and not just because it takes all.
  public func isMeant(for value: Value) -> Bool { mask != ~0 && accepts(value) }

  /// The types of values from rooms above that it takes.
  public var foreignTypes: [String] { foreign }

  public var isBool: Bool { mask == 1 << UInt32(Value.Tag.bool.raw) }

  func accepts(_ value: Value) -> Bool {
    mask & (1 << UInt32(value.tag.raw)) != 0 || (!foreign.isEmpty && acceptsForeign(value))
      || (value.tag == .tracked && accepts(value.plain))
  }

  private func acceptsForeign(_ value: Value) -> Bool {
    guard let held = value.asForeign else { return false }
    return foreign.contains(type(of: held).typeName)
  }
}

/// One parameter of a builtin: its name, what it takes, its default in words, and what it means.
public struct BuiltinParameter: Sendable {
  public enum Role: Sendable {
    case required
    /// May be left out; the text shows what then holds.
    case optional(String)
    /// The leading value that `|>` brings: left out when a call's first argument is of another kind.
    case subject
    /// All further positional arguments.
    case rest
    /// May be given by its name alone; such parameters stand right before the rest.
    case named(String)

    var isRest: Bool { if case .rest = self { true } else { false } }
    var isSubject: Bool { if case .subject = self { true } else { false } }
  }

  public let name: String
  public let kind: Kind
  public let role: Role
  public let documentation: String
  /// The dimension that a quantity given here must have.
  public let dimension: Dimension?

  public static func required(_ name: String, _ kind: Kind, _ documentation: String, dimension: Dimension? = nil) -> Self {
    Self(name: name, kind: kind, role: .required, documentation: documentation, dimension: dimension)
  }
  public static func optional(
    _ name: String, _ kind: Kind, default text: String, _ documentation: String, dimension: Dimension? = nil
  ) -> Self {
    Self(name: name, kind: kind, role: .optional(text), documentation: documentation, dimension: dimension)
  }
  public static func subject(_ name: String, _ kind: Kind, _ documentation: String) -> Self {
    Self(name: name, kind: kind, role: .subject, documentation: documentation, dimension: nil)
  }
  public static func named(_ name: String, _ kind: Kind, default text: String, _ documentation: String) -> Self {
    Self(name: name, kind: kind, role: .named(text), documentation: documentation, dimension: nil)
  }
  public static func rest(_ name: String, _ kind: Kind, _ documentation: String) -> Self {
    Self(name: name, kind: kind, role: .rest, documentation: documentation, dimension: nil)
  }

  /// The texts that it takes, where its help lists them; empty where any text will do.
  public var choices: [String] {
    guard kind.accepts(Self.anyText) else { return [] }
    var standard = ""
    if case .optional(let text) = role { standard = text }
    var found: [String] = []
    for (index, part) in "\(documentation) \(standard)".split(separator: "\"", omittingEmptySubsequences: false).enumerated() {
      let isWord = !part.isEmpty && part.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
      if index % 2 == 1, isWord, !found.contains(String(part)) { found.append(String(part)) }
    }
    return found.count > 1 ? found : []
  }

  private static var anyText: Value { Value(payload: 0, tag: .string) }

  var isNamedOnly: Bool {
    if case .named = role { true } else { false }
  }

  /// As a signature shows it: `beta = 0.9`.
  public var signature: String {
    switch role {
    case .required: name
    case .optional(let text), .named(let text): "\(name) = \(text)"
    case .subject: "[\(name)]"
    case .rest: "..\(name)"
    }
  }
}

/// One builtin: everything that help, completion, argument checks, the manual and the call itself need.
public final class Builtin: Sendable {
  public typealias Body = @Sendable (Call) throws(Fault) -> Value

  /// The name, with its module where it has one: `plot.line`.
  public let name: String
  public let parameters: [BuiltinParameter]
  /// What it gives, in words.
  public let returns: String
  public let documentation: String
  /// Lines that run as they stand; `# expect: …` comments are checked by the tests.
  public let example: String
  /// The subject under which the manual lists it.
  public let subject: String
  /// Whether its name stands for a value that the body computes when it is first asked for, and not for a function.
  public let isConstant: Bool
  /// The number that its name stands for; nil for a function, and for a value that the body computes.
  public let number: Double?
  /// Asked at each call: the parameters themselves are large.
  let parameterCount: Int
  let takesRest: Bool
  /// How many parameters positional arguments go to one by one.
  let positionalCount: Int
  let hasSubject: Bool
  let masks: [UInt32]
  let body: Body

  public init(
    _ name: String, _ parameters: [BuiltinParameter], returns: String, subject: String, _ documentation: String,
    example: String, body: @escaping Body
  ) {
    isConstant = false
    number = nil
    self.name = name
    self.parameters = parameters
    parameterCount = parameters.count
    takesRest = parameters.last?.role.isRest ?? false
    positionalCount = parameters.count { !$0.isNamedOnly } - (takesRest ? 1 : 0)
    hasSubject = parameters.first?.role.isSubject ?? false
    masks = parameters.map(\.kind.mask)
    self.returns = returns
    self.subject = subject
    self.documentation = documentation
    self.example = example
    self.body = body
  }

  /// A member of a module that is a value: `chips.loihi2`.
  public init(
    constant name: String, of type: String, number: Double? = nil, subject: String, _ documentation: String, example: String,
    body: @escaping Body
  ) {
    isConstant = true
    self.number = number
    self.name = name
    parameters = []
    parameterCount = 0
    takesRest = false
    positionalCount = 0
    hasSubject = false
    masks = []
    returns = type
    self.subject = subject
    self.documentation = documentation
    self.example = example
    self.body = body
  }

  /// A name that stands for a number wherever it is not bound otherwise: `pi`.
  public convenience init(_ name: String, number: Double, subject: String, _ documentation: String, example: String) {
    self.init(constant: name, of: "float", number: number, subject: subject, documentation, example: example) { _ in
      .float(number)
    }
  }

  /// The module, or nil for what is always there.
  public var module: String? {
    name.firstIndex(of: ".").map { String(name[..<$0]) }
  }

  /// The name without its module.
  public var baseName: String {
    name.firstIndex(of: ".").map { String(name[name.index(after: $0)...]) } ?? name
  }

  public var signature: String {
    if isConstant { return "\(name): \(returns)" }
    // What is given by name stands last, as a call would write it.
    let places = parameters.filter { !$0.isNamedOnly } + parameters.filter(\.isNamedOnly)
    return "\(name)(\(places.map(\.signature).joined(separator: ", "))) -> \(returns)"
  }
}

/// One call of a builtin: its arguments, bound to the parameters and checked against their kinds.
public struct Call {
  /// Both outlive the call, which is short: counting references to them would take longer than many a builtin.
  public unowned(unsafe) let machine: Machine
  public unowned(unsafe) let builtin: Builtin
  /// Borrowed; one for each parameter, `undefined` where left out. Rest arguments follow at the end.
  let arguments: UnsafePointer<Value>
  let count: Int

  public subscript(index: Int) -> Value { index < count ? arguments[index] : .undefined }

  public func has(_ index: Int) -> Bool { !self[index].isUndefined }

  /// The rest arguments, borrowed.
  public var rest: [Value] {
    let first = builtin.parameterCount - 1
    return first < count ? (first..<count).map { arguments[$0] } : []
  }

  /// The arguments from one on, borrowed, as long as the call lasts.
  public func restElements(from first: Int) -> UnsafeBufferPointer<Value> {
    UnsafeBufferPointer(start: arguments + first, count: max(0, count - first))
  }
  public var restElements: UnsafeBufferPointer<Value> { restElements(from: builtin.parameterCount - 1) }

  public var output: any Output { machine.output }
}

extension UnsafeBufferPointer<Value> {
  /// No values.
  public static var none: UnsafeBufferPointer<Value> { UnsafeBufferPointer(start: nil, count: 0) }
}
