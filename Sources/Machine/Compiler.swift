import Faults
import Language

/// What a source becomes: its top-level code.
struct CompiledSource {
  let prototype: Prototype
  /// The names that it defines at the top level; they enter the global scope when it runs.
  let names: [(String, GlobalScope.Name)]
}

/// Turns a resolved tree into register code. Statements are in `CompilerStatements.swift`, expressions in
/// `CompilerExpressions.swift`, patterns in `CompilerPatterns.swift`.
///
/// A temporary register is used once, by the instruction that consumes it; bits of that instruction's `x` (1 for `b`,
/// 2 for `c`) say so, and the machine then clears it. A container therefore stays unique unless the program shares it.
struct Compiler {
  let tree: Tree
  let library: Library
  let resolver: Resolver
  /// Top-level names that no function uses live in registers: a script's loops run at a function's speed.
  let keepsTopLevelInRegisters: Bool
  var current: Assembler
  var diagnostics: [Diagnostic] = []
  /// A variable's register that is being assigned while the expression still reads it.
  var liveTarget: Int?

  static func compile(
    _ tree: Tree, library: Library, global: GlobalScope, prelude: GlobalScope, keepsTopLevelInRegisters: Bool,
    newSlot: @escaping () -> Int
  ) -> Result<CompiledSource, DiagnosticList> {
    var resolver = Resolver(tree, library: library, global: global, prelude: prelude, newSlot: newSlot)
    resolver.run()
    if !resolver.diagnostics.isEmpty { return .failure(DiagnosticList(resolver.diagnostics)) }
    let prototype = Prototype(name: "top level", source: tree.source, span: Span(0, tree.source.bytes.count))
    var compiler = Compiler(
      tree: tree, library: library, resolver: resolver, keepsTopLevelInRegisters: keepsTopLevelInRegisters,
      current: Assembler(prototype, parent: nil))
    compiler.compileProgram()
    if !compiler.diagnostics.isEmpty { return .failure(DiagnosticList(compiler.diagnostics)) }
    let names = resolver.declarations.filter { $0.isTopLevel && $0.span.end > 0 }.map { declaration in
      (
        declaration.name,
        GlobalScope.Name(
          slot: declaration.slot, isVariable: declaration.isVariable, documentation: declaration.documentation,
          source: tree.source, span: declaration.span)
      )
    }
    return .success(CompiledSource(prototype: prototype, names: names))
  }

  private mutating func compileProgram() {
    var hoisted = Set<Int>()
    for id in tree.statements {
      if case .function(let function) = tree[id], let index = resolver.declaredAt[function.nameSpan.start],
        !hoisted.contains(index)
      {
        hoisted.insert(index)
        compileFunctionDefinition(function, id)
      }
    }
    var defined = Set<Int>()
    for (order, id) in tree.statements.enumerated() {
      if case .function(let function) = tree[id], let index = resolver.declaredAt[function.nameSpan.start],
        !defined.contains(index)
      {
        defined.insert(index)
        continue
      }
      let mark = current.nextRegister
      if order == tree.statements.count - 1, isExpression(id) {
        let register = current.newRegister()
        compile(id, to: register)
        current.emit(.result, register)
        current.free(to: mark)
      } else {
        compileStatement(id, isLast: order == tree.statements.count - 1)
      }
    }
    emitReturnNil()
    finishFunction(Span(0, tree.source.bytes.count))
  }

  mutating func finishFunction(_ span: Span) {
    if current.isTooLarge {
      report(
        Fault(.limit, "this function is too large to compile", label: "too many values or instructions",
          help: "split it into several functions"), span)
    }
    current.finish()
  }

  mutating func report(_ fault: Fault, _ span: Span) {
    diagnostics.append(Diagnostic(fault, in: tree.source, at: span))
  }

  func isExpression(_ id: NodeID) -> Bool {
    switch tree[id] {
    case .binding, .assign, .function, .returning, .breaking, .continuing, .loop, .whileLoop, .throwing, .assertion,
      .test, .use, .neuron, .missing:
      false
    default: true
    }
  }

  /// Marks the instructions that follow with a place in the source.
  mutating func at(_ id: NodeID, left: NodeID? = nil, right: NodeID? = nil) {
    current.site = Prototype.Site(
      span: tree.span(id), left: left.map { tree.span($0) }, right: right.map { tree.span($0) })
  }

  // MARK: variables

  enum Storage {
    case register(Int)
    /// A cell in a register.
    case cell(Int)
    case capture(Int)
    case captureCell(Int)
    case ownFunction
    case global(Int)
  }

  func usesCell(_ declaration: Declaration) -> Bool {
    declaration.isCaptured && declaration.isVariable && declaration.isAssigned
  }

  func isGlobal(_ declaration: Declaration) -> Bool {
    declaration.isTopLevel && (!keepsTopLevelInRegisters || declaration.isCaptured || declaration.isFunction)
  }

  func storage(of index: Int) -> Storage {
    let declaration = resolver.declarations[index]
    if isGlobal(declaration) { return .global(declaration.slot) }
    if let register = current.registers[index] {
      return usesCell(declaration) ? .cell(register) : .register(register)
    }
    if current.ownDeclaration == index { return .ownFunction }
    let capture = current.capture(index)
    return usesCell(declaration) ? .captureCell(capture) : .capture(capture)
  }

  /// A register for a new local; the value must be put there before `makeCell` closes over it.
  mutating func declareLocal(_ index: Int, in register: Int) {
    current.registers[index] = register
    if usesCell(resolver.declarations[index]) { current.emit(.makeCell, register) }
  }
}

/// Several diagnostics as one error.
public struct DiagnosticList: Error {
  public let diagnostics: [Diagnostic]
  public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
}
