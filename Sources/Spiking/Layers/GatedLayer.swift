// Gated recurrent cells: LSTM and GRU, plain and with spikes.

import Faults
import Tensors

/// Recurrent cells with gates, each hearing the input and the states of all of them one step before.
///
/// LSTM (Hochreiter and Schmidhuber 1997): gates i, f, g, o of `x W + h U + b`; `c = sigmoid(f) c + sigmoid(i) tanh(g)`,
/// `h = sigmoid(o) tanh(c)`. GRU (Cho et al. 2014), as PyTorch has it: gates r, z, n, `n = tanh(x W_n + b_n + r (h U_n + d_n))`,
/// `h = (1 - z) n + z h`. Their spiking forms take h as a potential that fires at a threshold; a reset takes the threshold off
/// it (or it itself) in the step after, as snnTorch's SLSTM does.
public struct GatedLayer: FormulaLayer {
  public enum Cell: String, Sendable, CaseIterable {
    case lstm, gru, slstm, sgru

    var isSpiking: Bool { self == .slstm || self == .sgru }
    var isLSTM: Bool { self == .lstm || self == .slstm }
    /// Gates, and offsets of a unit's own feedback beside those of its input.
    var gates: Int { isLSTM ? 4 : 3 }
  }

  public let cell: Cell
  public var units: Int
  /// Of the spiking forms.
  public var threshold: Double
  public var reset: LIF.Reset
  private var tensors = NamedTensors()

  public init(_ cell: Cell, units: Int, threshold: Double = 1, reset: LIF.Reset = .none) {
    self.cell = cell
    self.units = units
    self.threshold = threshold
    self.reset = reset
  }

  init(_ cell: Cell, _ description: ComponentDescription, _ parameter: (String) -> Tensor?) throws(Fault) {
    guard let reset = LIF.Reset(rawValue: description.settings["reset"]?.text ?? "none") else { throw description.wrong("reset") }
    self.init(
      cell, units: try description.integer("units"), threshold: try description.number("threshold", default: 1), reset: reset)
    tensors = try NamedTensors(Self.names, description, parameter)
    guard units >= 1, let first = tensors.list.first?.value, first.rank == 2 else { throw description.wrong("weight") }
    do throws(Fault) { try tensors.check(try shapes(inputs: first.shape[0]), of: name, for: [first.shape[0]]) } catch { throw description.wrong("weight") }
  }

  private static let names = ["weight", "recurrent", "bias", "recurrent_bias"]

  public var name: String { cell.rawValue }
  public var settings: [(name: String, value: Setting)] {
    var list: [(name: String, value: Setting)] = [("units", .integer(units))]
    if cell.isSpiking { list += [("threshold", .number(threshold)), ("reset", .text(reset.rawValue))] }
    return list
  }
  public var standardSettings: [(name: String, value: Setting)] { [("threshold", .number(1)), ("reset", .text("none"))] }
  public var isNeurons: Bool { cell.isSpiking }
  public var parameters: [(name: String, value: Tensor)] { tensors.list }
  public var stateNames: [String] { cell.isLSTM ? ["v", "c"] : ["v"] }
  public func stateShapes(for input: [Int]) -> [[Int]] { stateNames.map { _ in [units] } }
  public var recordsStates: Bool { cell.isSpiking }
  public func wiring(for input: [Int]) -> Wiring { .all }

  private func shapes(inputs: Int) throws(Fault) -> [[Int]] {
    let (width, overflows) = units.multipliedReportingOverflow(by: cell.gates)
    guard !overflows else { throw Fault(.limit, "`\(name)` has too many units", label: "units is \(units)") }
    return [[inputs, width], [units, width], [width], [width]]
  }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    guard units >= 1 else { throw Fault(.value, "`\(name)` needs at least one unit", label: "units is \(units)") }
    guard threshold.isFinite else {
      throw Fault(.value, "the threshold of `\(name)` must be a number", label: "threshold is \(NumberText.whole(threshold))")
    }
    guard input.count == 1 else {
      throw Fault(
        .shape, "`\(name)` takes one row of features", label: "its input is \(Shape.text(input))", help: "put flatten() before it")
    }
    return [units]
  }

  /// First weights are drawn evenly from ±1 / sqrt(units), as PyTorch draws them.
  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    _ = try outputShape(for: input)
    let shapes = try shapes(inputs: input[0])
    var layer = self
    if !tensors.isEmpty {
      try tensors.check(shapes, of: name, for: input)
      return layer
    }
    var draws = stream
    let bound = 1 / Float(units).squareRoot()
    var list: [(name: String, value: Tensor)] = []
    for (name, shape) in zip(Self.names, shapes) { list.append((name, try draws.uniformTensor(shape, from: -bound, to: bound))) }
    layer.tensors = NamedTensors(list)
    return layer
  }

  public func synapses(for input: [Int]) -> Int {
    guard let inputs = input.first, let shapes = try? shapes(inputs: inputs) else { return 0 }
    return shapes.prefix(2).reduce(0) { sum, shape in
      let (product, isBeyond) = shape[0].multipliedReportingOverflow(by: shape[1])
      let (total, overflows) = sum.addingReportingOverflow(product)
      return isBeyond || overflows ? Int.max : total
    }
  }

  public func evaluate(
    _ input: Tensor, states: [Tensor], parameters: [Tensor], surrogate: any Surrogate
  ) throws(Fault) -> (output: Tensor, states: [Tensor]) {
    guard parameters.count == 4, states.count == stateNames.count else { throw unbuilt }
    let sizes = [Int](repeating: units, count: cell.gates)
    let batch = input.shape[1]
    // All steps at once for what does not wait for the step before.
    let drives = try (Tensor.matmul(input, parameters[0]) + parameters[2]).perStep()
    var (h, c) = (states[0], states.last ?? states[0])
    let limit = Float(threshold)
    var outputs: [Tensor] = []
    for drive in drives {
      try Interrupt.check()
      let x = try drive.reshaped([batch, units * cell.gates])
      let feedback = try Tensor.matmul(h, parameters[1]) + parameters[3]
      // Of the spikes of the step before; a reset has no slope, as in snnTorch.
      let fired = reset == .none || !cell.isSpiking
        ? nil : try Tensor.compare(.greaterOrEqual, h.detached, try Tensor.scalar(limit))
      if cell.isLSTM {
        let gates = try (x + feedback).split(sizes: sizes, along: 1)
        c = try gates[1].unary(.sigmoid) * c + gates[0].unary(.sigmoid) * gates[2].unary(.tanh)
        h = try gates[3].unary(.sigmoid) * c.unary(.tanh)
      } else {
        let (own, back) = (try x.split(sizes: sizes, along: 1), try feedback.split(sizes: sizes, along: 1))
        let r = try (own[0] + back[0]).unary(.sigmoid)
        let z = try (own[1] + back[1]).unary(.sigmoid)
        let n = try (own[2] + r * back[2]).unary(.tanh)
        h = try (1 - z) * n + z * h
      }
      if let fired { h = try reset == .zero ? h * (1 - fired) : h - fired * limit }
      let output = cell.isSpiking ? try (h - limit).spiking(surrogate) : h
      outputs.append(try output.reshaped([1, batch, units]))
    }
    return (try Tensor.concatenate(outputs), cell.isLSTM ? [h, c] : [h])
  }

  public mutating func updateParameters(_ body: (Int, inout Tensor) throws(Fault) -> Void) throws(Fault) {
    try tensors.update(body)
  }

  private var unbuilt: Fault {
    Fault(.value, "this `\(name)` layer has no weights yet", help: "it gets them in a network: input(64) |> \(callText)")
  }
}
