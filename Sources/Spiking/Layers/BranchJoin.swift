// What becomes of the outputs of branches where they meet.

import Faults
import Tensors

/// The join of several outputs `[time, batch, ...features]` into one.
public struct BranchJoin: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    /// The sum; of spikes a count (SEW's ADD).
    case add
    /// One behind the other, along the first axis of the features.
    case concat
    /// The product, which of spikes is their AND. A size of 1 stands for any other, as a mask of channels does.
    case and
    /// Of two: `(1 - first) * second` (SEW's IAND, with the branch first and the straight way second).
    case iand
    /// Of three, query, key and value, `[channels, tokens]`: `scale value (key^T query)` in each head, without a softmax
    /// (Zhou et al., Spikformer, 2023).
    case attention
  }

  public let kind: Kind
  /// Of attention: parts of the channels that attend by themselves.
  public let heads: Int
  /// Of attention: what the products are multiplied by.
  public let scale: Double

  public init(_ kind: Kind, heads: Int = 1, scale: Double = 0.125) {
    self.kind = kind
    self.heads = heads
    self.scale = scale
  }

  /// Whether it is a sum over the branches' outputs, as synapses make one.
  public var isSum: Bool { kind == .add || kind == .concat }
  /// Whether the way back asks for what was joined.
  var needsInputs: Bool { !isSum }

  /// The features that leave.
  ///
  /// - Throws: `.shape` for outputs that cannot be joined, `.value` for a wrong number of branches.
  func outputShape(_ shapes: [[Int]], names: [String], layer: String) throws(Fault) -> [Int] {
    let listed = zip(names, shapes).map { "\($0) gives \(Shape.text($1))" }.joined(separator: ", ")
    func misfit(_ help: String) -> Fault {
      Fault(.shape, "the branches of `\(layer)` cannot be joined by \"\(kind.rawValue)\"", label: listed, help: help)
    }
    guard let first = shapes.first else { throw Fault(.value, "`\(layer)` needs at least one branch") }
    let wanted = kind == .iand ? 2 : kind == .attention ? 3 : nil
    if let wanted, shapes.count != wanted {
      throw Fault(.value, "\"\(kind.rawValue)\" joins \(wanted) branches", label: "there are \(shapes.count): \(listed)")
    }
    switch kind {
    case .add, .iand:
      guard shapes.allSatisfy({ $0 == first }) else { throw misfit("each must end with the same sizes") }
      return first
    case .concat:
      guard shapes.allSatisfy({ $0.count == first.count && $0.dropFirst() == first.dropFirst() }) else {
        throw misfit("they lie one behind the other along the first axis, so all other sizes must be the same")
      }
      var total = 0
      for shape in shapes {
        let (sum, overflow) = total.addingReportingOverflow(shape[0])
        guard !overflow else { throw misfit("they have too many channels") }
        total = sum
      }
      return [total] + first.dropFirst()
    case .and:
      var result = first
      for shape in shapes.dropFirst() {
        guard shape.count == result.count else { throw misfit("each must have as many axes") }
        for (axis, size) in shape.enumerated() where size != result[axis] {
          guard size == 1 || result[axis] == 1 else { throw misfit("sizes must be the same, or 1") }
          result[axis] = max(size, result[axis])
        }
      }
      return result
    case .attention:
      guard first.count == 2, shapes.allSatisfy({ $0 == first }) else {
        throw misfit("query, key and value are all [channels, tokens]; flatten(from=1) makes tokens of an image's positions")
      }
      guard heads >= 1, first[0] % heads == 0 else {
        throw Fault(
          .value, "the channels cannot be parted into so many heads", label: "heads is \(heads), and there are \(first[0]) channels")
      }
      guard scale.isFinite, scale > 0 else {
        throw Fault(.value, "`scale` of attention must be greater than 0", label: "scale is \(NumberText.whole(scale))")
      }
      return first
    }
  }

  /// What leaves, for outputs that fit; spikes where all are spikes and only 0 and 1 can come of them.
  func forward(_ outputs: [Signal]) throws(Fault) -> Signal {
    let isBinary = (kind == .concat || kind == .and || kind == .iand) && outputs.allSatisfy { $0.spikes != nil }
    if outputs.count == 1, let only = outputs.first { return only }
    let joined = try forward(try outputs.map { (output) throws(Fault) in try output.tensor() })
    return isBinary ? .spikes(try Spikes(joined)) : .tensor(joined)
  }

  func forward(_ values: [Tensor]) throws(Fault) -> Tensor {
    guard var result = values.first else { throw Fault(.value, "there is nothing to join") }
    switch kind {
    case .add:
      for value in values.dropFirst() { result = try result + value }
      return result
    case .concat: return values.count == 1 ? result : try Tensor.concatenate(values, along: 2)
    case .and:
      for value in values.dropFirst() { result = try result * value }
      return result
    case .iand: return try (1 - values[0]) * values[1]
    case .attention:
      let (q, k, v) = (try byHead(values[0]), try byHead(values[1]), try byHead(values[2]))
      let mixed = try Tensor.matmul(try Tensor.matmul(v, try k.transposed([0, 2, 1])), q)
      return try (mixed * Float(scale)).reshaped(values[0].shape)
    }
  }

  /// `[time * batch * heads, channels / heads, tokens]`.
  private func byHead(_ values: Tensor) throws(Fault) -> Tensor {
    let shape = values.shape
    return try values.reshaped([shape[0] * shape[1] * heads, shape[2] / heads, shape[3]])
  }

  /// The gradient of each output, from that of what leaves.
  ///
  /// - Parameters:
  ///   - shapes: the features of each output.
  ///   - inputs: what was joined, where `needsInputs`.
  func backward(_ gradient: Tensor, shapes: [[Int]], inputs: [Signal]) throws(Fault) -> [Tensor] {
    switch kind {
    case .add: return shapes.map { _ in gradient }
    case .concat: return shapes.count == 1 ? [gradient] : try gradient.split(sizes: shapes.map { $0[0] }, along: 2)
    case .and, .iand, .attention: break
    }
    let values = try inputs.map { (input) throws(Fault) in try input.tensor() }
    guard values.count == shapes.count else { throw Fault(.value, "the branches were not run for training") }
    if kind == .iand { return [try gradient * values[1] * -1, try gradient * (1 - values[0])] }
    if kind == .attention {
      let flow = try byHead(gradient) * Float(scale)
      let (q, k, v) = (try byHead(values[0]), try byHead(values[1]), try byHead(values[2]))
      // M = v k^T, output = scale M q.
      let mixing = try Tensor.matmul(v, try k.transposed([0, 2, 1]))
      let slope = try Tensor.matmul(flow, try q.transposed([0, 2, 1]))
      let byQuery = try Tensor.matmul(try mixing.transposed([0, 2, 1]), flow)
      let byKey = try Tensor.matmul(try slope.transposed([0, 2, 1]), v)
      let byValue = try Tensor.matmul(slope, k)
      return try [byQuery, byKey, byValue].map { (slope) throws(Fault) in try slope.reshaped(gradient.shape) }
    }
    var flows: [Tensor] = []
    for (number, value) in values.enumerated() {
      var flow = gradient
      for (other, factor) in values.enumerated() where other != number { flow = try flow * factor }
      // What one number was multiplied with comes together again.
      let axes = value.shape.indices.filter { value.shape[$0] != flow.shape[$0] }
      flows.append(axes.isEmpty ? flow : try flow.sum(over: axes, keepingDimensions: true))
    }
    return flows
  }

  /// The join of tensors that a tape may record.
  func taped(_ values: [Tensor]) throws(Fault) -> Tensor {
    let plain = values.map(\.detached)
    let output = try forward(plain)
    guard let tape = try Tape.common(values) else { return output }
    let shapes = plain.map { Array($0.shape.dropFirst(2)) }
    return try tape.record(inputs: values, output: output) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      try backward(gradient, shapes: shapes, inputs: plain.map { .tensor($0) })
    }
  }
}
