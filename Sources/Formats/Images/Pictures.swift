// Pictures in files, and folders of them with a folder for each class.

import Faults
import Libraries

/// Reads a PNG or a JPEG, told apart by their first bytes and not by their names.
///
/// Throws `.file` where it is neither, or is damaged.
public func readPicture(_ path: String) throws(Fault) -> DecodedPicture {
  try decodePicture(try readBytes(path, limit: 1 << 30), name: shownPath(path))
}

func decodePicture(_ bytes: [UInt8], name: String) throws(Fault) -> DecodedPicture {
  if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47]) { return try Loaded.png.get().read(bytes, name: name) }
  if bytes.starts(with: [0xff, 0xd8, 0xff]) { return try Loaded.jpeg.get().read(bytes, name: name) }
  throw Fault(
    .file, "\(name) is not a picture that can be read", label: bytes.isEmpty ? "it is empty" : "it begins with \(bytes.prefix(4).map(hexadecimal).joined(separator: " "))",
    help: "PNG begins with 89 50 4e 47, JPEG with ff d8 ff")
}

private enum Loaded {
  static let png = Result<PNGLibrary, Fault> { () throws(Fault) in try PNGLibrary() }
  static let jpeg = Result<JPEGLibrary, Fault> { () throws(Fault) in try JPEGLibrary() }
}

extension DecodedPicture {
  /// Grey by the weights of Rec. 601, as Pillow's `convert("L")` has them.
  public var grey: DecodedPicture {
    if channels == 1 { return self }
    var out = [UInt8](repeating: 0, count: width * height)
    for place in out.indices {
      let (r, g, b) = (Int(pixels[3 * place]), Int(pixels[3 * place + 1]), Int(pixels[3 * place + 2]))
      out[place] = UInt8((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16)
    }
    return DecodedPicture(width: width, height: height, channels: 1, pixels: out)
  }

  /// Grey as three equal colours.
  public var coloured: DecodedPicture {
    if channels == 3 { return self }
    return DecodedPicture(width: width, height: height, channels: 3, pixels: pixels.flatMap { [$0, $0, $0] })
  }

  /// The pixels from 0 to 1 as planes, `[channels, height, width]`.
  public var planes: [Float] {
    let area = width * height
    var out = [Float](repeating: 0, count: pixels.count)
    for place in 0..<area { for channel in 0..<channels { out[channel * area + place] = Float(pixels[place * channels + channel]) / 255 } }
    return out
  }
}

/// The pictures in the folders of a folder, in the order of their names, with the number of their class: the folders' names,
/// sorted. Names that begin with `.` or `_` are left out.
///
/// Throws `.file` where there is none.
public func listPictures(_ folder: String) throws(Fault) -> (files: [(path: String, label: Int)], names: [String]) {
  var files: [(path: String, label: Int)] = []
  var names: [String] = []
  for name in try listFolder(folder).sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) where !name.hasPrefix(".") && !name.hasPrefix("_") {
    let inside = "\(folder)/\(name)"
    if try !isFolder(inside) { continue }
    let pictures = try listFolder(inside).filter { file in
      [".png", ".jpg", ".jpeg"].contains { file.lowercased().hasSuffix($0) } && !file.hasPrefix(".")
    }
    if pictures.isEmpty { continue }
    files += pictures.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { ("\(inside)/\($0)", names.count) }
    names.append(name)
  }
  if files.isEmpty {
    throw Fault(.file, "\(shownPath(folder)) holds no pictures", label: "no folder in it has files .png, .jpg or .jpeg", help: "a folder for each class is expected: CLASS/any.png")
  }
  return (files, names)
}
