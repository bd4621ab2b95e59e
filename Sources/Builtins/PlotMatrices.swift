// The module `plot`: spikes, matrices and confusion matrices.

import Faults
import Machine
import Plots
import Tensors

let plotRaster = Builtin(
  "plot.raster",
  [
    .required(
      "spikes", .array | .tuple, "spikes `[time, batch, ...features]`, a tensor `[time, neurons]`, or lists of times"),
    .optional("sample", .int, default: "0", "which sample of a batch to show"),
  ] + PlotOptions.parameters(x: "\"step\"", y: "\"neuron\""),
  returns: "figure", subject: "plot",
  """
  Draws each spike as a stroke: time to the right, neuron 0 at the bottom.

  Takes spikes or a tensor whose values other than 0 are spikes. A list with a list of times for each neuron is drawn \
  as it is.
  """,
  example: """
    use plot
    plot.raster([[0, 3, 6], [1, 2], []], title="three neurons")
    """
) { (call) throws(Fault) in
  let plot = try rasterPlot(call)
  let options = try PlotOptions(call, from: 2, x: "step", y: "neuron")
  return try options.finish(.raster(plot), call)
}

private func rasterPlot(_ call: Call) throws(Fault) -> RasterPlot {
  if let elements = call[0].elements, elements.contains(where: { $0.elements != nil }) {
    var trains: [[Double]] = []
    for element in elements {
      guard let times = try call.plotNumbers(of: element, 0) else {
        throw call.wrong(0, "must be spikes, or a list with the spike times of each neuron", kind: .type)
      }
      trains.append(times.values)
    }
    return RasterPlot(trains: trains)
  }
  let sample = try call.int(1, default: 0, atLeast: 0)
  let values = try call.tensor(0)
  var shape = values.shape
  guard let steps = shape.first else {
    throw call.wrong(0, "needs a time axis", kind: .shape, help: "the axes of spikes are [time, batch, features]")
  }
  shape.removeFirst()
  var batch = 1
  if shape.count > 1 || call[0].asSpikes != nil { batch = shape.removeFirst() }
  guard sample < max(batch, 1) else { throw call.wrong(1, "is \(sample), and there are \(batch) samples") }
  let neurons = shape.reduce(1, *)
  var trains = [[Double]](repeating: [], count: neurons)
  values.withUnsafeBuffer { scalars in
    for step in 0..<steps {
      let row = (step * batch + sample) * neurons
      for neuron in 0..<neurons where scalars[row + neuron] != 0 { trains[neuron].append(Double(step)) }
    }
  }
  return RasterPlot(trains: steps == 0 ? [] : trains, duration: Double(max(steps - 1, 1)))
}

let plotHeatmap = Builtin(
  "plot.heatmap",
  [
    .required("matrix", .array | .tuple, "a tensor or a list of rows; row 0 is drawn at the top"),
    .optional("rows", .list, default: "nil", "a name for each row"),
    .optional("columns", .list, default: "nil", "a name for each column"),
  ] + PlotOptions.parameters(),
  returns: "figure", subject: "plot",
  """
  Draws a matrix as colours, dark for low values and bright for high ones.

  Where values lie on both sides of 0, the colours are blue below and orange above it. Axes of size 1 do not count. \
  Matrices larger than the picture are averaged in blocks.
  """,
  example: """
    use plot
    plot.heatmap([[0.0, 0.5], [1.0, 0.2]], title="weights")
    """
) { (call) throws(Fault) in
  let values = try call.plotMatrix(0)
  let columns = values.first?.count ?? 0
  let plot = HeatmapPlot(
    values: values, rowLabels: try axisNames(call, 1, count: values.count, "row"),
    columnLabels: try axisNames(call, 2, count: columns, "column"))
  return try PlotOptions(call, from: 3).finish(.heatmap(plot), call)
}

let plotConfusion = Builtin(
  "plot.confusion",
  [
    .required(
      "counts", .array | .tuple, "a square matrix of counts: a row for each actual class, a column for each predicted"),
    .optional("names", .list, default: "nil", "a name for each class"),
    .optional("title", .string, default: "\"\"", "what the figure shows"),
    .optional("show", .bool, default: "true", "whether to show the figure at once"),
  ],
  returns: "figure", subject: "plot",
  """
  Draws a confusion matrix: how often each actual class was taken for each class, shaded by its part of the class, \
  with the recall of each class and the accuracy of all.
  """,
  example: """
    use plot
    plot.confusion([[48, 2], [5, 45]], names=["cat", "dog"])
    """
) { (call) throws(Fault) in
  let matrix = try call.plotMatrix(0)
  guard matrix.allSatisfy({ $0.count == matrix.count }) else {
    throw call.wrong(
      0, "must be square, found \(Shape.text([matrix.count, matrix.first?.count ?? 0]))", kind: .shape)
  }
  var counts: [[Int]] = []
  for row in matrix {
    let whole = row.compactMap { Int(exactly: $0) }
    guard whole.count == row.count, whole.allSatisfy({ $0 >= 0 }) else {
      throw call.wrong(0, "must hold counts: whole numbers that are not negative")
    }
    counts.append(whole)
  }
  let names = try axisNames(call, 1, count: counts.count, "class")
  let value = FigureValue(
    Figure(.confusion(ConfusionPlot(counts: counts, classNames: names)), title: try call.string(2, default: "")))
  return try call.bool(3, default: true) ? ShownValue.show(value, on: call.machine) : .foreign(value)
}

/// The names in a list argument, one for each row, column or class; none when it was left out.
private func axisNames(_ call: Call, _ index: Int, count: Int, _ thing: String) throws(Fault) -> [String] {
  guard call.has(index), !call[index].isNil else { return [] }
  let names = try call.elements(index).map { $0.description(of: .plain) }
  if names.count != count {
    throw call.wrong(index, "has \(counted(names.count, "name")), one for each \(thing) makes \(count)", kind: .shape)
  }
  return names
}
