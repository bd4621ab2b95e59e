// PNG pictures by libpng's simplified reading, which takes a file in memory and gives eight bits a channel.

import Faults
import Glibc

/// Pixels of a picture, those of all channels of a place side by side, row by row from the top.
public struct DecodedPicture: Equatable, Sendable {
  public var width: Int
  public var height: Int
  /// 1: grey, 3: red, green and blue.
  public var channels: Int
  public var pixels: [UInt8]

  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    (self.width, self.height, self.channels, self.pixels) = (width, height, channels, pixels)
  }
}

/// Checks a picture's size before memory is taken: more than these pixels are a mistake or an attack.
func pictureBytes(_ width: Int, _ height: Int, _ channels: Int, name: String) throws(Fault) -> Int {
  let (area, overflow) = width.multipliedReportingOverflow(by: height)
  guard width > 0, height > 0, !overflow, area <= 1 << 28 else {
    throw Fault(.file, "\(name) cannot be read as a picture", label: "it says \(width) x \(height) pixels; at most \(1 << 28) are read")
  }
  return area * channels
}

public struct PNGLibrary: Sendable {
  private typealias Pointer = UnsafeMutableRawPointer
  private let begin: @convention(c) (Pointer, UnsafeRawPointer, Int) -> Int32
  private let finish: @convention(c) (Pointer, UnsafeRawPointer?, Pointer, Int32, Pointer?) -> Int32
  private let free: @convention(c) (Pointer) -> Void

  /// Throws `.file`, with the package to install, where the library is missing.
  public init() throws(Fault) {
    let library = try SharedLibrary("libpng16.so.16", package: "libpng16-16", purpose: "a PNG picture")
    begin = try library.function("png_image_begin_read_from_memory", as: (@convention(c) (Pointer, UnsafeRawPointer, Int) -> Int32).self)
    finish = try library.function("png_image_finish_read", as: (@convention(c) (Pointer, UnsafeRawPointer?, Pointer, Int32, Pointer?) -> Int32).self)
    free = try library.function("png_image_free", as: (@convention(c) (Pointer) -> Void).self)
  }

  /// A picture in grey or in colours, as the file has it; what is transparent is laid on black.
  public func read(_ bytes: [UInt8], name: String) throws(Fault) -> DecodedPicture {
    // `png_image`: a pointer, then version, width, height, format, flags, entries, warning or error, and 64 letters.
    let image = Pointer.allocate(byteCount: 104, alignment: 8)
    image.initializeMemory(as: UInt8.self, repeating: 0, count: 104)
    image.storeBytes(of: 1, toByteOffset: 8, as: UInt32.self)
    defer {
      free(image)
      image.deallocate()
    }
    func failed() -> Fault {
      let text = String(cString: (image + 36).assumingMemoryBound(to: CChar.self))
      return Fault(.file, "\(name) is a damaged PNG", label: text.isEmpty ? "libpng gives no reason" : text, help: "fetch or copy the file again")
    }
    return try bytes.withUnsafeBufferPointer { (source) throws(Fault) in
      guard let base = source.baseAddress, begin(image, base, source.count) != 0 else { throw failed() }
      let (width, height) = (Int(image.load(fromByteOffset: 12, as: UInt32.self)), Int(image.load(fromByteOffset: 16, as: UInt32.self)))
      // The second bit of the format stands for colour; colours by a map have it too.
      let isColour = image.load(fromByteOffset: 20, as: UInt32.self) & 2 != 0
      let channels = isColour ? 3 : 1
      let count = try pictureBytes(width, height, channels, name: name)
      // A byte of the file unpacks to at most 1032, and a bit of those is a pixel of up to three bytes.
      if count / (1032 * 24) > bytes.count {
        throw Fault(.file, "\(name) is a damaged PNG", label: "\(bytes.count) bytes cannot hold the \(width) x \(height) pixels that it says")
      }
      image.storeBytes(of: isColour ? 2 : 0, toByteOffset: 20, as: UInt32.self)
      // Sixteen bits are taken as they are, not for linear light.
      image.storeBytes(of: 4, toByteOffset: 24, as: UInt32.self)
      var pixels = [UInt8](repeating: 0, count: count)
      let black: [UInt8] = [0, 0, 0]
      let isDone = pixels.withUnsafeMutableBytes { target in
        target.baseAddress.map { finish(image, black, $0, 0, nil) != 0 } ?? false
      }
      if !isDone { throw failed() }
      return DecodedPicture(width: width, height: height, channels: channels, pixels: pixels)
    }
  }
}
