/// The times of code that ran again and again: what `%timeit` and `snn bench` tell.
struct RepeatedTiming {
  /// Passes in one repeat.
  var passes: Int
  /// The seconds of one pass, a number for each repeat.
  var seconds: [Double]

  /// What nothing else on the machine disturbed.
  var best: Double { seconds.min() ?? 0 }

  var median: Double {
    let sorted = seconds.sorted()
    let middle = sorted.count / 2
    if sorted.isEmpty { return 0 }
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  var worst: Double { seconds.max() ?? 0 }

  /// `best 1.20 ms, median 1.31 ms, worst 1.90 ms a pass`
  var text: String {
    "best \(durationText(best)), median \(durationText(median)), worst \(durationText(worst)) a pass"
  }

  /// `7 repeats of 100`
  var countText: String { "\(seconds.count) repeat\(seconds.count == 1 ? "" : "s") of \(passes)" }

  /// Measures code by `run`, which runs it in a loop of so many passes and gives the seconds of all, or nil to end it.
  /// What an empty loop takes is not the code's.
  static func measure(
    _ code: String, passes: Int?, repeats: Int, _ run: (_ code: String, _ passes: Int) -> Double?
  ) -> RepeatedTiming? {
    guard var timing = measure(passes: passes, repeats: repeats, { run(code, $0) }),
      let loop = measure(passes: timing.passes, repeats: 3, { run("", $0) })
    else { return nil }
    timing.seconds = timing.seconds.map { max(0, $0 - loop.best) }
    return timing
  }

  /// Measures by `pass`, which runs the code so many times and gives the seconds of all, or nil to end it.
  ///
  /// - Parameter passes: of one repeat; nil for so many that a repeat takes about a fifth of a second.
  static func measure(passes: Int?, repeats: Int, _ pass: (Int) -> Double?) -> RepeatedTiming? {
    var count = passes ?? 1
    guard var elapsed = pass(count) else { return nil }
    while passes == nil, elapsed < 0.2, count < 100_000_000 {
      count = elapsed < 0.02 ? count * 10 : Int((Double(count) * 0.25 / elapsed).rounded(.up))
      guard let longer = pass(count) else { return nil }
      elapsed = longer
    }
    var timing = RepeatedTiming(passes: count, seconds: [elapsed / Double(count)])
    while timing.seconds.count < repeats {
      guard let next = pass(count) else { return nil }
      timing.seconds.append(next / Double(count))
    }
    return timing
  }

  /// Code as a loop that runs it so many times.
  static func loop(_ code: String, passes: Int) -> String { "for _ in 0..\(passes) {\n\(code)\n}" }
}
