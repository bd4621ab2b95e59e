// The synapses from one population to another in whole numbers, in the order in which spikes find them.

/// For each source its synapses: `targets[starts[s]..<starts[s + 1]]` with their weights.
public struct SynapseTable: Sendable {
  /// One synapse.
  public struct Synapse: Sendable, Equatable {
    public var source: Int
    public var target: Int
    public var weight: Int32
    /// The kind of synapse, for neurons that keep their sums apart.
    public var port = 0
    /// Steps between the spike and its arrival.
    public var delay = 0

    public init(source: Int, target: Int, weight: Int32, port: Int = 0, delay: Int = 0) {
      self.source = source
      self.target = target
      self.weight = weight
      self.port = port
      self.delay = delay
    }
  }

  public let sources: Int
  /// Neurons of the target population.
  public let targetCount: Int
  /// The largest delay.
  public let longestDelay: Int
  let starts: [Int]
  /// `port * targetCount + neuron`.
  let places: [Int32]
  let weights: [Int32]
  /// Empty where no synapse has a delay.
  let delays: [UInt8]

  /// - Parameter synapses: in any order; those of one source stay in theirs. Sources and targets lie within the counts,
  ///   and delays within 0...255.
  public init(_ synapses: [Synapse], sources: Int, targets: Int) {
    self.sources = sources
    targetCount = targets
    var starts = [Int](repeating: 0, count: sources + 1)
    for synapse in synapses { starts[synapse.source + 1] += 1 }
    for source in 0..<sources { starts[source + 1] += starts[source] }
    var next = starts
    var places = [Int32](repeating: 0, count: synapses.count)
    var weights = places
    longestDelay = synapses.reduce(0) { max($0, $1.delay) }
    var delays = [UInt8](repeating: 0, count: longestDelay > 0 ? synapses.count : 0)
    for synapse in synapses {
      let place = next[synapse.source]
      next[synapse.source] += 1
      places[place] = Int32(truncatingIfNeeded: synapse.port * targets + synapse.target)
      weights[place] = synapse.weight
      if longestDelay > 0 { delays[place] = UInt8(truncatingIfNeeded: synapse.delay) }
    }
    (self.starts, self.places, self.weights, self.delays) = (starts, places, weights, delays)
  }

  public var count: Int { weights.count }

  /// Calls `body` with each synapse, source by source.
  public func forEach(_ body: (Synapse) -> Void) {
    for source in 0..<sources {
      for place in starts[source]..<starts[source + 1] {
        let (port, target) = Int(places[place]).quotientAndRemainder(dividingBy: max(1, targetCount))
        body(
          Synapse(
            source: source, target: target, weight: weights[place], port: port,
            delay: delays.isEmpty ? 0 : Int(delays[place])))
      }
    }
  }

  /// Adds the weights of a source that fired `times` to the sums of the steps in which they arrive.
  ///
  /// - Parameters:
  ///   - slots: sums of this step and later ones, a ring; `now` is this step's.
  ///   - range: where each sum stays.
  func add(
    _ source: Int, times: Int64, to slots: inout [[Int64]], now: Int, range: ClosedRange<Int64>?
  ) {
    guard source < sources else { return }
    if delays.isEmpty {
      let span = starts[source]..<starts[source + 1]
      slots[now].withUnsafeMutableBufferPointer { sums in
        places.withUnsafeBufferPointer { places in
          weights.withUnsafeBufferPointer { weights in
            if let range {
              for place in span {
                let target = Int(places[place])
                sums[target] = (sums[target] &+ times &* Int64(weights[place])).clamped(range.lowerBound, range.upperBound)
              }
            } else {
              for place in span { sums[Int(places[place])] &+= times &* Int64(weights[place]) }
            }
          }
        }
      }
      return
    }
    for place in starts[source]..<starts[source + 1] {
      let slot = (now + Int(delays[place])) % slots.count
      let sum = slots[slot][Int(places[place])] &+ times &* Int64(weights[place])
      slots[slot][Int(places[place])] = range.map { sum.clamped($0.lowerBound, $0.upperBound) } ?? sum
    }
  }

  /// Adds the weights times numbers that are no spikes, one for each source, rounded once.
  func addDrive(_ values: UnsafeBufferPointer<Float>, to sums: inout [Int64]) {
    var drive = [Double](repeating: 0, count: sums.count)
    for source in 0..<min(sources, values.count) where values[source] != 0 {
      for place in starts[source]..<starts[source + 1] {
        drive[Int(places[place])] += Double(values[source]) * Double(weights[place])
      }
    }
    let most = Double(largestState)
    for place in sums.indices {
      // What is no number moves nothing.
      let sum = drive[place].isNaN ? 0 : drive[place].rounded(.toNearestOrEven)
      sums[place] &+= Int64(max(-most, min(most, sum)))
    }
  }
}
