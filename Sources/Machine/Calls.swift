import Faults
import Language

/// Calls: binding arguments to parameters, of functions of the language and of builtins.
extension Machine {
  enum CallOutcome {
    /// A frame was pushed; `currentPC` is where it begins.
    case entered
    /// The result is where the callee was.
    case done
    case failed
  }

  /// Calls what `base` holds with the `count` values behind it; the last of them have names where `names` (a tuple of
  /// strings) is given. Bit 1 of `flags` says that the first argument came by `|>`.
  @inline(never)
  func prepareCall(_ base: UnsafeMutablePointer<Value>, _ count: Int, names: Value?, flags: UInt8) -> CallOutcome {
    switch base.pointee.tag {
    case .function: return enter(base, count, names)
    case .native: return callNative(base, count, names, isPiped: flags & 1 != 0)
    case .foreign: return callForeign(base, count, names)
    default:
      _ = fail(notCallable(base.pointee))
      return .failed
    }
  }

  private func notCallable(_ value: Value) -> Fault {
    Fault(
      .type, "\(value.description(of: .kind)) cannot be called",
      label: "this is \(shortText(value))",
      help: value.tag == .module ? "call one of its functions: \(value.object(as: ModuleObject.self).memberNames.prefix(5).joined(separator: ", "))" : nil)
  }

  /// A value in few words.
  func shortText(_ value: Value) -> String {
    let text = value.description(of: .quoted)
    return text.count <= 60 ? text : value.description(of: .kind)
  }

  // MARK: functions of the language

  private func enter(_ base: UnsafeMutablePointer<Value>, _ count: Int, _ names: Value?) -> CallOutcome {
    let prototype = base.pointee.object(as: FunctionObject.self).prototype
    if frameCount >= limits.callDepth || base + prototype.registerCount + count + 8 >= stackEnd {
      _ = fail(Self.stackOverflow(limits))
      return .failed
    }
    if let fault = bind(base + 1, count, names, prototype) {
      pendingArgument = wrongArgument(count, names, prototype)
      _ = fail(fault)
      return .failed
    }
    frames[frameCount] = Frame(header: prototype.header, returnAddress: currentPC, base: base + 1)
    frameCount += 1
    currentPC = prototype.code
    return .entered
  }

  /// The argument that a function of the language does not take: one too many, of an unknown name, or given twice.
  private func wrongArgument(_ count: Int, _ names: Value?, _ prototype: Prototype) -> FaultyArgument? {
    let named = names?.elements?.map { $0.asString ?? "" } ?? []
    let positional = count - named.count
    let fixed = prototype.parameterNames.count - (prototype.hasRest ? 1 : 0)
    if positional > fixed, !prototype.hasRest { return FaultyArgument(position: fixed, count: count) }
    for (index, name) in named.enumerated() {
      let place = prototype.parameterNames.firstIndex(of: name)
      if place == nil || place == fixed { return FaultyArgument(position: positional + index, count: count, isName: true) }
      if let place, place < positional { return FaultyArgument(position: positional + index, count: count) }
    }
    return nil
  }

  /// Moves the arguments to the registers of their parameters; those left out become `undefined`.
  private func bind(
    _ arguments: UnsafeMutablePointer<Value>, _ count: Int, _ names: Value?, _ prototype: Prototype
  ) -> Fault? {
    let parameters = prototype.parameterNames
    let fixed = parameters.count - (prototype.hasRest ? 1 : 0)
    let named = names?.elements
    let positional = count - (named?.count ?? 0)
    if positional > fixed, !prototype.hasRest { return tooMany(prototype, positional) }
    var bound = [Value](repeating: .undefined, count: parameters.count)
    var owners = [Value]()
    for index in 0..<min(positional, fixed) { bound[index] = arguments[index] }
    if prototype.hasRest {
      owners = positional > fixed ? (fixed..<positional).map { arguments[$0] } : []
      bound[fixed] = .list(owners)
    }
    if let named {
      for index in 0..<named.count {
        let name = named[index].asString ?? ""
        guard let place = parameters.firstIndex(of: name), !(prototype.hasRest && place == fixed) else {
          if prototype.hasRest { dropRest(bound[fixed], owners) }
          return unknownArgument(name, prototype.name, parameters)
        }
        if bound[place].tag != .undefined {
          if prototype.hasRest { dropRest(bound[fixed], owners) }
          return Fault(
            .call, "`\(name)` of `\(prototype.name)` is given twice", label: "once by position and once by name")
        }
        bound[place] = arguments[positional + index]
      }
    }
    for index in 0..<prototype.requiredCount where bound[index].tag == .undefined {
      if prototype.hasRest { dropRest(bound[fixed], owners) }
      return tooFew(prototype, index)
    }
    for index in 0..<count { arguments[index] = .nil }
    for index in 0..<parameters.count {
      // Beyond the arguments, a register may still hold what a fault left there.
      arguments[index].release()
      arguments[index] = bound[index]
    }
    return nil
  }

  /// Takes the collected arguments out of the list again: on a fault they still belong to the caller's registers.
  private func dropRest(_ list: Value, _ owners: [Value]) {
    owners.forEach { $0.retain() }
    list.release()
  }

  private func signature(_ prototype: Prototype) -> String {
    "\(prototype.name)(\(prototype.parameterNames.joined(separator: ", ")))"
  }

  private func tooMany(_ prototype: Prototype, _ count: Int) -> Fault {
    let parameters = prototype.parameterNames.count
    return Fault(
      .call, "too many arguments for `\(prototype.name)`",
      label: "\(count) given, at most \(parameters) taken", help: "it is \(signature(prototype))")
  }

  private func tooFew(_ prototype: Prototype, _ index: Int) -> Fault {
    Fault(
      .call, "`\(prototype.name)` needs `\(prototype.parameterNames[index])`", label: "not given",
      help: "it is \(signature(prototype))")
  }

  func unknownArgument(_ name: String, _ function: String, _ parameters: [String]) -> Fault {
    let near = didYouMean(name, among: parameters)
      ?? Self.foreignArguments[name]?.first(where: parameters.contains).map { "did you mean `\($0)`?" }
    let all = parameters.isEmpty ? "it takes no named arguments" : "it takes \(parameters.joined(separator: ", "))"
    return Fault(
      .call, "`\(function)` has no argument `\(name)`", label: near == nil ? nil : "not one of its names", help: near ?? all)
  }

  /// Arguments by their names in other libraries, and what may stand for them here.
  private static let foreignArguments: [String: [String]] = [
    "xlabel": ["x"], "x_label": ["x"], "ylabel": ["y"], "y_label": ["y"], "xlim": ["x_range"], "ylim": ["y_range"],
    "label": ["names", "title"], "labels": ["names"], "learning_rate": ["lr"], "num_steps": ["steps"], "n_steps": ["steps"],
    "timesteps": ["steps"], "T": ["steps"], "out_features": ["outputs"], "units": ["outputs"], "out_channels": ["channels"],
    "kernel_size": ["kernel"], "num_epochs": ["epochs"], "n_epochs": ["epochs"], "batch": ["batch_size"],
    "batch_size": ["batch"], "dim": ["axis"], "keepdim": ["keep"], "keepdims": ["keep"], "size": ["shape"],
    "key": ["by"], "reverse": ["descending"], "criterion": ["loss"], "loss_fn": ["loss"], "opt": ["optimizer"],
    "encoder": ["encode"], "encoding": ["encode"], "decoder": ["decode"], "vth": ["threshold"], "v_th": ["threshold"],
    "decay": ["beta", "weight_decay"], "tau": ["beta"], "leak": ["beta"], "sigma": ["std"], "stddev": ["std"],
    "sep": ["separator"], "filename": ["path"], "file": ["path"],
  ]

  // MARK: builtins

  /// The end of the running frame's registers.
  private var frameEnd: UnsafeMutablePointer<Value> {
    frameCount == 0 ? stack : frames[frameCount - 1].base + frames[frameCount - 1].header.pointee.registerCount
  }

  private func callNative(
    _ base: UnsafeMutablePointer<Value>, _ count: Int, _ names: Value?, isPiped: Bool
  ) -> CallOutcome {
    base.pointee.read(NativeObject.self) { callNative($0.builtin, base, count, names, isPiped: isPiped) }
  }

  private func callNative(
    _ builtin: Builtin, _ base: UnsafeMutablePointer<Value>, _ count: Int, _ names: Value?, isPiped: Bool
  ) -> CallOutcome {
    let parameterCount = builtin.parameterCount
    let saved = top
    top = max(frameEnd, base + 1 + max(count, parameterCount))
    defer { top = saved }
    nativeBase = base
    do throws(Fault) {
      try Interrupt.check()
      let value: Value
      if names == nil, builtin.takesRest, !builtin.hasSubject, builtin.positionalCount == parameterCount - 1,
        count >= parameterCount
      {
        try check(builtin, base + 1, count)
        value = try builtin.body(Call(machine: self, builtin: builtin, arguments: base + 1, count: count))
      } else if names == nil, count <= parameterCount, builtin.isSimple {
        for index in count..<parameterCount { Machine.store(base + 1 + index, .undefined) }
        try check(builtin, base + 1, parameterCount)
        value = try builtin.body(Call(machine: self, builtin: builtin, arguments: base + 1, count: parameterCount))
      } else {
        var bound = try bind(builtin, base + 1, count, names, isPiped: isPiped)
        value = try bound.withUnsafeMutableBufferPointer { (buffer) throws(Fault) in
          guard let first = buffer.baseAddress else {
            return try builtin.body(Call(machine: self, builtin: builtin, arguments: base + 1, count: 0))
          }
          try check(builtin, first, buffer.count)
          return try builtin.body(Call(machine: self, builtin: builtin, arguments: first, count: buffer.count))
        }
      }
      for index in 0..<count { Machine.store(base + 1 + index, .nil) }
      Machine.store(base, value)
      return .done
    } catch {
      let shape = shape(of: builtin, base + 1, count, names, isPiped: isPiped)
      pendingArgument = (error.kind == .call ? misplaced(shape, builtin) : nil)
        ?? (error.kind == .type ? oddOneOut(shape, builtin, base + 1) : nil) ?? shape.argument(of: error)
      _ = fail(error)
      return .failed
    }
  }

  /// The variable that a result is about to be moved to, where it holds the value given: `xs` in `xs = push(xs, v)`.
  func variableOverwritten(
    holding value: Value, by result: UnsafeMutablePointer<Value>, _ next: UnsafeMutablePointer<Instruction>
  ) -> UnsafeMutablePointer<Value>? {
    guard frameCount > 0 else { return nil }
    let registers = frames[frameCount - 1].base
    var (result, next) = (result, next)
    // The result is moved once or twice on its way.
    for _ in 0..<3 {
      let target: UnsafeMutablePointer<Value>
      switch next.pointee.opcode {
      case .move where registers + next.pointee.b == result: target = registers + next.pointee.a
      case .setGlobal where registers + next.pointee.a == result: target = globals + next.wide
      default: return nil
      }
      if target.pointee.tag == value.tag, target.pointee.payload == value.payload { return target }
      result = target
      next += 1
    }
    return nil
  }

  /// The first of a builtin's rest arguments that is of a kind which it does not take.
  private func oddOneOut(_ shape: CallShape, _ builtin: Builtin, _ arguments: UnsafePointer<Value>) -> FaultyArgument? {
    guard builtin.takesRest, let kind = builtin.parameters.last?.kind else { return nil }
    let places = max(0, builtin.positionalCount - shape.skipped)..<max(shape.positional, builtin.positionalCount)
    return places.first { $0 < shape.positional && !kind.accepts(arguments[$0]) }
      .map { FaultyArgument(position: $0, count: shape.count) }
  }

  /// The argument that a builtin does not take: one too many, of an unknown name, or given twice.
  private func misplaced(_ shape: CallShape, _ builtin: Builtin) -> FaultyArgument? {
    let places = builtin.positionalCount - shape.skipped
    if !builtin.takesRest, shape.positional > places { return FaultyArgument(position: places, count: shape.count) }
    for name in shape.named {
      let isKnown = builtin.parameters.contains { !$0.role.isRest && $0.name == name }
      if !isKnown { return shape.name(name) }
      if let index = shape.parameters.firstIndex(of: name), index >= shape.skipped, index - shape.skipped < min(shape.positional, places) {
        return shape.name(name)
      }
    }
    return nil
  }

  /// Binds names, the subject and rest arguments; the values are borrowed from the caller's registers.
  private func bind(
    _ builtin: Builtin, _ arguments: UnsafeMutablePointer<Value>, _ count: Int, _ names: Value?, isPiped: Bool
  ) throws(Fault) -> [Value] {
    let parameters = builtin.parameters
    let named = names?.elements
    let positional = count - (named?.count ?? 0)
    var bound = [Value](repeating: .undefined, count: parameters.count)
    var place = 0
    if builtin.hasSubject {
      // The subject may be left out, by a call that gives only settings.
      let isGiven = positional > 0 && (isPiped || parameters[0].kind.accepts(arguments[0]))
      if !isGiven { place = 1 }
    }
    let fixed = parameters.count - (builtin.takesRest ? 1 : 0)
    let places = builtin.positionalCount
    var rest: [Value] = []
    for index in 0..<positional {
      if place < places {
        bound[place] = arguments[index]
        place += 1
      } else if builtin.takesRest {
        rest.append(arguments[index])
      } else if builtin.hasSubject, bound[0].tag == .undefined, parameters[0].kind.accepts(arguments[index]) {
        // A subject that stands last is taken too: `randint(low, high, shape)`.
        bound[0] = arguments[index]
      } else {
        throw Fault(
          .call, "too many arguments for `\(builtin.name)`",
          label: "\(positional) given, at most \(places) taken", help: "it is \(builtin.signature)")
      }
    }
    if let named {
      for index in 0..<named.count {
        let name = named[index].asString ?? ""
        guard let place = parameters[..<fixed].firstIndex(where: { $0.name == name }) else {
          throw unknownArgument(name, builtin.name, parameters[..<fixed].map(\.name))
        }
        if bound[place].tag != .undefined {
          throw Fault(
            .call, "`\(name)` of `\(builtin.name)` is given twice", label: "once by position and once by name")
        }
        bound[place] = arguments[positional + index]
      }
    }
    if builtin.takesRest { bound.removeLast() }
    return bound + rest
  }

  private func check(_ builtin: Builtin, _ arguments: UnsafePointer<Value>, _ count: Int) throws(Fault) {
    for index in 0..<count {
      let place = min(index, builtin.masks.count - 1)
      let value = arguments[index]
      if builtin.masks[place] >> UInt32(value.tag.raw) & 1 != 0, value.tag != .undefined, value.tag != .quantity { continue }
      let parameter = builtin.parameters[place]
      if value.tag == .undefined {
        if case .required = parameter.role {
          throw Fault(
            .call, "`\(builtin.name)` needs `\(parameter.name)`", label: "not given", help: "it is \(builtin.signature)")
        }
        continue
      }
      if !parameter.kind.accepts(value) { throw wrongKind(builtin, parameter, value) }
      if let dimension = parameter.dimension, let quantity = value.asQuantity, quantity.dimension != dimension {
        throw Fault(
          .unit, "`\(parameter.name)` of `\(builtin.name)` is of another dimension",
          label: "found \(quantity.dimension.name), expected \(dimension.name)")
      }
    }
  }

  private func wrongKind(_ builtin: Builtin, _ parameter: BuiltinParameter, _ value: Value) -> Fault {
    // A loss or an activation named but not called, or a layer where a network is wanted, are common slips.
    let help = value.tag == .native && !parameter.kind.accepts(value) ? "call it: `\(value.description(of: .plain).dropFirst(3))(…)`" : "see ?\(builtin.name)"
    return Fault(
      .type, "`\(parameter.name)` of `\(builtin.name)` must be \(parameter.kind.name)",
      label: "found \(value.description(of: .kind))", help: help)
  }

  private func callForeign(_ base: UnsafeMutablePointer<Value>, _ count: Int, _ names: Value?) -> CallOutcome {
    guard let foreign = base.pointee.asForeign, foreign.isCallable else {
      _ = fail(notCallable(base.pointee))
      return .failed
    }
    let named = names?.elements.map { Array($0) } ?? []
    let positional = count - named.count
    let saved = top
    top = max(frameEnd, base + 1 + count)
    defer { top = saved }
    do throws(Fault) {
      try Interrupt.check()
      let arguments = ForeignArguments(
        machine: self, positional: (0..<positional).map { base[1 + $0] },
        named: named.enumerated().map { ($1.asString ?? "", base[1 + positional + $0]) })
      let value = try foreign.call(arguments)
      for index in 0..<count { Machine.store(base + 1 + index, .nil) }
      Machine.store(base, value)
      return .done
    } catch {
      var shape = CallShape(parameters: foreign.parameterNames, positional: positional, named: named.map { $0.asString ?? "" })
      if positional > 0, foreign.takesSubject(base[1]) {
        // The network in front is none of the parameters.
        shape = CallShape(parameters: ["network"] + shape.parameters, positional: positional, named: shape.named)
      }
      pendingArgument = shape.named.first { !foreign.parameterNames.isEmpty && !foreign.parameterNames.contains($0) }.flatMap(shape.name)
        ?? shape.argument(of: error)
      _ = fail(error)
      return .failed
    }
  }

  // MARK: members as callees

  /// `x.f(a)`: where x has a member f, that is called; else the library's f is called with x before the arguments.
  /// `base` holds x, the arguments follow.
  @inline(never)
  func findMember(_ base: UnsafeMutablePointer<Value>, _ count: inout Int, _ name: Value) -> Bool {
    let receiver = base.pointee
    let text = name.asString ?? ""
    do throws(Fault) {
      if let member = try member(receiver, name) {
        if member.isCallable || !hasLibraryFunction(text) {
          Machine.store(base, member)
          return true
        }
        member.release()
      }
    } catch {
      return fail(error)
    }
    guard let function = libraryFunction(text), !isOfNoModule(function, receiver) else {
      return fail(noMember(receiver, text))
    }
    base[count + 1].release()
    for index in stride(from: count, through: 0, by: -1) { base[index + 1] = base[index] }
    base[0] = function
    count += 1
    return true
  }

  /// Whether a function, written behind a module's name, would get that module as an argument which it cannot take.
  private func isOfNoModule(_ function: Value, _ receiver: Value) -> Bool {
    guard receiver.tag == .module, function.tag == .native else { return false }
    let first = function.object(as: NativeObject.self).builtin.parameters.first
    if first?.kind.accepts(receiver) == true { return false }
    function.release()
    return true
  }

  private func hasLibraryFunction(_ name: String) -> Bool {
    let function = libraryFunction(name)
    function?.release()
    return function != nil
  }

  /// A builtin or a function of the prelude by its name, owned.
  func libraryFunction(_ name: String) -> Value? {
    if let builtin = library.builtins[name], builtin.module == nil, !builtin.isConstant { return Value(owning: NativeObject(builtin), tag: .native) }
    if let known = prelude.names[name], globals[known.slot].isCallable { return globals[known.slot].retained() }
    return nil
  }
}

extension Builtin {
  /// Positional arguments go to the parameters one by one.
  var isSimple: Bool { !takesRest && !hasSubject }
}

extension Call {
  /// Does something with the first argument. Where that is a variable which the call's value replaces, and nothing else
  /// holds it, the body has it to itself and may change it in place; a fault gives it back, so change it last.
  public func owningFirst(_ body: (Value) throws(Fault) -> Value) throws(Fault) -> Value {
    let value = self[0]
    guard value.tag == .list || value.tag == .map, value.unmanaged._withUnsafeGuaranteedRef({ $0.references }) == 2,
      let result = machine.nativeBase,
      let variable = machine.variableOverwritten(holding: value, by: result, machine.currentPC)
    else { return try body(value) }
    variable.pointee = .nil
    value.release()
    do throws(Fault) { return try body(value) } catch {
      variable.pointee = value.retained()
      throw error
    }
  }
}
