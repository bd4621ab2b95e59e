import Builtins
import Faults
import Formats
import Glibc
import TestSupport
import Texts
import Testing

@testable import Sessions

@Suite(.serialized) struct PageTests {
  private func render(_ source: String, title: String? = nil) -> (html: String, status: Int32) {
    let options = RenderOptions(path: "sample.snn", title: title, command: "snn render sample.snn")
    let run = run(source, options)
    return (run.html, run.status)
  }

  private let tools: PageTools

  init() throws { tools = try PageTools() }

  private func run(_ source: String, _ options: RenderOptions, again: PageRecord? = nil) -> PageRun {
    var run = PageRun(of: source, options, tools, again: again)
    run.runCells(PageProgress(isShown: false))
    return run
  }

  private func problem(_ html: String) -> String? {
    guard html.hasPrefix("<!doctype html>\n") else { return "no document type" }
    return xmlProblem(String(html.dropFirst("<!doctype html>\n".count)))
  }

  @Test func cellsOfAScript() {
    let cells = scriptCells(
      "#!/usr/bin/env snn\nlet a = 1\n\n# %% [markdown]\n# # Title\n#\n# text\n\n# %% Next one\n\nprint(a)\n\n# %%\n# %% [md]\n#x\nlet b = 2\n")
    #expect(cells == [
      ScriptCell(kind: .code, title: "", text: "let a = 1", firstLine: 2),
      ScriptCell(kind: .text, title: "", text: "# Title\n\ntext", firstLine: 5),
      ScriptCell(kind: .code, title: "Next one", text: "print(a)", firstLine: 11),
      ScriptCell(kind: .text, title: "", text: "x", firstLine: 15),
      ScriptCell(kind: .code, title: "", text: "let b = 2", firstLine: 16),
    ])
    #expect(scriptCells("").isEmpty)
    #expect(scriptCells("a\r\n# %% T\r\nb").map(\.text) == ["a", "b"])
  }

  /// `--quick` and `--full`, as a script reads them.
  @Test func aRunKnowsItsForm() {
    for (form, words) in [(RunForm.usual, "false,false"), (.quick, "true,false"), (.full, "false,true")] {
      var options = RenderOptions(path: "sample.snn")
      options.session.form = form
      let page = run("print(\"{is_quick()},{is_full()}\")", options)
      #expect(page.html.contains("<pre>\(words)</pre>"))
    }
  }

  /// A script that sets several seeds rests on all of them, not on the last one.
  @Test func theFootNamesEverySeedOfARun() {
    #expect(render("seed(3)\nlet a = random()\n# %%\nseed(9)\nseed(3)\nprint(1)").html.contains("<dd>3, 9, set in this order</dd>"))
    #expect(render("print(1)").html.contains("<dt>seed</dt><dd>0 (none was set)</dd>"))
    #expect(render("for s in 0..20 { seed(s) }").html.contains("10, 11 and 8 more, set in this order"))
  }

  @Test func aPageHasItsParts() {
    let (html, status) = render(
      """
      # %% [markdown]
      # # A page
      # Some *text*.
      # %% First
      seed(7)
      let x = 2
      print("printed {x}")
      x + 1
      # %%
      use plot
      plot.line([1, 2, 3], title="rise", x="step", y="v (mV)")
      table([{name: "a", size: 1.5}, {name: "b", size: 22.25}])
      """)
    #expect(status == 0)
    #expect(problem(html) == nil)
    #expect(html.contains("<title>A page</title>"))
    #expect(html.contains("<h1 id=\"a-page\">A page</h1>"))
    #expect(html.contains("<h2 class=\"cell-title\" id=\"first\">First</h2>"))
    #expect(html.contains("<span class=\"keyword\">let</span> x = <span class=\"number\">2</span>"))
    #expect(html.contains("<pre>printed 2\n3</pre>"), "the last expression's value is echoed")
    #expect(html.contains("aria-label=\"line plot: rise; vertical: v (mV); horizontal: step\""))
    #expect(html.contains("<th scope=\"row\" class=\"short\">a</th><td class=\"number\">1.50</td>"))
    #expect(html.contains("<dt>seed</dt><dd>7</dd>"))
    #expect(html.contains("<code>snn render sample.snn</code>"))
    #expect(html.contains("<html lang=\"en\">"))
  }

  @Test func aPageLoadsAndRunsNothing() {
    let (html, _) = render(
      """
      # %% [markdown]
      # # <script>alert(1)</script>
      # ![x](https://example.org/x.png) <img src=x onerror=alert(1)>
      # %% <script>alert(2)</script>
      print("<script>alert(3)</script> \\u{1b}[31mred\\u{1b}[0m")
      use plot
      plot.line([1, 2], title="<script>alert(4)</script>")
      table([{"<script>": "<script>alert(5)</script>"}])
      "<b>"
      """, title: "</title><script>alert(6)</script>")
    #expect(problem(html) == nil)
    #expect(!html.contains("<script"))
    #expect(!html.contains("<img"))
    #expect(!html.contains(" src=\"") && !html.contains("<a href=\"data"))
    #expect(!html.contains("url("))
    #expect(!html.contains("@import"))
    #expect(!html.contains("<link"))
    #expect(html.contains("&lt;script&gt;alert(3)&lt;/script&gt; red"))
  }

  /// Below each figure stand its numbers, to be read and to be taken along.
  @Test func aFigureHasItsData() throws {
    let (html, _) = render("use plot\nplot.line({a: [1, 2.5], b: [3, 4]}, title=\"Loss, twice\", x=\"step\", y=\"v (mV)\")\nplot.line([float(\"nan\")])")
    #expect(problem(html) == nil)
    #expect(html.contains("<summary>the figure's data, 4 rows</summary>"))
    #expect(html.contains("<pre class=\"rows\">series,step,v (mV)\na,0,1\na,1,2.5\nb,0,3\nb,1,4</pre>"))
    #expect(html.contains("<a download=\"loss-twice.csv\" href=\"data:text/csv;base64,\(tools.digest.base64(Array("series,step,v (mV)\na,0,1\na,1,2.5\nb,0,3\nb,1,4\n".utf8)))\">"))
    let (long, _) = render("use plot\nplot.line([k for k in 0..100])")
    #expect(long.contains("22,22\n23,23\n…</pre>") && !long.contains("24,24\n"))
  }

  /// The foot names what a run rested on, so that a reader can tell whether it was the same.
  @Test func theFootNamesDataByChecksum() throws {
    let path = "/tmp/snn-page-\(getpid()).csv"
    try writeText("a\n1\n", to: path)
    defer { unlink(path) }
    let (html, _) = render("let t = read_text(\"\(path)\")\nlet d = data.digits()\nwrite_text(\"\(path)\", t)\nlet again = read_text(\"\(path)\")")
    let checksum = tools.digest.sha256Text(Array("a\n1\n".utf8))
    #expect(html.contains("<dt>data</dt><dd>\(path): <code>sha256 \(checksum)</code><br/>digits (a part of the program): <code>sha256 "))
    #expect(tools.digest.sha256Text(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test func base64Returns() {
    for count in [0, 1, 2, 3, 4, 100, 3 << 20, (3 << 20) + 1] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      #expect(tools.digest.bytes(ofBase64: tools.digest.base64(bytes)) == bytes)
    }
    #expect(tools.digest.bytes(ofBase64: "a?==") == nil && tools.digest.bytes(ofBase64: "abc") == nil)
  }

  // MARK: verifying

  private func comparison(_ page: String, with source: String? = nil) throws -> PageComparison {
    let record = try PageRecord(page: page, tools.digest)
    var options = RenderOptions(path: record.path, title: record.title, command: "again")
    (options.session.form, options.session.seed) = (record.form, record.seed)
    return PageComparison(page: page, run: run(source ?? record.source, options, again: record).html, tools.digest)
  }

  private static let proven = """
    # %% [markdown]
    # # A page
    # %% Numbers
    print("loss {random():.4f}")
    table([{name: "a", size: random()}, {name: "b", size: 2.5}], title="Sizes")
    # %% Picture
    use plot
    plot.line([random(), 2, 3], title="rise")
    # %% Time
    let began = time()
    print(time() - began, "s")
    """

  @Test func aPageProvesItself() throws {
    let page = render(Self.proven).html
    #expect(problem(page) == nil)
    let result = try comparison(page)
    #expect(result.differences == [])
    #expect((result.cells, result.tables, result.pictures) == (3, 1, 1))
    #expect(page.contains("This cell asks for the time"))
    #expect(result.report(name: "p.html", clockReadings: 2).contains("p.html is what its script gives: 3 cells, 1 table, 1 picture and "))
  }

  @Test func aForgedNumberIsFound() throws {
    let page = render(Self.proven).html
    func differences(_ old: String, _ new: String) throws -> [PageComparison.Difference] {
      let parts = page.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
      #expect(parts.count == 2, "\(old) is in the page")
      return try comparison(parts.joined(separator: new)).differences
    }
    let text = try differences("<pre>loss 0", "<pre>loss 1")
    #expect(text.count == 1 && text[0].place == "section 2 \"Numbers\", output 1, line 1" && text[0].page?.hasPrefix("loss 1") == true)
    let cell = try differences("<td class=\"number\">2.5", "<td class=\"number\">3.5")
    #expect(cell.count == 1 && cell[0].place.hasPrefix("section 2 \"Numbers\", table \"Sizes\", line "))
    let picture = try differences("<path class=\"ne-line0\" d=\"M", "<path class=\"ne-line0\" d=\"M1 1L")
    #expect(picture == [PageComparison.Difference(place: "section 3 \"Picture\", figure \"rise\"", page: "drawn otherwise than by the run")])
    #expect(try differences("A page</h1>", "Another</h1>").first?.page == "Another")
    #expect(try differences("<style>", "<style>body{display:none}").first?.place == "the page's head and style")
    #expect(try differences("<dt>seed</dt><dd>0", "<dt>seed</dt><dd>1").first?.place == "the foot's seed")
    #expect(try differences("</dl>", "</dl><script>x</script>").first?.place == "the page's foot")
    #expect(try comparison(page, with: Self.proven + "\n# %% More\n1").differences.contains { $0.page == nil && $0.place.contains("More") })
  }

  @Test func aPageWithoutItsRecordIsRefused() throws {
    let page = render("print(1)").html
    for (damaged, words) in [("<p>hello</p>", "no page that can be verified"), (String(page.dropLast(20)), "damaged"), (page.split(separator: "application/json;base64,").joined(separator: "application/json;base64,!!"), "damaged")] {
      #expect { try PageRecord(page: damaged, tools.digest) } throws: { ($0 as? Fault)?.title.contains(words) == true }
    }
  }

  @Test func anErrorStandsInItsPlace() {
    let (html, status) = render("# %% One\nprint(1)\n# %% Two\nlet y = [1][4]\n# %% Three\nprint(\"never\")\n# %%\nprint(4)")
    #expect(status == 1)
    #expect(problem(html) == nil)
    #expect(html.contains("<div class=\"error\" role=\"alert\">"))
    #expect(html.contains("--&gt; sample.snn:4:"), "lines are counted in the file")
    #expect(!html.contains("<span class=\"string\">&quot;never&quot;"), "later cells are not run and not shown")
    #expect(html.contains("This page is not complete. 2 cells were not run."))
    let (unparsed, badSource) = render("print(1)\n# %%\nlet = 3")
    #expect(badSource == 65)
    #expect(unparsed.contains("<pre>1</pre>"))
  }

  @Test func exitEndsThePage() {
    let (html, status) = render("print(1)\nexit(3)\n# %%\nprint(2)")
    #expect(status == 3)
    #expect(html.contains("One cell was not run."))
    #expect(!html.contains("role=\"alert\""))
  }

  @Test func aPageWithoutAHeadingGetsOne() {
    #expect(render("1 + 1").html.contains("<h1 id=\"sample-snn\">sample.snn</h1>"))
    #expect(render("1 + 1", title: "T").html.contains("<h1 id=\"t\">T</h1>"))
    #expect(render("# %% [markdown]\n# # Own\n", title: "T").html.contains("<title>T</title>"))
  }

  @Test func anInterruptedPageSaysSo() {
    let record = PageRecord(path: "x.snn", source: "", version: "1", kernels: "k")
    let facts = PageFacts(seeds: [], machine: "m", date: "d", seconds: 2, command: "c", record: record)
    var page = Page(fileName: "x.snn", facts: facts, tools: tools)
    page.isInterrupted = true
    page.leftOut = 1
    #expect(page.html.contains("Interrupted: this page is not complete. One cell was not run."))
    #expect(problem(page.html) == nil)
  }

  @Test func outputHasALimit() {
    let output = PageOutput()
    for _ in 0..<10 { output.write(String(repeating: "x", count: 100_000)) }
    let texts = output.take().map { piece -> String in
      if case .text(let text) = piece { return text }
      return ""
    }
    #expect(texts.map(\.utf8.count).reduce(0, +) < 300_000)
    #expect(texts.last?.contains("800,000 more bytes are left out") == true)
    #expect(output.take().isEmpty)
  }

  @Test func textIsWhatATerminalShowsInTheEnd() {
    #expect(terminalResult("a\rb\u{1b}[K\nc\u{1b}[0;31md\u{1b}[0m\n") == "b\ncd\n")
    #expect(terminalResult("10 %\r20 %\rdone\r\n") == "done\n")
    #expect(terminalResult("ab\u{8}c") == "ac")
  }

  @Test func wordsForTheShell() {
    #expect(shellQuoted("a/b.snn") == "a/b.snn")
    #expect(shellQuoted("it's") == "'it'\\''s'")
    #expect(shellQuoted("") == "''")
  }
}
