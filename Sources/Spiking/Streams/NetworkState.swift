// A network driven one step at a time, with what its neurons carry from step to step in the caller's hand.

import Faults
import Tensors

/// What the neurons of a network carry from one step to the next; a value, so that a copy is a snapshot.
public struct NetworkState: Sendable {
  /// One for each population, in order.
  var populations: [Population]
  /// For each layer with delays, in order, what entered it in the last steps; nil before the first.
  var pasts: [TapedSignal?] = []
  /// Samples side by side.
  public let batch: Int

  /// The states of a population, `[1, batch, ...features]` each, as the last step left them; a tape may record them.
  struct Population: Sendable {
    var states: [Tensor]
    /// The spikes of the last step, where they come back to the neurons; nil before the first.
    var spikes: TapedSignal?
  }

  /// Each population's states by name, `[batch, ...features]`, in order.
  public func named(_ network: Network) throws(Fault) -> [[(name: String, values: Tensor)]] {
    var result: [[(name: String, values: Tensor)]] = []
    for (place, population) in zip(network.statePlaces, populations) {
      let names = network.stateNames(at: place)
      var row: [(name: String, values: Tensor)] = []
      for (name, value) in zip(names, population.states) {
        row.append((name, try value.reshaped(Array(value.shape.dropFirst()))))
      }
      result.append(row)
    }
    return result
  }

  /// The tape that records a state; nil where none does.
  public var tape: Tape? {
    for population in populations {
      for state in population.states { if let tape = state.trace?.tape { return tape } }
    }
    for past in pasts { if let tape = past?.tracked?.trace?.tape { return tape } }
    return nil
  }

  /// The same without its place on a tape: a gradient goes back no further than here.
  public var detached: NetworkState {
    var copy = self
    for index in copy.populations.indices {
      copy.populations[index].states = copy.populations[index].states.map(\.detached)
      copy.populations[index].spikes?.tracked = nil
    }
    for index in copy.pasts.indices { copy.pasts[index]?.tracked = nil }
    return copy
  }
}

extension Network {
  /// Runs one step. Step by step the output is that of a run over all steps, to the last bit.
  ///
  /// - Parameters:
  ///   - input: `[1, batch, ...features]`.
  ///   - state: as the last step left it; nil before the first.
  /// - Returns: the output of the last layer, `[1, batch, ...features]`, and the state after the step. Where a tape
  ///   records the input, a parameter or the state, gradients flow through both.
  /// - Throws: `.shape` for an input that doesn't fit the network or the state.
  public func step(
    _ input: TapedSignal, _ state: NetworkState?, _ pass: Pass
  ) throws(Fault) -> (output: TapedSignal, state: NetworkState) {
    let plain = try fitted(input.plain)
    guard plain.steps == 1 else {
      throw Fault(.shape, "a step takes the input of one step", label: "the input has \(counted(plain.steps, "step"))")
    }
    if let index = layers.firstIndex(where: \.needsWholeTime) {
      throw Fault(
        .value, "`\(layers[index].name)` cannot run step by step", label: "layer \(index), \(layers[index].callText): it hears later steps too",
        help: "run the network on all steps, net(x); sliding_psn() hears earlier steps alone")
    }
    if let state, state.batch != plain.batch || state.populations.count != statePlaces.count {
      throw Fault(
        .shape, "the state does not fit the input",
        label: "the state is of \(counted(state.batch, "sample")) and \(counted(state.populations.count, "population")), "
          + "the input of \(counted(plain.batch, "sample")), the network has \(counted(statePlaces.count, "population"))",
        help: "begin with nil, and give the state that the last step gave")
    }
    var walk = StepWalk(pass: pass, before: state.map { $0.populations[...] }, pasts: (state?.pasts ?? [])[...])
    let output = try walk.row(layers, try input.reshaped(features: inputShape))
    return (output, NetworkState(populations: walk.after, pasts: walk.later, batch: plain.batch))
  }

  /// The names of the states at a place.
  func stateNames(at place: [Int]) -> [String] {
    var row = layers
    var found: (any Layer)?
    for position in place where row.indices.contains(position) {
      found = row[position]
      row = (found as? BranchLayer)?.layers ?? []
    }
    if let formula = found as? any FormulaLayer { return formula.stateNames }
    return neurons(at: place)?.stateNames ?? []
  }

  /// The places of what carries a state from step to step.
  var statePlaces: [[Int]] {
    layers.enumerated().flatMap { index, layer in layer.statePlaces.map { [index] + $0 } }
  }

  /// The neurons at a place.
  func neurons(at place: [Int]) -> (any NeuronModel)? {
    var row = layers
    var found: (any Layer)?
    for position in place {
      guard row.indices.contains(position) else { return nil }
      found = row[position]
      row = (found as? BranchLayer)?.layers ?? []
    }
    return (found as? NeuronLayer)?.model ?? (found as? RecurrentLayer)?.model
  }
}

/// One step through a row of layers.
private struct StepWalk {
  var pass: Pass
  /// The states that are still to be taken; nil for a first step.
  var before: ArraySlice<NetworkState.Population>?
  var after: [NetworkState.Population] = []
  var pasts: ArraySlice<TapedSignal?>
  var later: [TapedSignal?] = []

  mutating func row(_ layers: [any Layer], _ input: TapedSignal) throws(Fault) -> TapedSignal {
    var signal = input
    for (index, layer) in layers.enumerated() {
      if let branches = layer as? BranchLayer {
        var outputs: [TapedSignal] = []
        let straight = signal
        let outer = pass
        for (number, branch) in branches.branches.enumerated() {
          pass.layerIndex = index
          pass.noise = branches.noise(inside: pass, number)
          outputs.append(try row(branch.layers, straight))
          pass = outer
        }
        if outputs.contains(where: { $0.tracked != nil }) {
          signal = TapedSignal(try branches.join.taped(try outputs.map { (output) throws(Fault) in try output.tensor() }))
        } else {
          signal = TapedSignal(try branches.join.forward(outputs.map(\.plain)))
        }
      } else if let formula = layer as? any FormulaLayer {
        signal = try step(formula, signal)
      } else if let neurons = layer as? NeuronLayer {
        pass.layerIndex = index
        signal = try population(neurons.model.drawing(from: pass), signal, recurrent: nil)
      } else if let recurrent = layer as? RecurrentLayer {
        pass.layerIndex = index
        signal = try population(recurrent.model.drawing(from: pass), signal, recurrent: recurrent.recurrent)
      } else if let late = layer as? any LateLayer {
        signal = try delayed(late, signal, index)
      } else if signal.tracked != nil || layer.tape != nil {
        signal = TapedSignal(try TapedWalk(pass: pass).through(layer, try signal.tensor(), index))
      } else {
        var pass = pass
        pass.layerIndex = index
        signal = TapedSignal(try layer.bare().forward(signal.plain, pass).output)
      }
    }
    return signal
  }

  /// One step of a layer of tensor operations; one without states leaves none.
  private mutating func step(_ layer: any FormulaLayer, _ input: TapedSignal) throws(Fault) -> TapedSignal {
    let wanted = layer.stateShapes(for: input.plain.featureShape).map { [input.plain.batch] + $0 }
    let known = wanted.isEmpty ? nil : before?.popFirst()
    var states: [Tensor] = []
    if let known { states = try known.states.map { (state) throws(Fault) in try state.reshaped(Array(state.shape.dropFirst())) } } else { for shape in wanted { states.append(try Tensor.zeros(shape)) } }
    guard states.map(\.shape) == wanted else {
      throw Fault(.shape, "the state does not fit `\(layer.name)`", help: "begin with nil, and give the state that the last step gave")
    }
    let run = try layer.evaluate(try input.tensor(), states: states, parameters: layer.parameters.map(\.value), surrogate: pass.surrogate)
    let kept = try run.states.map { (state) throws(Fault) in try state.reshaped([1] + state.shape) }
    if !wanted.isEmpty { after.append(NetworkState.Population(states: kept, spikes: nil)) }
    return try layer.signal(run.output)
  }

  /// A layer with delays runs over what it still remembers, and gives the last step.
  private mutating func delayed(_ layer: any LateLayer, _ input: TapedSignal, _ index: Int) throws(Fault) -> TapedSignal {
    let past = (pasts.popFirst() ?? nil).flatMap { $0.plain.steps > 0 ? $0 : nil }
    var whole = TapedSignal(try input.plain.after(past?.plain))
    if input.tracked != nil || past?.tracked != nil {
      whole.tracked = try past.map { (past) throws(Fault) in
        try Tensor.concatenate([past.tensor(), input.tensor()])
      } ?? input.tracked
    }
    let count = min(layer.delays.longest, whole.plain.steps)
    let kept = try whole.tracked?.indexed([.range(whole.plain.steps - count, nil)])
    later.append(TapedSignal(try whole.plain.lastSteps(count), tracked: kept))
    if whole.tracked != nil || layer.tape != nil {
      return TapedSignal(try TapedWalk(pass: pass).through(layer, try whole.tensor(), index).indexed([.range(-1, nil)]))
    }
    var pass = pass
    pass.layerIndex = index
    return TapedSignal(try layer.bare().forward(whole.plain, pass).output.lastSteps(1))
  }

  private mutating func population(
    _ model: any NeuronModel, _ input: TapedSignal, recurrent: Tensor?
  ) throws(Fault) -> TapedSignal {
    let known = before?.popFirst()
    var drive = try input.tensor()
    if let recurrent, let last = known?.spikes {
      let isTracked = drive.isTracked || recurrent.isTracked || last.tracked != nil
      let feedback = isTracked
        ? try Feedback.taped(try last.tensor(), weight: recurrent, like: drive)
        : try Feedback(recurrent, features: Array(drive.shape.dropFirst(2))).forward(last.plain)
      drive = try drive + feedback
    }
    let shape = drive.shape
    var states: [Tensor]
    if let known {
      states = known.states
    } else {
      states = []
      for value in model.firstStates { states.append(try Tensor(filledWith: value, shape: shape)) }
    }
    guard states.allSatisfy({ $0.shape == shape }), states.count == model.stateNames.count else {
      throw Fault(.shape, "the state does not fit `\(model.name)`", help: "begin with nil, and give the state that the last step gave")
    }
    let isTracked = drive.isTracked || model.learnables.contains { $0.value.isTracked } || states.contains(where: \.isTracked)
    var carried: NeuronState? = NeuronState(values: states.map(\.scalars), neurons: shape.reduce(1, *))
    let run = try model.bare.run(drive.detached, for: isTracked ? .recording : .output, state: &carried)
    var next: [Tensor] = []
    for values in carried?.values ?? [] { next.append(try Tensor(values, shape: shape)) }
    var output = TapedSignal(run.output)
    if isTracked {
      let step = try TapedWalk(pass: pass).advance(
        model, drive, from: states, plain: (run.kept, next, run.output.spikes))
      (output, next) = (step.output, step.after)
    }
    after.append(NetworkState.Population(states: next, spikes: recurrent == nil ? nil : output))
    return output
  }
}
