// Streams, adaptation rules and what a network did on a stream, as values of the language.

import Chips
import Faults
import Language
import Machine
import Spiking
import Tensors
import Texts

/// A stream of samples and silence.
public struct StreamValue: ForeignValue {
  public static let typeName = "stream"
  let stream: SpikeStream

  init(_ stream: SpikeStream) { self.stream = stream }

  private var spikeCount: Int { stream.signal.spikes?.total ?? 0 }
  private var density: Double { stream.signal.spikes?.density ?? 0 }

  public var summary: String {
    "stream of \(stream.name): \(counted(stream.steps, "step")) of \(Shape.text(stream.signal.featureShape)), "
      + "\(counted(stream.segments.count, "sample"))"
  }

  public func display(_ style: DisplayStyle) -> String {
    let idle = stream.steps == 0 ? 0 : Double(stream.idleSteps) / Double(stream.steps)
    return [
      "stream", "  name      \(stream.name)", "  steps     \(groupedDigits(stream.steps))",
      "  features  \(Shape.text(stream.signal.featureShape))",
      "  samples   \(groupedDigits(stream.segments.count))", "  idle      \(formatted(100 * idle, "f", digits: 1)) % of the steps",
      "  spikes    \(groupedDigits(spikeCount)), density \(formatted(100 * density, "f", digits: 2)) %",
    ].joined(separator: "\n")
  }

  public var memberNames: [String] {
    ["name", "steps", "features", "samples", "idle_steps", "spikes", "density", "labels", "starts", "signal"]
  }

  public func member(_ name: String) throws(Fault) -> Value? {
    switch name {
    case "name": .string(stream.name)
    case "steps": .int(stream.steps)
    case "features": .list(stream.signal.featureShape.map { .int($0) })
    case "samples": .int(stream.segments.count)
    case "idle_steps": .int(stream.idleSteps)
    case "spikes": .int(spikeCount)
    case "density": .float(density)
    case "labels": .list(stream.segments.map { .int($0.label) })
    case "starts": .list(stream.segments.map { .int($0.start) })
    case "signal": try signalValue(stream.signal)
    default: nil
    }
  }
}

/// A rule by which thresholds follow activity; as a function it gives the threshold, in units of its base.
public struct AdaptationValue: DescribedValue {
  public static let typeName = "adaptation"
  let adaptation: Adaptation

  init(_ adaptation: Adaptation) { self.adaptation = adaptation }

  var described: any Described { adaptation }

  /// `window` and `decay` are both there, whichever of them the memory is.
  public var memberNames: [String] { ["gamma", "target", "rule", "sense", "window", "decay", "low", "high"] }

  public func member(_ name: String) throws(Fault) -> Value? {
    if let setting = adaptation.settings.first(where: { $0.name == name }) { return settingValue(setting.value) }
    return memberNames.contains(name) ? .nil : nil
  }

  public var isCallable: Bool { true }

  public func call(_ arguments: ForeignArguments) throws(Fault) -> Value {
    guard arguments.named.isEmpty, arguments.positional.count == 1, let activity = arguments.positional[0].asNumber else {
      throw Fault(.call, "an adaptation is called with an activity", help: "\(summary)(0.1)")
    }
    return .float(adaptation.factor(at: activity))
  }
}

/// What a network did on a stream.
public struct StreamResultValue: ForeignValue {
  public static let typeName = "stream_result"
  let run: StreamRun
  let adaptation: Adaptation?
  let chip: Chip?
  /// On the chip, simulated; nil without one.
  let cost: StreamCost?
  /// Of the network on the chip.
  let placementWarnings: [String]

  init(
    _ run: StreamRun, adaptation: Adaptation?, chip: Chip? = nil, cost: StreamCost? = nil,
    placementWarnings: [String] = []
  ) {
    self.placementWarnings = placementWarnings
    self.run = run
    self.adaptation = adaptation
    self.chip = chip
    self.cost = cost
  }

  public var summary: String {
    let accuracy = run.samples.isEmpty ? "" : ", accuracy \(formatted(100 * run.accuracy, "f", digits: 1)) %"
    return "stream_result: \(counted(run.steps, "step")), \(counted(run.spikes, "spike"))\(accuracy)\(run.interrupted ? ", interrupted" : "")"
  }

  public func display(_ style: DisplayStyle) -> String {
    var facts: [(String, String)] = [
      ("thresholds", adaptation?.callText ?? "fixed"), ("steps", groupedDigits(run.steps)),
      ("spikes", "\(groupedDigits(run.spikes)), \(formatted(perStep, "g", digits: 4)) a step"),
    ]
    if !run.samples.isEmpty {
      facts.append(("accuracy", "\(formatted(100 * run.accuracy, "f", digits: 1)) % of \(counted(run.samples.count, "sample"))"))
      facts.append(("latency", "median \(counted(run.latency(0.5) ?? 0, "step")), 99 % within \(run.latency(0.99) ?? 0)"))
    }
    for population in run.populations.dropFirst() {
      let rate = Double(population.spikes) / Double(max(1, population.neurons * run.steps))
      facts.append((population.name, "\(groupedDigits(population.spikes)) spikes, \(formatted(rate, "g", digits: 3)) a neuron and step"))
    }
    if let cost, let chip {
      func text(_ amount: Double, _ dimension: Dimension) -> String {
        let value = Value.quantity(Double(formatted(amount, "g", digits: 4)) ?? amount, dimension)
        defer { value.release() }
        return value.description(of: .plain)
      }
      facts.append(("energy", "\(text(cost.energy.total, .energy)), simulated on \(chip.title)"))
      facts.append(("power", "\(text(cost.power, .power)) over \(text(cost.duration, .time))"))
      facts.append(("cores", "\(cost.cores); a step in a sample takes \(text(cost.sampleStepTime, .time)) (\(cost.timeLimit))"))
    }
    facts.append(("resting", "\(formatted(100 * resting, "f", digits: 1)) % of layers and steps"))
    facts.append(("measured", "\(groupedDigits(Int(min(1e15, stepsPerSecond)))) steps/s on this machine"))
    if run.interrupted { facts.append(("interrupted", "after \(groupedDigits(run.steps)) steps")) }
    let width = facts.map(\.0.displayWidth).max() ?? 0
    let lines = facts.map { "  \($0.0)\(String(repeating: " ", count: width - $0.0.displayWidth))  \($0.1)" }
    return (["stream_result"] + lines + run.warnings.map { "  warning: \($0)" }).joined(separator: "\n")
  }

  public var memberNames: [String] {
    [
      "accuracy", "spikes", "input_spikes", "spikes_per_step", "steps", "samples", "latency", "latency_p99",
      "latency_steps", "latencies", "energy", "energy_parts", "power", "duration", "step_time", "longest_step", "chip",
      "predictions", "labels", "activity", "threshold", "layer_names", "layer_spikes", "layer_activity",
      "layer_threshold", "neuron_spikes", "synaptic_events", "resting", "warnings", "seconds", "steps_per_second",
      "interrupted", "adaptation",
    ]
  }

  public func member(_ name: String) throws(Fault) -> Value? {
    let layers = Array(run.populations.dropFirst())
    switch name {
    case "accuracy": return run.samples.isEmpty ? .nil : .float(run.accuracy)
    case "spikes": return .int(run.spikes)
    case "input_spikes": return .int(run.populations[0].spikes)
    case "spikes_per_step": return .float(perStep)
    case "steps": return .int(run.steps)
    case "samples": return .int(run.samples.count)
    case "latency": return latency(run.latency(0.5))
    case "latency_p99": return latency(run.latency(0.99))
    case "latency_steps": return steps(run.latency(0.5))
    case "energy": return cost.map { .quantity($0.energy.total, .energy) } ?? .nil
    case "energy_parts":
      guard let parts = cost?.energy else { return .nil }
      return .map([
        ("synaptic_operations", .quantity(parts.synapticOperations, .energy)),
        ("updates", .quantity(parts.updates, .energy)), ("spikes", .quantity(parts.spikes, .energy)),
        ("hops", .quantity(parts.hops, .energy)), ("standing", .quantity(parts.standing, .energy)),
      ])
    case "power": return cost.map { .quantity($0.power, .power) } ?? .nil
    case "duration": return cost.map { .quantity($0.duration, .time) } ?? .nil
    case "step_time": return cost.map { .quantity($0.sampleStepTime, .time) } ?? .nil
    case "longest_step": return cost.map { .quantity($0.longestStep, .time) } ?? .nil
    case "chip": return chip.map { .foreign(ChipValue($0)) } ?? .nil
    case "latencies": return .list(run.samples.map { .int($0.decidedAfter) })
    case "predictions": return .list(run.samples.map { .int($0.answer) })
    case "labels": return .list(run.samples.map { .int($0.label) })
    case "activity": return .tensor(try Tensor(run.activity, shape: [run.activity.count]))
    case "threshold": return .tensor(try meanThreshold())
    case "layer_names": return .list(layers.map { .string($0.name) })
    case "layer_spikes": return .list(layers.map { .int($0.spikes) })
    case "layer_activity": return .list(try tensors(layers.map(\.activity)))
    case "layer_threshold": return .list(try tensors(layers.map(\.threshold)))
    case "neuron_spikes": return .list(try tensors(layers.map { $0.counts.map(Float.init) }))
    case "synaptic_events": return .int(cost?.synapticEvents ?? run.synapticEvents)
    case "resting": return .float(resting)
    case "warnings": return .list((placementWarnings + run.warnings).map { .string($0) })
    case "seconds": return .quantity(WallClock.reading(run.seconds), .time)
    case "steps_per_second": return .float(stepsPerSecond)
    case "interrupted": return .bool(run.interrupted)
    case "adaptation": return adaptation.map { .foreign(AdaptationValue($0)) } ?? .nil
    default: return nil
    }
  }

  private var perStep: Double { run.steps == 0 ? 0 : Double(run.spikes) / Double(run.steps) }
  private var resting: Double { run.layerSteps == 0 ? 0 : Double(run.restingSteps) / Double(run.layerSteps) }
  private var stepsPerSecond: Double { WallClock.reading(run.seconds > 0 ? Double(run.steps) / run.seconds : 0) }
  private func latency(_ count: Int?) -> Value {
    guard let count, let cost else { return steps(count) }
    return .quantity(Double(count) * cost.sampleStepTime, .time)
  }
  private func steps(_ count: Int?) -> Value { count.map { .int($0) } ?? .nil }

  private func tensors(_ lists: [[Float]]) throws(Fault) -> [Value] {
    var values: [Value] = []
    for list in lists { values.append(.tensor(try Tensor(list, shape: [list.count]))) }
    return values
  }

  /// The mean over the layers that have a threshold.
  private func meanThreshold() throws(Fault) -> Tensor {
    let traces = run.populations.map(\.threshold).filter { !$0.isEmpty }
    return try Tensor(shape: [run.steps]) { target in
      for step in 0..<run.steps {
        var sum: Float = 0
        for trace in traces { sum += trace[step] }
        target[step] = sum / Float(max(1, traces.count))
      }
    }
  }
}

/// The progress of a stream on a terminal: one line that is rewritten.
final class StreamDisplay {
  private let output: any Output
  private var isMidLine = false

  init(_ output: any Output) { self.output = output }

  func show(_ done: Int, _ steps: Int) {
    let percent = steps == 0 ? 100 : 100 * done / steps
    output.write("\rstream \(percent)%  \(groupedDigits(done)) of \(groupedDigits(steps)) steps\u{1B}[K")
    isMidLine = true
  }

  /// Takes the line away, if there is one.
  func end() {
    if isMidLine { output.write("\r\u{1B}[K") }
    isMidLine = false
  }
}
