// The synapses of a projection: those over which something arrives. One definition for all who count them: the mapper,
// the cost of a chip, and a running stream.

import Tensors

/// Who reaches whom in a projection. A synapse with a weight of zero is none: nothing arrives over it, and no chip
/// keeps it. Where several layers lie between two populations (a pool and a convolution), a source reaches a target
/// when some way through them has no weight of zero.
public enum Synapses: Sendable {
  /// Every source reaches every target.
  case full
  /// Every source reaches every target but for a few: for each target those that don't,
  /// `sources[starts[target]..<starts[target + 1]]` in rising order.
  case allBut(starts: [Int], sources: [Int32])
  /// For each target, the sources that reach it, in rising order: `sources[starts[target]..<starts[target + 1]]`.
  case rows(starts: [Int], sources: [Int32])
  /// As the layers' wiring says.
  case wired(Wiring)

  /// Calls `body` with each source that reaches a target, in rising order.
  ///
  /// - Parameter sources: how many sources the projection has.
  @inline(__always)
  public func forEachSource(of target: Int, sources count: Int, _ body: (Int) -> Void) {
    switch self {
    case .full: for source in 0..<count { body(source) }
    case .allBut(let starts, let missing):
      missing.withUnsafeBufferPointer { missing in
        var next = 0
        for place in starts[target]..<starts[target + 1] {
          let gap = Int(missing[place])
          for source in next..<gap { body(source) }
          next = gap + 1
        }
        for source in next..<max(next, count) { body(source) }
      }
    case .rows(let starts, let sources):
      sources.withUnsafeBufferPointer { sources in
        for place in starts[target]..<starts[target + 1] { body(Int(sources[place])) }
      }
    case .wired(let wiring): wiring.forEachInput(of: target, inputs: count, body)
    }
  }

  /// How many synapses end at a target.
  public func fanIn(of target: Int, sources count: Int) -> Int {
    switch self {
    case .full: count
    case .allBut(let starts, _): count - (starts[target + 1] - starts[target])
    case .rows(let starts, _): starts[target + 1] - starts[target]
    case .wired(let wiring): wiring.fanIn(of: target, inputs: count)
    }
  }

  /// How many synapses leave each source, to the targets that count.
  ///
  /// - Parameter counted: for each target, whether it counts.
  public func fanOuts(sources count: Int, counted: [Bool]) -> [Int] {
    let targets = counted.count { $0 }
    switch self {
    case .full: return [Int](repeating: targets, count: count)
    case .allBut(let starts, let missing):
      var fanOuts = [Int](repeating: targets, count: count)
      for target in counted.indices where counted[target] {
        for place in starts[target]..<starts[target + 1] { fanOuts[Int(missing[place])] -= 1 }
      }
      return fanOuts
    case .rows, .wired:
      var fanOuts = [Int](repeating: 0, count: count)
      for target in counted.indices where counted[target] {
        forEachSource(of: target, sources: count) { fanOuts[$0] += 1 }
      }
      return fanOuts
    }
  }

  /// The sources that reach none of some targets, where every source reaches nearly every target; nil elsewhere.
  public func unreached(by targets: some Sequence<Int32>) -> [Int32]? {
    guard case .allBut(let starts, let missing) = self else { return nil }
    var common: [Int32]?
    for target in targets {
      let own = missing[starts[Int(target)]..<starts[Int(target) + 1]]
      guard let before = common else {
        common = Array(own)
        continue
      }
      if before.isEmpty { break }
      var both: [Int32] = []
      var place = own.startIndex
      for source in before {
        while place < own.endIndex, own[place] < source { place += 1 }
        if place < own.endIndex, own[place] == source { both.append(source) }
      }
      common = both
    }
    return common ?? []
  }
}

extension NetworkGraph {
  /// The synapses of a projection of this graph.
  public func synapses(of projection: Projection) -> Synapses {
    let (sources, targets) = (populations[projection.source].neurons, populations[projection.target].neurons)
    let stages = projection.stages
    // Without a weight of zero the wiring tells all, but for parts that lie one behind the other.
    let isPart = stages.count > 1 && stages.contains(where: \.isShifted)
    guard isPart || stages.contains(where: { $0.weight.map { $0.hasZeros } ?? false }) else { return projection.everySynapse }
    if stages.count == 1, let weight = stages[0].weight, weight.shape == [sources, targets], projection.wiring == .all {
      return Self.synapses(of: weight, inputs: sources, outputs: targets)
    }
    let rows = stages.count == 1 ? stages[0].rows : Self.rows(through: stages)
    guard rows.starts.count == targets + 1 else { return .wired(projection.wiring) }
    let (all, isBeyond) = sources.multipliedReportingOverflow(by: targets)
    let missing = isBeyond ? Int.max : all - rows.sources.count
    guard projection.wiring == .all, missing <= all / Self.fewMissing else { return .rows(starts: rows.starts, sources: rows.sources) }
    return Self.complement(of: rows, sources: sources)
  }

  /// For each population and neuron, the synapses by which its spikes leave.
  public var fanOuts: [[Int]] {
    var fanOuts = populations.map { [Int](repeating: 0, count: $0.neurons) }
    for projection in projections {
      let counted = [Bool](repeating: true, count: populations[projection.target].neurons)
      let own = synapses(of: projection).fanOuts(sources: populations[projection.source].neurons, counted: counted)
      for neuron in own.indices { fanOuts[projection.source][neuron] += own[neuron] }
    }
    return fanOuts
  }

  /// Synapses that are missing are listed instead of those that are there where they are at most one in so many.
  private static let fewMissing = 8

  /// The synapses of a matrix `[inputs, outputs]`, some of which are zero.
  private static func synapses(of weight: Tensor, inputs: Int, outputs: Int) -> Synapses {
    weight.withUnsafeBuffer { values in
      var zeros = [Int](repeating: 0, count: outputs)
      for input in 0..<inputs {
        let row = input &* outputs
        for output in 0..<outputs where values[row &+ output] == 0 { zeros[output] &+= 1 }
      }
      let missing = zeros.reduce(0, +)
      let listsMissing = missing <= values.count / fewMissing
      var starts = [Int](repeating: 0, count: outputs + 1)
      for output in 0..<outputs {
        starts[output + 1] = starts[output] + (listsMissing ? zeros[output] : inputs - zeros[output])
      }
      var next = starts
      var sources = [Int32](repeating: 0, count: starts[outputs])
      for input in 0..<inputs {
        let row = input &* outputs
        for output in 0..<outputs where (values[row &+ output] == 0) == listsMissing {
          sources[next[output]] = Int32(truncatingIfNeeded: input)
          next[output] &+= 1
        }
      }
      return listsMissing ? .allBut(starts: starts, sources: sources) : .rows(starts: starts, sources: sources)
    }
  }

  /// For each target of the last stage, the sources of the first that reach it.
  private static func rows(through stages: [Stage]) -> (starts: [Int], sources: [Int32]) {
    let walks = stages.map { StageWalk($0) }
    // For each stage's inputs, the last target that they were found for.
    var seen = stages.map { [Int](repeating: -1, count: $0.inputs) }
    var starts = [0]
    var sources: [Int32] = []
    for target in 0..<(stages.last?.outputs ?? 0) {
      var places = [target]
      for stage in stages.indices.reversed() {
        var found: [Int] = []
        seen[stage].withUnsafeMutableBufferPointer { seen in
          for place in places {
            walks[stage].forEachInput(of: place) { input in
              if seen[input] != target {
                seen[input] = target
                found.append(input)
              }
            }
          }
        }
        places = found
      }
      places.sort()
      sources += places.map { Int32(truncatingIfNeeded: $0) }
      starts.append(sources.count)
    }
    return (starts, sources)
  }

  /// The same synapses by those that aren't there.
  private static func complement(of rows: (starts: [Int], sources: [Int32]), sources count: Int) -> Synapses {
    var starts = [0]
    var missing: [Int32] = []
    for target in 0..<rows.starts.count - 1 {
      var next: Int32 = 0
      for place in rows.starts[target]..<rows.starts[target + 1] {
        while next < rows.sources[place] {
          missing.append(next)
          next += 1
        }
        next += 1
      }
      while Int(next) < count {
        missing.append(next)
        next += 1
      }
      starts.append(missing.count)
    }
    return .allBut(starts: starts, sources: missing)
  }
}

extension NetworkGraph.Projection {
  /// The synapses that the layers have room for, those with a weight of zero among them.
  public var everySynapse: Synapses { wiring == .all ? .full : .wired(wiring) }
}

extension NetworkGraph.Stage {
  fileprivate var isShifted: Bool { if case .shifted = wiring { true } else { false } }

  /// For each output, the inputs that reach it with a weight that isn't zero.
  fileprivate var rows: (starts: [Int], sources: [Int32]) {
    let walk = StageWalk(self)
    var starts = [0]
    var sources: [Int32] = []
    starts.reserveCapacity(outputs + 1)
    for output in 0..<outputs {
      walk.forEachInput(of: output) { sources.append(Int32(truncatingIfNeeded: $0)) }
      starts.append(sources.count)
    }
    return (starts, sources)
  }
}

/// Finds the inputs of one layer's outputs.
private struct StageWalk {
  private let stage: NetworkGraph.Stage
  /// One for each weight, output by output where every input reaches every output.
  private let isThere: [Bool]?

  init(_ stage: NetworkGraph.Stage) {
    self.stage = stage
    guard let weight = stage.weight, weight.hasZeros else {
      isThere = nil
      return
    }
    if stage.wiring == .all, weight.shape == [stage.inputs, stage.outputs] {
      isThere = weight.withUnsafeBuffer { values in
        var table = [Bool](repeating: false, count: values.count)
        for input in 0..<stage.inputs {
          for output in 0..<stage.outputs { table[output * stage.inputs + input] = values[input * stage.outputs + output] != 0 }
        }
        return table
      }
    } else if case .window(let window) = stage.wiring, !window.isDepthwise, window.path.isEmpty,
      weight.shape == [window.output[0], window.input[0], window.kernel.y, window.kernel.x]
    {
      isThere = weight.withUnsafeBuffer { values in values.map { $0 != 0 } }
    } else {
      isThere = nil
    }
  }

  @inline(__always)
  func forEachInput(of output: Int, _ body: (Int) -> Void) {
    guard let isThere else { return stage.wiring.forEachInput(of: output, inputs: stage.inputs, body) }
    isThere.withUnsafeBufferPointer { isThere in
      guard case .window(let window) = stage.wiring else {
        let start = output * stage.inputs
        for input in 0..<stage.inputs where isThere[start + input] { body(input) }
        return
      }
      window.forEachTap(of: output) { input, weight in if isThere[weight] { body(input) } }
    }
  }
}

extension Tensor {
  /// Whether some number is exactly zero.
  fileprivate var hasZeros: Bool { withUnsafeBuffer { values in values.contains(0) } }
}
