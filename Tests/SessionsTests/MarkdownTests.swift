import Faults
import Formats
import Libraries
import Glibc
import TestSupport
import Testing

@testable import Sessions

@Suite struct MarkdownTests {
  private let tools: PageTools

  init() throws { tools = try PageTools() }

  private func html(_ text: String, folder: String? = nil) -> String {
    var outline = Outline()
    return tools.markdown.html(text, outline: &outline, pictures: PagePictures(folder: folder, digest: tools.digest))
  }

  @Test func headingsKeepTheirOrder() {
    let text = html("# One\n\n### Three\n\n## Two ##\n\nTitle\n=====\n\n#hash")
    #expect(text.contains("<h1 id=\"one\">One</h1>"))
    #expect(text.contains("<h2 id=\"three\">Three</h2>"), "a level is never skipped")
    #expect(text.contains("<h2 id=\"two\">Two</h2>"))
    #expect(text.contains("<h1 id=\"title\">Title</h1>"))
    #expect(text.contains("<p>#hash</p>"))
    #expect(html("# a\n# a").contains("id=\"a-2\""))
  }

  @Test func emphasisAndCode() {
    #expect(html("*a* **b** ***c*** _d_ __e__") == "<p><em>a</em> <strong>b</strong> <em><strong>c</strong></em> <em>d</em> <strong>e</strong></p>")
    #expect(html("2 * 3 * 4, snake_case_name, a*") == "<p>2 * 3 * 4, snake_case_name, a*</p>")
    #expect(html("**a __b** c__") == "<p><strong>a __b</strong> c__</p>")
    #expect(html("`a <b> & *c*` ``x`y`` `open") == "<p><code>a &lt;b&gt; &amp; *c*</code> <code>x`y</code> `open</p>")
    #expect(html("\\*no\\* a\\\nb") == "<p>*no* a<br/>\nb</p>")
    #expect(html("one  \ntwo") == "<p>one<br/>\ntwo</p>")
  }

  @Test func markupIsText() {
    #expect(html("<script>alert(1)</script>") == "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>")
    #expect(html("# <b>&amp;") == "<h1 id=\"b\">&lt;b&gt;&amp;</h1>")
    #expect(html("```html\n<script>\n```") == "<pre class=\"code\"><code>&lt;script&gt;</code></pre>")
  }

  @Test func linksLeadOnlyWhereTheyMay() {
    #expect(html("[a *b*](https://x.org/?a=1&b=2 \"t\")") == "<p><a href=\"https://x.org/?a=1&amp;b=2\">a <em>b</em></a></p>")
    #expect(html("[a](02-digits.html#x) <https://y.org>").contains("<a href=\"02-digits.html#x\">a</a>"))
    for bad in ["javascript:alert(1)", "JaVaScRiPt:x", " data:text/html,x", "java\u{1}script:x", "vbscript:x"] {
      #expect(!html("[a](\(bad))").contains("href"), "\(bad)")
    }
    #expect(html("[a][r] and [r]\n\n[r]: https://x.org 'title'").contains("<a href=\"https://x.org\">a</a> and <a href=\"https://x.org\">r</a>"))
    #expect(html("see https://x.org/a, www.y.org").contains("<a href=\"https://x.org/a\">https://x.org/a</a>, <a href=\"http://www.y.org\">"))
    #expect(!html("[www.x.org](https://y.org)").contains("</a></a>"))
    #expect(html("[a](b\"onclick=\"c)").contains("&quot;onclick"))
  }

  @Test func listsNest() {
    let text = html("- a\n  - b\n    more\n- c\n\n1. x\n2. y\n\n7) z")
    #expect(text.contains("<li>a\n<ul>\n<li>b\nmore</li>\n</ul>\n</li>"))
    #expect(text.contains("<ol>\n<li>x</li>\n<li>y</li>\n</ol>"))
    #expect(text.contains("<ol start=\"7\">"))
    #expect(html("- a\n\n- b").contains("<li><p>a</p>\n</li>"), "a loose list has paragraphs")
    #expect(html("text\n- a").contains("<ul>"))
    #expect(html("in 1990\n1990. was") == "<p>in 1990\n1990. was</p>")
  }

  @Test func tablesQuotesAndRules() {
    let text = html("| a | b |\n|---|--:|\n| `x\\|y` | 1 |\n| \\| |")
    #expect(text.contains("<th scope=\"col\">a</th><th scope=\"col\" class=\"number\">b</th>"))
    #expect(text.contains("<tr><td><code>x|y</code></td><td class=\"number\">1</td></tr>"))
    #expect(text.contains("<td>|</td><td class=\"number\"></td>"))
    #expect(html("> a\nb\n\nc") == "<blockquote>\n<p>a\nb</p>\n</blockquote>\n<p>c</p>")
    #expect(html("a ~~b~~") == "<p>a <del>b</del></p>")
    #expect(html("a\n\n---\n\n***") == "<p>a</p>\n<hr/>\n<hr/>")
    #expect(html("a | b\nc | d") == "<p>a | b\nc | d</p>")
  }

  @Test func tasksAreTicked() {
    let text = html("- [x] a\n- [ ] b\n- c")
    #expect(text.contains("<li class=\"task\"><input type=\"checkbox\" disabled=\"disabled\" checked=\"checked\" aria-label=\"done\"/> a</li>"))
    #expect(text.contains("<li class=\"task\"><input type=\"checkbox\" disabled=\"disabled\" aria-label=\"to do\"/> b</li>"))
    #expect(text.contains("<li>c</li>"))
  }

  @Test func entitiesAreCharacters() {
    #expect(html("&eacute; &#233; &#xE9; &copy; &notone; &lt;b&gt; &amp;amp; a & b") == "<p>é é é © &amp;notone; &lt;b&gt; &amp;amp; a &amp; b</p>")
    #expect(html("[a](x?a=1&amp;b=2)").contains("href=\"x?a=1&amp;b=2\""))
    #expect(html("&#1; &#0;").contains("\u{fffd}"))
    #expect(!html("[a](java&#115;cript:x)").contains("href"))
  }

  /// A page takes in pictures of files, and links to those elsewhere: it loads nothing.
  @Test func picturesStandInThePage() throws {
    let folder = "/tmp/snn-pictures-\(getpid())"
    try makeFolder(folder)
    defer { for name in ["dot.png", "not.png"] { unlink("\(folder)/\(name)") }; rmdir(folder) }
    try writeText("<svg xmlns=\"http://www.w3.org/2000/svg\"/>", to: "\(folder)/dot.png")
    try writeText("<b>", to: "\(folder)/not.png")
    #expect(html("![a *b* \"c\"](dot.png)", folder: folder) == "<p><img src=\"data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=\" alt=\"a b &quot;c&quot;\"/></p>")
    #expect(html("![words](not.png)", folder: folder).contains("<em>words</em> <span class=\"note\">(`not.png` is no picture: "))
    #expect(html("![words](none.png)", folder: folder).contains("there is no such file or folder"))
    #expect(html("![words](https://x.org/a.png)") == "<p><a href=\"https://x.org/a.png\"><em>words</em></a></p>")
    #expect(html("[![words](https://x.org/a.png)](y)") == "<p><a href=\"y\"><em>words</em></a></p>")
    #expect(!html("![words](javascript:alert(1))").contains("src"))
    #expect(html("![a ![b](https://x.org/b.png)](https://x.org/a.png)") == "<p><a href=\"https://x.org/a.png\"><em>a b</em></a></p>")
  }

  private func math(_ text: String) -> String {
    let all = html(text)
    let start = "<p><math xmlns=\"http://www.w3.org/1998/Math/MathML\">"
    return all.hasPrefix(start) ? String(all.dropFirst(start.count).dropLast("</math></p>".count)) : all
  }

  @Test func formulas() {
    #expect(math("$v_{th} = \\beta^2$") == "<msub><mi>v</mi><mrow><mi>t</mi><mi>h</mi></mrow></msub><mo>=</mo><msup><mi>β</mi><mn>2</mn></msup>")
    #expect(math("$\\frac{1}{2}x_i^2$") == "<mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac><msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>")
    #expect(math("$\\sum_{i=0}^n 1.5$").hasPrefix("<munderover><mo>∑</mo><mrow>"))
    #expect(math("$\\left( x \\right)$") == "<mrow><mo>(</mo><mi>x</mi><mo>)</mo></mrow>")
    #expect(math("$\\unknown{<x}$").contains("<mtext>\\unknown</mtext>"))
    #expect(math("$\\unknown{<x}$").contains("<mo>&lt;</mo>"))
    #expect(html("$$a_1 * b_2 * c$$").hasPrefix("<p><span class=\"formula\"><math xmlns=\"http://www.w3.org/1998/Math/MathML\" display=\"block\">"), "no emphasis in a formula")
    #expect(html("$5 and $6") == "<p>$5 and $6</p>")
    #expect(html("\\$x and `$y$`") == "<p>$x and <code>$y$</code></p>")
  }

  @Test func aMissingLibraryIsNamed() {
    var fault: Fault?
    do throws(Fault) { _ = try SharedLibrary("libnone.so.1", package: "libnone1", purpose: "a page") } catch { fault = error }
    #expect(fault?.title == "a page needs the library libnone.so.1, which is not installed")
    #expect(fault?.help == "sudo apt-get install libnone1")
  }

  @Test func anyTextGivesWellFormedMarkup() {
    var state: UInt64 = 7
    func next(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
    let pieces = [
      "*", "**", "_", "__", "`", "``", "```\n", "[", "]", "(", ")", "](", "$", "$$", "\\", "<", ">", "&", "\n", "\n\n",
      "- ", "  - ", "1. ", "> ", "# ", "#### ", "|", "|-|-|\n", "---", "===", " ", "    ", "a", "word", "é日", "\"", "'",
      "^", "{", "}", "\\frac", "\\alpha", "https://x", "!", "~~~\n", "\u{1}", "\t", "~~", "- [x] ", "&copy;", "&#0;", "www.a.b", "a@b.c",
      "[a]: b\n", "![", "\\sum", "\\left(", "\\right", "\\text{", "<!--", "<b>",
    ]
    for _ in 0..<3000 {
      let text = (0..<next(40)).map { _ in pieces[next(pieces.count)] }.joined()
      let page = "<div>\(html(text))</div>"
      if let problem = xmlProblem(page) {
        Issue.record("\(problem): \(text.debugDescription)\n\(page)")
        return
      }
    }
  }

  @Test func deepNestingEnds() {
    #expect(xmlProblem("<p>\(html(String(repeating: "> ", count: 3000) + "x"))</p>") == nil)
    #expect(xmlProblem("<p>\(html(String(repeating: "- ", count: 3000) + "x"))</p>") == nil)
    #expect(xmlProblem("<p>\(html(String(repeating: "[", count: 3000)))</p>") == nil)
    #expect(xmlProblem("<p>\(html("$" + String(repeating: "{x^", count: 3000) + "$"))</p>") == nil)
  }
}
