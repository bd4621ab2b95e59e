// The convolution of an image by its active features: for each window, the weights of the taps under which they lie are
// added up.
//
// The active taps of each window are listed first; then a window's sums stay in registers while its list is gone through.
// Some channels at a time, so that their weights stay in the first cache. The terms of a sum come in order of the taps, as
// in a dense product.

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
  /// For each pixel of a channel where its entries begin in the tables of windows.
  private let places: UnsafeMutablePointer<EventPlace>
  /// For each line of the image and line of the kernel, and for each column of both, the windows' share of their number;
  /// where there is none, a number too large for a window.
  private let rows, lines: UnsafeMutablePointer<Int>
  /// For each window where its list ends, and the lists: where the weights of each active tap stand.
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

  /// Whether the places in all lists have numbers of 32 bits.
  static func suits(_ shape: WindowShape, columns: Int) -> Bool {
    let room = blockChannels(shape, columns: columns) * shape.kernelHeight * shape.kernelWidth
    return shape.outPixels < Int(Int32.max) / room && shape.taps < Int(Int32.max) / columns
  }

  /// Calls `body` with the path.
  static func with(
    _ shape: WindowShape, columns: Int, weights: UnsafePointer<Float>, _ body: (EventForward) -> Void
  ) {
    let room = blockChannels(shape, columns: columns) * shape.kernelHeight * shape.kernelWidth
    // One list more, for windows that are not there.
    let (windows, pixels) = (shape.outPixels, shape.pixels)
    let lists = (windows + 1) * room
    let rowCount = AxisTargets.count(size: shape.height, kernel: shape.kernelHeight)
    let lineCount = AxisTargets.count(size: shape.width, kernel: shape.kernelWidth)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: windows * columns + lists) { floats in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: windows + 1 + lists) { numbers in
        withUnsafeTemporaryAllocation(of: Int.self, capacity: rowCount + lineCount) { tables in
          withUnsafeTemporaryAllocation(of: EventPlace.self, capacity: pixels) { places in
            guard let floats = floats.baseAddress, let numbers = numbers.baseAddress, let rows = tables.baseAddress,
              let places = places.baseAddress
            else { return }
            let events = EventForward(
              shape: shape, columns: columns, weights: weights, sums: floats, places: places, rows: rows,
              lines: rows + rowCount, ends: numbers, taps: numbers + windows + 1, values: floats + windows * columns,
              room: room)
            events.fillTables()
            body(events)
          }
        }
      }
    }
  }

  private func fillTables() {
    _ = AxisTargets(
      rows, size: shape.height, kernel: shape.kernelHeight, stride: shape.strideY, padding: shape.paddingY,
      outputs: shape.outHeight, unit: shape.outWidth)
    _ = AxisTargets(
      lines, size: shape.width, kernel: shape.kernelWidth, stride: shape.strideX, padding: shape.paddingX,
      outputs: shape.outWidth, unit: 1)
    for i in 0..<shape.height * shape.kernelHeight where rows[i] < 0 { rows[i] = shape.outPixels }
    for i in 0..<shape.width * shape.kernelWidth where lines[i] < 0 { lines[i] = shape.outPixels }
    var pixel = 0
    for y in 0..<shape.height {
      for x in 0..<shape.width {
        places[pixel] = EventPlace(
          row: Int32(truncatingIfNeeded: y * shape.kernelHeight), column: Int32(truncatingIfNeeded: x * shape.kernelWidth))
        pixel += 1
      }
    }
  }

  /// Writes the sums of a row with these active features, all of value 1 if it is of spikes.
  func multiply(_ active: ActiveFeatures, areSpikes: Bool) {
    let channels = EventForward.blockChannels(shape, columns: columns)
    var (channel, feature) = (0, 0)
    repeat {
      let end = min(shape.channels, channel + channels)
      for window in 0...shape.outPixels { ends[window] = Int32(truncatingIfNeeded: window * room) }
      if areSpikes {
        feature = listTaps(active, from: feature, channel..<end, areSpikes: true)
        addAll(isFirst: channel == 0, areSpikes: true)
      } else {
        feature = listTaps(active, from: feature, channel..<end, areSpikes: false)
        addAll(isFirst: channel == 0, areSpikes: false)
      }
      channel = end
    } while channel < shape.channels
  }

  @inline(__always)
  private func listTaps(_ active: ActiveFeatures, from first: Int, _ channels: Range<Int>, areSpikes: Bool) -> Int {
    shape.kernelHeight == 3 && shape.kernelWidth == 3
      ? listTaps(active, first, channels, 3, 3, areSpikes: areSpikes)
      : listTaps(active, first, channels, shape.kernelHeight, shape.kernelWidth, areSpikes: areSpikes)
  }

  /// Lists the active taps of some channels for each window, in order, and answers with the first feature beyond them.
  @inline(__always)
  private func listTaps(
    _ active: ActiveFeatures, _ first: Int, _ channels: Range<Int>, _ kernelHeight: Int, _ kernelWidth: Int,
    areSpikes: Bool
  ) -> Int {
    // Copies: what is written might lie over the struct, for all that the compiler knows.
    let (places, rows, lines, ends, taps, values) = (places, rows, lines, ends, taps, values)
    let (indices, source, columns, nowhere) = (active.indices, active.values, columns, shape.outPixels)
    let nowhereList = Int32(truncatingIfNeeded: nowhere &* room)
    var feature = first
    for channel in channels {
      let begin = Int32(truncatingIfNeeded: channel * shape.pixels)
      let end = begin &+ Int32(truncatingIfNeeded: shape.pixels)
      while feature < active.count && indices[feature] < end {
        let place = places[Int(indices[feature] &- begin)]
        let (row, line) = (rows + Int(place.row), lines + Int(place.column))
        var tap = Int32(truncatingIfNeeded: channel &* kernelHeight &* kernelWidth &* columns)
        for ky in 0..<kernelHeight {
          for kx in 0..<kernelWidth {
            let window = min(row[ky] &+ line[kx], nowhere)
            let end = ends[window]
            taps[Int(end)] = tap
            if !areSpikes { values[Int(end)] = source[feature] }
            ends[window] = end &+ 1
            tap = tap &+ Int32(truncatingIfNeeded: columns)
          }
        }
        ends[nowhere] = nowhereList
        feature += 1
      }
    }
    return feature
  }

  @inline(__always)
  private func addAll(isFirst: Bool, areSpikes: Bool) {
    for window in 0..<shape.outPixels {
      let (target, first) = (sums + window * columns, window * room)
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

/// Where the entries of a pixel begin in the tables of windows.
private struct EventPlace {
  var row, column: Int32
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
