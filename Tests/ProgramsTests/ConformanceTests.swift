import Testing

/// Every program under `Tests/Programs` prints what its comments expect, and fails where they expect it.
@Suite(.serialized)
struct ConformanceTests {
  @Test(arguments: ProgramFiles.conformance)
  func program(_ program: Program) { check(program) }

  /// The rules are the same in a notebook, where names are kept for the next cell.
  @Test(arguments: ProgramFiles.conformance)
  func cell(_ program: Program) { check(program, style: .cell) }

  /// And at the prompt, where each statement runs before the next is read: so no name is found beforehand.
  @Test(arguments: ProgramFiles.conformance.filter { $0.errors.isEmpty && !$0.isWhole })
  func prompt(_ program: Program) { check(program, style: .prompt) }

  @Test func thereAreEnough() {
    #expect(ProgramFiles.conformance.count >= (ProgramFiles.wanted == nil ? 300 : 1), "no program is called so")
  }
}
