import Testing
import Texts

@testable import Plots

@Suite struct AxisTests {
  private func labels(_ low: Double, _ high: Double, _ count: Int = 5, _ scale: AxisScale = .linear) -> [String] {
    Axis(covering: [low, high], scale: scale).ticks(count).map(\.label)
  }

  @Test func ticksAreRound() {
    #expect(labels(0, 10) == ["0", "2", "4", "6", "8", "10"])
    #expect(labels(0, 1) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(labels(-1, 1, 4) == ["-1.0", "-0.5", "0.0", "0.5", "1.0"])
    #expect(labels(0.97, 1.03, 4) == ["0.98", "1.00", "1.02"])
    #expect(labels(0, 3e7, 3) == ["0", "1e7", "2e7", "3e7"])
    #expect(labels(0, 2e-7, 2) == ["0", "1e-7", "2e-7"])
    #expect(labels(1_000_000, 1_000_100, 2) == ["1000000", "1000050", "1000100"])
    #expect(labels(100_000_000, 100_000_010, 2) == ["1e8", "1.00000005e8", "1.0000001e8"])
  }

  @Test func logarithmicTicksAreDecades() {
    #expect(labels(0.001, 1000, 7, .logarithmic) == ["0.001", "0.01", "0.1", "1", "10", "100", "1000"])
    #expect(labels(1e-10, 1e10, 5, .logarithmic) == ["1e-10", "1e-5", "1", "100000", "1e10"])
    #expect(labels(1, 10, 5, .logarithmic) == ["1", "2", "5", "10"])
    #expect(labels(3, 4, 5, .logarithmic).count >= 3)
  }

  @Test func ticksLieOnTheAxisInOrder() {
    var random = TestRandom(state: 3)
    for _ in 0..<5000 {
      let scale: AxisScale = random.next() < 0.5 ? .linear : .logarithmic
      let axis = Axis(covering: random.awkward(count: 3), scale: scale, padding: 0.05)
      let ticks = axis.ticks(1 + random.next(below: 12))
      #expect(ticks.allSatisfy { (0...1).contains($0.position) })
      #expect(zip(ticks, ticks.dropFirst()).allSatisfy { $0.position < $1.position })
      #expect(Set(ticks.map(\.label)).count == ticks.count, "\(axis) \(ticks)")
    }
  }

  @Test func aSingleValueGetsRoom() {
    for value in [0, 1, -3, 1e300, Double.leastNonzeroMagnitude, 1e-200] {
      let axis = Axis(covering: [value])
      #expect(axis.position(value).map { abs($0 - 0.5) < 0.01 } == true, "\(value)")
    }
    #expect(Axis(covering: []).position(0.5) == 0.5)
    #expect(Axis(covering: [1, 2]).position(.nan) == nil)
    #expect(Axis(covering: [1, 2], scale: .logarithmic).position(0) == nil)
  }

  @Test func numbersReadWell() {
    #expect(fixedText(-0.001, decimals: 2) == "0.00")
    #expect(fixedText(-1.255, decimals: 1) == "-1.3")
    #expect(fixedText(0.05, decimals: 2) == "0.05")
    // As a table rounds them.
    #expect([82.5, 0.15, 2.675, 1.005, 0.125, 83.5].map { fixedText($0, decimals: $0 > 80 ? 0 : $0 == 0.15 ? 1 : 2) } == ["83", "0.2", "2.68", "1.01", "0.13", "84"])
    #expect(fixedText(1e20, decimals: 2) == "1e20")
    #expect(fixedText(.nan, decimals: 2) == "nan")
    #expect(shortText(0.1 + 0.2) == "0.3")
    #expect(shortText(1234.5678) == "1235")
    #expect(shortText(1.5e-9) == "1.5e-9")
    #expect(shortText(9.99996e9) == "1e10")
    #expect(shortText(-1e308) == "-1e308")
    #expect(shortText(.leastNonzeroMagnitude).hasSuffix("e-323"))
  }

  @Test func histogramsCountEverythingOnce() {
    let plot = HistogramPlot(values: [0, 0.5, 1, 1, .nan, .infinity], bins: 2)
    #expect(plot.counts == [1, 3])
    #expect(plot.edges == [0, 0.5, 1])
    var random = TestRandom(state: 5)
    let values = (0..<1000).map { _ in random.next() }
    let usual = HistogramPlot(values: values)
    #expect(usual.counts.reduce(0, +) == 1000)
    #expect((5...60).contains(usual.counts.count))
    #expect(HistogramPlot(edges: [0, 1, 2, 3], counts: [1, 2, 3]).merged(most: 2).counts == [3, 3])
  }

  @Test func spikesBecomeTrains() {
    let plot = RasterPlot(spikes: [1, 0, 0, 1, 0, 1], neurons: 2)
    #expect(plot.trains == [[0], [1, 2]])
    #expect(plot.duration == 2)
  }

  @Test func widthsOfText() {
    #expect("abc".displayWidth == 3)
    #expect("日本語".displayWidth == 6)
    #expect("e\u{301}".displayWidth == 1)
    #expect("👩‍👩‍👧‍👦".displayWidth == 2)
    #expect("\u{1b}\u{0}".displayWidth == 0)
    #expect("⠿│█".displayWidth == 3)
    #expect("日本語".clipped(toWidth: 4) == "日…")
    #expect("abc".clipped(toWidth: 3) == "abc")
    #expect("日".padded(toWidth: 4) == "日  ")
    #expect("a\u{1b}[31m\nb".withoutControls == "a [31m b")
  }
}
