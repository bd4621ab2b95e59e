import Language

/// A compiled function: its code, constants, and what is needed to report errors in it.
final class Prototype {
  struct Capture {
    /// From the enclosing function's register (or cell), or from its own captures.
    var isLocal: Bool
    var index: Int
  }

  /// The place of an instruction in the source, and of its operands where it has two.
  struct Site {
    var span: Span
    var left: Span?
    var right: Span?
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

  private(set) var code: UnsafeMutablePointer<Instruction>
  private(set) var codeCount = 0
  /// Owned.
  private(set) var constants: UnsafeMutablePointer<Value>
  private var constantCount = 0
  var prototypes: [Prototype] = []

  init(name: String, source: SourceText, span: Span) {
    self.name = name
    self.source = source
    self.span = span
    code = .allocate(capacity: 1)
    constants = .allocate(capacity: 1)
  }

  func finish(code newCode: [Instruction], constants newConstants: [Value]) {
    code.deallocate()
    constants.deallocate()
    code = .allocate(capacity: newCode.count + 1)
    for (index, instruction) in newCode.enumerated() { (code + index).initialize(to: instruction) }
    codeCount = newCode.count
    constants = .allocate(capacity: newConstants.count + 1)
    for (index, value) in newConstants.enumerated() { (constants + index).initialize(to: value) }
    constantCount = newConstants.count
  }

  deinit {
    for index in 0..<constantCount { constants[index].release() }
    code.deallocate()
    constants.deallocate()
  }
}
