// Chains of element-wise operations against the same operations one by one.

import Faults
import Testing

@testable import Tensors

@Suite struct ChainTests {
  private func oneByOne(_ chain: Chain) throws -> Tensor {
    switch chain {
    case .tensor(let tensor): return tensor
    case .number(let number): return try Tensor.scalar(number)
    case .unary(let kernel, let x): return try oneByOne(x).mapped(kernel)
    case .binary(let kernel, let a, let b): return try Tensor.elementwise(kernel, oneByOne(a), oneByOne(b), name: "?")
    }
  }

  private func check(_ chain: Chain) throws {
    let (fused, plain) = (try chain.evaluated(), try oneByOne(chain))
    #expect(fused.shape == plain.shape)
    #expect(fused.scalars.map(\.bitPattern) == plain.scalars.map(\.bitPattern))
  }

  /// Around the stretches that run together, and the ranges of the threads.
  @Test(arguments: [1, 3, 17, 2047, 2048, 2049, 5000, 32_768, 70_001]) func sizes(count: Int) throws {
    let x = Chain.tensor(try sample([count], seed: 1, from: 0.5, to: 2))
    let y = Chain.tensor(try sample([count], seed: 2, from: 0.5, to: 2))
    try check(x * (1 - y * y))
    try check(-(x / y).applying(.floor) * (x - y).applying(.exp))
    try check((x.comparing(.greater, y) + x.comparing(.equal, y) * 0.5) * (x + (y + (x * (y - (x / 3))))))
    try check((1 - x) / (2 * x) + (3 - y).applying(.sigmoid) * (.number(2) * .number(3) + .number(1).applying(.exp)))
  }

  @Test func shapesThatDiffer() throws {
    let (x, y) = (Chain.tensor(try sample([4, 1, 3], seed: 1)), Chain.tensor(try sample([2, 3], seed: 2)))
    let number = Chain.tensor(try Tensor.scalar(0.5))
    try check(x * (1 - y * x))
    try check(x * number + number)
    try check(number * number + 1)
    try check(.tensor(try sample([1], seed: 3)) * x)
    try check(.tensor(try Tensor.zeros([0, 3])) * 2 + 1)
    #expect(throws: Fault.self) { try (x * .tensor(sample([5], seed: 3))).evaluated() }
  }
}
