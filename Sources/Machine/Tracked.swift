import Faults
import Glibc
import Language
import Tensors

// Numbers under differentiation. Each is a plain value, which all that asks what a number is gets to see, and a place on
// a tape. Whoever does not know of them finds neither an int nor a float, and so takes the way of tensors, which carries
// the gradient, or ends in an error: none can go on without its gradient unseen.

extension Value {
  /// Takes over the plain value's reference.
  public static func tracked(_ plain: Value, _ trace: NumberTrace) -> Value {
    Value(owning: TrackedObject(plain, trace), tag: .tracked)
  }

  /// The value as the program sees it, borrowed. For questions whose answer no gradient flows through.
  public var plain: Value { tag == .tracked ? object(as: TrackedObject.self).plain : self }

  /// Where a number stands on a tape; nil for a plain one.
  public var numberTrace: NumberTrace? {
    guard tag == .tracked else { return nil }
    let trace = object(as: TrackedObject.self).trace
    return trace.tape.isOpen ? trace : nil
  }

  /// The plain value of a number whose gradient has been taken, borrowed; nil for one on an open tape.
  var untracked: Value? { tag == .tracked && numberTrace == nil ? plain : nil }

  /// The value, or the plain one where its gradient has been taken, borrowed.
  var settled: Value { untracked ?? self }

  /// The amount of a number or a quantity, tracked or not, in base units.
  public var amount: Double? {
    let plain = plain
    return plain.asNumber ?? plain.asQuantity?.amount
  }

  /// The tape that records this number, tensor or train of spikes, or a part of this value; nil for a plain one.
  public var tape: Tape? {
    var seen: Set<UInt64> = []
    return tape(&seen)
  }

  /// - Parameter seen: the containers that were looked into: shared ones are looked into once.
  private func tape(_ seen: inout Set<UInt64>) -> Tape? {
    switch tag {
    case .tracked: return numberTrace?.tape
    case .tensor: return object(as: TensorObject.self).tensor.trace?.tape
    case .spikes: return object(as: SpikesObject.self).tracked?.trace?.tape
    case .foreign: return asForeign?.tape
    case .list, .tuple:
      guard let elements, seen.insert(payload).inserted else { return nil }
      for element in elements { if let tape = element.tape(&seen) { return tape } }
      return nil
    case .map:
      guard seen.insert(payload).inserted else { return nil }
      for pair in asMap?.pairs ?? [] { if let tape = pair.key.tape ?? pair.value.tape(&seen) { return tape } }
      return nil
    default: return nil
    }
  }

  /// The same amount as a 0-dimensional tensor of the tape, and its dimension; nil for a plain value.
  public func trackedAmount() throws(Fault) -> (tensor: Tensor, dimension: Dimension)? {
    guard let trace = numberTrace, let amount else { return nil }
    let tensor = try trace.tape.pack([trace], as: try Tensor.scalar(Float(amount)))
    return (tensor, plain.asQuantity?.dimension ?? .none)
  }

  /// The value without its place on a tape, owned; lists and maps of them too.
  public func detached() -> Value {
    switch tag {
    case .tracked: return plain.retained()
    case .tensor: return .tensor(object(as: TensorObject.self).tensor.detached)
    case .spikes: return .spikes(object(as: SpikesObject.self).spikes)
    case .foreign: return (asForeign?.detached()).map { .foreign($0) } ?? retained()
    case .list, .tuple, .map:
      // What no tape records is given as it is, with all that it shares.
      if tape == nil { return retained() }
      return detachedParts()
    default: return retained()
    }
  }

  private func detachedParts() -> Value {
    switch tag {
    case .list, .tuple:
      let parts = (elements.map(Array.init) ?? []).map { $0.detached() }
      return tag == .tuple ? .tuple(parts) : .list(parts)
    case .map:
      let copy = MapObject()
      for pair in asMap?.pairs ?? [] { copy.set(pair.key.detached(), pair.value.detached()) }
      return Value(owning: copy, tag: .map)
    default: return retained()
    }
  }

  /// The number that was computed from others, each with the slope by it; plain where none is tracked.
  ///
  /// - Parameters:
  ///   - plain: the result, owned.
  ///   - inputs: what it was computed from, and the slopes; plain ones may be among them.
  public static func number(_ plain: Value, from inputs: [(Value, slope: Double)]) throws(Fault) -> Value {
    var terms: [(number: NumberTrace, slope: Double)] = []
    for (input, slope) in inputs { if let trace = input.numberTrace { terms.append((trace, slope)) } }
    guard let tape = terms.first?.number.tape else { return plain }
    do throws(Fault) { return .tracked(plain, try tape.record(terms)) } catch {
      plain.release()
      throw error
    }
  }
}

extension Machine {
  /// A single number leaves a tensor as a float, on the tape as a number of its own.
  public static func scalarOrTensor(_ tensor: Tensor) -> Value {
    if tensor.rank == 0, let item = tensor.item {
      if let tape = tensor.trace?.tape, let trace = tape.unpack(tensor).first {
        return .tracked(.float(Double(item)), trace)
      }
      return tensor.isMask ? .bool(item != 0) : .float(Double(item))
    }
    return .tensor(tensor)
  }

  /// Arithmetic of which one side is a tracked number: the value is that of the plain ones.
  func trackedArithmetic(_ opcode: Opcode, _ left: Value, _ right: Value) throws(Fault) -> Value {
    let (a, b) = (left.plain, right.plain)
    let plain = try arithmetic(opcode, a, b)
    guard let x = a.amount, let y = b.amount, let result = plain.amount else {
      plain.release()
      throw Tape.leaving("`\(Self.symbol(opcode))` with \(a.amount == nil ? a.description(of: .kind) : b.description(of: .kind))")
    }
    switch opcode {
    case .add: return try .number(plain, from: [(left, 1), (right, 1)])
    case .subtract: return try .number(plain, from: [(left, 1), (right, -1)])
    case .multiply: return try .number(plain, from: [(left, y), (right, x)])
    case .divide: return try .number(plain, from: [(left, 1 / y), (right, -result / y)])
    case .remainder: return try .number(plain, from: [(left, 1), (right, -(x / y).rounded(.down))])
    case .power:
      if right.tag == .tracked, a.asQuantity != nil {
        plain.release()
        throw Tape.leaving("the exponent of a quantity")
      }
      return try .number(plain, from: [(left, Self.powerSlope(x, y)), (right, x == 0 ? 0 : result * log(x))])
    // A whole number of times does not change with small changes.
    default: return plain
    }
  }

  /// The slope of `x ^ y` by x: 0 for an exponent of 0, and at 0 for one below 1, where the power has its least value.
  static func powerSlope(_ x: Double, _ y: Double) -> Double {
    if y == 0 || (x == 0 && y > 0 && y < 1) { return 0 }
    return y * pow(x, y - 1)
  }

  /// Runs a function whose arithmetic a tape records.
  public func recording<Result>(on tape: Tape?, _ body: () throws(Fault) -> Result) throws(Fault) -> Result {
    guard let tape else { return try body() }
    tapes.append(tape)
    defer { tapes.removeLast() }
    return try body()
  }

  /// A fault where a number is read from text after a tracked value has become text, which could be that text.
  public func checkReading(_ taker: String) throws(Fault) {
    if tapes.contains(where: \.hasBecomeText) { throw Tape.leaving("\(taker) reads text, after a tracked value was made text: it") }
  }
}

extension Call {
  /// A fault where an argument's gradient would be lost.
  public func leaving(_ index: Int) -> Fault { Tape.leaving("`\(parameterName(index))` of `\(builtin.name)`") }

  /// A fault when a gradient flows through an argument, or a part of it.
  public func checkPlain(_ index: Int) throws(Fault) {
    if self[index].tape != nil { throw leaving(index) }
  }

  /// A number for a question whose answer no gradient flows through.
  public func plainNumber(_ index: Int) throws(Fault) -> Double {
    if let number = self[index].plain.asNumber { return number }
    if let item = self[index].asTensor?.item { return Double(item) }
    return try number(index)
  }
}
