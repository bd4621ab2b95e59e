// JPEG pictures by TurboJPEG, the simple face of libjpeg-turbo.

import Faults
import Glibc

public struct JPEGLibrary: Sendable {
  private typealias Handle = UnsafeMutableRawPointer
  private typealias Numbers = UnsafeMutablePointer<Int32>
  private let make: @convention(c) () -> Handle?
  private let header: @convention(c) (Handle, UnsafePointer<UInt8>, UInt, Numbers, Numbers, Numbers, Numbers) -> Int32
  private let decompress: @convention(c) (Handle, UnsafePointer<UInt8>, UInt, UnsafeMutablePointer<UInt8>, Int32, Int32, Int32, Int32, Int32) -> Int32
  private let errorText: @convention(c) (Handle?) -> UnsafePointer<CChar>?
  private let destroy: @convention(c) (Handle) -> Int32

  /// Throws `.file`, with the package to install, where the library is missing.
  public init() throws(Fault) {
    let library = try SharedLibrary("libturbojpeg.so.0", package: "libturbojpeg0", purpose: "a JPEG picture")
    make = try library.function("tjInitDecompress", as: (@convention(c) () -> Handle?).self)
    header = try library.function("tjDecompressHeader3", as: (@convention(c) (Handle, UnsafePointer<UInt8>, UInt, Numbers, Numbers, Numbers, Numbers) -> Int32).self)
    decompress = try library.function(
      "tjDecompress2", as: (@convention(c) (Handle, UnsafePointer<UInt8>, UInt, UnsafeMutablePointer<UInt8>, Int32, Int32, Int32, Int32, Int32) -> Int32).self)
    errorText = try library.function("tjGetErrorStr2", as: (@convention(c) (Handle?) -> UnsafePointer<CChar>?).self)
    destroy = try library.function("tjDestroy", as: (@convention(c) (Handle) -> Int32).self)
  }

  /// A picture in grey or in colours, as the file has it.
  ///
  /// Throws `.file` for what is damaged or truncated: what is there of it is not taken for the whole.
  public func read(_ bytes: [UInt8], name: String) throws(Fault) -> DecodedPicture {
    guard let handle = make() else { throw Fault(.limit, "\(name) cannot be read", label: "there is no memory for it") }
    defer { _ = destroy(handle) }
    func failed() -> Fault {
      let text = errorText(handle).map { String(cString: $0) } ?? "TurboJPEG gives no reason"
      return Fault(.file, "\(name) is a damaged or truncated JPEG", label: text, help: "fetch or copy the file again")
    }
    return try bytes.withUnsafeBufferPointer { (source) throws(Fault) in
      var (width, height, sampling, space): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
      guard let base = source.baseAddress, header(handle, base, UInt(source.count), &width, &height, &sampling, &space) == 0 else { throw failed() }
      // The colour space 2 is grey; the pixel formats are 6 for grey and 0 for red, green, blue.
      let channels = space == 2 ? 1 : 3
      var pixels = [UInt8](repeating: 0, count: try pictureBytes(Int(width), Int(height), channels, name: name))
      let code = pixels.withUnsafeMutableBufferPointer { target in
        target.baseAddress.map { decompress(handle, base, UInt(source.count), $0, width, 0, height, channels == 1 ? 6 : 0, 0) } ?? -1
      }
      if code != 0 { throw failed() }
      return DecodedPicture(width: Int(width), height: Int(height), channels: channels, pixels: pixels)
    }
  }
}
