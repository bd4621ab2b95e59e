// What the losses of numbers have in common: an output and the targets beside it.

import Faults
import Tensors

/// Numbers and what they should be, of one shape; targets that are nan are 0, and count for nothing.
struct TargetPair {
  let output: Tensor
  let target: Tensor
  /// 1 where there is a target; nil where each is.
  private let mask: Tensor?
  private let count: Int

  /// - Parameter read: what makes numbers of an output over time where the targets have no time.
  init(_ given: LossInput, _ read: Readout, of name: String) throws(Fault) {
    let (output, target) = (given.output, given.target.detached)
    if output.shape == target.shape {
      try self.init(output, target)
      return
    }
    let batch = output.rank >= 2 ? output.shape[1] : 0
    if output.rank >= 2, output.shape[0] > 0, target.count == output.count / output.shape[0], target.rank == 1 || target.shape.first == batch {
      let flat = try output.reshaped([output.shape[0], batch, output.shape.dropFirst(2).reduce(1, *)])
      let numbers = try read.read(flat)
      try self.init(numbers, try target.reshaped(numbers.shape))
      return
    }
    if target.count == output.count, target.rank >= 2, Array(target.shape.prefix(2)) == Array(output.shape.prefix(2)) {
      try self.init(output, try target.reshaped(output.shape))
      return
    }
    throw Fault(
      .shape, "the targets of `\(name)` do not fit the output",
      label: "the output is \(Shape.text(output.shape)), the targets are \(Shape.text(target.shape))",
      help: "for an output [time, batch, outputs] they are [batch, outputs], or with a target for each step "
        + "[time, batch, outputs]")
  }

  private init(_ output: Tensor, _ target: Tensor) throws(Fault) {
    self.output = output
    let numbers = target.scalars
    if let infinite = numbers.first(where: \.isInfinite) {
      throw Fault(.value, "targets must be finite, or nan where there is none", label: "found \(infinite)")
    }
    let missing = numbers.count(where: \.isNaN)
    count = numbers.count - missing
    if missing == 0 {
      self.target = target
      mask = nil
      return
    }
    self.target = try Tensor(numbers.map { $0.isNaN ? 0 : $0 }, shape: target.shape)
    mask = try Tensor(numbers.map { $0.isNaN ? 0 : 1 }, shape: target.shape)
  }

  /// The mean of numbers over the elements that have a target.
  func mean(_ values: Tensor) throws(Fault) -> Tensor {
    guard let mask else { return try values.mean() }
    return try (values * mask).sum() * (1 / Float(max(1, count)))
  }
}

extension SettingDeclaration {
  /// What the losses of numbers read.
  static func read(_ path: WritableKeyPath<Whole, Readout> & Sendable) -> Self {
    .choice(
      "read", path,
      "what is read of an output over time where a target has no time: the \"mean\", the \"last\" step, the highest (\"max\"), the \"count\" or the step of the \"first_spike\"")
  }
}
