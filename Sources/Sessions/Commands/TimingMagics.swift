import Faults
import Glibc
import Texts

/// How long things take.
let timingMagics: [Magic] = [
  Magic(
    "time", usage: "CODE", .code,
    help: """
      Runs code once and says how long it took: the wall clock and the processors' time of all threads.
      The value is shown as usual; a block may follow on the next lines.
      """
  ) { session, code in
    guard session.wants(code, "code to run, as in `%time sum(x)`") else { return }
    let start = Clock.now()
    session.run(code)
    let end = Clock.now()
    session.console.line(
      session.console.styled(
        "wall \(Clock.text(end.wall - start.wall)), cpu \(Clock.text(end.processor - start.processor))", .faint))
  },
  Magic(
    "timeit", usage: "[-n LOOPS] [-r REPEATS] CODE", .code,
    help: """
      Runs code many times in a loop and says how long one pass takes: the best, the median and the worst of several \
      repeats.
      The number of passes is chosen so that a repeat takes about a fifth of a second.
      """
  ) { session, rest in measure(session, rest) },
]

/// Wall and processor clocks, in seconds.
struct Clock {
  var wall: Double
  var processor: Double

  static func now() -> Clock { Clock(wall: read(CLOCK_MONOTONIC), processor: read(CLOCK_PROCESS_CPUTIME_ID)) }

  private static func read(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  static func text(_ seconds: Double) -> String { durationText(seconds) }
}

/// A time with three digits and the unit that fits it.
func durationText(_ seconds: Double) -> String {
  if seconds >= 60 {
    let whole = Int(seconds.rounded())
    return "\(whole / 60) min \(whole % 60) s"
  }
  for (unit, scale) in [("s", 1.0), ("ms", 1e-3), ("us", 1e-6)] where seconds >= scale {
    return threeDigits(seconds / scale) + " " + unit
  }
  return threeDigits(max(0, seconds) / 1e-9) + " ns"
}

private func threeDigits(_ value: Double) -> String {
  let decimals = value < 10 ? 2 : value < 100 ? 1 : 0
  let scale = [1.0, 10.0, 100.0][decimals]
  let scaled = Int((value * scale).rounded())
  if decimals == 0 { return "\(scaled)" }
  let fraction = String(scaled % Int(scale))
  return "\(scaled / Int(scale))." + String(repeating: "0", count: decimals - fraction.count) + fraction
}

private func measure(_ session: Session, _ rest: String) {
  var code = rest
  var loops: Int?
  var repeats = 7
  while code.hasPrefix("-n") || code.hasPrefix("-r") {
    let option = code.prefix(2)
    let value = trimmed(String(code.dropFirst(2)))
    let digits = value.prefix { $0.isNumber }
    guard let count = Int(digits), count > 0 else {
      return session.fail(Fault(.call, "`\(option)` wants a positive number", help: "%timeit -n 100 CODE"))
    }
    if option == "-n" { loops = count } else { repeats = min(count, 1000) }
    code = trimmed(String(value.dropFirst(digits.count)))
  }
  guard session.wants(code, "code to measure, as in `%timeit sum(x)`") else { return }
  let timing = RepeatedTiming.measure(code, passes: loops, repeats: repeats) { (code, count) in
    guard session.runQuietly(RepeatedTiming.loop(code, passes: count), name: "%timeit") else { return nil }
    return session.evaluator.lastDuration
  }
  guard let timing else { return }
  session.console.line(timing.text + " " + session.console.styled("(\(timing.countText))", .faint))
}
