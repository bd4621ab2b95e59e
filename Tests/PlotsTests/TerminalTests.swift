import Testing
import Texts

@testable import Plots

@Suite struct TerminalTests {
  /// A text without its escape sequences.
  private func plain(_ text: String) -> String {
    var out = "", isEscape = false
    for scalar in text.unicodeScalars {
      if scalar == "\u{1b}" { isEscape = true } else if !isEscape { out.unicodeScalars.append(scalar) }
      if isEscape, scalar == "m" { isEscape = false }
    }
    return out
  }

  private func check(_ figure: Figure, _ options: TerminalOptions) {
    let text = figure.terminalText(options)
    let lines = plain(text).split(separator: "\n", omittingEmptySubsequences: false)
    #expect(Set(lines.map(\.displayWidth)) == [options.width], "\(figure)\n\(text)")
    if !options.color { #expect(!text.unicodeScalars.contains("\u{1b}")) }
    let controls = plain(text).unicodeScalars.filter { $0.properties.generalCategory == .control && $0 != "\n" }
    #expect(controls.isEmpty)
  }

  @Test func everyLineIsEquallyWide() {
    for figure in Samples.all {
      for width in [20, 72, 133] {
        for height in [6, 20] {
          for color in [false, true] { check(figure, TerminalOptions(width: width, height: height, color: color)) }
        }
      }
    }
  }

  @Test func awkwardNumbersNeverTrap() {
    var random = TestRandom(state: 7)
    for _ in 0..<500 {
      let figure = Samples.random(&random)
      check(figure, TerminalOptions(width: 20 + random.next(below: 80), height: random.next(below: 40), color: true))
      check(figure, TerminalOptions())
    }
  }

  @Test func goldenLine() {
    let figure = Figure(
      .curves(CurvePlot(series: [Series(name: "v", y: [0, 1])], references: [ReferenceLine(0.5, name: "half")])),
      title: "rise", xLabel: "x", yLabel: "y")
    #expect(figure.terminalText(TerminalOptions(width: 24, height: 11)) == golden(
      """
                 rise         |
      y                       |
      1 ┤                 ⢀⣀⠤⠒|
        │             ⣀⠤⠔⠊⠁   |
        │⠄⠄⠄⠄⠄⠄⠄⠄⣄⡤⠔⠎⠍⠄⠄⠄⠄⠄⠄⠄⠄|
        │   ⢀⡠⠔⠒⠉             |
      0 ┤⠤⠒⠉⠁                 |
        └┬───────────────────┬|
         0                   1|
                   x          |
         ⠤⠤⠤ v   ⠄⠄⠄ half     |
      """))
  }

  @Test func goldenRaster() {
    let figure = Figure(.raster(RasterPlot(trains: [[0], [9]], duration: 9)))
    #expect(figure.terminalText(TerminalOptions(width: 20)) == golden(
      """
      1 ┤                ⢰|
      0 ┤⡆                |
        └┬────────┬───────|
         0        5       |
      """))
  }

  @Test func goldenHeatmap() {
    let figure = Figure(.heatmap(HeatmapPlot(values: [[0, 1], [2, 4]])))
    #expect(figure.terminalText(TerminalOptions(width: 20, height: 8)) == golden(
      """
        │    ░░░░         |
      0 ┤    ░░░░         |
        │▒▒▒▒████         |
      1 ┤▒▒▒▒████         |
        └──┬───┬─         |
           0   1          |
         [ ░▒▓█] 0 to 4   |
      """))
  }

  @Test func goldenConfusion() {
    let figure = Figure(.confusion(ConfusionPlot(counts: [[5, 1], [0, 9]], classNames: ["cat", "dog"])), title: "pets")
    #expect(figure.terminalText(TerminalOptions(width: 36)) == golden(
      """
                      pets                |
                   predicted              |
        actual     cat     dog   recall   |
           cat       5       1    83.3%   |
           dog       ·       9   100.0%   |
              accuracy 93.3% (14 of 15)   |
      """))
  }

  @Test func goldenHistogramAndBars() {
    let histogram = Figure(.histogram(HistogramPlot(edges: [0, 1, 2, 3], counts: [1, 4, 2])))
    #expect(histogram.terminalText(TerminalOptions(width: 20, height: 6)) == golden(
      """
      4 ┤     ████        |
        │     ████        |
      2 ┤     ████ ████   |
      0 ┤████ ████ ████   |
        └┬────────┬─────  |
         0        2       |
      """))
    let bars = Figure(.bars(BarPlot(names: ["a", "日本"], values: [3, -1])))
    #expect(bars.terminalText(TerminalOptions(width: 20)) == golden(
      """
         a    │████████▎ 3|
      日本 ███│ -1        |
      """))
  }

  /// The lines of a picture without the bar that marks where each ends.
  private func golden(_ picture: String) -> String {
    picture.split(separator: "\n").map { $0.dropLast() }.joined(separator: "\n")
  }

  @Test func colorIsOnlyUsedWhereAllowed() {
    let figure = Samples.usual[4]
    #expect(figure.terminalText(TerminalOptions(color: true)).contains("\u{1b}[0;38;5;"))
    #expect(figure.terminalText(TerminalOptions(color: true)).hasSuffix("m") == false)
    #expect(Samples.empty[1].terminalText().contains("(no data)"))
  }
}
