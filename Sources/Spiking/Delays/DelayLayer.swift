// A delay for each axon: what a feature sends arrives some steps later.

import Faults
import Tensors

/// Each feature late by a number of steps of its own: `output[t, i] = input[t - delay[i], i]`, and nothing before.
///
/// While learnt delays are trained, what a feature sends is spread over the steps around its delay (`DelayKernel`).
public struct DelayLayer: LateLayer {
  public let name = "delay"
  public internal(set) var delays: Delays
  /// One delay for all features, until the layer is part of a network.
  private var common: Float?

  public init(_ delays: Delays, common: Float? = nil) {
    self.delays = delays
    self.common = common
  }

  public var settings: [(name: String, value: Setting)] { delays.settings }
  public var callText: String {
    if !delays.isLearnt {
      let steps = common.map { [$0] } ?? delays.steps?.scalars ?? []
      func text(_ value: Float) -> String { Int(exactly: value).map(String.init) ?? NumberText.whole(value) }
      if Set(steps).count == 1 { return "delay(\(text(steps[0])))" }
      // One row of features is told in full, as long as it can be read.
      if delays.steps?.rank == 1, (2...32).contains(steps.count) { return "delay([\(steps.map(text).joined(separator: ", "))])" }
    }
    return name + "(" + settings.map { "\($0.name)=\($0.value.description)" }.joined(separator: ", ") + ")"
  }
  public var parameters: [(name: String, value: Tensor)] {
    guard delays.isLearnt, let steps = delays.steps else { return [] }
    return [("delay", steps)]
  }
  public var parameterScales: [ParameterScale] { parameters.map { _ in Delays.scale } }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    try delays.validate(name)
    return input
  }

  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    var layer = self
    if layer.delays.steps == nil, let common { layer.delays.steps = try Tensor(filledWith: common, shape: input) }
    if let steps = layer.delays.steps, steps.shape != input, steps.count == input.reduce(1, *) {
      layer.delays.steps = try steps.reshaped(input)
    }
    layer.common = nil
    try layer.delays.draw(input, name, stream: stream)
    return layer
  }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    guard delays.steps != nil else { throw unbuilt }
    let signal = try input.unrolled()
    let memory = pass.isTraining ? LayerMemory(signal: delays.isLearnt ? signal : nil, inputShape: signal.shape) : LayerMemory()
    if !delays.spreads(pass), case .spikes(let spikes) = signal {
      return LayerRun(output: .spikes(try shifted(spikes)), memory: memory)
    }
    let shares = try delays.taps(spread: delays.spreads(pass), wantsSlopes: false).shares
    return LayerRun(output: .tensor(try spread(try signal.tensor(), shares, isBack: false)), memory: memory)
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    guard let steps = delays.steps, memory.inputShape.count >= 2 else { throw unbuilt }
    let flow = try gradient.reshaped(memory.inputShape)
    let taps = try delays.taps(spread: delays.spreads(pass), wantsSlopes: delays.isLearnt)
    var parameters: [Tensor] = []
    if delays.isLearnt {
      guard let input = memory.signal else { throw unbuilt }
      var slope = [Float](repeating: 0, count: steps.count)
      // A delay of whole steps has no slope.
      if delays.spreads(pass) { slope = try delaySlopes(flow, try input.tensor(), taps.slopes) }
      parameters = [try Tensor(slope, shape: steps.shape)]
    }
    return LayerGradient(input: wantsInput ? try spread(flow, taps.shares, isBack: true) : nil, parameters: parameters)
  }

  /// The spikes, each feature's late by its delay.
  private func shifted(_ spikes: Spikes) throws(Fault) -> Spikes {
    var result = try Spikes(shape: spikes.shape)
    let width = spikes.wordsPerRow
    var masks: [Int: [UInt64]] = [:]
    for (place, delay) in delays.whole.enumerated() where place < spikes.features {
      masks[delay, default: [UInt64](repeating: 0, count: width)][place / 64] |= 1 << UInt64(place % 64)
    }
    for (delay, mask) in masks {
      for step in delay..<max(delay, spikes.steps) {
        if step % 64 == 0 { try Interrupt.check() }
        for sample in 0..<spikes.batch {
          let (to, from) = ((step * spikes.batch + sample) * width, ((step - delay) * spikes.batch + sample) * width)
          for word in 0..<width { result.words[to + word] |= spikes.words[from + word] & mask[word] }
        }
      }
    }
    return result
  }

  /// What is sent, spread over later steps by the shares, or over earlier ones on the way back.
  private func spread(_ values: Tensor, _ shares: [Float], isBack: Bool) throws(Fault) -> Tensor {
    let (steps, batch, longest) = (values.shape[0], values.shape[1], delays.longest)
    let width = values.count / max(1, steps * batch)
    return try Tensor(shape: values.shape) { (target) throws(Fault) in
      try values.withUnsafeBuffer { (source) throws(Fault) in
        guard let to = target.baseAddress, let from = source.baseAddress else { return }
        to.update(repeating: 0, count: target.count)
        try inParallel(steps, workPerItem: batch * width * (longest + 1)) { range in
          for step in range {
            for k in 0...min(longest, isBack ? steps - 1 - step : step) {
              let other = isBack ? step + k : step - k
              for sample in 0..<batch {
                let (row, flow) = (to + (step * batch + sample) * width, from + (other * batch + sample) * width)
                for place in 0..<width { row[place] += flow[place] * shares[k * width + place] }
              }
            }
          }
        }
      }
    }
  }

  private func delaySlopes(_ flow: Tensor, _ input: Tensor, _ slopes: [Float]) throws(Fault) -> [Float] {
    let (steps, batch) = (flow.shape[0], flow.shape[1])
    let width = flow.count / max(1, steps * batch)
    var sums = [Double](repeating: 0, count: width)
    try flow.withUnsafeBuffer { (flow) throws(Fault) in
      try input.withUnsafeBuffer { (input) throws(Fault) in
        for step in 0..<steps {
          try Interrupt.check()
          for k in 0...min(delays.longest, step) {
            for sample in 0..<batch {
              let (now, then) = ((step * batch + sample) * width, ((step - k) * batch + sample) * width)
              for place in 0..<width {
                sums[place] += Double(flow[now + place] * input[then + place] * slopes[k * width + place])
              }
            }
          }
        }
      }
    }
    return sums.map { Float($0) }
  }

  public func bare() throws(Fault) -> any Layer {
    var copy = self
    copy.delays.steps = delays.steps?.detached
    copy.delays.isBounded = false
    return copy
  }

  public mutating func updateParameters(_ body: (Int, inout Tensor) throws(Fault) -> Void) throws(Fault) {
    guard delays.isLearnt else { return }
    try delays.update { (values) throws(Fault) in try body(0, &values) }
  }

  private var unbuilt: Fault {
    Fault(.value, "this `delay` has no features yet", help: "it gets them in a network: input(64) |> \(callText)")
  }
}
