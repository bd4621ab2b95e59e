/// What went wrong, in the user's terms and without a place in the source.
///
/// Every room below the language throws this type; the language adds the place (a `Diagnostic`).
/// Write `title` as one lower-case line without a full stop, `label` as the short text beside the
/// caret (what was found), and `help` as what to do about it.
public struct Fault: Error, Equatable, Sendable {
  /// The class of an error: the part of the language's promise that was broken.
  public enum Kind: String, Sendable, CaseIterable {
    case parse, name, call, type, value, unit, shape, limit, file, assertion, thrown, interrupt
  }

  public var kind: Kind
  public var title: String
  public var label: String?
  public var help: String?
  /// The status with which a script asks to end its program (`exit`); nil for whatever went wrong.
  public private(set) var exitStatus: Int32?

  /// The way out of a script that ends its program: it passes every `try`, as an interrupt does.
  public static func exit(_ status: Int32) -> Fault {
    var fault = Fault(.interrupt, "the program ends")
    fault.exitStatus = status
    return fault
  }

  public init(_ kind: Kind, _ title: String, label: String? = nil, help: String? = nil) {
    self.kind = kind
    self.title = title
    self.label = label
    self.help = help
  }
}
