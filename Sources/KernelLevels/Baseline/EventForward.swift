// The convolution of an image by its active features: for each window, the weights of the taps under which they lie are
// added up.
//
// A line of windows at a time, the active taps of each are listed first; then a window's sums stay in registers while its
// list is gone through. Some channels at a time, so that their weights stay in the first cache. The terms of a sum come in
// order of the taps, as in a dense product.

import CVector

/// The event path of one convolution, with its scratch memory.
struct EventForward {
  /// The floats of weights that are gone through at a time: most of a first cache.
  private static var blockFloats: Int { @inline(__always) get { 6144 } }

  let shape: WindowShape
  let columns: Int
  /// `[taps, columns]`.
  let weights: UnsafePointer<Float>
  /// `[outPixels, columns]`, written.
  let sums: UnsafeMutablePointer<Float>
  /// For each column of the image and each tap, the window of a line that has it there, or a negative number.
  private let targets: UnsafePointer<Int>
  /// The first active feature of each line of each channel, and their end.
  private let lineStarts: UnsafeMutablePointer<Int32>
  /// For each active feature, where its column's entries begin in `targets`.
  private let places: UnsafeMutablePointer<Int32>
  /// For each window of a line where its list ends, and the lists: where the weights of each active tap stand.
  private let ends: UnsafeMutablePointer<Int32>
  private let taps: UnsafeMutablePointer<Int32>
  /// Beside the taps, the features' values.
  private let values: UnsafeMutablePointer<Float>
  /// How many taps a window's list has room for.
  private let room: Int

  /// The channels whose weights are gone through at a time.
  private static func blockChannels(_ shape: WindowShape, columns: Int) -> Int {
    max(1, min(shape.channels, blockFloats / (shape.kernelHeight * shape.kernelWidth * columns)))
  }

  /// Calls `body` with the path.
  static func with(
    _ shape: WindowShape, columns: Int, weights: UnsafePointer<Float>, _ body: (EventForward) -> Void
  ) {
    let room = blockChannels(shape, columns: columns) * shape.kernelHeight * shape.kernelWidth
    let lines = shape.channels * shape.height + 1
    let (width, outWidth) = (shape.width * shape.kernelWidth, shape.outWidth)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: shape.outPixels * columns + outWidth * room) { floats in
      withUnsafeTemporaryAllocation(
        of: Int32.self, capacity: lines + shape.features + outWidth + outWidth * room
      ) { numbers in
        withUnsafeTemporaryAllocation(of: Int.self, capacity: width) { targets in
          guard let floats = floats.baseAddress, let numbers = numbers.baseAddress, let targets = targets.baseAddress
          else { return }
          _ = AxisTargets(
            targets, size: shape.width, kernel: shape.kernelWidth, stride: shape.strideX, padding: shape.paddingX,
            outputs: outWidth, unit: 1)
          let ends = numbers + lines + shape.features
          body(
            EventForward(
              shape: shape, columns: columns, weights: weights, sums: floats, targets: UnsafePointer(targets),
              lineStarts: numbers, places: numbers + lines, ends: ends, taps: ends + outWidth,
              values: floats + shape.outPixels * columns, room: room))
        }
      }
    }
  }

  /// Writes the sums of a row with these active features, all of value 1 if it is of spikes.
  func multiply(_ active: ActiveFeatures, areSpikes: Bool) {
    list(active)
    let channels = EventForward.blockChannels(shape, columns: columns)
    var channel = 0
    repeat {
      let end = min(shape.channels, channel + channels)
      for y in 0..<shape.outHeight {
        let line = sums + y * shape.outWidth * columns
        if areSpikes {
          listTaps(channel..<end, y, active.values, areSpikes: true)
          addLine(to: line, isFirst: channel == 0, areSpikes: true)
        } else {
          listTaps(channel..<end, y, active.values, areSpikes: false)
          addLine(to: line, isFirst: channel == 0, areSpikes: false)
        }
      }
      channel = end
    } while channel < shape.channels
  }

  /// Finds the lines of the active features.
  private func list(_ active: ActiveFeatures) {
    let width = UInt32(truncatingIfNeeded: shape.width)
    let kernelWidth = Int32(truncatingIfNeeded: shape.kernelWidth)
    var next = 0
    for i in 0..<active.count {
      let feature = UInt32(truncatingIfNeeded: active.indices[i])
      let line = Int(feature / width)
      while next <= line {
        lineStarts[next] = Int32(truncatingIfNeeded: i)
        next += 1
      }
      places[i] = Int32(truncatingIfNeeded: feature % width) &* kernelWidth
    }
    while next <= shape.channels * shape.height {
      lineStarts[next] = Int32(truncatingIfNeeded: active.count)
      next += 1
    }
  }

  /// Lists the active taps of some channels for each window of line `y`, in order.
  @inline(__always)
  private func listTaps(_ channels: Range<Int>, _ y: Int, _ source: UnsafePointer<Float>, areSpikes: Bool) {
    for window in 0..<shape.outWidth { ends[window] = Int32(truncatingIfNeeded: window * room) }
    for channel in channels {
      for ky in 0..<shape.kernelHeight {
        let line = y * shape.strideY + ky - shape.paddingY
        if line < 0 || line >= shape.height { continue }
        let (first, tap) = (channel * shape.height + line, (channel * shape.kernelHeight + ky) * shape.kernelWidth)
        let features = (Int(lineStarts[first]), Int(lineStarts[first + 1]))
        if shape.kernelWidth == 3 {
          listLine(features, tap * columns, source, kernelWidth: 3, areSpikes: areSpikes)
        } else {
          listLine(features, tap * columns, source, kernelWidth: shape.kernelWidth, areSpikes: areSpikes)
        }
      }
    }
  }

  /// Lists a line's active features under the taps of one line of the kernel, of which the first has the weights at `tap`.
  @inline(__always)
  private func listLine(
    _ features: (Int, Int), _ tap: Int, _ source: UnsafePointer<Float>, kernelWidth: Int, areSpikes: Bool
  ) {
    // Copies: what is written might lie over the struct, for all that the compiler knows.
    let (targets, places, ends, taps, values, columns) = (targets, places, ends, taps, values, columns)
    for i in features.0..<features.1 {
      let windows = targets + Int(places[i])
      for kx in 0..<kernelWidth {
        let window = windows[kx]
        if window < 0 { continue }
        let end = Int(ends[window])
        taps[end] = Int32(truncatingIfNeeded: tap &+ kx &* columns)
        if !areSpikes { values[end] = source[i] }
        ends[window] = Int32(truncatingIfNeeded: end &+ 1)
      }
    }
  }

  @inline(__always)
  private func addLine(to line: UnsafeMutablePointer<Float>, isFirst: Bool, areSpikes: Bool) {
    for window in 0..<shape.outWidth {
      let (target, first) = (line + window * columns, window * room)
      let count = Int(ends[window]) - first
      var column = 0
      var left = columns / vectorWidth
      while left > 0 {
        let vectors = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1
        let part = EventWindow(
          taps: taps + first, values: values + first, count: count, weights: weights + column, target: target + column,
          isFirst: isFirst)
        switch vectors {
        case 8: areSpikes ? part.add8Spikes() : part.add8()
        case 4: areSpikes ? part.add4Spikes() : part.add4()
        case 2: areSpikes ? part.add2Spikes() : part.add2()
        default: areSpikes ? part.add1Spikes() : part.add1()
        }
        column += vectors * vectorWidth
        left -= vectors
      }
    }
  }
}

/// The active taps of a window, and some output channels.
private struct EventWindow {
  let taps: UnsafePointer<Int32>
  let values: UnsafePointer<Float>
  let count: Int
  let weights: UnsafePointer<Float>
  let target: UnsafeMutablePointer<Float>
  /// Whether the sums begin here.
  let isFirst: Bool

  // One function a size: the compiler gives up inlining where all stand in one.
  @inline(never) func add8Spikes() { add(8, areSpikes: true) }
  @inline(never) func add4Spikes() { add(4, areSpikes: true) }
  @inline(never) func add2Spikes() { add(2, areSpikes: true) }
  @inline(never) func add1Spikes() { add(1, areSpikes: true) }
  @inline(never) func add8() { add(8, areSpikes: false) }
  @inline(never) func add4() { add(4, areSpikes: false) }
  @inline(never) func add2() { add(2, areSpikes: false) }
  @inline(never) func add1() { add(1, areSpikes: false) }

  @inline(__always)
  private func add(_ vectors: Int, areSpikes: Bool) {
    var held = zeroSums()
    if !isFirst {
      for v in 0..<vectors { held[v] = load(target + v * vectorWidth) }
    }
    for i in 0..<count {
      let line = weights + Int(taps[i])
      if areSpikes {
        for v in 0..<vectors { held[v] += load(line + v * vectorWidth) }
      } else {
        let value = Vector(repeating: values[i])
        for v in 0..<vectors { held[v] = multiplyAdd(value, load(line + v * vectorWidth), held[v]) }
      }
    }
    for v in 0..<vectors { store(held[v], target + v * vectorWidth) }
  }
}
