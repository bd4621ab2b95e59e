// Puts neurons into a core one by one and keeps count of every resource, so that each step costs no more than the
// synapses of one neuron.

/// A core that is being filled.
struct CoreFiller {
  let connectome: Connectome
  let rules: CoreRules
  private(set) var demand = Demand()

  /// Of each block: the neurons here that it ends at, the sources here, and the bits of rows that list synapses.
  private var widths: [Int]
  private var sources: [Int]
  private var listBits: [Int]
  /// Of each block, the memory counted in `demand`.
  private var blockBits: [Int]
  /// Of each block and channel, the neurons here, to know which kernels are kept.
  private var channels: [[Int]]
  private var openChannels: [Int]
  /// Synapses of each source of each block into this core; `rowStarts` says where a block begins.
  private var rowCounts: [Int32]
  private let rowStarts: [Int]
  /// Of each block in which few synapses are missing: how many sources miss so many of the neurons here, and the
  /// sources that miss all of them. `rowCounts` then counts what is missing.
  private var missHistograms: [[Int]]
  private var unreaching: [[Int32]]
  /// Blocks through which each neuron reaches this core.
  private var reach: [Int32]
  private var reaching = 0

  init(_ connectome: Connectome, _ rules: CoreRules) {
    self.connectome = connectome
    self.rules = rules
    let count = connectome.blocks.count
    widths = [Int](repeating: 0, count: count)
    sources = widths
    listBits = widths
    blockBits = widths
    openChannels = widths
    var starts: [Int] = []
    var total = 0
    channels = connectome.blocks.map { block in
      block.kernel.map { [Int](repeating: 0, count: connectome.sizes[block.target] / max(1, $0.plane) + 1) } ?? []
    }
    missHistograms = connectome.blocks.map { block in
      if case .allBut = block.form { return [connectome.sizes[block.source]] }
      return []
    }
    unreaching = connectome.blocks.map { _ in [] }
    for block in connectome.blocks {
      starts.append(total)
      if case .full = block.form { continue }
      total += connectome.sizes[block.source]
    }
    rowStarts = starts
    rowCounts = [Int32](repeating: 0, count: total)
    reach = [Int32](repeating: 0, count: connectome.neurons)
  }

  /// Empties the core of the neurons that were put into it.
  mutating func empty(_ neurons: some Sequence<(population: Int, neuron: Int, copies: Int, outputs: Int)>) {
    for entry in neurons { change(entry.population, entry.neuron, copies: entry.copies, outputs: entry.outputs, by: -1) }
  }

  /// Adds a neuron with its copies, each of which has the neuron's synapses, and its output axons.
  mutating func add(_ population: Int, _ neuron: Int, copies: Int, outputs: Int) {
    change(population, neuron, copies: copies, outputs: outputs, by: 1)
  }

  mutating func remove(_ population: Int, _ neuron: Int, copies: Int, outputs: Int) {
    change(population, neuron, copies: copies, outputs: outputs, by: -1)
  }

  private mutating func change(_ population: Int, _ neuron: Int, copies: Int, outputs: Int, by sign: Int) {
    demand.neurons += sign * copies
    demand.outputAxons += sign * outputs
    for index in connectome.incoming[population] {
      let block = connectome.blocks[index]
      let fanIn = connectome.fanIn(block, neuron)
      if fanIn == 0 { continue }
      demand.synapses += sign * fanIn * copies * rules.axonsPerSource
      let before = widths[index]
      widths[index] += sign * copies
      if let kernel = block.kernel {
        let channel = neuron / max(1, kernel.plane)
        channels[index][channel] += sign
        if channels[index][channel] == (sign > 0 ? 1 : 0) { openChannels[index] += sign }
      }
      if case .full = block.form {
        changeFull(index, block, before: before, copies: copies)
      } else if case .allBut(let starts, let missing) = block.form {
        changeAllBut(index, block, missing[starts[neuron]..<starts[neuron + 1]], before: before, by: sign * copies)
      } else {
        changeRows(index, block, neuron, by: sign * copies)
      }
      let bits = memory(index, block)
      demand.memoryBits += bits - blockBits[index]
      blockBits[index] = bits
    }
    demand.inputAxons = reaching * rules.axonsPerSource
  }

  /// All sources have the same row.
  private mutating func changeFull(_ index: Int, _ block: Connectome.Block, before: Int, copies: Int) {
    let width = widths[index]
    let size = connectome.sizes[block.source]
    listBits[index] = size * rules.listRow(width)
    sources[index] = width > 0 ? size : 0
    if (before == 0) == (width == 0) { return }
    let start = connectome.starts[block.source]
    for source in start..<start + size { mark(source, by: width > 0 ? 1 : -1) }
  }

  /// All sources have the same row but for what some miss.
  private mutating func changeAllBut(
    _ index: Int, _ block: Connectome.Block, _ missing: ArraySlice<Int32>, before: Int, by change: Int
  ) {
    let width = widths[index]
    let (start, first, size) = (rowStarts[index], connectome.starts[block.source], connectome.sizes[block.source])
    for source in missing {
      let count = Int(rowCounts[start + Int(source)])
      let next = count + change
      rowCounts[start + Int(source)] = Int32(truncatingIfNeeded: next)
      missHistograms[index][count] -= 1
      while missHistograms[index].count <= next { missHistograms[index].append(0) }
      missHistograms[index][next] += 1
    }
    while let last = missHistograms[index].last, last == 0 { missHistograms[index].removeLast() }
    var bits = 0
    for (misses, sources) in missHistograms[index].enumerated() where sources > 0 {
      bits += sources * rules.listRow(width - misses)
    }
    listBits[index] = bits
    let silent = width < missHistograms[index].count ? missHistograms[index][width] : 0
    sources[index] = size - silent
    if width == 0 {
      // Emptied: all that reached it no longer do.
      var closed = unreaching[index][...]
      for source in 0..<size {
        if let next = closed.first, Int(next) == source { closed.removeFirst() } else { mark(first + source, by: -1) }
      }
      unreaching[index] = []
    } else if before == 0 || silent != unreaching[index].count || !unreaching[index].isEmpty {
      let now = silent == 0 ? [] : silentSources(of: index, start: start, size: size, width: width)
      if before == 0 {
        var closed = now[...]
        for source in 0..<size {
          if let next = closed.first, Int(next) == source { closed.removeFirst() } else { mark(first + source, by: 1) }
        }
      } else {
        let (old, new) = (Set(unreaching[index]), Set(now))
        for source in old where !new.contains(source) { mark(first + Int(source), by: 1) }
        for source in now where !old.contains(source) { mark(first + Int(source), by: -1) }
      }
      unreaching[index] = now
    }
  }

  /// The sources that miss every neuron here, in rising order.
  private func silentSources(of index: Int, start: Int, size: Int, width: Int) -> [Int32] {
    (0..<size).filter { Int(rowCounts[start + $0]) == width }.map { Int32(truncatingIfNeeded: $0) }
  }

  private mutating func changeRows(_ index: Int, _ block: Connectome.Block, _ neuron: Int, by change: Int) {
    let start = rowStarts[index]
    let first = connectome.starts[block.source]
    // The loop works on locals: the filler can't be borrowed twice.
    var counts = consumeCounts()
    var (bits, open, reaching) = (listBits[index], sources[index], reaching)
    var reach = consumeReach()
    let rules = rules
    counts.withUnsafeMutableBufferPointer { counts in
      reach.withUnsafeMutableBufferPointer { reach in
        connectome.forEachSource(block, neuron) { source in
          let before = Int(counts[start + source])
          let after = before + change
          counts[start + source] = Int32(truncatingIfNeeded: after)
          bits += rules.listRow(after) - rules.listRow(before)
          if before == 0, after > 0 {
            open += 1
            reach[first + source] += 1
            if reach[first + source] == 1 { reaching += 1 }
          } else if before > 0, after == 0 {
            open -= 1
            reach[first + source] -= 1
            if reach[first + source] == 0 { reaching -= 1 }
          }
        }
      }
    }
    rowCounts = counts
    self.reach = reach
    listBits[index] = bits
    sources[index] = open
    self.reaching = reaching
  }

  /// The counts, moved out so that changing them copies nothing.
  private mutating func consumeCounts() -> [Int32] {
    var empty: [Int32] = []
    swap(&empty, &rowCounts)
    return empty
  }

  private mutating func consumeReach() -> [Int32] {
    var empty: [Int32] = []
    swap(&empty, &reach)
    return empty
  }

  private mutating func mark(_ neuron: Int, by change: Int32) {
    reach[neuron] += change
    if change > 0, reach[neuron] == 1 { reaching += 1 }
    if change < 0, reach[neuron] == 0 { reaching -= 1 }
  }

  /// The memory of a block in its cheapest form: rows that list synapses, rows with a place for each neuron, or one
  /// kernel for each channel beside the rows' heads.
  private func memory(_ index: Int, _ block: Connectome.Block) -> Int {
    if widths[index] == 0 { return 0 }
    let axons = sources[index]
    var bits = rules.allowsOpenRows ? axons * rules.openRow(widths[index]) : listBits[index]
    if rules.allowsListRows { bits = min(bits, listBits[index]) }
    if rules.sharesKernels, let kernel = block.kernel {
      let weights = rules.words(openChannels[index] * kernel.weights * rules.weightBits)
      bits = min(bits, axons * rules.words(rules.axonBits) + weights)
    }
    return bits
  }

  /// The encoding that `memory` chose for each block that ends here.
  var encodings: [(block: Int, name: String)] {
    connectome.blocks.indices.filter { widths[$0] > 0 }.map { index in
      let bits = blockBits[index]
      if rules.allowsOpenRows, bits == sources[index] * rules.openRow(widths[index]) { return (index, "dense") }
      return (index, rules.allowsListRows && bits == listBits[index] ? "sparse" : "shared kernels")
    }
  }
}
