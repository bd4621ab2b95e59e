// The Heidelberg sets of speech as spikes of a model of the inner ear: SHD, spoken digits, and SSC, spoken commands.
// B. Cramer, Y. Stradmann, J. Schemmel, F. Zenke, "The Heidelberg Spiking Data Sets for the Systematic Evaluation of
// Spiking Neural Networks", IEEE TNNLS 33 (2022).

import Faults

/// Units of the model's inner ear; unit 0 is the highest frequency.
private let units = 700

/// SHD: a training and a test part. Two speakers of the test part are not in the training part, and there is no part for
/// validation: hold speakers out.
public func shdSets(_ path: String) throws(Fault) -> [EventSetPart] {
  try heidelbergSets(path, "SHD", "shd", ["train", "test"])
}

/// SSC: a training, a validation and a test part, whose split is not that of Speech Commands.
public func sscSets(_ path: String) throws(Fault) -> [EventSetPart] {
  try heidelbergSets(path, "SSC", "ssc", ["train", "valid", "test"])
}

private func heidelbergSets(_ path: String, _ name: String, _ stem: String, _ names: [String]) throws(Fault) -> [EventSetPart] {
  var parts: [EventSetPart] = []
  for part in names {
    let files = ["\(path)/\(stem)_\(part).h5", "\(path)/\(stem)_\(part).h5.gz"]
    var file: String?
    for candidate in files.reversed() where try fileExists(candidate) { file = candidate }
    guard let file else {
      throw missingSet(
        name, "there is no file \(shownPath(files[0])), nor with .gz",
        help: "\(names.map { "\(stem)_\($0).h5.gz" }.joined(separator: ", ")) are at zenkelab.org/datasets (CC BY 4.0): give the folder with them")
    }
    parts.append(EventSetPart(name: part, set: try heidelbergSet(file, "\(name) \(part)")))
  }
  return parts
}

private func heidelbergSet(_ path: String, _ name: String) throws(Fault) -> EventSet {
  let file = try HDF5File(path)
  func damaged(_ found: String) -> Fault { Fault(.file, "\(shownPath(path)) is damaged", label: found, help: "fetch or copy the file again") }
  guard let labels = try file.read("/labels").numbers?.integers else { throw damaged("found something else in /labels, expected whole numbers") }
  let rows = try file.dataset("/spikes/times").rows
  guard rows == labels.count, try file.dataset("/spikes/units").rows == rows else {
    throw damaged("found \(rows) lists of times and \(labels.count) labels, expected as many of each, and of units")
  }
  let names = try file.kind("/extra/keys") == .dataset ? try file.read("/extra/keys").texts ?? [] : []
  let speakers = try file.kind("/extra/speaker") == .dataset ? try file.read("/extra/speaker").numbers?.integers ?? [] : []
  if let bad = labels.firstIndex(where: { $0 < 0 || $0 >= 1000 }) { throw damaged("found the label \(labels[bad]) of row \(bad), expected a class") }
  let classes = max(names.count, (labels.max() ?? -1) + 1)
  return EventSet(
    name: name, source: "Cramer et al., Heidelberg Spiking Datasets (CC BY 4.0)",
    classNames: (0..<classes).map { $0 < names.count ? names[$0] : String($0) },
    samples: labels.indices.map {
      EventSet.Sample(path: path, place: .row($0), label: labels[$0], person: $0 < speakers.count ? speakers[$0] : -1)
    }, width: units, height: 1, hasPolarity: false)
}
