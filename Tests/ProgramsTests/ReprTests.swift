import Builtins
import Language
import Machine
import Testing

/// `repr` gives all of a value: the text reads back as a value that has the same text.
@Suite(.serialized)
struct ReprTests {
  static let expressions = [
    "nil", "true", "3", "-9223372036854775807 - 1", "0.1", "-0.0", "1.0 / 0.0", "-1.0 / 0.0", "1e300", "[]", "()", "(1,)", "{}",
    "[1, [2.5, \"a\\n{{b}}\"], (nil,)]", "{a: 1, \"b c\": {if: 2}, 3: 4, (-1.5): 5}", "0..4", "range(9, 0, -2)", "20ms", "0.3ms",
    "3pJ / 2ms", "2ms * 3m", "1.5h", "1e-30s", "tensor(3)", "tensor([0.1, 1e20, 16777216])", "tensor([[1, 2], [3, 4]]) > 2", "zeros([0, 3])",
    "tensor([0.0 / 0.0, 1.0 / 0.0])", "spikes([[[1, 0]], [[0, 1]]])", "list(0..3000)", "random([20, 30])", "adam(lr=0.1 + 1e-16)",
    "sgd(momentum=0.5)", "hybrid(steps=20, alpha=1 / 3)", "population(neurons=5, steps=8, code=\"rate\", low=-1)", "delta(threshold=0.1)",
    "spike_rate_mse(correct=0.7)", "fast_sigmoid(slope=10)", "lif(beta=0.95, threshold=0.3)", "measured(sigma=0.3)", "len", "learn([0.5, 0.1], low=0)",
    "learn([1ms, 2.5ms])", "learn(-50mV, each=true)",
    "learn([k * 1ms / 7 for k in 1..200])", "learn(1ms, low=0.1ms + 1e-12s)",
  ]

  @Test(arguments: expressions)
  func readsBack(_ expression: String) {
    let written = Execution.of("let a = \(expression)\nprint(repr(a))\n", name: "repr")
    #expect(written.diagnostics.isEmpty, "\(written.diagnostics.map(\.fault.title))")
    let text = written.output.joined(separator: "\n")
    let read = Execution.of("let b = \(text)\nprint(repr(b))\n", name: "read")
    #expect(read.diagnostics.isEmpty, "\(text) gives \(read.diagnostics.map(\.fault.title))")
    #expect(read.output.joined(separator: "\n") == text)
  }

  @Test func largeMapsAreDescribedInPart() {
    let output = BufferedOutput()
    let source = SourceText("var m = {}\nfor i in 0..500 { m[i] = i }\ndescribe(m)", name: "large.snn")
    _ = makeInterpreter(output: output).run(source, mode: .script)
    let lines = output.text.split(separator: "\n")
    #expect(lines.first == "map of 500:" && lines.count == 102 && lines.last == "  … 400 more")
  }
}
