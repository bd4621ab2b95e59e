// Gates that learn which neurons and synapses a network can do without.
//
// Each removable unit i has a score s_i in [-1, 1] and a gate g_i = 1 / (1 + exp(-b s_i)), which multiplies all its
// outgoing weights: W'_ij = g_i W_ij. Scores begin at 1. The sharpness b grows while training goes on,
//
//     b(p) = b_0 (b_1 / b_0)^((p - a) / (f - a))      p: the share of all steps done; gates move from a to f
//
// so that gates are nearly open at first and nearly open or shut at last; the weights adapt on the way (the
// continuation of Savarese, Silva and Maire 2020). From p = f on each gate is exactly 0 or 1, its value is folded into
// the weights, and only weights learn. So no step of rounding stands between what was trained and what is kept: a
// gate that is 0 multiplies weights that are 0, and its unit can be taken out of the network.
//
// Gradients: dL/dW_ij = g_i dL/dW'_ij, and dL/dg_i = sum_j W_ij dL/dW'_ij. At an optimum of the task the latter is zero on
// average, whatever the unit is good for, since the weights make up for any gate; what its loss would cost the task is of
// second order (Theis, Korshunova, Tejani and Huszar 2018, Fisher pruning):
//
//     cost_i = c/2 E[(g_i dL_n/dg_i)^2]           over samples n; from a batch of B, B times the square of its mean
//     saved_i = g_i price_i                       price: the objective's gradient of the gate
//
// A score falls where more is saved than it costs and rises where less, by (saved - cost) / (saved + cost) of a step with
// which a score that nothing holds falls from 1 to 0 in a third of the way from a to f; at a share w of that way only a
// share w of all units may fall at once.
//
// Synapses: the smallest weights between open units go by and by (`thin`), and at the freeze those below a cut of their
// link (`cuts`); what was removed stays removed.

import Faults
import Glibc
import Tensors

/// Gates for the units of a network, and masks for its synapses; a value that training moves.
public struct NetworkGates: Sendable {
  /// How gates move.
  public struct Options: Sendable {
    /// b_0 and b_1.
    public var sharpness: ClosedRange<Double> = 4...100
    /// a: the share of all steps before which no gate moves.
    public var start = 0.0
    /// f: the share of all steps after which nothing more is removed and weights alone learn.
    public var freeze = 0.7
    /// What forecasts of costs are multiplied with: they are of one unit while all others stay, and of samples that training
    /// knows by heart. Chosen on validation samples of digits and Fashion-MNIST: 10 takes what the task needs,
    /// 1000 leaves much; this lies between 10 and 100, which did well.
    public var caution = 30.0
    /// Whether inputs have gates as well: one that is shut keeps its place, and its weights are 0.
    public var gatesInput = false
    /// Multiplies the step size of scores.
    public var speed = 1.0

    public init() {}
  }

  public let graph: UnitGraph
  public let options: Options
  /// For each population and unit, g; 1 where a population cannot lose units.
  public private(set) var values: [[Float]]
  /// For each population and unit, s.
  public private(set) var scores: [[Float]]
  /// For the position of a layer, 1 for each weight that is kept and 0 for each that was removed.
  public private(set) var masks: [Int: [Float]] = [:]
  /// For the position of a layer, the size below which weights are removed at the freeze.
  public var cuts: [Int: Float] = [:]
  public private(set) var isFrozen = false
  /// The gradient of each gate in the batch that runs now.
  public private(set) var slopes: [[Float]]
  /// What an objective says an open gate costs.
  private var prices: [[Float]]
  /// Samples that the slopes of a batch are the mean of.
  public var samples = 1
  private var squares: [[Float]]
  private var steps = 0
  private let stepSize: Float

  public init(_ network: Network, _ course: TrainingCourse, _ options: Options = Options()) {
    graph = UnitGraph(network)
    self.options = options
    let start = Float(1 / (1 + exp(-options.sharpness.lowerBound)))
    values = graph.populations.map { [Float](repeating: $0.isRemovable ? start : 1, count: $0.units) }
    if options.gatesInput, graph.linkOut(of: 0) != nil { values[0] = [Float](repeating: start, count: values[0].count) }
    scores = graph.populations.map { [Float](repeating: 1, count: $0.units) }
    slopes = graph.populations.map { [Float](repeating: 0, count: $0.units) }
    prices = slopes
    squares = slopes
    let falling = Double(course.epochs) * Double(course.batches) * (options.freeze - options.start) / 3
    stepSize = Float(min(0.5, options.speed / max(1, falling)))
  }

  /// Whether the units of a population have gates.
  public func isGated(_ population: Int) -> Bool {
    graph.populations[population].isRemovable
      || population == 0 && options.gatesInput && graph.linkOut(of: 0) != nil
  }

  /// Gates below this are shut: the network runs as if the unit were not there.
  private static let shut: Float = 1e-3

  /// The network seen through the gates.
  public func shaped(_ network: Network) throws(Fault) -> Network {
    if isFrozen { return network }
    var shaped = network
    try forEachLink(of: &shaped) { (link, layer, weight) in
      let gates = values[link.source]
      for (unit, gate) in gates.enumerated() where gate != 1 {
        forEachRow(of: unit, link, layer) { start in
          for place in start..<start + layer.blockSize { weight[place] *= gate }
        }
      }
    }
    return shaped
  }

  /// Turns gradients of the shaped network's weights into those of the weights themselves, and remembers those of the
  /// gates.
  public mutating func pullBack(_ gradients: inout [[Tensor]], _ network: Network) throws(Fault) {
    for link in graph.links {
      guard let layer = network.layers[link.layer] as? any PrunableLayer, let weight = layer.weight,
        gradients[link.layer].first?.count == weight.count
      else { continue }
      let gates = values[link.source]
      let isGated = isGated(link.source) && !isFrozen
      let mask = masks[link.layer]
      if !isGated, mask == nil { continue }
      var slope = [Float](repeating: 0, count: gates.count)
      try gradients[link.layer][0].withUnsafeMutableBuffer { gradient in
        weight.withUnsafeBuffer { values in
          for (unit, gate) in gates.enumerated() where isGated {
            var sum: Float = 0
            forEachRow(of: unit, link, layer) { start in
              for place in start..<start + layer.blockSize {
                sum += values[place] * gradient[place]
                gradient[place] *= gate
              }
            }
            slope[unit] = sum
          }
        }
        if let mask { for place in mask.indices { gradient[place] *= mask[place] } }
      }
      if isGated { for unit in slope.indices { slopes[link.source][unit] += slope[unit] } }
    }
  }

  /// Adds an objective's gradient of gates: for each population and unit.
  public mutating func add(_ more: [[Double]]) {
    for population in prices.indices where population < more.count && isGated(population) {
      for unit in prices[population].indices { prices[population][unit] += Float(more[population][unit]) }
    }
  }

  /// Moves the scores by the gradients of this batch, sharpens the gates, and freezes them when it is time.
  public mutating func advance(_ network: inout Network, progress: Double) throws(Fault) {
    if isFrozen { return try applyMasks(to: &network) }
    if progress >= options.freeze { return try freeze(&network) }
    steps += 1
    let decay: Float = 0.95
    let unbias = Float(options.caution) * Float(samples) / (1 - pow(decay, Float(steps)))
    var forecasts: [(population: Int, unit: Int, cost: Float, saved: Float)] = []
    for population in graph.populations.indices where isGated(population) {
      for unit in scores[population].indices {
        let gate = values[population][unit]
        let slope = gate * slopes[population][unit]
        squares[population][unit] = decay * squares[population][unit] + (1 - decay) * slope * slope
        forecasts.append((population, unit, squares[population][unit] * unbias / 2, gate * prices[population][unit]))
        slopes[population][unit] = 0
        prices[population][unit] = 0
      }
    }
    if progress >= options.start { move(forecasts, progress: progress) }
    if progress < options.start { return try applyMasks(to: &network) }
    let (low, high) = (options.sharpness.lowerBound, options.sharpness.upperBound)
    let sharpness = Float(low * pow(high / low, (progress - options.start) / (options.freeze - options.start)))
    open { score in
      let gate = 1 / (1 + exp(-sharpness * score))
      return gate < Self.shut ? 0 : gate
    }
    try applyMasks(to: &network)
  }

  /// Moves scores by what closing each unit costs and saves. A cost is that of one unit while the others stay, so that few
  /// may fall at first, those that save most for what they cost, and more as others have learnt to do without them.
  private mutating func move(
    _ forecasts: [(population: Int, unit: Int, cost: Float, saved: Float)], progress: Double
  ) {
    let way = (progress - options.start) / (options.freeze - options.start)
    let worth = forecasts.filter { $0.saved > $0.cost }.sorted {
      let (a, b) = ($0.cost * $1.saved, $1.cost * $0.saved)
      return a != b ? a < b : ($0.population, $0.unit) < ($1.population, $1.unit)
    }
    for entry in worth.prefix(Int(way * Double(forecasts.count))) { move(entry, by: stepSize) }
    for entry in forecasts where entry.saved <= entry.cost { move(entry, by: stepSize) }
  }

  private mutating func move(
    _ entry: (population: Int, unit: Int, cost: Float, saved: Float), by step: Float
  ) {
    guard entry.cost + abs(entry.saved) > 0 else { return }
    let change = step * (entry.saved - entry.cost) / (entry.cost + abs(entry.saved))
    scores[entry.population][entry.unit] = min(1, max(-1, scores[entry.population][entry.unit] - change))
  }

  /// Removes weights of a layer, those where the mask is 0; they stay removed.
  public mutating func mask(_ layer: Int, _ mask: [Float], _ network: inout Network) throws(Fault) {
    masks[layer] = masks[layer].map { before in zip(before, mask).map { $0 * $1 } } ?? mask
    try applyMasks(to: &network)
  }

  /// Makes each gate 0 or 1 and folds what it was into the weights.
  private mutating func freeze(_ network: inout Network) throws(Fault) {
    open { $0 > 0 ? 1 : 0 }
    network = try shaped(network)
    for link in graph.links {
      guard let cut = cuts[link.layer], let layer = network.layers[link.layer] as? any PrunableLayer,
        let weight = layer.weight
      else { continue }
      let small = weight.withUnsafeBuffer { values in values.map { abs($0) < cut ? Float(0) : 1 } }
      masks[link.layer] = masks[link.layer].map { before in zip(before, small).map { $0 * $1 } } ?? small
    }
    for link in graph.links where isGated(link.source) {
      // A removed unit's weights stay zero whatever the optimiser's momentum says.
      guard let layer = network.layers[link.layer] as? any PrunableLayer, let weight = layer.weight,
        values[link.source].contains(0)
      else { continue }
      var mask = masks[link.layer] ?? [Float](repeating: 1, count: weight.count)
      for (unit, gate) in values[link.source].enumerated() where gate == 0 {
        forEachRow(of: unit, link, layer) { start in
          for place in start..<start + layer.blockSize { mask[place] = 0 }
        }
      }
      masks[link.layer] = mask
    }
    isFrozen = true
    try applyMasks(to: &network)
  }

  /// Sets each gate from its score; a population keeps at least its best unit.
  private mutating func open(_ gate: (Float) -> Float) {
    for population in graph.populations.indices where isGated(population) {
      for unit in scores[population].indices { values[population][unit] = gate(scores[population][unit]) }
      if !values[population].contains(where: { $0 > 0 }), let best = scores[population].max(),
        let unit = scores[population].firstIndex(of: best)
      {
        values[population][unit] = 1
      }
    }
  }

  private func applyMasks(to network: inout Network) throws(Fault) {
    if masks.isEmpty { return }
    try network.updateParameters { (position, parameter, value) throws(Fault) in
      guard parameter == 0, let mask = masks[position], mask.count == value.count else { return }
      try value.withUnsafeMutableBuffer { weight in
        for place in mask.indices { weight[place] *= mask[place] }
      }
    }
  }

  /// The units of each population whose gate is open wider than `least`; the best one where none is.
  public func kept(above least: Float = 0) -> [Int: [Int]] {
    var kept: [Int: [Int]] = [:]
    for population in graph.populations.indices where isGated(population) {
      let open = values[population].indices.filter { values[population][$0] > least }
      let best = scores[population].indices.max { scores[population][$0] < scores[population][$1] }
      kept[population] = open.isEmpty ? best.map { [$0] } ?? [] : open
    }
    return kept
  }

  /// Decides by hand, before the freeze, which units stay.
  public mutating func shut(allBut kept: [Int: [Int]]) {
    for (population, units) in kept where graph.populations[population].isRemovable {
      let open = Set(units)
      for unit in scores[population].indices {
        scores[population][unit] = open.contains(unit) ? max(scores[population][unit], 1e-3) : min(scores[population][unit], 0)
      }
    }
  }

  /// The shaped network without the units whose gates are shut; it does what the shaped network does.
  public func finish(_ network: Network) throws(Fault) -> Network {
    try cut(try shaped(network), to: kept())
  }

  /// The network without the units that are not listed; of inputs that are not, the weights become 0.
  public func cut(_ network: Network, to kept: [Int: [Int]]) throws(Fault) -> Network {
    var network = network
    if isGated(0), let open = kept[0], open.count < graph.populations[0].units {
      let isOpen = Set(open)
      try forEachLink(of: &network) { (link, layer, weight) in
        guard link.source == 0 else { return }
        for unit in 0..<graph.populations[0].units where !isOpen.contains(unit) {
          forEachRow(of: unit, link, layer) { start in
            for place in start..<start + layer.blockSize { weight[place] = 0 }
          }
        }
      }
    }
    return try network.keeping(kept.filter { graph.populations[$0.key].isRemovable })
  }

  /// Removes the smallest weights of each link until so large a share of those between open units is gone.
  public mutating func thin(_ share: Double, _ network: inout Network) throws(Fault) {
    for link in graph.links {
      guard let layer = network.layers[link.layer] as? any PrunableLayer, let weight = layer.weight else { continue }
      var mask = masks[link.layer] ?? [Float](repeating: 1, count: weight.count)
      weight.withUnsafeBuffer { weights in
        var places: [Int] = []
        for unit in values[link.source].indices where values[link.source][unit] > 0.5 {
          for row in unit * link.rowsPerUnit..<(unit + 1) * link.rowsPerUnit {
            for target in 0..<layer.outputUnits where values[link.target][target] > 0.5 {
              let start = layer.blockStart(row: row, unit: target)
              places.append(contentsOf: start..<start + layer.blockSize)
            }
          }
        }
        let sizes = places.map { weights[$0].magnitude }.sorted()
        let count = Int(share * Double(sizes.count))
        guard count > 0 else { return }
        let least = sizes[count]
        for place in places where weights[place].magnitude < least { mask[place] = 0 }
      }
      masks[link.layer] = mask
    }
    try applyMasks(to: &network)
  }

  private func forEachLink(
    of network: inout Network,
    _ body: (UnitGraph.Link, any PrunableLayer, UnsafeMutableBufferPointer<Float>) -> Void
  ) throws(Fault) {
    let layers = network.layers
    try network.updateParameters { (position, parameter, value) throws(Fault) in
      guard parameter == 0, let link = graph.links.first(where: { $0.layer == position }),
        isGated(link.source), let layer = layers[position] as? any PrunableLayer
      else { return }
      try value.withUnsafeMutableBuffer { weight in body(link, layer, weight) }
    }
  }

  /// Calls `body` with the place of each block of weights that leaves a unit.
  private func forEachRow(
    of unit: Int, _ link: UnitGraph.Link, _ layer: any PrunableLayer, _ body: (Int) -> Void
  ) {
    for row in unit * link.rowsPerUnit..<(unit + 1) * link.rowsPerUnit {
      for target in 0..<layer.outputUnits { body(layer.blockStart(row: row, unit: target)) }
    }
  }
}
