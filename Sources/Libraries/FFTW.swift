// Discrete Fourier transforms by FFTW, in 64 bits. A complex number is its real part and its imaginary part, one behind
// the other.

import Faults
import Glibc

private typealias D = UnsafeMutablePointer<Double>
private typealias N = UnsafePointer<Int32>

/// Transforms of many rows of one length.
public struct FFTW: Sendable {
  private typealias PlanComplex = @convention(c) (Int32, N, Int32, D, N?, Int32, Int32, D, N?, Int32, Int32, Int32, UInt32) -> OpaquePointer?
  private typealias PlanReal = @convention(c) (Int32, N, Int32, D, N?, Int32, Int32, D, N?, Int32, Int32, UInt32) -> OpaquePointer?

  private let planComplex: PlanComplex
  private let planFromReal: PlanReal
  private let planToReal: PlanReal
  private let execute: @convention(c) (OpaquePointer) -> Void
  private let destroy: @convention(c) (OpaquePointer) -> Void
  /// Plans by a rule, without timing: the same transform is then rounded in the same way each time.
  private static let estimate: UInt32 = 1 << 6

  /// Throws `.file`, with the package to install, where the library is missing.
  public init() throws(Fault) {
    let library = try SharedLibrary("libfftw3.so.3", package: "libfftw3-double3", purpose: "a Fourier transform")
    planComplex = try library.function("fftw_plan_many_dft", as: PlanComplex.self)
    planFromReal = try library.function("fftw_plan_many_dft_r2c", as: PlanReal.self)
    planToReal = try library.function("fftw_plan_many_dft_c2r", as: PlanReal.self)
    execute = try library.function("fftw_execute", as: (@convention(c) (OpaquePointer) -> Void).self)
    destroy = try library.function("fftw_destroy_plan", as: (@convention(c) (OpaquePointer) -> Void).self)
  }

  /// The transform of rows of `length` complex numbers, not divided by their count when it goes back.
  public func transform(_ values: inout [Double], length: Int, rows: Int, isInverse: Bool) throws(Fault) {
    var n = Int32(length)
    let plan = values.withUnsafeMutableBufferPointer { buffer -> OpaquePointer? in
      guard let base = buffer.baseAddress else { return nil }
      let plan = planComplex(1, &n, Int32(rows), base, nil, 1, n, base, nil, 1, n, isInverse ? 1 : -1, Self.estimate)
      if let plan { execute(plan) }
      return plan
    }
    try finish(plan, length)
  }

  /// The `length / 2 + 1` complex numbers of each row of `length` real ones; the others are their mirror.
  public func ofReal(_ values: [Double], length: Int, rows: Int) throws(Fault) -> [Double] {
    var (n, input) = (Int32(length), values)
    let half = length / 2 + 1
    var output = [Double](repeating: 0, count: rows * half * 2)
    let plan = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target -> OpaquePointer? in
        guard let from = source.baseAddress, let to = target.baseAddress else { return nil }
        let plan = planFromReal(1, &n, Int32(rows), from, nil, 1, n, to, nil, 1, Int32(half), Self.estimate)
        if let plan { execute(plan) }
        return plan
      }
    }
    try finish(plan, length)
    return output
  }

  /// The rows of `length` real numbers whose transforms begin with these, not divided by their count.
  public func toReal(_ values: [Double], length: Int, rows: Int) throws(Fault) -> [Double] {
    var (n, input) = (Int32(length), values)
    let half = length / 2 + 1
    var output = [Double](repeating: 0, count: rows * length)
    let plan = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target -> OpaquePointer? in
        guard let from = source.baseAddress, let to = target.baseAddress else { return nil }
        let plan = planToReal(1, &n, Int32(rows), from, nil, 1, Int32(half), to, nil, 1, n, Self.estimate)
        if let plan { execute(plan) }
        return plan
      }
    }
    try finish(plan, length)
    return output
  }

  private func finish(_ plan: OpaquePointer?, _ length: Int) throws(Fault) {
    guard let plan else { throw Fault(.value, "a row of \(length) numbers cannot be transformed") }
    destroy(plan)
  }
}
