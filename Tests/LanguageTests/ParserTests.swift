import Faults
import Testing

@testable import Language

private func diagnostics(_ text: String) -> [Diagnostic] { parse(SourceText(text, name: "t.snn")).diagnostics }

@Suite struct ParserTests {
  @Test func reportsSeveralErrorsInOneGo() {
    let found = diagnostics("let = 3\nlet ok = 1\nfn (x {\nlet b = 2 +* 3\n")
    #expect(found.count >= 2)
    #expect(found.map(\.line) == found.map(\.line).sorted())
  }

  @Test func stopsAtTwentyErrors() {
    #expect(diagnostics(String(repeating: "let = 1\n", count: 100)).count == 20)
  }

  @Test(arguments: ["fn f(x) {", "[1, 2", "f(1,", "let x =", "if a {\n 1", "\"\"\"text", "x |>", "{a: 1,"])
  func knowsWhatMoreLinesCouldComplete(_ text: String) {
    #expect(parse(SourceText(text, name: "input")).isIncomplete)
  }

  @Test(arguments: ["1 + 1", "fn f(x) { x }", "let = 3", "\"open", "f(1))", "x |> f"])
  func knowsWhatIsCompleteOrWrong(_ text: String) {
    #expect(!parse(SourceText(text, name: "input")).isIncomplete)
  }

  @Test func keepsTreeDepthWithinItsLimit() {
    let deep = String(repeating: "(", count: 10_000) + "1" + String(repeating: ")", count: 10_000)
    let found = diagnostics(deep)
    #expect(found.count == 1)
    #expect(found.first?.fault.kind == .limit)
  }

  @Test func givesEveryNodeItsPlace() throws {
    let result = parse(SourceText("let total = 1 + len(xs)", name: "t.snn"))
    #expect(result.diagnostics.isEmpty)
    let texts = result.tree.nodes.indices.map { result.tree.text(NodeID(index: $0)) }
    #expect(texts.contains("len(xs)"))
    #expect(texts.contains("1 + len(xs)"))
    #expect(texts.last == "let total = 1 + len(xs)")
  }
}

@Suite struct RendererTests {
  @Test func drawsTheCaretUnderWideCharacters() throws {
    let diagnostic = try #require(diagnostics("let 数 = 1 +").first)
    let text = DiagnosticRenderer().render(diagnostic)
    #expect(text.hasPrefix("error: expected an expression\n --> t.snn:1:"))
    let wide = try #require(diagnostics("print(\"数数\" 3)").first)
    let lines = DiagnosticRenderer().render(wide).split(separator: "\n")
    // Two characters of two columns each stand before the caret.
    #expect(lines[4].hasSuffix("^ found `3`"))
    #expect(lines[4].prefix { $0 != "^" }.count == "1 | print(\"....\" ".count)
  }

  @Test func showsAWindowOfAVeryLongLine() throws {
    let long = "let x = " + String(repeating: "1 + ", count: 200) + "*"
    let text = DiagnosticRenderer().render(try #require(diagnostics(long).first))
    #expect(text.split(separator: "\n").allSatisfy { $0.count < 300 })
  }

  @Test func coloursOnlyWhenAsked() throws {
    let diagnostic = try #require(diagnostics("let = 1").first)
    #expect(!DiagnosticRenderer().render(diagnostic).contains("\u{1B}"))
    #expect(DiagnosticRenderer(usesColour: true).render(diagnostic).contains("\u{1B}[1;31m"))
  }
}

@Suite struct UnitTests {
  @Test func multipliesAndNamesDimensions() throws {
    let power = try #require(Dimension.energy.multiplied(by: .time, sign: -1))
    #expect(power == .power)
    #expect(power.name == "power")
    #expect(Dimension.time.raised(to: 200) == nil)
    #expect(try #require(Dimension.length.raised(to: 3)).name == "m^3")
  }

  @Test func knowsPrefixes() throws {
    #expect(try #require(units["pJ"]).scale == 1e-12)
    #expect(try #require(units["KiB"]).scale == 1024)
    #expect(!isUnit("Gs"))
  }
}

@Suite struct SuggestionTests {
  @Test func findsNearNames() {
    #expect(nearestNames(to: "densee", among: ["dense", "lif", "direct"]) == ["dense"])
    #expect(nearestNames(to: "lfi", among: ["lif", "direct"]) == ["lif"])
    #expect(didYouMean("zzz", among: ["dense"]) == nil)
  }
}

@Suite struct SourceTextTests {
  @Test func countsLinesAndColumnsInCharacters() {
    let source = SourceText("añb\nc", name: "t")
    #expect(source.line(at: 0) == 1)
    #expect(source.line(at: 5) == 2)
    #expect(source.column(at: 3) == 3)
    #expect(source.text(source.span(ofLine: 2)) == "c")
  }
}
