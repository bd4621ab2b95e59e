// DVS128 Gesture: 29 people, 11 gestures, 3 lights. A. Amir et al., "A Low Power, Fully Event-Based Gesture Recognition
// System", CVPR 2017. Its files are AEDAT 3.1, with a table of the gestures beside each.

import Faults

/// The gestures in the order of their numbers, which the tables count from 1.
public let dvsGestureClasses = [
  "hand clapping", "right hand wave", "left hand wave", "right arm clockwise", "right arm counter-clockwise", "left arm clockwise",
  "left arm counter-clockwise", "arm roll", "air drums", "air guitar", "other gestures",
]

/// The training part, of users 1 to 23, and the test part, of users 24 to 29, as the lists of files name them. A sample is
/// a row of a table, cut from its start to before its end: 1,176 and 288 in the whole set. Rows may overlap.
public func dvsGestureSets(_ path: String) throws(Fault) -> [EventSetPart] {
  let help = "DvsGesture.tar.gz is linked at research.ibm.com/interactive/dvsgesture (CC BY 4.0): unpack it and give the folder with trials_to_train.txt"
  var parts: [EventSetPart] = []
  for (list, name) in [("trials_to_train.txt", "train"), ("trials_to_test.txt", "test")] {
    guard try fileExists("\(path)/\(list)") else {
      throw missingSet("DVS128 Gesture", "there is no file \(shownPath("\(path)/\(list)"))", help: help)
    }
    var samples: [EventSet.Sample] = []
    for line in try readText("\(path)/\(list)").split(whereSeparator: \.isNewline) {
      let file = line.trimmingSpaces
      if file.isEmpty { continue }
      guard file.hasSuffix(".aedat"), !file.contains("/") else {
        throw Fault(.file, "\(shownPath("\(path)/\(list)")) is damaged", label: "found the line `\(file)`, expected the name of an .aedat file")
      }
      let stem = file.dropLast(6)
      for needed in [file, "\(stem)_labels.csv"] where try !fileExists("\(path)/\(needed)") {
        throw missingSet("a file of DVS128 Gesture", "\(list) names \(file), and there is no \(shownPath("\(path)/\(needed)"))", help: help)
      }
      let user = Int(stem.dropFirst(4).prefix { $0.isNumber }) ?? -1
      samples += try gestures("\(path)/\(stem)_labels.csv", of: "\(path)/\(file)", person: user)
    }
    parts.append(
      EventSetPart(
        name: name,
        set: EventSet(
          name: "DVS128 Gesture \(name)", source: "Amir et al., DVS128 Gesture (CC BY 4.0), cut by the rows of its tables",
          classNames: dvsGestureClasses, samples: samples, width: 128, height: 128)))
  }
  return parts
}

/// The rows `class,startTime_usec,endTime_usec` of a table.
private func gestures(_ table: String, of recording: String, person: Int) throws(Fault) -> [EventSet.Sample] {
  var samples: [EventSet.Sample] = []
  for (row, line) in try readText(table).split(whereSeparator: \.isNewline).enumerated() {
    if row == 0, line.hasPrefix("class") { continue }
    let cells = line.split(separator: ",", omittingEmptySubsequences: false).map { Int64($0.trimmingSpaces) }
    guard cells.count == 3, let label = cells[0], let start = cells[1], let end = cells[2], (1...11).contains(label), start <= end
    else {
      throw Fault(
        .file, "\(shownPath(table)) is damaged in line \(row + 1)", label: "found `\(line)`, expected a class from 1 to 11, a start and an end in us")
    }
    samples.append(
      EventSet.Sample(path: recording, place: .window(start, end), label: Int(label) - 1, person: person))
  }
  return samples
}

extension Substring {
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
  }
}
