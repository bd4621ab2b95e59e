// Which neurons a chip finds busy in each step of a run: those that its `active_update` is charged for.

import Spiking
import Tensors

/// Follows a running stream and tells, step by step, which neurons fired and which were busy.
///
/// A neuron is at rest in a step when its potential was zero before it and neither a spike nor an offset reaches it
/// (`Charge.neuronNotAtRest`). A chip keeps potentials in whole steps (`potential_steps`), so that a leaking one reaches
/// zero: between inputs it is followed here as the chip would, cut off to a whole step each time. Where the chip's figure
/// is charged for neurons with input (`Charge.neuronWithInput`), only spikes that arrive count.
final class BusyNeurons: StreamObserver {
  private let connectome: Connectome
  private let onlyInput: Bool
  /// Whether anything is charged for busy neurons.
  private let isAsked: Bool
  /// Of each population, the potential below which the chip sees none; 0 where only 0 is none.
  private let resolution: [Float]
  private let take: (StepBits, Bool) -> Void
  private var bits: StepBits
  /// The spikes of the step before, for synapses that lead back.
  private var before: StepBits
  /// Potentials in the chip's steps, and as numbers.
  private var whole: [[Float]]
  private var potential: [[Float]]
  /// Of each neuron, whether its potential was moved since `whole` was counted, and whether it is at rest.
  private var isMoved: [[UInt64]]
  private var atRest: [[UInt64]]
  private var driven: [UInt64] = []

  /// - Parameter take: called at each step's end; its second argument is whether a labelled sample runs.
  init(
    _ connectome: Connectome, chip: Chip, resolution: [Float], take: @escaping (StepBits, Bool) -> Void
  ) {
    self.connectome = connectome
    self.resolution = resolution
    self.take = take
    onlyInput = chip.charge(.activeUpdate) == .neuronWithInput
    isAsked = chip.energy[.activeUpdate] != nil || chip.time[.activeUpdate] != nil
    bits = StepBits(sizes: connectome.sizes)
    before = bits
    whole = connectome.sizes.map { [Float](repeating: 0, count: $0) }
    potential = whole
    isMoved = bits.fired
    atRest = bits.fired.map { $0.map { _ in .max } }
  }

  func reset() {
    bits.clear()
    before.clear()
    for population in whole.indices {
      whole[population] = [Float](repeating: 0, count: whole[population].count)
      potential[population] = whole[population]
      isMoved[population].clear()
    }
  }

  func observe(_ step: PopulationStep) {
    let population = step.number
    guard population < connectome.sizes.count, step.neurons == connectome.sizes[population] else { return }
    bits.counts[population] = bits.fired[population].withUnsafeMutableBufferPointer { step.activity(into: $0) }
    guard isAsked, population > 0 else { return }
    let reached = markReached(population)
    if onlyInput { return }
    driven = [UInt64](repeating: 0, count: bits.busy[population].count)
    _ = driven.withUnsafeMutableBufferPointer { step.driven(into: $0) }
    markBusy(population, step, reached: reached)
  }

  func endStep(inSample: Bool) {
    take(bits, inSample)
    swap(&bits, &before)
  }

  /// Sets the bits of the neurons that a spike reaches. Where a list of synapses decides, and neurons with a potential or
  /// a drive are busy anyway, only the others are looked up, in `markBusy`: then answers with false.
  private func markReached(_ population: Int) -> Bool {
    let neurons = connectome.sizes[population]
    var lists: [Connectome.Block] = []
    for index in connectome.incoming[population] {
      let block = connectome.blocks[index]
      guard (block.source < population ? bits : before).counts[block.source] > 0 else { continue }
      if case .full = block.form {
        bits.busy[population].fill(neurons)
        return true
      }
      lists.append(block)
    }
    bits.busy[population].clear()
    guard !lists.isEmpty else { return true }
    guard onlyInput else { return false }
    for neuron in 0..<neurons where isReached(neuron, by: lists, population) { bits.busy[population].set(neuron) }
    return true
  }

  private func isReached(_ neuron: Int, by lists: [Connectome.Block], _ population: Int) -> Bool {
    for block in lists {
      let sources = block.source < population ? bits.fired[block.source] : before.fired[block.source]
      let isHit = sources.withUnsafeBufferPointer { words in
        connectome.containsSource(block, neuron) { words[$0 >> 6] >> UInt64($0 & 63) & 1 == 1 }
      }
      if isHit { return true }
    }
    return false
  }

  private func markBusy(_ population: Int, _ step: PopulationStep, reached isKnown: Bool) {
    let neurons = connectome.sizes[population]
    let lists = isKnown ? [] : connectome.incoming[population].map { connectome.blocks[$0] }
    let scale = resolution[population]
    let now = step.potential
    var open = 0
    for word in driven.indices {
      bits.busy[population][word] |= driven[word]
      open += bits.busy[population][word].nonzeroBitCount
    }
    // Only for neurons that nothing drives does the potential decide.
    if open < neurons {
      for neuron in 0..<neurons {
        let (word, bit) = (neuron >> 6, UInt64(1) << UInt64(neuron & 63))
        if bits.busy[population][word] & bit != 0 { continue }
        if !lists.isEmpty, isReached(neuron, by: lists, population) {
          bits.busy[population][word] |= bit
          continue
        }
        let old = potential[population][neuron]
        if isMoved[population][word] & bit != 0 {
          whole[population][neuron] = scale == 0 ? old : (old / scale).rounded()
          isMoved[population][word] &= ~bit
        }
        let left = whole[population][neuron]
        if left == 0 { continue }
        // Busy with what is left, of which a step of the leak takes a share.
        atRest[population][word] &= ~bit
        let share = old == 0 || neuron >= now.count ? 0 : now[neuron] / old
        whole[population][neuron] = scale == 0 ? (neuron < now.count ? now[neuron] : 0) : (left * share).rounded(.towardZero)
      }
    }
    for word in driven.indices {
      // A spike or an input moves the potential to where only the run knows it.
      isMoved[population][word] |= bits.busy[population][word] | bits.fired[population][word]
      bits.busy[population][word] |= ~atRest[population][word]
      atRest[population][word] = .max
    }
    bits.busy[population].trim(neurons)
    potential[population].withUnsafeMutableBufferPointer { kept in
      if now.count == kept.count { _ = kept.update(fromContentsOf: now) }
    }
  }
}

/// For each population, a bit for each neuron that fired in a step, and for each that was busy.
struct StepBits: Sendable {
  var fired: [[UInt64]]
  var busy: [[UInt64]]
  /// How many fired.
  var counts: [Int]

  init(sizes: [Int]) {
    fired = sizes.map { [UInt64](repeating: 0, count: ($0 + 63) / 64) }
    busy = fired
    counts = sizes.map { _ in 0 }
  }

  mutating func clear() {
    for population in fired.indices {
      fired[population].clear()
      busy[population].clear()
      counts[population] = 0
    }
  }
}

extension [UInt64] {
  fileprivate mutating func clear() {
    for word in indices { self[word] = 0 }
  }

  /// Sets the first bits.
  fileprivate mutating func fill(_ bits: Int) {
    for word in indices {
      let rest = bits - word * 64
      self[word] = rest >= 64 ? .max : (1 << UInt64(Swift.max(0, rest))) - 1
    }
  }

  /// Clears the bits behind the first ones.
  fileprivate mutating func trim(_ bits: Int) {
    guard bits & 63 > 0, let last = indices.last else { return }
    self[last] &= (1 << UInt64(bits & 63)) - 1
  }

  fileprivate mutating func set(_ bit: Int) { self[bit >> 6] |= 1 << UInt64(bit & 63) }

  /// Calls `body` with each bit that is set.
  @inline(__always)
  func forEachBit(_ body: (Int) -> Void) {
    for word in indices {
      var rest = self[word]
      while rest != 0 {
        body(word &* 64 &+ rest.trailingZeroBitCount)
        rest &= rest &- 1
      }
    }
  }
}

extension Connectome {
  /// Whether a source that reaches a target of a block is one of those that `isOne` picks.
  func containsSource(_ block: Block, _ target: Int, _ isOne: (Int) -> Bool) -> Bool {
    if case .rows(let starts, let sources) = block.form {
      return sources.withUnsafeBufferPointer { sources in
        for place in starts[target]..<starts[target + 1] where isOne(Int(sources[place])) { return true }
        return false
      }
    }
    var isFound = false
    forEachSource(block, target) { isFound = isFound || isOne($0) }
    return isFound
  }
}

extension NetworkGraph {
  /// Of each population, the smallest step of its potentials on a chip that keeps weights in so many bits: the step of a
  /// weight over the chip's `potential_steps`. 0 where the chip rounds no weights, or nothing is known of its potentials.
  func potentialResolutions(on chip: Chip, _ rules: CoreRules) -> [Float] {
    var found = [Float](repeating: 0, count: populations.count)
    guard rules.isQuantised, rules.weightBits <= 24, let steps = chip.synapses.potentialSteps?.value else { return found }
    let levels = Float(max(1, (1 << (rules.weightBits - 1)) - 1)) * Float(steps)
    for projection in projections {
      let largest = projection.weight?.withUnsafeBuffer { $0.reduce(0) { max($0, $1.magnitude) } } ?? 0
      let step = largest / levels
      if step > 0, found[projection.target] == 0 || step < found[projection.target] { found[projection.target] = step }
    }
    return found
  }
}
