import Glibc
import Machine
import Testing

@testable import Sessions

@Suite struct BenchTests {
  // MARK: the statistics, on times that are made up

  @Test func passesGrowUntilARepeatTakesLongEnough() {
    var counts: [Int] = []
    let timing = RepeatedTiming.measure(passes: nil, repeats: 3) { count in
      counts.append(count)
      return Double(count) * 0.001
    }
    #expect(counts == [1, 10, 100, 250, 250, 250])
    #expect(timing?.passes == 250)
    #expect(timing?.seconds.count == 3)
  }

  @Test func aGivenNumberOfPassesIsKept() {
    var counts: [Int] = []
    _ = RepeatedTiming.measure(passes: 5, repeats: 2) { count in
      counts.append(count)
      return 0
    }
    #expect(counts == [5, 5])
  }

  @Test func aFailureEndsTheMeasurement() {
    var calls = 0
    let timing = RepeatedTiming.measure(passes: 1, repeats: 9) { _ in
      calls += 1
      return calls < 3 ? 1 : nil
    }
    #expect(timing == nil)
    #expect(calls == 3)
  }

  @Test func tellsBestMedianAndWorst() {
    let odd = RepeatedTiming(passes: 10, seconds: [0.003, 0.001, 0.002])
    #expect(odd.text == "best 1.00 ms, median 2.00 ms, worst 3.00 ms a pass")
    #expect(odd.countText == "3 repeats of 10")
    let even = RepeatedTiming(passes: 1, seconds: [4, 1, 2, 3])
    #expect(even.median == 2.5)
    #expect(RepeatedTiming(passes: 1, seconds: [1]).countText == "1 repeat of 1")
  }

  // MARK: the command; its numbers are not looked at

  private func bench(path: String? = nil, code: String? = nil) -> (status: Int32, text: String) {
    let output = BufferedOutput()
    let options = BenchOptions(path: path, code: code, passes: 2, repeats: 3)
    let status = runBench(options, output: output, options: ScriptSession.Options())
    return (status, output.text)
  }

  /// A script in a file of its own for the time of a test.
  private func withScript(_ text: String, _ body: (String) -> Void) {
    let path = "/tmp/snn-bench-\(getpid())-\(UInt32.random(in: 0 ... .max)).snn"
    guard let file = fopen(path, "w") else { return }
    fputs(text, file)
    fclose(file)
    body(path)
    unlink(path)
  }

  @Test func measuresCodeOfSeveralStatements() {
    let (status, text) = bench(code: "let xs = [k * k for k in 0..10]\nprint(sum(xs))")
    #expect(status == 0)
    #expect(text.hasPrefix("best ") && text.hasSuffix(" a pass (3 repeats of 2)\n"), "\(text)")
  }

  @Test func codeSeesTheNamesOfTheScript() {
    withScript("let answer = 42\n") { path in
      #expect(bench(path: path, code: "assert answer == 42").status == 0)
    }
  }

  @Test func aScriptBeginsAnewEachTime() {
    withScript("var n = 0\nn += 1\nassert n == 1\n") { path in
      #expect(bench(path: path).status == 0)
    }
  }

  @Test func failuresGiveTheirStatusAndNoNumbers() {
    #expect(bench(code: "1 +") == (ExitStatus.badSource, ""))
    #expect(bench(code: "assert false") == (ExitStatus.failure, ""))
    #expect(bench(code: "exit(7)") == (7, ""))
    #expect(bench(path: "/no/such/file.snn") == (ExitStatus.noInput, ""))
    withScript("throw \"no\"") { path in
      #expect(bench(path: path, code: "1") == (ExitStatus.failure, ""))
    }
  }
}
