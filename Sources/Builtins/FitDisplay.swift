// The progress of a training run on a terminal: one line that is rewritten, and one that stays for each epoch, or
// for every so many epochs of a long run.

import Glibc
import Machine
import Texts
import Spiking

/// Shows where a training run stands.
final class FitDisplay {
  private let output: any Output
  private var lastShown = -1.0
  private var isMidLine = false

  init(_ output: any Output) { self.output = output }

  func show(_ progress: FitProgress) {
    let now = FitDisplay.now
    if !progress.isEpochEnd, now - lastShown < 0.1 { return }
    lastShown = now
    let stride = (progress.epochs - 1) / 20 + 1
    let stays = progress.isEpochEnd && (progress.epoch % stride == 0 || progress.epoch == progress.epochs)
    output.write("\r" + line(progress) + "\u{1B}[K" + (stays ? "\n" : ""))
    isMidLine = !stays
  }

  /// Leaves the line that was being rewritten, if there is one.
  func end() {
    if isMidLine { output.write("\n") }
    isMidLine = false
  }

  /// The line as it fits the output's width: the bar goes first, then the speed.
  private func line(_ progress: FitProgress) -> String {
    let digits = String(progress.epochs).count
    let epoch = String(repeating: " ", count: digits - String(progress.epoch).count) + "\(progress.epoch)"
    let head = "epoch \(epoch)/\(progress.epochs)"
    let loss = formatted(progress.loss, "f", digits: 4)
    var state = "  loss \(loss)"
    if let accuracy = progress.accuracy { state += "  accuracy \(formatted(accuracy * 100, "f", digits: 1))%" }
    if let rmse = progress.rmse { state += "  rmse \(formatted(rmse, "g", digits: 4))" }
    if let validation = progress.validationAccuracy {
      state += "  validation \(formatted(validation * 100, "f", digits: 1))%"
    } else if let validation = progress.validationRMSE {
      state += "  validation \(formatted(validation, "g", digits: 4))"
    }
    let price = prices(progress.terms)
    let speed = "  \(groupedDigits(Int(min(progress.samplesPerSecond, 1e12)))) samples/s"
    let isLast = progress.isEpochEnd && progress.epoch == progress.epochs
    let left = isLast ? "" : "  \(Self.duration(progress.secondsLeft)) left"
    let lines = [head + " " + Self.bar(Double(progress.batch) / Double(max(1, progress.batches))) + state, head + state]
    let room = output.width - 1
    for text in lines.map({ $0 + price.full + speed + left })
      + [
        head + state + price.full + left, head + state + price.full, head + state + price.short, head + state,
      ]
    where text.count <= room {
      return text
    }
    return String((head + state).prefix(max(0, room)))
  }

  /// The price of an objective beside the loss: with its terms, "  hardware 0.812 (memory 0.530)", and alone.
  private func prices(_ terms: [(name: String, value: Double)]) -> (full: String, short: String) {
    guard let whole = terms.first else { return ("", "") }
    let short = "  \(whole.name) \(formatted(whole.value, "f", digits: 3))"
    let parts = terms.dropFirst().map { term in
      let name = term.name.hasPrefix(whole.name + "_") ? term.name.dropFirst(whole.name.count + 1) : term.name[...]
      return "\(name) \(formatted(term.value, "f", digits: 3))"
    }
    return (parts.isEmpty ? short : short + " (" + parts.joined(separator: ", ") + ")", short)
  }

  /// A bar that is filled by a share from 0 to 1.
  static func bar(_ share: Double) -> String {
    let width = 16
    let filled = min(width, max(0, Int((share * Double(width)).rounded())))
    return String(repeating: "━", count: filled) + String(repeating: "─", count: width - filled)
  }

  /// A time that is left, as people say it.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e7 else { return "?" }
    let whole = Int(seconds.rounded(.up))
    if whole < 90 { return "\(whole) s" }
    return whole < 5400 ? "\((whole + 30) / 60) min" : "\(formatted(seconds / 3600, "f", digits: 1)) h"
  }

  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
