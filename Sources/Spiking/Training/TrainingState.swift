// Where a training run stands: all that it needs to go on as if it had never stopped.

import Faults
import Tensors

/// The state of a training run between two batches.
public struct TrainingState: Sendable {
  /// Names all random draws of the run.
  public var seed: UInt64
  /// What decides the course, in words: another optimiser, batch size or data set is another run.
  public var course: [String: String]
  /// Steps of the optimiser that are done.
  public var step = 0
  /// Epochs that are done, and batches of the one after them.
  public var epoch = 0
  public var batch = 0
  /// For each layer, parameter and block: what the optimiser remembers.
  public var memory: [[[Tensor]]] = []
  /// Gradients that wait for a step, and the batches that they are of.
  public var gathered: [[Tensor]] = []
  public var gatheredBatches = 0
  /// Sums over the batches of the running epoch, by name.
  public var sums: [String: Double] = [:]
  /// The parameters with the least validation loss, its epoch and its loss.
  public var best: [[Tensor]] = []
  public var bestEpoch = 0
  public var bestLoss = Double.infinity
  /// The parameters of the last step, where the network has the best ones.
  public var last: [[Tensor]] = []

  init(seed: UInt64, course: [String: String]) {
    self.seed = seed
    self.course = course
  }

  /// A state as a file holds it.
  public init(seed: UInt64, course: [String: String], step: Int, epoch: Int, batch: Int) {
    self.init(seed: seed, course: course)
    (self.step, self.epoch, self.batch) = (step, epoch, batch)
  }

  /// All tensors by name, in a fixed order.
  public var tensors: [(name: String, value: Tensor)] {
    var list: [(name: String, value: Tensor)] = []
    for (layer, parameters) in memory.enumerated() {
      for (parameter, blocks) in parameters.enumerated() {
        for (block, value) in blocks.enumerated() { list.append(("memory.\(layer).\(parameter).\(block)", value)) }
      }
    }
    for (title, values) in [("gathered", gathered), ("best", best), ("last", last)] {
      for (layer, parameters) in values.enumerated() {
        for (parameter, value) in parameters.enumerated() { list.append(("\(title).\(layer).\(parameter)", value)) }
      }
    }
    return list
  }

  /// Takes the tensors of a file, for a network.
  ///
  /// - Throws: `.value` for one that is missing or of another shape than its parameter.
  public mutating func take(_ tensors: [String: Tensor], for network: Network) throws(Fault) {
    func taken(_ name: String, _ shape: [Int]) throws(Fault) -> Tensor {
      guard let value = tensors[name], value.shape == shape else {
        throw Fault(.value, "the state of the training does not fit the network", label: "\(name) is missing or of another shape")
      }
      return value
    }
    func all(_ title: String) throws(Fault) -> [[Tensor]] {
      guard tensors.keys.contains(where: { $0.hasPrefix("\(title).") }) else { return [] }
      var values: [[Tensor]] = []
      for (layer, own) in network.layers.enumerated() {
        var row: [Tensor] = []
        for (parameter, (_, value)) in own.parameters.enumerated() {
          row.append(try taken("\(title).\(layer).\(parameter)", value.shape))
        }
        values.append(row)
      }
      return values
    }
    gathered = try all("gathered")
    best = try all("best")
    last = try all("last")
    for (layer, own) in network.layers.enumerated() {
      var blocks: [[Tensor]] = []
      for (parameter, (_, value)) in own.parameters.enumerated() {
        var rows: [Tensor] = []
        while tensors["memory.\(layer).\(parameter).\(rows.count)"] != nil {
          rows.append(try taken("memory.\(layer).\(parameter).\(rows.count)", value.shape))
        }
        blocks.append(rows)
      }
      memory.append(blocks)
    }
  }

  /// A fault where a run would go on along another course than it began.
  func check(_ now: [String: String], of network: Network, _ optimizer: any Optimizer) throws(Fault) {
    for name in Set(now.keys).union(course.keys).sorted() where course[name] != now[name] {
      throw Fault(
        .value, "this is not the training that was begun",
        label: "its \(name): \(course[name] ?? "none"); now: \(now[name] ?? "none")",
        help: "resume with the same settings, or leave resume=true out to begin anew from these weights")
    }
    let fits = memory.count == network.layers.count && zip(memory, network.layers).allSatisfy { blocks, layer in
      blocks.count == layer.parameters.count && zip(blocks, layer.parameters).allSatisfy { rows, parameter in
        rows.count == optimizer.memories && rows.allSatisfy { $0.shape == parameter.value.shape }
      }
    }
    guard fits else {
      throw Fault(.value, "the state of the training does not fit the network", label: "its layers were changed since")
    }
  }
}

extension Network {
  /// All parameters, layer by layer.
  var parameterValues: [[Tensor]] { layers.map { $0.parameters.map(\.value) } }

  /// Puts other values in the place of the parameters.
  mutating func setParameters(_ values: [[Tensor]]) throws(Fault) {
    try updateParameters { (layer, parameter, value) throws(Fault) in value = values[layer][parameter] }
  }
}
