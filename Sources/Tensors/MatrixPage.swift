// How a tensor looks on a page of its own: a matrix with its rows below each other and its columns aligned.

extension Tensor {
  /// Rows beyond this many are shown as the first and the last of them.
  private static var mostRows: Int { 12 }

  /// A matrix as aligned rows, the middle of long axes shown as `…`; any other tensor as `preview(maximumWidth:)`.
  public func page(maximumWidth: Int) -> String {
    guard rank == 2, let rows = shape.first, let columns = shape.last, rows > 0, columns > 0 else {
      return preview(maximumWidth: maximumWidth)
    }
    let cut = rows > Self.mostRows ? Self.mostRows / 2 : rows
    let shown = cut == rows ? Array(0..<rows) : Array(0..<cut) + Array(rows - cut..<rows)
    var lines = cells(shown, edge: columns)
    // Whole rows where they fit, fewer of their columns where they do not.
    for edge in stride(from: 8, through: 1, by: -1) where lines == nil || (lines?.first?.count ?? 0) + 4 > maximumWidth {
      lines = cells(shown, edge: edge)
    }
    var text: [String] = []
    for (index, line) in (lines ?? []).enumerated() {
      if index == cut, cut < rows { text.append(" …") }
      let open = index == 0 ? "[[" : " ["
      text.append(open + line + (index == shown.count - 1 ? "]]" : "],"))
    }
    return text.joined(separator: "\n")
  }

  /// The texts of some rows, each column as wide as its widest number; nil for more columns than a line could hold.
  private func cells(_ rows: [Int], edge: Int) -> [String]? {
    guard let columns = shape.last, edge < columns || columns <= 200 else { return nil }
    let isCut = columns > 2 * edge
    let places = isCut ? Array(0..<edge) + Array(columns - edge..<columns) : Array(0..<columns)
    let texts = rows.map { row in places.map { elementText(base[row * columns + $0]) } }
    let widths = places.indices.map { place in texts.map { $0[place].count }.max() ?? 0 }
    return texts.map { row in
      var line = ""
      for (place, text) in row.enumerated() {
        if place > 0 { line += isCut && place == edge ? ", …, " : ", " }
        line += String(repeating: " ", count: widths[place] - text.count) + text
      }
      return line
    }
  }
}
