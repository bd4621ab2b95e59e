import Testing

@testable import Sessions

@Suite struct InputTests {
  @Test func inputsAreTold() {
    #expect(InputKind("  ") == .blank)
    #expect(InputKind("%time f(x)\n  y") == .magic(name: "time", rest: "f(x)\n  y"))
    #expect(InputKind("%%timeit x") == .magic(name: "timeit", rest: "x"))
    #expect(InputKind(";ls -l") == .shell("ls -l"))
    #expect(InputKind("!ls") == .shell("ls"))
    #expect(InputKind("? lif ") == .help("lif"))
    #expect(InputKind("plot.line?") == .help("plot.line"))
    #expect(InputKind("lif??") == .source("lif"))
    #expect(InputKind("??lif") == .source("lif"))
    #expect(InputKind("?") == .help(""))
    #expect(InputKind("f(x)?") == .code("f(x)?", isSilenced: false))
    #expect(InputKind("|> f(2)") == .code("ans |> f(2)", isSilenced: false))
    #expect(InputKind("x = 3;") == .code("x = 3;", isSilenced: true))
  }

  @Test(arguments: [
    ("x;", true), ("x; # note", true), ("x # note;", false), ("\"a;\"", false), ("\"a\\\";", false),
    ("\"\"\"a\"b\"\"\";", true), ("", false), ("x; y", false),
  ])
  func silencedByTheLastSemicolon(_ program: String, _ expected: Bool) {
    #expect(endsInSemicolon(program) == expected)
  }

  @Test func wordsKeepQuotesTogether() {
    #expect(words("run 'my file.snn' a\\ b \"c d\"") == ["run", "my file.snn", "a b", "c d"])
    #expect(words("  ") == [])
    #expect(words("''") == [""])
  }

  @Test func rangesOfInputs() {
    #expect(inputRange("3", count: 5) == 3...3)
    #expect(inputRange("2-9", count: 5) == 2...5)
    #expect(inputRange("~2", count: 5) == 4...5)
    #expect(inputRange("~9", count: 5) == 1...5)
    for text in ["", "0", "6", "4-2", "a", "~0", "1-2-3", "-"] { #expect(inputRange(text, count: 5) == nil) }
    #expect(inputRange("~1", count: 0) == nil)
  }

  @Test func transcriptsLosePromptsAndOutputs() {
    #expect(
      cleanedPaste("snn> let f = x => {\r\n...>   x\r\n...> }\nvalue\nsnn> f(1)\n1\n") == "let f = x => {\n  x\n}\nf(1)"
    )
    #expect(cleanedPaste("\n  snn> 1\nsnn>\n") == "1\n".dropLast())
    #expect(cleanedPaste("a = \"snn> \"\nsnn> b") == "a = \"snn> \"\nsnn> b")
    #expect(cleanedPaste("a\u{1B}[31m\tb\u{0}\n\n") == "a[31m  b")
  }

  @Test func standardInputIsCutAtTheLinesForThePrompt() {
    let parts = inputParts("a\nb\n%who\n\nc\n?x\n")
    #expect(parts.map(\.line) == [0, 2, 3, 5])
    #expect(parts.map(\.text) == ["a\nb", "%who", "\nc", "?x"])
  }

  @Test func openStringsAreFound() {
    #expect(openStringStart(in: "f(\"pa") == 3)
    #expect(openStringStart(in: "f(\"pa\"") == nil)
    #expect(openStringStart(in: "\"a\\\"b") == 1)
    #expect(openStringStart(in: "\"\"\"a\"") == 3)
    #expect(openStringStart(in: "# \"") == nil)
  }

  @Test func durations() {
    #expect(durationText(1.5) == "1.50 s")
    #expect(durationText(0.01234) == "12.3 ms")
    #expect(durationText(0.000_123_4) == "123 us")
    #expect(durationText(2e-9) == "2.00 ns")
    #expect(durationText(125) == "2 min 5 s")
    #expect(durationText(-1) == "0.00 ns")
  }

  @Test func candidatesStandInColumns() {
    let list = CandidateList(console: Console(usesColour: false) { _ in })
    let many = (0..<10).map { Candidate("name\($0)", .variable) }
    #expect(
      list.lines(many, columns: 22) == [
        "name0  name4  name8", "name1  name5  name9", "name2  name6", "name3  name7",
      ])
    #expect(list.lines([Candidate("lif", .function, "a neuron")], columns: 10) == ["lif  a n…"])
    #expect(commonPrefix(of: ["alpha", "alps"]) == "alp")
    #expect(commonPrefix(of: ["a", "b"]).isEmpty)
  }

  @Test func theNameAtTheCursor() {
    let text = Array("x = plot.line(y".unicodeScalars)
    #expect(nameAround(7, in: text) == "plot.line")
    #expect(nameAround(14, in: text) == "y")
    #expect(nameAround(3, in: text) == "")
    #expect(nameAround(3, in: Array("lif".unicodeScalars)) == "lif")
    #expect(nameAround(4, in: Array("lif(".unicodeScalars)) == "lif")
  }
}

@Suite struct WrappingTests {
  @Test func paragraphsAreFilledAndTablesKept() {
    let page = "f(x)\n\none two three\nfour five\n\n  x     the first of them\n  long  b"
    #expect(
      wrapped(page, to: 16)
        == "f(x)\n\none two three\nfour five\n\n  x     the\n        first of\n        them\n  long  b")
    #expect(wrapped(page, to: 80) == "f(x)\n\none two three four five\n\n  x     the first of them\n  long  b")
    #expect(wrapped("神神神 神神", to: 8) == "神神神\n神神")
    #expect(wrapped("", to: 10) == "")
    #expect(wrapped("unbreakable", to: 4) == "unbreakable")
  }
}
