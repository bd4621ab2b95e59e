// Neurons with more inputs than a chip allows, as several: each of them adds up a part of the inputs and passes its sum on
// in spikes.
//
// The inputs of a layer are divided into groups, and the weights by their signs. A partial-sum neuron integrates what
// arrives over the weights of one sign from one group, without a leak, fires when it has theta together, and keeps the
// rest:
//
//     v += sum over i in group  |w_i| s_i;   a spike and v -= theta when v >= theta
//
// The neuron itself gets theta for each spike of a partial sum of weights above zero, and -theta for those below. Sums of
// one sign only grow, so nothing is lost but what is less than theta at the end, and what is more than theta in a step
// comes in the next ones. It is an approximation: a neuron can pass no more than one spike a step. What it costs in
// accuracy is measured by running it; its neurons, synapses, spikes and cores are charged as all others, and each layer of
// partial sums is charged as one more step of an inference.

import Faults
import Glibc
import Spiking
import Tensors

/// One layer whose inputs are divided among partial-sum neurons.
public struct FanInSplit: Sendable, Equatable {
  /// "layer 0, dense(256)".
  public var layer: String
  /// Groups of its inputs; each has a partial sum for both signs.
  public var groups: Int
  /// Neurons that add up.
  public var neurons: Int
  /// Theta: what a spike of theirs stands for.
  public var threshold: Float
  /// Synapses of its widest neuron, and how many a neuron may have.
  public var fanIn: Int
  public var limit: Int
}

extension Network {
  /// The network with partial-sum neurons before each neuron that has more inputs than a core or a neuron of a chip.
  ///
  /// - Parameters:
  ///   - rounded: the same network with the chip's weights: what is zero there takes no input.
  ///   - rates: for each population of the graph, the spikes of each neuron in a step; they set theta.
  /// - Returns: the network, the same when nothing is too wide, and what was divided.
  /// - Throws: `.limit` for a neuron that cannot be divided, with the reason.
  func splittingFanIn(
    rounded: Network, rules: CoreRules, chip: Chip, rates: [[Float]]
  ) throws(Fault) -> (network: Network, splits: [FanInSplit]) {
    let most = min(rules.fanIn, rules.inputAxons)
    if most == Int.max { return (self, []) }
    let limit = most / max(1, rules.axonsPerSource)
    let graph = rounded.graph
    let connectome = try Connectome(graph, countsZeros: chip.countsZeroWeights)
    var result: [any Layer] = []
    var splits: [FanInSplit] = []
    for (index, layer) in layers.enumerated() {
      let own = graph.projections.filter { $0.place.first == index }
      guard let target = own.first?.target else {
        result.append(layer)
        continue
      }
      let widest = (0..<connectome.sizes[target]).reduce(0) {
        max($0, connectome.fanIn(population: target, neuron: $1))
      }
      if widest <= limit {
        result.append(layer)
        continue
      }
      let name = "layer \(index), \(layer.callText)"
      func refuse(_ reason: String) -> Fault {
        Fault(
          .limit, "\(graph.populations[target].name) has too many inputs for a neuron of \(chip.name), and they cannot be divided",
          label: "\(name): \(reason); a neuron has \(Misfit.count(widest)) inputs, \(Misfit.count(limit)) fit",
          help: "make the layer before it smaller, or train with hardware=hardware_loss(…)")
      }
      if own.contains(where: { $0.source == $0.target }) { throw refuse("recurrent synapses are not divided") }
      guard own.allSatisfy({ $0.place == [index] }), let plain = layer as? any PrunableLayer, plain.weight != nil else {
        throw refuse("only `dense` and `conv` outside of branches are divided")
      }
      // Of each feature that enters the layer, the neurons that it comes from: more than one behind a pool.
      let inputs = (rounded.inputOf(index).reduce(1, *), plain.inputRows)
      var sources = 0
      for projection in own {
        let count = connectome.sizes[projection.source]
        let all = (0..<connectome.sizes[target]).reduce(0) { max($0, projection.wiring.fanIn(of: $1, inputs: count)) }
        let direct = plain is ConvLayer ? plain.inputRows * plain.blockSize : inputs.0
        sources += max(1, (all + max(1, direct) - 1) / max(1, direct))
      }
      let others = (0..<connectome.sizes[target]).reduce(0) { most, neuron in
        max(most, connectome.incoming[target].reduce(0) { sum, block in
          let entry = connectome.blocks[block]
          return entry.source == entry.target ? sum + connectome.fanIn(entry, neuron) : sum
        })
      }
      let work = DividedLayer(plain, sourcesPerFeature: sources, limit: limit)
      guard others < limit, let groups = work.groups else {
        throw refuse("a single channel of its inputs is wider than that")
      }
      let featureRates = own.count == 1 && own[0].stages.count == 1 && own[0].source < rates.count
        ? rates[own[0].source] : []
      let average = own.flatMap { $0.source < rates.count ? rates[$0.source] : [] }
      let mean = average.isEmpty ? 0.1 : average.reduce(0, +) / Float(average.count)
      let threshold = work.threshold(groups, rates: featureRates, mean: mean)
      guard let divided = try work.layers(groups, threshold: threshold) else {
        throw Fault(.limit, "the divided layer would be too large", label: name)
      }
      result += divided
      splits.append(
        FanInSplit(
          layer: name, groups: groups.count,
          neurons: 2 * groups.count * connectome.sizes[target], threshold: threshold, fanIn: widest, limit: limit))
    }
    if splits.isEmpty { return (self, []) }
    return (try replacingLayers(result), splits)
  }
}

/// A layer of weights that is being divided.
private struct DividedLayer {
  private let layer: any PrunableLayer
  private let weights: [Float]
  private let sourcesPerFeature: Int
  private let limit: Int

  init(_ layer: any PrunableLayer, sourcesPerFeature: Int, limit: Int) {
    self.layer = layer
    weights = layer.weight?.scalars ?? []
    self.sourcesPerFeature = sourcesPerFeature
    self.limit = limit
  }

  /// Runs of input rows, so that no output has more inputs of one sign in a run than fit; nil where one row is too wide.
  var groups: [Range<Int>]? {
    var groups: [Range<Int>] = []
    var start = 0
    let none = [Int](repeating: 0, count: 2 * layer.outputUnits)
    var counts = none
    for row in 0..<layer.inputRows {
      var own = none
      for unit in 0..<layer.outputUnits {
        let block = layer.blockStart(row: row, unit: unit)
        for place in block..<block + layer.blockSize where weights[place] != 0 {
          own[2 * unit + (weights[place] < 0 ? 1 : 0)] += sourcesPerFeature
        }
      }
      if own.contains(where: { $0 > limit }) { return nil }
      if zip(counts, own).contains(where: { $0 + $1 > limit }) {
        groups.append(start..<row)
        start = row
        counts = none
      }
      for place in own.indices { counts[place] += own[place] }
    }
    groups.append(start..<layer.inputRows)
    return groups
  }

  /// Theta: what all partial sums but the busiest twentieth pass in a step, mean and two standard deviations, where the
  /// inputs fire independently.
  func threshold(_ groups: [Range<Int>], rates: [Float], mean: Float) -> Float {
    var loads: [Double] = []
    let size = layer.blockSize
    for group in groups {
      for unit in 0..<layer.outputUnits {
        var sums = [0.0, 0.0]
        var squares = [0.0, 0.0]
        for row in group {
          // A channel's rate is the mean of its places.
          let rate = Double(rates.count == layer.inputRows ? rates[row] : mean)
          let block = layer.blockStart(row: row, unit: unit)
          for place in block..<block + size where weights[place] != 0 {
            let weight = Double(weights[place].magnitude)
            sums[weights[place] < 0 ? 1 : 0] += rate * weight
            squares[weights[place] < 0 ? 1 : 0] += rate * max(0, 1 - rate) * weight * weight
          }
        }
        loads += zip(sums, squares).map { $0 + 2 * $1.squareRoot() }.filter { $0 > 0 }
      }
    }
    loads.sort()
    guard let last = loads.indices.last else { return 1 }
    return max(Float(loads[min(last, loads.count * 19 / 20)]), .leastNormalMagnitude)
  }

  /// Partial sums, their neurons, and what they bring to the layer's own neurons; nil where that is too large.
  func layers(_ groups: [Range<Int>], threshold: Float) throws(Fault) -> [any Layer]? {
    let outputs = layer.outputUnits
    let partials = 2 * groups.count * outputs
    let (size, isBeyond) = (layer.inputRows * layer.blockSize).multipliedReportingOverflow(by: partials)
    let (back, isFar) = outputs.multipliedReportingOverflow(by: partials)
    guard !isBeyond, !isFar, size < 100_000_000, back < 100_000_000 else { return nil }
    let neurons = NeuronLayer(LIF(beta: 1, threshold: threshold, reset: .subtract))
    let (rows, block) = (layer.inputRows, layer.blockSize)
    let isImage = layer is ConvLayer
    // Sums that nothing arrives at are left out.
    var isUsed = [Bool](repeating: false, count: partials)
    let first = try Tensor(shape: isImage ? [partials, rows, 1, block] : [rows, partials]) { target in
      for place in target.indices { target[place] = 0 }
      for (number, group) in groups.enumerated() {
        for row in group {
          for unit in 0..<outputs {
            let from = layer.blockStart(row: row, unit: unit)
            for offset in 0..<block where weights[from + offset] != 0 {
              let partial = (2 * number + (weights[from + offset] < 0 ? 1 : 0)) * outputs + unit
              let to = isImage ? (partial * rows + row) * block + offset : row * partials + partial
              target[to] = weights[from + offset].magnitude
              isUsed[partial] = true
            }
          }
        }
      }
    }
    let second = try Tensor(shape: isImage ? [outputs, partials, 1, 1] : [partials, outputs]) { target in
      for place in target.indices { target[place] = 0 }
      for partial in 0..<partials where isUsed[partial] {
        let unit = partial % outputs
        let sign: Float = partial / outputs % 2 == 0 ? 1 : -1
        target[isImage ? unit * partials + partial : partial * outputs + unit] = sign * threshold
      }
    }
    if let conv = layer as? ConvLayer {
      let kernels = try first.reshaped([partials, rows, conv.kernel.y, conv.kernel.x])
      return [
        try ConvLayer(weight: kernels, bias: nil, stride: conv.stride, padding: conv.padding), neurons,
        try ConvLayer(weight: second, bias: conv.bias),
      ]
    }
    return [try DenseLayer(weight: first, bias: nil), neurons, try DenseLayer(weight: second, bias: (layer as? DenseLayer)?.bias)]
  }
}
