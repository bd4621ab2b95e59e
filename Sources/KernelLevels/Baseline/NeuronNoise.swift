// Random numbers of neurons, by the seed, the sample, the neuron, the step and the draw alone.

extension Level {
  public static func neuronNoise(
    _ form: NoiseForm, _ place: NoisePlace, time: Float, draw: Int, out: UnsafeMutablePointer<Float>
  ) {
    let key = (UInt32(truncatingIfNeeded: place.seed), UInt32(truncatingIfNeeded: place.seed >> 32))
    let step = UInt64(UInt32(max(0, min(time, 0x1p24))) & 0xff_ffff)
    let high = UInt64(place.sample) << 32 | UInt64(truncatingIfNeeded: draw & 0xff) << 24 | step
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 128) { words in
      guard let drawn = words.baseAddress else { return }
      philox(key: key, high: high, first: UInt64(place.block) * 32, blocks: 32, words: drawn)
      guard form == .normal else { return uniform(count: neuronLanes, low: 0, span: 1, drawn, out: out) }
      // The transform of Box and Muller.
      withUnsafeTemporaryAllocation(of: Float.self, capacity: neuronLanes) { room in
        guard let angle = room.baseAddress else { return }
        uniform(count: neuronLanes, low: 0x1p-25, span: 1, drawn, out: out)
        uniform(count: neuronLanes, low: 0, span: 2 * .pi, drawn + neuronLanes, out: angle)
        applyUnary(.log, count: neuronLanes, out, out: out)
        for i in 0..<neuronLanes { out[i] = max(0, -2 * out[i]) }
        applyUnary(.sqrt, count: neuronLanes, out, out: out)
        applyUnary(.cos, count: neuronLanes, angle, out: angle)
        for i in 0..<neuronLanes { out[i] *= angle[i] }
      }
    }
  }
}
