import Testing

/// Every program under `Tests/Programs` prints what its comments expect, and fails where they expect it.
@Suite(.serialized)
struct ConformanceTests {
  @Test(arguments: ProgramFiles.conformance)
  func program(_ program: Program) { check(program) }

  @Test func thereAreEnough() {
    #expect(ProgramFiles.conformance.count >= 300)
  }
}
