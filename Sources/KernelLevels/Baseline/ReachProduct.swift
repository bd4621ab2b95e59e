// The gradient of spikes through a surrogate of compact support: inner products only where a potential lies so near to
// the threshold that something of them arrives.

extension Level {
  public static func denseReachShare(outputs: Int) -> Double {
    // Short inner products pay for their lists and the sum of their lanes; long ones for weights that a dense product
    // reads once for many rows.
    0.17 * Double(outputs) / (Double(outputs) + 100)
  }

  public static func countWithinReach(
    _ membrane: UnsafePointer<Float>, count: Int, threshold: Float, reach: Float
  ) -> Int {
    var total = 0
    var i = 0
    while i < count {
      total += withinReach(membrane + i, min(64, count - i), threshold, reach).nonzeroBitCount
      i += 64
    }
    return total
  }

  public static func productWithinReach(
    rows: Int, neurons: Int, outputs: Int, membrane: UnsafePointer<Float>, threshold: Float, reach: Float,
    gradient: UnsafePointer<Float>, weights: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>,
    shouldStop: () -> Bool
  ) {
    if rows <= 0 || neurons <= 0 { return }
    let product = ReachProduct(
      neurons: neurons, outputs: outputs, membrane: membrane, threshold: threshold, reach: reach, gradient: gradient,
      weights: weights, out: out)
    let blocks = (rows + ReachProduct.blockRows - 1) / ReachProduct.blockRows
    ThreadPool.shared.run(tasks: blocks) { block in
      if shouldStop() { return }
      product.multiply(block * ReachProduct.blockRows..<min(rows, (block + 1) * ReachProduct.blockRows))
    }
  }
}

/// Which of up to 64 potentials lie within reach of the threshold.
@inline(__always)
private func withinReach(_ membrane: UnsafePointer<Float>, _ count: Int, _ threshold: Float, _ reach: Float) -> UInt64 {
  var active: UInt64 = 0
  var i = 0
  while i < count {
    let lanes = min(16, count - i)
    let x = loadLanes(membrane + i, lanes) - threshold
    let kept = (UInt64(1) << UInt64(lanes)) &- 1
    active |= (bits(of: (x .< reach) .& (x .> -reach)) & kept) << UInt64(i)
    i += 16
  }
  return active
}

private struct ReachProduct {
  /// Their gradients stay in the second cache while all weights pass by.
  static var blockRows: Int { @inline(__always) get { 128 } }
  /// The vectors of a row's gradient that are used at a time: 64 neurons' weights for them fill half the first cache.
  static var chunkVectors: Int { @inline(__always) get { 8 } }

  let neurons, outputs: Int
  let membrane: UnsafePointer<Float>
  let threshold, reach: Float
  let gradient: UnsafePointer<Float>
  let weights: UnsafePointer<Float>
  let out: UnsafeMutablePointer<Float>

  /// The gradients of all neurons in some rows.
  func multiply(_ rows: Range<Int>) {
    let words = lifWords(neurons)
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: rows.count * words) { bits in
      guard let bits = bits.baseAddress else { return }
      for (i, row) in rows.enumerated() {
        for word in 0..<words {
          bits[i * words + word] = withinReach(
            membrane + (row * neurons + word * 64), min(64, neurons - word * 64), threshold, reach)
        }
        for neuron in 0..<neurons { out[row * neurons + neuron] = 0 }
      }
      for word in 0..<words { multiply(rows, word: word, bits + word, stride: words) }
    }
  }

  /// The gradients of the 64 neurons of a word.
  ///
  /// - Parameter active: which of them are within reach, by rows `stride` words apart.
  private func multiply(_ rows: Range<Int>, word: Int, _ active: UnsafePointer<UInt64>, stride: Int) {
    let first = word * 64
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: rows.count * 65 + 1) { room in
      guard let starts = room.baseAddress else { return }
      let list = starts + rows.count + 1
      var listed = 0
      for i in 0..<rows.count {
        starts[i] = Int32(truncatingIfNeeded: listed)
        listed += listActive(active + i * stride, wordCount: 1, into: list + listed)
      }
      starts[rows.count] = Int32(truncatingIfNeeded: listed)
      let width = ReachProduct.chunkVectors * vectorWidth
      withUnsafeTemporaryAllocation(of: Vector.self, capacity: 64 * ReachProduct.chunkVectors + listed) { room in
        guard let packed = room.baseAddress else { return }
        let sums = packed + 64 * ReachProduct.chunkVectors
        for i in 0..<listed { sums[i] = Vector() }
        var p = 0
        while p < outputs && listed > 0 {
          pack(first, min(64, neurons - first), p, to: packed)
          addChunk(rows, p, starts, list, packed: packed, sums)
          p += width
        }
        for (i, row) in rows.enumerated() {
          let target = out + (row * neurons + first)
          for place in Int(starts[i])..<Int(starts[i + 1]) { target[Int(list[place])] = total(sums[place]) }
        }
      }
    }
  }

  /// Copies the neurons' weights to the outputs from `p` on, and zeros where there are no more.
  private func pack(_ first: Int, _ count: Int, _ p: Int, to packed: UnsafeMutablePointer<Vector>) {
    for i in 0..<count {
      for j in 0..<ReachProduct.chunkVectors {
        let at = p + j * vectorWidth
        packed[i * ReachProduct.chunkVectors + j] = loadHead(weights + ((first + i) * outputs + at), outputs - at)
      }
    }
  }

  /// Adds the products of the outputs from `p` on.
  private func addChunk(
    _ rows: Range<Int>, _ p: Int, _ starts: UnsafePointer<Int32>, _ list: UnsafePointer<Int32>,
    packed: UnsafePointer<Vector>, _ sums: UnsafeMutablePointer<Vector>
  ) {
    for (i, row) in rows.enumerated() where starts[i] < starts[i + 1] {
      let source = gradient + (row * outputs + p)
      var flow = zeroSums()
      for j in 0..<ReachProduct.chunkVectors {
        flow[j] = loadHead(source + j * vectorWidth, outputs - p - j * vectorWidth)
      }
      for place in Int(starts[i])..<Int(starts[i + 1]) {
        let line = packed + Int(list[place]) * ReachProduct.chunkVectors
        // In two sums, since one would wait for itself.
        var (even, odd) = (sums[place], Vector())
        for j in 0..<ReachProduct.chunkVectors / 2 {
          even = multiplyAdd(line[2 * j], flow[2 * j], even)
          odd = multiplyAdd(line[2 * j + 1], flow[2 * j + 1], odd)
        }
        sums[place] = even + odd
      }
    }
  }
}
