// Braille characters hold 2 by 4 dots a cell: eight times the resolution of text, in any terminal with UTF-8.

/// How a line is broken up, so that several can be told apart without colour.
struct DashPattern {
  let isOn: [Bool]

  static let solid = DashPattern(isOn: [true])
  static let reference = DashPattern(isOn: [true, false])
  private static let all = [
    solid, DashPattern(isOn: [true, true, true, true, false, false]), DashPattern(isOn: [true, false, false]),
    DashPattern(isOn: [true, true, true, true, true, false, false, true, false, false]),
  ]

  static func series(_ index: Int) -> DashPattern { all[index % all.count] }

  func shows(_ step: Int) -> Bool { isOn[step % isOn.count] }
}

/// A picture of dots, 2 wide and 4 high in each cell, row 0 at the top.
struct BrailleCanvas {
  let columns: Int
  let rows: Int
  private var bits: [UInt8]
  private var colors: [UInt8?]

  init(columns: Int, rows: Int) {
    self.columns = max(columns, 1)
    self.rows = max(rows, 1)
    bits = [UInt8](repeating: 0, count: self.columns * self.rows)
    colors = [UInt8?](repeating: nil, count: self.columns * self.rows)
  }

  var dotColumns: Int { columns * 2 }
  var dotRows: Int { rows * 4 }

  /// The dot column of a place between 0 (left) and 1.
  func dotColumn(_ fraction: Double) -> Int { Int((fraction * Double(dotColumns - 1)).rounded()) }

  /// The dot row of a place between 0 (bottom) and 1.
  func dotRow(_ fraction: Double) -> Int { Int(((1 - fraction) * Double(dotRows - 1)).rounded()) }

  mutating func dot(_ x: Int, _ y: Int, color: UInt8?) {
    guard x >= 0, x < dotColumns, y >= 0, y < dotRows else { return }
    let masks: [UInt8] = [0x01, 0x02, 0x04, 0x40, 0x08, 0x10, 0x20, 0x80]
    let cell = y / 4 * columns + x / 2
    bits[cell] |= masks[x % 2 * 4 + y % 4]
    colors[cell] = color
  }

  /// A straight line (J. Bresenham's algorithm, 1965); `phase` counts its dots on, for dashes across many lines.
  mutating func line(
    from start: (x: Int, y: Int), to end: (x: Int, y: Int), color: UInt8?, pattern: DashPattern, phase: inout Int
  ) {
    var (x, y) = start
    let width = abs(end.x - x), height = -abs(end.y - y)
    let stepX = x < end.x ? 1 : -1, stepY = y < end.y ? 1 : -1
    var error = width + height
    while true {
      if pattern.shows(phase) { dot(x, y, color: color) }
      if x == end.x, y == end.y { return }
      phase += 1
      let doubled = 2 * error
      if doubled >= height {
        error += height
        x += stepX
      }
      if doubled <= width {
        error += width
        y += stepY
      }
    }
  }

  /// Whether any dot of a cell is set.
  func isMarked(row: Int, column: Int) -> Bool { bits[row * columns + column] != 0 }

  /// Puts every cell that has dots onto a grid.
  func draw(on grid: inout TextGrid, row: Int, column: Int) {
    for index in bits.indices where bits[index] != 0 {
      guard let scalar = Unicode.Scalar(0x2800 + UInt32(bits[index])) else { continue }
      grid.put(
        String(Character(scalar)), row: row + index / columns, column: column + index % columns,
        style: TextStyle(foreground: colors[index]))
    }
  }
}
