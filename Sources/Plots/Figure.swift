// A figure is a value: what to show, in the data's own units. Renderers turn it into terminal text or SVG.

import Faults

/// A picture of data, described but not yet drawn.
public struct Figure: Equatable, Sendable {
  public var title: String
  /// What the axes measure, with the unit: `time (ms)`.
  public var xLabel: String
  public var yLabel: String
  public var content: Content

  /// The kinds of figures.
  public enum Content: Equatable, Sendable {
    /// Lines or points over two axes.
    case curves(CurvePlot)
    /// Events of many units over time.
    case raster(RasterPlot)
    /// A matrix as colours.
    case heatmap(HeatmapPlot)
    /// Actual classes against predicted ones.
    case confusion(ConfusionPlot)
    /// How often values fall into ranges.
    case histogram(HistogramPlot)
    /// One number a name.
    case bars(BarPlot)
    /// What stands on which core of a chip.
    case mesh(MeshPlot)
  }

  public init(_ content: Content, title: String = "", xLabel: String = "", yLabel: String = "") {
    self.content = content
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
  }
}

/// How numbers are laid along an axis. A logarithmic axis leaves out what is not positive.
public enum AxisScale: Equatable, Sendable {
  case linear, logarithmic
}

/// Points that belong together. NaN and infinity interrupt a line.
public struct Series: Equatable, Sendable {
  /// The name in the legend; empty for none.
  public var name: String
  /// Horizontal positions, or nil for 0, 1, 2, ...; the shorter of `x` and `y` decides how many points there are.
  public var x: [Double]?
  public var y: [Double]
  /// How far each value may be off to both sides; nil, NaN and 0 draw nothing.
  public var xErrors: [Double]?
  public var yErrors: [Double]?
  /// Whether its points are joined also where a plot draws points alone.
  public var isJoined = false
  /// The place of its colour among those of series, so that a name can have one colour in several figures; nil for the
  /// series' own place in the figure.
  public var colour: Int?

  public init(name: String = "", x: [Double]? = nil, y: [Double], xErrors: [Double]? = nil, yErrors: [Double]? = nil) {
    self.name = name
    self.x = x
    self.y = y
    self.xErrors = xErrors
    self.yErrors = yErrors
  }

  /// The error of a value, 0 where none is known.
  func yError(_ index: Int) -> Double { Self.error(yErrors, index) }
  func xError(_ index: Int) -> Double { Self.error(xErrors, index) }

  private static func error(_ errors: [Double]?, _ index: Int) -> Double {
    guard let errors, index < errors.count, errors[index] > 0, errors[index] <= Span.largest else { return 0 }
    return errors[index]
  }

  var count: Int { min(x?.count ?? y.count, y.count) }

  /// Calls a body with each point. A request to stop ends that early: whoever has the figure drawn throws then.
  func forEachPoint(_ body: (Int, (x: Double, y: Double)) -> Void) {
    try? Interrupt.parts(count) { part in for index in part { body(index, point(index)) } }
  }

  func point(_ index: Int) -> (x: Double, y: Double) { (x.map { $0[index] } ?? Double(index), y[index]) }
}

/// A horizontal line at a value that matters, such as a threshold.
public struct ReferenceLine: Equatable, Sendable {
  public var value: Double
  public var name: String

  public init(_ value: Double, name: String = "") {
    self.value = value
    self.name = name
  }
}

/// A stretch of the horizontal axis.
public struct Shade: Equatable, Sendable {
  public var low: Double
  public var high: Double

  public init(_ low: Double, _ high: Double) {
    self.low = low
    self.high = high
  }
}

/// Lines, points, or both, over two axes.
public struct CurvePlot: Equatable, Sendable {
  public var series: [Series]
  public var references: [ReferenceLine]
  public var drawsLines: Bool
  public var drawsMarkers: Bool
  public var xScale: AxisScale
  public var yScale: AxisScale
  /// Whether a value holds until the next, as counts do, so that lines run in steps.
  public var isStepped = false
  /// Stretches of the horizontal axis that are shaded, such as the times of a stimulus.
  public var shades: [Shade] = []
  /// Values that an axis covers besides those of the data, so that figures can be compared.
  public var xCovered: [Double] = []
  public var yCovered: [Double] = []

  public init(
    series: [Series], references: [ReferenceLine] = [], drawsLines: Bool = true, drawsMarkers: Bool = false,
    xScale: AxisScale = .linear, yScale: AxisScale = .linear
  ) {
    self.series = series
    self.references = references
    self.drawsLines = drawsLines
    self.drawsMarkers = drawsMarkers
    self.xScale = xScale
    self.yScale = yScale
  }
}

/// Spikes of neurons over time, neuron 0 at the bottom.
public struct RasterPlot: Equatable, Sendable {
  /// Event times, one list a neuron.
  public var trains: [[Double]]
  /// The end of the time axis, which begins at 0.
  public var duration: Double

  /// Takes event times; without a duration the axis ends at the last event.
  public init(trains: [[Double]], duration: Double? = nil) {
    self.trains = trains
    let last = trains.lazy.joined().filter(\.isFinite).max() ?? 0
    self.duration = duration ?? max(last, 1)
  }

  /// Takes spikes of shape `[time, neurons]` in row-major order: every value that is not 0 is an event.
  public init(spikes: [Float], neurons: Int) {
    var trains = [[Double]](repeating: [], count: max(neurons, 0))
    let steps = neurons > 0 ? spikes.count / neurons : 0
    for step in 0..<steps {
      for neuron in 0..<neurons where spikes[step * neurons + neuron] != 0 { trains[neuron].append(Double(step)) }
    }
    self.init(trains: trains, duration: Double(max(steps - 1, 1)))
  }
}

/// A matrix whose values become colours, row 0 at the top.
public struct HeatmapPlot: Equatable, Sendable {
  /// Rows of equal length; what a short row lacks stays empty.
  public var values: [[Double]]
  /// A name for each row and column, or none for their numbers.
  public var rowLabels: [String]
  public var columnLabels: [String]

  public init(values: [[Double]], rowLabels: [String] = [], columnLabels: [String] = []) {
    self.values = values
    self.rowLabels = rowLabels
    self.columnLabels = columnLabels
  }
}

/// How often each actual class (row) was taken for each class (column).
public struct ConfusionPlot: Equatable, Sendable {
  public var counts: [[Int]]
  /// One name a class; missing ones are numbered.
  public var classNames: [String]

  public init(counts: [[Int]], classNames: [String] = []) {
    self.counts = counts
    self.classNames = classNames
  }
}

/// Counts of values in ranges of equal width.
public struct HistogramPlot: Equatable, Sendable {
  /// The limits of the ranges: one more than `counts`.
  public var edges: [Double]
  public var counts: [Int]

  public init(edges: [Double], counts: [Int]) {
    self.edges = edges
    self.counts = counts
  }
}

/// One number a name, or one a name and series.
public struct BarPlot: Equatable, Sendable {
  /// A bar stands on 0, and its length is the value. A dot only has a place: its axis fits the data, and may be
  /// logarithmic.
  public enum Mark: Equatable, Sendable { case bar, dot }

  public var names: [String]
  /// Of each series one value a name; a missing one is NaN.
  public var series: [Series]
  public var references: [ReferenceLine]
  public var mark: Mark
  public var scale: AxisScale
  /// Values that the axis covers besides those of the data.
  public var covered: [Double] = []

  public init(
    names: [String], series: [Series], references: [ReferenceLine] = [], mark: Mark = .bar, scale: AxisScale = .linear
  ) {
    self.names = names
    self.series = series
    self.references = references
    self.mark = mark
    self.scale = mark == .bar ? .linear : scale
  }

  public init(names: [String], values: [Double]) { self.init(names: names, series: [Series(y: values)]) }

  /// How many groups of bars there are.
  var count: Int { series.map(\.y.count).max() ?? 0 }

  func name(_ index: Int) -> String { index < names.count ? names[index] : "\(index)" }

  func value(_ index: Int, of series: Series) -> Double { index < series.y.count ? series.y[index] : .nan }

  func error(_ index: Int, of series: Series) -> Double { series.yError(index) }

  /// The axis of the values, with their errors and the references on it, and 0 where bars stand on it. `padding` is a part
  /// of its length that is added where it does not end at 0.
  func axis(padding: Double = 0) -> Axis {
    var values = references.map(\.value) + covered
    for series in series {
      for (index, value) in series.y.enumerated() {
        values += [value, value - series.yError(index), value + series.yError(index)]
      }
    }
    let drawn = values.filter { abs($0) <= Span.largest && (scale == .linear || $0 > 0) }
    if mark == .dot { return Axis(covering: drawn, scale: scale, padding: padding) }
    let reach = Axis(covering: drawn + [0]).span, roomy = reach.padded(by: padding)
    return Axis(covering: [reach.low == 0 ? 0 : roomy.low, reach.high == 0 ? 0 : roomy.high])
  }

  /// A value as it is written beside its bar.
  func label(_ index: Int, of series: Series) -> String {
    let errors = series.yErrors ?? [], value = value(index, of: series)
    if index < errors.count, errors[index].isFinite { return shortText(value, deviation: errors[index], digits: 3) }
    guard value.isFinite, let decimals else { return shortText(value, digits: 3) }
    return fixedText(value, decimals: decimals)
  }

  /// The value in full, for whoever points at it.
  func note(_ index: Int, of series: Series) -> String {
    let errors = series.yErrors ?? []
    return shortText(value(index, of: series), deviation: index < errors.count ? errors[index] : .nan, digits: 6)
  }

  /// How many decimals all bars are written with: three digits of the largest, and more where two values would look equal
  /// that are not. Nil where they are too far apart for one count.
  private var decimals: Int? {
    let values = series.flatMap(\.y).filter { abs($0) <= Span.largest }
    let sizes = values.map { abs($0) }.filter { $0 > 0 }
    guard let largest = sizes.max(), let smallest = sizes.min(), largest < 1e6, largest >= 1e-4, largest < smallest * 100 else { return nil }
    if values.allSatisfy({ $0.rounded() == $0 }) { return 0 }
    let first = max(0, 2 - decimalExponent(largest)), different = Set(values).count
    return (first...first + 2).first { decimals in Set(values.map { fixedText($0, decimals: decimals) }).count == different } ?? first + 2
  }

  /// The position and name of each series in the legend; one alone needs none.
  var legendNames: [(index: Int, name: String)] {
    series.count < 2 ? [] : series.enumerated().map { ($0.offset, $0.element.name.isEmpty ? "\($0.offset)" : $0.element.name) }
  }
}
