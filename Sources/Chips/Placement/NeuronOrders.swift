// Orders in which neurons fill cores, so that those with common sources come together.

import Spiking

extension PlacementProblem {
  /// The orders that are worth a try; the populations' own is the first.
  var orderings: [[[Int32]]] {
    let natural = naturalOrders
    var orderings = [natural]
    let tiled = natural.indices.map { tiles(of: $0, natural[$0]) }
    if tiled != natural { orderings.append(tiled) }
    let clustered = natural.indices.map { clusters(of: $0, natural[$0]) }
    if clustered != natural { orderings.append(clustered) }
    return orderings
  }

  /// Feature maps place by place instead of channel by channel, along a curve that keeps neighbours together.
  private func tiles(of population: Int, _ order: [Int32]) -> [Int32] {
    let shape = workload.graph.populations[population].shape
    guard shape.count == 3, shape[0] > 1, shape[1] * shape[2] > 1 else { return order }
    let (height, width) = (shape[1], shape[2])
    let plane = height * width
    func key(_ neuron: Int32) -> (Int, Int) {
      let (channel, place) = Int(neuron).quotientAndRemainder(dividingBy: plane)
      let (y, x) = place.quotientAndRemainder(dividingBy: width)
      return (interleaved(y, x), channel)
    }
    let keys = order.map(key)
    return order.indices.sorted { keys[$0] < keys[$1] }.map { order[$0] }
  }

  /// The bits of two numbers in turn (Morton's order).
  private func interleaved(_ y: Int, _ x: Int) -> Int {
    var result = 0
    for bit in 0..<20 { result |= (x >> bit & 1) << (2 * bit) | (y >> bit & 1) << (2 * bit + 1) }
    return result
  }

  /// Neurons of pruned layers by their sources: a neuron stands where its sources stand on average, so that neurons
  /// with a common neighbourhood share a core. Exact clusters would do better and cost more than they save.
  private func clusters(of population: Int, _ order: [Int32]) -> [Int32] {
    let pruned = connectome.incoming[population].filter { index in
      // Kernels keep neighbours together by themselves, and where few synapses are missing all neurons are alike.
      if case .rows = connectome.blocks[index].form { return connectome.blocks[index].kernel == nil }
      return false
    }
    guard let first = pruned.first else { return order }
    let block = connectome.blocks[first]
    let means = order.map { neuron in
      var (sum, count) = (0.0, 0.0)
      connectome.forEachSource(block, Int(neuron)) { source in
        sum += Double(source)
        count += 1
      }
      return count > 0 ? sum / count : Double(connectome.sizes[block.source])
    }
    return order.indices.sorted { (means[$0], order[$0]) < (means[$1], order[$1]) }.map { order[$0] }
  }
}
