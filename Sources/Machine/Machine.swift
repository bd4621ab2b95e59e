import Faults
import Glibc
import Language
import Tensors

/// What a run may use; sizes and depths are the same in debug and release builds.
public struct Limits: Sendable {
  /// Calls under way at once.
  public var callDepth = 10_000
  /// Elements of one list, and characters of one string, made by an operator.
  public var elements = 100_000_000
  /// Elements of a tensor made from nested lists.
  static let largestTensor = 1 << 28
  /// Calls from builtins back into the language at once.
  public var nativeDepth = 400

  public init() {}
}

/// The register machine: its stack, its globals, and the state of the run. `MachineLoop.swift` holds the loop.
///
/// One machine belongs to one thread at a time. Frames live on its own heap stack, so recursion in a program never
/// touches the native stack.
public final class Machine {
  struct Frame {
    let header: UnsafeMutablePointer<CodeHeader>
    /// Where the caller goes on.
    let returnAddress: UnsafeMutablePointer<Instruction>
    let base: UnsafeMutablePointer<Value>

    var prototype: Prototype { header.pointee.prototype._withUnsafeGuaranteedRef { $0 } }
  }

  public let library: Library
  public var output: any Output
  public var limits = Limits()
  /// State that builtins keep from call to call: the seed, for one.
  public var state: [ObjectIdentifier: AnyObject] = [:]

  static let stackCapacity = 4_000_000
  static let globalCapacity = 1_000_000

  let stack: UnsafeMutablePointer<Value>
  let stackEnd: UnsafeMutablePointer<Value>
  let globals: UnsafeMutablePointer<Value>
  private(set) var globalCount = 0
  var frames: UnsafeMutablePointer<Frame>
  var frameCount = 0
  private let frameCapacity: Int
  private let noCode = UnsafeMutablePointer<Instruction>.allocate(capacity: 1)
  /// The first free stack place above the running builtin's arguments.
  var top: UnsafeMutablePointer<Value>
  var nativeDepth = 0
  /// The value of the program's last expression, owned.
  var result = Value.nil
  var tests: [Value] = []
  let cells = CellRegistry()
  /// The tapes that record what runs now, the innermost last.
  var tapes: [Tape] = []
  /// Where the characters of the text last indexed begin. The text is held, so that it cannot change meanwhile.
  var characterPlaces: (text: Value, places: [String.Index])?
  var textBytes = TextBytes()
  /// The fault on its way to a handler, and what was thrown.
  var pendingFault: Fault?
  var pendingThrown = Value.nil
  var pendingDiagnostic: Diagnostic?
  /// What the operands of a failed operation were, in brief, for its label.
  var pendingOperands: (left: String, right: String)?
  /// The argument that the pending fault is about.
  var pendingArgument: FaultyArgument?
  /// How deep in builtins the call was that asked for the end of the run behind its statement; nil while none has.
  var stopDepth: Int?
  /// Where the running frame is while a builtin runs, and where a new frame begins.
  var currentPC: UnsafeMutablePointer<Instruction>
  /// Where the running call of a builtin stands: the callee, its arguments behind it.
  var nativeBase: UnsafeMutablePointer<Value>?

  /// The names of the stdlib that are always there. They are read while a source that may need them is resolved, and
  /// most sources need none.
  private(set) lazy var prelude = GlobalScope { [unowned self] in readPrelude() }
  var modules: [String: ModuleObject] = [:]
  /// Files being loaded, to find modules that use each other in a circle.
  var loading: [String] = []
  /// Reads the text of a module's file; set by the program around the machine.
  public var readModule: ((String) throws(Fault) -> String)?
  /// Turns a `neuron` definition into a value; set by the room that knows neurons.
  public var neuronMaker: ((_ definition: NeuronDefinition, _ defaults: [Value]) throws(Fault) -> Value)?

  public init(library: Library, output: any Output) {
    self.library = library
    self.output = output
    stack = Self.reserve(Value.self, Self.stackCapacity)
    stackEnd = stack + Self.stackCapacity - 1000
    globals = Self.reserve(Value.self, Self.globalCapacity)
    frameCapacity = limits.callDepth + 10
    frames = .allocate(capacity: frameCapacity)
    top = stack
    currentPC = noCode
  }

  /// Zeroed memory that costs nothing until it is touched.
  private static func reserve<T>(_ type: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
    let bytes = count * MemoryLayout<T>.stride
    let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    if let memory, memory != MAP_FAILED { return memory.bindMemory(to: T.self, capacity: count) }
    let fallback = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16)
    memset(fallback, 0, bytes)
    return fallback.bindMemory(to: T.self, capacity: count)
  }

  deinit {
    for index in 0..<globalCount { globals[index].release() }
    result.release()
    tests.forEach { $0.release() }
    characterPlaces?.text.release()
    munmap(stack, Self.stackCapacity * MemoryLayout<Value>.stride)
    munmap(globals, Self.globalCapacity * MemoryLayout<Value>.stride)
    frames.deallocate()
    noCode.deallocate()
  }

  /// A new global slot. The count has a limit of a million, which the resolver's caller checks.
  func newSlot() -> Int {
    if globalCount < Self.globalCapacity - 1 { globalCount += 1 }
    globals[globalCount - 1] = .undefined
    return globalCount - 1
  }

  // MARK: faults

  /// Records a fault on its way to a handler; gives false so that slow paths can `return fail(…)`.
  @inline(never)
  func fail(_ fault: Fault) -> Bool {
    pendingFault = fault
    return false
  }

  // MARK: calling from outside

  /// Calls a function value with borrowed arguments, the last of which have the names given; gives an owned value.
  public func invoke(_ function: Value, _ arguments: [Value], names: [String] = []) throws(Fault) -> Value {
    // The builtin has come back from the call that asked: what it would call next comes after it.
    if let stopDepth, nativeDepth < stopDepth { throw Self.stopped }
    nativeDepth += 1
    defer { nativeDepth -= 1 }
    if nativeDepth > limits.nativeDepth {
      throw Fault(
        .limit, "too many builtins calling functions inside each other", label: "more than \(limits.nativeDepth)",
        help: "is a recursion without an end the cause?")
    }
    let saved = top
    let savedPC = currentPC
    defer {
      top = saved
      currentPC = savedPC
    }
    let base = top
    if base + arguments.count + 16 > stackEnd { throw Self.stackOverflow(limits) }
    base[0] = function.retained()
    for (index, argument) in arguments.enumerated() { base[index + 1] = argument.retained() }
    top = base + arguments.count + 2
    let labels = names.isEmpty ? nil : Value.tuple(names.map { .string($0) })
    defer { labels?.release() }
    guard callFromOutside(base, arguments.count, names: labels) else {
      // A call refused before it began still holds what it was given.
      for index in 0...arguments.count { Machine.store(base + index, .nil) }
      throw takeFault()
    }
    let value = base[0]
    base[0] = .nil
    return value
  }

  static let stopped = Fault(.interrupt, "interrupted")

  /// Asks for the end of the run behind the statement that runs now: Ctrl-C has been answered with a partial result,
  /// which that statement still gets. Nothing that comes after it, in a loop, a function or a script, is to run.
  public func stopAfterStatement() {
    if stopDepth == nil { stopDepth = nativeDepth }
  }

  /// Whether the run was asked to end behind a statement; known until the next run.
  public var isStopping: Bool { stopDepth != nil }

  /// Whether the run goes on behind a statement that called something. Functions that a later part of the asking
  /// statement calls still do.
  @inline(never)
  func checkStop() -> Bool {
    guard let stopDepth, nativeDepth <= stopDepth else { return true }
    return fail(Self.stopped)
  }

  static func stackOverflow(_ limits: Limits) -> Fault {
    Fault(
      .limit, "too much recursion", label: "more than \(limits.callDepth) calls inside each other",
      help: "does the function have a case in which it does not call itself?")
  }

  /// The pending fault as an error for a builtin; its place is kept for the diagnostic.
  func takeFault() -> Fault {
    let fault = pendingFault ?? Fault(.value, "stopped")
    pendingFault = nil
    return fault
  }
}
