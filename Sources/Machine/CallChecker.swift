import Faults
import Language

/// Finds calls that cannot go well whatever runs before them: an argument of an unknown name, one too many, or one that is
/// missing, of builtins and of the source's own functions, also behind `|>`. What stands in a `try` may be meant to fail.
struct CallChecker {
  let tree: Tree
  let resolver: Resolver
  let library: Library
  private(set) var diagnostics: [Diagnostic] = []
  /// The modules of the library that `use` brings, by their declarations.
  private var modules: [Int: String] = [:]
  private var functions: [Int: FunctionTree] = [:]

  init(_ tree: Tree, resolver: Resolver, library: Library) {
    self.tree = tree
    self.resolver = resolver
    self.library = library
  }

  mutating func run() {
    var guarded: [Span] = []
    var stages: Set<Int> = []
    // What is bound more than once is one thing here and another there.
    let bound = Dictionary(resolver.declaredAt.values.map { ($0, 1) }, uniquingKeysWith: +)
    for node in tree.nodes {
      switch node {
      case .use(let path, let isFile, _, let span):
        if !isFile, let declaration = resolver.declaredAt[span.start], bound[declaration] == 1 { modules[declaration] = path }
      case .function(let function):
        if let declaration = resolver.declaredAt[function.nameSpan.start], bound[declaration] == 1 { functions[declaration] = function }
      case .attempt(let body, _, _, _): guarded.append(tree.span(body))
      case .pipe(_, let right): stages.insert(right.index)
      default: continue
      }
    }
    for id in tree.ids {
      let span = tree.span(id)
      if guarded.contains(where: { $0.start <= span.start && span.end <= $0.end }) { continue }
      switch tree[id] {
      case .call(let callee, let arguments) where !stages.contains(id.index): check(callee, arguments, isPiped: false, span)
      case .pipe(_, let right):
        if case .call(let callee, let arguments) = tree[right] {
          check(callee, arguments, isPiped: true, span)
        } else {
          check(right, [], isPiped: true, span)
        }
      default: continue
      }
    }
  }

  private mutating func check(_ callee: NodeID, _ arguments: [Argument], isPiped: Bool, _ span: Span) {
    guard let target = target(callee) else { return }
    let positional = arguments.filter { $0.name == nil }
    let count = positional.count + (isPiped ? 1 : 0)
    for argument in arguments {
      guard let name = argument.name, !target.names.contains(name) else { continue }
      report(
        Fault(
          .call, "`\(target.name)` has no argument `\(name)`",
          help: didYouMean(name, among: target.names) ?? "it is \(target.signature)"), argument.nameSpan ?? span)
      return
    }
    if let most = target.most, count > most {
      let place = positional.last.map { tree.span($0.value) } ?? span
      return report(
        Fault(
          .call, "too many arguments for `\(target.name)`", label: "\(count) given, at most \(most) taken",
          help: "it is \(target.signature)"), place)
    }
    let named = Set(arguments.compactMap(\.name))
    // A leading value that may be left out is taken to be: then the others reach furthest.
    let skipped = target.hasSubject && !isPiped ? 1 : 0
    for (place, name) in target.required where place >= count + skipped && !named.contains(name) {
      return report(
        Fault(.call, "`\(target.name)` needs `\(name)`", label: "not given", help: "it is \(target.signature)"), span)
    }
  }

  private mutating func report(_ fault: Fault, _ span: Span) {
    diagnostics.append(Diagnostic(fault, in: tree.source, at: span))
  }

  // MARK: what is called

  private struct Target {
    var name: String
    var signature: String
    var names: [String]
    /// How many positional arguments are taken at most; nil for any number.
    var most: Int?
    var required: [(place: Int, name: String)]
    var hasSubject = false
  }

  private func target(_ callee: NodeID) -> Target? {
    switch tree[callee] {
    case .name:
      switch resolver.uses[callee.index] {
      case .builtin(let name)?: return library.builtins[name].flatMap(target)
      case .declaration(let index)?: return functions[index].map { target($0, named: $0.name ?? "") }
      default: return nil
      }
    case .member(let base, let name, _):
      guard case .name = tree[base], let path = module(base) else { return nil }
      return library.builtins["\(path).\(name)"].flatMap(target)
    default: return nil
    }
  }

  /// The module of the library that a name stands for.
  private func module(_ id: NodeID) -> String? {
    switch resolver.uses[id.index] {
    case .builtin(let name)?: return library.openModules.contains(name) ? name : nil
    case .declaration(let index)?: return modules[index]
    default: return nil
    }
  }

  private func target(_ builtin: Builtin) -> Target? {
    if builtin.isConstant { return nil }
    var target = Target(name: builtin.name, signature: builtin.signature, names: [], required: [])
    target.hasSubject = builtin.hasSubject
    target.most = builtin.takesRest ? nil : builtin.positionalCount
    var place = 0
    for parameter in builtin.parameters {
      switch parameter.role {
      case .rest: continue
      case .required: target.required.append((place, parameter.name))
      case .optional, .subject, .named: break
      }
      target.names.append(parameter.name)
      if !parameter.isNamedOnly { place += 1 }
    }
    return target
  }

  private func target(_ function: FunctionTree, named name: String) -> Target {
    let parameters = function.parameters
    let names = parameters.filter { !$0.isRest }.map(\.name)
    var target = Target(
      name: name, signature: "\(name)(\(parameters.map(\.name).joined(separator: ", ")))", names: names,
      most: parameters.last?.isRest == true ? nil : names.count, required: [])
    for (place, parameter) in parameters.enumerated() where parameter.defaultValue == nil && !parameter.isRest {
      target.required.append((place, parameter.name))
    }
    return target
  }
}
