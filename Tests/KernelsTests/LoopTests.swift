// Loops over elements against libm and plain folds, and the thread pool's promise that each task runs once.

import Glibc
import Synchronization
import Testing

@testable import Kernels

@Suite(.serialized) struct LoopTests {
  /// The largest error of a vector function relative to the double one, over a range.
  private func error(
    _ kernel: UnaryKernel, from low: Float, to high: Float, _ exact: (Double) -> Double
  ) -> Double {
    let count = 100_003
    let x = (0..<count).map { low + (high - low) * Float($0) / Float(count) }
    var y = x
    kernels.applyUnary(kernel, count: count, x, out: &y)
    return zip(x, y).map { x, y in
      let expected = exact(Double(x))
      return abs(expected) < 1e-37 ? 0 : abs(Double(y) - expected) / abs(expected)
    }.max() ?? 0
  }

  @Test func transcendentalsAreAccurate() {
    #expect(error(.exp, from: -87, to: 88.7, Glibc.exp) < 3e-7)
    #expect(error(.log, from: 1e-6, to: 4, Glibc.log) < 3e-7)
    #expect(error(.log, from: 0.9, to: 1.1, Glibc.log) < 3e-7)
    #expect(error(.log, from: 1, to: 1e30, Glibc.log) < 3e-7)
    #expect(error(.tanh, from: -10, to: 10, Glibc.tanh) < 5e-7)
    #expect(error(.tanh, from: -0.5, to: 0.5, Glibc.tanh) < 5e-7)
    #expect(error(.sigmoid, from: -80, to: 80) { 1 / (1 + Glibc.exp(-$0)) } < 5e-7)
    // Above 88.7 the power overflows; near 0 the reference is the series.
    #expect(error(.growth, from: -200, to: 88) { Glibc.expm1($0) / $0 } < 5e-7)
    #expect(error(.growth, from: -1.5, to: 1.5) { $0 == 0 ? 1 : Glibc.expm1($0) / $0 } < 5e-7)
    func growthSlope(_ x: Double) -> Double {
      abs(x) < 1e-2 ? 0.5 + x / 3 + x * x / 8 + x * x * x / 30 : (Glibc.exp(x) - Glibc.expm1(x) / x) / x
    }
    #expect(error(.growthSlope, from: -200, to: 88, growthSlope) < 1e-6)
    #expect(error(.growthSlope, from: -2, to: 2, growthSlope) < 1e-6)
    #expect(error(.softplus, from: -80, to: 80) { Glibc.log1p(Glibc.exp($0)) } < 5e-7)
  }

  @Test func randomWordsAreThoseOfTheDefinition() {
    let (high, key): (UInt64, (UInt32, UInt32)) = (0x1234_5678_9ABC_DEF0, (7, 0xFFFF_FFF0))
    for (first, blocks): (UInt64, Int) in [(0, 1), (5, 8), (0xFFFF_FFFE, 19), (.max - 2, 33)] {
      var words = [UInt32](repeating: 0, count: blocks * 4 + 1)
      kernels.philox(key: key, high: high, first: first, blocks: blocks, words: &words)
      for block in 0..<blocks {
        let counter = first &+ UInt64(block)
        let expected = philoxPlain(
          key: key,
          counter: (
            UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32),
            UInt32(truncatingIfNeeded: high), UInt32(truncatingIfNeeded: high >> 32)
          ))
        #expect(Array(words[block * 4..<block * 4 + 4]) == [expected.0, expected.1, expected.2, expected.3])
      }
      #expect(words.last == 0)
    }
  }

  /// The known answers that accompany the Random123 library (its file of Philox4x32 vectors, ten rounds).
  @Test func philoxKnownAnswers() {
    let zero = philoxPlain(key: (0, 0), counter: (0, 0, 0, 0))
    #expect(zero == (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    let full = UInt32.max
    let ones = philoxPlain(key: (full, full), counter: (full, full, full, full))
    #expect(ones == (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    let pi = philoxPlain(
      key: (0xa409_3822, 0x299f_31d0), counter: (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344))
    #expect(pi == (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func specialNumbers() {
    func apply(_ kernel: UnaryKernel, _ x: Float) -> Float {
      var y: Float = 0
      kernels.applyUnary(kernel, count: 1, [x], out: &y)
      return y
    }
    for kernel in [UnaryKernel.exp, .log, .tanh, .sigmoid, .softplus, .floor, .round, .relu, .sqrt] {
      #expect(apply(kernel, .nan).isNaN)
    }
    #expect(apply(.exp, .infinity) == .infinity)
    #expect(apply(.exp, -.infinity) == 0)
    #expect(apply(.exp, 0) == 1)
    #expect(apply(.exp, 200) == .infinity)
    #expect(apply(.log, 0) == -.infinity)
    #expect(apply(.log, -1).isNaN)
    #expect(apply(.log, .infinity) == .infinity)
    #expect(abs(apply(.log, Float(1e-40 as Double)) + 92.103_40) < 1e-4)
    #expect(apply(.tanh, .infinity) == 1)
    #expect(apply(.tanh, -.infinity) == -1)
    #expect(apply(.sigmoid, -.infinity) == 0)
    #expect(apply(.softplus, .infinity) == .infinity)
    #expect(apply(.growth, 0) == 1 && apply(.growth, 1e-30) == 1 && apply(.growth, .infinity) == .infinity)
    #expect(apply(.growth, -.infinity) == 0 && apply(.growth, .nan).isNaN)
    #expect(apply(.growthSlope, 0) == 0.5 && apply(.growthSlope, 200) == .infinity && apply(.growthSlope, -.infinity) == 0)
    #expect(apply(.floor, -0.5) == -1)
    #expect(apply(.floor, 1e30) == 1e30)
    #expect(apply(.ceil, 2.1) == 3)
    #expect(apply(.round, 2.5) == 2)
    #expect(apply(.round, -3.5) == -4)
    #expect(apply(.floor, -.infinity) == -.infinity)
  }

  @Test func anElementDoesNotDependOnItsPlace() {
    let x = numbers(37, seed: 3)
    for kernel in [UnaryKernel.exp, .log, .tanh, .sigmoid, .softplus] {
      var whole = x
      kernels.applyUnary(kernel, count: 37, x, out: &whole)
      for i in 0..<37 {
        var one: Float = 0
        kernels.applyUnary(kernel, count: 1, [x[i]], out: &one)
        #expect(one.bitPattern == whole[i].bitPattern || one.isNaN && whole[i].isNaN)
      }
    }
  }

  @Test func folds() {
    for count in [1, 2, 15, 16, 17, 100, 2047, 2049, 5000] {
      let x = numbers(count, seed: 5)
      let exact = x.reduce(0.0) { $0 + Double($1) }
      #expect(abs(kernels.sumOfRun(x, count: count) - exact) < 1e-5)
      #expect(kernels.foldRun(.maximum, x, count: count) == x.max())
      #expect(kernels.foldRun(.minimum, x, count: count) == x.min())
      for largest in [true, false] {
        let best = largest ? x.max() : x.min()
        #expect(kernels.extremePlace(x, count: count, step: 1, largest: largest) == x.firstIndex { $0 == best })
      }
      var withNan = x
      withNan[count / 2] = .nan
      #expect(kernels.foldRun(.maximum, withNan, count: count).isNaN)
      #expect(kernels.extremePlace(withNan, count: count, step: 1, largest: false) == count / 2)
    }
  }

  @Test func everyTaskRunsOnce() {
    let pool = ThreadPool.shared
    let before = pool.threads
    defer { pool.threads = before }
    for threads in [1, 2, 4] {
      pool.threads = threads
      for tasks in [0, 1, 2, 3, 100, 1000] {
        let counts = UnsafeMutablePointer<Atomic<Int>>.allocate(capacity: max(tasks, 1))
        defer { counts.deallocate() }
        for i in 0..<tasks { (counts + i).initialize(to: Atomic(0)) }
        for _ in 0..<20 {
          pool.run(tasks: tasks) { counts[$0].add(1, ordering: .relaxed) }
        }
        #expect((0..<tasks).allSatisfy { counts[$0].load(ordering: .relaxed) == 20 })
      }
    }
  }

  @Test func jobsInsideTasksAreDone() {
    let pool = ThreadPool.shared
    let before = pool.threads
    defer { pool.threads = before }
    pool.threads = 3
    let total = Total()
    pool.run(tasks: 8) { _ in
      pool.run(tasks: 8) { _ in total.count.add(1, ordering: .relaxed) }
    }
    #expect(total.count.load(ordering: .relaxed) == 64)
  }

  private final class Total: Sendable { let count = Atomic<Int>(0) }
}
