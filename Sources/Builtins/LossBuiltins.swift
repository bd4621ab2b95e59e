// Surrogates, losses and optimisers, by which training is told what to do.

import Faults
import Machine
import Spiking
import Tensors

/// Surrogate gradients, losses and optimisers.
let lossBuiltins: [Builtin] = [
  surrogate(
    "fast_sigmoid", .optional("slope", .number, default: "25", "how steep it is at the threshold"), 25,
    "`1 / (1 + slope |x|)^2`, with x the distance to the threshold (Zenke and Ganguli 2018).",
    "print(fast_sigmoid(slope=25)(0.0))   # expect: 1.0"
  ) { .fastSigmoid(slope: $0) },
  surrogate(
    "arctangent", .optional("alpha", .number, default: "2", "how steep it is at the threshold"), 2,
    "`(alpha / 2) / (1 + (pi / 2 alpha x)^2)`, with x the distance to the threshold (Fang et al. 2021).",
    "print(arctangent(alpha=2)(0.0))   # expect: 1.0"
  ) { .arctangent(alpha: $0) },
  surrogate(
    "triangle", .optional("width", .number, default: "1", "where it ends on both sides"), 1,
    "`max(0, 1 - |x| / width) / width`, with x the distance to the threshold (after Bellec et al. 2018).",
    "print(triangle()(0.5))   # expect: 0.5"
  ) { .triangle(width: $0) },
  Builtin(
    "straight_through", [], returns: "surrogate", subject: "training",
    "A surrogate gradient of 1 everywhere (Bengio et al. 2013).",
    example: "print(straight_through()(3.0))   # expect: 1.0"
  ) { (_) throws(Fault) in .foreign(SurrogateValue(surrogate: .straightThrough)) },
  loss(
    "spike_count_cross_entropy", [],
    """
    Softmax cross-entropy with the spike counts over all steps as scores, the mean over the batch. A class that fires
    once more than another is taken to be e times as likely.
    """
  ) { (_) throws(Fault) in .spikeCountCrossEntropy },
  loss(
    "spike_rate_mse",
    [
      .optional("correct", .number, default: "0.8", "spikes a step of the class of the label"),
      .optional("incorrect", .number, default: "0.05", "spikes a step of the other classes"),
    ], "The mean squared distance of each class's firing rate (spikes a step) from its target."
  ) { (call) throws(Fault) in
    let (correct, incorrect) = (try call.number(2, default: 0.8), try call.number(3, default: 0.05))
    return .spikeRateMeanSquare(correct: Float(correct), incorrect: Float(incorrect))
  },
  loss(
    "first_spike_cross_entropy", [],
    "Softmax cross-entropy with minus the times of first spikes as scores: the class of the label must fire first."
  ) { (_) throws(Fault) in .firstSpikeCrossEntropy },
  loss(
    "membrane_cross_entropy",
    [.optional("mean", .bool, default: "false", "whether the mean over time is the score, not the highest potential")],
    "Softmax cross-entropy with potentials as scores, for networks that end in `li()`."
  ) { (call) throws(Fault) in
    .membraneCrossEntropy(mean: try call.bool(2, default: false))
  },
  Builtin(
    "sgd",
    [
      .optional("lr", .number, default: "0.1", "the learning rate"),
      .optional("momentum", .number, default: "0", "the share of the last step that is kept, 0 to below 1"),
      .optional("weight_decay", .number, default: "0", "how strongly weights are drawn to zero"),
    ],
    returns: "optimizer", subject: "training", "Stochastic gradient descent.",
    example: "print(sgd(lr=0.1, momentum=0.9).lr)   # expect: 0.1"
  ) { (call) throws(Fault) in
    try optimizer(
      SGD(
        learningRate: try call.number(0, default: 0.1), momentum: try call.number(1, default: 0),
        weightDecay: try call.number(2, default: 0)))
  },
  adam("adam", "Adam (Kingma and Ba 2015); the decay is added to the gradient.", decay: 0, isDecoupled: false),
  adam(
    "adamw", "AdamW (Loshchilov and Hutter 2019): Adam with a decay that acts on the weights themselves.",
    decay: Adam.decoupledDecay,
    isDecoupled: true),
]

private func surrogate(
  _ name: String, _ parameter: BuiltinParameter, _ standard: Double, _ documentation: String, _ example: String,
  _ make: @escaping @Sendable (Float) -> Surrogate
) -> Builtin {
  Builtin(
    name, [parameter], returns: "surrogate", subject: "training", "A surrogate gradient: " + documentation,
    example: example
  ) { (call) throws(Fault) in
    let surrogate = make(Float(try call.number(0, default: standard)))
    try surrogate.check()
    return .foreign(SurrogateValue(surrogate: surrogate))
  }
}

/// A loss: a function of output and labels, or with settings alone the loss that has them.
private func loss(
  _ name: String, _ settings: [BuiltinParameter], _ documentation: String,
  _ make: @escaping @Sendable (Call) throws(Fault) -> Loss
) -> Builtin {
  let parameters: [BuiltinParameter] = [
    .optional("output", .tensor | .spikes, default: "nil", "the output over time, [time, batch, classes]"),
    .optional("label", .array, default: "nil", "the class of each sample"),
  ]
  return Builtin(
    name, parameters + settings, returns: "float or loss", subject: "training", documentation,
    example: "let quiet = \(name)(zeros([10, 2, 3]), [0, 2])"
  ) { (call) throws(Fault) in
    let loss = try make(call)
    guard call.has(0) else { return .foreign(LossValue(loss: loss)) }
    guard call.has(1) else {
      throw Fault(
        .call, "`\(name)` needs the labels too", label: "only the output is given",
        help: "it is \(call.builtin.signature)")
    }
    try call.checkPlain(1)
    let result = try loss.function(try call.tensor(0), try call.tensor(1), [])
    return Machine.scalarOrTensor(result)
  }
}

/// The loss that a value stands for in `fit`: a built-in one, one with settings, or a function of the user's.
func lossArgument(_ index: Int, _ call: Call) throws(Fault) -> Loss {
  guard call.has(index), !call[index].isNil else { return .spikeCountCrossEntropy }
  let value = call[index]
  if let known = value.asForeign(LossValue.self) { return known.loss }
  if let builtin = value.asBuiltin {
    switch builtin.name {
    case "spike_count_cross_entropy": return .spikeCountCrossEntropy
    case "spike_rate_mse": return .spikeRateMeanSquare()
    case "first_spike_cross_entropy": return .firstSpikeCrossEntropy
    case "membrane_cross_entropy": return .membraneCrossEntropy()
    default: break
    }
  }
  let names = value.parameterNames ?? ["output", "label"]
  guard names.count >= 2 else {
    throw Fault(
      .call, "a loss is a function of `output` and `label`", label: "`\(value.functionName)` takes \(names.count)",
      help: "fn my_loss(output, label) { … }; with a third parameter `spikes` it gets each layer's spikes a sample")
  }
  let known = ["output", "label", "spikes"]
  let isByName = names.prefix(2).allSatisfy(known.contains)
  let order = isByName ? Array(names.prefix { known.contains($0) }) : ["output", "label"]
  let usesSpikes = order.contains("spikes")
  let machine = call.machine
  return Loss(value.functionName, usesSpikes: usesSpikes, isSerial: true) { (output, labels, spikes) throws(Fault) in
    var arguments: [Value] = []
    for name in order {
      switch name {
      case "output": arguments.append(.tensor(output))
      case "label": arguments.append(.tensor(labels))
      default: arguments.append(.tensor(try spikesPerSample(spikes)))
      }
    }
    defer { for argument in arguments { argument.release() } }
    let result = try machine.recording(on: output.trace?.tape) { () throws(Fault) in
      try machine.invoke(value, arguments)
    }
    defer { result.release() }
    guard let tensor = try result.convertedToTensor() else {
      throw Fault(
        .type, "a loss must give a number", label: "`\(value.functionName)` gave \(result.description(of: .kind))")
    }
    return tensor
  }
}

/// `[layers]`: the spikes of each neuron layer for a sample, on the tape of the layers' spikes.
private func spikesPerSample(_ layers: [Tensor]) throws(Fault) -> Tensor {
  var sums: [Tensor] = []
  for layer in layers { sums.append(try layer.sum() * (1 / Float(max(1, layer.shape.dropFirst().first ?? 1)))) }
  return try Tensor.stack(sums)
}

private func optimizer(_ optimizer: some Optimizer) throws(Fault) -> Value {
  try optimizer.check()
  return .foreign(OptimizerValue(optimizer: optimizer))
}

private func adam(_ name: String, _ documentation: String, decay: Double, isDecoupled: Bool) -> Builtin {
  Builtin(
    name,
    [
      .optional("lr", .number, default: "0.001", "the learning rate"),
      .optional("beta1", .number, default: "0.9", "the memory of the mean gradient"),
      .optional("beta2", .number, default: "0.999", "the memory of the mean squared gradient"),
      .optional("eps", .number, default: "1e-8", "keeps the division from zero"),
      .optional("weight_decay", .number, default: "\(decay)", "how strongly weights are drawn to zero"),
    ],
    returns: "optimizer", subject: "training", documentation, example: "print(\(name)(lr=2e-3).lr)   # expect: 0.002"
  ) { (call) throws(Fault) in
    try optimizer(
      Adam(
        learningRate: try call.number(0, default: 1e-3), beta1: try call.number(1, default: 0.9),
        beta2: try call.number(2, default: 0.999), epsilon: try call.number(3, default: 1e-8),
        weightDecay: try call.number(4, default: decay), isDecoupled: isDecoupled))
  }
}
