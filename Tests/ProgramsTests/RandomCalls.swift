import Builtins
import Machine

/// Calls of every builtin with arguments made from a seed, most of them wrong.
extension RandomPrograms {
  /// What touches files, the process or a minute of time is left out.
  private static let builtins = standardBuiltins.filter { builtin in
    let name = builtin.baseName
    let isUnsafe = ["exit", "fit", "fashion_mnist", "read_line", "read_lines", "env", "sleep", "shell"].contains(name)
    return !isUnsafe && !name.contains("save") && !name.contains("write")
  }

  private static let arguments = [
    "nil", "true", "0", "1", "-1", "3", "1000000000000", "-9223372036854775807 - 1", "9223372036854775807", "0.5", "-0.0",
    "1e300", "0.0 / 0.0", "1.0 / 0.0", "\"\"", "\"abc\"", "\"é👩‍👩‍👧‍👦\"", "[]", "[1, 2, 3]", "[[1, 2], [3, 4]]", "[[1], [2, 3]]",
    "[nil]", "[\"a\", 1]", "()", "(1, 2)", "{}", "{a: 1}", "{1: [2]}", "0..5", "5..0", "0..9223372036854775807", "print",
    "x => x", "(a, b) => a", "x => nil", "() => 1", "x => [x]", "20ms", "3pJ", "mW", "tensor(2.0)", "tensor([1, 2, 3])",
    "zeros([0])", "zeros([3, 0])", "ones([2, 3])", "ones([5, 1, 2])", "full([2, 2], 0.0 / 0.0)", "(ones([4, 2]) > 0)",
    "spikes(ones([3, 1, 2]))", "[2, 3]", "[-1]", "[0, 0]", "[1000000, 1000000]", "input(2)", "input(4) |> dense(3)",
    "input(2) |> dense(2) |> lif()", "lif()", "lif(beta=0.5)", "rate(steps=3)", "hybrid(steps=4)", "adam()",
    "data.subset(data.digits(), 0..3)", "data.from([[0, 1]], [0])", "(try { 1 // 0 } catch e { e })", "len", "fast_sigmoid()",
  ]

  mutating func calls() -> String {
    "use plot\n" + (0..<(1 + below(5))).map { index in
      """
      let r\(index) = try { \(call(Self.builtins[below(Self.builtins.count)])) } catch e { e.message }
      let s\(index) = "{r\(index)} {type(r\(index))}"
      """
    }.joined(separator: "\n") + "\ndescribe(r0)\n"
  }

  private mutating func call(_ builtin: Builtin) -> String {
    // A number of arguments that fits more often than not, so that bodies are reached.
    let required = builtin.parameters.filter { if case .required = $0.role { true } else { false } }.count
    let extra = below(builtin.parameters.count - required + 1)
    let wanted = below(5) == 0 ? below(4) : required + extra
    var arguments = (0..<wanted).map { _ in Self.arguments[below(Self.arguments.count)] }
    if below(3) == 0, let last = builtin.parameters.last {
      arguments.append("\(last.name)=\(Self.arguments[below(Self.arguments.count)])")
    }
    return "\(builtin.name)(\(arguments.joined(separator: ", ")))"
  }
}
