// Labelled images as every data set here delivers them, whatever file they came from.

import Faults

/// Labelled samples of one shape, with pixels as bytes: a quarter of the memory of float32.
public struct ImageSet: Equatable, Sendable {
  /// What the data are called, as a table or a message names them.
  public var name: String
  /// The shape of one sample, such as `[28, 28]`.
  public var sampleShape: [Int]
  /// All samples one after the other.
  public var pixels: [UInt8]
  /// The pixel value that stands for 1.0.
  public var white: UInt8
  /// One class number a sample.
  public var labels: [Int]
  /// One name a class.
  public var classNames: [String]

  public init(
    name: String, sampleShape: [Int], pixels: [UInt8], white: UInt8, labels: [Int], classNames: [String]
  ) {
    self.name = name
    self.sampleShape = sampleShape
    self.pixels = pixels
    self.white = white
    self.labels = labels
    self.classNames = classNames
  }

  public var count: Int { labels.count }

  /// Numbers in one sample.
  public var sampleSize: Int { checkedProduct(sampleShape) ?? 0 }

  /// All pixels between 0 and 1, in the order of `pixels`: shape `[count, ...sampleShape]`.
  public var floats: [Float] {
    let scale = Float(max(white, 1))
    return pixels.map { Float($0) / scale }
  }

  /// The sample at `index` between 0 and 1, or nil outside the set.
  public func sample(_ index: Int) -> [Float]? {
    let size = sampleSize
    guard labels.indices.contains(index), pixels.count / max(size, 1) > index || size == 0 else { return nil }
    let scale = Float(max(white, 1))
    return pixels[(index * size)..<((index + 1) * size)].map { Float($0) / scale }
  }
}

/// Reads a pair of IDX files: images (unsigned bytes, one sample a row of the first dimension) and labels.
///
/// Throws `.file` when either is malformed, their counts differ, or a label is negative, not whole, or has no name.
public func readIDXImages(
  images imagesPath: String, labels labelsPath: String, name: String? = nil, classNames: [String] = []
) throws(Fault) -> ImageSet {
  let images = try readIDX(imagesPath)
  guard case .uint8(let pixels) = images.values, let count = images.shape.first else {
    throw Fault(
      .file, "\(shownPath(imagesPath)) holds no images",
      label: "images are unsigned bytes in at least one dimension, this has \(described(images))")
  }
  let labels = try readIDX(labelsPath)
  guard labels.shape.count == 1, let classes = labels.values.integers else {
    throw Fault(
      .file, "\(shownPath(labelsPath)) holds no labels",
      label: "labels are whole numbers in one dimension, this has \(described(labels))",
      help: labels.shape.count > 1 ? "the images come first, then the labels" : nil)
  }
  if classes.count != count {
    throw Fault(
      .file, "images and labels do not belong together",
      label: "\(shownPath(imagesPath)) has \(count) images, \(shownPath(labelsPath)) has \(classes.count) labels")
  }
  let names = try namesOfClasses(classes, given: classNames, path: labelsPath)
  return ImageSet(
    name: name ?? splitPath(imagesPath).name, sampleShape: Array(images.shape.dropFirst()), pixels: pixels,
    white: 255, labels: classes, classNames: names)
}

/// The names of all classes, checked against the labels; numbers where no names are given.
private func namesOfClasses(_ labels: [Int], given: [String], path: String) throws(Fault) -> [String] {
  if let negative = labels.first(where: { $0 < 0 }) {
    throw Fault(.file, "\(shownPath(path)) holds a negative label", label: "\(negative); classes count from 0")
  }
  let highest = labels.max() ?? -1
  if given.isEmpty {
    if highest >= 1 << 20 {
      throw Fault(.file, "\(shownPath(path)) holds no class labels", label: "one label is \(highest)")
    }
    return (0...max(highest, 0)).map(String.init)
  }
  if highest >= given.count {
    throw Fault(
      .file, "\(shownPath(path)) holds a label out of range", label: "\(highest), but there \(given.count == 1 ? "is" : "are") \(counted(given.count, "class", "classes"))")
  }
  return given
}

/// The shape of an array, for a message: `numbers of shape [3, 4]`.
private func described(_ array: NumericArray) -> String {
  array.shape.isEmpty ? "one number" : "numbers of shape \(array.shape)"
}
