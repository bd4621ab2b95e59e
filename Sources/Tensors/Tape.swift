// Reverse-mode differentiation on a flat list: no node owns another, so a tape of any length is freed and walked
// without recursion.

import Faults

/// Where a tracked tensor stands: a slot on a tape.
public struct Trace: Sendable {
  public let tape: Tape
  public let slot: Int
}

/// The record of the operations on watched tensors, in the order in which they ran.
///
/// Wrap the parameters with `watch`, compute a scalar from them, and ask for `gradients`.
public final class Tape: @unchecked Sendable {
  /// One recorded operation. `backward` gets the gradient of each output (nil where none arrived) and answers with
  /// the gradient of each input (nil where there is none).
  struct Node {
    let inputs: [Int]
    let outputs: Range<Int>
    let backward: ([Tensor?]) throws(Fault) -> [Tensor?]
  }

  private var shapes: [[Int]] = []
  private var nodes: [Node] = []

  public init() {}

  /// The number of recorded operations.
  public var nodeCount: Int { nodes.count }

  /// The same values as a new leaf of this tape.
  ///
  /// - Throws: `.value` when another tape already records the tensor (gradients of gradients aren't offered).
  public func watch(_ tensor: Tensor) throws(Fault) -> Tensor {
    if tensor.trace != nil { throw Tape.nested }
    return addSlot(tensor)
  }

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
    nodes.append(Node(inputs: slots, outputs: start..<shapes.count, backward: backward))
    return tracked
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

  /// The derivative of a one-element tensor with respect to each watched tensor; zeros where nothing connects them.
  ///
  /// - Throws: `.shape` when `result` has more than one element; `.value` when it stands on another tape;
  ///   `.interrupt` when the user stops the walk.
  public func gradients(of result: Tensor, withRespectTo parameters: [Tensor]) throws(Fault) -> [Tensor] {
    guard result.count == 1 else {
      throw Fault(
        .shape, "only a single number has a gradient",
        label: "the result has shape \(Shape.text(result.shape))", help: "reduce it first, with sum or mean")
    }
    var slots: [Int] = []
    for parameter in parameters {
      guard let trace = parameter.trace, trace.tape === self else {
        throw Fault(.value, "this tensor was not watched by the tape")
      }
      slots.append(trace.slot)
    }
    var gradients = [Tensor?](repeating: nil, count: shapes.count)
    if let trace = result.trace {
      guard trace.tape === self else { throw Tape.nested }
      gradients[trace.slot] = try Tensor.ones(result.shape)
      try walk(&gradients, from: trace.slot, keeping: Set(slots))
    }
    var answers: [Tensor] = []
    for slot in slots {
      if let gradient = gradients[slot] {
        answers.append(gradient)
      } else {
        answers.append(try Tensor.zeros(shapes[slot]))
      }
    }
    return answers
  }

  private func walk(_ gradients: inout [Tensor?], from last: Int, keeping kept: Set<Int>) throws(Fault) {
    for node in nodes.reversed() where node.outputs.lowerBound <= last {
      let arrived = node.outputs.map { gradients[$0] }
      guard arrived.contains(where: { $0 != nil }) else { continue }
      try Interrupt.check()
      for output in node.outputs where !kept.contains(output) { gradients[output] = nil }
      let answers = try node.backward(arrived)
      for (slot, answer) in zip(node.inputs, answers) where slot >= 0 {
        guard let answer else { continue }
        guard answer.shape == shapes[slot] else {
          throw Fault(
            .shape, "a gradient has another shape than its tensor",
            label: "the gradient is \(Shape.text(answer.shape)), the tensor \(Shape.text(shapes[slot]))")
        }
        if var present = gradients[slot] {
          gradients[slot] = nil
          try present.accumulate(answer)
          gradients[slot] = present
        } else {
          gradients[slot] = answer.detached
        }
      }
    }
  }

  private func addSlot(_ tensor: Tensor) -> Tensor {
    var tracked = tensor
    tracked.trace = Trace(tape: self, slot: shapes.count)
    shapes.append(tensor.shape)
    return tracked
  }

  static let nested = Fault(
    .value, "gradients of gradients are not supported",
    label: "this value already belongs to another gradient computation",
    help: "compute the inner gradient from plain values, outside the function that the outer one differentiates")
}
