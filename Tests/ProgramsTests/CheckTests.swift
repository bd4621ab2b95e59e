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

  @Test func findsNothingInProgramsThatRun() {
    for program in ProgramFiles.conformance where program.errors.isEmpty {
      let found = problems(program.source)
      #expect(found.isEmpty, "\(program.path): \(found)")
    }
  }
}
