/// What the prompt asks of names, functions and modules.
extension Interpreter {
  /// Forgets one name of the user's; false when there is none.
  public func forget(_ name: String) -> Bool {
    guard let known = scope.names.removeValue(forKey: name) else { return false }
    Machine.store(machine.globals + known.slot, .undefined)
    return true
  }

  /// Makes the next `use` of a file read it again. Names that hold a module keep the one they have.
  public func forgetFileModules() {
    let own = Set(library.moduleNames)
    machine.modules = machine.modules.filter { own.contains($0.key) }
  }
}

extension Value {
  /// The signature of a function of the language, and its `##` documentation.
  public var functionHelp: (signature: String, text: String)? {
    guard tag == .function else { return nil }
    let prototype = object(as: FunctionObject.self).prototype
    return (prototype.signatureText, prototype.documentation ?? "")
  }

  /// The source text of a function of the language.
  public var functionSource: String? {
    guard tag == .function else { return nil }
    let prototype = object(as: FunctionObject.self).prototype
    return prototype.source.text(prototype.span)
  }

  /// The names of a function's parameters.
  public var functionParameters: [String] {
    switch tag {
    case .function: object(as: FunctionObject.self).prototype.parameterNames
    case .native: object(as: NativeObject.self).builtin.parameters.map(\.name)
    default: []
    }
  }
}
