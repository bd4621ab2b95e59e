// Where the samples of a data set come from: memory, or what is read when it is asked for.

import Faults
import Tensors

/// Samples that can be had by their numbers.
public protocol SampleSource: Sendable {
  var count: Int { get }
  var sampleShape: [Int] { get }
  /// What tells these samples from others, such as a file's name, size and time; empty where their values tell.
  var identity: String { get }
  /// The features of some samples, `[indices, ...sample shape]`; all of them exist. It may be called from any thread.
  ///
  /// - Throws: `.file` for what cannot be read.
  func rows(_ indices: [Int]) throws(Fault) -> Tensor
}

/// Samples in memory.
struct HeldSamples: SampleSource {
  /// `[samples, ...sample shape]`.
  let tensor: Tensor

  var count: Int { tensor.shape[0] }
  var sampleShape: [Int] { Array(tensor.shape.dropFirst()) }
  var identity: String { "" }
  func rows(_ indices: [Int]) throws(Fault) -> Tensor { try tensor.rows(indices) }
}

/// Some of the samples of another source, in an order of their own.
struct PickedSamples: SampleSource {
  let base: any SampleSource
  let indices: [Int]

  init(_ base: any SampleSource, _ indices: [Int]) {
    if let picked = base as? PickedSamples {
      self.base = picked.base
      self.indices = indices.map { picked.indices[$0] }
    } else {
      self.base = base
      self.indices = indices
    }
  }

  var count: Int { indices.count }
  var sampleShape: [Int] { base.sampleShape }
  var identity: String {
    var print = Fingerprint()
    for index in indices { print.add(index) }
    return "\(base.identity), \(indices.count) of them: \(print.text)"
  }
  func rows(_ indices: [Int]) throws(Fault) -> Tensor { try base.rows(indices.map { self.indices[$0] }) }
}

/// Stretches of the time axis of samples `[time, ...]`, each a sample of its own.
struct WindowedSamples: SampleSource {
  let base: any SampleSource
  let steps: Int
  let every: Int

  /// Windows in each sample.
  var windows: Int { ((base.sampleShape.first ?? 0) - steps) / every + 1 }
  var count: Int { base.count * windows }
  var sampleShape: [Int] { [steps] + base.sampleShape.dropFirst() }
  var identity: String { base.identity.isEmpty ? "" : "\(base.identity), \(steps) steps every \(every)" }

  func rows(_ indices: [Int]) throws(Fault) -> Tensor {
    // Neighbours are of one sample, which is read once.
    var places: [Int: Int] = [:]
    var needed: [Int] = []
    for index in indices where places[index / windows] == nil {
      places[index / windows] = needed.count
      needed.append(index / windows)
    }
    let whole = try base.rows(needed)
    let width = base.sampleShape.dropFirst().reduce(1, *)
    return try whole.stretches(
      indices.map { (row: places[$0 / windows] ?? 0, start: ($0 % windows) * every) }, steps: steps, width: width,
      shape: [indices.count] + sampleShape)
  }
}

/// Samples of two sources side by side, their features joined along the last axis.
struct JoinedSamples: SampleSource {
  let left: any SampleSource
  let right: any SampleSource

  var count: Int { left.count }
  var sampleShape: [Int] {
    Array(left.sampleShape.dropLast()) + [(left.sampleShape.last ?? 0) + (right.sampleShape.last ?? 0)]
  }
  var identity: String { left.identity.isEmpty && right.identity.isEmpty ? "" : "\(left.identity) beside \(right.identity)" }
  func rows(_ indices: [Int]) throws(Fault) -> Tensor {
    try Tensor.concatenate([try left.rows(indices), try right.rows(indices)], along: -1)
  }
}

/// The samples of several sources, one source after the other.
struct ChainedSamples: SampleSource {
  let parts: [any SampleSource]

  var count: Int { parts.reduce(0) { $0 + $1.count } }
  var sampleShape: [Int] { parts.first?.sampleShape ?? [] }
  var identity: String { parts.allSatisfy { $0.identity.isEmpty } ? "" : parts.map(\.identity).joined(separator: "; ") }

  func rows(_ indices: [Int]) throws(Fault) -> Tensor {
    let width = sampleShape.reduce(1, *)
    var out = [Float](repeating: 0, count: indices.count * width)
    var first = 0
    for part in parts {
      let places = indices.indices.filter { indices[$0] >= first && indices[$0] < first + part.count }
      if !places.isEmpty {
        let rows = try part.rows(places.map { indices[$0] - first })
        rows.withUnsafeBuffer { values in
          for (row, place) in places.enumerated() {
            for column in 0..<width { out[place * width + column] = values[row * width + column] }
          }
        }
      }
      first += part.count
    }
    return try Tensor(out, shape: [indices.count] + sampleShape)
  }
}

extension Tensor {
  /// Stretches of rows `[rows, time, ...]`: from each row that is named, `steps` from a start on.
  fileprivate func stretches(
    _ places: [(row: Int, start: Int)], steps: Int, width: Int, shape: [Int]
  ) throws(Fault) -> Tensor {
    let time = self.shape[1]
    return try Tensor(shape: shape) { (target) throws(Fault) in
      withUnsafeBuffer { source in
        for (index, place) in places.enumerated() {
          let from = (place.row * time + place.start) * width
          for offset in 0..<steps * width { target[index * steps * width + offset] = source[from + offset] }
        }
      }
    }
  }
}
