// WISDM v1.1: a phone's accelerometer in the pocket of 36 people. J. Kwapisz, G. Weiss and S. Moore, "Activity recognition
// using cell phone accelerometers", 2010.

import Faults

/// A recording of WISDM: samples of one person at one activity.
struct WISDMSample: Equatable {
  var user: String
  var activity: String
  /// Nanoseconds since the phone was started.
  var time: Int
  var acceleration: (Float, Float, Float)

  static func == (a: Self, b: Self) -> Bool {
    a.user == b.user && a.activity == b.activity && a.time == b.time && a.acceleration == b.acceleration
  }
}

/// The samples of a file of lines `user,activity,time,x,y,z;`, and how many records were none.
///
/// Records end at a `;` or a line end, so that two on one line are two. Empty ones count for nothing; one with a number
/// missing, or without a time, is rejected.
func decodeWISDM(_ text: [UInt8], name: String) throws(Fault) -> (samples: [WISDMSample], rejected: Int) {
  var samples: [WISDMSample] = []
  var rejected = 0
  for (number, record) in text.split(whereSeparator: { $0 == 59 || $0 == 10 }).enumerated() {
    if number & 0xFFF == 0 { try Interrupt.check() }
    var fields = record.split(separator: 44, omittingEmptySubsequences: false).map { String(decoding: $0.filter { $0 > 32 }, as: UTF8.self) }
    while fields.last == "" { fields.removeLast() }
    if fields.isEmpty { continue }
    guard fields.count == 6, !fields[0].isEmpty, !fields[1].isEmpty, let time = Int(fields[2]), time != 0, let x = Float(fields[3]), let y = Float(fields[4]),
      let z = Float(fields[5]), x.isFinite, y.isFinite, z.isFinite
    else {
      rejected += 1
      if samples.isEmpty, rejected >= 100 {
        throw Fault(.file, "\(name) is not a file of WISDM", label: "its first 100 records are none", help: "records are `user,activity,time,x,y,z;`, as in WISDM_ar_v1.1_raw.txt")
      }
      continue
    }
    samples.append(WISDMSample(user: fields[0], activity: fields[1], time: time, acceleration: (x, y, z)))
  }
  return (samples, rejected)
}

/// Windows of WISDM's samples, `[windows, time, 3]`; the group is the person.
///
/// A window lies within one recording: where person or activity change, time goes back, stands still, or steps by more than
/// one and a half periods, another begins. There is no published split: people are to be left out.
///
/// - Parameters:
///   - steps: samples of a window, 20 a second
///   - hop: samples from a window to the next
/// - Returns: the windows, and how many records of the file were rejected
public func readWISDM(_ path: String, steps: Int, hop: Int) throws(Fault) -> (set: SeriesSet, rejected: Int) {
  var file = path
  if try isFolder(path) {
    file = "\(path)/WISDM_ar_v1.1_raw.txt"
    if try !fileExists(file) {
      throw Fault(
        .file, "cannot find WISDM", label: "WISDM_ar_v1.1_raw.txt is not in \(shownPath(path))", help: "unpack WISDM_ar_latest.tar.gz of the WISDM Lab at Fordham University and give its folder")
    }
  }
  let (samples, rejected) = try decodeWISDM(try readBytes(file), name: shownPath(file))
  let names = Set(samples.map(\.activity)).sorted()
  let numbers = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
  let period = 50_000_000
  var set = SeriesSet(name: "WISDM", values: [], steps: steps, channels: 3, labels: [], classNames: names)
  var start = 0
  for place in 0...samples.count {
    if place & 0xFFFF == 0 { try Interrupt.check() }
    if place > start, place < samples.count {
      let (last, next) = (samples[place - 1], samples[place])
      let (passed, overflow) = next.time.subtractingReportingOverflow(last.time)
      if last.user == next.user, last.activity == next.activity, !overflow, passed > 0, passed <= period * 3 / 2 { continue }
    } else if place < samples.count {
      continue
    }
    // A recording ends here.
    var first = start
    while first + steps <= place {
      for sample in samples[first..<first + steps] { set.values += [sample.acceleration.0, sample.acceleration.1, sample.acceleration.2] }
      set.labels.append(numbers[samples[first].activity] ?? 0)
      set.groups.append(samples[first].user)
      first += hop
    }
    start = place
  }
  if set.labels.isEmpty {
    throw Fault(.file, "\(shownPath(file)) holds no window", label: "\(counted(samples.count, "sample")), and none of its recordings has \(steps) of them without a gap")
  }
  return (set, rejected)
}
