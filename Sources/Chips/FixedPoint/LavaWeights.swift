// Weights of Loihi as the bits that hold them leave them, in the ways of two tools that differ for odd negative ones.

/// Lava 0.10: clipped, then the low bits cut off towards minus infinity; for weights that all inhibit, towards zero.
public enum LavaWeights {
  /// - Parameter bits: of a weight; with both signs among the weights, one of them is the sign.
  public static func rounded(_ weights: [Int64], bits: Int) -> [Int64] {
    let (least, most) = (weights.min() ?? 0, weights.max() ?? 0)
    let isMixed = least < 0 && most > 0
    let inhibits = !isMixed && least < 0
    let lost = Int64(max(0, min(8, 8 - bits + (isMixed ? 1 : 0))))
    return weights.map { weight in
      if inhibits { return -((-max(-255, min(0, weight)) >> lost) << lost) }
      let clipped = isMixed ? max(-256, min(254, weight)) : max(0, min(255, weight))
      return (clipped >> lost) << lost
    }
  }
}

/// brian2-loihi 0.5: the low bits cut off towards zero, then moved by the exponent and six bits up.
public enum Brian2LoihiWeights {
  public static func rounded(_ weights: [Int64], exponent: Int, isMixed: Bool, bits: Int) -> [Int64] {
    let step = Int64(1) << Int64(max(0, min(8, 8 - (bits - (isMixed ? 1 : 0)))))
    let most: Int64 = (1 << 21) - 64
    return weights.map { weight in
      let kept = weight / step * step
      // A power below 2^-6 cuts bits off below 64ths, towards minus infinity.
      let moved = kept.shifted(6 + max(-40, min(30, exponent)))
      return min(most, max(-most, (moved >> 6) << 6))
    }
  }
}
