// Neurons given by equations through time: one block of up to 64 neurons, with all of time in the inner loop.

extension Level {
  public static func neuronForward(
    _ step: NeuronStep, _ block: NeuronBlock, steps: Int, keepsFrames: Bool, spikes: UnsafeMutablePointer<UInt64>?,
    spikeStride: Int, records: UnsafePointer<UnsafeMutablePointer<Float>>?, recordCount: Int
  ) {
    let bases = block.bases
    for index in 0..<NeuronBase.count { bases[index] = block.pad }
    bases[Int(NeuronBase.fixed.rawValue)] = block.fixed
    if let noise = block.noise {
      bases[Int(NeuronBase.lanes.rawValue)] = UnsafeMutableRawPointer(mutating: noise).assumingMemoryBound(to: Float.self)
    }
    let length = keepsFrames ? step.frameRows * neuronLanes : 0
    let kept = block.count == 64 ? UInt64.max : (UInt64(1) << UInt64(block.count)) - 1
    let isWhole = block.count == neuronLanes
    if !isWhole { clear(block.pad) }
    for t in 0..<steps {
      let frame = block.frames + t * length
      bases[Int(NeuronBase.frame.rawValue)] = frame
      bases[Int(NeuronBase.nextFrame.rawValue)] = frame + length
      let drive = block.drive + t * block.stride
      if isWhole {
        bases[Int(NeuronBase.drive.rawValue)] = UnsafeMutablePointer(mutating: drive)
      } else {
        for i in 0..<block.count { block.pad[i] = drive[i] }
      }
      runNeuronCode(step.code, count: step.codeCount, bases, StraightThroughDerivative())
      if let records {
        for index in 0..<recordCount {
          let source = locate(step.updates[index], bases)
          let target = records[index] + t * block.stride
          for i in 0..<block.count { target[i] = source[i] }
        }
      }
      let fired = finish(step, bases, wantsSpikes: spikes != nil)
      if let spikes { spikes[t * spikeStride] = fired & kept }
    }
  }
}

/// Writes the states after the step; answers with the spikes where they are wanted.
@inline(__always)
private func finish(_ step: NeuronStep, _ bases: NeuronBases, wantsSpikes: Bool) -> UInt64 {
  let target = bases[Int(NeuronBase.nextFrame.rawValue)]
  guard step.fires else {
    for index in 0..<step.states {
      let update = locate(step.updates[index], bases)
      for i in 0..<neuronLanes { target[index * neuronLanes + i] = update[i] }
    }
    return 0
  }
  let distance = locate(step.distance, bases)
  var fired: UInt64 = 0
  for quarter in 0..<4 {
    let x = loadLanes(distance + quarter * 16, 16)
    let mask = step.isStrict ? x .> 0 : x .>= 0
    if wantsSpikes { fired |= bits(of: mask) << UInt64(quarter * 16) }
    for index in 0..<step.states {
      let update = loadLanes(locate(step.updates[index], bases) + quarter * 16, 16)
      let reset = loadLanes(locate(step.resets[index], bases) + quarter * 16, 16)
      storeLanes(update.replacing(with: reset, where: mask), target + (index * neuronLanes + quarter * 16), 16)
    }
  }
  return fired
}

extension Level {
  public static func neuronBackward(
    _ step: NeuronStep, _ code: UnsafePointer<NeuronInstruction>, codeCount: Int, _ block: NeuronBlock,
    surrogate: SurrogateShape, steps: Int, gradient: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, later: UnsafeMutablePointer<Float>, parameters: UnsafeMutablePointer<Float>
  ) {
    let scan = NeuronBackwardScan(
      step: step, code: code, codeCount: codeCount, block: block, steps: steps, gradient: gradient, scratch: scratch,
      later: later, parameters: parameters)
    surrogate.run(scan)
  }
}

private struct NeuronBackwardScan: SurrogateLoop {
  let step: NeuronStep
  let code: UnsafePointer<NeuronInstruction>
  let codeCount: Int
  let block: NeuronBlock
  let steps: Int
  let gradient: UnsafeMutablePointer<Float>
  let scratch: UnsafeMutablePointer<Float>
  let later: UnsafeMutablePointer<Float>
  let parameters: UnsafeMutablePointer<Float>

  @inline(__always)
  func run(_ surrogate: some SurrogateDerivative) {
    let bases = block.bases
    let states = step.states * neuronLanes
    var (after, before) = (later, later + states)
    for index in 0..<NeuronBase.count { bases[index] = block.pad }
    bases[Int(NeuronBase.fixed.rawValue)] = block.fixed
    bases[Int(NeuronBase.scratch.rawValue)] = scratch
    bases[Int(NeuronBase.parameters.rawValue)] = parameters
    let length = step.frameRows * neuronLanes
    let isWhole = block.count == neuronLanes
    let (drivePad, gradientPad) = (block.pad, block.pad + neuronLanes)
    if !isWhole { clear(drivePad) }
    var t = steps - 1
    while t >= 0 {
      bases[Int(NeuronBase.frame.rawValue)] = block.frames + t * length
      bases[Int(NeuronBase.later.rawValue)] = after
      bases[Int(NeuronBase.earlier.rawValue)] = before
      let drive = block.drive + t * block.stride
      let slope = gradient + t * block.stride
      if isWhole {
        bases[Int(NeuronBase.drive.rawValue)] = UnsafeMutablePointer(mutating: drive)
        bases[Int(NeuronBase.gradient.rawValue)] = slope
        bases[Int(NeuronBase.driveGradient.rawValue)] = slope
      } else {
        bases[Int(NeuronBase.gradient.rawValue)] = gradientPad
        bases[Int(NeuronBase.driveGradient.rawValue)] = gradientPad
        clear(gradientPad)
        for i in 0..<block.count {
          drivePad[i] = drive[i]
          gradientPad[i] = slope[i]
        }
      }
      runNeuronCode(code, count: codeCount, bases, surrogate)
      if !isWhole { for i in 0..<block.count { slope[i] = gradientPad[i] } }
      swap(&after, &before)
      t -= 1
    }
    if after != later { for i in 0..<states { later[i] = after[i] } }
  }
}

@inline(__always)
private func clear(_ row: UnsafeMutablePointer<Float>) {
  for i in 0..<neuronLanes { row[i] = 0 }
}
