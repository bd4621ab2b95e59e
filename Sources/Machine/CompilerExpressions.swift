import Faults
import Language

extension Compiler {
  // MARK: operands

  /// The register where the variable that an expression names lives.
  private func registerOfName(_ id: NodeID) -> Int? {
    guard case .name = tree[id], case .declaration(let index)? = resolver.uses[id.index],
      case .register(let register) = storage(of: index)
    else { return nil }
    return register
  }

  /// The register of an expression's value, and whether it is a temporary that its user must clear.
  mutating func operand(_ id: NodeID) -> (register: Int, isTemporary: Bool) {
    if let register = registerOfName(id) { return (register, false) }
    let register = current.newRegister()
    compile(id, to: register)
    return (register, true)
  }

  /// A register whose value may be moved away.
  mutating func consumable(_ id: NodeID) -> Int {
    let register = current.newRegister()
    compile(id, to: register)
    return register
  }

  /// An operand that stands before others; it is copied where they assign to its variable.
  mutating func operand(_ id: NodeID, before others: [NodeID]) -> (register: Int, isTemporary: Bool) {
    if case .name = tree[id], case .declaration(let index)? = resolver.uses[id.index],
      others.contains(where: { resolver.isAssigned(index, within: tree.span($0)) })
    {
      return (consumable(id), true)
    }
    return operand(id)
  }

  /// The left operand of an operator, in the target itself where it needs a register and the target's value is dead.
  private mutating func operand(_ id: NodeID, before right: NodeID, in target: Int) -> (register: Int, isTemporary: Bool) {
    if target == liveTarget { return operand(id, before: [right]) }
    if case .name = tree[id], case .declaration(let index)? = resolver.uses[id.index],
      case .register(let register) = storage(of: index), !resolver.isAssigned(index, within: tree.span(right))
    {
      return (register, false)
    }
    compile(id, to: target)
    return (target, false)
  }

  /// Two operands, left before right.
  private mutating func operands(_ left: NodeID, _ right: NodeID) -> (Int, Int, Int) {
    let first = operand(left, before: [right])
    let second = operand(right)
    return (first.register, second.register, (first.isTemporary ? 1 : 0) | (second.isTemporary ? 2 : 0))
  }

  // MARK: expressions

  /// Compiles an expression into a register. `name` is given to a function that has none.
  mutating func compile(_ id: NodeID, to target: Int, named name: String? = nil) {
    let mark = current.nextRegister
    defer { current.free(to: mark) }
    switch tree[id] {
    case .nilLiteral, .missing: current.emit(.loadNil, target)
    case .bool(let value): current.emit(.loadBool, target, value ? 1 : 0)
    case .int(let value):
      load(value, target)
    case .float(let value): current.emitLoad(target, value)
    case .quantity(let amount, let unit): loadQuantity(amount, unit, target)
    case .string(let text): current.emitLoad(target, text)
    case .interpolation(let parts): compileInterpolation(parts, to: target, id)
    case .name: compileName(id, to: target)
    case .list(let elements): compileList(elements, to: target, id)
    case .map(let entries): compileMap(entries, to: target, id)
    case .tuple(let parts):
      let first = current.nextRegister
      for part in parts { compile(part, to: current.newRegister()) }
      current.emit(.newTuple, target, first, parts.count)
    case .unary(let operation, let operand): compileUnary(operation, operand, to: target, id)
    case .binary(let operation, let left, let right): compileBinary(operation, left, right, to: target, id)
    case .and(let left, let right): compileLogic(left, right, to: target, stopsAt: false)
    case .or(let left, let right): compileLogic(left, right, to: target, stopsAt: true)
    case .comparison(let operands, let operators): compileComparison(operands, operators, to: target, id)
    case .range(let low, let high, let step): compileRange(low, high, step, to: target, id)
    case .call(let callee, let arguments): compileCall(callee, arguments, to: target, id, piped: nil)
    case .pipe(let left, let right): compilePipe(left, right, to: target, id)
    case .index(let base, let indices): compileIndex(base, indices, to: target, id)
    case .member(let base, let name, let span):
      if case .text(let text)? = resolver.uses[id.index] { return current.emitLoad(target, text) }
      let (register, isTemporary) = operand(base)
      current.site = Prototype.Site(span: span, left: tree.span(base), right: nil)
      current.emit(.getMember, target, register, current.constant(name), x: isTemporary ? 1 : 0)
    case .lambda(let function): compileFunction(function, id, to: target, own: nil, named: name)
    case .conditional(let condition, let then, let otherwise):
      compileConditional(condition, then, otherwise, to: target)
    case .match(let subject, let arms): compileMatch(subject, arms, to: target, id)
    case .attempt(let body, let name, let nameSpan, let handler):
      compileAttempt(body, name, nameSpan, handler, to: target)
    case .block(let statements): compileBlock(statements, to: target)
    case .comprehension(let body, let clauses): compileComprehension(body, clauses, to: target)
    case .mapComprehension(let key, let value, let clauses): compileMapComprehension(key, value, clauses, to: target)
    default:
      compileStatement(id)
      current.emit(.loadNil, target)
    }
  }

  private mutating func load(_ value: Int, _ target: Int) {
    if Int32(exactly: value) != nil {
      current.emitWide(.loadInt, target, value)
    } else {
      current.emitLoad(target, value)
    }
  }

  private mutating func loadQuantity(_ amount: Double, _ unit: String, _ target: Int) {
    let known = units[unit]
    let value = Value.quantity(amount * (known?.scale ?? 1), known?.dimension ?? .none, unit: unit)
    current.emitLoad(target, owning: value)
  }

  private mutating func compileName(_ id: NodeID, to target: Int) {
    at(id)
    switch resolver.uses[id.index] {
    case .declaration(let index)?:
      switch storage(of: index) {
      case .register(let register): if register != target { current.emit(.move, target, register) }
      case .cell(let register): current.emit(.getCell, target, register)
      case .capture(let capture): current.emit(.getCapture, target, capture)
      case .captureCell(let capture): current.emit(.getCaptureCell, target, capture)
      case .ownFunction: current.emit(.getSelf, target)
      case .global(let slot): current.emitWide(.getGlobal, target, slot)
      }
    case .builtin(let name)?:
      if let number = library.builtins[name]?.number {
        current.emitLoad(target, number)
      } else if let builtin = library.builtins[name] {
        let value = Value(owning: NativeObject(builtin), tag: .native)
        current.emitLoad(target, owning: value)
      } else {
        current.emit(.useModule, target, current.constant(name))
      }
    case .unit(let name)?: loadQuantity(1, name, target)
    case .text(let text)?: current.emitLoad(target, text)
    case .missing?, nil: current.emit(.loadNil, target)
    }
  }

  // MARK: text

  private mutating func compileInterpolation(_ parts: [InterpolationPart], to target: Int, _ id: NodeID) {
    let first = current.nextRegister
    for part in parts {
      let register = current.newRegister()
      switch part {
      case .text(let text): current.emitLoad(register, text)
      case .value(let node, let format):
        compile(node, to: register)
        if let format {
          at(node)
          current.emit(.format, register, register, current.constant(format))
        }
      }
    }
    at(id)
    current.emit(.concatenate, target, first, parts.count)
  }

  // MARK: collections

  private mutating func compileList(_ elements: [ListElement], to target: Int, _ id: NodeID) {
    // Long literals and spreads grow the list piece by piece, so that registers stay few.
    var isPlain = elements.count <= 50
    for case .spread in elements { isPlain = false }
    let first = current.nextRegister
    if isPlain {
      for case .value(let node) in elements { compile(node, to: current.newRegister()) }
      current.emit(.newList, target, first, elements.count)
      return
    }
    let list = current.newRegister()
    current.emit(.newList, list, 0, 0)
    for element in elements {
      let register = current.newRegister()
      switch element {
      case .value(let node):
        compile(node, to: register)
        current.emit(.append, list, register)
      case .spread(let node):
        compile(node, to: register)
        at(node)
        current.emit(.extend, list, register, x: 1)
      }
      current.free(to: register)
    }
    current.emit(.move, target, list, x: 1)
  }

  private mutating func compileMap(_ entries: [MapEntry], to target: Int, _ id: NodeID) {
    let map = current.newRegister()
    current.emit(.newMap, map, 0, 0)
    for entry in entries {
      let register = current.newRegister()
      switch entry {
      case .pair(let key, let value):
        compile(key, to: register)
        compile(value, to: current.newRegister())
        at(key)
        current.emit(.newMap, map, register, 1, x: 1)
      case .spread(let node):
        compile(node, to: register)
        at(node)
        current.emit(.merge, map, register, x: 1)
      }
      current.free(to: register)
    }
    current.emit(.move, target, map, x: 1)
  }

  private mutating func compileComprehension(_ body: NodeID, _ clauses: [ComprehensionClause], to target: Int) {
    let list = current.newRegister()
    current.emit(.newList, list, 0, 0)
    compileClauses(clauses[...]) { compiler in
      let mark = compiler.current.nextRegister
      let register = compiler.current.newRegister()
      let start = compiler.current.position
      compiler.compile(body, to: register)
      compiler.current.emit(.append, list, register)
      compiler.emitStopCheck(since: start, body)
      compiler.current.free(to: mark)
    }
    current.emit(.move, target, list, x: 1)
  }

  private mutating func compileMapComprehension(
    _ key: NodeID, _ value: NodeID, _ clauses: [ComprehensionClause], to target: Int
  ) {
    let map = current.newRegister()
    current.emit(.newMap, map, 0, 0)
    compileClauses(clauses[...]) { compiler in
      let mark = compiler.current.nextRegister
      let register = compiler.current.newRegister()
      let start = compiler.current.position
      compiler.compile(key, to: register)
      compiler.compile(value, to: compiler.current.newRegister())
      compiler.at(key)
      compiler.current.emit(.newMap, map, register, 1, x: 1)
      compiler.emitStopCheck(since: start, value)
      compiler.current.free(to: mark)
    }
    current.emit(.move, target, map, x: 1)
  }

  private mutating func compileClauses(_ clauses: ArraySlice<ComprehensionClause>, _ body: (inout Compiler) -> Void) {
    switch clauses.first {
    case nil: body(&self)
    case .loop(let pattern, let iterable):
      compileIteration(pattern, iterable) { $0.compileClauses(clauses.dropFirst(), body) }
    case .condition(let condition):
      let failures = compileCondition(condition)
      compileClauses(clauses.dropFirst(), body)
      current.patch(failures)
    }
  }

  private mutating func compileRange(_ low: NodeID?, _ high: NodeID?, _ step: NodeID?, to target: Int, _ id: NodeID) {
    if step == nil, let (first, second) = constantEnds(low, high) {
      let range = RangeObject(low: first, high: second, step: 1, isOpenLow: low == nil, isOpenHigh: high == nil)
      return current.emitLoad(target, owning: Value(owning: range, tag: .range))
    }
    let first = current.newRegister()
    let second = current.newRegister()
    if let low { compile(low, to: first) } else { load(0, first) }
    if let high { compile(high, to: second) } else { load(0, second) }
    if let step { compile(step, to: current.newRegister()) }
    at(id)
    current.emit(.newRange, target, first, second, x: (low == nil ? 1 : 0) | (high == nil ? 2 : 0) | (step == nil ? 0 : 4))
  }

  /// The ends of a range that stand in the source, 0 where they are left out.
  private func constantEnds(_ low: NodeID?, _ high: NodeID?) -> (Int, Int)? {
    func number(_ id: NodeID?) -> Int? {
      guard let id else { return 0 }
      switch tree[id] {
      case .int(let value): return value
      case .unary(.negate, let operand): if case .int(let value) = tree[operand], value > 0 { return -value } else { return nil }
      default: return nil
      }
    }
    guard let first = number(low), let second = number(high) else { return nil }
    return (first, second)
  }

  // MARK: arithmetic

  private mutating func compileUnary(_ operation: UnaryOperator, _ operand: NodeID, to target: Int, _ id: NodeID) {
    switch (operation, tree[operand]) {
    case (.negate, .int(let value)) where value < 1 << 31: load(-value, target)
    case (.negate, .float(let value)): current.emitLoad(target, -value)
    default:
      let (register, isTemporary) = self.operand(operand)
      at(id, left: operand)
      current.emit(operation == .negate ? .negate : .not, target, register, x: isTemporary ? 1 : 0)
    }
  }

  private static func constantOpcode(_ operation: BinaryOperator) -> Opcode? {
    switch operation {
    case .add: .addConstant
    case .subtract: .subtractConstant
    case .multiply: .multiplyConstant
    case .divide: .divideConstant
    case .remainder: .remainderConstant
    default: nil
    }
  }

  private func numberConstant(_ id: NodeID) -> Int? {
    switch tree[id] {
    case .int(let value): current.constant(value)
    case .float(let value): current.constant(value)
    default: nil
    }
  }

  private mutating func compileBinary(
    _ operation: BinaryOperator, _ left: NodeID, _ right: NodeID, to target: Int, _ id: NodeID
  ) {
    if let folded = folded(operation, left, right) {
      switch folded {
      case .int(let value): load(value, target)
      case .float(let value): current.emitLoad(target, value)
      default: break
      }
      return
    }
    if let amount = addedAmount(operation, right) {
      let (register, isTemporary) = operand(left, before: right, in: target)
      at(id, left: left, right: right)
      current.emitAddition(target, register, amount, x: isTemporary ? 1 : 0)
      return
    }
    if case .int(let divisor) = tree[right], operation == .remainder, 2..<65_536 ~= divisor,
      case let constant = current.constant(divisor: divisor), constant <= Operand.largest
    {
      let (register, isTemporary) = operand(left, before: right, in: target)
      at(id, left: left, right: right)
      current.emit(.remainderSmall, target, register, constant, x: isTemporary ? 1 : 0)
      return
    }
    if let opcode = Self.constantOpcode(operation), let constant = numberConstant(right) {
      let (register, isTemporary) = operand(left, before: right, in: target)
      at(id, left: left, right: right)
      current.emit(opcode, target, register, constant, x: isTemporary ? 1 : 0)
      return
    }
    let first = operand(left, before: right, in: target)
    let second = operand(right)
    at(id, left: left, right: right)
    let flags = (first.isTemporary ? 1 : 0) | (second.isTemporary ? 2 : 0)
    current.emit(Self.opcode(operation), target, first.register, second.register, x: flags)
  }

  /// What an operator adds whose right side is an int small enough for an instruction.
  func addedAmount(_ operation: BinaryOperator, _ right: NodeID) -> Int16? {
    guard case .int(let value) = tree[right], let amount = Int16(exactly: value) else { return nil }
    return operation == .add ? amount : operation == .subtract ? -amount : nil
  }

  /// Arithmetic on two number literals, done once; what would fail is left to fail where it stands.
  private func folded(_ operation: BinaryOperator, _ left: NodeID, _ right: NodeID) -> Node? {
    switch (tree[left], tree[right]) {
    case (.int(let a), .int(let b)):
      let result: (partialValue: Int, overflow: Bool)
      switch operation {
      case .add: result = a.addingReportingOverflow(b)
      case .subtract: result = a.subtractingReportingOverflow(b)
      case .multiply: result = a.multipliedReportingOverflow(by: b)
      default: return nil
      }
      return result.overflow ? nil : .int(result.partialValue)
    case (.float(let a), .float(let b)):
      switch operation {
      case .add: return .float(a + b)
      case .subtract: return .float(a - b)
      case .multiply: return .float(a * b)
      case .divide: return .float(a / b)
      default: return nil
      }
    default: return nil
    }
  }

  // MARK: comparing and deciding

  private static func comparisonOpcode(_ comparison: ComparisonOperator) -> Opcode {
    switch comparison {
    case .equal: .equal
    case .notEqual: .notEqual
    case .less: .less
    case .lessOrEqual: .lessOrEqual
    case .greater: .greater
    case .greaterOrEqual: .greaterOrEqual
    case .isIn: .contains
    case .isNotIn: .notContains
    }
  }

  private static func branchOpcode(_ comparison: ComparisonOperator) -> Opcode? {
    switch comparison {
    case .equal: .ifEqual
    case .notEqual: .ifNotEqual
    case .less: .ifLess
    case .lessOrEqual: .ifLessOrEqual
    case .greater: .ifGreater
    case .greaterOrEqual: .ifGreaterOrEqual
    case .isIn, .isNotIn: nil
    }
  }

  private static func constantBranchOpcode(_ comparison: ComparisonOperator) -> Opcode? {
    switch comparison {
    case .equal: .ifEqualConstant
    case .less: .ifLessConstant
    case .lessOrEqual: .ifLessOrEqualConstant
    case .greater: .ifGreaterConstant
    case .greaterOrEqual: .ifGreaterOrEqualConstant
    default: nil
    }
  }

  private mutating func compileComparison(
    _ parts: [NodeID], _ operators: [ComparisonOperator], to target: Int, _ id: NodeID
  ) {
    if operators.count == 1 {
      let (first, second, flags) = operands(parts[0], parts[1])
      at(id, left: parts[0], right: parts[1])
      current.emit(Self.comparisonOpcode(operators[0]), target, first, second, x: flags)
      return
    }
    // `a < b < c` evaluates b once and stops at the first false; masks go on, and are combined.
    var exits: [Assembler.Patch] = []
    var left = consumable(parts[0])
    let result = current.newRegister()
    for (order, operation) in operators.enumerated() {
      let right = consumable(parts[order + 1])
      let isLast = order == operators.count - 1
      let holds = order == 0 ? result : current.newRegister()
      at(id, left: parts[order], right: parts[order + 1])
      current.emit(Self.comparisonOpcode(operation), holds, left, right, x: isLast ? 3 : 1)
      if order > 0 { current.emit(.combine, result, holds) }
      if !isLast { exits.append(emitLogicExit(.jumpIfFalse, result)) }
      left = right
    }
    current.patch(exits)
    current.emit(.move, target, result, x: 1)
  }

  /// The jump that leaves an `and` or `or` where its left side decides; a mask never does.
  private mutating func emitLogicExit(_ jump: Opcode, _ register: Int) -> Assembler.Patch {
    current.emit(.checkLogic, register)
    return current.emitJump(jump, register)
  }

  private mutating func compileLogic(_ left: NodeID, _ right: NodeID, to target: Int, stopsAt: Bool) {
    let result = current.newRegister()
    compile(left, to: result)
    at(left)
    let exit = emitLogicExit(stopsAt ? .jumpIfTrue : .jumpIfFalse, result)
    let other = current.newRegister()
    compile(right, to: other)
    at(right)
    current.emit(.combine, result, other, x: stopsAt ? 1 : 0)
    current.patch(exit)
    current.emit(.move, target, result, x: 1)
  }

  /// Compiles a condition and gives the jumps taken when it is false.
  mutating func compileCondition(_ id: NodeID) -> [Assembler.Patch] {
    let mark = current.nextRegister
    defer { current.free(to: mark) }
    switch tree[id] {
    case .comparison(let parts, let operators) where operators.count == 1:
      if let opcode = Self.constantBranchOpcode(operators[0]), let constant = numberConstant(parts[1]) {
        let (register, isTemporary) = operand(parts[0])
        at(id, left: parts[0], right: parts[1])
        current.emit(opcode, register, constant, 0, x: isTemporary ? 1 : 0)
        return [current.emitJump()]
      }
      if let opcode = Self.branchOpcode(operators[0]) {
        let (first, second, flags) = operands(parts[0], parts[1])
        at(id, left: parts[0], right: parts[1])
        current.emit(opcode, first, second, 0, x: flags)
        return [current.emitJump()]
      }
    case .and(let left, let right):
      return compileCondition(left) + compileCondition(right)
    case .unary(.not, let operand):
      let (register, isTemporary) = self.operand(operand)
      at(operand)
      return [current.emitJump(.jumpIfTrue, register, x: isTemporary ? 1 : 0)]
    default: break
    }
    let (register, isTemporary) = operand(id)
    at(id)
    return [current.emitJump(.jumpIfFalse, register, x: isTemporary ? 1 : 0)]
  }

  /// The branch at the end of a loop that goes round again while the condition holds, where there is one instruction
  /// for that.
  mutating func compileLoopBranch(_ condition: NodeID, back start: Int) -> Bool {
    guard case .comparison(let parts, let operators) = tree[condition], operators == [.less],
      let left = registerOfName(parts[0])
    else { return false }
    if let constant = numberConstant(parts[1]) {
      at(condition, left: parts[0], right: parts[1])
      current.emit(.whileLessConstant, left, constant)
    } else if let right = registerOfName(parts[1]) {
      at(condition, left: parts[0], right: parts[1])
      current.emit(.whileLess, left, right)
    } else {
      return false
    }
    current.emitJump(.jump, 0, back: start)
    return true
  }

  mutating func compileConditional(_ condition: NodeID, _ then: NodeID, _ otherwise: NodeID?, to target: Int?) {
    let start = current.position
    let failures = compileCondition(condition)
    // In a value, the whole expression is the statement's.
    if target == nil { emitStopCheck(since: start, condition) }
    compileBranch(then, to: target)
    guard otherwise != nil || target != nil else { return current.patch(failures) }
    let end = current.emitJump()
    current.patch(failures)
    if let otherwise { compileBranch(otherwise, to: target) } else if let target { current.emit(.loadNil, target) }
    current.patch(end)
  }

  private mutating func compileBranch(_ id: NodeID, to target: Int?) {
    if let target { compile(id, to: target) } else { compileStatement(id) }
  }

  mutating func compileAttempt(
    _ body: NodeID, _ name: String?, _ nameSpan: Span, _ handler: NodeID, to target: Int?
  ) {
    let mark = current.nextRegister
    let result = current.newRegister()
    let error = current.newRegister()
    let start = current.position
    compile(body, to: result)
    let finish = current.position
    let end = current.emitJump()
    current.prototype.handlers.append(
      Prototype.Handler(range: start..<finish, target: current.position, register: error))
    if name != nil, let index = resolver.declaredAt[nameSpan.start] { declareLocal(index, in: error) }
    compile(handler, to: result)
    current.emit(.loadNil, error)
    current.patch(end)
    if let target { current.emit(.move, target, result, x: 1) } else { current.emit(.loadNil, result) }
    current.free(to: mark)
  }

  // MARK: calls

  private mutating func compileIndex(_ base: NodeID, _ indices: [NodeID], to target: Int, _ id: NodeID) {
    if indices.count == 1 {
      let (first, second, flags) = operands(base, indices[0])
      at(id, left: base, right: indices[0])
      current.emit(.getIndex, target, first, second, x: flags)
      return
    }
    if indices.count > 100 {
      report(Fault(.limit, "too many indices", label: "\(indices.count), at most 100 are taken"), tree.span(id))
      return
    }
    let (register, isTemporary) = operand(base, before: indices)
    let first = current.nextRegister
    for index in indices { compile(index, to: current.newRegister()) }
    at(id, left: base)
    current.emit(.getIndices, target, register, first, x: indices.count | (isTemporary ? 128 : 0))
  }

  /// `x |> f(a)` is f(x, a); `x |> f` is f(x).
  private mutating func compilePipe(_ left: NodeID, _ right: NodeID, to target: Int, _ id: NodeID) {
    if case .call(let callee, let arguments) = tree[right] {
      compileCall(callee, arguments, to: target, id, piped: left)
    } else {
      compileCall(right, [], to: target, id, piped: left)
    }
  }

  /// The slot of a global that an expression names and that is not assigned again.
  private func constantGlobal(_ id: NodeID) -> Int? {
    guard case .name = tree[id], case .declaration(let index)? = resolver.uses[id.index],
      !resolver.declarations[index].isVariable, case .global(let slot) = storage(of: index)
    else { return nil }
    return slot
  }

  private mutating func compileCall(
    _ callee: NodeID, _ arguments: [Argument], to target: Int, _ id: NodeID, piped: NodeID?
  ) {
    let base = target == current.nextRegister - 1 ? target : current.newRegister()
    var count = 0
    let isMember: String?
    let global = piped == nil && arguments.allSatisfy { $0.name == nil } ? constantGlobal(callee) : nil
    if case .member(let receiver, let name, _) = tree[callee], piped == nil {
      // The receiver stands where the callee goes; the machine finds out which of the two it is.
      isMember = name
      compile(receiver, to: base)
    } else {
      isMember = nil
      if global == nil { compile(callee, to: base) }
    }
    if let piped {
      compile(piped, to: current.newRegister())
      count += 1
    }
    for argument in arguments {
      compile(argument.value, to: current.newRegister())
      count += 1
    }
    // A member that is a library function moves its arguments up by one.
    if isMember != nil { current.reserve(1) }
    let names = arguments.compactMap(\.name)
    var namesConstant = 0
    if !names.isEmpty {
      namesConstant = current.constant(owning: .tuple(names.map { .string($0) }))
    }
    let flags = (piped == nil ? 0 : 1) | (names.isEmpty ? 0 : 2)
    let places = (piped.map { [Prototype.ArgumentPlace(value: tree.span($0))] } ?? [])
      + arguments.map { Prototype.ArgumentPlace(value: tree.span($0.value), name: $0.nameSpan) }
    if let isMember {
      at(id, left: callee)
      current.site.arguments = places
      if case .member(let receiver, _, _) = tree[callee] { current.site.receiver = tree.span(receiver) }
      current.emit(.callMember, base, count, current.constant(isMember), x: flags)
      if !names.isEmpty { current.emitWide(.jump, 0, namesConstant) }
    } else if let global {
      // A fault of the name shows the name, one of the call the call: each word has its place.
      at(callee)
      current.emit(.callGlobal, base, count, x: flags)
      at(id, left: callee)
      current.site.arguments = places
      current.emitWide(.jump, 0, global)
    } else {
      at(id, left: callee)
      current.site.arguments = places
      current.emit(names.isEmpty ? .call : .callNamed, base, count, namesConstant, x: flags)
    }
    if base != target { current.emit(.move, target, base, x: 1) }
  }
}
