import Builtins
import TestSupport
import Testing

@testable import Sessions

@Suite(.serialized) struct PageTests {
  private func render(_ source: String, title: String? = nil) -> (html: String, status: Int32) {
    let options = RenderOptions(path: "sample.snn", title: title, command: "snn render sample.snn")
    let (page, status) = runCells(of: source, options, progress: PageProgress(isShown: false))
    return (page.html, status)
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
      let page = runCells(of: "print(\"{is_quick()},{is_full()}\")", options, progress: PageProgress(isShown: false)).page
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
    #expect(!html.contains(" src=\""))
    #expect(!html.contains("url("))
    #expect(!html.contains("@import"))
    #expect(!html.contains("<link"))
    #expect(html.contains("&lt;script&gt;alert(3)&lt;/script&gt; red"))
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
    var page = Page(fileName: "x.snn", facts: PageFacts(seeds: [], version: "1", machine: "m", date: "d", seconds: 2, command: "c"))
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
