// The data sets that are known by name: the digits inside the program, and folders with the MNIST file names.

import CEmbedded
import Faults
import Glibc

/// A training part and a test part, as published.
public struct ImageSplit: Equatable, Sendable {
  public var train: ImageSet
  public var test: ImageSet
}

/// 1,797 handwritten digits of 8x8 pixels with values 0 to 16, embedded in the program.
///
/// "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak, UCI Machine Learning Repository,
/// CC BY 4.0, in scikit-learn's order.
public func embeddedDigits() -> ImageSet {
  let record = 65
  let bytes = UnsafeBufferPointer(start: embedded_digits(), count: embedded_digits_size())
  FilesRead.current?.note("digits (a part of the program)", Array(bytes))
  let starts = stride(from: 0, to: bytes.count - record + 1, by: record)
  var pixels: [UInt8] = []
  pixels.reserveCapacity(bytes.count)
  for start in starts { pixels.append(contentsOf: bytes[(start + 1)..<(start + record)]) }
  return ImageSet(
    name: "digits", sampleShape: [8, 8], pixels: pixels, white: 16,
    labels: starts.map { Int(bytes[$0]) }, classNames: (0..<10).map(String.init))
}

/// Where Debian's package puts Fashion-MNIST.
public let fashionMNISTFolder = "/usr/share/datasets/fashion-mnist"

/// The ten classes of Fashion-MNIST (H. Xiao, K. Rasul and R. Vollgraf, 2017), in the order of their labels.
public let fashionMNISTClasses = [
  "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
]

/// Fashion-MNIST from a folder: 60,000 training and 10,000 test images of 28x28 pixels.
///
/// Throws `.file`, saying what to install, when the folder is not there.
public func readFashionMNIST(folder: String = fashionMNISTFolder) throws(Fault) -> ImageSplit {
  let help =
    "on Debian and Ubuntu, `apt install dataset-fashion-mnist` puts it into \(fashionMNISTFolder); "
    + "elsewhere give the folder that holds train-images-idx3-ubyte.gz"
  return try readMNISTFolder(folder, name: "Fashion-MNIST", classNames: fashionMNISTClasses, help: help)
}

/// A folder with the four MNIST file names, each plain or with `.gz`.
///
/// Throws `.file` with `help` when a file is missing, or as `readIDXImages` does.
public func readMNISTFolder(
  _ folder: String, name: String, classNames: [String] = [], help: String? = nil
) throws(Fault) -> ImageSplit {
  func part(_ prefix: String) throws(Fault) -> ImageSet {
    try readIDXImages(
      images: try memberFile(folder, "\(prefix)-images", "idx3-ubyte", dataset: name, help: help),
      labels: try memberFile(folder, "\(prefix)-labels", "idx1-ubyte", dataset: name, help: help),
      name: "\(name) \(prefix == "train" ? "train" : "test")", classNames: classNames)
  }
  return ImageSplit(train: try part("train"), test: try part("t10k"))
}

/// The path of one file of a data set, under any of the names by which it is passed around.
private func memberFile(
  _ folder: String, _ stem: String, _ suffix: String, dataset: String, help: String?
) throws(Fault) -> String {
  let names = ["\(stem)-\(suffix).gz", "\(stem)-\(suffix)", "\(stem).\(suffix)", "\(stem).\(suffix).gz"]
  for name in names where !folder.utf8.contains(0) && access("\(folder)/\(name)", F_OK) == 0 {
    return "\(folder)/\(name)"
  }
  let found = access(folder, F_OK) == 0 ? "\(names[0]) is not in" : "there is no folder"
  throw Fault(.file, "cannot find \(dataset)", label: "\(found) \(shownPath(folder))", help: help)
}
