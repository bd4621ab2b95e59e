// The module `fft`: discrete Fourier transforms along the last axis. A complex tensor is a pair of real ones.

import Faults
import Glibc
import Libraries
import Machine
import Tensors

private let realPart = BuiltinParameter.required("re", .array, "the real part, transformed along its last axis")
private let imaginaryPart = BuiltinParameter.optional("im", .array, default: "0", "the imaginary part")

/// fft, ifft, rfft, irfft and frequencies.
let fourierBuiltins: [Builtin] = [
  Builtin(
    "fft.fft", [realPart, imaginaryPart], returns: "(tensor, tensor)", subject: "signals",
    "The Fourier transform along the last axis, as a real and an imaginary part. Gradients flow.",
    example: """
      use fft
      let (re, im) = fft.fft([1, 0, 0, 0])
      print(re, im)   # expect: tensor[4] [1., 1., 1., 1.] tensor[4] [0., 0., 0., 0.]
      """
  ) { (call) throws(Fault) in try transformed(call, isInverse: false) },
  Builtin(
    "fft.ifft", [realPart, imaginaryPart], returns: "(tensor, tensor)", subject: "signals", "The way back from `fft.fft`: divided by the count. Gradients flow.",
    example: """
      use fft
      let (re, im) = fft.fft([1, 2, 3])
      print(close(fft.ifft(re, im)[0], [1, 2, 3]))   # expect: true
      """
  ) { (call) throws(Fault) in try transformed(call, isInverse: true) },
  Builtin(
    "fft.rfft", [.required("x", .array, "real numbers, transformed along the last axis")], returns: "(tensor, tensor)", subject: "signals",
    "The first half of the Fourier transform of real numbers, n // 2 + 1 of n; the other half is its mirror. Gradients flow.",
    example: """
      use fft
      let (re, im) = fft.rfft(sin(tau * arange(8) / 8))
      print(round(im, 3))   # expect: tensor[5] [0., -4., 0., 0., 0.]
      """
  ) { (call) throws(Fault) in
    let x = try call.tensor(0)
    let length = try rowLength(x, call)
    if x.isTracked {
      let (re, im) = try transform(x, nil, isInverse: false, call)
      return .pair(.tensor(try re.part(along: -1, to: length / 2 + 1)), .tensor(try im.part(along: -1, to: length / 2 + 1)))
    }
    let values = try fourier().ofReal(doubles(x), length: length, rows: x.count / length)
    return try complexPair(values, Array(x.shape.dropLast()) + [length / 2 + 1])
  },
  Builtin(
    "fft.irfft",
    [realPart, .required("im", .array, "the imaginary part"), .optional("n", .int, default: "twice one less than there are", "how many numbers the result has")],
    returns: "tensor", subject: "signals", "The real numbers whose transform `fft.rfft` gives.",
    example: """
      use fft
      let (re, im) = fft.rfft([1, 2, 3, 4, 5])
      print(close(fft.irfft(re, im, 5), [1, 2, 3, 4, 5]))   # expect: true
      """
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    try call.checkPlain(1)
    let (re, im) = (try call.tensor(0), try call.tensor(1))
    let half = try rowLength(re, call)
    guard re.shape == im.shape else { throw differing(re, im) }
    let length = try call.int(2, default: max(1, 2 * (half - 1)), atLeast: 1)
    guard length / 2 + 1 == half else {
      throw call.wrong(2, "is \(length), whose transform has \(length / 2 + 1) numbers, and there are \(half)", kind: .shape)
    }
    let values = try fourier().toReal(interleaved(re, im), length: length, rows: re.count / half)
    return .tensor(try Tensor(values.map { Float($0 / Double(length)) }, shape: Array(re.shape.dropLast()) + [length]))
  },
  Builtin(
    "fft.frequencies",
    [.required("n", .int, "how many numbers were transformed"), .optional("step", .number, default: "1", "their distance in time"), .optional("half", .bool, default: "true", "those of `fft.rfft`; otherwise of `fft.fft`")],
    returns: "tensor", subject: "signals", "The frequencies that the numbers of a transform stand for, in cycles per unit of `step`.",
    example: """
      use fft
      print(fft.frequencies(4, 0.5), fft.frequencies(4, half=false))   # expect: tensor[3] [0., 0.5, 1.] tensor[4] [0., 0.25, -0.5, -0.25]
      """
  ) { (call) throws(Fault) in
    let (n, step) = (try call.int(0, atLeast: 1), try call.number(1, default: 1))
    if !(step > 0 && step.isFinite) { throw call.wrong(1, "must be above 0, found \(floatText(step))") }
    let isHalf = try call.bool(2, default: true)
    let count = isHalf ? n / 2 + 1 : n
    return .tensor(
      try Tensor(shape: [count]) { out in
        for k in 0..<count { out[k] = Float(Double(!isHalf && 2 * k >= n ? k - n : k) / (Double(n) * step)) }
      })
  },
]

private enum Loaded {
  static let fftw = Result<FFTW, Fault> { () throws(Fault) in try FFTW() }
}

func fourier() throws(Fault) -> FFTW { try Loaded.fftw.get() }

private func transformed(_ call: Call, isInverse: Bool) throws(Fault) -> Value {
  let im = call.has(1) && !call[1].isNil ? try call.tensor(1) : nil
  let (re, imaginary) = try transform(try call.tensor(0), im, isInverse: isInverse, call)
  return .pair(.tensor(re), .tensor(imaginary))
}

private func differing(_ re: Tensor, _ im: Tensor) -> Fault {
  Fault(.shape, "the real and the imaginary part differ in shape", label: "\(Shape.text(re.shape)) and \(Shape.text(im.shape))")
}

private func rowLength(_ x: Tensor, _ call: Call) throws(Fault) -> Int {
  guard let length = x.shape.last, x.count > 0 else {
    throw call.wrong(0, "must hold numbers along an axis, found the shape \(Shape.text(x.shape))", kind: .shape)
  }
  try MemoryLimit.check(x.count * 48, for: "a Fourier transform of \(Shape.text(x.shape))")
  return length
}

private func doubles(_ x: Tensor) -> [Double] { x.withUnsafeBuffer { $0.map { Double($0) } } }

private func interleaved(_ re: Tensor, _ im: Tensor?) -> [Double] {
  var values = [Double](repeating: 0, count: 2 * re.count)
  re.withUnsafeBuffer { for (place, value) in $0.enumerated() { values[2 * place] = Double(value) } }
  im?.withUnsafeBuffer { for (place, value) in $0.enumerated() { values[2 * place + 1] = Double(value) } }
  return values
}

private func complexPair(_ values: [Double], _ shape: [Int], scale: Double = 1) throws(Fault) -> Value {
  let (re, im) = try parts(values, shape, scale)
  return .pair(.tensor(re), .tensor(im))
}

private func parts(_ values: [Double], _ shape: [Int], _ scale: Double) throws(Fault) -> (Tensor, Tensor) {
  let count = values.count / 2
  return (
    try Tensor(shape: shape) { out in for place in 0..<count { out[place] = Float(values[2 * place] * scale) } },
    try Tensor(shape: shape) { out in for place in 0..<count { out[place] = Float(values[2 * place + 1] * scale) } }
  )
}

/// The transform and, on a tape, how gradients come back: by the same transform, whose matrix is symmetric.
private func transform(_ re: Tensor, _ im: Tensor?, isInverse: Bool, _ call: Call) throws(Fault) -> (Tensor, Tensor) {
  let length = try rowLength(re, call)
  if let im, im.shape != re.shape { throw differing(re, im) }
  var values = interleaved(re, im)
  try fourier().transform(&values, length: length, rows: re.count / length, isInverse: isInverse)
  let (real, imaginary) = try parts(values, re.shape, isInverse ? 1 / Double(length) : 1)
  guard let tape = try Tape.common([re] + (im.map { [$0] } ?? [])) else { return (real, imaginary) }
  let inputs = [re] + (im.map { [$0] } ?? [])
  func recorded(_ output: Tensor, isReal: Bool) throws(Fault) -> Tensor {
    try tape.record(inputs: inputs, output: output) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      let (a, b) = try transform(gradient.detached, nil, isInverse: isInverse, call)
      // re = C x - S y and im = S x + C y, with C and S the real and imaginary parts of the transform's matrix.
      let slopes: [Tensor?] = isReal ? [a, try b.unary(.negate)] : [b, a]
      return Array(slopes.prefix(inputs.count))
    }
  }
  return (try recorded(real, isReal: true), try recorded(imaginary, isReal: false))
}
