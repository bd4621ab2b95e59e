// CIFAR-10 and CIFAR-100 in their binary form. A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.

import Faults

/// The ten classes of CIFAR-10, in the order of their labels.
public let cifar10Classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]

/// CIFAR-10 from a folder with its six binary batches: 50,000 images for training, 10,000 for the test, `[3, 32, 32]`.
///
/// Throws `.file`, saying what is missing and how it is had, or which record of which batch is wrong.
public func readCIFAR10(_ folder: String) throws(Fault) -> ImageSplit {
  let help = "unpack cifar-10-binary.tar.gz (the binary version, not that for Python) and give the folder that holds data_batch_1.bin"
  let names = try classNames(folder, "batches.meta.txt", count: 10) ?? cifar10Classes
  func part(_ files: [String], _ name: String) throws(Fault) -> ImageSet {
    try batches(folder, files, labelBytes: 1, label: 0, classNames: names, name: "CIFAR-10 \(name)", help: help)
  }
  return ImageSplit(train: try part((1...5).map { "data_batch_\($0).bin" }, "train"), test: try part(["test_batch.bin"], "test"))
}

/// CIFAR-100 from a folder with `train.bin` and `test.bin`: 50,000 and 10,000 images, `[3, 32, 32]`.
///
/// - Parameter isCoarse: whether the 20 groups of classes are taken, and not the 100 classes
public func readCIFAR100(_ folder: String, isCoarse: Bool) throws(Fault) -> ImageSplit {
  let help = "unpack cifar-100-binary.tar.gz (the binary version, not that for Python) and give the folder that holds train.bin"
  let count = isCoarse ? 20 : 100
  let names = try classNames(folder, isCoarse ? "coarse_label_names.txt" : "fine_label_names.txt", count: count) ?? (0..<count).map(String.init)
  func part(_ file: String, _ name: String) throws(Fault) -> ImageSet {
    try batches(folder, [file], labelBytes: 2, label: isCoarse ? 0 : 1, classNames: names, name: "CIFAR-100 \(name)", help: help)
  }
  return ImageSplit(train: try part("train.bin", "train"), test: try part("test.bin", "test"))
}

/// The names in a file, one a line; nil where there is no such file.
private func classNames(_ folder: String, _ file: String, count: Int) throws(Fault) -> [String]? {
  let path = "\(folder)/\(file)"
  if try !fileExists(path) { return nil }
  let names = try readText(path).split(whereSeparator: \.isNewline).map(String.init).filter { $0.contains { $0 != " " } }
  if names.count != count { throw Fault(.file, "\(shownPath(path)) is malformed", label: "it names \(counted(names.count, "class", "classes")), \(count) are expected") }
  return names
}

/// Images of batches: records of one or two labels and 1,024 red, 1,024 green and 1,024 blue pixels, rows first.
private func batches(
  _ folder: String, _ files: [String], labelBytes: Int, label: Int, classNames: [String], name: String, help: String
) throws(Fault) -> ImageSet {
  let record = labelBytes + 3072
  var pixels: [UInt8] = []
  var labels: [Int] = []
  for file in files {
    let path = "\(folder)/\(file)"
    if try !fileExists(path) {
      let found = try isFolder(folder) ? "\(file) is not in \(shownPath(folder))" : "there is no folder \(shownPath(folder))"
      throw Fault(.file, "cannot find \(name.split(separator: " ")[0])", label: found, help: help)
    }
    let bytes = try readBytes(path, limit: 1 << 30)
    if bytes.isEmpty || bytes.count % record != 0 {
      throw Fault(
        .file, "\(shownPath(path)) is truncated or of another set", label: "\(bytes.count) bytes are no multiple of \(record), one image and its label",
        help: "the file as published has \(file == "train.bin" ? 50_000 * record : 10_000 * record) bytes; \(help)")
    }
    for start in stride(from: 0, to: bytes.count, by: record) {
      if start / record & 0x3FF == 0 { try Interrupt.check() }
      let number = Int(bytes[start + label])
      if number >= classNames.count {
        throw Fault(.file, "\(shownPath(path)) holds no class", label: "byte \(start + label), a label, is \(number); 0 to \(classNames.count - 1) are expected")
      }
      labels.append(number)
      pixels.append(contentsOf: bytes[(start + labelBytes)..<(start + record)])
    }
  }
  return ImageSet(name: name, sampleShape: [3, 32, 32], pixels: pixels, white: 255, labels: labels, classNames: classNames)
}
