import Faults

/// The exit statuses of the program: 0 and 1 as everywhere, the others from the BSD convention.
public enum ExitStatus {
  public static let success: Int32 = 0
  /// A script stopped with an error, or a test failed.
  public static let failure: Int32 = 1
  /// The source does not compile.
  public static let badSource: Int32 = 65
  /// The file cannot be read.
  public static let noInput: Int32 = 66
  /// A library of the system is missing.
  public static let unavailable: Int32 = 69
  /// Of a source that is not there: by Ctrl-C while it was read, or by the file itself.
  static var withoutSource: Int32 { Interrupt.isRequested ? interrupted : noInput }
  /// A file, such as a page, cannot be made.
  public static let cannotCreate: Int32 = 73
  /// The standard output cannot be written, as on a full disk.
  public static let failedOutput: Int32 = 74
  /// Stopped by Ctrl-C.
  public static let interrupted: Int32 = 130
}
