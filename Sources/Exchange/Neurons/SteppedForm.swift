// The neurons of a network in the form that tools are compared in: found from their equations, however those are written.

import Faults
import Kernels
import Spiking
import Tensors

extension SteppedNeuron {
  /// What a model of neurons does in a step.
  ///
  /// `lif` and `li` are known. Equations are read as sums of the input, the states and constants: any neuron whose
  /// potential and current are such sums has this form.
  ///
  /// - Throws: `.value` for equations that have another form, such as an adaptive threshold; the text says so.
  public init(_ model: any NeuronModel) throws(Fault) {
    switch model {
    case let lif as LIF:
      self.init(leak: PerNeuron(Double(lif.beta)))
      let threshold = PerNeuron(Double(lif.threshold))
      let reset: Reset
      switch lif.reset {
      case .subtract: reset = .subtract(threshold)
      case .zero: reset = .to(0)
      case .none: reset = .subtract(0)
      }
      firing = Firing(threshold: threshold, reset: reset)
    case let integrator as LeakyIntegrator: self.init(leak: PerNeuron(Double(integrator.beta)))
    default:
      let equations = try model.byEquations()
      if let found = try Self.counting(equations) ?? LinearNeuron(equations)?.stepped {
        self = found
      } else {
        throw Fault(
          .value, "the neurons `\(model.name)` have no form that other tools know",
          label: "their equations are no sums of the input, a potential and one current",
          help: "leaky neurons with or without a synaptic current can be written: lif, li, or equations of that kind")
      }
    }
  }

  /// Neurons that send several spikes in a step, whose equations are no sums: known by being the ones written here.
  private static func counting(_ model: EquationNeuron) throws(Fault) -> SteppedNeuron? {
    guard model.program.stateNames.first == "spikes" else { return nil }
    func value(_ name: String) -> PerNeuron? { model.value(name) }
    guard let leak = value("beta"), let threshold = value("threshold") else { return nil }
    var neuron = SteppedNeuron(leak: leak)
    neuron.gain = value("gain") ?? 1
    neuron.offset = value("offset") ?? 0
    neuron.floor = value("floor")
    neuron.firing = Firing(threshold: threshold, reset: .subtract(threshold), isMultiple: true)
    if let decay = value("alpha") {
      for order in [Synapse.Order.before, .after, .decayed] {
        neuron.synapse = Synapse(decay: decay, gain: value("w_in") ?? 1, order: order, direct: value("direct") ?? 0)
        if try neuron.byEquations().program == model.program { return neuron }
      }
      return nil
    }
    return try neuron.byEquations().program == model.program ? neuron : nil
  }
}

extension EquationNeuron {
  /// The value of a parameter by its name.
  fileprivate func value(_ name: String) -> PerNeuron? {
    program.parameterNames.firstIndex(of: name).map { value($0) }
  }

  fileprivate func value(_ place: Int) -> PerNeuron {
    if let tensor = tensors[place] { return PerNeuron(tensor.values.scalars.map(Double.init)) }
    return PerNeuron(place < parameters.count ? Double(parameters[place]) : 0)
  }
}

/// The equations of a neuron as sums.
private struct LinearNeuron {
  /// A sum: a factor for the input, one for each state, and a number.
  struct Sum {
    var input: PerNeuron = 0
    var states: [PerNeuron]
    var number: PerNeuron = 0

    var isNumber: Bool { input.isAll(0) && states.allSatisfy { $0.isAll(0) } }

    func with(_ other: Sum, _ body: (PerNeuron, PerNeuron) -> PerNeuron) -> Sum {
      Sum(input: body(input, other.input), states: zip(states, other.states).map(body), number: body(number, other.number))
    }

    func scaled(by factor: PerNeuron) -> Sum {
      Sum(input: input * factor, states: states.map { $0 * factor }, number: number * factor)
    }
  }

  private let updates: [Sum]
  private let resets: [Sum]
  private let distance: Sum?
  private let isStrict: Bool
  private let start: [Float]

  /// Nil where a value is no sum.
  init?(_ model: EquationNeuron) {
    let program = model.program
    let count = program.stateNames.count
    let none = Sum(states: [PerNeuron](repeating: 0, count: count))
    var sums: [Sum?] = []
    for operation in program.operations {
      var sum: Sum? = none
      switch operation {
      case .input: sum?.input = 1
      case .state(let index): sum?.states[index] = 1
      case .parameter(let index): sum?.number = model.value(index)
      case .constant(let value): sum?.number = PerNeuron(Double(value))
      case .unary(let kernel, let a):
        guard let a = sums[a], let function = Self.functions[kernel] else {
          sum = nil
          break
        }
        if kernel == .negate {
          sum = a.scaled(by: -1)
        } else if a.isNumber {
          sum?.number = a.number.map(function)
        } else {
          sum = nil
        }
      case .binary(let kernel, let a, let b):
        guard let a = sums[a], let b = sums[b] else {
          sum = nil
          break
        }
        switch kernel {
        case .add: sum = a.with(b, +)
        case .subtract: sum = a.with(b, -)
        case .multiply: sum = b.isNumber ? a.scaled(by: b.number) : a.isNumber ? b.scaled(by: a.number) : nil
        case .divide: sum = b.isNumber ? a.scaled(by: b.number.map { 1 / $0 }) : nil
        default: sum = nil
        }
      case .select, .noise: sum = nil
      }
      sums.append(sum)
    }
    let (updates, resets) = (program.updates.compactMap { sums[$0] }, program.resets.compactMap { sums[$0] })
    guard updates.count == count, resets.count == count else { return nil }
    (self.updates, self.resets, isStrict, start) = (updates, resets, program.isStrict, model.initialStates)
    guard let place = program.distance else {
      distance = nil
      return
    }
    guard let sum = sums[place] else { return nil }
    distance = sum
  }

  private static let functions: [UnaryKernel: @Sendable (Double) -> Double] = [
    .negate: { -$0 }, .exp: { exponential($0) }, .reciprocal: { 1 / $0 }, .square: { $0 * $0 },
    .sqrt: { $0.squareRoot() }, .growth: { $0 == 0 ? 1 : exponentialLessOne($0) / $0 },
  ]

  /// The states by what they do: the potential, the current, and the mark of a spike in the last step. Nil for others.
  private var roles: (potential: Int, current: Int?, mark: Int?)? {
    let count = updates.count
    var mark: Int?, rest: [Int] = []
    for index in 0..<count {
      let isMark = distance != nil && updates[index].isNumber && updates[index].number.isAll(0) && resets[index].isNumber
        && resets[index].number.isAll(1)
      if isMark, mark == nil { mark = index } else { rest.append(index) }
    }
    switch rest.count {
    case 1: return (rest[0], nil, mark)
    case 2:
      for (potential, current) in [(rest[0], rest[1]), (rest[1], rest[0])]
      where updates[current].states[potential].isAll(0) && !updates[potential].states[current].isAll(0) {
        return (potential, current, mark)
      }
      return nil
    default: return nil
    }
  }

  var stepped: SteppedNeuron? {
    guard let (v, current, mark) = roles else { return nil }
    let next = updates[v]
    var neuron = SteppedNeuron(leak: next.states[v])
    neuron.offset = next.number
    neuron.start = Double(start[v])
    for (index, value) in start.enumerated() where index != v && value != 0 { return nil }
    if let current {
      guard let synapse = synapse(current, v, next, gain: &neuron.gain) else { return nil }
      neuron.synapse = synapse
    } else {
      neuron.gain = next.input
    }
    guard let distance else { return mark == nil ? neuron : nil }
    guard let firing = firing(v, mark, next, distance) else { return nil }
    neuron.firing = firing
    return neuron
  }

  /// The current: what the membrane hears of it tells whether it is the new or the last one.
  private func synapse(_ i: Int, _ v: Int, _ next: Sum, gain: inout PerNeuron) -> SteppedNeuron.Synapse? {
    let update = updates[i]
    let others = update.states.indices.filter { $0 != i }
    guard others.allSatisfy({ update.states[$0].isAll(0) }), update.number.isAll(0),
      resets[i].states == update.states, resets[i].input == update.input, resets[i].number == update.number
    else { return nil }
    let (decay, entering, heard, direct) = (update.states[i], update.input, next.states[i], next.input)
    var synapse = SteppedNeuron.Synapse(decay: decay, gain: entering)
    if (heard * entering).isClose(to: direct * decay), !direct.isAll(0) {
      gain = decay.isAll(0) ? direct / entering : heard / decay
    } else {
      synapse.order = .after
      synapse.direct = direct
      gain = heard
    }
    return synapse
  }

  private func firing(_ v: Int, _ mark: Int?, _ next: Sum, _ distance: Sum) -> SteppedNeuron.Firing? {
    func isSame(_ a: Sum, _ b: Sum) -> Bool { a.input == b.input && a.states == b.states }
    let after = resets[v]
    let others = distance.states.indices.filter { $0 != v }
    if distance.input.isAll(0), distance.states[v].isAll(1), others.allSatisfy({ distance.states[$0].isAll(0) }) {
      // The potential of the last step decides.
      guard mark == nil else { return nil }
      let threshold = -distance.number
      var firing = SteppedNeuron.Firing(threshold: threshold, isStrict: isStrict, reset: .blank, isLate: true)
      if isSame(after, next) {
        firing.reset = .subtractLater(next.number - after.number)
        return firing
      }
      var cut = next
      cut.states[v] = 0
      guard isSame(after, cut), !next.states[v].isAll(0) else { return nil }
      firing.reset = .to((after.number - next.number) / next.states[v])
      return firing
    }
    guard isSame(distance, next) else { return nil }
    var firing = SteppedNeuron.Firing(threshold: next.number - distance.number, isStrict: isStrict, reset: .blank)
    if let mark {
      guard isSame(after, next), after.number == next.number else { return nil }
      firing.reset = .subtractLater(-next.states[mark])
    } else if isSame(after, next) {
      firing.reset = .subtract(next.number - after.number)
    } else if after.isNumber {
      firing.reset = .to(after.number)
    } else {
      return nil
    }
    return firing
  }
}
