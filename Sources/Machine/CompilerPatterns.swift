import Faults
import Language

/// Taking values apart: `let (a, b) = …`, `for (k, v) in …`, `match`.
extension Compiler {
  /// Binds a pattern's names from a register that keeps its value; what does not fit is an error.
  mutating func bind(_ pattern: Pattern, from register: Int) {
    switch pattern {
    case .name(_, let span):
      guard let index = resolver.declaredAt[span.start] else { return }
      let copy = current.newRegister()
      current.emit(.move, copy, register)
      define(index, from: copy)
    case .tuple(let parts, let span), .list(let parts, let span):
      let (count, rest) = Self.counts(parts)
      current.site.span = span
      current.emit(.checkList, register, count, x: rest == nil ? 0 : 1)
      bindParts(parts, from: register) { $0.bind($1, from: $2) }
    case .ignore, .rest, .literal, .either: break
    }
  }

  private static func counts(_ parts: [Pattern]) -> (Int, rest: Int?) {
    let rest = parts.firstIndex { if case .rest = $0 { true } else { false } }
    return (parts.count - (rest == nil ? 0 : 1), rest)
  }

  private mutating func bindParts(
    _ parts: [Pattern], from register: Int, _ each: (inout Compiler, Pattern, Int) -> Void
  ) {
    for (position, part) in parts.enumerated() {
      switch part {
      case .ignore: continue
      case .rest(let name, let span):
        guard name != nil, let index = resolver.declaredAt[span.start + 2] else { continue }
        let copy = current.newRegister()
        current.emit(.tail, copy, register, position)
        define(index, from: copy)
      case .name(_, let span):
        guard let index = resolver.declaredAt[span.start] else { continue }
        let copy = current.newRegister()
        current.emit(.element, copy, register, position)
        define(index, from: copy)
      default:
        let copy = current.newRegister()
        current.emit(.element, copy, register, position)
        each(&self, part, copy)
      }
    }
  }

  // MARK: match

  mutating func compileMatch(_ subject: NodeID, _ arms: [MatchArm], to target: Int?, _ id: NodeID) {
    let mark = current.nextRegister
    let register = current.newRegister()
    compile(subject, to: register)
    var ends: [Assembler.Patch] = []
    for arm in arms {
      let armMark = current.nextRegister
      var failures: [Assembler.Patch] = []
      test(arm.pattern, register, &failures)
      if let condition = arm.condition { failures += compileCondition(condition) }
      if let target {
        if isExpression(arm.body) {
          compile(arm.body, to: target)
        } else {
          compileStatement(arm.body)
          current.emit(.loadNil, target)
        }
      } else {
        compileStatement(arm.body)
      }
      ends.append(current.emitJump())
      current.patch(failures)
      current.free(to: armMark)
    }
    at(subject)
    current.emit(.noMatch, register)
    current.patch(ends)
    current.emit(.loadNil, register)
    current.free(to: mark)
  }

  /// Tests a pattern and binds its names; collects the jumps taken where it does not match.
  private mutating func test(_ pattern: Pattern, _ register: Int, _ failures: inout [Assembler.Patch]) {
    switch pattern {
    case .ignore, .rest: break
    case .name(_, let span):
      guard let index = resolver.declaredAt[span.start] else { return }
      let copy = current.newRegister()
      current.emit(.move, copy, register)
      define(index, from: copy)
    case .literal(let node):
      let literal = current.newRegister()
      compile(node, to: literal)
      at(node)
      current.emit(.ifEqual, register, literal, x: 6)
      failures.append(current.emitJump())
    case .either(let patterns):
      var matches: [Assembler.Patch] = []
      for (order, part) in patterns.enumerated() {
        var misses: [Assembler.Patch] = []
        test(part, register, &misses)
        if order == patterns.count - 1 {
          failures += misses
        } else {
          matches.append(current.emitJump())
          current.patch(misses)
        }
      }
      current.patch(matches)
    case .tuple(let parts, _), .list(let parts, _):
      var isTuple = 0
      if case .tuple = pattern { isTuple = 1 }
      let (count, rest) = Self.counts(parts)
      let fits = current.newRegister()
      current.emit(.isListOf, fits, register, count, x: isTuple | (rest == nil ? 0 : 2))
      failures.append(current.emitJump(.jumpIfFalse, fits))
      var inner: [Assembler.Patch] = []
      bindParts(parts, from: register) { $0.test($1, $2, &inner) }
      failures += inner
    }
  }
}
