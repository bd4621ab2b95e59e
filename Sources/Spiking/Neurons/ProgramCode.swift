// A neuron's program as instructions for the kernels.

import Kernels

/// What one row of the fixed memory holds.
enum FixedRow: Equatable, Sendable {
  case constant(Float)
  case parameter(Int)
}

/// A program compiled for one choice of which parameters are constants.
struct ProgramCode: Sendable {
  /// What the rows of `NeuronBase.fixed` hold.
  private(set) var fixed: [FixedRow] = []
  private(set) var forward: [NeuronInstruction] = []
  private(set) var updates: [NeuronPlace] = []
  private(set) var resets: [NeuronPlace] = []
  private(set) var distance: NeuronPlace?
  let isStrict: Bool
  /// The rows of a frame; the first are the states.
  private(set) var frameRows: Int
  private(set) var backward: [NeuronInstruction] = []
  private(set) var scratchRows = 0
  private let states: Int
  /// The parameters whose gradients are wanted, in order; each has its row in `NeuronBase.parameters`.
  let learnable: [Int]

  init(_ program: NeuronProgram, _ kinds: [ParameterKind]) {
    let small = OptimizedProgram(program, kinds)
    isStrict = program.isStrict
    states = program.stateNames.count
    frameRows = states
    learnable = kinds.indices.filter { kinds[$0] == .learnable }
    let places = compile(small)
    var gradient = ProgramGradient(small, places: places, fixed: fixed, isStrict: isStrict, learnable: learnable)
    gradient.build()
    backward = gradient.code
    scratchRows = gradient.rows
    fixed += gradient.constants.map { .constant($0) }
  }

  /// Emits the forward instructions; answers with the place of each operation's value, nil for a product that became
  /// part of a sum.
  private mutating func compile(_ program: OptimizedProgram) -> [NeuronPlace?] {
    var uses = [Int](repeating: 0, count: program.operations.count)
    for operation in program.operations { for operand in operation.operands { uses[operand] += 1 } }
    for place in program.updates + program.resets + (program.distance.map { [$0] } ?? []) { uses[place] += 1 }
    // A product with one reader that is a sum or a difference is computed there.
    var products: [Int: (Int, Int)] = [:]
    for operation in program.operations {
      guard case .binary(let kernel, let a, let b) = operation, kernel == .add || kernel == .subtract, a != b else {
        continue
      }
      for operand in [a, b] where uses[operand] == 1 {
        if case .binary(.multiply, let x, let y) = program.operations[operand],
          products[a] == nil, products[b] == nil
        {
          products[operand] = (x, y)
        }
      }
    }
    var places: [NeuronPlace?] = []
    func place(_ index: Int) -> NeuronPlace { places[index] ?? NeuronPlace(.fixed, 0) }
    for (index, operation) in program.operations.enumerated() {
      switch operation {
      case .input: places.append(NeuronPlace(.drive, 0))
      case .state(let state): places.append(NeuronPlace(.frame, state))
      case .parameter(let parameter):
        fixed.append(.parameter(parameter))
        places.append(NeuronPlace(.fixed, fixed.count - 1))
      case .constant(let value):
        fixed.append(.constant(value))
        places.append(NeuronPlace(.fixed, fixed.count - 1))
      default:
        if products[index] != nil {
          places.append(nil)
          continue
        }
        let out = NeuronPlace(.frame, frameRows)
        frameRows += 1
        switch operation {
        case .binary(let kernel, let a, let b):
          if let (x, y) = products[a] {
            forward.append(
              NeuronInstruction(
                kernel == .add ? .multiplyAdd : .multiplySubtract, out: out, a: place(x), b: place(y), c: place(b)))
          } else if let (x, y) = products[b] {
            forward.append(
              NeuronInstruction(
                kernel == .add ? .multiplyAdd : .subtractProduct, out: out, a: place(x), b: place(y), c: place(a)))
          } else {
            forward.append(.binary(kernel, out: out, place(a), place(b)))
          }
        case .unary(let kernel, let a):
          forward.append(NeuronInstruction(.unary, kernel: kernel.rawValue, out: out, a: place(a)))
        case .noise(let form, let draw, let time):
          forward.append(NeuronInstruction(.noise, kernel: form.rawValue, out: out, a: place(time), c: NeuronPlace(.lanes, draw)))
        case .select(let test, let a, let b):
          forward.append(NeuronInstruction(.select, out: out, a: place(test), b: place(a), c: place(b)))
        default: break
        }
        places.append(out)
      }
    }
    distance = program.distance.map { place($0) }
    updates = program.updates.enumerated().map { stable(place($1), state: $0) }
    resets = program.resets.enumerated().map { stable(place($1), state: $0) }
    return places
  }

  /// A place that stays as it is while the states of a step are written one after the other.
  private mutating func stable(_ place: NeuronPlace, state: Int) -> NeuronPlace {
    guard place.base == .frame, place.row < states, Int(place.row) != state else { return place }
    let copy = NeuronPlace(.frame, frameRows)
    frameRows += 1
    forward.append(NeuronInstruction(.copy, out: copy, a: place))
    return copy
  }
}

extension NeuronInstruction {
  /// The instruction of an element-wise function of two arguments.
  static func binary(
    _ kernel: BinaryKernel, out: NeuronPlace, _ a: NeuronPlace, _ b: NeuronPlace
  ) -> NeuronInstruction {
    switch kernel {
    case .add: NeuronInstruction(.add, out: out, a: a, b: b)
    case .subtract: NeuronInstruction(.subtract, out: out, a: a, b: b)
    case .multiply: NeuronInstruction(.multiply, out: out, a: a, b: b)
    case .divide: NeuronInstruction(.divide, out: out, a: a, b: b)
    default: NeuronInstruction(.binary, kernel: kernel.rawValue, out: out, a: a, b: b)
    }
  }
}
