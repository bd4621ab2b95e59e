// A figure as terminal text. Nothing is asked of the terminal: the caller knows its width and whether it has colours.

/// How wide and high a terminal figure may become, and whether it may use colour.
public struct TerminalOptions: Equatable, Sendable {
  /// Columns, at least 20 and at most 1000.
  public var width: Int
  /// Lines; a figure takes fewer where its data need fewer, and a table takes as many as it has rows.
  public var height: Int
  /// Whether escape sequences of the 256 colours may be used.
  public var color: Bool

  public init(width: Int = 72, height: Int = 20, color: Bool = false) {
    self.width = min(max(width, 20), 1000)
    self.height = min(max(height, 6), 1000)
    self.color = color
  }
}

extension Figure {
  /// The figure as lines of equal width, joined by newlines, without one at the end.
  public func terminalText(_ options: TerminalOptions = TerminalOptions()) -> String {
    let grid =
      switch content {
      case .curves(let plot): curvesGrid(plot, options)
      case .raster(let plot): rasterGrid(plot, options)
      case .heatmap(let plot): heatmapGrid(plot, options)
      case .confusion(let plot): confusionGrid(plot, options)
      case .histogram(let plot): histogramGrid(plot, options)
      case .bars(let plot): barsGrid(plot, options)
      case .mesh(let plot): meshGrid(plot, options)
      }
    return grid.text(color: options.color)
  }

  /// A figure without data: its title and a line that says so.
  func emptyGrid(_ options: TerminalOptions) -> TextGrid {
    var grid = TextGrid(width: options.width, height: title.isEmpty ? 1 : 2)
    grid.putCentered(title, row: 0, middle: options.width / 2, from: 0, to: options.width, style: .title)
    grid.putCentered(
      "(no data)", row: grid.height - 1, middle: options.width / 2, from: 0, to: options.width, style: .axis)
    return grid
  }
}
