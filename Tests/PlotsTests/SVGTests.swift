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
