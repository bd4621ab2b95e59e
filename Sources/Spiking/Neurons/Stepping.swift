// Neurons that are driven step by step, with their state kept by the caller: what a running stream needs.

import Faults
import Tensors

/// The states of a population between two steps; a value, so that a copy is a snapshot.
public struct NeuronState: Sendable, Equatable {
  /// For each state of the model, in the order of its `stateNames`, one number for each neuron: as the last step left
  /// it, after any reset. With several samples side by side, sample after sample.
  public var values: [[Float]]
  /// The number of neurons, of all samples.
  public let neurons: Int

  init(values: [[Float]], neurons: Int) {
    self.values = values
    self.neurons = neurons
  }

  /// Nothing in every state: what a gradient of the states begins with.
  public var zeros: NeuronState {
    NeuronState(values: values.map { [Float](repeating: 0, count: $0.count) }, neurons: neurons)
  }

  /// Calls `body` with the memory of each state, for changing in place; with none when there is no state.
  static func withCarried(
    _ state: inout NeuronState?, _ body: ([UnsafeMutablePointer<Float>]) throws(Fault) -> Void
  ) throws(Fault) {
    guard var values = state.take().map(\.values) else { return try body([]) }
    let neurons = values.first?.count ?? 0
    defer { state = NeuronState(values: values, neurons: neurons) }
    try withPointers(&values, body)
  }
}

/// Calls `body` with the memory of each row, for changing in place; empty rows have none and are left out.
func withPointers(
  _ rows: inout [[Float]], _ body: ([UnsafeMutablePointer<Float>]) throws(Fault) -> Void
) throws(Fault) {
  try withPointers(&rows, 0, [], body)
}

private func withPointers(
  _ rows: inout [[Float]], _ index: Int, _ found: [UnsafeMutablePointer<Float>],
  _ body: ([UnsafeMutablePointer<Float>]) throws(Fault) -> Void
) throws(Fault) {
  guard index < rows.count else { return try body(found) }
  var row = [Float]()
  swap(&row, &rows[index])
  defer { swap(&row, &rows[index]) }
  var failure: Fault?
  row.withUnsafeMutableBufferPointer { buffer in
    let here = buffer.baseAddress.map { [$0] } ?? []
    do throws(Fault) { try withPointers(&rows, index + 1, found + here, body) } catch { failure = error }
  }
  if let failure { throw failure }
}

extension NeuronModel {
  /// The states of a population at rest, as every run begins.
  ///
  /// - Parameter neurons: how many; for samples side by side, those of all samples.
  /// - Throws: `.value` for a negative number.
  public func initialState(neurons: Int) throws(Fault) -> NeuronState {
    guard neurons >= 0 else {
      throw Fault(.value, "a population cannot have \(counted(neurons, "neuron"))")
    }
    return NeuronState(values: firstStates.map { [Float](repeating: $0, count: neurons) }, neurons: neurons)
  }

  /// Runs the neurons on from a state, by one step or by several.
  ///
  /// The kernels are those of `run`, so driving a population step by step gives the same bits as one run over all
  /// steps.
  ///
  /// - Parameters:
  ///   - drive: the input current, `[steps, batch, ...features]`; a stream gives `[1, 1, ...features]`.
  ///   - state: from `initialState`, or as the last step left it; unchanged when this throws.
  ///   - threshold: what stands for the model's own threshold in this step; nil for its own. For neurons given by
  ///     equations it is the value of the parameter named `threshold` or `theta`.
  /// - Returns: the spikes, or the first state of a model that doesn't fire.
  /// - Throws: `.shape` when the drive has another number of neurons than the state; `.value` for a threshold that
  ///   cannot be used or a model without one.
  public func step(
    _ drive: consuming Tensor, state: inout NeuronState, threshold: Float? = nil
  ) throws(Fault) -> Signal {
    try checkDrive(drive.shape)
    let columns = drive.shape.dropFirst().reduce(1, *)
    guard columns == state.neurons, state.values.count == stateNames.count,
      state.values.allSatisfy({ $0.count == columns })
    else {
      throw Fault(
        .shape, "the state of `\(name)` does not fit the drive",
        label: "the drive is \(Shape.text(drive.shape)), the state that of \(counted(state.neurons, "neuron"))",
        help: "begin with initialState(neurons: \(columns))")
    }
    if let threshold, threshold != thresholdValue {
      return try withThreshold(threshold).step(drive, state: &state, threshold: nil)
    }
    var carried: NeuronState? = state
    let run = try run(drive, for: .output, state: &carried)
    if let carried { state = carried }
    return run.output
  }
}
