// Figures of every kind, usual ones and ones that a careless renderer trips over.

@testable import Plots

/// A reproducible stream of numbers between 0 and 1.
struct TestRandom {
  var state: UInt64

  mutating func next() -> Double {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Double(state >> 33) / Double(1 << 31)
  }

  mutating func next(below limit: Int) -> Int { min(Int(next() * Double(limit)), limit - 1) }

  /// A number that is likely to be awkward.
  mutating func awkward() -> Double {
    let special: [Double] = [
      0, -0.0, .nan, .infinity, -.infinity, 1e308, -1e308, .leastNonzeroMagnitude, 1e-300, 1, -1, 1e300,
      123_456_789.5, 0.1, 1e15,
    ]
    return next() < 0.3 ? special[next(below: special.count)] : (next() - 0.5) * 10
  }

  mutating func awkward(count: Int) -> [Double] { (0..<count).map { _ in awkward() } }
}

enum Samples {
  static let usual: [Figure] = [
    Figure(
      .curves(CurvePlot(series: [Series(name: "v", y: [0, 1, 0.5, 0.7])], references: [ReferenceLine(0.8)])),
      title: "membrane potential", xLabel: "time (ms)", yLabel: "v (mV)"),
    Figure(.curves(CurvePlot(series: [Series(x: [1, 10, 100], y: [1, 0.1, 0.01])], xScale: .logarithmic,
      yScale: .logarithmic))),
    Figure(.curves(CurvePlot(series: [Series(x: [1, 2], y: [3, 4])], drawsLines: false)), title: "points"),
    Figure(.raster(RasterPlot(trains: [[0, 5], [], [3]], duration: 9)), title: "spikes"),
    Figure(.heatmap(HeatmapPlot(values: [[0, 1], [2, -3]], rowLabels: ["a", "b"])), title: "weights"),
    Figure(.confusion(ConfusionPlot(counts: [[5, 1], [0, 9]], classNames: ["cat", "dog"])), title: "pets"),
    Figure(.histogram(HistogramPlot(values: [1, 2, 2, 3, 3, 3])), xLabel: "x"),
    Figure(.bars(BarPlot(names: ["a", "日本"], values: [3, -1])), title: "bars"),
    Figure(.mesh(mesh), title: "cores"),
    Figure(
      .curves(CurvePlot(series: [Series(name: "band", y: [1, 2, 3], yErrors: [0.5, .nan, 1]), Series(y: [2, 2, 2])])),
      title: "errors"),
    Figure(
      .curves(
        CurvePlot(series: [Series(x: [1, 2], y: [3, 4], xErrors: [0.1, 3], yErrors: [0, 1])], drawsLines: false, xScale: .logarithmic))),
    Figure(.bars(BarPlot(names: ["a", "b"], series: [Series(y: [3, -1], yErrors: [1, 2])])), yLabel: "y"),
    Figure(
      .bars(
        BarPlot(
          names: ["with idle power, as a user would", "b"], series: [Series(name: "p", y: [300, 4], yErrors: [400, 1]), Series(name: "q", y: [1, .nan])],
          references: [ReferenceLine(312, name: "paper")], mark: .dot, scale: .logarithmic)), title: "dots", yLabel: "times"),
    Figure(.bars(BarPlot(names: ["a name that is far too long to stand below its bar", "b"], values: [3, -1]))),
    Figure(
      .bars(
        BarPlot(
          names: ["digits", "letters"],
          series: [Series(name: "rate", y: [390, 512]), Series(name: "hybrid", y: [120, 170])],
          references: [ReferenceLine(300, name: "budget")])), title: "codes", yLabel: "spikes"),
  ]

  /// Three layers on a chip of four by three tiles, one core in use by two of them.
  static let mesh = MeshPlot(
    columns: 4, rows: 3,
    cells: [
      .init(column: 0, row: 0, fill: 0.95, label: "dense 0"), .init(column: 1, row: 0, fill: 0.5, label: "dense 0"),
      .init(column: 1, row: 1, fill: 0.2, label: "dense 2, 4"),
    ],
    links: [
      .init(from: .init(0, 0), to: .init(1, 0), load: 20), .init(from: .init(1, 0), to: .init(1, 1), load: 120),
      .init(from: .init(1, 1), to: .init(1, 0), load: 10),
    ], resource: "synaptic memory", traffic: "packets an inference")

  static let empty: [Figure] = [
    Figure(.curves(CurvePlot(series: []))),
    Figure(.curves(CurvePlot(series: [Series(name: "none", y: [])])), title: "nothing"),
    Figure(.raster(RasterPlot(trains: []))),
    Figure(.raster(RasterPlot(spikes: [], neurons: 0))),
    Figure(.heatmap(HeatmapPlot(values: []))),
    Figure(.heatmap(HeatmapPlot(values: [[], []]))),
    Figure(.confusion(ConfusionPlot(counts: []))),
    Figure(.histogram(HistogramPlot(values: []))),
    Figure(.histogram(HistogramPlot(edges: [], counts: []))),
    Figure(.bars(BarPlot(names: ["a"], values: []))),
    Figure(.mesh(MeshPlot(columns: 0, rows: 3, cells: []))),
  ]

  static let odd: [Figure] = [
    Figure(.curves(CurvePlot(series: [Series(y: [5])]))),
    Figure(.curves(CurvePlot(series: [Series(y: [2, 2, 2])]))),
    Figure(.curves(CurvePlot(series: [Series(y: [.nan, .infinity])], references: [ReferenceLine(.nan)]))),
    Figure(.curves(CurvePlot(series: [Series(y: [1, .nan, 2, 3, .infinity, 4])]))),
    Figure(.curves(CurvePlot(series: [Series(y: [-1e308, 1e308])]))),
    Figure(.curves(CurvePlot(series: [Series(y: [.leastNonzeroMagnitude, 0])]))),
    Figure(.curves(CurvePlot(series: [Series(x: [1], y: [1, 2, 3])], xScale: .logarithmic))),
    Figure(.curves(CurvePlot(series: [Series(y: [-1, 0, -5])], yScale: .logarithmic))),
    Figure(.curves(CurvePlot(series: (0..<60).map { Series(name: "series \($0)", y: [Double($0), 1]) }))),
    Figure(.curves(CurvePlot(series: [Series(y: (0..<20_000).map { Double($0 % 97) })]))),
    Figure(.raster(RasterPlot(trains: [[.nan, -1, 1e308, 2]], duration: .infinity))),
    Figure(.raster(RasterPlot(trains: [[0]], duration: 0))),
    Figure(.raster(RasterPlot(trains: [[Double]](repeating: [1, 2], count: 5000), duration: 3))),
    Figure(.heatmap(HeatmapPlot(values: [[.nan, .nan]]))),
    Figure(.heatmap(HeatmapPlot(values: [[1], [1, 2, 3], []]))),
    Figure(.heatmap(HeatmapPlot(values: [[7]]))),
    Figure(.heatmap(HeatmapPlot(values: [[1e300, -1e300]]))),
    Figure(.heatmap(HeatmapPlot(values: [[Double]](repeating: [Double](repeating: 1, count: 700), count: 3)))),
    Figure(.confusion(ConfusionPlot(counts: [[1, 2, 3], [4]]))),
    Figure(.confusion(ConfusionPlot(counts: [[0, 0], [0, 0]]))),
    Figure(.confusion(ConfusionPlot(counts: [[.max, .max], [.min, -1]]))),
    Figure(.confusion(ConfusionPlot(counts: (0..<60).map { row in (0..<60).map { $0 == row ? 9 : 0 } }))),
    Figure(.histogram(HistogramPlot(values: [3, 3, 3]))),
    Figure(.histogram(HistogramPlot(values: [.nan, 1e308, 1], bins: 500))),
    Figure(.histogram(HistogramPlot(edges: [0, 1, 2], counts: [.max, .max]))),
    Figure(.bars(BarPlot(names: [], values: [.nan, .infinity, -1e308, 0]))),
    Figure(.bars(BarPlot(names: ["zero"], values: [0]))),
    Figure(.bars(BarPlot(names: [], series: []))),
    Figure(
      .bars(
        BarPlot(
          names: ["a"], series: [Series(y: [1, .nan, -3]), Series(name: "\u{7}", y: []), Series(y: [.infinity])],
          references: [ReferenceLine(.nan), ReferenceLine(1e308)]))),
    Figure(.mesh(MeshPlot(columns: 2, rows: 2, cells: []))),
    Figure(.mesh(MeshPlot(columns: 1000, rows: 2000, coresPerTile: 7, cells: []))),
    Figure(.mesh(oddMesh)),
    Figure(.mesh(fullMesh)),
    Figure(
      .bars(BarPlot(names: ["\u{1b}[31mred\u{7}", "<&>\"'", "e\u{301}👩‍👩‍👧‍👦日"], values: [1, 2, 3])),
      title: "a\nb\t\u{0}\u{202e}日本語" + String(repeating: "very long ", count: 40), xLabel: "<x>", yLabel: "&\u{1}"),
  ]

  /// Places beside the mesh, fills and loads that are no parts, labels that are no words, many chips.
  static let oddMesh = MeshPlot(
    columns: 3, rows: 3, coresPerTile: 6,
    cells: (0..<40).map {
      .init(
        chip: $0 - 3, column: $0 % 5 - 1, row: $0 % 4, slot: $0 % 8, fill: [Double.nan, -1, 2, .infinity, 0.5][$0 % 5],
        label: ["\u{1b}[31m<&>", "日本語の層", "", String(repeating: "long ", count: 30)][$0 % 4])
    },
    links: (0..<40).map {
      .init(
        chip: $0 % 9, from: .init($0 % 3, $0 % 2), to: .init(($0 + 1) % 4, $0 % 2),
        load: [Double.nan, -5, 1e308, 3, .infinity, 0][$0 % 6])
    }, resource: "<b>", traffic: "\u{0}")

  /// A large chip in use to the last core.
  static let fullMesh = MeshPlot(
    columns: 64, rows: 64,
    cells: (0..<4096).map { .init(column: $0 % 64, row: $0 / 64, fill: Double($0) / 4096, label: "layer \($0 / 512)") },
    links: (0..<4032).map { .init(from: .init($0 % 63, $0 / 63), to: .init($0 % 63 + 1, $0 / 63), load: Double($0)) })

  static var all: [Figure] { usual + empty + odd }

  /// A figure of awkward numbers.
  static func random(_ random: inout TestRandom) -> Figure {
    let count = random.next(below: 30)
    let scale: AxisScale = random.next() < 0.3 ? .logarithmic : .linear
    let content: Figure.Content
    switch random.next(below: 6) {
    case 0:
      let series = (0..<random.next(below: 4)).map { index in
        Series(
          name: index == 1 ? "" : "s\(index)", x: index == 2 ? random.awkward(count: count) : nil,
          y: random.awkward(count: count))
      }
      content = .curves(
        CurvePlot(
          series: series, references: [ReferenceLine(random.awkward())], drawsLines: random.next() < 0.5,
          drawsMarkers: random.next() < 0.5, xScale: scale, yScale: random.next() < 0.3 ? .logarithmic : .linear))
    case 1:
      let trains = (0..<random.next(below: 100)).map { _ in random.awkward(count: 5) }
      content = .raster(RasterPlot(trains: trains, duration: random.next() < 0.5 ? nil : random.awkward()))
    case 2:
      let values = (0..<random.next(below: 40)).map { _ in random.awkward(count: random.next(below: 40)) }
      content = .heatmap(HeatmapPlot(values: values, columnLabels: ["first", "second"]))
    case 3:
      let counts = (0..<count).map { _ in (0..<count).map { _ in random.next(below: 2000) - 5 } }
      content = .confusion(ConfusionPlot(counts: counts))
    case 4:
      content = .histogram(HistogramPlot(values: random.awkward(count: count * 5), bins: count == 3 ? nil : count))
    default:
      content = .bars(BarPlot(names: ["a", "b"], values: random.awkward(count: count)))
    }
    let titles = ["", "title", "日本語の題"]
    return Figure(content, title: titles[random.next(below: 3)], xLabel: titles[random.next(below: 3)],
      yLabel: titles[random.next(below: 3)])
  }
}
