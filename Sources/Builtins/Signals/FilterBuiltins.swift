// The module `signal`: what must be quick. Windows, designs of filters and spectra stand in stdlib/signal.snn.

import Faults
import Machine
import Tensors

private let signalParameter = BuiltinParameter.required("x", .array, "a signal, along its last axis")

/// Recursive filters and convolution, in 64 bits.
let filterBuiltins: [Builtin] = [
  Builtin(
    "signal.lfilter", [.required("b", .array, "the coefficients of the input"), .required("a", .array, "those of the output, the first not 0"), signalParameter],
    returns: "tensor", subject: "signals", "A signal through the filter a[0] y[n] = b[0] x[n] + b[1] x[n-1] + … - a[1] y[n-1] - …, from rest.",
    example: """
      use signal
      print(signal.lfilter([1], [1, -0.5], [1, 0, 0]))   # expect: tensor[3] [1., 0.5, 0.25]
      """
  ) { (call) throws(Fault) in
    let (b, a) = (try coefficients(call, 0), try coefficients(call, 1))
    guard let first = a.first, first != 0 else { throw call.wrong(1, "must begin with a number other than 0") }
    return .tensor(try filtered(call, 2, [(b.map { $0 / first }, a.map { $0 / first })], initial: nil))
  },
  Builtin(
    "signal.sosfilter",
    [
      .required("sections", .list | .tuple | .tensor, "filters of second order, one behind the other: rows of b0, b1, b2, a0, a1, a2, as `signal.butterworth` gives them"), signalParameter,
      .optional("settled", .bool, default: "false", "whether each filter begins as if the first value had always stood there"),
    ],
    returns: "tensor", subject: "signals", "A signal through a chain of filters of second order, which stay exact where one of high order would not.",
    example: """
      use signal
      print(signal.sosfilter([[0.5, 0.5, 0, 1, 0, 0]], [2, 4, 6]))   # expect: tensor[3] [1., 3., 5.]
      """
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    var sections: [(b: [Double], a: [Double])] = []
    for row in try rows(call) {
      guard row.count == 6, row[3] != 0 else { throw call.wrong(0, "must be rows of six numbers, of which the fourth is not 0", kind: .shape) }
      sections.append((row[0..<3].map { $0 / row[3] }, row[3..<6].map { $0 / row[3] }))
    }
    return .tensor(try filtered(call, 1, sections, initial: try call.bool(2, default: false)))
  },
  Builtin(
    "signal.convolve",
    [
      .required("x", .array, "a row of numbers"), .required("kernel", .array, "another"),
      .optional("mode", .string, default: "\"full\"", "\"full\": all; \"same\": as long as x, in the middle; \"valid\": where both overlap wholly"),
    ],
    returns: "tensor", subject: "signals", "The convolution of two rows of numbers; long ones by Fourier transforms.",
    example: """
      use signal
      print(signal.convolve([1, 2, 3], [1, 1]), signal.convolve([1, 2, 3], [1, 0, -1], "same"))   # expect: tensor[4] [1., 3., 5., 3.] tensor[3] [2., 2., -2.]
      """
  ) { (call) throws(Fault) in
    let (x, kernel) = (try coefficients(call, 0), try coefficients(call, 1))
    if x.isEmpty || kernel.isEmpty { throw call.wrong(x.isEmpty ? 0 : 1, "is empty") }
    let full = try convolution(x, kernel)
    let range: Range<Int>
    switch try call.string(2, default: "full") {
    case "full": range = 0..<full.count
    case "same":
      let start = (kernel.count - 1) / 2
      range = start..<start + x.count
    case "valid":
      let (short, long) = (min(x.count, kernel.count), max(x.count, kernel.count))
      range = short - 1..<long
    default: throw call.wrong(2, "must be \"full\", \"same\" or \"valid\"")
    }
    return .tensor(try Tensor(full[range].map { Float($0) }, shape: [range.count]))
  },
]

/// A row of numbers in 64 bits, those of a list as they are.
private func coefficients(_ call: Call, _ index: Int) throws(Fault) -> [Double] {
  try call.checkPlain(index)
  if let elements = call[index].elements, case let numbers = elements.compactMap(\.asNumber), numbers.count == elements.count { return numbers }
  let tensor = try call.tensor(index)
  guard tensor.rank == 1 else { throw call.wrong(index, "must be a row of numbers, found the shape \(Shape.text(tensor.shape))", kind: .shape) }
  return tensor.scalars.map { Double($0) }
}

private func rows(_ call: Call) throws(Fault) -> [[Double]] {
  if let outer = call[0].elements, outer.allSatisfy({ $0.elements != nil }) {
    return outer.map { $0.elements?.compactMap(\.asNumber) ?? [] }
  }
  let tensor = try call.tensor(0)
  guard tensor.rank == 2 else { throw call.wrong(0, "must be rows of six numbers, found the shape \(Shape.text(tensor.shape))", kind: .shape) }
  let width = tensor.shape[1]
  return (0..<tensor.shape[0]).map { row in tensor.scalars[(row * width)..<((row + 1) * width)].map { Double($0) } }
}

/// Each row through all filters (transposed direct form II), which begin at rest, or settled on the row's first value.
private func filtered(_ call: Call, _ index: Int, _ filters: [(b: [Double], a: [Double])], initial: Bool?) throws(Fault) -> Tensor {
  try call.checkPlain(index)
  let x = try call.tensor(index)
  guard let length = x.shape.last else { throw call.wrong(index, "must have an axis", kind: .shape) }
  return try Tensor(shape: x.shape) { (out) throws(Fault) in
    try x.withUnsafeBuffer { (source) throws(Fault) in
      for start in stride(from: 0, to: source.count, by: max(length, 1)) {
        var row = source[start..<start + length].map { Double($0) }
        for filter in filters { try run(filter, over: &row, settled: initial ?? false) }
        for place in 0..<length { out[start + place] = Float(row[place]) }
      }
    }
  }
}

private func run(_ filter: (b: [Double], a: [Double]), over row: inout [Double], settled: Bool) throws(Fault) {
  let order = max(filter.b.count, filter.a.count)
  let b = filter.b + [Double](repeating: 0, count: order - filter.b.count)
  let a = filter.a + [Double](repeating: 0, count: order - filter.a.count)
  var state = [Double](repeating: 0, count: order)
  if settled, let first = row.first {
    // At rest under a constant input u the output is gain u, and each state is what the ones behind it add up to.
    let sum = a.reduce(0, +)
    let output = sum == 0 ? 0 : b.reduce(0, +) / sum * first
    for place in stride(from: order - 2, through: 0, by: -1) { state[place] = state[place + 1] + b[place + 1] * first - a[place + 1] * output }
  }
  let last = order - 1
  for place in row.indices {
    if place & 0xFFFF == 0xFFFF { try Interrupt.check() }
    let input = row[place]
    let output = b[0] * input + state[0]
    var k = 0
    while k < last {
      state[k] = state[k + 1] + b[k + 1] * input - a[k + 1] * output
      k += 1
    }
    row[place] = output
  }
}

/// All of a convolution: each with each, or by transforms where those take fewer steps.
private func convolution(_ x: [Double], _ kernel: [Double]) throws(Fault) -> [Double] {
  let count = x.count + kernel.count - 1
  try MemoryLimit.check(count * 64, for: "a convolution")
  if min(x.count, kernel.count) <= 64 {
    var out = [Double](repeating: 0, count: count)
    let (long, short) = x.count >= kernel.count ? (x, kernel) : (kernel, x)
    for (offset, factor) in short.enumerated() {
      try Interrupt.check()
      for place in long.indices { out[place + offset] += factor * long[place] }
    }
    return out
  }
  // A length of small factors, which FFTW takes quickly.
  var length = 1
  while length < count { length *= 2 }
  let half = length / 2 + 1
  let library = try fourier()
  let a = try library.ofReal(x + [Double](repeating: 0, count: length - x.count), length: length, rows: 1)
  let b = try library.ofReal(kernel + [Double](repeating: 0, count: length - kernel.count), length: length, rows: 1)
  var product = [Double](repeating: 0, count: 2 * half)
  for k in 0..<half {
    product[2 * k] = a[2 * k] * b[2 * k] - a[2 * k + 1] * b[2 * k + 1]
    product[2 * k + 1] = a[2 * k] * b[2 * k + 1] + a[2 * k + 1] * b[2 * k]
  }
  return try library.toReal(product, length: length, rows: 1)[..<count].map { $0 / Double(length) }
}
