// Runs a neuron's program over blocks of 64 neurons, with all of time in the inner loop, and differentiates it.
//
// Each operation has one row of 64 numbers per block; a step computes row after row with the element-wise kernels, so
// the cost of reading the program is shared by 64 neurons, and everything stays in the first-level cache.

import Kernels

/// A program made ready for populations of one size; stateless, so blocks can run on any thread.
struct ProgramRunner {
  static let lanes = 64

  let neuron: EquationNeuron
  let size: ScanSize
  private let operations: [NeuronProgram.Operation]

  init(_ neuron: EquationNeuron, _ size: ScanSize) {
    self.neuron = neuron
    self.size = size
    operations = neuron.program.operations
  }

  /// About how many operations a block of neurons costs over all steps.
  var workPerBlock: Int { size.steps * operations.count * 16 }

  /// Runs some blocks.
  ///
  /// - Parameters:
  ///   - drive: `[steps, rows, neurons]`.
  ///   - spikes: `[steps, rows, words]`, zero before.
  ///   - records: for each state `[steps, rows, neurons]`, or empty when no state is to be kept.
  ///   - carried: for each state `[rows, neurons]`, its values before the first step and, on return, after the last;
  ///     empty to begin at the model's initial states.
  func forward(
    drive: UnsafePointer<Float>, spikes: UnsafeMutablePointer<UInt64>, records: [UnsafeMutablePointer<Float>],
    carried: [UnsafeMutablePointer<Float>] = [], blocks: Range<Int>
  ) {
    let states = neuron.initialStates.count
    withRows(operations.count + states) { rows in
      let state = rows + operations.count * Self.lanes
      for block in blocks {
        let place = Place(block, size)
        begin(state)
        let column = place.row * size.neurons + place.first
        for (index, values) in carried.enumerated() {
          (state + index * Self.lanes).update(from: values + column, count: place.count)
        }
        fillConstants(rows)
        for t in 0..<size.steps {
          let here = (t * size.rows + place.row) * size.neurons + place.first
          compute(rows, state: state, drive: drive + here, count: place.count)
          for (index, record) in records.enumerated() {
            (record + here).update(from: rows + neuron.program.updates[index] * Self.lanes, count: place.count)
          }
          let fired = finish(rows, state: state)
          let kept = place.count == 64 ? UInt64.max : (1 << UInt64(place.count)) - 1
          spikes[(t * size.rows + place.row) * place.wordsPerRow + place.word] = fired & kept
        }
        for (index, values) in carried.enumerated() {
          (values + column).update(from: state + index * Self.lanes, count: place.count)
        }
      }
    }
  }

  /// Turns the gradient of the spikes (or of the first state, for a model that doesn't fire) into that of the drive.
  ///
  /// Each block is run again to find the states before each step; then the program is walked backwards step by step.
  /// As in `lifBackward`, no gradient flows through the spike that caused a reset.
  ///
  /// - Parameters:
  ///   - first: for each state `[rows, neurons]`, its values before the first step; empty for the model's own.
  ///   - carried: for each state `[rows, neurons]`, the gradient of its values after the last step and, on return, of
  ///     those before the first; empty for none.
  func backward(
    drive: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>, surrogate: SurrogateShape,
    first: [UnsafeMutablePointer<Float>] = [], carried: [UnsafeMutablePointer<Float>] = [], blocks: Range<Int>
  ) {
    let states = neuron.initialStates.count
    let count = operations.count
    withRows(2 * count + 2 * states + 3 + states * size.steps) { rows in
      let state = rows + count * Self.lanes
      let later = state + states * Self.lanes
      let adjoints = later + states * Self.lanes
      let scratch = adjoints + count * Self.lanes
      let history = scratch + 3 * Self.lanes
      for block in blocks {
        let place = Place(block, size)
        begin(state)
        let column = place.row * size.neurons + place.first
        for (index, values) in first.enumerated() {
          (state + index * Self.lanes).update(from: values + column, count: place.count)
        }
        fillConstants(rows)
        for t in 0..<size.steps {
          (history + t * states * Self.lanes).update(from: state, count: states * Self.lanes)
          let here = (t * size.rows + place.row) * size.neurons + place.first
          compute(rows, state: state, drive: drive + here, count: place.count)
          _ = finish(rows, state: state)
        }
        later.update(repeating: 0, count: states * Self.lanes)
        for (index, values) in carried.enumerated() {
          (later + index * Self.lanes).update(from: values + column, count: place.count)
        }
        for t in (0..<size.steps).reversed() {
          state.update(from: history + t * states * Self.lanes, count: states * Self.lanes)
          let here = (t * size.rows + place.row) * size.neurons + place.first
          compute(rows, state: state, drive: drive + here, count: place.count)
          seedAdjoints(
            adjoints, rows: rows, later: later, gradient: gradient + here, count: place.count, surrogate, scratch)
          let walk = ProgramAdjoint(operations: operations, rows: rows, adjoints: adjoints, scratch: scratch)
          (gradient + here).update(repeating: 0, count: place.count)
          later.update(repeating: 0, count: states * Self.lanes)
          walk.run(input: gradient + here, count: place.count, states: later)
        }
        for (index, values) in carried.enumerated() {
          (values + column).update(from: later + index * Self.lanes, count: place.count)
        }
      }
    }
  }

  /// The gradients that enter a step: of its spikes, and of the states that it leaves.
  private func seedAdjoints(
    _ adjoints: UnsafeMutablePointer<Float>, rows: UnsafePointer<Float>, later: UnsafePointer<Float>,
    gradient: UnsafePointer<Float>, count: Int, _ surrogate: SurrogateShape, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let lanes = Self.lanes
    let program = neuron.program
    adjoints.update(repeating: 0, count: operations.count * lanes)
    guard let distance = program.distance else {
      let first = adjoints + program.updates[0] * lanes
      for i in 0..<count { first[i] += gradient[i] }
      for (index, place) in program.updates.enumerated() {
        accumulate(count: lanes, scale: 1, later + index * lanes, into: adjoints + place * lanes)
      }
      return
    }
    let x = rows + distance * lanes
    for (index, (update, reset)) in zip(program.updates, program.resets).enumerated() {
      let source = later + index * lanes
      let (kept, fallen) = (adjoints + update * lanes, adjoints + reset * lanes)
      for i in 0..<lanes {
        if fires(x[i]) { fallen[i] += source[i] } else { kept[i] += source[i] }
      }
    }
    scratch.update(from: x, count: lanes)
    surrogateDerivatives(surrogate, scratch, count: lanes)
    let target = adjoints + distance * lanes
    for i in 0..<count { target[i] += gradient[i] * scratch[i] }
  }

  @inline(__always)
  private func fires(_ x: Float) -> Bool { neuron.program.isStrict ? x > 0 : x >= 0 }

  private func begin(_ state: UnsafeMutablePointer<Float>) {
    for (index, value) in neuron.initialStates.enumerated() {
      (state + index * Self.lanes).update(repeating: value, count: Self.lanes)
    }
  }

  private func fillConstants(_ rows: UnsafeMutablePointer<Float>) {
    for (place, operation) in operations.enumerated() {
      let row = rows + place * Self.lanes
      switch operation {
      case .constant(let value): row.update(repeating: value, count: Self.lanes)
      case .parameter(let index): row.update(repeating: neuron.parameters[index], count: Self.lanes)
      case .input: row.update(repeating: 0, count: Self.lanes)
      default: break
      }
    }
  }

  /// All operations of one step.
  private func compute(
    _ rows: UnsafeMutablePointer<Float>, state: UnsafePointer<Float>, drive: UnsafePointer<Float>, count: Int
  ) {
    let lanes = Self.lanes
    for (place, operation) in operations.enumerated() {
      let row = rows + place * lanes
      switch operation {
      case .input: row.update(from: drive, count: count)
      case .state(let index): row.update(from: state + index * lanes, count: lanes)
      case .parameter, .constant: break
      case .unary(let kernel, let a): applyUnary(kernel, count: lanes, rows + a * lanes, out: row)
      case .binary(let kernel, let a, let b):
        applyBinary(kernel, steps: .both, count: lanes, rows + a * lanes, rows + b * lanes, out: row)
      case .select(let condition, let a, let b):
        select(count: lanes, condition: rows + condition * lanes, rows + a * lanes, rows + b * lanes, out: row)
      }
    }
  }

  /// The states after the step, with the reset where the neuron fired; answers with the spikes.
  private func finish(_ rows: UnsafePointer<Float>, state: UnsafeMutablePointer<Float>) -> UInt64 {
    let lanes = Self.lanes
    let program = neuron.program
    var fired: UInt64 = 0
    if let distance = program.distance {
      let x = rows + distance * lanes
      for i in 0..<lanes where fires(x[i]) { fired |= 1 << UInt64(i) }
    }
    for (index, place) in program.updates.enumerated() {
      (state + index * lanes).update(from: rows + place * lanes, count: lanes)
    }
    if fired == 0 { return 0 }
    for (index, place) in program.resets.enumerated() {
      let (target, source) = (state + index * lanes, rows + place * lanes)
      var bits = fired
      while bits != 0 {
        let lane = bits.trailingZeroBitCount
        target[lane] = source[lane]
        bits &= bits - 1
      }
    }
    return fired
  }

  private func withRows(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: max(1, count) * Self.lanes)
    defer { memory.deallocate() }
    body(memory)
  }

  /// Which neurons a block holds.
  private struct Place {
    let row: Int, word: Int, wordsPerRow: Int, first: Int, count: Int

    init(_ block: Int, _ size: ScanSize) {
      wordsPerRow = lifWords(size.neurons)
      row = block / wordsPerRow
      word = block % wordsPerRow
      first = word * 64
      count = min(64, size.neurons - first)
    }
  }
}
