// Chains of element-wise operations that run as one: each stretch of elements goes through all of them while it is in the
// first cache, and nothing between them is written to memory. Derivatives are such chains.

import Faults
import Kernels

/// An element-wise expression over tensors, which computes nothing until it is `evaluated`. Untracked.
indirect enum Chain {
  case tensor(Tensor)
  case number(Float)
  case unary(UnaryKernel, Chain)
  case binary(BinaryKernel, Chain, Chain)

  static func + (a: Chain, b: Chain) -> Chain { .binary(.add, a, b) }
  static func - (a: Chain, b: Chain) -> Chain { .binary(.subtract, a, b) }
  static func * (a: Chain, b: Chain) -> Chain { .binary(.multiply, a, b) }
  static func / (a: Chain, b: Chain) -> Chain { .binary(.divide, a, b) }
  static prefix func - (a: Chain) -> Chain { .unary(.negate, a) }

  func applying(_ kernel: UnaryKernel) -> Chain { .unary(kernel, self) }
  func comparing(_ kernel: BinaryKernel, _ other: Chain) -> Chain { .binary(kernel, self, other) }
}

extension Chain: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  init(floatLiteral value: Float) { self = .number(value) }
  init(integerLiteral value: Int) { self = .number(Float(value)) }
}

extension Chain {
  /// The elements, of the shape to which all tensors in the chain broadcast.
  func evaluated() throws(Fault) -> Tensor {
    var program = ChainProgram()
    guard case .slot = program.add(self), let shape = program.shape else { return try evaluatedOneByOne() }
    let result = try Tensor(uninitialized: shape)
    let out = result.base
    try Parallel.ranges(result.count, grain: Parallel.grain) { range in program.run(range, to: out) }
    withExtendedLifetime(program) {}
    return result
  }

  /// Operation by operation, for tensors of several shapes.
  private func evaluatedOneByOne() throws(Fault) -> Tensor {
    switch self {
    case .tensor(let tensor): return tensor.detached
    case .number(let number): return try Tensor.scalar(number)
    case .unary(let kernel, let x): return try x.evaluatedOneByOne().mapped(kernel)
    case .binary(let kernel, let a, let b):
      return try Tensor.elementwise(kernel, a.evaluatedOneByOne(), b.evaluatedOneByOne(), name: "a derivative")
    }
  }
}

/// The operations of a chain in the order in which they run.
private struct ChainProgram {
  /// How many elements go through all operations together.
  static let stretch = 2048

  enum Operand {
    /// A tensor of the common shape.
    case tensor(Int)
    /// The same number for each element.
    case number(Int)
    /// What an operation has left in scratch memory.
    case slot(Int)
  }

  struct Operation {
    enum Kernel {
      case unary(UnaryKernel)
      case binary(BinaryKernel)
    }
    let kernel: Kernel
    /// The same operand twice for one of a single argument.
    let left, right: Operand
    let slot: Int
  }

  private var tensors: [Tensor] = []
  private var numbers: [Float] = []
  private var operations: [Operation] = []
  private var freeSlots: [Int] = []
  private var slots = 0
  private var hasOneShape = true

  /// The shape of all tensors; nil where there are none or they differ.
  var shape: [Int]? { hasOneShape ? tensors.first?.shape : nil }

  /// Adds the operations of a chain; answers where its result is.
  mutating func add(_ chain: Chain) -> Operand {
    switch chain {
    case .tensor(let tensor):
      if tensor.rank == 0 { return number(tensor.base.pointee) }
      if tensor.shape != tensors.first?.shape ?? tensor.shape { hasOneShape = false }
      tensors.append(tensor)
      return .tensor(tensors.count - 1)
    case .number(let value): return number(value)
    case .unary(let kernel, let x):
      let operand = add(x)
      return append(.unary(kernel), operand, operand)
    case .binary(let kernel, let a, let b):
      let left = add(a)
      return append(.binary(kernel), left, add(b))
    }
  }

  private mutating func number(_ value: Float) -> Operand {
    numbers.append(value)
    return .number(numbers.count - 1)
  }

  private mutating func append(_ kernel: Operation.Kernel, _ left: Operand, _ right: Operand) -> Operand {
    if case .number(let a) = left, case .number(let b) = right { return number(value(kernel, numbers[a], numbers[b])) }
    if case .slot(let used) = left { freeSlots.append(used) }
    if case .slot(let used) = right, !freeSlots.contains(used) { freeSlots.append(used) }
    let slot: Int
    if let free = freeSlots.popLast() {
      slot = free
    } else {
      slot = slots
      slots += 1
    }
    operations.append(Operation(kernel: kernel, left: left, right: right, slot: slot))
    return .slot(slot)
  }

  private func value(_ kernel: Operation.Kernel, _ a: Float, _ b: Float) -> Float {
    var result: Float = 0
    withUnsafePointer(to: a) { a in
      withUnsafePointer(to: b) { b in
        switch kernel {
        case .unary(let kernel): kernels.applyUnary(kernel, count: 1, a, out: &result)
        case .binary(let kernel): kernels.applyBinary(kernel, steps: .both, count: 1, a, b, out: &result)
        }
      }
    }
    return result
  }

  /// Computes a range of the elements.
  func run(_ range: Range<Int>, to out: UnsafeMutablePointer<Float>) {
    numbers.withUnsafeBufferPointer { numbers in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, slots) * ChainProgram.stretch) { room in
        guard let room = room.baseAddress else { return }
        for first in stride(from: range.lowerBound, to: range.upperBound, by: ChainProgram.stretch) {
          let count = min(ChainProgram.stretch, range.upperBound - first)
          let pointer = { (operand: Operand) -> UnsafePointer<Float> in
            switch operand {
            case .tensor(let index): UnsafePointer(tensors[index].base + first)
            case .number(let index): UnsafePointer(numbers.baseAddress.map { $0 + index } ?? UnsafePointer(room))
            case .slot(let slot): UnsafePointer(room + slot * ChainProgram.stretch)
            }
          }
          for (index, operation) in operations.enumerated() {
            let isLast = index == operations.count - 1
            run(
              operation, count, pointer(operation.left), pointer(operation.right),
              to: isLast ? out + first : room + operation.slot * ChainProgram.stretch)
          }
        }
      }
    }
  }

  private func run(
    _ operation: Operation, _ count: Int, _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>,
    to target: UnsafeMutablePointer<Float>
  ) {
    switch operation.kernel {
    case .unary(let kernel): kernels.applyUnary(kernel, count: count, left, out: target)
    case .binary(let kernel):
      var steps = OperandSteps.both
      if case .number = operation.left { steps = .rightOnly }
      if case .number = operation.right { steps = .leftOnly }
      kernels.applyBinary(kernel, steps: steps, count: count, left, right, out: target)
    }
  }
}
