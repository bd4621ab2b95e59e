import Faults
import Language

/// Finds constant expressions that cannot be computed, most of all those whose shapes do not fit: it computes them, in a
/// machine of its own, by what the program itself would call. Only what depends on nothing but the source, reaches no file,
/// and stays small counts as constant. What stands in a `try` may be meant to fail, and a function value may be called in one;
/// of functions with a name, which others call too, only shapes are told.
struct ConstantChecker {
  let tree: Tree
  let resolver: Resolver
  let library: Library
  private(set) var diagnostics: [Diagnostic] = []
  private var kinds: [Constancy]
  /// Small whole numbers that nodes stand for.
  private var numbers: [Int: Int] = [:]
  /// The constants of the source, by their declarations: the value's node.
  private var values: [Int: NodeID] = [:]
  private var isNameAmbiguous: Set<String> = []

  private enum Constancy: Comparable {
    case never
    /// A value of known shape whose numbers are drawn, such as first weights.
    case drawn
    case fixed
  }

  private static let largestSize = 5_000_000
  private static let largestNumber = 5_000
  private static let largestFactor = 1_000
  private static let computed: Set<String> = ["collections", "tensors", "conversion", "numbers", "text"]
  private static let drawing: Set<String> = ["random numbers", "encoders", "networks"]
  /// What may be done with drawn numbers: the shape of what it gives does not depend on them.
  private static let blind: Set<String> = [
    "reshape", "transpose", "flatten", "expand", "squeeze", "broadcast", "concat", "stack", "flip", "matmul", "softmax", "sum", "mean",
    "shape", "size", "ndim", "len", "zeros_like", "ones_like", "exp", "abs", "sqrt", "tanh", "sigmoid", "relu",
  ]

  init(_ tree: Tree, resolver: Resolver, library: Library) {
    self.tree = tree
    self.resolver = resolver
    self.library = library
    kinds = Array(repeating: .never, count: tree.nodes.count)
  }

  mutating func run(in makeInterpreter: () -> Interpreter) {
    // One name for two things would be one in the machine that computes them.
    let names = Dictionary(resolver.declarations.map { ($0.name, 1) }, uniquingKeysWith: +)
    isNameAmbiguous = Set(names.filter { $0.value > 1 || library.builtins[$0.key] != nil }.keys)
    let bound = Dictionary(resolver.declaredAt.values.map { ($0, 1) }, uniquingKeysWith: +)
    var skipped: [Span] = [], functions: [Span] = []
    var stages: Set<Int> = []
    // Parts stand before what they are parts of.
    for id in tree.ids {
      kinds[id.index] = constancy(id)
      switch tree[id] {
      case .binding(.name(let name, let span), let value, isVariable: false, _):
        guard let declaration = resolver.declaredAt[span.start], bound[declaration] == 1, !isNameAmbiguous.contains(name) else { continue }
        kinds[id.index] = kinds[value.index]
        values[declaration] = value
      case .attempt(let body, _, _, _): skipped.append(tree.span(body))
      case .lambda(let function): skipped.append(tree.span(function.body))
      case .function(let function): functions.append(tree.span(function.body))
      case .pipe(_, let right): stages.insert(right.index)
      default: continue
      }
    }
    var interpreter: Interpreter?
    var end = 0
    for id in pieces(without: stages) {
      let span = tree.span(id)
      func stands(in places: [Span]) -> Bool { places.contains { $0.start <= span.start && span.end <= $0.end } }
      if span.start < end || stands(in: skipped) { continue }
      end = span.end
      let runner = interpreter ?? makeInterpreter()
      interpreter = runner
      compute(span, telling: stands(in: functions) ? [.shape] : [.shape, .value, .type, .unit], in: runner)
    }
  }

  /// The constant parts of the source, in its order, larger ones before what they hold.
  private func pieces(without stages: Set<Int>) -> [NodeID] {
    tree.ids.filter { kinds[$0.index] != .never && isComputed($0) && !stages.contains($0.index) }.sorted {
      let (a, b) = (tree.span($0), tree.span($1))
      return (a.start, -a.end, -$0.index) < (b.start, -b.end, -$1.index)
    }
  }

  /// Whether there is something to compute, or a name to remember.
  private func isComputed(_ id: NodeID) -> Bool {
    switch tree[id] {
    case .binary, .call, .index, .member, .pipe, .binding: true
    default: false
    }
  }

  private mutating func compute(_ span: Span, telling told: Set<Fault.Kind>, in interpreter: Interpreter) {
    let piece = SourceText(tree.source.text(span), name: tree.source.name)
    guard case .failed(let faults) = interpreter.run(piece, mode: .cell) else { return }
    guard let found = faults.first, told.contains(found.fault.kind) else { return }
    let isHere = found.source.bytes == piece.bytes
    let place = isHere ? Span(span.start + found.span.start, span.start + found.span.end) : span
    diagnostics.append(Diagnostic(found.fault, in: tree.source, at: place))
  }

  // MARK: what is constant

  private mutating func constancy(_ id: NodeID) -> Constancy {
    switch tree[id] {
    case .nilLiteral, .bool, .float, .quantity, .string: return .fixed
    case .int(let value):
      numbers[id.index] = value
      return .fixed
    case .name(let name): return constancy(ofName: name, id)
    case .list(let elements):
      var parts: [NodeID] = []
      for element in elements {
        guard case .value(let node) = element else { return .never }
        parts.append(node)
      }
      return isSmall(parts) ? least(parts) : .never
    case .tuple(let parts): return isSmall(parts) ? least(parts) : .never
    case .unary(let sign, let operand):
      if sign == .negate, let number = numbers[operand.index], number != .min { numbers[id.index] = -number }
      return kinds[operand.index]
    case .binary(let operation, let left, let right): return constancy(of: operation, left, right, id)
    case .range(let low, let high, let step):
      let ends = [low, high, step].compactMap { $0 }
      return ends.allSatisfy { numbers[$0.index].map { $0.magnitude <= UInt(Self.largestSize) } ?? false } ? .fixed : .never
    case .index(let base, let keys):
      return keys.allSatisfy { kinds[$0.index] == .fixed } ? kinds[base.index] : .never
    case .member(let base, let name, _):
      if kinds[base.index] == .drawn, !Self.blind.contains(name) { return .never }
      return kinds[base.index]
    case .call(let callee, let arguments): return constancy(ofCall: callee, arguments, behind: nil)
    case .pipe(let left, let right):
      if case .call(let callee, let arguments) = tree[right] { return constancy(ofCall: callee, arguments, behind: left) }
      return constancy(ofCall: right, [], behind: left)
    default: return .never
    }
  }

  private mutating func constancy(ofName name: String, _ id: NodeID) -> Constancy {
    switch resolver.uses[id.index] {
    case .unit?: return .fixed
    case .builtin(let name)?: return library.builtins[name].map { constancy(of: $0, isDrawn: false) } ?? .never
    case .declaration(let index)?:
      guard let value = values[index] else { return .never }
      numbers[id.index] = numbers[value.index]
      return kinds[value.index]
    default: return .never
    }
  }

  private mutating func constancy(of operation: BinaryOperator, _ left: NodeID, _ right: NodeID, _ id: NodeID) -> Constancy {
    let (a, b) = (numbers[left.index], numbers[right.index])
    if let a, let b {
      let result: (partialValue: Int, overflow: Bool)? =
        switch operation {
        case .add: a.addingReportingOverflow(b)
        case .subtract: a.subtractingReportingOverflow(b)
        case .multiply: a.multipliedReportingOverflow(by: b)
        default: nil
        }
      guard let result, !result.overflow else { return .never }
      numbers[id.index] = result.partialValue
      return .fixed
    }
    // A list or a text many times over.
    if operation == .multiply, let factor = a ?? b, factor.magnitude > UInt(Self.largestFactor) { return .never }
    return min(kinds[left.index], kinds[right.index])
  }

  private func constancy(ofCall callee: NodeID, _ arguments: [Argument], behind subject: NodeID?) -> Constancy {
    var parts = arguments.map(\.value) + (subject.map { [$0] } ?? [])
    if parts.contains(where: { numbers[$0.index].map { $0.magnitude > UInt(Self.largestNumber) } ?? false }) { return .never }
    if case .member(let base, let name, _) = tree[callee], kinds[base.index] != .never {
      parts.append(base)
      return library.builtins[name].map { min(least(parts), constancy(of: $0, isDrawn: least(parts) == .drawn)) } ?? .never
    }
    if case .name = tree[callee], case .builtin(let name)? = resolver.uses[callee.index], let builtin = library.builtins[name] {
      return min(least(parts), constancy(of: builtin, isDrawn: least(parts) == .drawn))
    }
    // A network or a neuron that is called.
    return kinds[callee.index] == .drawn ? min(least(parts), .drawn) : .never
  }

  private func constancy(of builtin: Builtin, isDrawn: Bool) -> Constancy {
    // What has a path may reach a file.
    if builtin.parameters.contains(where: { $0.name == "path" }) { return .never }
    if Self.drawing.contains(builtin.subject) { return .drawn }
    if !Self.computed.contains(builtin.subject) { return .never }
    return isDrawn ? (Self.blind.contains(builtin.name) ? .drawn : .never) : .fixed
  }

  private func least(_ parts: [NodeID]) -> Constancy { parts.map { kinds[$0.index] }.min() ?? .fixed }

  /// Whether what may be a shape is the shape of something small.
  private func isSmall(_ parts: [NodeID]) -> Bool {
    var size = 1
    for part in parts {
      guard let number = numbers[part.index] else {
        if case .call = tree[part], isNumber(part) { return false }
        continue
      }
      let (product, overflow) = size.multipliedReportingOverflow(by: number == .min ? .max : max(1, abs(number)))
      if overflow || product > Self.largestSize { return false }
      size = product
    }
    return true
  }

  private func isNumber(_ call: NodeID) -> Bool {
    guard case .call(let callee, _) = tree[call], case .builtin(let name)? = resolver.uses[callee.index] else { return false }
    return library.builtins[name]?.returns == "int"
  }
}
