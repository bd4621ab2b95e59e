// Pictures in files, and folders of them with a folder for each class.

import Faults
import Libraries
import Tensors

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
  public func planes() throws(Fault) -> Tensor {
    let shares = (0...255).map { Float($0) / 255 }
    let (area, channels) = (width * height, channels)
    return try Tensor(shape: [channels, height, width]) { (out) throws(Fault) in
      try pixels.withUnsafeBufferPointer { (pixels) throws(Fault) in
        try shares.withUnsafeBufferPointer { (shares) throws(Fault) in
          try Interrupt.parts(area, of: 4096) { part in
            for channel in 0..<channels {
              for place in part { out[channel * area + place] = shares[Int(pixels[place * channels + channel])] }
            }
          }
        }
      }
    }
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
