import Builtins
import Language
import Testing

@testable import Machine

/// What closures in circles leave behind.
@Suite struct CircleTests {
  @Test func circlesOfClosuresAreFreed() {
    let interpreter = makeInterpreter(output: BufferedOutput())
    let source = """
      fn circle(n) {
        var me = nil
        let data = [n, n + 1]
        me = () => [me, data]
        me
      }
      let kept = circle(1)
      for i in 0..200000 { circle(i) }
      kept()[1]
      """
    guard case .value(let value) = interpreter.run(SourceText(source, name: "circles"), mode: .cell) else {
      Issue.record("it failed")
      return
    }
    #expect(value.description(of: .quoted) == "[1, 2]")
    // A tenth of what was made would already be a leak.
    #expect(interpreter.machine.cells.count < 50_000)
  }
}
