// How a network runs, is recorded, and sends gradients back.

import Faults
import Tensors

/// All that a forward pass leaves for the loss and for the backward pass.
public struct NetworkTrace: Sendable {
  /// What the layers keep, for each group of samples.
  var groups: [(samples: Range<Int>, memories: [LayerMemory])] = []
  /// The spikes (or potentials) of each population of neurons, by its place: the position of its layer, and where it
  /// is inside a branch, its positions there.
  public var activity: [(place: [Int], output: Signal)] = []
  /// What left the last layer.
  public var output: Signal
}

extension Network {
  /// Runs the network.
  ///
  /// - Parameter input: spikes or currents `[time, batch, ...features]`.
  /// - Returns: the output of the last layer, `[time, batch, ...features]`.
  /// - Throws: `.shape` when the input doesn't fit.
  public func run(_ input: Signal) throws(Fault) -> Signal {
    try trace(input, Pass()).output
  }

  /// Runs the network and keeps what the loss needs and, in a training pass, what `gradients` needs.
  public func trace(_ input: Signal, _ pass: Pass) throws(Fault) -> NetworkTrace {
    // A training pass is told by its caller what is steady: the gradient of an input has each of its steps.
    let input = pass.isTraining ? try fitted(input) : try fitted(input).folded()
    let isWhole = pass.drops && layers.contains(where: \.needsWholeBatch)
    let ranges = isWhole ? [0..<input.batch] : SampleGroups(
      steps: input.steps, batch: input.batch, shapes: shapes, parameters: parameterCount
    ).ranges
    var groups: [(samples: Range<Int>, memories: [LayerMemory])] = []
    var places: [[Int]] = []
    var parts: [JoinedSignal] = []
    var output: JoinedSignal?
    let runs = try sideBySide(ranges.count) { (index) throws(Fault) in
      let range = ranges[index]
      return try LayerRow.forward(layers, try input.samples(range), pass.forSamples(from: range.lowerBound))
    }
    for (range, run) in zip(ranges, runs) {
      groups.append((range, run.memories))
      if ranges.count == 1 { return NetworkTrace(groups: groups, activity: run.activity, output: run.output) }
      if parts.isEmpty {
        places = run.activity.map(\.place)
        for population in run.activity { parts.append(try JoinedSignal(like: population.output, batch: input.batch)) }
        // The last population is most often the output itself.
        if places.last != [layers.count - 1] { output = try JoinedSignal(like: run.output, batch: input.batch) }
      }
      for (index, population) in run.activity.enumerated() {
        try parts[index].set(range.lowerBound, population.output)
      }
      try output?.set(range.lowerBound, run.output)
    }
    let activity = zip(places, parts).compactMap { place, part in part.signal.map { (place: place, output: $0) } }
    guard let last = output?.signal ?? activity.last?.output else {
      throw Fault(.value, "a batch needs at least one sample")
    }
    return NetworkTrace(groups: groups, activity: activity, output: last)
  }

  /// The gradients of all parameters, from those of the layers' outputs.
  ///
  /// - Parameters:
  ///   - trace: of a training pass; it is used up layer by layer.
  ///   - outputGradients: by place, the gradient that the loss sends into the output of a layer or population.
  /// - Returns: for each layer, one gradient for each parameter.
  public func gradients(
    _ trace: consuming NetworkTrace, outputGradients: [[Int]: Tensor], _ pass: Pass
  ) throws(Fault) -> [[Tensor]] {
    try gradients(trace, outputGradients: outputGradients, wantsInput: false, pass).parameters
  }

  /// The same, with the gradient of the input `[time, batch, ...features]` where it is wanted and there is one.
  func gradients(
    _ trace: consuming NetworkTrace, outputGradients: [[Int]: Tensor], wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> (input: Tensor?, parameters: [[Tensor]]) {
    var sums: [[Tensor]] = []
    var input: JoinedSignal?
    let batch = trace.output.batch
    var groups = trace.groups
    // Backward from the last group, so that what each keeps is given back as soon as it has served; some at a time, whose
    // gradients are added in that order.
    while !groups.isEmpty {
      let round = Array(groups.suffix(Network.groupsAtOnce))
      groups.removeLast(round.count)
      let answers = try sideBySide(round.count) { (index) throws(Fault) in
        let (samples, memories) = round[index]
        var direct: [[Int]: Tensor] = [:]
        for (place, gradient) in outputGradients { direct[place] = try gradient.samples(samples) }
        return try LayerRow.backward(
          layers, gradient: nil, memories: memories, direct: direct, wantsInput: wantsInput,
          pass.forSamples(from: samples.lowerBound))
      }
      for ((samples, _), answer) in zip(round, answers).reversed() {
        if let part = answer.input {
          if input == nil { input = try JoinedSignal(like: .tensor(part), batch: batch) }
          try input?.set(samples.lowerBound, .tensor(part))
        }
        if sums.isEmpty {
          sums = answer.parameters
          continue
        }
        for (layer, list) in answer.parameters.enumerated() {
          for (parameter, gradient) in list.enumerated() { try sums[layer][parameter].add(gradient) }
        }
      }
    }
    return (try input?.signal?.tensor(), sums)
  }

  /// Groups that go back side by side: each has gradients of its own of all parameters.
  private static let groupsAtOnce = 8

  /// The same, with the gradients by layer.
  public func gradients(
    _ trace: consuming NetworkTrace, outputGradients: [Int: Tensor], _ pass: Pass
  ) throws(Fault) -> [[Tensor]] {
    var byPlace: [[Int]: Tensor] = [:]
    for (layer, gradient) in outputGradients { byPlace[[layer]] = gradient }
    return try gradients(trace, outputGradients: byPlace, pass)
  }

  /// Runs the network and keeps every state and the spikes of each neuron layer.
  ///
  /// - Returns: one recording for each population, in order, named by its layer and place: "lif 1", "lif 3.1".
  public func record(_ input: Signal) throws(Fault) -> [Recording] { try record(input, Pass()) }

  /// - Parameter pass: says whether dropout drops, and where it draws from.
  func record(_ input: Signal, _ pass: Pass) throws(Fault) -> [Recording] {
    var pass = pass
    pass.isTraining = false
    return try LayerRow.recorded(layers, try fitted(input), pass, place: "").recordings
  }
}
