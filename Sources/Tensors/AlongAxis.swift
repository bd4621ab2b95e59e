// Parts and elements along one axis of many, made of operations that have gradients.

import Faults

extension Tensor {
  /// The places from `low` up to, not including, `high` of one axis, every `step`th; nil is an open end. Differentiable.
  public func part(along axis: Int, from low: Int? = nil, to high: Int? = nil, by step: Int = 1) throws(Fault) -> Tensor {
    let place = try Shape.axis(axis, rank: rank, of: shape)
    return try indexed([TensorIndex](repeating: .all, count: place) + [.range(low, high, step: step)])
  }

  /// The listed places of one axis, in that order. Differentiable.
  public func gathered(_ places: [Int], along axis: Int) throws(Fault) -> Tensor {
    let place = try Shape.axis(axis, rank: rank, of: shape)
    return try indexed([TensorIndex](repeating: .all, count: place) + [.gather(places)])
  }

  /// With one axis moved to the end. Differentiable.
  public func movedToEnd(_ axis: Int) throws(Fault) -> Tensor {
    let place = try Shape.axis(axis, rank: rank, of: shape)
    return try transposed(shape.indices.filter { $0 != place } + [place])
  }

  /// With the last axis moved to a place of its own. Differentiable.
  public func movedFromEnd(to axis: Int) throws(Fault) -> Tensor {
    let place = try Shape.axis(axis, rank: rank, of: shape)
    var order = Array(0..<max(rank - 1, 0))
    if rank > 0 { order.insert(rank - 1, at: place) }
    return try transposed(order)
  }

  /// For each row of the last axis some of its elements, `width` of them: `places` lists where they stand, row after row.
  /// Differentiable.
  public func taken(_ places: [Int], width: Int) throws(Fault) -> Tensor {
    let size = shape.last ?? 1
    var flat: [Int] = []
    flat.reserveCapacity(places.count)
    try Interrupt.parts(places.count) { part in
      for place in part { flat.append(places[place] + place / max(width, 1) * size) }
    }
    return try reshaped([count]).indexed([.gather(flat)]).reshaped(Array(shape.dropLast()) + [width])
  }
}
