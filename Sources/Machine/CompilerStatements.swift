import Faults
import Language

extension Compiler {
  /// Compiles a statement for its effect.
  ///
  /// - Parameter isLast: whether the program ends with it.
  mutating func compileStatement(_ id: NodeID, isLast: Bool = false) {
    let mark = current.nextRegister
    let start = current.position
    let keeps: Bool
    switch tree[id] {
    case .binding, .function, .use, .neuron: keeps = true
    default: keeps = false
    }
    switch tree[id] {
    case .binding(let pattern, let value, _, _): compileBinding(pattern, value, id)
    case .assign(let target, let operation, let value): compileAssignment(target, operation, value, id)
    case .function(let function): compileFunctionDefinition(function, id)
    case .returning(let value):
      if let value { compileReturn(of: value) } else { emitReturnNil() }
    case .breaking:
      let jump = current.emitJump()
      current.loops[current.loops.count - 1].breaks.append(jump)
    case .continuing:
      let jump = current.emitJump()
      current.loops[current.loops.count - 1].continues.append(jump)
    case .loop(let pattern, let iterable, let body): compileLoop(pattern, iterable, body, id)
    case .whileLoop(let condition, let body): compileWhile(condition, body)
    case .throwing(let value):
      let register = current.newRegister()
      compile(value, to: register)
      at(id)
      current.emit(.raise, register)
    case .assertion(let condition, let message): compileAssertion(condition, message, id)
    case .test(let name, let body): compileTest(name, body, id)
    case .use(let path, let isFile, _, let span): compileUse(path, isFile, span, id)
    case .neuron(let neuron): compileNeuron(neuron, id)
    case .conditional(let condition, let then, let otherwise):
      compileConditional(condition, then, otherwise, to: nil)
    case .block(let statements): compileBlock(statements, to: nil)
    case .match(let subject, let arms): compileMatch(subject, arms, to: nil, id)
    case .attempt(let body, let name, let nameSpan, let handler):
      compileAttempt(body, name, nameSpan, handler, to: nil)
    case .missing: break
    default:
      let register = current.newRegister()
      compile(id, to: register)
      // What an expression statement gives is dropped at once, not when the register is used again.
      current.emit(.loadNil, register)
    }
    if !keeps { current.free(to: mark) }
    switch tree[id] {
    case .returning, .breaking, .continuing, .throwing, .function, .test: break
    // Their own statements look.
    case .loop, .whileLoop, .conditional, .block, .match, .attempt: break
    default: if !isLast { emitStopCheck(since: start, id) }
    }
  }

  /// After code that calls something: the place where a run ends that a builtin has asked to end.
  mutating func emitStopCheck(since start: Int, _ id: NodeID) {
    guard current.calls(since: start) else { return }
    at(id)
    current.emit(.stopIfAsked)
  }

  /// Compiles statements in a scope of their own; the value is the last expression's, or nil.
  mutating func compileBlock(_ statements: [NodeID], to target: Int?) {
    let mark = current.nextRegister
    if let target, statements.isEmpty { current.emit(.loadNil, target) }
    for (order, id) in statements.enumerated() {
      let isLast = order == statements.count - 1
      if isLast, let target {
        if isExpression(id) {
          compile(id, to: target)
        } else {
          compileStatement(id)
          current.emit(.loadNil, target)
        }
      } else {
        compileStatement(id)
      }
    }
    current.free(to: mark)
  }

  /// Compiles an expression whose value the function gives. A branch returns by itself, and a local is moved out.
  mutating func compileReturn(of id: NodeID) {
    let mark = current.nextRegister
    defer { current.free(to: mark) }
    switch tree[id] {
    case .block(let statements):
      for statement in statements.dropLast() { compileStatement(statement) }
      guard let last = statements.last else { return emitReturnNil() }
      if isExpression(last) { return compileReturn(of: last) }
      compileStatement(last)
      emitReturnNil()
    case .conditional(let condition, let then, let otherwise):
      let failures = compileCondition(condition)
      compileReturn(of: then)
      current.patch(failures)
      if let otherwise { compileReturn(of: otherwise) } else { emitReturnNil() }
    default:
      let (register, _) = operand(id)
      at(id)
      current.emit(.returnValue, register)
    }
  }

  mutating func emitReturnNil() {
    let mark = current.nextRegister
    let register = current.newRegister()
    current.emit(.loadNil, register)
    current.emit(.returnValue, register)
    current.free(to: mark)
  }

  // MARK: bindings

  private mutating func compileBinding(_ pattern: Pattern, _ value: NodeID, _ id: NodeID) {
    if case .name(_, let span) = pattern, let index = resolver.declaredAt[span.start] {
      store(value, in: index)
      return
    }
    // The parts are declared above the temporary that holds the whole, which then is dead weight of one register.
    let whole = current.newRegister()
    compile(value, to: whole)
    at(value)
    bind(pattern, from: whole)
    current.emit(.loadNil, whole)
  }

  /// Compiles a value into the home of a declaration.
  private mutating func store(_ value: NodeID, in index: Int) {
    let declaration = resolver.declarations[index]
    if isGlobal(declaration) {
      let mark = current.nextRegister
      let register = current.newRegister()
      compile(value, to: register, named: declaration.name)
      at(value)
      current.emitWide(.setGlobal, register, declaration.slot)
      current.free(to: mark)
    } else if let register = current.registers[index] {
      // A top-level name bound again keeps its register.
      let mark = current.nextRegister
      let fresh = current.newRegister()
      compile(value, to: fresh, named: declaration.name)
      current.emit(.move, register, fresh, x: 1)
      current.free(to: mark)
    } else {
      let register = current.newRegister()
      if case .lambda(let function) = tree[value], !declaration.isVariable {
        compileFunction(function, value, to: register, own: index, named: declaration.name)
      } else {
        compile(value, to: register, named: declaration.name)
      }
      declareLocal(index, in: register)
    }
  }

  /// Puts the value of a register, moved, into a declaration's home.
  mutating func define(_ index: Int, from register: Int) {
    let declaration = resolver.declarations[index]
    if isGlobal(declaration) {
      current.emitWide(.setGlobal, register, declaration.slot)
    } else {
      let home = current.registers[index] ?? register
      if home != register { current.emit(.move, home, register, x: 1) }
      declareLocal(index, in: home)
    }
  }

  // MARK: assignment

  private mutating func compileAssignment(_ target: NodeID, _ operation: BinaryOperator?, _ value: NodeID, _ id: NodeID) {
    guard case .name = tree[target] else { return compilePathAssignment(target, operation, value, id) }
    guard case .declaration(let index)? = resolver.uses[target.index] else { return }
    let storage = storage(of: index)
    if let operation { return compileUpdate(storage, operation, value, target, id) }
    switch storage {
    case .register(let register):
      if !isSimple(value) {
        let fresh = current.newRegister()
        compile(value, to: fresh)
        current.emit(.move, register, fresh, x: 1)
      } else {
        liveTarget = register
        compile(value, to: register)
        liveTarget = nil
      }
    case .cell(let register):
      let fresh = current.newRegister()
      compile(value, to: fresh)
      current.emit(.setCell, register, fresh)
    case .captureCell(let capture):
      let fresh = current.newRegister()
      compile(value, to: fresh)
      current.emit(.setCaptureCell, fresh, capture)
    case .global(let slot):
      let fresh = current.newRegister()
      compile(value, to: fresh)
      at(id)
      current.emitWide(.setGlobal, fresh, slot)
    case .capture, .ownFunction: break
    }
  }

  /// Whether an expression is one instruction's worth, so that a fault in it leaves the target as it was.
  private func isSimple(_ id: NodeID) -> Bool {
    switch tree[id] {
    case .int, .float, .bool, .nilLiteral, .string, .name: true
    case .binary(_, let left, let right): isLeaf(left) && isLeaf(right)
    default: false
    }
  }

  private func isLeaf(_ id: NodeID) -> Bool {
    switch tree[id] {
    case .int, .float, .name: true
    default: false
    }
  }

  private func place(_ storage: Storage) -> (Place, Int)? {
    switch storage {
    case .register(let register): (.register, register)
    case .cell(let register): (.cell, register)
    case .captureCell(let capture): (.capture, capture)
    case .global(let slot): (.global, slot)
    case .capture, .ownFunction: nil
    }
  }

  static func opcode(_ operation: BinaryOperator) -> Opcode {
    switch operation {
    case .add: .add
    case .subtract: .subtract
    case .multiply: .multiply
    case .divide: .divide
    case .floorDivide: .floorDivide
    case .remainder: .remainder
    case .power: .power
    case .matrixProduct: .matrixProduct
    }
  }

  private mutating func compileUpdate(
    _ storage: Storage, _ operation: BinaryOperator, _ value: NodeID, _ target: NodeID, _ id: NodeID
  ) {
    if case .register(let register) = storage {
      if let amount = addedAmount(operation, value) {
        at(id, left: target, right: value)
        current.emitAddition(register, register, amount)
        return
      }
      if operation == .add, let element = singleElement(value) {
        let fresh = current.newRegister()
        compile(element, to: fresh)
        at(id, left: target, right: value)
        current.emit(.appendTo, register, fresh, x: Int(Place.register.rawValue))
        return
      }
      let (operand, isTemporary) = operand(value)
      at(id, left: target, right: value)
      current.emit(Self.opcode(operation), register, register, operand, x: isTemporary ? 2 : 0)
      return
    }
    guard let (place, index) = place(storage) else { return }
    if operation == .add, let element = singleElement(value) {
      let fresh = current.newRegister()
      compile(element, to: fresh)
      at(id, left: target, right: value)
      emitPlaced(.appendTo, place, index, fresh)
      return
    }
    let (operand, isTemporary) = operand(value)
    at(id, left: target, right: value)
    // The operator stands in the second word.
    emitPlaced(.update, place, index, operand)
    current.emit(Self.opcode(operation), 0, 0, 0, x: isTemporary ? 2 : 0)
  }

  /// A place's index can be larger than a register's: a global's slot goes into a word of its own.
  private mutating func emitPlaced(_ opcode: Opcode, _ place: Place, _ index: Int, _ operand: Int, _ count: Int = 0) {
    current.emit(opcode, place == .global ? 0 : index, operand, count, x: Int(place.rawValue))
    if place == .global { current.emitWide(.jump, 0, index) }
  }

  /// The element of a one-element list literal: `xs += [x]` appends without making the list.
  private func singleElement(_ id: NodeID) -> NodeID? {
    if case .list(let elements) = tree[id], elements.count == 1, case .value(let element) = elements[0] { return element }
    return nil
  }

  private mutating func compilePathAssignment(
    _ target: NodeID, _ operation: BinaryOperator?, _ value: NodeID, _ id: NodeID
  ) {
    var keys: [[NodeID]] = []
    var members: [String?] = []
    var root = target
    while true {
      if case .index(let base, let indices) = tree[root] {
        keys.insert(indices, at: 0)
        members.insert(nil, at: 0)
        root = base
      } else if case .member(let base, let name, _) = tree[root] {
        keys.insert([], at: 0)
        members.insert(name, at: 0)
        root = base
      } else {
        break
      }
    }
    guard case .declaration(let index)? = resolver.uses[root.index] else { return }
    guard let (place, home) = place(storage(of: index)) else { return }
    if operation == nil, keys.count == 1, keys[0].count == 1, place == .register {
      let key = operand(keys[0][0], before: [value])
      let result = consumable(value)
      at(target, left: target, right: value)
      current.emit(.setIndex, home, key.register, result, x: (key.isTemporary ? 1 : 0) | 2)
      return
    }
    let first = current.nextRegister
    for (indices, member) in zip(keys, members) {
      let register = current.newRegister()
      if let member {
        current.emitLoad(register, member)
      } else if indices.count == 1 {
        compile(indices[0], to: register)
      } else {
        // Several indices of one level travel as a tuple.
        let start = current.nextRegister
        for part in indices { compile(part, to: current.newRegister()) }
        current.emit(.newTuple, register, start, indices.count)
        current.free(to: start)
      }
    }
    let result = current.newRegister()
    compile(value, to: result)
    at(operation == nil ? target : id, left: target, right: value)
    if operation == nil, keys.count == 1, place == .register {
      current.emit(.setIndex, home, first, result, x: 3)
      return
    }
    emitPlaced(.setPath, place, home, first, keys.count)
    current.emit(operation.map { Self.opcode($0) } ?? .jump, result)
  }

  // MARK: loops

  private mutating func compileWhile(_ condition: NodeID, _ body: NodeID) {
    let start = current.position
    let exits = compileCondition(condition)
    let first = current.position
    emitStopCheck(since: start, condition)
    current.loops.append(Assembler.Loop())
    compileStatement(body)
    let loop = current.loops.removeLast()
    let end = current.position
    if compileLoopBranch(condition, back: first) {
      loop.continues.forEach { current.setTarget($0, end) }
    } else {
      loop.continues.forEach { current.setTarget($0, start) }
      at(condition)
      current.emitJump(.jump, 1, back: start)
    }
    current.patch(exits)
    current.patch(loop.breaks)
  }

  private mutating func compileLoop(_ pattern: Pattern, _ iterable: NodeID, _ body: NodeID, _ id: NodeID) {
    compileIteration(pattern, iterable) { $0.compileStatement(body) }
  }

  /// One loop, of a `for` or of a comprehension.
  mutating func compileIteration(_ pattern: Pattern, _ iterable: NodeID, _ body: (inout Compiler) -> Void) {
    let mark = current.nextRegister
    if case .range(let low?, let high?, nil) = tree[iterable] {
      compileCounting(pattern, low, high, iterable, body)
    } else {
      let iterator = current.newRegister()
      let begin = current.position
      compile(iterable, to: iterator)
      at(iterable)
      current.emit(.iterate, iterator)
      emitStopCheck(since: begin, iterable)
      let item = current.newRegister()
      let start = current.position
      current.emit(.next, iterator, 0, item)
      let exit = current.emitJump()
      current.loops.append(Assembler.Loop())
      bindLoop(pattern, item)
      body(&self)
      let loop = current.loops.removeLast()
      loop.continues.forEach { current.setTarget($0, start) }
      current.emitJump(.jump, 1, back: start)
      current.patch(loop.breaks)
      current.emit(.loadNil, iterator)
      current.patch(exit)
    }
    current.free(to: mark)
  }

  private mutating func compileCounting(
    _ pattern: Pattern, _ low: NodeID, _ high: NodeID, _ range: NodeID, _ body: (inout Compiler) -> Void
  ) {
    let counter = current.newRegister()
    let limit = current.newRegister()
    compile(low, to: counter)
    compile(high, to: limit)
    at(range)
    current.emit(.prepareRange, counter)
    let exit = current.emitJump()
    let start = current.position
    current.loops.append(Assembler.Loop())
    if let variable = unassignedName(pattern) {
      current.registers[variable] = counter
    } else {
      let item = current.newRegister()
      current.emit(.move, item, counter)
      bindLoop(pattern, item)
    }
    body(&self)
    let loop = current.loops.removeLast()
    current.patch(loop.continues)
    at(range)
    current.emitJump(.stepRange, counter, back: start)
    current.patch(exit)
    current.patch(loop.breaks)
  }

  /// The declaration of a loop's variable that no round changes, so that the loop's counter can be the variable.
  private func unassignedName(_ pattern: Pattern) -> Int? {
    guard case .name(_, let span) = pattern, let index = resolver.declaredAt[span.start],
      !resolver.declarations[index].isAssigned
    else { return nil }
    return index
  }

  /// Gives the loop's variables their values at the start of each round.
  private mutating func bindLoop(_ pattern: Pattern, _ item: Int) {
    if case .name(_, let span) = pattern, let index = resolver.declaredAt[span.start] {
      declareLocal(index, in: item)
    } else {
      bind(pattern, from: item)
    }
  }

  // MARK: assertions and tests

  private mutating func compileAssertion(_ condition: NodeID, _ message: NodeID?, _ id: NodeID) {
    let mark = current.nextRegister
    var skip: Assembler.Patch?
    if let message {
      // The message is made only when it is needed.
      let test = current.newRegister()
      compile(condition, to: test)
      at(condition)
      current.emit(.checkBool, test)
      skip = current.emitJump(.jumpIfTrue, test)
      let text = current.newRegister()
      compile(message, to: text)
      at(condition)
      current.emit(.assertTrue, test, text, x: 1)
    } else if case .comparison(let operands, let operators) = tree[condition], operands.count == 2,
      let order = Self.order(operators[0])
    {
      let left = current.newRegister()
      compile(operands[0], to: left)
      let right = current.newRegister()
      compile(operands[1], to: right)
      at(condition, left: operands[0], right: operands[1])
      current.emit(.assertCompare, 0, left, right, x: order)
    } else {
      let test = current.newRegister()
      compile(condition, to: test)
      at(condition)
      current.emit(.assertTrue, test)
    }
    if let skip { current.patch(skip) }
    current.free(to: mark)
  }

  static let comparisons: [ComparisonOperator] = [
    .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .isIn, .isNotIn,
  ]

  static func order(_ comparison: ComparisonOperator) -> Int? { comparisons.firstIndex(of: comparison) }

  private mutating func compileTest(_ name: String, _ body: NodeID, _ id: NodeID) {
    let register = current.newRegister()
    let function = FunctionTree(
      name: name, nameSpan: tree.span(id), parameters: [], body: body, documentation: nil)
    compileFunction(function, id, to: register, own: nil)
    current.emit(.defineTest, register)
  }

  private mutating func compileUse(_ path: String, _ isFile: Bool, _ aliasSpan: Span, _ id: NodeID) {
    let register = current.newRegister()
    at(id)
    current.emit(.useModule, register, current.constant(path), x: isFile ? 1 : 0)
    if let index = resolver.declaredAt[aliasSpan.start] { define(index, from: register) }
  }

  /// A neuron is made where its definition stands, from the checked equations and its parameters' values.
  private mutating func compileNeuron(_ neuron: NeuronTree, _ id: NodeID) {
    var lowering = NeuronLowering(neuron, in: tree)
    let definition = lowering.run()
    diagnostics += lowering.diagnostics
    guard let definition, let index = resolver.declaredAt[neuron.nameSpan.start] else { return }
    let register = current.newRegister()
    let first = current.nextRegister
    for parameter in neuron.parameters {
      if let value = parameter.defaultValue { compile(value, to: current.newRegister()) }
    }
    at(id)
    current.emit(.newList, register, first, neuron.parameters.count)
    let constant = current.constant(owning: Value(owning: NeuronObject(definition), tag: .cell))
    current.emit(.makeNeuron, register, constant)
    current.free(to: first)
    define(index, from: register)
  }

  // MARK: functions

  mutating func compileFunctionDefinition(_ function: FunctionTree, _ id: NodeID) {
    guard let index = resolver.declaredAt[function.nameSpan.start] else { return }
    let register = current.newRegister()
    let declaration = resolver.declarations[index]
    compileFunction(function, id, to: register, own: isGlobal(declaration) ? nil : index)
    define(index, from: register)
    if isGlobal(declaration) { current.free(to: register) }
  }

  /// Compiles a function and makes the closure. `own` is the declaration under which it finds itself.
  mutating func compileFunction(_ function: FunctionTree, _ id: NodeID, to target: Int, own: Int?, named: String? = nil) {
    let prototype = Prototype(
      name: function.name ?? named ?? "a function", source: tree.source, span: tree.span(id))
    prototype.documentation = function.documentation
    prototype.parameterNames = function.parameters.map(\.name)
    prototype.requiredCount = function.parameters.filter { $0.defaultValue == nil && !$0.isRest }.count
    prototype.hasRest = function.parameters.last?.isRest ?? false
    let inner = Assembler(prototype, parent: current)
    inner.ownDeclaration = own
    let outer = current
    current = inner
    // All stand before what takes them apart and what defaults need on the way.
    let registers = function.parameters.map { _ in current.newRegister() }
    for (parameter, register) in zip(function.parameters, registers) {
      if let value = parameter.defaultValue {
        let given = current.emitJump(.jumpIfGiven, register)
        compile(value, to: register)
        current.patch(given)
      }
      if let pattern = parameter.pattern {
        bind(pattern, from: register)
      } else if let index = resolver.declaredAt[parameter.span.start] {
        declareLocal(index, in: register)
      }
    }
    compileReturn(of: function.body)
    finishFunction(tree.span(id))
    current = outer
    current.add(prototype)
    at(id)
    current.emitWide(.closure, target, current.prototype.prototypes.count - 1)
  }
}
