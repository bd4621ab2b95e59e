import Builtins
import Language
import Machine
import Testing

/// `snn check` finds calls that cannot go well, and finds nothing in programs that run.
@Suite(.serialized)
struct CheckTests {
  private func problems(_ source: String) -> [String] {
    let interpreter = makeInterpreter(output: BufferedOutput())
    return interpreter.check(SourceText(source, name: "check.snn")).map { "\($0.line): \($0.fault.title)" }
  }

  @Test(arguments: [
    ("lif(bta=0.9)", "`lif` has no argument `bta`"),
    ("input(4) |> dense(3) |> lif(thresold=1)", "`lif` has no argument `thresold`"),
    ("len([1], 2)", "too many arguments for `len`"), ("[1] |> len(2)", "too many arguments for `len`"),
    ("insert([1])", "`insert` needs `index`"), ("hybrid(alpha=0.5)", "`hybrid` needs `steps`"),
    ("use plot\nplot.line([1, 2], titel=\"a\")", "`plot.line` has no argument `titel`"),
    ("use plot as p\nif false { p.bar() }", "`plot.bar` needs `values`"),
    ("data.csv()", "`data.csv` needs `path`"),
    ("fn f(a, b = 1) => a\nf(1, 2, 3)", "too many arguments for `f`"),
    ("fn f(a, b = 1) => a\nfn g() { 3 |> f(c=1) }", "`f` has no argument `c`"),
    ("fn f(a, b) => a\n3 |> f", "`f` needs `b`"),
  ])
  func finds(_ source: String, _ title: String) {
    let found = problems(source)
    #expect(found.count == 1 && found.first?.hasSuffix(title) == true, "\(found)")
  }

  @Test(arguments: [
    "let f = lif\nf(beta=0.9)", "fn f(..xs) => xs\nf(1, 2, 3)", "fn f(a) => a\nfn g(f) => f(1, 2)", "randint(0, 10)\nrandint([3], 0, 10)",
    "max(1, 2, 3)\nmax([[1]], axis=0)", "try { lif(bta=1) } catch e { e }", "let data = {csv: () => 1}\ndata.csv()", "[1, 2].push(3, 4)",
    "rate(steps=5)\n[0.5] |> rate(5)\nrate([0.5], 5)",
  ])
  func passes(_ source: String) { #expect(problems(source) == []) }

  @Test(arguments: [
    ("zeros([3, 4]) @ ones([5, 2])", "1: shapes do not fit in `@`"),
    ("let a = zeros([3])\nfn f(x) => x + (a + ones([4]))", "2: shapes do not fit in `+`"),
    ("let n = 2 * 3\nlet w = reshape(ones([n]), [4, 2])", "2: the shapes hold different numbers of elements"),
    ("let a = 1\nif a > 1 { zeros([2, 3])[1, 7] }", "2: index 7 is out of range"), ("[1, 2][5]", "1: index 5 is outside the list"),
    ("let net = input(64) |> dense(10)\nnet(zeros([5, 63]))", "2: the input does not fit the network"),
    ("let w = normal([3, 3])\nlet net = input(4) |> dense(3, weight=w) |> lif()", "2: the weights of this `dense` layer are for another input"),
    ("let s = zeros([2, 3]).shape\nones([s[0], s[2]])", "2: index 2 is outside the list"),
    ("concat([zeros([2, 3]), zeros([2, 4])], axis=0)", "1: shapes do not fit in a concatenation"),
    ("tensor([[1, 2], [3]])", "1: rows of different lengths do not make a tensor"), ("let a = 3ms\na + 2pJ", "2: dimensions do not fit in `+`"),
  ])
  func computesConstants(_ source: String, _ problem: String) { #expect(problems(source) == [problem]) }

  @Test(arguments: [
    // What is known when it runs, what is another thing elsewhere, what is too large, and what may be meant.
    "fn f(n) => zeros([n]) + ones([3])", "var n = 2\nn = 3\nzeros([n]) + ones([3])", "fn f() {\n  let k = 2\n  k\n}\nfn g(k) => zeros([k]) + ones([3])",
    "fn f() {\n  let rate = 0.5\n  rate\n}\n[0.5] |> rate(steps=3)", "zeros([100000, 100000])\n[0] * 10^9", "unique(randint(0, 9, [9]))[8]",
    "try { zeros([3]) + ones([4]) } catch e { e.message }", "ones([12]) |> reshape([3, 4]) |> reshape([2, 6])", "read_text(\"nothing\")[3]",
    "let w = 3\nlet f = x => x[w]\nf([1, 2, 3, 4])", "fn told(f) => try { f() } catch e { e.message }\ntold(() => zeros([3]) + ones([4]))",
    "fn told(f) => try { f() } catch e { e.message }\nfn odd() => int(\"x\")\ntold(odd)",
    "let least = -9223372036854775807 - 1\nprint(least * 1, least // 2, list(least..least))",
  ])
  func leavesAlone(_ source: String) { #expect(problems(source) == []) }

  @Test func findsNothingInTheLibraryAndTheTutorials() {
    #expect(ProgramFiles.published.count > 10)
    for program in ProgramFiles.published {
      let found = problems(program.source)
      #expect(found.isEmpty, "\(program.path): \(found)")
    }
  }

  @Test func findsNothingInProgramsThatRun() {
    for program in ProgramFiles.conformance where program.errors.isEmpty {
      let found = problems(program.source)
      #expect(found.isEmpty, "\(program.path): \(found)")
    }
  }
}
