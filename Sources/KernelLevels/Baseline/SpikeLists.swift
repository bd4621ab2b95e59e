// The spikes of a product as lists of features, made once before all panels pass over them.

/// The spikes of each row and block: an entry each, of which those of a group and block stand together.
struct SpikeLists {
  let plan: SpikePlan
  let spikes: UnsafePointer<UInt64>
  /// Whether the sums of a group stand together; otherwise each stands in its place among all rows.
  let isLocal: Bool
  /// Where the spikes of each entry begin in `list`; one more ends the last.
  let starts: UnsafeMutablePointer<Int32>
  /// The row of sums of each entry, counted from that of its group's first sample.
  let places: UnsafeMutablePointer<Int32>
  /// The features that spike, counted from their block's first.
  let list: UnsafeMutablePointer<Int32>

  /// Fewer words are listed in the time that threads take to meet.
  private static var fewestSharedWords: Int { 4096 }

  /// How far beyond an entry its successors' places are read ahead.
  static var lookahead: Int { @inline(__always) get { 2 } }

  /// The most 32-bit words that lists of so many spikes take.
  static func most(rows: Int, features: Int, total: Int) -> Int {
    2 * rows * SpikePlan.mostBlocks(wordsPerRow: (features + 63) / 64) + 1 + lookahead + total
  }

  init(_ plan: SpikePlan, _ spikes: UnsafePointer<UInt64>, isLocal: Bool = false, in room: UnsafeMutablePointer<Int32>) {
    (self.plan, self.spikes, self.isLocal) = (plan, spikes, isLocal)
    let entries = plan.rows * plan.blocks
    starts = room
    places = room + entries + 1
    list = room + 2 * entries + 1 + SpikeLists.lookahead
  }

  /// The entries of a group and block.
  @inline(__always)
  func entries(_ group: Int, _ block: Int) -> Range<Int> {
    let samples = plan.samples(group)
    let first = plan.steps * (samples.lowerBound * plan.blocks + block * samples.count)
    return first..<first + plan.steps * samples.count
  }

  func fill() {
    let pairs = plan.groups * plan.blocks
    forEachPair { count($0, $1) }
    var place: Int32 = 0
    for pair in 0..<pairs {
      let first = entries(pair / plan.blocks, pair % plan.blocks).lowerBound
      let count = starts[first]
      starts[first] = place
      place &+= count
    }
    starts[plan.rows * plan.blocks] = place
    for entry in 0..<SpikeLists.lookahead { places[plan.rows * plan.blocks + entry] = 0 }
    forEachPair { write($0, $1) }
  }

  /// Calls `body` with each group and block, on all threads where that pays.
  @inline(__always)
  private func forEachPair(_ body: (_ group: Int, _ block: Int) -> Void) {
    let pairs = plan.groups * plan.blocks
    if plan.rows * plan.wordsPerRow < SpikeLists.fewestSharedWords {
      for pair in 0..<pairs { body(pair / plan.blocks, pair % plan.blocks) }
    } else {
      ThreadPool.shared.run(tasks: pairs) { body($0 / plan.blocks, $0 % plan.blocks) }
    }
  }

  /// Calls `body` with the words of each row in a group, and the place of its sums.
  @inline(__always)
  private func forEachRow(_ group: Int, _ body: (_ words: UnsafePointer<UInt64>, _ place: Int) -> Void) {
    let samples = plan.samples(group)
    for step in 0..<plan.steps {
      for sample in 0..<samples.count {
        body(
          spikes + (step * plan.batch + samples.lowerBound + sample) * plan.wordsPerRow,
          step * (isLocal ? samples.count : plan.batch) + sample)
      }
    }
  }

  /// Leaves the number of spikes where the first entry's start will be.
  private func count(_ group: Int, _ block: Int) {
    let range = plan.words(block)
    var total = 0
    forEachRow(group) { words, _ in
      for word in range { total += words[word].nonzeroBitCount }
    }
    starts[entries(group, block).lowerBound] = Int32(truncatingIfNeeded: total)
  }

  /// Writes the entries of a group and block, sorted by their counts where the plan wants it.
  private func write(_ group: Int, _ block: Int) {
    let range = plan.words(block)
    let first = entries(group, block).lowerBound
    let buckets = plan.sorts ? range.count * 64 + 1 : 1
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * buckets) { room in
      guard let nextEntry = room.baseAddress else { return }
      // For each count of spikes, the next entry and where its spikes go.
      let nextStart = nextEntry + buckets
      for bucket in 0..<buckets { nextEntry[bucket] = 0 }
      if plan.sorts {
        forEachRow(group) { words, _ in
          var count = 0
          for word in range { count += words[word].nonzeroBitCount }
          nextEntry[count] += 1
        }
      }
      var entry = Int32(truncatingIfNeeded: first)
      var start = starts[first]
      for bucket in 0..<buckets {
        let rows = nextEntry[bucket]
        nextEntry[bucket] = entry
        nextStart[bucket] = start
        entry &+= rows
        start &+= rows &* Int32(truncatingIfNeeded: bucket)
      }
      forEachRow(group) { words, place in
        var bucket = 0
        if plan.sorts {
          for word in range { bucket += words[word].nonzeroBitCount }
        }
        let entry = Int(nextEntry[bucket])
        nextEntry[bucket] += 1
        starts[entry] = nextStart[bucket]
        places[entry] = Int32(truncatingIfNeeded: place)
        let count = listActive(
          words + range.lowerBound, wordCount: range.count, into: list + Int(nextStart[bucket]))
        nextStart[bucket] += Int32(truncatingIfNeeded: count)
      }
    }
  }
}
