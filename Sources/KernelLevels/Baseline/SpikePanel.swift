// Sums of the weights of listed spikes: one panel of columns, held in registers row after row.

import CVector

/// Some columns of the weights of a block of features.
struct SpikePanel {
  /// The first feature's weights in the panel, `step` floats before the next feature's.
  var weights: UnsafePointer<Float>
  var step: Int
  let columns: Int
  /// Where the last vector begins: overlapping the one before it where weights are read in place.
  var lastVector: Int
  /// Added to each sum; nil for nothing.
  var bias: UnsafePointer<Float>?
  /// Whether sums go on from what an earlier block has left.
  var goesOn = false

  private var vectors: Int { (columns + vectorWidth - 1) / vectorWidth }

  /// Adds the weights of each entry's spikes to its sums, which stand at its place in `out`, in rows `stride` floats
  /// apart.
  func multiply(_ lists: SpikeLists, _ entries: Range<Int>, to out: UnsafeMutablePointer<Float>, stride: Int) {
    if lastVector < 0 { return multiplyNarrow(lists, entries, out, stride) }
    switch vectors {
    case 1: multiply1(lists, entries, out, stride)
    case 2: multiply2(lists, entries, out, stride)
    case 3: multiply3(lists, entries, out, stride)
    case 4: multiply4(lists, entries, out, stride)
    case 5: multiply5(lists, entries, out, stride)
    case 6: multiply6(lists, entries, out, stride)
    case 7: multiply7(lists, entries, out, stride)
    default: multiply8(lists, entries, out, stride)
    }
  }

  private typealias Lists = SpikeLists
  private typealias Out = UnsafeMutablePointer<Float>

  // One function a width: the compiler gives up inlining where all stand in one.
  @inline(never) private func multiply1(_ l: Lists, _ e: Range<Int>, _ o: Out, _ s: Int) { multiply(l, e, o, s, 1) }
  @inline(never) private func multiply2(_ l: Lists, _ e: Range<Int>, _ o: Out, _ s: Int) { multiply(l, e, o, s, 2) }
  @inline(never) private func multiply3(_ l: Lists, _ e: Range<Int>, _ o: Out, _ s: Int) { multiply(l, e, o, s, 3) }
  @inline(never) private func multiply4(_ l: Lists, _ e: Range<Int>, _ o: Out, _ s: Int) { multiply(l, e, o, s, 4) }
  @inline(never) private func multiply5(_ l: Lists, _ e: Range<Int>, _ o: Out, _ s: Int) { multiply(l, e, o, s, 5) }
  @inline(never) private func multiply6(_ l: Lists, _ e: Range<Int>, _ o: Out, _ s: Int) { multiply(l, e, o, s, 6) }
  @inline(never) private func multiply7(_ l: Lists, _ e: Range<Int>, _ o: Out, _ s: Int) { multiply(l, e, o, s, 7) }
  @inline(never) private func multiply8(_ l: Lists, _ e: Range<Int>, _ o: Out, _ s: Int) { multiply(l, e, o, s, 8) }

  /// Fewer columns than a vector holds, read in place.
  private func multiplyNarrow(_ lists: SpikeLists, _ entries: Range<Int>, _ out: Out, _ stride: Int) {
    for entry in entries {
      let target = out + Int(lists.places[entry]) * stride
      var sum = goesOn ? loadHead(target, columns) : Vector()
      for place in Int(lists.starts[entry])..<Int(lists.starts[entry + 1]) {
        sum += loadHead(weights + Int(lists.list[place]) * step, columns)
      }
      if let bias { sum += loadHead(bias, columns) }
      storeHead(sum, target, columns)
    }
  }

  @inline(__always)
  private func multiply(_ lists: SpikeLists, _ entries: Range<Int>, _ out: Out, _ stride: Int, _ vectors: Int) {
    let last = weights + lastVector
    let rest = columns - lastVector
    let isWhole = rest >= vectorWidth
    for entry in entries {
      let target = out + Int(lists.places[entry]) * stride
      // Sorted rows are far apart: their sums are fetched while those before them are worked on.
      let ahead = out + Int(lists.places[entry + SpikeLists.lookahead]) * stride
      for j in 0..<vectors { vector_prefetch(ahead + j * vectorWidth) }
      var sums = zeroSums()
      if goesOn {
        for j in 0..<(vectors - 1) { sums[j] = load(target + j * vectorWidth) }
        sums[vectors - 1] = isWhole ? load(target + lastVector) : loadHead(target + lastVector, rest)
      }
      var place = lists.list + Int(lists.starts[entry])
      let end = lists.list + Int(lists.starts[entry + 1])
      while place < end {
        let offset = Int(place.pointee) * step
        let line = weights + offset
        for j in 0..<(vectors - 1) { sums[j] += load(line + j * vectorWidth) }
        sums[vectors - 1] += load(last + offset)
        place += 1
      }
      if let bias {
        for j in 0..<(vectors - 1) { sums[j] += load(bias + j * vectorWidth) }
        sums[vectors - 1] += isWhole ? load(bias + lastVector) : loadHead(bias + lastVector, rest)
      }
      for j in 0..<(vectors - 1) { store(sums[j], target + j * vectorWidth) }
      if isWhole {
        store(sums[vectors - 1], target + lastVector)
      } else {
        storeHead(sums[vectors - 1], target + lastVector, rest)
      }
    }
  }
}
