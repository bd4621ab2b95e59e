// Counting references never frees a circle: a closure that is kept in a variable which it closes over. Every circle of
// the language goes through such a variable, a cell; so now and then the cells are gone through, and those that only
// each other hold are emptied. The method is that of CPython's collector (trial deletion over what is registered).

/// The live cells of one machine.
final class CellRegistry {
  /// Not counted: a cell leaves when it is freed.
  private var cells: [Unmanaged<CellObject>] = []
  /// So many cells that it is worth looking for circles.
  private var threshold = 20_000

  var count: Int { cells.count }
  @inline(__always) var isDue: Bool { cells.count >= threshold }

  /// Adds a cell and gives its place.
  func add(_ cell: CellObject) -> Int {
    cells.append(Unmanaged.passUnretained(cell))
    return cells.count - 1
  }

  func remove(at place: Int) {
    let last = cells.removeLast()
    if place == cells.count { return }
    cells[place] = last
    last._withUnsafeGuaranteedRef { $0.place = place }
  }

  /// Empties every cell that nothing outside of circles holds. All references must be counted when this is called: the
  /// machine calls it between two instructions.
  @inline(never)
  func collect() {
    var walk = ReachableValues(from: cells.map { Value(payload: UInt64(UInt(bitPattern: $0.toOpaque())), tag: .cell) })
    let garbage = walk.heldOnlyByEachOther().filter { $0.tag == .cell }
    // The next look is worth its time once there is as much again to look at.
    threshold = max(20_000, 2 * (cells.count - garbage.count), walk.edges / 4)
    for cell in garbage { cell.retain() }
    for cell in garbage { cell.object(as: CellObject.self).replace(with: .nil) }
    for cell in garbage { cell.release() }
  }
}

/// The values that can hold others, as far as they are reached from some of them.
private struct ReachableValues {
  private var values: [Value] = []
  private var places: [UInt64: Int] = [:]
  /// How many references each has from the others.
  private var inner: [Int] = []
  private(set) var edges = 0

  init(from roots: [Value]) {
    for root in roots { _ = place(of: root) }
    var next = 0
    while next < values.count {
      values[next].unmanaged._withUnsafeGuaranteedRef { object in
        object.forEachChild { child in
          edges += 1
          if child.canHoldOthers { inner[place(of: child)] += 1 }
        }
      }
      next += 1
    }
  }

  private mutating func place(of value: Value) -> Int {
    if let known = places[value.payload] { return known }
    places[value.payload] = values.count
    values.append(value)
    inner.append(0)
    return values.count - 1
  }

  /// Those that no reference from outside leads to.
  mutating func heldOnlyByEachOther() -> [Value] {
    var isHeld = values.indices.map { place in
      values[place].unmanaged._withUnsafeGuaranteedRef { $0.references } > inner[place]
    }
    var waiting = values.indices.filter { isHeld[$0] }
    while let place = waiting.popLast() {
      values[place].unmanaged._withUnsafeGuaranteedRef { object in
        object.forEachChild { child in
          guard child.canHoldOthers, let place = places[child.payload], !isHeld[place] else { return }
          isHeld[place] = true
          waiting.append(place)
        }
      }
    }
    return values.indices.filter { !isHeld[$0] }.map { values[$0] }
  }
}

extension Value {
  /// Whether a circle may go through it. What holds others besides is taken as held from outside, which keeps them.
  fileprivate var canHoldOthers: Bool {
    switch tag {
    case .cell, .function, .list, .tuple, .map, .error: true
    default: false
    }
  }
}
