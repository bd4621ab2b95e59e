/// An assignment's target as the slow paths get it.
enum PlaceReference {
  case memory(UnsafeMutablePointer<Value>)
  case cell(CellObject)

  @inline(__always)
  func withMemory<Result>(_ body: (UnsafeMutablePointer<Value>) -> Result) -> Result {
    switch self {
    case .memory(let memory): body(memory)
    case .cell(let cell): body(&cell.value)
    }
  }
}
