// Spikes of many neurons in a terminal: a stroke each where there is room, a dot each where there is little.

extension RasterPlot {
  /// From 0 to the duration; in whole numbers where all events are at whole steps.
  func timeAxis(padding: Double = 0) -> Axis {
    let isWhole = trains.allSatisfy { $0.allSatisfy { $0.rounded() == $0 } }
    return Axis(covering: [0, max(duration, 0)], padding: padding, isWhole: isWhole)
  }
}

extension Figure {
  func rasterGrid(_ plot: RasterPlot, _ options: TerminalOptions) -> TextGrid {
    let neurons = plot.trains.count
    if neurons == 0 { return emptyGrid(options) }
    let time = plot.timeAxis()
    // Dot rows a neuron: four fill a cell, and the topmost stays free so that neighbours do not merge.
    let rowsLeft = max(options.height - 3 - (title.isEmpty ? 0 : 1) - (yLabel.isEmpty ? 0 : 1), 3)
    let dots = min(max(rowsLeft * 4 / neurons, 1), 4)
    let used = min((neurons * dots + 3) / 4, rowsLeft)
    let plan = TerminalFrame.Plan(
      yTicks: { rows in Self.neuronTicks(neurons, dots: dots, rows: rows) }, xTicks: { time.ticks($0 / 10) },
      mostRows: used)
    var frame = TerminalFrame(self, plan: plan, width: options.width, height: options.height, color: options.color)
    var canvas = BrailleCanvas(columns: frame.columns, rows: frame.rows)

    for (neuron, train) in plot.trains.enumerated() {
      let bottom =
        neurons * dots <= canvas.dotRows
        ? canvas.dotRows - 1 - neuron * dots
        : canvas.dotRows - 1 - neuron * canvas.dotRows / neurons
      for event in train {
        guard let place = time.position(event), (0...1).contains(place) else { continue }
        for offset in 0..<max(dots - 1, 1) {
          canvas.dot(canvas.dotColumn(place), bottom - offset, color: Palette.terminalSeries(0))
        }
      }
    }
    canvas.draw(on: &frame.grid, row: frame.row, column: frame.column)
    return frame.grid
  }

  /// Ticks at the rows in which round neuron numbers lie.
  private static func neuronTicks(_ neurons: Int, dots: Int, rows: Int) -> [Tick] {
    let perNeuron = neurons * dots <= rows * 4 ? Double(dots) : Double(rows * 4) / Double(neurons)
    return Axis.indexTicks(neurons, count: rows <= 10 && neurons <= rows ? rows : rows / 3).compactMap { tick in
      guard let neuron = Double(tick.label) else { return nil }
      let middle = neuron * perNeuron + (perNeuron - 1) / 2
      return Tick(position: min(max(middle / Double(rows * 4 - 1), 0), 1), label: tick.label)
    }
  }
}
