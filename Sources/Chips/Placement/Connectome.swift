// The synapses of a workload as a mapper counts them: those with a weight of zero are gone, and so are neurons whose
// spikes reach nobody.

import Faults
import Spiking
import Tensors

/// Who reaches whom in a workload, projection by projection.
public struct Connectome: Sendable {
  /// The synapses of one projection.
  public struct Block: Sendable {
    /// The positions of the populations.
    public let source: Int
    public let target: Int
    let form: Form
    /// Where neighbours use the same weights: how many weights a target's channel has, and how many neurons a channel.
    let kernel: Kernel?
  }

  /// How the synapses of a projection are found.
  enum Form: Sendable {
    /// Every source reaches every target.
    case full
    /// For each target, the sources that reach it: `sources[starts[target]..<starts[target + 1]]`.
    case rows(starts: [Int], sources: [Int32])
    /// As the layer's wiring says.
    case wired(Wiring)
  }

  /// Weights that the neurons of a channel share.
  struct Kernel: Sendable, Equatable {
    /// Weights of one output channel.
    var weights: Int
    /// Neurons of one output channel.
    var plane: Int
  }

  /// Neurons of each population.
  public let sizes: [Int]
  /// In the order of the graph's projections; those without a single synapse are left out.
  public let blocks: [Block]
  /// For each population the blocks that end there, and those that begin there.
  public let incoming: [[Int]]
  public let outgoing: [[Int]]
  /// For each population, which neurons are placed: all but those whose spikes reach nobody because each of their
  /// synapses has a weight of zero. The last population and the input are always whole.
  public let isPlaced: [[Bool]]
  /// Where each population begins when all neurons are numbered through.
  let starts: [Int]

  /// The synapses of a network.
  ///
  /// - Throws: `.value` for weights that are nan or infinite, naming the layer; `.interrupt`.
  public init(_ graph: NetworkGraph) throws(Fault) {
    sizes = graph.populations.map(\.neurons)
    var blocks: [Block] = []
    for projection in graph.projections {
      try Interrupt.check()
      let form = try Self.form(of: projection, in: graph)
      if case .rows(_, let sources) = form, sources.isEmpty { continue }
      blocks.append(
        Block(
          source: projection.source, target: projection.target, form: form, kernel: Self.kernel(of: projection)))
    }
    var incoming = [[Int]](repeating: [], count: sizes.count)
    var outgoing = incoming
    for (index, block) in blocks.enumerated() {
      incoming[block.target].append(index)
      outgoing[block.source].append(index)
    }
    var starts = [0]
    for size in sizes { starts.append(starts[starts.count - 1] + size) }
    self.blocks = blocks
    self.incoming = incoming
    self.outgoing = outgoing
    self.starts = starts
    isPlaced = Self.placed(sizes: sizes, blocks: blocks, outgoing: outgoing)
  }

  /// All neurons, the input's features included.
  var neurons: Int { starts[starts.count - 1] }

  /// Calls `body` with each source that reaches a target of a block.
  @inline(__always)
  func forEachSource(_ block: Block, _ target: Int, _ body: (Int) -> Void) {
    switch block.form {
    case .full: for source in 0..<sizes[block.source] { body(source) }
    case .rows(let starts, let sources):
      sources.withUnsafeBufferPointer { sources in
        for place in starts[target]..<starts[target + 1] { body(Int(sources[place])) }
      }
    case .wired(let wiring): wiring.forEachInput(of: target, inputs: sizes[block.source], body)
    }
  }

  /// The synapses of a block that end at one target.
  func fanIn(_ block: Block, _ target: Int) -> Int {
    switch block.form {
    case .full: sizes[block.source]
    case .rows(let starts, _): starts[target + 1] - starts[target]
    case .wired(let wiring): wiring.fanIn(of: target, inputs: sizes[block.source])
    }
  }

  /// All synapses that end at one neuron.
  public func fanIn(population: Int, neuron: Int) -> Int {
    incoming[population].reduce(0) { $0 + fanIn(blocks[$1], neuron) }
  }

  /// The synapses that end at placed neurons.
  public var synapses: Int {
    blocks.reduce(0) { sum, block in
      if case .full = block.form {
        let (product, overflow) = sizes[block.source].multipliedReportingOverflow(
          by: isPlaced[block.target].count { $0 })
        let (total, isBeyond) = sum.addingReportingOverflow(product)
        return overflow || isBeyond ? Int.max : total
      }
      return sum + (0..<sizes[block.target]).reduce(0) { isPlaced[block.target][$1] ? $0 + fanIn(block, $1) : $0 }
    }
  }

  /// About how many elementary operations one walk over all synapses takes: blocks without gaps are counted as one.
  var work: Int {
    blocks.reduce(1) { sum, block in
      if case .full = block.form { return sum + sizes[block.source] + sizes[block.target] }
      return sum + (0..<sizes[block.target]).reduce(0) { $0 + 1 + fanIn(block, $1) }
    }
  }

  /// Neurons that aren't placed.
  public var removedNeurons: Int { isPlaced.reduce(0) { $0 + $1.count { !$0 } } }

  // MARK: Reading a projection

  private static func form(of projection: NetworkGraph.Projection, in graph: NetworkGraph) throws(Fault) -> Form {
    let inputs = graph.populations[projection.source].neurons
    let outputs = graph.populations[projection.target].neurons
    guard let weight = projection.weight else {
      return projection.wiring == .all ? .full : .wired(projection.wiring)
    }
    var zeros = 0
    var isFinite = true
    weight.withUnsafeBuffer { values in
      // The smallest and the largest number would miss a nan.
      for value in values {
        if value == 0 { zeros &+= 1 }
        if !(value.magnitude < .infinity) { isFinite = false }
      }
    }
    if !isFinite { throw notFinite(projection, in: graph) }
    if case .window(let window) = projection.wiring, zeros > 0 { return rows(of: weight, through: window) }
    guard projection.wiring == .all else { return .wired(projection.wiring) }
    // Random draws hit zero now and then. So few count as synapses: a list of all others would cost more than it tells.
    guard zeros > weight.count / 100_000, weight.shape == [inputs, outputs] else { return .full }
    return rows(of: weight, inputs: inputs, outputs: outputs, nonzero: weight.count - zeros)
  }

  /// The synapses of a matrix `[inputs, outputs]` that aren't zero, by output.
  private static func rows(of weight: Tensor, inputs: Int, outputs: Int, nonzero: Int) -> Form {
    weight.withUnsafeBuffer { values in
      var starts = [Int](repeating: 0, count: outputs + 1)
      for input in 0..<inputs {
        let row = input &* outputs
        for output in 0..<outputs where values[row &+ output] != 0 { starts[output + 1] &+= 1 }
      }
      for output in 0..<outputs { starts[output + 1] += starts[output] }
      var next = starts
      var sources = [Int32](repeating: 0, count: nonzero)
      for input in 0..<inputs {
        let row = input &* outputs
        for output in 0..<outputs where values[row &+ output] != 0 {
          sources[next[output]] = Int32(truncatingIfNeeded: input)
          next[output] &+= 1
        }
      }
      return .rows(starts: starts, sources: sources)
    }
  }

  /// The synapses of a convolution whose kernels have zeros. Where a pool lies before or behind it, a synapse stands for
  /// several weights, and all are kept.
  private static func rows(of weight: Tensor, through window: Window) -> Form {
    let isPlain = weight.rank == 4 && !window.isDepthwise && window.path.isEmpty
      && weight.shape == [window.output[0], window.input[0], window.kernel.y, window.kernel.x]
    guard isPlain else { return .wired(.window(window)) }
    let wiring = Wiring.window(window)
    let (height, width) = (window.input[1], window.input[2])
    let plane = window.output[1] * window.output[2]
    let outputs = window.output[0] * plane
    var starts = [0]
    var sources: [Int32] = []
    starts.reserveCapacity(outputs + 1)
    weight.withUnsafeBuffer { weights in
      for output in 0..<outputs {
        let (channel, place) = output.quotientAndRemainder(dividingBy: plane)
        let top = place / window.output[2] * window.stride.y - window.padding.y
        let left = place % window.output[2] * window.stride.x - window.padding.x
        wiring.forEachInput(of: output, inputs: window.input[0] * height * width) { source in
          let (line, x) = source.quotientAndRemainder(dividingBy: width)
          let (input, y) = line.quotientAndRemainder(dividingBy: height)
          let row = (channel * window.input[0] + input) * window.kernel.y + y - top
          if weights[row * window.kernel.x + x - left] != 0 { sources.append(Int32(truncatingIfNeeded: source)) }
        }
        starts.append(sources.count)
      }
    }
    return .rows(starts: starts, sources: sources)
  }

  private static func kernel(of projection: NetworkGraph.Projection) -> Kernel? {
    guard case .window(let window) = projection.wiring, projection.weight.map({ $0.rank == 4 }) ?? window.isDepthwise
    else { return nil }
    let inputs = window.isDepthwise ? 1 : window.input[0]
    return Kernel(
      weights: inputs * window.kernel.y * window.kernel.x, plane: window.output.dropFirst().reduce(1, *))
  }

  private static func notFinite(_ projection: NetworkGraph.Projection, in graph: NetworkGraph) -> Fault {
    let place = projection.layer.map { "layer \($0)" } ?? "the synapses to \(graph.populations[projection.target].name)"
    return Fault(
      .value, "the network has weights that are not finite numbers",
      label: "\(place), before \(graph.populations[projection.target].name), holds nan or infinity",
      help: "training has diverged there: train again with a smaller learning rate, then place")
  }

  /// Neurons from which a path of synapses leads to the last population.
  private static func placed(sizes: [Int], blocks: [Block], outgoing: [[Int]]) -> [[Bool]] {
    let last = sizes.count - 1
    var isPlaced = sizes.enumerated().map { index, size in
      [Bool](repeating: index == 0 || index == last, count: size)
    }
    // Backwards once is enough without synapses that lead back; with them, until nothing changes.
    var changes = true
    while changes {
      changes = false
      for population in stride(from: last, to: 0, by: -1) {
        for index in outgoing[population] {
          let block = blocks[index]
          switch block.form {
          case .full:
            if isPlaced[block.target].contains(true), isPlaced[population].contains(false) {
              isPlaced[population] = [Bool](repeating: true, count: sizes[population])
              changes = true
            }
          case .rows(let starts, let sources):
            for target in 0..<sizes[block.target] where isPlaced[block.target][target] {
              for place in starts[target]..<starts[target + 1] {
                let source = Int(sources[place])
                if population == block.target, source == target { continue }
                if !isPlaced[population][source] {
                  isPlaced[population][source] = true
                  changes = true
                }
              }
            }
          case .wired:
            // Windows that leave out a border would free it, but a step costs more than it saves.
            if isPlaced[population].contains(false) {
              isPlaced[population] = [Bool](repeating: true, count: sizes[population])
              changes = true
            }
          }
        }
      }
    }
    return isPlaced
  }
}
