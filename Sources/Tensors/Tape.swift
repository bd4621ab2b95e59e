// Reverse-mode differentiation on a flat list: no node owns another, so a tape of any length is freed and walked
// without recursion.

import Faults

/// Where a tracked tensor stands: a slot on a tape.
public struct Trace: Sendable {
  public let tape: Tape
  public let slot: Int
}

/// Where a tracked number of 64 bits stands. Its value is kept by whoever computes with it; the tape needs none.
public struct NumberTrace: Sendable {
  public let tape: Tape
  public let slot: Int
}

/// The record of the operations on watched tensors and numbers, in the order in which they ran.
///
/// Wrap the parameters with `watch`, compute a scalar from them, and ask for `gradients`. Tensors are differentiated in
/// 32 bits, numbers in 64; `pack` and `unpack` lead from one to the other.
public final class Tape: @unchecked Sendable {
  /// One recorded operation.
  private enum Node {
    case tensors(Operation)
    /// A number, and its slope by each number that it was computed from.
    case number(output: Int, inputs: [Term])
    /// A tensor made of numbers in row-major order; -1 for those that aren't tracked.
    case pack(output: Int, numbers: [Int])
    /// The elements of a tensor as numbers.
    case unpack(input: Int, numbers: Range<Int>)
  }

  /// An operation on tensors. `backward` gets the gradient of each output (nil where none arrived) and answers with the
  /// gradient of each input (nil where there is none).
  private struct Operation {
    let inputs: [Int]
    let outputs: Range<Int>
    let backward: ([Tensor?]) throws(Fault) -> [Tensor?]
  }

  private struct Term {
    let slot: Int
    let slope: Double
  }

  private var shapes: [[Int]] = []
  private var numbers = 0
  private var nodes: [Node] = []
  /// Whether a tracked value has been turned into text, from which a number could be read without its gradient.
  public var hasBecomeText = false

  /// False once the gradients have been taken: what the tape has recorded is plain from then on.
  public private(set) var isOpen = true

  public init() {}

  /// Ends the recording, and frees what it holds.
  public func close() {
    isOpen = false
    nodes = []
  }

  /// The number of recorded operations.
  public var nodeCount: Int { nodes.count }

  // MARK: recording

  /// The same values as a new leaf of this tape.
  ///
  /// - Throws: `.value` when another tape already records the tensor (gradients of gradients aren't offered).
  public func watch(_ tensor: Tensor) throws(Fault) -> Tensor {
    if tensor.trace != nil { throw Tape.nested }
    return addSlot(tensor)
  }

  /// A new leaf for a number.
  public func watchNumber() -> NumberTrace { addNumber() }

  /// Records an operation with one output, and answers with the tracked output.
  ///
  /// - Parameters:
  ///   - inputs: what the operation read; untracked ones may be among them.
  ///   - output: its result, computed from detached values.
  ///   - backward: from the gradient of the output to the gradient of each input, nil where it isn't wanted. A
  ///     gradient has the shape of its input.
  public func record(
    inputs: [Tensor], output: Tensor, backward: @escaping (Tensor) throws(Fault) -> [Tensor?]
  ) throws(Fault) -> Tensor {
    try record(inputs: inputs, outputs: [output]) { (gradients: [Tensor?]) throws(Fault) -> [Tensor?] in
      guard let first = gradients.first, let gradient = first else { return [] }
      return try backward(gradient)
    }[0]
  }

  /// Records an operation with several outputs; `backward` is called when a gradient has arrived at any of them.
  public func record(
    inputs: [Tensor], outputs: [Tensor], backward: @escaping ([Tensor?]) throws(Fault) -> [Tensor?]
  ) throws(Fault) -> [Tensor] {
    var slots: [Int] = []
    for input in inputs {
      if let trace = input.trace {
        guard trace.tape === self else { throw Tape.nested }
        slots.append(trace.slot)
      } else {
        slots.append(-1)
      }
    }
    let start = shapes.count
    let tracked = outputs.map { addSlot($0.detached) }
    nodes.append(.tensors(Operation(inputs: slots, outputs: start..<shapes.count, backward: backward)))
    return tracked
  }

  /// Records a number that was computed from others, with its slope by each.
  public func record(_ inputs: [(number: NumberTrace, slope: Double)]) throws(Fault) -> NumberTrace {
    for input in inputs where input.number.tape !== self { throw Tape.nested }
    let output = addNumber()
    nodes.append(.number(output: output.slot, inputs: inputs.map { Term(slot: $0.number.slot, slope: $0.slope) }))
    return output
  }

  /// The tensor whose elements, in row-major order, are the given numbers; nil stands for one that isn't tracked.
  public func pack(_ elements: [NumberTrace?], as tensor: Tensor) throws(Fault) -> Tensor {
    for element in elements where element != nil && element?.tape !== self { throw Tape.nested }
    let output = addSlot(tensor.detached)
    nodes.append(.pack(output: shapes.count - 1, numbers: elements.map { $0?.slot ?? -1 }))
    return output
  }

  /// The elements of a tensor of this tape as numbers, in row-major order.
  public func unpack(_ tensor: Tensor) -> [NumberTrace] {
    guard let trace = tensor.trace, trace.tape === self else { return [] }
    let first = numbers
    let elements = (0..<tensor.count).map { _ in addNumber() }
    nodes.append(.unpack(input: trace.slot, numbers: first..<numbers))
    return elements
  }

  /// The tape that records any of these tensors; nil when none is tracked.
  ///
  /// - Throws: `.value` when two tapes meet.
  public static func common(_ tensors: [Tensor]) throws(Fault) -> Tape? {
    var found: Tape?
    for tensor in tensors {
      guard let tape = tensor.trace?.tape else { continue }
      if let found, found !== tape { throw nested }
      found = tape
    }
    return found
  }

  private func addSlot(_ tensor: Tensor) -> Tensor {
    var tracked = tensor
    tracked.trace = Trace(tape: self, slot: shapes.count)
    shapes.append(tensor.shape)
    return tracked
  }

  private func addNumber() -> NumberTrace {
    numbers += 1
    return NumberTrace(tape: self, slot: numbers - 1)
  }

  // MARK: the way back

  /// The derivatives of a result, by what the tape recorded.
  public struct Gradients {
    fileprivate var tensors: [Tensor?]
    fileprivate var numbers: [Double]
    fileprivate let tape: Tape

    /// The derivative by a tensor of the tape; zeros where nothing connects them.
    public func by(_ tensor: Tensor) throws(Fault) -> Tensor {
      guard let trace = tensor.trace, trace.tape === tape else { throw Tape.unwatched }
      if let gradient = tensors[trace.slot] { return gradient }
      return try Tensor.zeros(tape.shapes[trace.slot])
    }

    /// The derivative by a number of the tape.
    public func by(_ number: NumberTrace) throws(Fault) -> Double {
      guard number.tape === tape else { throw Tape.unwatched }
      return numbers[number.slot]
    }

    fileprivate mutating func add(_ gradient: Tensor, to slot: Int) throws(Fault) {
      guard gradient.shape == tape.shapes[slot] else {
        throw Fault(
          .shape, "a gradient has another shape than its tensor",
          label: "the gradient is \(Shape.text(gradient.shape)), the tensor \(Shape.text(tape.shapes[slot]))")
      }
      if var present = tensors[slot] {
        tensors[slot] = nil
        try present.accumulate(gradient)
        tensors[slot] = present
      } else {
        tensors[slot] = gradient.detached
      }
    }
  }

  /// The derivative of a one-element tensor with respect to each watched tensor; zeros where nothing connects them.
  ///
  /// - Throws: `.shape` when `result` has more than one element; `.value` when it stands on another tape;
  ///   `.interrupt` when the user stops the walk.
  public func gradients(of result: Tensor, withRespectTo parameters: [Tensor]) throws(Fault) -> [Tensor] {
    for parameter in parameters where parameter.trace?.tape !== self { throw Tape.unwatched }
    let gradients = try gradients(of: result, keeping: Set(parameters.compactMap { $0.trace?.slot }))
    var answers: [Tensor] = []
    for parameter in parameters { answers.append(try gradients.by(parameter)) }
    return answers
  }

  /// The derivatives of a one-element tensor by all leaves; errors as above.
  public func gradients(of result: Tensor) throws(Fault) -> Gradients { try gradients(of: result, keeping: []) }

  /// The derivatives of a number by all leaves.
  public func gradients(of result: NumberTrace) throws(Fault) -> Gradients {
    guard result.tape === self else { throw Tape.nested }
    var gradients = noGradients
    gradients.numbers[result.slot] = 1
    try walk(&gradients, keeping: [])
    return gradients
  }

  private var noGradients: Gradients {
    Gradients(
      tensors: [Tensor?](repeating: nil, count: shapes.count), numbers: [Double](repeating: 0, count: numbers), tape: self)
  }

  private func gradients(of result: Tensor, keeping kept: Set<Int>) throws(Fault) -> Gradients {
    guard result.count == 1 else {
      throw Fault(
        .shape, "only a single number has a gradient",
        label: "the result has shape \(Shape.text(result.shape))", help: "reduce it first, with sum or mean")
    }
    var gradients = noGradients
    guard let trace = result.trace else { return gradients }
    guard trace.tape === self else { throw Tape.nested }
    gradients.tensors[trace.slot] = try Tensor.ones(result.shape)
    try walk(&gradients, keeping: kept)
    return gradients
  }

  private func walk(_ gradients: inout Gradients, keeping kept: Set<Int>) throws(Fault) {
    for node in nodes.reversed() {
      switch node {
      case .tensors(let operation):
        let arrived = operation.outputs.map { gradients.tensors[$0] }
        guard arrived.contains(where: { $0 != nil }) else { continue }
        try Interrupt.check()
        for output in operation.outputs where !kept.contains(output) { gradients.tensors[output] = nil }
        let answers = try operation.backward(arrived)
        for (slot, answer) in zip(operation.inputs, answers) where slot >= 0 {
          if let answer { try gradients.add(answer, to: slot) }
        }
      case .number(let output, let inputs):
        // Where nothing arrives, nothing flows on, also through an infinite slope.
        let arrived = gradients.numbers[output]
        if arrived == 0 { continue }
        for input in inputs { gradients.numbers[input.slot] += arrived * input.slope }
      case .pack(let output, let elements):
        guard let arrived = gradients.tensors[output] else { continue }
        if !kept.contains(output) { gradients.tensors[output] = nil }
        let slopes = arrived.scalars
        for (slot, slope) in zip(elements, slopes) where slot >= 0 { gradients.numbers[slot] += Double(slope) }
      case .unpack(let input, let elements):
        guard elements.contains(where: { gradients.numbers[$0] != 0 }) else { continue }
        let slopes = elements.map { Float(gradients.numbers[$0]) }
        try gradients.add(try Tensor(slopes, shape: shapes[input]), to: input)
      }
    }
  }

  // MARK: faults

  public static let nested = Fault(
    .value, "gradients of gradients are not supported",
    label: "this value already belongs to another gradient computation",
    help: "compute the inner gradient from plain values, outside the function that the outer one differentiates")

  private static let unwatched = Fault(.value, "this value was not watched by the tape")

  /// What is said where a value that a gradient flows through would go on without it.
  ///
  /// - Parameter taker: what takes the value, such as "`int`".
  public static func leaving(_ taker: String) -> Fault {
    Fault(
      .value, "a gradient would be lost here", label: "\(taker) takes a plain value, and this one is differentiated",
      help: "write detach(x) where no gradient is wanted; see ?gradients")
  }
}
