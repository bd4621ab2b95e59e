import Faults
import Language
import Testing

/// Sources that are generated because they are too long to keep: each must end, with a value or with an error.
@Suite(.serialized)
struct HostileTests {
  static let depth = 2_000

  struct Hostile: Sendable, CustomTestStringConvertible {
    var name: String
    var source: String
    var testDescription: String { name }
  }

  static func nested(_ open: String, _ middle: String, _ close: String, times: Int = depth) -> String {
    String(repeating: open, count: times) + middle + String(repeating: close, count: times)
  }

  /// Too deep: an error of the kind `limit` and nothing worse.
  static let tooDeep: [Hostile] = [
    Hostile(name: "parentheses", source: "print(" + nested("(", "1", ")", times: 10_000) + ")"),
    Hostile(name: "lists", source: "let x = " + nested("[", "1", "]")),
    Hostile(name: "maps", source: "let x = " + nested("{a: ", "1", "}")),
    Hostile(name: "calls", source: "let x = " + nested("abs(", "1", ")")),
    Hostile(name: "indices", source: "let xs = [0]\nlet x = " + nested("xs[", "0", "]")),
    Hostile(name: "minus signs", source: "let x = " + nested("- ", "1", "")),
    Hostile(name: "nots", source: "let x = " + nested("not ", "true", "")),
    Hostile(name: "powers", source: "let x = " + nested("1 ^ ", "1", "")),
    Hostile(name: "lambdas", source: "let x = " + nested("a => ", "1", "")),
    Hostile(name: "strings in strings", source: "let x = " + nested("\"{", "1", "}\"")),
    Hostile(name: "ifs", source: nested("if true { ", "1", " }")),
    Hostile(name: "else ifs", source: "if false { 1 }" + nested(" else if false { 1 }", "", "")),
    Hostile(name: "functions", source: nested("fn f() { ", "1", " }")),
    Hostile(name: "comprehensions", source: "let x = " + nested("[", "1", " for a in 0..1]")),
    Hostile(name: "tuple patterns", source: "let " + nested("(", "a", ",)") + " = 1"),
    Hostile(name: "matches", source: nested("match 1 { _ => ", "1", " }")),
    Hostile(name: "tries", source: nested("try { ", "1", " } catch e { 0 }")),
    Hostile(name: "loops", source: nested("for i in 0..1 { ", "i", " }")),
    Hostile(name: "terms", source: "let x = 1" + nested(" + 1", "", "", times: 20_000)),
    Hostile(name: "pipes", source: "let x = 1" + nested(" |> abs", "", "", times: 20_000)),
    Hostile(name: "members", source: "let x = 1" + nested(".abs()", "", "", times: 20_000)),
  ]

  /// Long or odd, but not necessarily wrong.
  static let odd: [Hostile] = [
    Hostile(name: "nothing", source: ""),
    Hostile(name: "zero bytes", source: "print(1)\u{0}\u{0}"),
    Hostile(name: "a long list", source: "let y = [" + nested("1, ", "", "]", times: 20_000)),
    Hostile(name: "many statements", source: nested("let a = 1\n", "", "", times: 20_000)),
    Hostile(name: "many names", source: (0..<20_000).map { "let name_\($0) = \($0)\n" }.joined()),
    Hostile(
      name: "many locals",
      source: "fn f() {\n" + (0..<5_000).map { "let name_\($0) = \($0)\n" }.joined() + "}\nf()"),
    Hostile(
      name: "many parameters",
      source: "fn f(" + (0..<2_000).map { "a\($0) = 0" }.joined(separator: ", ") + ") => 1\nf()"),
    Hostile(name: "many arguments", source: "print(" + nested("1, ", "1", ")", times: 5_000)),
    Hostile(name: "many constants", source: "let x = [" + (0..<70_000).map { "\($0).5" }.joined(separator: ",") + "]"),
    Hostile(name: "a long string", source: "let x = \"" + nested("a", "", "\"", times: 200_000)),
    Hostile(name: "a long name", source: "let " + nested("a", "", "", times: 20_000) + " = 1"),
    Hostile(name: "a long comment", source: "#" + nested("a", "", "", times: 1_000_000)),
    Hostile(name: "closing brackets", source: nested(")", "", "", times: 10_000)),
    Hostile(name: "opening brackets", source: nested("(\n", "", "", times: 10_000)),
    Hostile(
      name: "deep and long",
      source: "let x = " + nested("(", "1", nested(" + 1", "", ")", times: 900), times: 60)),
    Hostile(name: "quotes", source: nested("\"", "", "", times: 10_001)),
    Hostile(name: "braces in a string", source: "\"" + nested("{", "", "", times: 10_001) + "\""),
    Hostile(name: "combining marks", source: "let e" + nested("\u{301}", "", "", times: 10_000) + " = 1"),
    Hostile(name: "other line ends", source: "print(1)\u{2028}print(2)\u{85}print(3)\u{B}print(4)\rprint(5)"),
    Hostile(name: "a byte order mark", source: "\u{FEFF}print(1)"),
  ]

  @Test(arguments: tooDeep)
  func endsInALimit(_ hostile: Hostile) {
    let execution = Execution.of(hostile.source, name: "hostile.snn")
    #expect(execution.diagnostics.first?.fault.kind == .limit)
    #expect(DiagnosticRenderer().render(execution.diagnostics).utf8.count < 20_000)
  }

  /// More constants than an operand can name reach their operators by registers.
  @Test func constantsBeyondOperandsCountToo() {
    let lines = (0..<40_000).map { "sum += x * \($0).5\nif x < \($0).25 { below += 1 }\n" }
    let source = "var sum = 0.0\nvar below = 0\nlet x = 1.0\n" + lines.joined() + "print(sum, below)"
    #expect(Execution.of(source, name: "constants.snn").output == ["800000000.0 39999"])
  }

  @Test func moreNamesThanOperandsCanNameAreALimit() {
    let source = "let m = {}\n" + (0..<40_000).map { "m.name_\($0)\n" }.joined()
    #expect(Execution.of(source, name: "names.snn").diagnostics.first?.fault.kind == .limit)
  }

  /// However many literals there are, names behind them still have their places.
  @Test func manyLiteralsLeaveRoomForNames() {
    let numbers = (0..<40_000).map { "x = x + \($0).5\n" }.joined()
    let source = "var x = 0.0\n" + numbers + "let xs = [" + (0..<40_000).map { "\($0).25" }.joined(separator: ", ")
      + "]\nlet m = {a: 1}\nprint(m.a, len(xs), x)"
    let execution = Execution.of(source, name: "literals.snn")
    #expect(execution.diagnostics.isEmpty)
    #expect(execution.output == ["1 40000 800000000.0"])
  }

  @Test(arguments: odd)
  func ends(_ hostile: Hostile) {
    let execution = Execution.of(hostile.source, name: "odd.snn")
    #expect(DiagnosticRenderer().render(execution.diagnostics).utf8.count < 20_000)
  }
}
