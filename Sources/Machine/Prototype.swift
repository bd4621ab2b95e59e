import Language

/// What a call needs of a function, in plain memory: the loop reads it without touching an object.
struct CodeHeader {
  var code: UnsafeMutablePointer<Instruction>
  var constants: UnsafeMutablePointer<Value>
  var registerCount: Int
  /// The number of parameters where all are required and none takes the rest; else -1.
  var plainParameters: Int
  var prototype: Unmanaged<Prototype>
}

/// A compiled function: its code, constants, and what is needed to report errors in it.
final class Prototype {
  struct Capture {
    /// From the enclosing function's register (or cell), or from its own captures.
    var isLocal: Bool
    var index: Int
  }

  /// The place of an instruction in the source, of its operands where it has two, and of its arguments where it is a call.
  struct Site {
    var span: Span
    var left: Span?
    var right: Span?
    /// What stands before the dot of `x.f(a)`.
    var receiver: Span?
    var arguments: [ArgumentPlace] = []
  }

  struct ArgumentPlace {
    var value: Span
    var name: Span?
  }

  struct Handler {
    var range: Range<Int>
    var target: Int
    var register: Int
  }

  let name: String
  let source: SourceText
  var parameterNames: [String] = []
  var requiredCount = 0
  var hasRest = false
  var registerCount = 0
  var captures: [Capture] = []
  var handlers: [Handler] = []
  var sites: [Site] = []
  var documentation: String?
  /// The function's own text.
  var span: Span

  let header: UnsafeMutablePointer<CodeHeader>
  private(set) var codeCount = 0
  private var constantCount = 0
  var prototypes: [Prototype] = []

  init(name: String, source: SourceText, span: Span) {
    self.name = name
    self.source = source
    self.span = span
    header = .allocate(capacity: 1)
    header.initialize(
      to: CodeHeader(
        code: .allocate(capacity: 1), constants: .allocate(capacity: 1), registerCount: 0, plainParameters: -1,
        prototype: Unmanaged.passUnretained(self)))
  }

  var code: UnsafeMutablePointer<Instruction> { header.pointee.code }
  /// Owned.
  private var constants: UnsafeMutablePointer<Value> { header.pointee.constants }

  func finish(code newCode: [Instruction], constants newConstants: [Value]) {
    code.deallocate()
    constants.deallocate()
    header.pointee.registerCount = registerCount
    let isPlain = !hasRest && requiredCount == parameterNames.count
    header.pointee.plainParameters = isPlain ? requiredCount : -1
    header.pointee.code = .allocate(capacity: newCode.count + 1)
    for (index, instruction) in newCode.enumerated() { (code + index).initialize(to: instruction) }
    codeCount = newCode.count
    header.pointee.constants = .allocate(capacity: newConstants.count + 1)
    for (index, value) in newConstants.enumerated() { (constants + index).initialize(to: value) }
    constantCount = newConstants.count
  }

  deinit {
    for index in 0..<constantCount { constants[index].release() }
    code.deallocate()
    constants.deallocate()
    header.deallocate()
  }
}
