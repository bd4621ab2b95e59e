// What a core can hold, as whole numbers: the limits of a chip and the format of its synapses, ready for counting.

import Faults
import Spiking

/// The limits of one core and the size of its synapses, for a number of bits a weight.
///
/// Where a chip tells axon types apart (TrueNorth), an axon has one type and a neuron one weight for each type. A
/// signed weight of b bits is then made of b axons for each source, one for each bit, whose types stand for
/// scale · 1, 2, 4 … and -scale · 2^(b-1), and of a crossbar point for each bit that is set. That is exact for weights of
/// b ≤ types bits, and it costs b input axons a source and b destinations a spike: this model counts both in full.
public struct CoreRules: Sendable, Equatable {
  /// Bits of a weight; 32 for floating-point numbers.
  public let weightBits: Int
  /// Whether weights are rounded to `weightBits`.
  public let isQuantised: Bool
  /// Axons that stand for one source in a core: 1, or the bits of a weight where axons have types.
  public let axonsPerSource: Int
  /// The limit of each resource; `Int.max` for none.
  let neurons: Int
  let synapses: Int
  let memoryBits: Int
  let inputAxons: Int
  let outputAxons: Int
  let fanIn: Int
  /// Destinations (axons in cores) of one neuron.
  let fanOut: Int
  /// Bits beside each weight, in a row of synapses that are there; 0 where rows have a place for every neuron.
  let indexBits: Int
  /// Bits of a delay beside each weight; 0 where nothing is late.
  let delayBits: Int
  let axonBits: Int
  let wordBits: Int
  let sharesKernels: Bool
  /// Whether a source's row may have a place for each neuron, and whether it may list those it reaches.
  let allowsOpenRows: Bool
  let allowsListRows: Bool

  /// - Throws: `.value` for bits that the chip doesn't have.
  /// - Parameter delays: what the network asks for; `.value` for delays that the chip cannot keep.
  public init(_ chip: Chip, weightBits wanted: Int?, delays: DelayNeeds = DelayNeeds()) throws(Fault) {
    let own = Int(chip.synapses.weightBits.value)
    let types = chip.limits[.axonTypes].map { max(1, Int($0.value)) }
    // A crossbar keeps a point, not a weight: the weights come from the types of its axons.
    let standard = types ?? own
    let most = types ?? (own == 0 ? 32 : own)
    if let wanted, wanted < 1 || wanted > most {
      throw Fault(
        .value, "weights of \(wanted) bits cannot be placed on \(chip.name)",
        label: "weight_bits is \(wanted)",
        help: types == nil
          ? "its weights have 1 to \(most) bits" : "its \(most) axon types make weights of 1 to \(most) bits")
    }
    isQuantised = wanted != nil || standard != 0
    weightBits = wanted ?? (standard == 0 ? 32 : standard)
    axonsPerSource = types == nil ? 1 : weightBits
    func limit(_ resource: Resource) -> Int {
      chip.limits[resource].flatMap { Int(exactly: $0.value.rounded(.down)) } ?? Int.max
    }
    neurons = limit(.neurons)
    synapses = limit(.synapses)
    memoryBits = limit(.synapticMemory).multipliedReportingOverflow(by: 8).overflow
      ? Int.max : limit(.synapticMemory) * 8
    inputAxons = limit(.inputAxons)
    outputAxons = limit(.outputAxons)
    fanIn = limit(.fanIn)
    fanOut = limit(.fanOutCores)
    indexBits = Int(chip.synapses.indexBits.value)
    delayBits = try Self.delayBits(delays, chip)
    axonBits = Int(chip.synapses.axonBits.value)
    wordBits = max(1, Int(chip.synapses.wordBits.value))
    sharesKernels = chip.synapses.sharesConvolution
    allowsListRows = indexBits > 0
    allowsOpenRows = !allowsListRows || chip.synapses.allowsFullRows
  }

  /// The fewest bits that hold each delay.
  private static func delayBits(_ delays: DelayNeeds, _ chip: Chip) throws(Fault) -> Int {
    guard delays.longest > 0, !chip.isDense else { return 0 }
    guard let most = chip.synapses.longestDelay.flatMap({ Int(exactly: $0.value.rounded(.down)) }) else {
      throw Fault(
        .value, "\(chip.name) is not known to have delays", label: "the network has delays of up to \(counted(delays.longest, "step"))",
        help: "give `longest_delay` among `synapses` in the chip's file, or train without delays")
    }
    guard delays.longest <= most else {
      throw Fault(
        .value, "a delay of \(counted(delays.longest, "step")) cannot be kept on \(chip.name)", label: "at most \(most)",
        help: "train with max_delay=\(most), or cut them down: net |> round_delays(longest=\(most))")
    }
    if delays.isSynaptic, chip.limits[.axonTypes] != nil {
      throw Fault(
        .value, "\(chip.name) has one delay an axon", label: "the synapses of `delayed_dense` have delays of their own",
        help: "delay(…) before dense(…) gives each axon one")
    }
    guard let bits = chip.synapses.delayBits.flatMap({ Int(exactly: $0.value) }), bits > 0 else { return 0 }
    return min(bits, Int.bitWidth - delays.longest.leadingZeroBitCount)
  }

  /// Bits of a source's row, in words, that keeps `count` synapses and where each leads.
  @inline(__always)
  func listRow(_ count: Int) -> Int { count == 0 ? 0 : words(axonBits + count * (weightBits + delayBits + indexBits)) }

  /// Bits of a source's row that has a place for each of `width` neurons.
  @inline(__always)
  func openRow(_ width: Int) -> Int { axonsPerSource * words(axonBits + width * (weightBits / axonsPerSource + delayBits)) }

  /// A number of bits rounded up to words.
  @inline(__always)
  func words(_ bits: Int) -> Int { (bits + wordBits - 1) / wordBits * wordBits }

  /// The limit of a core's resource, in the resource's unit (bytes for memory); nil for none.
  public func limit(_ resource: Resource) -> Int? {
    let value =
      switch resource {
      case .neurons: neurons
      case .synapses: synapses
      case .synapticMemory: memoryBits == Int.max ? Int.max : memoryBits / 8
      case .inputAxons: inputAxons
      case .outputAxons: outputAxons
      case .fanIn: fanIn
      case .fanOutCores: fanOut
      case .axonTypes: Int.max
      }
    return value == Int.max ? nil : value
  }
}
