// A network as neurons and single synapses with their weights: what lies between two populations (weights, pools, sums) is
// multiplied out, as a chip keeps it.

import Faults
import Spiking
import Tensors

/// Populations of neurons with the synapses that end at each, their weights, and the offsets that each neuron gets.
public struct WiredNetwork: Sendable {
  /// Synapses from one population, or from the input, for each target in turn.
  public struct Link: Sendable {
    /// The number of a population; nil for the input.
    public var source: Int?
    public var sources: Int
    /// Whether a spike arrives one step later: those of neurons that hear themselves.
    public var isLate = false
    /// Of target `t`: `inputs[starts[t]..<starts[t + 1]]`, in rising order, with weights that are not zero.
    public var starts: [Int] = [0]
    public var inputs: [Int32] = []
    public var weights: [Float] = []
  }

  /// What the neurons of a population do.
  public enum Model: Sendable, Equatable {
    case lif(beta: Float, threshold: Float, reset: LIF.Reset)
    /// Potentials that leave the network.
    case integrator(beta: Float)
    /// The sums of a step leave the network.
    case sum
  }

  public struct Population: Sendable {
    /// "lif 1", as in the network's graph.
    public var name: String
    public var layer: Int
    /// The features of one sample.
    public var shape: [Int]
    public var model: Model
    public var links: [Link]
    /// Added to each neuron in each step.
    public var bias: [Float]

    public var neurons: Int { bias.count }
    public var fires: Bool { if case .lif = model { true } else { false } }
    /// Synapses that end at a neuron.
    public func fanIn(of neuron: Int) -> Int { links.reduce(0) { $0 + $1.starts[neuron + 1] - $1.starts[neuron] } }
    public var widest: Int { (0..<neurons).reduce(0) { max($0, fanIn(of: $1)) } }
    public var synapses: Int { links.reduce(0) { $0 + $1.weights.count } }
  }

  public let inputShape: [Int]
  public private(set) var populations: [Population] = []
  /// Synapses so far, against more than fit the memory.
  private var synapses = 0

  private static let most = 1 << 27

  /// - Parameter purpose: who wants it, for errors: "loihi1".
  /// - Throws: `.value` for a layer or a neuron that no synapses or chip can stand for, `.limit` for more synapses than
  ///   can be listed one by one, `.interrupt`.
  public init(_ network: Network, for purpose: String) throws(Fault) {
    let network = try network.forChips()
    inputShape = network.inputShape
    let open = try walk(
      network.layers, input: network.inputShape, place: [], from: [Open(source: nil, sources: network.inputShape.reduce(1, *))],
      purpose)
    if let last = network.layers.indices.last, !network.layers[last].isNeurons {
      let hasWork = open.contains { !$0.stages.isEmpty } || open.count > 1
      if hasWork || populations.isEmpty {
        try close(
          open, name: "readout", layer: last, shape: network.outputShape, model: .sum, recurrent: nil)
      }
    }
    guard populations.contains(where: \.fires) else {
      throw Fault(
        .value, "the network has no neurons that fire", label: "\(purpose) runs neurons, and it has only other layers",
        help: "put neurons behind its weights: input(64) |> dense(10) |> lif()")
    }
  }

  // MARK: Walking through the layers

  /// Layers between a source and neurons that are not reached yet.
  private struct Open {
    var source: Int?
    var sources: Int
    var stages: [Stage] = []
  }

  /// A layer without neurons: a sum over inputs for each output.
  private struct Stage {
    enum Form {
      case dense(Tensor)
      case window(Window, weight: Tensor)
      /// Each input of a window alike.
      case pool(Wiring, scale: Float)
    }

    var form: Form
    var inputs: Int
    var outputs: Int
    /// Of each output.
    var bias: [Float]?

    /// Calls `body` with each input of an output and its weight.
    func forEachInput(of output: Int, _ body: (Int, Float) -> Void) {
      switch form {
      case .dense(let weight):
        weight.withUnsafeBuffer { values in
          for input in 0..<inputs { body(input, values[input * outputs + output]) }
        }
      case .window(let window, let weight):
        weight.withUnsafeBuffer { values in window.forEachTap(of: output) { input, place in body(input, values[place]) } }
      case .pool(let wiring, let scale): wiring.forEachInput(of: output, inputs: inputs) { body($0, scale) }
      }
    }
  }

  private mutating func walk(
    _ layers: [any Layer], input: [Int], place: [Int], from begin: [Open], _ purpose: String, first: Int = 0
  ) throws(Fault) -> [Open] {
    var open = begin
    var shape = input
    for (index, layer) in layers.enumerated() {
      let here = place + [first + index]
      let output = try layer.outputShape(for: shape)
      func cannot(_ reason: String, help: String) -> Fault {
        let position = here.map(String.init).joined(separator: ".")
        return Fault(.value, "\(purpose) cannot hold `\(layer.name)`", label: "layer \(position), \(layer.callText): \(reason)", help: help)
      }
      switch layer {
      case let branches as BranchLayer:
        open = try walk(branches, input: shape, output: output, place: here, from: open, purpose)
      case let neurons as NeuronLayer:
        let model: Model
        switch neurons.model {
        case let lif as LIF: model = .lif(beta: lif.beta, threshold: lif.threshold, reset: lif.reset)
        case let integrator as LeakyIntegrator: model = .integrator(beta: integrator.beta)
        default:
          throw cannot(
            "its equations are not those of lif or li", help: "whole numbers are known for lif(), recurrent(lif()) and li()")
        }
        open = try closed(open, neurons, here, output, model, recurrent: nil)
      case let recurrent as RecurrentLayer:
        guard let lif = recurrent.model as? LIF else {
          throw cannot("its neurons are \(recurrent.model.callText)", help: "whole numbers are known for recurrent(lif())")
        }
        open = try closed(
          open, recurrent, here, output, .lif(beta: lif.beta, threshold: lif.threshold, reset: lif.reset),
          recurrent: try feedback(recurrent, output))
      case let dense as DenseLayer:
        guard let weight = dense.weight else { break }
        append(Stage(form: .dense(weight), inputs: shape.reduce(1, *), outputs: output.reduce(1, *), bias: dense.bias?.scalars), to: &open)
      case let conv as ConvLayer:
        guard let weight = conv.weight, case .window(let window) = conv.wiring(for: shape) else { break }
        let plane = output.dropFirst().reduce(1, *)
        let bias = conv.bias?.scalars.flatMap { [Float](repeating: $0, count: plane) }
        append(
          Stage(form: .window(window, weight: weight), inputs: shape.reduce(1, *), outputs: output.reduce(1, *), bias: bias),
          to: &open)
      case let pool as PoolLayer:
        guard pool.kind != .max else {
          throw cannot(
            "the largest of several spikes is no sum of synapses", help: "train it with pool(…, kind=\"average\") or kind=\"sum\"")
        }
        let size = Float(pool.isWhole ? shape.dropFirst().reduce(1, *) : pool.size.y * pool.size.x)
        append(
          Stage(
            form: .pool(pool.wiring(for: shape), scale: pool.kind == .average ? 1 / size : 1), inputs: shape.reduce(1, *),
            outputs: output.reduce(1, *), bias: nil), to: &open)
      case is FlattenLayer, is DropoutLayer: break
      default: throw cannot("no synapses stand for it", help: "dense, conv, pool, flatten, residual, branches and neurons can be held")
      }
      shape = output
    }
    return open
  }

  /// Walks through branches that are added, or lie one behind the other.
  private mutating func walk(
    _ branches: BranchLayer, input: [Int], output: [Int], place: [Int], from begin: [Open], _ purpose: String
  ) throws(Fault) -> [Open] {
    var rows: [[Open]] = []
    var offset = 0
    let shapes = try branches.shapes(for: input)
    for (number, range) in branches.ranges.enumerated() {
      let own = (shapes[number].last ?? input).reduce(1, *)
      var open = try walk(
        branches.branches[number].layers, input: input, place: place, from: begin, purpose, first: range.lowerBound)
      if branches.join.kind == .concat {
        append(Stage(form: .pool(.shifted(offset), scale: 1), inputs: own, outputs: output.reduce(1, *), bias: nil), to: &open)
      }
      offset += own
      rows.append(open)
    }
    // The straight way of a residual is listed before its branch.
    return (branches.name == "residual" ? rows.reversed() : rows).flatMap { $0 }
  }

  /// How neurons hear each other.
  private func feedback(_ layer: RecurrentLayer, _ shape: [Int]) throws(Fault) -> Stage? {
    let count = try Shape.count(shape)
    if let kernel = try layer.feedbackWindow(shape) {
      return Stage(form: .window(kernel.window, weight: kernel.weight), inputs: count, outputs: count, bias: nil)
    }
    return layer.recurrent.map { Stage(form: .dense($0), inputs: count, outputs: count, bias: nil) }
  }

  private func append(_ stage: Stage, to open: inout [Open]) {
    for number in open.indices { open[number].stages.append(stage) }
  }

  private mutating func closed(
    _ open: [Open], _ layer: any Layer, _ here: [Int], _ shape: [Int], _ model: Model, recurrent: Stage?
  ) throws(Fault) -> [Open] {
    let number = populations.count
    try close(
      open, name: "\(layer.name) \(here.map(String.init).joined(separator: "."))", layer: here[0], shape: shape, model: model,
      recurrent: recurrent)
    return [Open(source: number, sources: shape.reduce(1, *))]
  }

  private mutating func close(
    _ open: [Open], name: String, layer: Int, shape: [Int], model: Model, recurrent: Stage?
  ) throws(Fault) {
    let neurons = try Shape.count(shape)
    var bias = [Double](repeating: 0, count: neurons)
    var links: [Link] = []
    for path in open { links.append(try multiplied(path, neurons: neurons, bias: &bias, name)) }
    if let recurrent {
      var back = try multiplied(
        Open(source: populations.count, sources: neurons, stages: [recurrent]),
        neurons: neurons, bias: &bias, name)
      back.isLate = true
      links.append(back)
    }
    populations.append(
      Population(name: name, layer: layer, shape: shape, model: model, links: links, bias: bias.map { Float($0) }))
  }

  /// The synapses of a path through several layers.
  private mutating func multiplied(
    _ path: Open, neurons: Int, bias: inout [Double], _ name: String
  ) throws(Fault) -> Link {
    var link = Link(source: path.source, sources: path.sources)
    // For each stage's outputs, the weight by which they reach the target, and which of them do.
    var shares = path.stages.map { [Double](repeating: 0, count: $0.inputs) }
    for target in 0..<neurons {
      if target % 64 == 0 { try Interrupt.check() }
      var reached: [(place: Int, share: Double)] = [(target, 1)]
      for number in path.stages.indices.reversed() {
        let stage = path.stages[number]
        var found: [Int] = []
        shares[number].withUnsafeMutableBufferPointer { sums in
          for (place, share) in reached {
            if let own = stage.bias, place < own.count { bias[target] += share * Double(own[place]) }
            stage.forEachInput(of: place) { input, weight in
              if weight == 0 { return }
              if sums[input] == 0 { found.append(input) }
              sums[input] += share * Double(weight)
            }
          }
          // What cancels out on its way is found twice, and counted once.
          reached = []
          for input in found where sums[input] != 0 {
            reached.append((input, sums[input]))
            sums[input] = 0
          }
        }
      }
      reached.sort { $0.place < $1.place }
      guard bias[target].isFinite, reached.allSatisfy({ Float($0.share).isFinite }) else {
        throw Fault(
          .value, "the network's layers multiply to weights that are not finite", label: "those that end at \(name)",
          help: "smaller weights, in layers that follow each other without neurons, do")
      }
      for (input, share) in reached where Float(share) != 0 {
        link.inputs.append(Int32(truncatingIfNeeded: input))
        link.weights.append(Float(share))
      }
      link.starts.append(link.inputs.count)
      guard synapses + link.inputs.count <= Self.most else {
        throw Fault(
          .limit, "the network has more synapses than can be listed one by one",
          label: "up to \(name) there are more than \(Misfit.count(Self.most))", help: "a smaller network, or parts of it, can be run")
      }
    }
    synapses += link.inputs.count
    return link
  }
}
