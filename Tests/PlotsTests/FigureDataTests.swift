import Testing

@testable import Plots

/// A figure's copy of its data.
@Suite struct FigureDataTests {
  @Test func curves() {
    let one = Series(name: "a, b", x: [0, 0.5], y: [Double(Float(0.3)), .nan], yErrors: [0.1, .nan])
    let two = Series(name: "\"c\"", y: [1e300])
    let figure = Figure(.curves(CurvePlot(series: [one, two])), xLabel: "time (ms)", yLabel: "v")
    #expect(figure.csv == "series,time (ms),v,sd of v\n\"a, b\",0,0.3,0.1\n\"a, b\",0.5,,\n\"\"\"c\"\"\",0,1e+300,\n")
    #expect(Figure(.curves(CurvePlot(series: [Series(y: [2])]))).csv == "x,y\n0,2\n")
    #expect(Figure(.curves(CurvePlot(series: []))).csv == nil)
  }

  @Test func otherKinds() {
    #expect(Figure(.raster(RasterPlot(trains: [[1, 2], [], [0.5]])), xLabel: "step").csv == "neuron,step\n0,1\n0,2\n2,0.5\n")
    #expect(Figure(.heatmap(HeatmapPlot(values: [[1, 2], [3]], columnLabels: ["a"]))).csv == ",a,1\n0,1,2\n1,3\n")
    #expect(Figure(.confusion(ConfusionPlot(counts: [[1, 2], [3, 4]], classNames: ["x", "y"]))).csv == "actual \\ predicted,x,y\nx,1,2\ny,3,4\n")
    #expect(Figure(.histogram(HistogramPlot(edges: [0, 1, 2], counts: [3, 4]))).csv == "from,to,count\n0,1,3\n1,2,4\n")
    let bars = BarPlot(names: ["n"], series: [Series(name: "a", y: [1]), Series(name: "b", y: [2], yErrors: [0.5])])
    #expect(Figure(.bars(bars), yLabel: "spikes").csv == "name,series,spikes,sd\nn,a,1,\nn,b,2,0.5\n")
    #expect(Samples.all.allSatisfy { $0.csv?.hasSuffix("\n") != false })
  }
}
