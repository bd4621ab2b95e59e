import Machine
import Spiking
import Testing

@testable import Builtins

@Suite struct FitDisplayTests {
  private func lines(width: Int, epochs: Int, terms: [(name: String, value: Double)] = []) -> String {
    let output = BufferedOutput(width: width)
    let display = FitDisplay(output)
    for epoch in 1...epochs {
      display.show(
        FitProgress(
          epoch: epoch, epochs: epochs, batch: 8, batches: 8, loss: 0.12345, accuracy: 0.987, batchLoss: 0.1,
          samplesPerSecond: 12_345.6, secondsLeft: 83.2, validationAccuracy: 0.96, isEpochEnd: true,
          terms: terms))
    }
    display.end()
    return output.text
  }

  /// Text between line ends and rewrites, without the sequence that clears the rest of a line.
  private func shown(_ text: String) -> [String] {
    text.split(whereSeparator: { $0 == "\n" || $0 == "\r" }).map { part in
      String(part.prefix { $0 != "\u{1B}" })
    }
  }

  @Test(arguments: [20, 40, 60, 80, 120, 200]) func linesFitTheTerminal(width: Int) {
    for line in shown(lines(width: width, epochs: 3)) { #expect(line.count < width) }
  }

  @Test func aWideLineShowsEverything() {
    let line = shown(lines(width: 140, epochs: 12))[0]
    for part in ["epoch  1/12", "loss 0.1235", "accuracy 98.7%", "validation 96.0%", "12,345 samples/s", "84 s left"] {
      #expect(line.contains(part), "\(part) in \(line)")
    }
  }

  @Test func aPriceBesideTheLossIsShownWithItsTerms() {
    let terms = [(name: "hardware", value: 0.81234), (name: "hardware_memory", value: 0.5)]
    let line = shown(lines(width: 160, epochs: 12, terms: terms))[0]
    #expect(line.contains("hardware 0.812 (memory 0.500)"), "\(line)")
    for width in [20, 60, 80, 100, 120] {
      for line in shown(lines(width: width, epochs: 3, terms: terms)) { #expect(line.count < width) }
    }
    #expect(shown(lines(width: 80, epochs: 12, terms: terms))[0].contains("hardware 0.812"))
  }

  @Test func longRunsLeaveAtMostTwentyLines() {
    #expect(lines(width: 80, epochs: 12).count { $0 == "\n" } == 12)
    #expect(lines(width: 80, epochs: 1000).count { $0 == "\n" } == 20)
  }
}
