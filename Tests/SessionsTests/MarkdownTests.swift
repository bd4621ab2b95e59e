import TestSupport
import Testing

@testable import Sessions

@Suite struct MarkdownTests {
  private func html(_ text: String) -> String {
    var outline = Outline()
    return markdownHTML(text, outline: &outline)
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
    #expect(html("# <b>&amp;") == "<h1 id=\"b-amp\">&lt;b&gt;&amp;amp;</h1>")
    #expect(html("```html\n<script>\n```") == "<pre class=\"code\"><code>&lt;script&gt;</code></pre>")
  }

  @Test func linksLeadOnlyWhereTheyMay() {
    #expect(html("[a *b*](https://x.org/?a=1&b=2 \"t\")") == "<p><a href=\"https://x.org/?a=1&amp;b=2\">a <em>b</em></a></p>")
    #expect(html("[a](02-digits.html#x) <https://y.org>").contains("<a href=\"02-digits.html#x\">a</a>"))
    for bad in ["javascript:alert(1)", "JaVaScRiPt:x", " data:text/html,x", "java\u{1}script:x", "vbscript:x"] {
      #expect(!html("[a](\(bad))").contains("href"), "\(bad)")
    }
    #expect(!html("![alt](https://x.org/a.png)").contains("src"))
    #expect(html("[a](b\"onclick=\"c)").contains("&quot;onclick"))
  }

  @Test func listsNest() {
    let text = html("- a\n  - b\n    more\n- c\n\n1. x\n2. y\n\n7) z")
    #expect(text.contains("<li>a\n<ul>\n<li>b\nmore</li>\n</ul></li>"))
    #expect(text.contains("<ol>\n<li>x</li>\n<li>y</li>\n</ol>"))
    #expect(text.contains("<ol start=\"7\">"))
    #expect(html("- a\n\n- b").contains("<li><p>a</p></li>"), "a loose list has paragraphs")
    #expect(html("text\n- a").contains("<ul>"))
    #expect(html("in 1990\n1990. was") == "<p>in 1990\n1990. was</p>")
  }

  @Test func tablesQuotesAndRules() {
    let text = html("| a | b |\n|---|--:|\n| `x|y` | 1 |\n| \\| |")
    #expect(text.contains("<th scope=\"col\">a</th><th scope=\"col\" class=\"number\">b</th>"))
    #expect(text.contains("<tr><td><code>x|y</code></td><td class=\"number\">1</td></tr>"))
    #expect(text.contains("<td>|</td><td class=\"number\"></td>"))
    #expect(html("> a\nb\n\nc") == "<blockquote>\n<p>a\nb</p>\n</blockquote>\n<p>c</p>")
    #expect(html("a\n\n---\n\n***") == "<p>a</p>\n<hr/>\n<hr/>")
    #expect(html("a | b\nc | d") == "<p>a | b\nc | d</p>")
  }

  @Test func formulas() {
    #expect(html("$v_{th} = \\beta^2$") == "<p><span class=\"formula\"><i>v</i><sub><i>t</i><i>h</i></sub> = β<sup>2</sup></span></p>")
    #expect(html("$5 and $6") == "<p>$5 and $6</p>")
    #expect(html("$\\frac{1}{2}$ \\$x").contains("<span>1</span><span class=\"bar\">/</span><span>2</span>"))
    #expect(html("$\\unknown{<x}$").contains("\\unknown&lt;"))
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
      "^", "{", "}", "\\frac", "\\alpha", "https://x", "!", "~~~\n", "\u{1}", "\t",
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
