// Runs a neuron's compiled program over a population: gives the kernels their memory, and divides time into stretches
// whose values fit the cache.

import Kernels

/// A program made ready for populations of one size; stateless, so blocks can run on any thread.
struct ProgramRunner {
  private static let lanes = neuronLanes
  /// Floats of kept values that a stretch of time may take.
  private static let frameBudget = 1 << 16

  private let code: ProgramCode
  private let size: ScanSize
  private let initialStates: [Float]
  /// The values of each parameter: one, or one for each neuron.
  private let parameters: [[Float]]
  private let noise: NoiseKey

  init(_ code: ProgramCode, _ size: ScanSize, initialStates: [Float], parameters: [[Float]], noise: NoiseKey) {
    self.code = code
    self.size = size
    self.initialStates = initialStates
    self.parameters = parameters
    self.noise = noise
  }

  /// About how many operations a block of neurons costs over all steps.
  var workPerBlock: Int { size.steps * (code.forward.count + 2) * 16 }

  /// Runs some blocks.
  ///
  /// - Parameters:
  ///   - drive: `[steps, rows, neurons]`.
  ///   - spikes: `[steps, rows, words]`.
  ///   - records: for each of the first states `[steps, rows, neurons]`, or empty when no state is to be kept.
  ///   - carried: for each state `[rows, neurons]`, its values before the first step and, on return, after the last;
  ///     empty to begin at the model's initial states.
  func forward(
    drive: UnsafePointer<Float>, spikes: UnsafeMutablePointer<UInt64>, records: [UnsafeMutablePointer<Float>],
    carried: [UnsafeMutablePointer<Float>], blocks: Range<Int>
  ) {
    let memory = Memory(code, frames: 1)
    defer { memory.free() }
    fillConstants(memory)
    for index in blocks {
      let place = Place(index, size)
      let block = begin(place, memory, drive: drive)
      for (state, values) in carried.enumerated() {
        (memory.frames + state * Self.lanes).update(from: values + place.column, count: place.count)
      }
      let targets = records.map { $0 + place.column }
      withStep(code) { step in
        targets.withUnsafeBufferPointer { records in
          kernels.neuronForward(
            step, block, steps: size.steps, keepsFrames: false,
            spikes: code.distance == nil ? nil : spikes + place.row * place.wordsPerRow + place.word,
            spikeStride: size.rows * place.wordsPerRow, records: records.baseAddress, recordCount: records.count)
        }
      }
      for (state, values) in carried.enumerated() {
        (values + place.column).update(from: memory.frames + state * Self.lanes, count: place.count)
      }
    }
  }

  /// Turns the gradient of the spikes (or of the first state, for a model that doesn't fire) into that of the drive.
  ///
  /// Each block is run again: once over all steps to find the states at the begin of each stretch, unless there is but
  /// one, and once over each stretch, keeping all values, before its steps are walked backward.
  ///
  /// - Parameters:
  ///   - first: for each state `[rows, neurons]`, its values before the first step; empty for the model's own.
  ///   - carried: for each state `[rows, neurons]`, the gradient of its values after the last step and, on return, of
  ///     those before the first; empty for none.
  ///   - parameters: for each learnable parameter `[rows, neurons]`, which get its gradient for each neuron of each
  ///     sample.
  func backward(
    drive: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>, surrogate: SurrogateShape,
    first: [UnsafeMutablePointer<Float>], carried: [UnsafeMutablePointer<Float>],
    parameters: [UnsafeMutablePointer<Float>], blocks: Range<Int>
  ) {
    let length = code.frameRows * Self.lanes
    let stretch = max(1, min(size.steps, Self.frameBudget / max(1, length)))
    let stretches = (size.steps + stretch - 1) / stretch
    let states = initialStates.count * Self.lanes
    let memory = Memory(code, frames: stretch + 1, snapshots: stretches * states)
    defer { memory.free() }
    fillConstants(memory)
    for index in blocks {
      let place = Place(index, size)
      var block = begin(place, memory, drive: drive)
      let stepLength = block.stride
      for (state, values) in first.enumerated() {
        (memory.frames + state * Self.lanes).update(from: values + place.column, count: place.count)
      }
      withStep(code) { step in
        memory.snapshots.update(from: memory.frames, count: states)
        for part in 1..<max(1, stretches) {
          block.drive = drive + place.column + (part - 1) * stretch * stepLength
          kernels.neuronForward(
            step, block, steps: stretch, keepsFrames: false, spikes: nil, spikeStride: 0, records: nil, recordCount: 0)
          (memory.snapshots + part * states).update(from: memory.frames, count: states)
        }
        memory.later.update(repeating: 0, count: states)
        for (state, values) in carried.enumerated() {
          (memory.later + state * Self.lanes).update(from: values + place.column, count: place.count)
        }
        memory.parameters.update(repeating: 0, count: parameters.count * Self.lanes)
        for part in (0..<stretches).reversed() {
          let begin = part * stretch
          let steps = min(stretch, size.steps - begin)
          memory.frames.update(from: memory.snapshots + part * states, count: states)
          block.drive = drive + place.column + begin * stepLength
          kernels.neuronForward(
            step, block, steps: steps, keepsFrames: true, spikes: nil, spikeStride: 0, records: nil, recordCount: 0)
          code.backward.withUnsafeBufferPointer { backward in
            guard let instructions = backward.baseAddress else { return }
            kernels.neuronBackward(
              step, instructions, codeCount: backward.count, block, surrogate: surrogate, steps: steps,
              gradient: gradient + place.column + begin * stepLength, scratch: memory.scratch, later: memory.later,
              parameters: memory.parameters)
          }
        }
      }
      for (state, values) in carried.enumerated() {
        (values + place.column).update(from: memory.later + state * Self.lanes, count: place.count)
      }
      for (row, target) in parameters.enumerated() {
        (target + place.column).update(from: memory.parameters + row * Self.lanes, count: place.count)
      }
    }
  }

  /// The block with its states at their initial values and its parameters in place.
  private func begin(_ place: Place, _ memory: Memory, drive: UnsafePointer<Float>) -> NeuronBlock {
    for (state, value) in initialStates.enumerated() {
      (memory.frames + state * Self.lanes).update(repeating: value, count: Self.lanes)
    }
    for (index, row) in code.fixed.enumerated() {
      guard case .parameter(let parameter) = row, parameters[parameter].count > 1 else { continue }
      let target = memory.fixed + index * Self.lanes
      for lane in 0..<Self.lanes { target[lane] = parameters[parameter][place.first + min(lane, place.count - 1)] }
    }
    memory.noise.pointee = noise.place(sample: place.row, block: place.word)
    return NeuronBlock(
      count: place.count, stride: size.columns, drive: drive + place.column, fixed: memory.fixed,
      frames: memory.frames, pad: memory.pad, bases: memory.bases, noise: UnsafePointer(memory.noise))
  }

  private func fillConstants(_ memory: Memory) {
    for (index, row) in code.fixed.enumerated() {
      let value: Float =
        switch row {
        case .constant(let value): value
        case .parameter(let parameter): parameters[parameter].first ?? 0
        }
      (memory.fixed + index * Self.lanes).update(repeating: value, count: Self.lanes)
    }
  }

  private func withStep(_ code: ProgramCode, _ body: (NeuronStep) -> Void) {
    code.forward.withUnsafeBufferPointer { forward in
      code.updates.withUnsafeBufferPointer { updates in
        code.resets.withUnsafeBufferPointer { resets in
          // A program has states, so the places are there; without instructions their base is never read.
          guard let update = updates.baseAddress, let reset = resets.baseAddress,
            let instructions = forward.baseAddress ?? UnsafePointer(bitPattern: 64)
          else { return }
          body(
            NeuronStep(
              code: instructions, codeCount: forward.count, frameRows: code.frameRows, states: updates.count,
              updates: update, resets: reset, fires: code.distance != nil,
              distance: code.distance ?? NeuronPlace(.fixed, 0), isStrict: code.isStrict))
        }
      }
    }
  }

  /// The rows that one thread works on, in one piece of memory.
  private struct Memory {
    let fixed: UnsafeMutablePointer<Float>
    let frames: UnsafeMutablePointer<Float>
    let pad: UnsafeMutablePointer<Float>
    let scratch: UnsafeMutablePointer<Float>
    let later: UnsafeMutablePointer<Float>
    let parameters: UnsafeMutablePointer<Float>
    let snapshots: UnsafeMutablePointer<Float>
    let bases: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    let noise: UnsafeMutablePointer<NoisePlace>
    private let whole: UnsafeMutableRawPointer

    init(_ code: ProgramCode, frames count: Int, snapshots room: Int = 0) {
      let states = code.updates.count
      let rows = [code.fixed.count, count * code.frameRows, 2, code.scratchRows, 2 * states, code.learnable.count]
      let floats = rows.reduce(0, +) * neuronLanes + room
      whole = UnsafeMutableRawPointer.allocate(byteCount: max(1, floats) * MemoryLayout<Float>.stride, alignment: 64)
      fixed = whole.bindMemory(to: Float.self, capacity: floats)
      frames = fixed + rows[0] * neuronLanes
      pad = frames + rows[1] * neuronLanes
      scratch = pad + rows[2] * neuronLanes
      later = scratch + rows[3] * neuronLanes
      parameters = later + rows[4] * neuronLanes
      snapshots = parameters + rows[5] * neuronLanes
      bases = .allocate(capacity: NeuronBase.count)
      bases.initialize(repeating: fixed, count: NeuronBase.count)
      noise = .allocate(capacity: 1)
      noise.initialize(to: NoisePlace(seed: 0, sample: 0, block: 0))
    }

    func free() {
      bases.deallocate()
      noise.deallocate()
      whole.deallocate()
    }
  }

  /// Which neurons a block holds.
  private struct Place {
    let row: Int, word: Int, wordsPerRow: Int, first: Int, count: Int, column: Int

    init(_ block: Int, _ size: ScanSize) {
      wordsPerRow = lifWords(size.neurons)
      row = block / wordsPerRow
      word = block % wordsPerRow
      first = word * 64
      count = min(64, size.neurons - first)
      column = row * size.neurons + first
    }
  }
}
