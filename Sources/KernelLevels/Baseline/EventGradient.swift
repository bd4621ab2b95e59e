// The gradient of a convolution's weights by events: each active feature adds, for each tap that it lies under, the
// gradients of one window times its value.
//
// The features of a channel add to the same few sums, which therefore stay in registers from one feature to the next.
// Each sum goes on in order of rows and pixels, as that of a dense product does.

struct EventGradient {
  let shape: WindowShape
  let outputs: Int
  let input: ConvolutionInput
  /// Of the outputs, rows of `[outputs, pixels]`.
  let gradient: UnsafePointer<Float>
  /// `[taps, paddedChannels(outputs)]`, added to.
  let sums: UnsafeMutablePointer<Float>

  func add(_ rows: Range<Int>) {
    let (columns, pixels) = (Level.paddedChannels(outputs), shape.outPixels)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: (pixels + 1) * columns) { room in
      guard let turned = room.baseAddress else { return }
      turned.update(repeating: 0, count: (pixels + 1) * columns)
      withActiveFeatures(shape.features) { active in
        withUnsafeTemporaryAllocation(of: FeaturePlace.self, capacity: shape.pixels) { places in
          guard let places = places.baseAddress else { return }
          withTargets(shape, width: columns) { rowTargets, columnTargets in
            let walk = EventWalk(
              shape: shape, columns: columns, rows: rowTargets.targets, lines: columnTargets.targets, places: places,
              turned: UnsafePointer(turned), nothing: UnsafePointer(turned + pixels * columns), sums: sums)
            for row in rows {
              _ = active.list(input, row: row, features: shape.features, most: shape.features)
              if active.count == 0 { continue }
              turn(
                gradient + row * outputs * pixels, rows: outputs, columns: pixels, sourceStep: pixels, to: turned,
                outStep: columns)
              walk.add(active)
            }
          }
        }
      }
    }
  }
}

/// Where an active feature's entries begin in the tables of the windows that see it, and its value.
private struct FeaturePlace {
  var row, column: Int32
  var value: Float
}

/// The products of one row's active features.
private struct EventWalk {
  let shape: WindowShape
  let columns: Int
  /// For each line and tap, and for each column and tap, where the windows' gradients stand, or a negative number.
  let rows, lines: UnsafePointer<Int>
  /// Room for those of one channel.
  let places: UnsafeMutablePointer<FeaturePlace>
  /// `[pixels, columns]`.
  let turned: UnsafePointer<Float>
  /// The gradients of a window that isn't there.
  let nothing: UnsafePointer<Float>
  let sums: UnsafeMutablePointer<Float>

  func add(_ active: ActiveFeatures) {
    let (pixels, width) = (UInt32(truncatingIfNeeded: shape.pixels), UInt32(truncatingIfNeeded: shape.width))
    let kernel = (shape.kernelHeight, shape.kernelWidth)
    var next = 0
    while next < active.count {
      let channel = UInt32(truncatingIfNeeded: active.indices[next]) / pixels
      let begin = channel * pixels
      var count = 0
      while next < active.count {
        let place = UInt32(truncatingIfNeeded: active.indices[next]) &- begin
        if place >= pixels { break }
        let y = place / width
        places[count] = FeaturePlace(
          row: Int32(truncatingIfNeeded: Int(y) * kernel.0),
          column: Int32(truncatingIfNeeded: Int(place - y * width) * kernel.1), value: active.values[next])
        count += 1
        next += 1
      }
      let target = sums + Int(channel) * kernel.0 * kernel.1 * columns
      for ky in 0..<kernel.0 { addLine(ky, count, to: target + ky * kernel.1 * columns) }
    }
  }

  /// The vectors of a tap that registers hold, for three taps at once.
  private static var most: Int {
    @inline(__always) get {
      #if KERNELS_AVX512
        8
      #else
        4
      #endif
    }
  }

  /// The sums of the taps of one line of the kernel.
  private func addLine(_ ky: Int, _ count: Int, to target: UnsafeMutablePointer<Float>) {
    var kx = 0
    while kx < shape.kernelWidth {
      let taps = shape.kernelWidth - kx >= 3 ? 3 : 1
      var left = columns / vectorWidth
      var column = 0
      while left > 0 {
        let vectors = left >= EventWalk.most ? EventWalk.most : left >= 4 ? 4 : left >= 2 ? 2 : 1
        let part = EventPart(ky: ky, kx: kx, column: column, count: count, target: target + (kx * columns + column))
        switch (taps, vectors) {
        case (3, 8): add3x8(part)
        case (3, 4): add3x4(part)
        case (3, 2): add3x2(part)
        case (3, _): add3x1(part)
        case (_, 8): add1x8(part)
        case (_, 4): add1x4(part)
        case (_, 2): add1x2(part)
        default: add1x1(part)
        }
        column += vectors * vectorWidth
        left -= vectors
      }
      kx += taps
    }
  }

  // One function a size: the compiler gives up inlining where all stand in one.
  @inline(never) private func add3x8(_ part: EventPart) { add(part, 3, 8) }
  @inline(never) private func add3x4(_ part: EventPart) { add(part, 3, 4) }
  @inline(never) private func add3x2(_ part: EventPart) { add(part, 3, 2) }
  @inline(never) private func add3x1(_ part: EventPart) { add(part, 3, 1) }
  @inline(never) private func add1x8(_ part: EventPart) { add(part, 1, 8) }
  @inline(never) private func add1x4(_ part: EventPart) { add(part, 1, 4) }
  @inline(never) private func add1x2(_ part: EventPart) { add(part, 1, 2) }
  @inline(never) private func add1x1(_ part: EventPart) { add(part, 1, 1) }

  @inline(__always)
  private func add(_ part: EventPart, _ taps: Int, _ vectors: Int) {
    var held = zeroSums()
    for k in 0..<taps {
      for v in 0..<vectors { held[k * vectors + v] = load(part.target + (k * columns + v * vectorWidth)) }
    }
    for i in 0..<part.count {
      let place = places[i]
      let row = rows[Int(place.row) + part.ky]
      if row < 0 { continue }
      let windows = turned + (row + part.column)
      let line = lines + (Int(place.column) + part.kx)
      let value = Vector(repeating: place.value)
      for k in 0..<taps {
        let column = line[k]
        let window = column < 0 ? nothing : windows + column
        for v in 0..<vectors {
          held[k * vectors + v] = multiplyAdd(value, load(window + v * vectorWidth), held[k * vectors + v])
        }
      }
    }
    for k in 0..<taps {
      for v in 0..<vectors { store(held[k * vectors + v], part.target + (k * columns + v * vectorWidth)) }
    }
  }
}

/// Some taps of a kernel's line and some output channels, and where their sums stand.
private struct EventPart {
  let ky, kx, column, count: Int
  let target: UnsafeMutablePointer<Float>
}
