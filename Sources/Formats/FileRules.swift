import Faults

/// What a run may do with files. The rules hold for what a program does, not for the program around it: the page of
/// `snn render` is written whatever its script may do.
public enum FileRules: String, Sendable {
  case open
  /// Files are read and written, and other programs are started, which do what they like.
  case programs
  /// Files are read and none is written.
  case noWriting
  /// Files are neither read nor written.
  case closed

  /// The rules of the run under way.
  @TaskLocal public static var current = FileRules.open

  /// Throws `.file` where this run may not read.
  public static func checkReading(_ path: String) throws(Fault) {
    if current != .closed { return }
    throw Fault(.file, "cannot read \(shownPath(path))", label: "this run may not use files: it was started with --no-files")
  }

  /// Throws `.file` where this run may not write.
  public static func checkWriting(_ path: String) throws(Fault) {
    if current == .open || current == .programs { return }
    let option = current == .closed ? "--no-files" : "--no-write"
    throw Fault(.file, "cannot write \(shownPath(path))", label: "this run may not write files: it was started with \(option)")
  }
}
