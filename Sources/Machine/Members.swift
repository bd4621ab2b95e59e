import Faults
import Language
import Tensors

/// Members: a map's keys, a module's names, and what tensors, spikes, quantities and errors show of themselves.
extension Machine {
  @inline(never)
  func getMember(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>, _ name: Value) -> Bool {
    let receiver = registers[Int(instruction.b)]
    return attempt(nil, nil) { () throws(Fault) in
      guard let value = try member(receiver, name) else { throw noMember(receiver, name.asString ?? "") }
      if instruction.x & 1 != 0 { Machine.store(registers + Int(instruction.b), .nil) }
      Machine.store(registers + Int(instruction.a), value)
    }
  }

  /// An owned member, or nil when the value has none of that name.
  func member(_ receiver: Value, _ name: Value) throws(Fault) -> Value? {
    switch receiver.tag {
    case .map: return receiver.object(as: MapObject.self).get(name)?.retained()
    case .module: return try moduleMember(receiver.object(as: ModuleObject.self), name.asString ?? "")
    case .foreign: return try receiver.asForeign?.member(name.asString ?? "")
    case .native:
      if let found = try familyMember(receiver.object(as: NativeObject.self).builtin, name.asString ?? "") { return found }
      fallthrough
    default:
      let text = name.asString ?? ""
      return try Self.coreMembers[receiver.typeName]?.first { $0.name == text }?.read(receiver)
    }
  }

  /// `random.gamma`: a function whose name is that of a module too has the module's functions behind a dot, and those that
  /// are always there under the same subject.
  private func familyMember(_ family: Builtin, _ name: String) throws(Fault) -> Value? {
    guard library.moduleNames.contains(family.name) else { return nil }
    if let own = try moduleMember(libraryModule(family.name), name) { return own }
    guard let shared = library.builtins[name], shared.subject == family.subject else { return nil }
    return .function(shared)
  }

  private func moduleMember(_ module: ModuleObject, _ name: String) throws(Fault) -> Value? {
    switch module.members[name] {
    case .builtin(let value)?: return value.retained()
    case .constant(let builtin)?:
      let none = Value.undefined
      let value = try withUnsafePointer(to: none) { (place) throws(Fault) in
        try builtin.body(Call(machine: self, builtin: builtin, arguments: place, count: 0))
      }
      module.members[name] = .builtin(value)
      return value.retained()
    case .global(let slot)?:
      if globals[slot].tag == .undefined { throw Self.noValue("`\(module.name).\(name)`") }
      return globals[slot].retained()
    case nil: return nil
    }
  }

  typealias CoreMember = (name: String, read: @Sendable (Value) throws(Fault) -> Value)

  /// The members of the language's own types.
  static let coreMembers: [String: [CoreMember]] = [
    "tensor": [
      ("shape", { (value) throws(Fault) in .list((value.asTensor?.shape ?? []).map { .int($0) }) }),
      ("rank", { (value) throws(Fault) in .int(value.asTensor?.rank ?? 0) }),
      ("size", { (value) throws(Fault) in .int(value.asTensor?.count ?? 0) }),
      ("T", { (value) throws(Fault) in
        guard let tensor = value.asTensor else { return .nil }
        return .tensor(try tensor.transposed())
      }),
    ],
    "spikes": [
      ("shape", { (value) throws(Fault) in .list((value.asSignal?.spikes.shape ?? []).map { .int($0) }) }),
      ("size", { (value) throws(Fault) in .int((value.asSignal?.spikes.shape ?? []).reduce(1, *)) }),
      ("total", { (value) throws(Fault) in
        guard let (spikes, tracked) = value.asSignal else { return .nil }
        guard let tracked else { return .int(spikes.total) }
        let sum = Machine.scalarOrTensor(try tracked.sum())
        defer { sum.release() }
        return try .number(.int(spikes.total), from: [(sum, 1)])
      }),
      ("density", { (value) throws(Fault) in
        guard let (spikes, tracked) = value.asSignal else { return .nil }
        guard let tracked else { return .float(spikes.density) }
        let mean = Machine.scalarOrTensor(try tracked.mean())
        defer { mean.release() }
        return try .number(.float(spikes.density), from: [(mean, 1)])
      }),
    ],
    "error": [
      ("message", { (value) throws(Fault) in .string(value.object(as: ErrorObject.self).message) }),
      ("kind", { (value) throws(Fault) in .string(value.object(as: ErrorObject.self).diagnostic.fault.kind.rawValue) }),
      ("value", { (value) throws(Fault) in value.object(as: ErrorObject.self).thrown.retained() }),
      ("line", { (value) throws(Fault) in .int(value.object(as: ErrorObject.self).diagnostic.line) }),
      ("help", { (value) throws(Fault) in
        value.object(as: ErrorObject.self).diagnostic.fault.help.map { .string($0) } ?? .nil
      }),
    ],
    "range": [
      ("start", { (value) throws(Fault) in .int(value.asRange?.low ?? 0) }),
      ("stop", { (value) throws(Fault) in .int(value.asRange?.high ?? 0) }),
      ("step", { (value) throws(Fault) in .int(value.asRange?.step ?? 1) }),
    ],
    "function": [
      ("name", { (value) throws(Fault) in .string(value.functionName) })
    ],
    "quantity": [
      ("dimension", { (value) throws(Fault) in .string(value.plain.asQuantity?.dimension.name ?? "") })
    ],
  ]

  /// The names behind a dot, for completion and for suggestions.
  public func memberNames(of value: Value) -> [String] {
    switch value.tag {
    case .map: return value.object(as: MapObject.self).stringKeys
    case .module: return value.object(as: ModuleObject.self).memberNames
    case .foreign: return value.asForeign?.memberNames ?? []
    case .native:
      let family = value.object(as: NativeObject.self).builtin.name
      let own = modules[family]?.memberNames ?? library.builtins.values.filter { $0.module == family }.map(\.baseName).sorted()
      return own + (Self.coreMembers["function"] ?? []).map(\.name)
    default: return Self.coreMembers[value.typeName]?.map(\.name) ?? []
    }
  }

  func noMember(_ receiver: Value, _ name: String) -> Fault {
    if receiver.tag == .map {
      let key = Value.string(name)
      defer { key.release() }
      return missingKey(receiver, key)
    }
    let known = memberNames(of: receiver)
    let subject =
      receiver.tag == .module
      ? "module `\(receiver.object(as: ModuleObject.self).name)`" : receiver.description(of: .kind)
    if let function = libraryFunction(name) {
      function.release()
      if receiver.tag == .module {
        return Fault(.name, "\(subject) has no member `\(name)`", label: "it belongs to no module", help: "write `\(name)(…)` alone")
      }
      return Fault(.name, "\(subject) has no member `\(name)`", label: "a function", help: "call it: `x.\(name)()`")
    }
    if let habit = Self.foreignMethods[name] {
      return Fault(.name, "\(subject) has no member `\(name)`", label: "written otherwise here", help: habit)
    }
    let functions = library.builtins.keys.filter { !$0.contains(".") }
    let all = known.isEmpty ? nil : "it has \(known.prefix(12).joined(separator: ", "))"
    return Fault(
      .name, "\(subject) has no member `\(name)`", label: "not one of its names",
      help: didYouMean(name, among: known + functions) ?? all)
  }

  /// Methods that readers of other languages try, and how it is written here.
  private static let foreignMethods = [
    "append": "a list grows by `xs += [x]`", "add": "a list grows by `xs += [x]`",
    "extend": "lists are joined by `xs += ys`", "length": "write `len(x)`", "size": "write `len(x)`",
    "forEach": "write `for x in xs { … }`", "tolist": "write `list(x)`", "toString": "write `str(x)`",
    "items": "write `for (key, value) in m { … }`", "numpy": "a tensor is itself: no conversion is needed",
  ]
}

extension ErrorObject {
  /// What went wrong in one text, as `print(e.message)` should show it.
  var message: String {
    let fault = diagnostic.fault
    if fault.kind == .thrown || fault.kind == .assertion { return fault.title }
    return fault.label.map { "\(fault.title): \($0)" } ?? fault.title
  }
}

extension Value {
  public var functionName: String {
    if tag == .function { return object(as: FunctionObject.self).prototype.name }
    return tag == .native ? object(as: NativeObject.self).builtin.name : typeName
  }
}
