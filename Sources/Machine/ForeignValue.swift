import Faults
import Language
import Tensors

/// A value of a room above the language's own: a network, a data set, a figure.
///
/// The machine knows only this protocol; the rooms that offer builtins conform their types to it.
public protocol ForeignValue {
  /// The type's name as users know it, such as "network".
  static var typeName: String { get }
  /// One line, for `print` inside other text and inside lists.
  var summary: String { get }
  /// The value as a script would write it, to the last bit; nil where no text gives it again.
  var sourceText: String? { get }
  /// The value as a format of `{x:.2}` writes it, given how that writes a number; nil where it is not made of numbers.
  func text(writing write: (Double) -> String) -> String?
  /// What the prompt shows and `describe` prints: a table, a picture, at most `width` wide.
  func display(_ style: DisplayStyle) -> String
  /// The form for a page, where text is not all that the value can be; nil where it is.
  var richForm: RichForm? { get }
  var memberNames: [String] { get }
  /// An owned value, or nil when there is no such member.
  func member(_ name: String) throws(Fault) -> Value?
  var isCallable: Bool { get }
  /// The names of what a call takes, where they are known.
  var parameterNames: [String] { get }
  /// Whether a call takes a value in front of its parameters, as neurons take the network that they are put at the end of.
  func takesSubject(_ value: Value) -> Bool
  /// Calls the value with positional and named arguments, all borrowed; gives an owned value.
  func call(_ arguments: ForeignArguments) throws(Fault) -> Value
  func isEqual(to other: any ForeignValue) -> Bool
  /// The number of elements for `len`, `for` and indexing; nil when it has none.
  var count: Int? { get }
  /// The element at a checked index, owned.
  func element(at index: Int) throws(Fault) -> Value
  /// Some of its elements as a value of its own kind, owned: `count` of them from `start` on, each `step` behind the one
  /// before, all of them there. Nil where it has no parts.
  func part(start: Int, count: Int, step: Int) throws(Fault) -> Value?
  /// Whether `for` takes its elements as they come, by `next`: nobody knows their number yet.
  var isStream: Bool { get }
  /// The next element of a stream, owned; nil at its end.
  func next() throws(Fault) -> Value?
  /// All elements as a list, borrowed, for builtins that take one; nil for what is no list.
  var asList: Value? { get }
  /// The tape that records numbers in it; nil where a gradient flows through none of them.
  var tape: Tape? { get }
  /// The same without its place on a tape.
  func detached() -> any ForeignValue
}

/// What a page or a notebook shows of a value instead of its text.
public enum RichForm {
  /// A picture: its title, the SVG document for a width in pixels, and its data as CSV, nil where it has none.
  case picture(title: String, svg: (_ width: Double) -> String, data: () -> String?)
  /// A fragment of HTML that is also well-formed XML.
  case markup(String)
}

/// How wide and how colourful a display may be.
public struct DisplayStyle: Sendable {
  public var width: Int
  public var usesColour: Bool

  public init(width: Int = 80, usesColour: Bool = false) {
    self.width = width
    self.usesColour = usesColour
  }
}

public struct ForeignArguments {
  public let machine: Machine
  public let positional: [Value]
  public let named: [(name: String, value: Value)]
}

extension ForeignValue {
  public var typeName: String { Self.typeName }
  public var sourceText: String? { nil }
  public func text(writing write: (Double) -> String) -> String? { nil }
  public func display(_ style: DisplayStyle) -> String { summary }
  public var richForm: RichForm? { nil }
  public var memberNames: [String] { [] }
  public func member(_ name: String) throws(Fault) -> Value? { nil }
  public var isCallable: Bool { false }
  public var parameterNames: [String] { [] }
  public func takesSubject(_ value: Value) -> Bool { false }
  public func call(_ arguments: ForeignArguments) throws(Fault) -> Value {
    throw Fault(.type, "a \(typeName) cannot be called")
  }
  public func isEqual(to other: any ForeignValue) -> Bool { false }
  public var count: Int? { nil }
  public var isStream: Bool { false }
  public func next() throws(Fault) -> Value? { nil }
  public var asList: Value? { nil }
  public var tape: Tape? { nil }
  public func detached() -> any ForeignValue { self }
  public func part(start: Int, count: Int, step: Int) throws(Fault) -> Value? { nil }
  public func element(at index: Int) throws(Fault) -> Value { throw Fault(.type, "a \(typeName) has no elements") }
}
