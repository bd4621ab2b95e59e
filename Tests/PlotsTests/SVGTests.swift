import TestSupport
import Testing

@testable import Plots

@Suite struct SVGTests {
  @Test func everyPictureIsWellFormed() {
    for figure in Samples.all {
      for (width, height) in [(640.0, 400.0), (160, 120), (1200, 300), (.nan, -5)] {
        let text = figure.svg(width: width, height: height)
        #expect(xmlProblem(text) == nil, "\(figure)")
        #expect(text.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 "))
      }
    }
  }

  @Test func awkwardNumbersNeverTrap() {
    var random = TestRandom(state: 11)
    for _ in 0..<200 {
      let figure = Samples.random(&random)
      let problem = xmlProblem(figure.svg())
      #expect(problem == nil, "\(figure)")
    }
  }

  @Test func theCheckerFindsProblems() {
    #expect(xmlProblem("<a><b x=\"1\"/>&amp;</a>") == nil)
    let wrongs = [
      "", "<a>", "<a></b>", "<a x=1/>", "<a x=\"1\" x=\"2\"/>", "<a>&nbsp;</a>", "<a/><b/>", "<a", "<a x=\"&\"/>",
    ]
    for wrong in wrongs {
      #expect(xmlProblem(wrong) != nil, "\(wrong)")
    }
  }

  @Test func aSeriesOfPointsMayBeJoined() {
    var joined = Series(name: "front", x: [1, 2, 3], y: [1, 4, 9])
    joined.isJoined = true
    let others = Series(name: "others", x: [1, 2, 3], y: [0, 1, 2])
    let text = Figure(.curves(CurvePlot(series: [joined, others], drawsLines: false))).svg()
    #expect(text.contains("<path class=\"ne-line0\""))
    #expect(!text.contains("<path class=\"ne-line1\""))
    #expect(text.contains("<circle class=\"ne-fill0\"") && text.contains("<circle class=\"ne-fill1\""))
  }

  /// A curve of a narrow range still shows its scale.
  @Test func anAxisHasTwoLabelsAtLeast() {
    for (low, high) in [(0.96, 1.04), (0.999, 1.2), (7.0, 8.1), (1e-3, 1.9e-3), (-0.4, 0.3)] {
      for count in 1...4 {
        #expect(Axis(covering: [low, high]).ticks(count).count >= 2)
        if low > 0 { #expect(Axis(covering: [low, high], scale: .logarithmic).ticks(count).count >= 2) }
      }
    }
  }

  /// Numbers beside bars have one count of decimals, and differ where their values do.
  @Test func barsHaveComparableLabels() {
    func labels(_ values: [Double]) -> [String] {
      let plot = BarPlot(names: [], values: values)
      return values.indices.map { plot.label($0, of: plot.series[0]) }
    }
    #expect(labels([2.777, 43.13, 9.546]) == ["2.8", "43.1", "9.5"])
    #expect(labels([1.957, 2.005]) == ["1.96", "2.01"])
    #expect(labels([2.001, 2.004]) == ["2.001", "2.004"])
    #expect(labels([1230, 4]) == ["1230", "4"])
    #expect(labels([1230, 141, 8.5]) == ["1230", "141", "8.5"])
    #expect(labels([.nan, 1.5]) == ["nan", "1.50"])
  }

  /// On a phone as on a desk, words are broken into lines and none is cut.
  @Test func longWordsAreNotCut() {
    let name = "Loihi 2's events cost as much as those of Loihi 1, which are published"
    let title = "what changes if one assumption at a time is another one, all else being equal"
    let figure = Figure(.bars(BarPlot(names: [name, name + " too"], values: [1, 2])), title: title, yLabel: "times the energy that the network takes on the chip")
    let lines = Figure(.curves(CurvePlot(series: [Series(y: [1, 2])])), title: title, xLabel: title, yLabel: title)
    for (width, figure) in [(358.0, figure), (680, figure), (358, lines), (680, lines)] {
      let text = figure.svg(width: width, height: 280)
      #expect(!text.contains("…"), "\(width)")
      #expect(xmlProblem(text) == nil)
    }
  }

  @Test func textIsEscaped() {
    let text = Figure(.bars(BarPlot(names: ["<b>"], values: [1])), title: "a & \"b\" <script>").svg()
    #expect(text.contains("a &amp; &quot;b&quot; &lt;script&gt;"))
    #expect(!text.contains("<script>"))
    #expect(text.contains("&lt;b&gt;"))
  }

  @Test func pointsLieWhereTheyShould() {
    let figure = Figure(.curves(CurvePlot(series: [Series(y: [0, 1, 0])])))
    let path = figure.svg().split(separator: "\n").first { $0.contains("ne-line0\" d=") }
    let places = path?.split(separator: "\"").last { $0.hasPrefix("M") }?.dropFirst().split(separator: "L")
    let points = places?.map { $0.split(separator: " ").compactMap { Double($0) } } ?? []
    #expect(points.count == 3)
    #expect(points.first?.last == points.last?.last)
    #expect(abs((points[1][0] - points[0][0]) - (points[2][0] - points[1][0])) < 0.02)
    #expect(points[1][1] < points[0][1])
  }

  @Test func longSeriesKeepTheirPeaks() {
    var values = [Double](repeating: 0, count: 100_000)
    values[54_321] = 7
    let places = values.enumerated().map { (x: Double($0.offset) / 200, y: $0.element) }
    let thin = Figure.thinned(places)
    #expect(thin.count < 5000)
    #expect(thin.contains { $0.y == 7 })
    #expect(thin.first?.x == 0 && thin.last?.x == places.last?.x)
  }

  @Test func coloursAreThePublishedOnes() {
    #expect(Palette.series.map(\.hex) == ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9"])
    #expect(RGB(0xffffff).ansi256 == 231)
    #expect(RGB(0).ansi256 == 16)
    let shades = stride(from: 0.0, through: 1, by: 0.05).map { Palette.sequential($0).luminance }
    #expect(zip(shades, shades.dropFirst()).allSatisfy { $0 < $1 })
  }

  @Test func lightAndDarkAreBothStyled() {
    let text = Samples.usual[0].svg()
    #expect(text.contains("@media screen and (prefers-color-scheme:dark)"))
    #expect(!text.contains("http://") || text.contains("xmlns=\"http://www.w3.org/2000/svg\""))
  }
}
