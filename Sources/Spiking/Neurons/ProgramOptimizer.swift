// Makes a neuron's program smaller before it is compiled: fixed parameters become constants, what depends on constants
// alone is computed once, equal operations become one, and what nothing reads goes.

import Glibc
import Kernels

/// How a parameter reaches the compiled program.
enum ParameterKind: Equatable, Sendable {
  /// A number that is known now.
  case constant(Float)
  /// A number or one for each neuron, which may differ from run to run.
  case row
  /// The same, and its gradient is wanted.
  case learnable
}

/// A program's operations after simplification. Kept values have the bits that the plain program would give them,
/// except that sums and products of constants are rounded once, at the end.
struct OptimizedProgram {
  private(set) var operations: [NeuronProgram.Operation] = []
  private(set) var updates: [Int] = []
  private(set) var resets: [Int] = []
  private(set) var distance: Int?
  /// For each operation, whether the input, a state or a learnable parameter changes it.
  private(set) var varies: [Bool] = []

  /// The exact values of constants, by place.
  private var exact: [Int: Double] = [:]

  init(_ program: NeuronProgram, _ kinds: [ParameterKind]) {
    var places: [Int] = []
    for operation in program.operations {
      switch operation {
      case .parameter(let index):
        if case .constant(let value) = kinds[index] {
          places.append(constant(Double(value)))
        } else {
          places.append(add(operation))
        }
      case .constant(let value): places.append(constant(Double(value)))
      case .input, .state: places.append(add(operation))
      case .noise(let form, let draw, let time): places.append(add(.noise(form, draw: draw, time: places[time])))
      case .unary(let kernel, let a): places.append(unary(kernel, places[a]))
      case .binary(let kernel, let a, let b): places.append(binary(kernel, places[a], places[b]))
      case .select(let test, let a, let b):
        if let value = exact[places[test]] {
          places.append(value != 0 ? places[a] : places[b])
        } else {
          places.append(add(.select(places[test], places[a], places[b])))
        }
      }
    }
    updates = program.updates.map { places[$0] }
    resets = program.resets.map { places[$0] }
    distance = program.distance.map { places[$0] }
    removeUnused()
    for operation in operations {
      switch operation {
      case .input, .state: varies.append(true)
      case .constant, .noise: varies.append(false)
      case .parameter(let index): varies.append(kinds[index] == .learnable)
      default: varies.append(operation.operands.contains { varies[$0] })
      }
    }
  }

  private mutating func add(_ operation: NeuronProgram.Operation) -> Int {
    if let known = operations.firstIndex(of: operation) { return known }
    operations.append(operation)
    return operations.count - 1
  }

  private mutating func constant(_ value: Double) -> Int {
    let place = add(.constant(Float(value)))
    if exact[place] == nil { exact[place] = value }
    return place
  }

  private mutating func unary(_ kernel: UnaryKernel, _ a: Int) -> Int {
    if let x = exact[a] {
      let value: Double? =
        switch kernel {
        case .negate: -x
        case .exp: exp(x)
        case .log: log(x)
        case .sqrt: x.squareRoot()
        case .abs: abs(x)
        case .square: x * x
        case .reciprocal: 1 / x
        case .growth: x == 0 ? 1 : expm1(x) / x
        default: nil
        }
      if let value { return constant(value) }
    }
    return add(kernel == .square ? .binary(.multiply, a, a) : .unary(kernel, a))
  }

  private mutating func binary(_ kernel: BinaryKernel, _ a: Int, _ b: Int) -> Int {
    if let x = exact[a], let y = exact[b] {
      let value: Double? =
        switch kernel {
        case .add: x + y
        case .subtract: x - y
        case .multiply: x * y
        case .divide: x / y
        case .power: pow(x, y)
        case .equal: x == y ? 1 : 0
        case .notEqual: x != y ? 1 : 0
        case .less: x < y ? 1 : 0
        case .lessOrEqual: x <= y ? 1 : 0
        case .greater: x > y ? 1 : 0
        case .greaterOrEqual: x >= y ? 1 : 0
        default: nil
        }
      if let value { return constant(value) }
    }
    // Powers that programs write most are products.
    if kernel == .power, let exponent = exact[b] {
      switch exponent {
      case 1: return a
      case 2: return add(.binary(.multiply, a, a))
      case 3:
        let square = add(.binary(.multiply, a, a))
        return add(.binary(.multiply, square, a))
      case -1: return add(.unary(.reciprocal, a))
      default: break
      }
    }
    return add(.binary(kernel, a, b))
  }

  private mutating func removeUnused() {
    var isUsed = [Bool](repeating: false, count: operations.count)
    for place in updates + resets + (distance.map { [$0] } ?? []) { isUsed[place] = true }
    for place in operations.indices.reversed() where isUsed[place] {
      for operand in operations[place].operands { isUsed[operand] = true }
    }
    var moved: [Int] = []
    var kept: [NeuronProgram.Operation] = []
    for (place, operation) in operations.enumerated() {
      moved.append(kept.count)
      if isUsed[place] { kept.append(operation.mapOperands { moved[$0] }) }
    }
    operations = kept
    updates = updates.map { moved[$0] }
    resets = resets.map { moved[$0] }
    distance = distance.map { moved[$0] }
  }
}

extension NeuronProgram.Operation {
  /// The places of the operations that it reads.
  var operands: [Int] {
    switch self {
    case .input, .state, .parameter, .constant: []
    case .noise(_, _, let time): [time]
    case .unary(_, let a): [a]
    case .binary(_, let a, let b): [a, b]
    case .select(let a, let b, let c): [a, b, c]
    }
  }

  func mapOperands(_ place: (Int) -> Int) -> NeuronProgram.Operation {
    switch self {
    case .input, .state, .parameter, .constant: self
    case .noise(let form, let draw, let time): .noise(form, draw: draw, time: place(time))
    case .unary(let kernel, let a): .unary(kernel, place(a))
    case .binary(let kernel, let a, let b): .binary(kernel, place(a), place(b))
    case .select(let a, let b, let c): .select(place(a), place(b), place(c))
    }
  }
}
