// N-MNIST and N-Caltech101: a folder for each class, a file for each recording.
// G. Orchard, A. Jayawant, G. Cohen, N. Thakor, "Converting Static Image Datasets to Spiking Neuromorphic Datasets Using
// Saccades", Frontiers in Neuroscience 9:437 (2015).

import Faults

/// N-MNIST: the folders `Train` and `Test` with one folder for each digit, 34 x 34 pixels, the split of MNIST.
public func nmnistSets(_ path: String) throws(Fault) -> [EventSetPart] {
  let help = "Train.zip and Test.zip are at garrickorchard.com/datasets/n-mnist (CC BY-SA 4.0): unpack both into one folder and give that"
  var parts: [EventSetPart] = []
  for (folder, name) in [("Train", "train"), ("Test", "test")] {
    let place = "\(path)/\(folder)"
    guard try isFolder(place) else { throw missingSet("N-MNIST", "there is no folder \(shownPath(place))", help: help) }
    var samples: [EventSet.Sample] = []
    for digit in 0..<10 {
      guard try isFolder("\(place)/\(digit)") else {
        throw missingSet("N-MNIST", "there is no folder \(shownPath("\(place)/\(digit)"))", help: help)
      }
      samples += try recordings(in: "\(place)/\(digit)", label: digit)
    }
    if samples.isEmpty { throw missingSet("N-MNIST", "there is no .bin file in the folders of \(shownPath(place))", help: help) }
    parts.append(
      EventSetPart(
        name: name,
        set: EventSet(
          name: "N-MNIST \(name)", source: "Orchard et al., N-MNIST (CC BY-SA 4.0)", classNames: (0..<10).map(String.init), samples: samples,
          width: 34, height: 34)))
  }
  return parts
}

/// N-Caltech101: one folder for each class, whose names are the classes in alphabetical order. It has no official split.
public func ncaltech101Set(_ path: String) throws(Fault) -> EventSet {
  let help = "Caltech101.zip of N-Caltech101 is at garrickorchard.com/datasets/n-caltech101: give the folder that holds one folder for each class"
  let inside = "\(path)/Caltech101"
  let place = try isFolder(inside) ? inside : path
  guard try isFolder(place) else { throw missingSet("N-Caltech101", "there is no folder \(shownPath(path))", help: help) }
  var names: [String] = []
  for name in try listFolder(place) where try isFolder("\(place)/\(name)") { names.append(name) }
  var (samples, classes) = ([EventSet.Sample](), [String]())
  for name in names {
    let found = try recordings(in: "\(place)/\(name)", label: classes.count)
    if found.isEmpty { continue }
    samples += found
    classes.append(name)
  }
  if samples.isEmpty { throw missingSet("N-Caltech101", "no folder in \(shownPath(place)) holds a .bin file", help: help) }
  return EventSet(
    name: "N-Caltech101", source: "Orchard et al., N-Caltech101", classNames: classes, samples: samples, width: 240, height: 180)
}

private func recordings(in folder: String, label: Int) throws(Fault) -> [EventSet.Sample] {
  try listFolder(folder).filter { $0.hasSuffix(".bin") }.map { EventSet.Sample(path: "\(folder)/\($0)", label: label) }
}
