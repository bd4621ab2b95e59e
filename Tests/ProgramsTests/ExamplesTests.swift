import Builtins
import Machine
import Testing

/// Every builtin's documentation holds an example that runs as it stands and does what its comments say.
@Suite(.serialized)
struct ExamplesTests {
  static let examples = standardBuiltins.map { builtin in
    Program(name: builtin.name, path: "the example of \(builtin.name)", source: builtin.example)
  }

  @Test(arguments: examples)
  func example(_ program: Program) {
    #expect(!program.source.isEmpty)
    // An example that draws a figure says nothing about each line.
    check(program, comparesOutput: !program.output.isEmpty)
  }
}
