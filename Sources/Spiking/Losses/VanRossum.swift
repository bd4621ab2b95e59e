import Faults
import Glibc
import Kernels
import Tensors

/// The distance of van Rossum (2001) between spike trains: `D^2 = (1 / tau) int (f - g)^2 dt`, where f and g are the
/// trains filtered by `e^(-t / tau)`. It is worked out exactly, also beyond the last step.
public struct VanRossum: DeclaredLoss {
  public var tau = 10.0

  public init() {}

  public static let declaration = Declaration<VanRossum>(
    "van_rossum",
    """
    The squared distance of van Rossum (2001) between the output's spikes and those wanted, `[time, batch, outputs]`:
    both are filtered by e^(-t / tau), and D^2 = (1 / tau) int (f - g)^2 dt, the mean over outputs and batch. One spike
    too many costs 1/2.
    """,
    [.number("tau", \.tau, .positive, "the time constant in steps")],
    example: """
      let (a, b) = (tensor([1.0, 0, 0]) |> reshape([3, 1, 1]), zeros([3, 1, 1]))
      print(van_rossum(a, b))   # expect: 0.5
      """)

  public let targets = TargetKind.numbers
  public var readout: Readout? { nil }

  public func value(_ given: LossInput) throws(Fault) -> Tensor {
    let output = given.output
    try LossShapes.check(output, of: name)
    guard given.target.shape == output.shape else {
      throw Fault(
        .shape, "`van_rossum` compares spikes with spikes, step by step",
        label: "the output is \(Shape.text(output.shape)), the targets are \(Shape.text(given.target.shape))",
        help: "both are [time, batch, outputs]")
    }
    let beta = exp(-1 / tau)
    let difference = try (output - given.target).filtered(beta: Float(beta))
    // Summed over steps without end, of which those beyond the last decay from it.
    let steps = output.shape[0]
    let squares = try difference.unary(.square)
    let (rest, scale) = (beta * beta / (1 - beta * beta), (1 - beta * beta) / 2)
    let whole = try squares.sum() + squares.indexed([.at(-1)]).sum() * Float(rest)
    return try whole * Float(scale / Double(max(1, output.count / max(1, steps))))
  }
}

extension Tensor {
  /// `f[t] = beta f[t - 1] + x[t]` along the first axis.
  func filtered(beta: Float) throws(Fault) -> Tensor {
    let filter = LeakyIntegrator(beta: beta)
    let result = try filter.run(detached, for: .output).output.tensor()
    guard let tape = trace?.tape else { return result }
    return try tape.record(inputs: [self], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      [try filter.driveGradient(gradient, kept: [], surrogate: standardSurrogate)]
    }
  }
}
