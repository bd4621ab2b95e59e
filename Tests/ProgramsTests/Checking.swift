import Language
import Testing

/// Runs a program and records an issue, with the difference, where it does not do what its comments expect.
func check(_ program: Program, style: Execution.Style = .script, comparesOutput: Bool = true) {
  let execution = Execution.of(program, style: style)
  let problems = (comparesOutput ? outputProblems(program, execution) : []) + errorProblems(program, execution)
  if problems.isEmpty { return }
  let rendered = DiagnosticRenderer().render(execution.diagnostics)
  Issue.record("\(program.path)\n\(problems.joined(separator: "\n"))\n\(rendered)")
}

private func outputProblems(_ program: Program, _ execution: Execution) -> [String] {
  let actual = execution.output.map { String(trimmed(Substring($0))) }
  if actual == program.output { return [] }
  var lines = ["the output differs (- expected, + printed):"]
  for index in 0..<max(actual.count, program.output.count) {
    let wanted = index < program.output.count ? program.output[index] : nil
    let got = index < actual.count ? actual[index] : nil
    if let wanted, wanted == got {
      lines.append("    \(wanted)")
    } else {
      if let wanted { lines.append("  - \(wanted)") }
      if let got { lines.append("  + \(got)") }
    }
  }
  return lines
}

private func errorProblems(_ program: Program, _ execution: Execution) -> [String] {
  var unexplained = execution.diagnostics
  var problems: [String] = []
  for expected in program.errors {
    let fitting = unexplained.firstIndex { diagnostic in
      line(of: diagnostic, in: program) == expected.line
        && (expected.phrase.isEmpty
          || Execution.text(of: diagnostic).lowercased().contains(expected.phrase.lowercased()))
    }
    if let fitting {
      unexplained.remove(at: fitting)
    } else {
      problems.append("expected an error on line \(expected.line) that contains: \(expected.phrase)")
    }
  }
  return problems + unexplained.map {
    "did not expect an error on line \(line(of: $0, in: program)): \($0.fault.title)"
  }
}

/// An error in a module counts at the line of the program that was running.
private func line(of diagnostic: Diagnostic, in program: Program) -> Int {
  if diagnostic.source.name == program.path { return diagnostic.line }
  let frame = diagnostic.stack.first { $0.source.name == program.path }
  return frame.map { $0.source.line(at: $0.offset) } ?? diagnostic.line
}
