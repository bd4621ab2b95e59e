// How a tensor looks on a page of its own: its rows below each other, its columns aligned at their points.

import Faults

extension Tensor {
  /// A matrix with more rows shows the first and the last of them.
  private static var mostRows: Int { 12 }
  /// The same for the rows of all matrices that a tensor of more axes is made of.
  private static var mostInnerRows: Int { 36 }

  /// Two axes and more as aligned rows, the middle of long axes shown as `…`; any other tensor as `preview(maximumWidth:)`.
  public func page(maximumWidth: Int) -> String {
    guard rank >= 2, rank <= 8, count > 0, let columns = shape.last else { return preview(maximumWidth: maximumWidth) }
    let layout = RowLayout(shape: Array(shape.dropLast()), edge: edge)
    let rows = layout.rows
    var lines = cells(rows, edge: columns)
    // Whole rows where they fit, fewer of their columns where they do not.
    for edge in stride(from: 8, through: 1, by: -1) where lines == nil || (lines?.first?.count ?? 0) + 2 * rank > maximumWidth {
      lines = cells(rows, edge: edge)
    }
    return layout.text(lines ?? [])
  }

  /// How many of the first and of the last elements of each outer axis are shown.
  private var edge: Int {
    let outer = shape.dropLast()
    if outer.count == 1 { return Self.mostRows / 2 }
    for edge in [Self.mostInnerRows, 4, 3, 2] where outer.reduce(1, { $0 * min($1, 2 * edge) }) <= Self.mostInnerRows { return edge }
    return 1
  }

  /// The texts of some rows, the points of each column below each other; nil for more columns than a line could hold.
  private func cells(_ rows: [Int], edge: Int) -> [String]? {
    guard let columns = shape.last, edge < columns || columns <= 200 else { return nil }
    let isCut = columns > 2 * edge
    let places = isCut ? Array(0..<edge) + Array(columns - edge..<columns) : Array(0..<columns)
    var texts = rows.map { row in places.map { elementText(base[row * columns + $0]) } }
    for place in places.indices { align(&texts, place) }
    return texts.map { row in
      var line = ""
      for (place, text) in row.enumerated() {
        if place > 0 { line += isCut && place == edge ? ", …, " : ", " }
        line += text
      }
      return line
    }
  }

  /// Blanks before and behind the numbers of a column bring their points below each other.
  private func align(_ texts: inout [[String]], _ place: Int) {
    func head(_ text: String) -> Int { isMask ? text.count : text.prefix { $0 != "." && $0 != "e" }.count }
    let before = texts.map { head($0[place]) }.max() ?? 0
    let behind = texts.map { $0[place].count - head($0[place]) }.max() ?? 0
    for row in texts.indices {
      let text = texts[row][place]
      let lead = String(repeating: " ", count: before - head(text))
      texts[row][place] = lead + text + String(repeating: " ", count: behind - (text.count - head(text)))
    }
  }
}

/// The rows of a tensor as they stand below each other, with the brackets that open and close around them.
private struct RowLayout {
  private enum Item {
    case row(Int)
    /// What is left out on an axis.
    case gap(axis: Int)
  }

  private let rank: Int
  private var items: [Item] = []
  /// The items at which the list of an axis ends.
  private var ends: [Int] = []

  /// - Parameter shape: of the outer axes, all but the last.
  init(shape: [Int], edge: Int) {
    rank = shape.count
    add(shape, edge, axis: 0, first: 0)
  }

  private mutating func add(_ shape: [Int], _ edge: Int, axis: Int, first: Int) {
    if axis == shape.count { return items.append(.row(first)) }
    let step = shape[(axis + 1)...].reduce(1, *)
    var place = 0
    while place < shape[axis] {
      if shape[axis] > 2 * edge, place == edge {
        items.append(.gap(axis: axis))
        place = shape[axis] - edge
      }
      add(shape, edge, axis: axis + 1, first: first + place * step)
      place += 1
    }
    ends.append(items.count - 1)
  }


  var rows: [Int] {
    items.compactMap { item in
      if case .row(let row) = item { row } else { nil }
    }
  }

  /// The lines of the rows with their brackets; an empty line stands between matrices.
  func text(_ lines: [String]) -> String {
    var closing = [Int](repeating: 0, count: items.count)
    for end in ends { closing[end] += 1 }
    var rest = lines[...]
    var text = ""
    var opens = rank
    for (index, item) in items.enumerated() {
      switch item {
      case .gap(let axis):
        text += String(repeating: " ", count: axis + 1) + "…\n"
        if axis < rank - 1 { text += "\n" }
      case .row:
        text += String(repeating: " ", count: rank - opens) + String(repeating: "[", count: opens + 1)
        text += (rest.popFirst() ?? "") + "]" + String(repeating: "]", count: closing[index])
        if index == items.count - 1 { break }
        text += ",\n"
        if closing[index] > 0 { text += "\n" }
        opens = closing[index]
      }
    }
    return text
  }
}
