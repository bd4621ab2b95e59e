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
    #expect(error(.softplus, from: -80, to: 80) { Glibc.log1p(Glibc.exp($0)) } < 5e-7)
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
