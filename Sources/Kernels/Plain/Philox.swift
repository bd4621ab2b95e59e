// The plain function that says which words the random kernels give.

/// The four words of one counter: ten rounds of two multiplications, exclusive ors and a key schedule.
public func philoxPlain(
  key: (UInt32, UInt32), counter: (UInt32, UInt32, UInt32, UInt32)
) -> (UInt32, UInt32, UInt32, UInt32) {
  var (k0, k1) = key
  var (c0, c1, c2, c3) = counter
  for _ in 0..<10 {
    let p0 = UInt64(c0) &* 0xD251_1F53
    let p1 = UInt64(c2) &* 0xCD9E_8D57
    let n0 = UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0
    let n2 = UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1
    (c0, c1, c2, c3) = (n0, UInt32(truncatingIfNeeded: p1), n2, UInt32(truncatingIfNeeded: p0))
    k0 &+= 0x9E37_79B9
    k1 &+= 0xBB67_AE85
  }
  return (c0, c1, c2, c3)
}
