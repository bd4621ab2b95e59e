// "Human Activity Recognition Using Smartphones" by D. Anguita, A. Ghio, L. Oneto, X. Parra and J. Reyes-Ortiz (UCI, 2012):
// windows of 2.56 s at 50 Hz from a phone at the waist.

import Faults

/// The six activities, in the order of their numbers from 1 on.
public let uciHARClasses = ["walking", "walking upstairs", "walking downstairs", "sitting", "standing", "laying"]

/// The signals of a window, in the order of channels here.
public let uciHARSignals = ["body_acc_x", "body_acc_y", "body_acc_z", "body_gyro_x", "body_gyro_y", "body_gyro_z", "total_acc_x", "total_acc_y", "total_acc_z"]

/// A part of UCI HAR as published, divided by people: `train` (21 of them) or `test` (9).
///
/// - Throws: `.file`, saying what is missing and how it is had, or where files contradict each other.
public func readUCIHAR(_ folder: String, part: String) throws(Fault) -> SeriesSet {
  let help = "unpack `UCI HAR Dataset.zip` of the UCI Machine Learning Repository (its README forbids commercial use) and give the folder that holds train and test"
  let base = "\(folder)/\(part)"
  func file(_ name: String) throws(Fault) -> String {
    let path = "\(base)/\(name)"
    if try !fileExists(path) {
      let found = try isFolder(folder) ? "\(shownPath("\(part)/\(name)")) is not in \(shownPath(folder))" : "there is no folder \(shownPath(folder))"
      throw Fault(.file, "cannot find UCI HAR", label: found, help: help)
    }
    return path
  }
  func column(_ name: String) throws(Fault) -> [Int] {
    let path = try file(name)
    let (numbers, width) = try readNumberLines(path)
    let whole = numbers.compactMap { Int(exactly: $0) }
    if width != 1 || whole.count < numbers.count { throw Fault(.file, "\(shownPath(path)) is malformed", label: "a whole number a line is expected") }
    return whole
  }
  let activities = try column("y_\(part).txt")
  let people = try column("subject_\(part).txt")
  if people.count != activities.count {
    throw Fault(.file, "the files of UCI HAR do not belong together", label: "\(counted(activities.count, "window")) in y_\(part).txt, \(people.count) in subject_\(part).txt")
  }
  if let place = activities.firstIndex(where: { $0 < 1 || $0 > 6 }) {
    throw Fault(.file, "\(shownPath("\(base)/y_\(part).txt")) holds no activity", label: "line \(place + 1) is \(activities[place]), 1 to 6 are expected")
  }
  let (steps, channels) = (128, uciHARSignals.count)
  var values = [Float](repeating: 0, count: activities.count * steps * channels)
  for (channel, signal) in uciHARSignals.enumerated() {
    let path = try file("Inertial Signals/\(signal)_\(part).txt")
    let (numbers, width) = try readNumberLines(path)
    guard width == steps, numbers.count == activities.count * steps else {
      throw Fault(
        .file, "\(shownPath(path)) is truncated or of another set", label: "\(counted(numbers.count / width, "line")) of \(width) numbers, \(activities.count) of \(steps) are expected",
        help: "fetch or copy the file again")
    }
    try Interrupt.parts(numbers.count) { part in for place in part { values[place * channels + channel] = numbers[place] } }
  }
  return SeriesSet(
    name: "UCI HAR \(part)", values: values, steps: steps, channels: channels, labels: activities.map { $0 - 1 }, classNames: uciHARClasses, groups: people.map(String.init))
}
