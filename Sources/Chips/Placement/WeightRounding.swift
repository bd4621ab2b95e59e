// Weights as a chip keeps them: whole numbers of few bits times one scale for each layer.

import Faults
import Spiking
import Tensors

extension Network {
  /// The network with the weights of each layer rounded to signed whole numbers of `bits` bits.
  ///
  /// A layer's weights become `scale · k` with -m ≤ k ≤ m, m = 2^(bits-1) - 1 and the scale that takes the largest weight
  /// to m (symmetric, rounded to nearest). One bit keeps the signs, at the mean magnitude. Offsets and the parameters of
  /// neurons, which chips keep in wider registers, stay as they are.
  ///
  /// - Throws: `.value` for bits below 1 or weights that aren't finite.
  public func roundingWeights(bits: Int) throws(Fault) -> Network {
    guard bits >= 1 else {
      throw Fault(.value, "weights need at least 1 bit", label: "there are \(bits)")
    }
    var rounded = layers
    for index in rounded.indices {
      let names = rounded[index].parameters.map(\.name)
      try rounded[index].updateParameters { (parameter, value) throws(Fault) in
        // In a branch the layer's position stands before the name: "0.weight".
        guard parameter < names.count, let name = names[parameter].split(separator: ".").last,
          name == "weight" || name == "recurrent"
        else { return }
        try round(&value, bits: bits)
      }
    }
    return try replacingLayers(rounded)
  }

  private func round(_ value: inout Tensor, bits: Int) throws(Fault) {
    try value.withUnsafeMutableBuffer { (values) throws(Fault) in
      var (largest, sum): (Float, Double) = (0, 0)
      var used = 0
      for value in values where value != 0 {
        guard value.magnitude < .infinity else {
          throw Fault(.value, "weights that are not finite cannot be rounded")
        }
        largest = max(largest, value.magnitude)
        sum += Double(value.magnitude)
        used += 1
      }
      if used == 0 { return }
      if bits == 1 {
        let mean = Float(sum / Double(used))
        for place in values.indices where values[place] != 0 { values[place] = values[place] > 0 ? mean : -mean }
        return
      }
      // Beyond 24 bits a 32-bit number is its own whole number.
      let levels = Float((1 << (min(bits, 24) - 1)) - 1)
      let scale = largest / levels
      if scale == 0 { return }
      for place in values.indices { values[place] = (values[place] / scale).rounded() * scale }
    }
  }
}
