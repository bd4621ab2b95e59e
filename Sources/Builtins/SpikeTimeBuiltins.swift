// Spike trains as the times of their spikes, and back.

import Faults
import Machine
import Tensors

/// spikes_at, spike_times, intervals, cv. The module `spikes` goes on from here.
let spikeTimeBuiltins: [Builtin] = [
  Builtin(
    "spikes_at",
    [
      .required("times", .list | .tuple | .tensor, "a list of time steps for each neuron"), .required("steps", .int, "the number of time steps"),
    ],
    returns: "spikes", subject: "spikes", "Spikes at the given time steps, counted from 0: [steps, 1, neurons]. Lists one level deeper stand for samples: [steps, samples, neurons].",
    example: "let train = spikes_at([[3, 8], [5]], steps=10)\nprint(train.shape, train.total)   # expect: [10, 1, 2] 3"
  ) { (call) throws(Fault) in
    let steps = try call.int(1, atLeast: 0)
    try call.checkPlain(0)
    let outer = try call.elements(0)
    let isDeep = outer.contains { $0.elements?.contains { $0.elements != nil } ?? false }
    let samples = isDeep ? outer.map { Array($0.elements ?? .none) } : [outer]
    let neurons = samples.map(\.count).max() ?? 0
    if let short = samples.first(where: { $0.count != neurons }) {
      throw call.wrong(0, "has samples of \(short.count) and of \(neurons) neurons", kind: .shape)
    }
    var spikes = try Spikes(shape: [steps, samples.count, neurons])
    for (sample, trains) in samples.enumerated() {
      for (neuron, train) in trains.enumerated() {
        for step in try timeSteps(train, neuron, call) {
          guard step >= 0, step < steps else {
            throw call.wrong(0, "holds the step \(step) of neuron \(neuron), outside 0 to \(steps - 1)")
          }
          spikes.words[(step * samples.count + sample) * spikes.wordsPerRow + neuron / 64] |= 1 << UInt64(neuron % 64)
        }
      }
    }
    return .spikes(spikes)
  },
  Builtin(
    "spike_times",
    [
      .required("spikes", .spikes | .tensor, "spikes [steps, samples, …neurons]"), .optional("sample", .int, default: "the only one", "which sample"),
    ],
    returns: "list", subject: "spikes", "For each neuron of a sample the time steps at which it fired, as a list of ints.",
    example: "print(spike_times(spikes_at([[3, 8], [5]], steps=10)))   # expect: [[3, 8], [5]]"
  ) { (call) throws(Fault) in
    let spikes = try call.spikes(0)
    if !call.has(1), spikes.batch != 1 {
      throw call.wrong(0, "have \(counted(spikes.batch, "sample"))", help: "spike_times(x, sample=0) gives those of the first")
    }
    let asked = try call.int(1, default: 0)
    let sample = asked < 0 ? asked + spikes.batch : asked
    guard sample >= 0, sample < spikes.batch else { throw call.wrong(1, "is \(asked), and there are \(counted(spikes.batch, "sample"))") }
    return .list(try spikeTimes(spikes, sample).map { .list($0.map { .int($0) }) })
  },
  Builtin(
    "intervals",
    [.required("spikes", .spikes | .tensor | .list | .tuple, "spikes of one sample, lists of spike times, or the times of one neuron")],
    returns: "list", subject: "spikes", "The times from each spike to the next: a list for each neuron, or one for the times of a single neuron.",
    example: "print(intervals([3, 8, 18]), intervals(spikes_at([[3, 8], [5]], steps=10)))   # expect: [5, 10] [[5], []]"
  ) { (call) throws(Fault) in
    if call[0].elements == nil {
      let spikes = try call.spikes(0)
      if spikes.batch != 1 {
        throw call.wrong(0, "have \(counted(spikes.batch, "sample"))", help: "intervals(spike_times(x, sample=0)) gives those of the first")
      }
      return .list(try spikeTimes(spikes, 0).map { times in .list(zip(times.dropFirst(), times).map { .int($0 - $1) }) })
    }
    let elements = try call.elements(0)
    guard !elements.isEmpty, elements.allSatisfy({ $0.elements != nil || $0.asTensor != nil }) else { return try gaps(call[0], call) }
    return try ListBuilder.build(capacity: elements.count) { (list) throws(Fault) in
      for train in elements { try list.append(try gaps(train, call)) }
    }
  },
  Builtin(
    "cv", [.required("x", .list | .tuple | .tensor, "numbers, such as a neuron's intervals")], returns: "float", subject: "spikes",
    "The coefficient of variation: the standard deviation over the mean. 0 for a clock, about 1 for a Poisson process; nan for fewer than two intervals.",
    example: "print(cv([5, 5, 5]), cv([4, 6]))   # expect: 0.0 0.2"
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    let numbers = if let elements = call[0].elements { try amounts(elements, call) } else { try call.tensor(0).scalars.map { Double($0) } }
    if numbers.count < 2 { return .float(.nan) }
    let moments = Moments(numbers)
    return .float(moments.deviation(over: Double(numbers.count)) / moments.mean)
  },
]

/// The steps at which each neuron of a sample fires.
private func spikeTimes(_ spikes: Spikes, _ sample: Int) throws(Fault) -> [[Int]] {
  var times = [[Int]](repeating: [], count: spikes.features)
  for step in 0..<spikes.steps {
    if step & 255 == 255 { try Interrupt.check() }
    let row = (step * spikes.batch + sample) * spikes.wordsPerRow
    for place in 0..<spikes.wordsPerRow {
      var word = spikes.words[row + place]
      while word != 0 {
        times[place * 64 + word.trailingZeroBitCount].append(step)
        word &= word - 1
      }
    }
  }
  return times
}

private func amounts(_ elements: UnsafeBufferPointer<Value>, _ call: Call) throws(Fault) -> [Double] {
  let numbers = elements.compactMap(\.amount)
  if numbers.count != elements.count { throw call.mismatch(0, "a list of numbers or of quantities") }
  return numbers
}

/// The time steps of one neuron.
private func timeSteps(_ train: Value, _ neuron: Int, _ call: Call) throws(Fault) -> [Int] {
  let values: [Value]
  if let elements = train.elements {
    values = Array(elements)
  } else if let tensor = train.asTensor {
    values = tensor.scalars.map { .float(Double($0)) }
  } else {
    throw call.wrong(0, "must hold a list of time steps for each neuron", kind: .type, help: "spikes_at([[3, 8], [5]], steps=10)")
  }
  var steps: [Int] = []
  for value in values {
    guard let step = value.asInt ?? value.asNumber.flatMap({ Int(exactly: $0) }) else {
      throw call.wrong(0, "holds \(value.description(of: .plain)) among the steps of neuron \(neuron)", kind: .type, help: "time steps are ints: round(value(t, ms)) makes them of milliseconds")
    }
    steps.append(step)
  }
  return steps
}

/// The differences of a train's times, which must not go back.
private func gaps(_ train: Value, _ call: Call) throws(Fault) -> Value {
  let times = try train.elements == nil ? call.machine.list(of: train) { $0 } : train.retained()
  defer { times.release() }
  let elements = times.elements ?? .none
  return try ListBuilder.build(capacity: elements.count) { (list) throws(Fault) in
    for place in elements.indices.dropFirst() {
      if let order = try call.machine.order(elements[place], elements[place - 1], "<"), order < 0 {
        throw call.wrong(0, "holds spike times that go back: \(elements[place].description(of: .plain)) after \(elements[place - 1].description(of: .plain))", help: "sort(times) puts them in order")
      }
      try list.append(try call.machine.difference(elements[place], elements[place - 1]))
    }
  }
}
