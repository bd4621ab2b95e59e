// The progress of an exploration on a terminal: a line that is rewritten, and one that stays for each rung.

import Chips
import Machine

/// Shows where an exploration stands. It is called from several threads, never by two at a time.
final class ExploreDisplay {
  private let output: any Output
  private var rung = 0
  private var began = 0.0
  private var isMidLine = false

  init(_ output: any Output) { self.output = output }

  func show(_ progress: ExplorationProgress) {
    if progress.rung != rung {
      rung = progress.rung
      began = FitDisplay.now
    }
    let isLast = progress.done == progress.count
    output.write("\r" + line(progress) + "\u{1B}[K" + (isLast ? "\n" : ""))
    isMidLine = !isLast
  }

  /// Leaves the line that was being rewritten, if there is one.
  func end() {
    if isMidLine { output.write("\n") }
    isMidLine = false
  }

  /// The line as it fits the output's width: the bar goes first, then the time.
  private func line(_ progress: ExplorationProgress) -> String {
    let head = "rung \(progress.rung)/\(progress.rungs)"
    let bar = " " + FitDisplay.bar(Double(progress.done) / Double(max(1, progress.count)))
    var state = "  \(progress.done)/\(progress.count) networks"
    if let best = progress.bestAccuracy { state += "  best validation accuracy \(formatted(best * 100, "f", digits: 1))%" }
    let seconds = FitDisplay.now - began
    var time = ""
    if progress.done == progress.count {
      time = "  \(FitDisplay.duration(seconds))"
    } else if progress.done > 0 {
      time = "  \(FitDisplay.duration(seconds / Double(progress.done) * Double(progress.count - progress.done))) left"
    }
    let room = output.width - 1
    for text in [head + bar + state + time, head + state + time, head + state] where text.count <= room { return text }
    return String((head + state).prefix(max(0, room)))
  }
}
