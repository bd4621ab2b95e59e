// Branches side by side whose outputs are joined: residual networks, concatenations, gates, attention.

import Faults
import Tensors

/// Rows of layers that all hear the same input, and whose outputs are joined.
///
/// `residual` has two: the branch, and the straight way, which may have layers of its own (a projection). The neurons of
/// the branches are populations like any others: they are in the recording, the evaluation and the loss.
public struct BranchLayer: Layer {
  /// One row of layers; without any it is the straight way.
  public struct Branch: Sendable {
    public var name: String
    public var layers: [any Layer]

    public init(name: String, layers: [any Layer]) {
      self.name = name
      self.layers = layers
    }
  }

  public let name: String
  public private(set) var branches: [Branch]
  public let join: BranchJoin

  /// - Parameter name: "branches", or "residual" for two of which the second is the straight way.
  public init(_ branches: [Branch], join: BranchJoin, name: String = "branches") {
    self.name = name
    self.branches = branches
    self.join = join
  }

  /// `output = shortcut(input) + branch(input)`, or another join of both.
  public init(residual layers: [any Layer], shortcut: [any Layer] = [], join: BranchJoin = BranchJoin(.add)) {
    self.init(
      [Branch(name: "branch", layers: layers), Branch(name: "shortcut", layers: shortcut)], join: join, name: "residual")
  }

  var isResidual: Bool { name == "residual" }
  /// The layers of all branches, one branch after the other: a place in this layer is a place in this list.
  public var layers: [any Layer] { branches.flatMap(\.layers) }

  /// The places of each branch's layers.
  public var ranges: [Range<Int>] {
    var first = 0
    return branches.map { branch in
      defer { first += branch.layers.count }
      return first..<first + branch.layers.count
    }
  }

  /// The same with other layers, branch by branch.
  public func with(_ rows: [[any Layer]]) -> BranchLayer {
    BranchLayer(zip(branches, rows).map { Branch(name: $0.name, layers: $1) }, join: join, name: name)
  }

  public var settings: [(name: String, value: Setting)] {
    var list: [(name: String, value: Setting)] = isResidual && join.kind == .add ? [] : [("join", .text(join.kind.rawValue))]
    if join.kind == .attention { list += [("heads", .integer(join.heads)), ("scale", .number(join.scale))] }
    return list
  }

  public var callText: String {
    func row(_ branch: Branch) -> String { "[\(branch.layers.map(\.callText).joined(separator: ", "))]" }
    var parts: [String]
    if isResidual, branches.count == 2 {
      parts = [row(branches[0])] + (branches[1].layers.isEmpty ? [] : ["shortcut=\(row(branches[1]))"])
    } else {
      parts = ["{\(branches.map { "\($0.name): \(row($0))" }.joined(separator: ", "))}"]
    }
    parts += settings.map { "\($0.name)=\($0.value.description)" }
    return "\(name)(\(parts.joined(separator: ", ")))"
  }

  public var populations: [[Int]] {
    layers.enumerated().flatMap { index, layer in layer.populations.map { [index] + $0 } }
  }
  public var statePlaces: [[Int]] {
    layers.enumerated().flatMap { index, layer in layer.statePlaces.map { [index] + $0 } }
  }

  /// The parameters of the branches, by "layer.name": "0.weight".
  public var parameters: [(name: String, value: Tensor)] {
    layers.enumerated().flatMap { index, layer in
      layer.parameters.map { (name: "\(index).\($0.name)", value: $0.value) }
    }
  }
  public var parameterScales: [ParameterScale] { layers.flatMap(\.parameterScales) }
  public var buffers: [(name: String, value: Tensor)] {
    layers.enumerated().flatMap { index, layer in layer.buffers.map { (name: "\(index).\($0.name)", value: $0.value) } }
  }
  public var needsWholeBatch: Bool { layers.contains(where: \.needsWholeBatch) }
  public var needsWholeTime: Bool { layers.contains(where: \.needsWholeTime) }
  public var mapsToSynapses: Bool { join.isSum && layers.allSatisfy(\.mapsToSynapses) }

  public mutating func absorb(_ memory: LayerMemory, share: Double?) throws(Fault) {
    var index = 0
    for branch in branches.indices {
      for place in branches[branch].layers.indices {
        if index < memory.inner.count { try branches[branch].layers[place].absorb(memory.inner[index], share: share) }
        index += 1
      }
    }
  }

  // MARK: shapes

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    guard !layers.isEmpty else {
      throw Fault(
        .value, isResidual ? "the branch of `residual` has no layers" : "the branches have no layers",
        help: isResidual
          ? "give it some: residual([conv(16, kernel=3, padding=1), lif()])"
          : "give them some: branches({near: [conv(8, kernel=3, padding=1)], far: [conv(8, kernel=5, padding=2)]})")
    }
    var outputs: [[Int]] = []
    for shapes in try shapes(for: input) { outputs.append(shapes.last ?? input) }
    if isResidual, outputs.count == 2, outputs[0] != outputs[1], join.kind == .add || branches[1].layers.isEmpty {
      throw Fault(
        .shape, "the branch of `residual` changes the shape",
        label: branches[1].layers.isEmpty
          ? "it takes \(Shape.text(input)) and gives \(Shape.text(outputs[0])), which cannot be added"
          : "it gives \(Shape.text(outputs[0])), and its shortcut \(Shape.text(outputs[1])), which cannot be added",
        help: input.count == 3
          ? "end it with \(outputs[1][0]) channels, and keep the image's size with padding=(kernel - 1) / 2; "
            + "shortcut=[conv(…), batch_norm()] makes a straight way of another shape"
          : "end it with as many features as it takes, or give it a shortcut=[dense(…)] of that size")
    }
    return try join.outputShape(outputs, names: branches.map(\.name), layer: name)
  }

  /// For each branch, the features that leave each of its layers.
  public func shapes(for input: [Int]) throws(Fault) -> [[[Int]]] {
    var rows: [[[Int]]] = []
    var index = 0
    for branch in branches {
      var shapes: [[Int]] = []
      var shape = input
      for layer in branch.layers {
        do { shape = try layer.outputShape(for: shape) } catch { throw inner(error, index, branch) }
        shapes.append(shape)
        index += 1
      }
      rows.append(shapes)
    }
    return rows
  }

  private func inner(_ fault: Fault, _ index: Int, _ branch: Branch) -> Fault {
    var fault = fault
    let whose = isResidual ? "the \(branch.name)" : "branch `\(branch.name)`"
    let place = "layer \(index) of \(whose), \(layers[index].callText)"
    fault.label = fault.label.map { "\(place): \($0)" } ?? place
    return fault
  }

  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    _ = try outputShape(for: input)
    var draws = stream
    var copy = self
    var index = 0
    for number in branches.indices {
      var shape = input
      for place in branches[number].layers.indices {
        let own = RandomStream(seed: draws.nextBits(), purpose: "weights", index: UInt64(index))
        let layer = branches[number].layers[place]
        do {
          copy.branches[number].layers[place] = try layer.built(for: shape, stream: own)
          shape = try layer.outputShape(for: shape)
        } catch { throw inner(error, index, branches[number]) }
        index += 1
      }
    }
    _ = try copy.outputShape(for: input)
    return copy
  }

  public func synapses(for input: [Int]) -> Int {
    guard let shapes = try? shapes(for: input) else { return 0 }
    var sum = 0
    for (branch, row) in zip(branches, shapes) {
      for (index, layer) in branch.layers.enumerated() {
        let (total, overflow) = sum.addingReportingOverflow(layer.synapses(for: index == 0 ? input : row[index - 1]))
        sum = overflow ? Int.max : total
      }
    }
    return sum
  }

  // MARK: running

  /// The pass of a branch, with draws of its own.
  func branchPass(_ pass: Pass, _ number: Int) -> Pass {
    var draws = RandomStream(seed: pass.seed, purpose: "residual", index: UInt64(pass.layerIndex))
    var inner = pass.inside
    for _ in 0...number { inner.seed = draws.nextBits() }
    inner.noise = noise(inside: pass, number)
    return inner
  }

  /// What names the draws of noisy neurons in a branch.
  func noise(inside pass: Pass, _ number: Int) -> UInt64 {
    var draws = RandomStream(seed: pass.noise, purpose: "residual", index: UInt64(pass.layerIndex))
    for _ in 0..<number { _ = draws.nextBits() }
    return draws.nextBits()
  }

  /// Runs each branch with `body`, and joins what they give.
  private func run(
    _ input: Signal, _ pass: Pass, _ body: (Int, [any Layer], Signal, Pass) throws(Fault) -> LayerRow.Run
  ) throws(Fault) -> LayerRun {
    var outputs: [Signal] = []
    var memory = LayerMemory()
    var activity: [(place: [Int], output: Signal)] = []
    for (number, range) in ranges.enumerated() {
      let run = try body(number, branches[number].layers, input, branchPass(pass, number))
      outputs.append(run.output)
      if pass.isTraining { memory.inner += run.memories }
      for entry in run.activity { activity.append((place: [entry.place[0] + range.lowerBound] + entry.place.dropFirst(), output: entry.output)) }
    }
    let joined = try join.forward(outputs)
    // The shape of what arrives on the way back, should nothing do but what the loss sends into the branches.
    memory.inputShape = joined.shape
    if pass.isTraining {
      memory.shapes = outputs.map(\.featureShape)
      if join.needsInputs { memory.signals = outputs }
    }
    return LayerRun(output: joined, memory: memory, activity: activity)
  }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    try run(try input.unrolled(), pass) { (_, layers, signal, pass) throws(Fault) in
      try LayerRow.forward(layers, signal, pass)
    }
  }

  /// Sends the gradient back through the join, and that of each branch through `body`.
  private func back(
    _ gradient: Tensor, _ memory: LayerMemory, wantsInput: Bool, _ pass: Pass,
    _ body: (Int, [any Layer], Tensor, [LayerMemory], [[Int]: Tensor], Pass) throws(Fault)
      -> (input: Tensor?, parameters: [[Tensor]])
  ) throws(Fault) -> LayerGradient {
    let flows = try join.backward(gradient, shapes: memory.shapes, inputs: memory.signals)
    var input: Tensor?
    var parameters: [Tensor] = []
    for (number, range) in ranges.enumerated() {
      var direct: [[Int]: Tensor] = [:]
      for (place, flow) in memory.innerGradients where range.contains(place[0]) {
        direct[[place[0] - range.lowerBound] + place.dropFirst()] = flow
      }
      let branch = try body(
        number, branches[number].layers, flows[number], Array(memory.inner[range]), direct, branchPass(pass, number))
      parameters += branch.parameters.flatMap { $0 }
      if let flow = branch.input { input = try input.map { (sum) throws(Fault) in try sum + flow } ?? flow }
    }
    return LayerGradient(input: wantsInput ? input : nil, parameters: parameters)
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    try back(gradient, memory, wantsInput: wantsInput, pass) {
      (_, layers, flow, memories, direct, pass) throws(Fault) in
      try LayerRow.backward(layers, gradient: flow, memories: memories, direct: direct, wantsInput: wantsInput, pass)
    }
  }

  // MARK: windows of time

  /// The states of each branch's layers.
  private func split(_ state: LayerState) -> [[LayerState]] {
    let all: [LayerState] = if case .row(let states) = state { states } else { layers.map { _ in .none } }
    return ranges.map { Array(all[$0]) }
  }

  func run(_ input: Signal, _ pass: Pass, from state: inout LayerState) throws(Fault) -> LayerRun {
    var rows = split(state)
    let answer = try run(try input.unrolled(), pass) { (number, layers, signal, pass) throws(Fault) in
      try LayerRow.forward(layers, signal, pass, from: &rows[number])
    }
    state = .row(rows.flatMap { $0 })
    return answer
  }

  func gradients(
    _ gradient: Tensor, _ memory: LayerMemory, _ wantsInput: Bool, _ pass: Pass, later: inout LayerState
  ) throws(Fault) -> LayerGradient {
    var rows = split(later)
    let answer = try back(gradient, memory, wantsInput: wantsInput, pass) {
      (number, layers, flow, memories, direct, pass) throws(Fault) in
      try LayerRow.backward(
        layers, gradient: flow, memories: memories, direct: direct, wantsInput: wantsInput, pass, later: &rows[number])
    }
    later = .row(rows.flatMap { $0 })
    return answer
  }

  // MARK: the rest

  public func recorded(
    _ input: consuming Signal, _ pass: Pass, place: String
  ) throws(Fault) -> (output: Signal, recordings: [Recording]) {
    let straight = try input.unrolled()
    var outputs: [Signal] = []
    var recordings: [Recording] = []
    for (number, range) in ranges.enumerated() {
      let run = try LayerRow.recorded(
        branches[number].layers, straight, branchPass(pass, number), place: "\(place).", first: range.lowerBound)
      outputs.append(run.output)
      recordings += run.recordings
    }
    return (try join.forward(outputs), recordings)
  }

  public func bare() throws(Fault) -> any Layer {
    var rows: [[any Layer]] = []
    for branch in branches { rows.append(try branch.layers.map { (layer) throws(Fault) in try layer.bare() }) }
    return with(rows)
  }

  public mutating func updateParameters(
    _ body: (Int, inout Tensor) throws(Fault) -> Void
  ) throws(Fault) {
    var first = 0
    for number in branches.indices {
      for index in branches[number].layers.indices {
        let begin = first
        first += branches[number].layers[index].parameters.count
        try branches[number].layers[index].updateParameters { (number, value) throws(Fault) in try body(begin + number, &value) }
      }
    }
  }
}
