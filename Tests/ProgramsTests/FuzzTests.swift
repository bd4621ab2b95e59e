import Glibc
import Language
import Testing

/// Random text through the whole interpreter: a value or an error comes back, and the process lives.
///
/// `SNN_FUZZ=10000 swift test --filter FuzzTests` tries that many of each kind instead of a few hundred.
@Suite(.serialized)
struct FuzzTests {
  private static let asked = getenv("SNN_FUZZ").flatMap { Int(String(cString: $0)) }

  @Test(arguments: 0..<(asked ?? 150))
  func tokenSoup(seed: Int) {
    var soup = RandomPrograms(seed: UInt64(seed))
    finishes(soup.tokens(count: 5 + seed % 60))
  }

  @Test(arguments: 0..<(asked ?? 200))
  func wellFormedExpressions(seed: Int) {
    var programs = RandomPrograms(seed: 1_000 + UInt64(seed))
    finishes(programs.program())
  }

  @Test(arguments: 0..<(asked ?? 100))
  func damagedPrograms(seed: Int) {
    let programs = ProgramFiles.conformance.filter { !$0.name.hasPrefix("limits/") && !$0.name.hasPrefix("spikes/") }
    guard !programs.isEmpty else { return }
    var random = RandomPrograms(seed: 2_000 + UInt64(seed))
    finishes(random.damaged(programs[random.below(programs.count)].source))
  }

  @Test(arguments: 0..<(asked ?? 200))
  func callsOfBuiltins(seed: Int) {
    var random = RandomPrograms(seed: 3_000 + UInt64(seed))
    finishes(random.calls())
  }

  private func finishes(_ source: String) {
    let execution = Execution.of(source, name: "fuzz.snn", limits: .small)
    let message = DiagnosticRenderer().render(execution.diagnostics)
    #expect(message.utf8.count < 100_000, "an endless message for\n\(source)")
    for diagnostic in execution.diagnostics {
      #expect(!diagnostic.fault.title.isEmpty)
      #expect(diagnostic.line >= 1)
    }
  }
}
