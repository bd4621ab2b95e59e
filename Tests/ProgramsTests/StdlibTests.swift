import Builtins
import Machine
import Testing

/// The `test` blocks that stand beside the definitions of the stdlib.
@Suite struct StdlibTests {
  @Test(arguments: ["prelude", "neurons", "stats", "spikes", "signal", "runs"]) func testsOfTheModulePass(_ name: String) throws {
    let path = "stdlib/\(name).snn"
    let source = try #require(standardLibrary().sources[name])
    let execution = Execution.of(source, name: path, runsTests: true)
    let passed = execution.output.count { $0.hasPrefix("passed") }
    #expect(execution.diagnostics.isEmpty, "\(execution.diagnostics.map(\.fault.title))")
    #expect(passed > 3 && passed == execution.output.count { !$0.isEmpty })
  }

  /// The builtins are looked through first, and the prelude is read only for what is none of them.
  @Test func noBuiltinHasTheNameOfOneInThePrelude() {
    let interpreter = makeInterpreter(output: BufferedOutput())
    #expect(!interpreter.preludeNames.isEmpty)
    #expect(interpreter.preludeNames.filter { interpreter.library.builtins[$0] != nil }.isEmpty)
  }
}
