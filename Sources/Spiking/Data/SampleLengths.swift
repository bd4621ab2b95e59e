// Samples of different durations in one batch: they are padded to the longest, and nothing counts what is beyond the end of each.

import Faults
import Tensors

extension Dataset {
  /// The same samples, each with the number of steps that it lasts; what lies beyond is padding.
  ///
  /// - Throws: `.shape` for another number of lengths than of samples, or samples without a time axis; `.value` for a
  ///   length that a sample cannot have.
  public func lasting(_ lengths: [Int]) throws(Fault) -> Dataset {
    guard lengths.count == count else {
      throw Fault(
        .shape, "a data set needs one length for each sample", label: "\(counted(count, "sample")), \(counted(lengths.count, "length"))")
    }
    guard sampleShape.count >= 2 else {
      throw Fault(
        .shape, "samples with lengths have a time axis", label: "a sample is \(Shape.text(sampleShape))",
        help: "their axes are [samples, time, ...features]")
    }
    if let place = lengths.firstIndex(where: { $0 < 1 || $0 > sampleShape[0] }) {
      throw Fault(
        .value, "a length is out of range", label: "that of sample \(place) is \(lengths[place])",
        help: "a sample lasts 1 to \(sampleShape[0]) steps here")
    }
    var copy = self
    copy.lengths = lengths.allSatisfy { $0 == sampleShape[0] } ? nil : lengths
    return copy
  }

  /// A fault for what takes samples of one length alone.
  public func checkOneLength(for user: String) throws(Fault) {
    guard lengths == nil else {
      throw Fault(
        .value, "\(user) takes samples of one length", label: "those of \(name) last \(lengths?.min() ?? 0) to \(lengths?.max() ?? 0) steps",
        help: "choose them first: data.filter, or data.from without lengths")
    }
  }
}

/// The samples of a batch that last equally long.
struct LengthGroup {
  var steps: Int
  var samples: [Int]

  /// In the order of their lengths.
  static func all(_ lengths: [Int]) -> [LengthGroup] {
    Dictionary(grouping: lengths.indices) { lengths[$0] }.sorted { $0.key < $1.key }.map { LengthGroup(steps: $0.key, samples: $0.value) }
  }

  /// What these samples did until they ended.
  func cut(_ trace: NetworkTrace) throws(Fault) -> NetworkTrace {
    NetworkTrace(
      activity: try trace.activity.map { (population) throws(Fault) in (population.place, try population.output.picked(samples, steps: steps)) },
      output: try trace.output.picked(samples, steps: steps))
  }

  /// Their targets, of their own steps where each step of a batch of `steps` has one.
  func cut(_ target: Tensor, isSequence: Bool) throws(Fault) -> Tensor {
    isSequence ? try target.indexed([.range(0, steps), .gather(samples)]) : try target.indexed([.gather(samples)])
  }
}

extension Signal {
  /// Some samples, from the first step on.
  func picked(_ samples: [Int], steps count: Int) throws(Fault) -> Signal {
    switch self {
    case .steady: return try unrolled().picked(samples, steps: count)
    case .tensor(let values): return .tensor(try values.indexed([.range(0, count), .gather(samples)]))
    case .spikes(let spikes):
      var part = try Spikes(shape: [count, samples.count] + featureShape)
      for step in 0..<count {
        for (place, sample) in samples.enumerated() {
          part.setRows(step * samples.count + place, from: spikes, step * batch + sample, count: 1)
        }
      }
      return .spikes(part)
    }
  }

  /// The same without the spikes beyond the ends of the samples.
  func ended(_ lengths: [Int]) throws(Fault) -> Signal {
    guard case .spikes(var spikes) = self else { return self }
    for (sample, length) in lengths.enumerated() where sample < batch {
      for step in min(length, steps)..<steps {
        let row = (step * batch + sample) * spikes.wordsPerRow
        for word in 0..<spikes.wordsPerRow { spikes.words[row + word] = 0 }
      }
    }
    return .spikes(spikes)
  }
}

extension NetworkTrace {
  /// What the populations did until each sample ended.
  func activity(_ lengths: [Int]?) throws(Fault) -> [(place: [Int], output: Signal)] {
    guard let lengths else { return activity }
    return try activity.map { (population) throws(Fault) in (population.place, try population.output.ended(lengths)) }
  }
}

extension LossPass {
  /// The loss and its gradients where samples last differently long: that of each group of one length, by its share of the
  /// samples; nothing flows into steps beyond an end.
  static func all(
    _ loss: any Loss, _ trace: NetworkTrace, target: Tensor, layers: Int, wantsGradients: Bool, lengths: [Int]?,
    isSequence: Bool
  ) throws(Fault) -> LossPass {
    guard let lengths else {
      return try LossPass(loss, trace, target: target, layers: layers, wantsGradients: wantsGradients)
    }
    var value = 0.0
    var gradients: [[Int]: Tensor] = [:]
    for group in LengthGroup.all(lengths) {
      let part = try LossPass(
        loss, try group.cut(trace), target: try group.cut(target, isSequence: isSequence), layers: layers,
        wantsGradients: wantsGradients)
      let share = Double(group.samples.count) / Double(lengths.count)
      value += share * part.value
      for (place, flow) in part.gradients {
        let shape = [trace.output.steps, lengths.count] + flow.shape.dropFirst(2)
        var whole: Tensor
        if let known = gradients[place] { whole = known } else { whole = try Tensor.zeros(shape) }
        let width = flow.shape.dropFirst(2).reduce(1, *)
        try flow.withUnsafeBuffer { (source) throws(Fault) in
          _ = try whole.withUnsafeMutableBuffer { target in
            for step in 0..<group.steps {
              for (row, sample) in group.samples.enumerated() {
                let (to, from) = ((step * lengths.count + sample) * width, (step * group.samples.count + row) * width)
                for k in 0..<width { target[to + k] = source[from + k] * Float(share) }
              }
            }
          }
        }
        gradients[place] = whole
      }
    }
    return LossPass(value: value, gradients: gradients)
  }
}

extension Pass {
  /// The rows `[time, batch]` of an input that lie beyond the ends of samples.
  func padding(_ shape: [Int]) -> [Int] {
    guard let lengths, shape.count >= 2 else { return [] }
    var rows: [Int] = []
    for step in 0..<shape[0] {
      for sample in 0..<shape[1] where lengths.indices.contains(firstSample + sample) && step >= lengths[firstSample + sample] {
        rows.append(step * shape[1] + sample)
      }
    }
    return rows
  }
}

extension Tensor {
  /// Rows of `[time, batch, channels, ...]` with one number for each channel in place of what they hold.
  func filling(_ rows: [Int], with numbers: [Float]) throws(Fault) -> Tensor {
    guard !rows.isEmpty, shape.count >= 3 else { return self }
    var copy = self
    let width = shape.dropFirst(2).reduce(1, *)
    let inner = max(1, width / max(1, shape[2]))
    _ = try copy.withUnsafeMutableBuffer { values in
      for row in rows { for k in 0..<width { values[row * width + k] = numbers[k / inner] } }
    }
    return copy
  }
}
