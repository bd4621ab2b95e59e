// The kinds of file that `save` writes and `load` reads beside the program's own, told apart by the end of their names.

import Faults
import Machine

/// One kind of file; a new kind is a row in `savedFileKinds`.
struct SavedFileKind: Sendable {
  /// The end of the names of its files: ".nir".
  let ending: String
  /// Writes what a call of `save` gives; nil for a kind that is only read.
  let write: (@Sendable (Call, _ path: String) throws(Fault) -> Value)?
  /// Reads what a call of `load` names; nil for a kind that is only written.
  let read: (@Sendable (Call, _ path: String) throws(Fault) -> Value)?

  /// The kind of a file; nil for the program's own.
  static func of(_ path: String) -> SavedFileKind? {
    savedFileKinds.filter { path.hasSuffix($0.ending) }.max { $0.ending.count < $1.ending.count }
  }
}

let savedFileKinds: [SavedFileKind] = [
  SavedFileKind(ending: ".nir", write: writeNIR, read: readNIR)
]

/// The fault of an argument of `save` or `load` that the program's own files have no use for; nil where none is given.
func foreignFileArgument(_ call: Call, from first: Int) -> Fault? {
  (first..<call.builtin.parameters.count).first { call.has($0) && !call[$0].isNil }.map { place in
    call.wrong(place, "is for files of other tools", help: "their names end in \(savedFileKinds.map(\.ending).joined(separator: ", "))")
  }
}
