// The places that an index, a transpose, a flip or a stretch reads: a starting place and, for each axis of the
// result, either a step or a table of offsets.

/// How one axis of a walk advances.
enum AxisOffsets {
  case step(Int)
  case table([Int])

  subscript(_ place: Int) -> Int {
    switch self {
    case .step(let step): place * step
    case .table(let table): table[place]
    }
  }
}

/// A walk over places of a tensor in the row-major order of its result.
struct StridedWalk {
  private let start: Int
  /// The axes of the result but for the innermost.
  private var sizes: [Int]
  private var offsets: [AxisOffsets]
  let inner: AxisOffsets
  let innerCount: Int

  init(start: Int = 0, sizes: [Int], steps: [Int]) {
    self.init(start: start, sizes: sizes, offsets: steps.map { .step($0) })
  }

  /// Neighbouring axes are joined where one step leads through both.
  init(start: Int = 0, sizes: [Int], offsets: [AxisOffsets]) {
    self.start = start
    var joined: [(size: Int, offsets: AxisOffsets)] = []
    for (size, axis) in zip(sizes, offsets) where size != 1 || !axis.isStep {
      if case .step(let step) = axis, let last = joined.last, case .step(let outer) = last.offsets,
        outer == step * size
      {
        joined[joined.count - 1] = (last.size * size, axis)
      } else {
        joined.append((size, axis))
      }
    }
    let last = joined.popLast()
    inner = last?.offsets ?? .step(1)
    innerCount = last?.size ?? 1
    self.sizes = joined.map(\.size)
    self.offsets = joined.map(\.offsets)
  }

  var rowCount: Int { sizes.reduce(1, *) }

  /// Where a run of `innerCount` elements begins.
  func offset(ofRow row: Int) -> Int {
    var rest = row
    var place = start
    for axis in stride(from: sizes.count - 1, through: 0, by: -1) {
      place += offsets[axis][rest % sizes[axis]]
      rest /= sizes[axis]
    }
    return place
  }

  /// Where the walk begins, when it reads one unbroken stretch of memory; nil otherwise.
  var contiguousStart: Int? {
    guard sizes.isEmpty, case .step(let step) = inner, step == 1 || innerCount <= 1 else { return nil }
    return start
  }
}

extension AxisOffsets {
  fileprivate var isStep: Bool {
    if case .step = self { return true }
    return false
  }
}
