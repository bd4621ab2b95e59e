// The fast products against the plain loops, on odd shapes, and to the last bit across thread counts.

import Testing

@testable import Kernels

/// Floats in a fixed pseudo-random order, in -0.5..<0.5.
func numbers(_ count: Int, seed: Int = 1) -> [Float] {
  var state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 | 1
  return (0..<count).map { _ in
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Float(state >> 40) / Float(1 << 24) - 0.5
  }
}

/// Calls `body` once for each number of threads, and checks that both answers are the same to the last bit.
func sameForAnyThreads(_ location: SourceLocation = #_sourceLocation, _ body: () -> [Float]) -> [Float] {
  let before = ThreadPool.shared.threads
  defer { ThreadPool.shared.threads = before }
  ThreadPool.shared.threads = 1
  let alone = body()
  for threads in [2, 5] {
    ThreadPool.shared.threads = threads
    let shared = body()
    #expect(alone.map(\.bitPattern) == shared.map(\.bitPattern), sourceLocation: location)
  }
  return alone
}

func expectClose(
  _ a: [Float], _ b: [Float], tolerance: Float, _ location: SourceLocation = #_sourceLocation
) {
  #expect(a.count == b.count, sourceLocation: location)
  let worst = zip(a, b).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
  #expect(worst <= tolerance, sourceLocation: location)
}

@Suite(.serialized) struct ProductTests {
  static let sizes: [(Int, Int, Int)] = [
    (1, 1, 1), (1, 9, 3), (5, 1, 7), (6, 8, 4), (7, 9, 5), (12, 16, 321), (13, 31, 17), (37, 5, 640), (64, 64, 64),
    (97, 101, 103), (200, 10, 70), (3, 3100, 5), (1600, 3, 2), (2, 2, 0), (150, 130, 700),
    // Few columns, few rows, edges of tiles, matrices read in place.
    (9, 4, 40), (70, 3, 50), (257, 2, 129), (5, 1, 900), (31, 10, 600), (25, 16, 520), (40, 12, 130), (100, 7, 45),
    (36, 33, 257), (13, 64, 64), (2500, 5, 33), (11, 130, 20), (27, 6, 9), (67, 97, 10),
    (1, 10, 1000), (61, 59, 8), (32, 10, 570), (16, 16, 530), (25, 13, 300), (31, 33, 257), (40, 18, 50), (3, 12, 513),
  ]

  @Test func gemmInAllLayouts() {
    for (m, n, k) in Self.sizes {
      let (a, b) = (numbers(m * k, seed: 1), numbers(k * n, seed: 2))
      let start = numbers(m * (n + 3), seed: 3)
      for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
          let run = { (isFast: Bool) -> [Float] in
            var c = start
            var room = [Float](repeating: 0, count: kernels.gemmWorkspace(m: m, n: n, k: k))
            a.withUnsafeBufferPointer { a in
              b.withUnsafeBufferPointer { b in
                c.withUnsafeMutableBufferPointer { c in
                  room.withUnsafeMutableBufferPointer { room in
                    guard let pa = a.baseAddress ?? UnsafePointer(c.baseAddress),
                      let pb = b.baseAddress ?? UnsafePointer(c.baseAddress), let pc = c.baseAddress,
                      let pr = room.baseAddress
                    else { return }
                    let viewA = MatrixView(pa, stride: transposeA ? m : k, transposed: transposeA)
                    let viewB = MatrixView(pb, stride: transposeB ? k : n, transposed: transposeB)
                    if isFast {
                      kernels.gemm(
                        m: m, n: n, k: k, a: viewA, b: viewB, c: pc, cStride: n + 3, workspace: pr,
                        shouldStop: { false })
                    } else {
                      referenceGemm(m: m, n: n, k: k, a: viewA, b: viewB, c: pc, cStride: n + 3)
                    }
                  }
                }
              }
            }
            return c
          }
          expectClose(sameForAnyThreads { run(true) }, run(false), tolerance: 2e-5)
      }
    }
  }

  /// However many rows there are, each has the bits that it has alone; and those of a product of spikes.
  @Test func rowsByThemselves() {
    for (m, n, k) in [(25, 10, 300), (40, 3, 70), (13, 70, 100), (7, 17, 640), (50, 33, 31)] {
      let (a, b) = (numbers(m * k, seed: 13).map { $0 < -0.3 ? Float(1) : 0 }, numbers(k * n, seed: 14))
      var room = [Float](repeating: 0, count: kernels.gemmWorkspace(m: m, n: n, k: k))
      func product(_ rows: Range<Int>) -> [UInt32] {
        var c = [Float](repeating: 9, count: rows.count * n)
        a.withUnsafeBufferPointer { a in
          b.withUnsafeBufferPointer { b in
            guard let a = a.baseAddress, let b = b.baseAddress else { return }
            kernels.gemm(
              m: rows.count, n: n, k: k, a: MatrixView(a + rows.lowerBound * k, stride: k, transposed: false),
              b: MatrixView(b, stride: n, transposed: false), c: &c, cStride: n, workspace: &room,
              shouldStop: { false })
          }
        }
        return c.map(\.bitPattern)
      }
      #expect(product(0..<m) == (0..<m).flatMap { product($0..<$0 + 1) }, "\(m) x \(n) x \(k)")
      if n < kernels.fewestOrderedColumns { continue }
      let width = (k + 63) / 64
      var words = [UInt64](repeating: 0, count: m * width)
      for (place, value) in a.enumerated() where value == 1 { words[place / k * width + place % k / 64] |= 1 << UInt64(place % k % 64) }
      var sums = [Float](repeating: 0, count: m * n)
      referenceSpikeGemm(
        rows: m, features: k, columns: n, spikes: words, wordsPerRow: width, weights: b, weightStride: n, out: &sums,
        outStride: n)
      #expect(product(0..<m) == sums.map(\.bitPattern), "\(m) x \(n) x \(k)")
    }
  }

  /// The same in all layouts.
  @Test func rowsByThemselvesInAllLayouts() {
    for level in availableKernels {
      for (m, n, k) in [(25, 10, 600), (40, 3, 70), (21, 16, 530), (19, 12, 40), (30, 18, 33), (13, 70, 100)] {
        let (a, b) = (numbers(m * k, seed: 13), numbers(k * n, seed: 14))
        var room = [Float](repeating: 0, count: level.gemmWorkspace(m: m, n: n, k: k))
        for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
          func product(_ rows: Range<Int>) -> [UInt32] {
            var c = [Float](repeating: 9, count: rows.count * n)
            a.withUnsafeBufferPointer { a in
              b.withUnsafeBufferPointer { b in
                guard let a = a.baseAddress, let b = b.baseAddress else { return }
                var left = MatrixView(a, stride: transposeA ? m : k, transposed: transposeA)
                left.start += rows.lowerBound * left.rowStep
                level.gemm(
                  m: rows.count, n: n, k: k, a: left, b: MatrixView(b, stride: transposeB ? k : n, transposed: transposeB),
                  c: &c, cStride: n, workspace: &room, shouldStop: { false })
              }
            }
            return c.map(\.bitPattern)
          }
          let alone = (0..<m).flatMap { product($0..<$0 + 1) }
          #expect(product(0..<m) == alone, "\(level.name) \(m) x \(n) x \(k) \(transposeA) \(transposeB)")
        }
      }
    }
  }

  @Test func stoppedProductsReturn() {
    var c: [Float] = [1, 1, 1, 1]
    let a: [Float] = [1, 2, 3, 4]
    var room = [Float](repeating: 0, count: kernels.gemmWorkspace(m: 2, n: 2, k: 2))
    a.withUnsafeBufferPointer { a in
      guard let a = a.baseAddress else { return }
      let view = MatrixView(a, stride: 2, transposed: false)
      kernels.gemm(m: 2, n: 2, k: 2, a: view, b: view, c: &c, cStride: 2, workspace: &room, shouldStop: { true })
    }
    #expect(c == [1, 1, 1, 1])
  }

  @Test func gemvBothWays() {
    for (rows, columns) in [(1, 1), (3, 5), (17, 33), (40, 7)] {
      let a = numbers(rows * columns, seed: 4)
      let (x, z) = (numbers(columns, seed: 5), numbers(rows, seed: 6))
      var y = numbers(rows, seed: 7)
      let expected = (0..<rows).map { i in
        (0..<columns).reduce(Float(0)) { $0 + a[i * columns + $1] * x[$1] }
      }
      kernels.gemv(rows: 0..<rows, columns: columns, a: a, stride: columns, x: x, y: &y)
      expectClose(y, expected, tolerance: 1e-5)
      var w = numbers(columns, seed: 8)
      let other = (0..<columns).map { j in
        (0..<rows).reduce(Float(0)) { $0 + a[$1 * columns + j] * z[$1] }
      }
      kernels.gemvTransposed(rows: rows, columns: 0..<columns, a: a, stride: columns, x: z, y: &w)
      expectClose(w, other, tolerance: 1e-5)
    }
  }

  @Test func spikeProducts() {
    for (rows, features, columns) in [
      (1, 1, 1), (3, 64, 10), (5, 65, 33), (130, 130, 70), (200, 7, 32), (33, 200, 3), (2, 4, 5), (129, 784, 37), (3, 2100, 40), (700, 1100, 130), (600, 70, 9),
    ] {
      for density: Float in [0, 0.05, 0.5, 1] {
        let wordsPerRow = (features + 63) / 64
        var words = [UInt64](repeating: 0, count: rows * wordsPerRow)
        for (place, value) in numbers(rows * features, seed: 9).enumerated() where value + 0.5 < density {
          words[place / features * wordsPerRow + place % features / 64] |= 1 << UInt64(place % features % 64)
        }
        let weights = numbers(features * columns, seed: 10)
        let total = kernels.countSpikes(words, count: words.count)
        let start = numbers(rows * columns, seed: 11)
        let fast = sameForAnyThreads {
          var out = start
          var room = [Int32](
            repeating: 0, count: kernels.spikeGemmWorkspace(rows: rows, features: features, total: total))
          kernels.spikeGemm(
            rows: rows, features: features, columns: columns, spikes: words, wordsPerRow: wordsPerRow, total: total,
            weights: weights, weightStride: columns, bias: nil, out: &out, outStride: columns, workspace: &room)
          return out
        }
        var slow = start
        referenceSpikeGemm(
          rows: rows, features: features, columns: columns, spikes: words, wordsPerRow: wordsPerRow,
          weights: weights, weightStride: columns, out: &slow, outStride: columns)
        // The sums run in the same order, so the bits are the same.
        #expect(fast.map(\.bitPattern) == slow.map(\.bitPattern))
      }
    }
  }

  @Test func bitTransposition() {
    for (rows, features) in [(1, 1), (64, 64), (65, 63), (130, 200), (3, 129)] {
      let wordsPerRow = (features + 63) / 64
      let outWords = (rows + 63) / 64
      var words = [UInt64](repeating: 0, count: rows * wordsPerRow)
      for (place, value) in numbers(rows * features, seed: 12).enumerated() where value < 0 {
        words[place / features * wordsPerRow + place % features / 64] |= 1 << UInt64(place % features % 64)
      }
      var turned = [UInt64](repeating: 0, count: features * outWords)
      kernels.transposeSpikes(words, rows: rows, wordsPerRow: wordsPerRow, features: features, out: &turned)
      for r in 0..<rows {
        for f in 0..<features {
          let here = words[r * wordsPerRow + f / 64] >> UInt64(f % 64) & 1
          let there = turned[f * outWords + r / 64] >> UInt64(r % 64) & 1
          if here != there { Issue.record("bit (\(r), \(f)) of \(rows) x \(features)") }
        }
      }
      #expect(kernels.countSpikes(words, count: words.count) == kernels.countSpikes(turned, count: turned.count))
    }
  }
}
