import Testing

/// Every program under `Tests/Programs` prints what its comments expect, and fails where they expect it.
@Suite(.serialized)
struct ConformanceTests {
  @Test(arguments: ProgramFiles.conformance)
  func program(_ program: Program) { check(program) }

  /// The rules are the same at the prompt and in a notebook, where names are kept for the next cell.
  @Test(arguments: ProgramFiles.conformance)
  func cell(_ program: Program) { check(program, asCell: true) }

  @Test func thereAreEnough() {
    #expect(ProgramFiles.conformance.count >= 300)
  }
}
