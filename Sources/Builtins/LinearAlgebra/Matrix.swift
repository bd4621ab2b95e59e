import Faults
import Libraries
import Machine
import Tensors

/// A matrix as LAPACK takes it: columns of 64-bit numbers, one behind the other.
struct Matrix {
  let rows: Int
  let columns: Int
  var values: [Double]

  init(rows: Int, columns: Int, _ values: [Double]) {
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// The matrix of an argument.
  ///
  /// - Throws: `.shape` where it is no matrix, or not square where it must be; `.value` where it is empty or holds nan or
  ///   infinity; `.limit` where it is too large.
  init(_ call: Call, _ index: Int, isSquare: Bool = false) throws(Fault) {
    try self.init(try call.tensor(index), of: call, index, isSquare: isSquare)
  }

  init(_ tensor: Tensor, of call: Call, _ index: Int, isSquare: Bool = false) throws(Fault) {
    guard tensor.rank == 2 else {
      throw call.wrong(index, "must be a matrix, found the shape \(Shape.text(tensor.shape))", kind: .shape, help: "a matrix is [[1, 2], [3, 4]]: a list of rows")
    }
    try self.init(columnsOf: tensor, of: call, index)
    if isSquare, rows != columns {
      throw call.wrong(index, "must be square, found the shape \(Shape.text(tensor.shape))", kind: .shape, help: "linalg.least_squares, linalg.svd and linalg.pinv take other matrices")
    }
  }

  /// A matrix, or a vector as its only column.
  init(columnsOf tensor: Tensor, of call: Call, _ index: Int) throws(Fault) {
    guard tensor.rank == 1 || tensor.rank == 2 else {
      throw call.wrong(index, "must be a vector or a matrix, found the shape \(Shape.text(tensor.shape))", kind: .shape)
    }
    rows = tensor.shape[0]
    columns = tensor.rank == 2 ? tensor.shape[1] : 1
    if tensor.count == 0 { throw call.wrong(index, "is empty, of the shape \(Shape.text(tensor.shape))") }
    if max(rows, columns) > 20_000 {
      throw call.wrong(index, "is too large: \(Shape.text(tensor.shape))", kind: .limit, help: "up to 20,000 rows and columns are taken")
    }
    try tensor.checkFinite("the elements of `\(call.parameterName(index))` of `\(call.builtin.name)`")
    // The copy in 64 bits, and what a factorisation takes beside it.
    try MemoryLimit.check(tensor.count * 32, for: "a matrix of \(Shape.text(tensor.shape)) in 64 bits")
    let (rows, columns) = (rows, columns)
    values = [Double](unsafeUninitializedCapacity: tensor.count) { out, count in
      tensor.withUnsafeBuffer { source in
        for row in 0..<rows { for column in 0..<columns { out[column * rows + row] = Double(source[row * columns + column]) } }
      }
      count = tensor.count
    }
  }

  /// As a tensor of 32-bit floats; `isVector` leaves out the axis of the only column.
  func tensor(isVector: Bool = false) throws(Fault) -> Tensor {
    let (rows, columns) = (rows, columns)
    return try Tensor(shape: isVector ? [rows] : [rows, columns]) { out in
      for row in 0..<rows { for column in 0..<columns { out[row * columns + column] = Float(values[column * rows + row]) } }
    }
  }

  var isSymmetric: Bool {
    (0..<columns).allSatisfy { column in (0..<column).allSatisfy { values[column * rows + $0] == values[$0 * rows + column] } }
  }
}

/// The library, loaded when something first asks for it.
private enum Loaded {
  static let lapack = Result<LAPACK, Fault> { () throws(Fault) in try LAPACK() }
}

func lapack() throws(Fault) -> LAPACK { try Loaded.lapack.get() }

/// A row of 64-bit numbers as a tensor.
func row(_ numbers: [Double]) throws(Fault) -> Tensor { try Tensor(numbers.map { Float($0) }, shape: [numbers.count]) }
