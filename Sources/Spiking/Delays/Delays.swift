// Delays in steps: fixed, or learnt by a kernel that narrows while the network is trained.

import Faults
import Glibc
import Tensors

/// Some delays, one for each axon or synapse.
///
/// Outside of training every delay is a whole number of steps. While a network is trained, what is sent with a learnt
/// delay is spread over the steps around it, so that a gradient says which way to move it; the spread narrows over
/// training.
public struct Delays: Sendable {
  /// The longest delay, in steps.
  public var longest: Int
  public var isLearnt: Bool
  public var kernel = DelayKernel.gaussian
  /// The width that training begins with; nil for half of all steps.
  public var firstWidth: Double?
  /// The epochs over which the width falls; nil for the first quarter of those that `fit` is asked for.
  public var narrowing: Int?
  /// The width as it is now.
  public internal(set) var width: Float
  /// The delays, in steps; fractions are kept while they are learnt. Nil before the layer is part of a network.
  public internal(set) var steps: Tensor?
  /// Whether changes are kept within 0 and `longest`; gradients in the place of delays are not.
  var isBounded = true

  /// The most steps that a delay may have.
  public static let limit = 1 << 12
  /// The width that training ends with (DCLS).
  public static let lastWidth = 0.23
  /// Steps that a learnt delay moves for one of a weight: its own learning rate, 100 times that of weights (DCLS).
  static let scale = ParameterScale.unit(100)

  public init(longest: Int, isLearnt: Bool, steps: Tensor? = nil) {
    self.longest = longest
    self.isLearnt = isLearnt
    self.steps = steps
    width = Float(longest + 1) / 2
  }

  /// A fault of kind `.value` for settings that cannot be used.
  public func validate(_ name: String) throws(Fault) {
    guard (0...Self.limit).contains(longest) else {
      throw Fault(.value, "a delay of `\(name)` has 0 to \(Self.limit) steps", label: "max_delay is \(longest)")
    }
    if let firstWidth, !Bounds.notNegative.contains(firstWidth) {
      throw Fault(.value, "`width` of `\(name)` must be 0 or more", label: "width is \(NumberText.whole(firstWidth))")
    }
    if let narrowing, narrowing < 1 {
      throw Fault(.value, "`narrow` of `\(name)` is a number of epochs", label: "narrow is \(narrowing)")
    }
    let wrong = steps.flatMap { steps in
      steps.scalars.first { !($0 >= 0 && $0 <= Float(longest)) || !isLearnt && $0 != $0.rounded() }
    }
    if isBounded, let wrong {
      throw Fault(
        .value, "a delay of `\(name)` is \(isLearnt ? "" : "a whole number ")from 0 to \(longest) steps",
        label: "found \(NumberText.whole(wrong))", help: "max_delay= lets delays be longer")
    }
  }

  /// The settings beside the delays themselves.
  var settings: [(name: String, value: Setting)] {
    guard isLearnt else { return [("max_delay", .integer(longest)), ("learn", .flag(false))] }
    var list: [(name: String, value: Setting)] = [("max_delay", .integer(longest))]
    if kernel != .gaussian { list.append(("kernel", .text(kernel.rawValue))) }
    if let firstWidth { list.append(("width", .number(firstWidth))) }
    if let narrowing { list.append(("narrow", .integer(narrowing))) }
    return list
  }

  init(_ description: ComponentDescription, steps: Tensor?, width: Tensor?) throws(Fault) {
    self.init(
      longest: try description.integer("max_delay"), isLearnt: description.settings["learn"]?.flag ?? true, steps: steps)
    guard let kernel = DelayKernel(rawValue: description.settings["kernel"]?.text ?? "gaussian") else {
      throw description.wrong("kernel")
    }
    self.kernel = kernel
    firstWidth = description.settings["width"]?.number
    narrowing = description.settings["narrow"]?.integer
    try validate(description.kind)
    if let width {
      guard width.count == 1, let value = width.scalars.first, value >= 0 else { throw description.wrong("kernel_width") }
      self.width = value
    }
  }

  /// Delays drawn evenly from 0 to the longest, where there are none yet.
  mutating func draw(_ shape: [Int], _ name: String, stream: RandomStream) throws(Fault) {
    try validate(name)
    if let steps {
      guard steps.shape == shape else {
        throw Fault(
          .shape, "the delays of `\(name)` do not fit", label: "they are \(Shape.text(steps.shape)), not \(Shape.text(shape))")
      }
      return
    }
    var stream = stream
    steps = try stream.uniformTensor(shape, from: 0, to: Float(longest))
    if !isLearnt { steps = try steps?.unary(.round) }
    width = Float(firstWidth ?? Double(longest + 1) / 2)
  }

  /// What beside parameters belongs to the layer's file.
  var buffers: [(name: String, value: Tensor)] {
    guard let steps else { return [] }
    if !isLearnt { return [("delay", steps)] }
    return (try? Tensor.scalar(width)).map { [("kernel_width", $0)] } ?? []
  }

  /// Whether a pass spreads what is sent.
  func spreads(_ pass: Pass) -> Bool { isLearnt && pass.drops }

  /// The delays as whole steps.
  public var whole: [Int] {
    (steps?.scalars ?? []).map { value in
      value.isFinite ? min(longest, max(0, Int(min(max(value, 0), Float(longest)).rounded()))) : 0
    }
  }

  /// The width after some epochs: it falls by a factor an epoch.
  mutating func narrow(epoch: Int, of epochs: Int) {
    guard isLearnt else { return }
    let first = firstWidth ?? Double(longest + 1) / 2
    let span = Double(narrowing ?? max(1, epochs / 4))
    let share = min(1, Double(epoch) / span)
    width = Float(first <= Self.lastWidth ? first : first * pow(Self.lastWidth / first, share))
  }

  /// Changes the delays in place, within their bounds.
  mutating func update(_ body: (inout Tensor) throws(Fault) -> Void) throws(Fault) {
    guard var values = steps else { return }
    steps = nil
    defer { steps = values }
    try body(&values)
    guard isBounded, !values.isTracked else { return }
    _ = try values.withUnsafeMutableBuffer { buffer in
      for place in buffer.indices { buffer[place] = min(max(buffer[place], 0), Float(longest)) }
    }
  }

  /// The shares of each delay by steps, `[longest + 1, delays]`, and with them how they change with the delay.
  func taps(spread: Bool, wantsSlopes: Bool) throws(Fault) -> (shares: [Float], slopes: [Float]) {
    let values = steps?.scalars ?? []
    let count = values.count
    let (room, overflow) = count.multipliedReportingOverflow(by: longest + 1)
    guard !overflow else { _ = try Shape.count([longest + 1, count]); return ([], []) }
    var shares = try Tensor.zeros([room]).scalars
    var slopes = wantsSlopes ? shares : []
    guard spread else {
      for (place, delay) in whole.enumerated() { shares[delay * count + place] = 1 }
      return (shares, slopes)
    }
    var (own, lean) = ([Float](repeating: 0, count: longest + 1), [Float](repeating: 0, count: longest + 1))
    for (place, delay) in values.enumerated() {
      if place % 4096 == 0 { try Interrupt.check() }
      kernel.fill(&own, slopes: &lean, delay: delay, width: width)
      for k in own.indices {
        shares[k * count + place] = own[k]
        if wantsSlopes { slopes[k * count + place] = lean[k] }
      }
    }
    return (shares, slopes)
  }
}

/// A layer whose output depends on what entered it some steps ago.
protocol LateLayer: Layer {
  var delays: Delays { get set }
}

extension LateLayer {
  public var buffers: [(name: String, value: Tensor)] { delays.buffers }
}

extension Layer {
  /// The layer with its learnt delays changed; those of a branch too.
  func withDelays(_ body: (inout Delays) throws(Fault) -> Void) throws(Fault) -> any Layer {
    if let branches = self as? BranchLayer {
      var rows: [[any Layer]] = []
      for branch in branches.branches { rows.append(try branch.layers.map { (layer) throws(Fault) in try layer.withDelays(body) }) }
      return branches.with(rows)
    }
    guard var late = self as? any LateLayer else { return self }
    try body(&late.delays)
    return late
  }

  /// Whether it, or a layer inside, learns delays.
  var learnsDelays: Bool {
    if let branch = self as? BranchLayer { return branch.layers.contains(where: \.learnsDelays) }
    return (self as? any LateLayer)?.delays.isLearnt ?? false
  }

  /// The longest delay that it has now, in whole steps; 0 for none.
  public var longestDelay: Int {
    if let branch = self as? BranchLayer { return branch.layers.reduce(0) { max($0, $1.longestDelay) } }
    return (self as? any LateLayer)?.delays.whole.max() ?? 0
  }
}

extension Network {
  /// Whether a layer learns delays.
  public var learnsDelays: Bool { layers.contains(where: \.learnsDelays) }

  /// The network as its learnt delays spread after some epochs of training.
  mutating func narrowDelays(epoch: Int, of epochs: Int) throws(Fault) {
    guard learnsDelays else { return }
    self = try mapLayers { (layer) throws(Fault) in
      try layer.withDelays { (delays) throws(Fault) in delays.narrow(epoch: epoch, of: epochs) }
    }
  }

  /// The network with learnt delays spread by a width.
  public func narrowingDelays(to width: Double) throws(Fault) -> Network {
    guard Bounds.notNegative.contains(width) else {
      throw Fault(.value, "a width is 0 or more", label: "width is \(NumberText.whole(width))")
    }
    return try mapLayers { (layer) throws(Fault) in
      try layer.withDelays { (delays) throws(Fault) in if delays.isLearnt { delays.width = Float(width) } }
    }
  }

  /// The network with whole delays that are no longer learnt, none longer than `longest`.
  public func roundingDelays(longest: Int?) throws(Fault) -> Network {
    if let longest, longest < 0 { throw Fault(.value, "a delay has 0 steps or more", label: "longest is \(longest)") }
    var network = try mapLayers { (layer) throws(Fault) in
      try layer.withDelays { (delays) throws(Fault) in
        let most = min(delays.longest, longest ?? Int.max)
        if let steps = delays.steps {
          delays.steps = try Tensor(delays.whole.map { Float(min($0, most)) }, shape: steps.shape)
        }
        delays.longest = most
        delays.isLearnt = false
      }
    }
    network.history = history
    network.training = nil
    return network
  }
}
