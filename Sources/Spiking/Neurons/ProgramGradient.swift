// The derivative of one step of a neuron's program, as instructions: the operations in reverse, each sending its
// gradient to its operands. Where the neuron fires, the surrogate stands in for the derivative of the step function,
// and no gradient flows through the spike that caused a reset, as in `lifBackward`.

import Kernels

/// Builds the backward instructions of one step.
///
/// They read the values of the forward frame, the gradient of the step's output and of the states after the step
/// (`later`), and write the gradient of the drive and of the states before the step (`earlier`).
struct ProgramGradient {
  private(set) var code: [NeuronInstruction] = []
  /// Rows of scratch in use.
  private(set) var rows = 0
  /// Constants that the forward code doesn't have, for more rows of the fixed memory.
  private(set) var constants: [Float] = []

  private let program: OptimizedProgram
  private let places: [NeuronPlace?]
  private let isStrict: Bool
  private let learnable: [Int]
  /// What the rows of the fixed memory hold so far.
  private let fixed: [FixedRow]
  private var adjoints: [Term?]

  /// A gradient that may not be computed yet, so that it can become part of a sum.
  private enum Term {
    case row(NeuronPlace)
    case negative(NeuronPlace)
    case product(NeuronPlace, NeuronPlace)
    case negativeProduct(NeuronPlace, NeuronPlace)
    /// The output's gradient times the surrogate derivative at a distance.
    case surrogate(NeuronPlace)
  }

  init(
    _ program: OptimizedProgram, places: [NeuronPlace?], fixed: [FixedRow], isStrict: Bool, learnable: [Int]
  ) {
    self.program = program
    self.places = places
    self.fixed = fixed
    self.isStrict = isStrict
    self.learnable = learnable
    adjoints = [Term?](repeating: nil, count: program.operations.count)
  }

  mutating func build() {
    seed()
    var input: Term?
    var states = [Term?](repeating: nil, count: program.updates.count)
    for place in program.operations.indices.reversed() {
      guard let term = adjoints[place] else { continue }
      switch program.operations[place] {
      case .input: input = term
      case .state(let index): states[index] = term
      case .parameter(let index):
        if let row = learnable.firstIndex(of: index) { accumulate(term, into: NeuronPlace(.parameters, row)) }
      case .constant, .noise: break
      case .unary(let kernel, let a): unary(kernel, place, a, term)
      case .binary(let kernel, let a, let b): binary(kernel, place, a, b, term)
      case .select(let test, let a, let b):
        let row = force(term)
        if program.varies[a] { contribute(a, .row(select(value(test), row, zero))) }
        if program.varies[b] { contribute(b, .row(select(value(test), zero, row))) }
      }
    }
    for (index, term) in states.enumerated() { write(term, to: NeuronPlace(.earlier, index)) }
    // The drive's gradient may lie where the output's was, so it is written last.
    write(input, to: NeuronPlace(.driveGradient, 0))
  }

  // MARK: what enters a step

  private mutating func seed() {
    for (index, (update, reset)) in zip(program.updates, program.resets).enumerated() {
      let later = NeuronPlace(.later, index)
      guard let distance = program.distance, update != reset else {
        contribute(update, .row(later))
        continue
      }
      // Where the reset adds or takes off something, the state's own gradient is the same with and without a spike.
      switch program.operations[reset] {
      case .binary(.subtract, update, let amount):
        contribute(update, .row(later))
        if program.varies[amount] { contribute(amount, .negative(whereFired(distance, later, zero))) }
      case .binary(.add, update, let amount), .binary(.add, let amount, update):
        contribute(update, .row(later))
        if program.varies[amount] { contribute(amount, .row(whereFired(distance, later, zero))) }
      default:
        if program.varies[update] { contribute(update, .row(whereFired(distance, zero, later))) }
        if program.varies[reset] { contribute(reset, .row(whereFired(distance, later, zero))) }
      }
    }
    if let distance = program.distance {
      contribute(distance, .surrogate(value(distance)))
    } else {
      contribute(program.updates[0], .row(NeuronPlace(.gradient, 0)))
    }
  }

  // MARK: terms

  private func value(_ operation: Int) -> NeuronPlace { places[operation] ?? NeuronPlace(.fixed, 0) }

  private mutating func constant(_ number: Float) -> NeuronPlace {
    if let index = fixed.firstIndex(of: .constant(number)) { return NeuronPlace(.fixed, index) }
    if let index = constants.firstIndex(of: number) { return NeuronPlace(.fixed, fixed.count + index) }
    constants.append(number)
    return NeuronPlace(.fixed, fixed.count + constants.count - 1)
  }

  private var zero: NeuronPlace { mutating get { constant(0) } }
  private var one: NeuronPlace { mutating get { constant(1) } }

  private mutating func newRow() -> NeuronPlace {
    rows += 1
    return NeuronPlace(.scratch, rows - 1)
  }

  private mutating func emit(
    _ opcode: NeuronOpcode, _ a: NeuronPlace, _ b: NeuronPlace? = nil, _ c: NeuronPlace? = nil, kernel: UInt8 = 0,
    to target: NeuronPlace? = nil
  ) -> NeuronPlace {
    let out = target ?? newRow()
    code.append(NeuronInstruction(opcode, kernel: kernel, out: out, a: a, b: b, c: c))
    return out
  }

  private mutating func apply(_ kernel: UnaryKernel, _ a: NeuronPlace) -> NeuronPlace {
    emit(.unary, a, kernel: kernel.rawValue)
  }

  private mutating func apply(_ kernel: BinaryKernel, _ a: NeuronPlace, _ b: NeuronPlace) -> NeuronPlace {
    let out = newRow()
    code.append(.binary(kernel, out: out, a, b))
    return out
  }

  private mutating func select(_ test: NeuronPlace, _ a: NeuronPlace, _ b: NeuronPlace) -> NeuronPlace {
    emit(.select, test, a, b)
  }

  private mutating func whereFired(_ distance: Int, _ a: NeuronPlace, _ b: NeuronPlace) -> NeuronPlace {
    emit(.whereFired, value(distance), a, b, kernel: isStrict ? 1 : 0)
  }

  /// The row of a term, computed if it isn't yet.
  private mutating func force(_ term: Term, to target: NeuronPlace? = nil) -> NeuronPlace {
    switch term {
    case .row(let row): return target.map { emit(.copy, row, to: $0) } ?? row
    case .negative(let row): return emit(.unary, row, kernel: UnaryKernel.negate.rawValue, to: target)
    case .product(let a, let b): return emit(.multiply, a, b, to: target)
    case .negativeProduct(let a, let b):
      let zero = zero
      return emit(.subtractProduct, a, b, zero, to: target)
    case .surrogate(let distance): return emit(.surrogateProduct, distance, NeuronPlace(.gradient, 0), to: target)
    }
  }

  /// A row plus a term.
  private mutating func sum(_ row: NeuronPlace, _ term: Term, to target: NeuronPlace? = nil) -> NeuronPlace {
    switch term {
    case .row(let other): emit(.add, row, other, to: target)
    case .negative(let other): emit(.subtract, row, other, to: target)
    case .product(let a, let b): emit(.multiplyAdd, a, b, row, to: target)
    case .negativeProduct(let a, let b): emit(.subtractProduct, a, b, row, to: target)
    case .surrogate(let distance):
      emit(.surrogateMultiplyAdd, distance, NeuronPlace(.gradient, 0), row, to: target)
    }
  }

  private mutating func accumulate(_ term: Term, into place: NeuronPlace) { _ = sum(place, term, to: place) }

  /// Adds to the gradient of an operation.
  private mutating func contribute(_ operation: Int, _ term: Term) {
    guard program.varies[operation] else { return }
    guard let known = adjoints[operation] else {
      adjoints[operation] = term
      return
    }
    if case .row(let row) = known {
      adjoints[operation] = .row(sum(row, term))
    } else if case .row(let row) = term {
      adjoints[operation] = .row(sum(row, known))
    } else {
      let row = force(known)
      adjoints[operation] = .row(sum(row, term))
    }
  }

  private func negated(_ term: Term) -> Term? {
    switch term {
    case .row(let row): .negative(row)
    case .negative(let row): .row(row)
    case .product(let a, let b): .negativeProduct(a, b)
    case .negativeProduct(let a, let b): .product(a, b)
    case .surrogate: nil
    }
  }

  private mutating func contributeNegative(_ operation: Int, _ term: Term) {
    guard program.varies[operation] else { return }
    if let opposite = negated(term) {
      contribute(operation, opposite)
    } else {
      contribute(operation, .negative(force(term)))
    }
  }

  /// Writes a result of the step; where the term's own row has no other use, its instruction writes there directly.
  private mutating func write(_ term: Term?, to target: NeuronPlace) {
    guard let term = term.map(resolved) else {
      let zero = zero
      _ = emit(.copy, zero, to: target)
      return
    }
    guard case .row(let row) = term, row.base == .scratch else {
      _ = force(term, to: target)
      return
    }
    guard let writer = code.firstIndex(where: { $0.out == row }),
      target.base != .driveGradient || !code[(writer + 1)...].contains(where: { $0.reads(.gradient) })
    else {
      _ = emit(.copy, row, to: target)
      return
    }
    for index in code.indices { code[index].replace(row, by: target) }
    // Other results may still name the row.
    renamed[row] = target
  }

  private var renamed: [NeuronPlace: NeuronPlace] = [:]

  private func resolved(_ term: Term) -> Term {
    func now(_ row: NeuronPlace) -> NeuronPlace { renamed[row] ?? row }
    return switch term {
    case .row(let row): .row(now(row))
    case .negative(let row): .negative(now(row))
    case .product(let a, let b): .product(now(a), now(b))
    case .negativeProduct(let a, let b): .negativeProduct(now(a), now(b))
    case .surrogate: term
    }
  }

  // MARK: derivatives

  /// A row times or by a value, and 0 where the row is 0: an operation of a branch that was not taken may be infinite
  /// there, and no gradient comes to it.
  private mutating func guarded(_ kernel: BinaryKernel, _ row: NeuronPlace, _ value: NeuronPlace) -> NeuronPlace {
    let result = apply(kernel, row, value)
    let zero = zero
    return select(row, result, zero)
  }

  private mutating func binary(_ kernel: BinaryKernel, _ place: Int, _ a: Int, _ b: Int, _ term: Term) {
    let both = program.varies[a] && program.varies[b]
    switch kernel {
    case .add:
      let term = both ? .row(force(term)) : term
      contribute(a, term)
      contribute(b, term)
    case .subtract:
      let term = both ? .row(force(term)) : term
      contribute(a, term)
      contributeNegative(b, term)
    case .multiply:
      let row = force(term)
      if program.varies[a] { contribute(a, .product(row, value(b))) }
      if program.varies[b] { contribute(b, .product(row, value(a))) }
    case .divide:
      let row = force(term)
      if !program.varies[b], case .constant(let divisor) = program.operations[b] {
        let factor = constant(1 / divisor)
        contribute(a, .product(row, factor))
        return
      }
      let quotient = guarded(.divide, row, value(b))
      if program.varies[a] { contribute(a, .row(quotient)) }
      if program.varies[b] { contribute(b, .negative(guarded(.multiply, quotient, value(place)))) }
    case .power:
      let row = force(term)
      if program.varies[a] {
        let one = one
        let power = apply(.power, value(a), apply(.subtract, value(b), one))
        let slope = apply(.multiply, value(b), power)
        // At 0 a power of an exponent below 1 has its least value: its slope counts as 0, also where it is infinite.
        let zero = zero
        if case .constant(let exponent) = program.operations[b], exponent >= 1 {
          contribute(a, .row(guarded(.multiply, row, slope)))
        } else {
          let atZero = select(apply(.less, value(b), one), zero, slope)
          let away = select(value(a), slope, atZero)
          contribute(a, .row(guarded(.multiply, row, away)))
        }
      }
      if program.varies[b] {
        let zero = zero
        let slope = apply(.multiply, value(place), apply(.log, value(a)))
        // Below 0 there is no slope by the exponent: the logarithm gives nan.
        contribute(b, .row(guarded(.multiply, row, select(value(a), slope, zero))))
      }
    case .maximum, .minimum:
      let row = force(term)
      let left = apply(kernel == .maximum ? .greater : .less, value(a), value(b))
      let zero = zero
      if program.varies[a] { contribute(a, .row(select(left, row, zero))) }
      if program.varies[b] { contribute(b, .row(select(left, zero, row))) }
    case .remainder:
      let row = force(term)
      contribute(a, .row(row))
      if program.varies[b] { contribute(b, .negativeProduct(row, apply(.floorDivide, value(a), value(b)))) }
    case .floorDivide, .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .and, .or: break
    }
  }

  private mutating func unary(_ kernel: UnaryKernel, _ place: Int, _ a: Int, _ term: Term) {
    guard program.varies[a] else { return }
    let (x, y) = (value(a), value(place))
    switch kernel {
    case .negate: contributeNegative(a, term)
    case .exp: contribute(a, .row(guarded(.multiply, force(term), y)))
    case .growth: contribute(a, .row(guarded(.multiply, force(term), apply(.growthSlope, x))))
    case .log: contribute(a, .row(guarded(.divide, force(term), x)))
    case .sqrt:
      // 0 at 0, as everywhere in the language.
      let zero = zero
      let row = select(y, force(term), zero)
      contribute(a, .row(guarded(.divide, row, apply(.add, y, y))))
    case .abs: contribute(a, .product(force(term), apply(.sign, x)))
    case .sin: contribute(a, .product(force(term), apply(.cos, x)))
    case .cos: contribute(a, .negativeProduct(force(term), apply(.sin, x)))
    case .tan:
      let one = one
      contribute(a, .product(force(term), emit(.multiplyAdd, y, y, one)))
    case .tanh:
      let one = one
      contribute(a, .product(force(term), emit(.subtractProduct, y, y, one)))
    case .sigmoid:
      let one = one
      contribute(a, .product(force(term), apply(.multiply, y, apply(.subtract, one, y))))
    case .relu:
      let zero = zero
      contribute(a, .product(force(term), apply(.greater, x, zero)))
    case .square: contribute(a, .product(force(term), apply(.add, x, x)))
    case .reciprocal: contribute(a, .negative(guarded(.multiply, force(term), apply(.multiply, y, y))))
    case .softplus: contribute(a, .product(force(term), apply(.sigmoid, x)))
    case .floor, .ceil, .round, .sign, .isZero, .growthSlope: break
    }
  }
}

extension NeuronInstruction {
  /// Whether it reads a row of the memory.
  func reads(_ base: NeuronBase) -> Bool { a.base == base || b.base == base || c.base == base }

  mutating func replace(_ row: NeuronPlace, by other: NeuronPlace) {
    if out == row { out = other }
    if a == row { a = other }
    if b == row { b = other }
    if c == row { c = other }
  }
}
