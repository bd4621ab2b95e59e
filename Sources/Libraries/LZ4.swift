// LZ4 in frames, as AEDAT 4 packs its packets.

import Faults

/// Packs and unpacks frames of LZ4, whose own bytes need not say how much they hold.
public struct LZ4: Sendable {
  private let create: @convention(c) (UnsafeMutablePointer<OpaquePointer?>?, UInt32) -> Int
  private let free: @convention(c) (OpaquePointer?) -> Int
  private let decompress: @convention(c) (
    OpaquePointer?, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?, UnsafeRawPointer?, UnsafeMutablePointer<Int>?, UnsafeRawPointer?
  ) -> Int
  private let isError: @convention(c) (Int) -> UInt32
  private let errorName: @convention(c) (Int) -> UnsafePointer<CChar>?
  private let bound: @convention(c) (Int, UnsafeRawPointer?) -> Int
  private let compress: @convention(c) (UnsafeMutableRawPointer?, Int, UnsafeRawPointer?, Int, UnsafeRawPointer?) -> Int
  /// LZ4F_VERSION of all releases since 1.7.
  private static let version: UInt32 = 100
  /// One byte of a block stands for at most 255 of what is packed.
  private static let greatestRatio = 255

  /// Throws `.file`, with the package to install, where the library is missing.
  public init() throws(Fault) {
    let library = try SharedLibrary("liblz4.so.1", package: "liblz4-1", purpose: "LZ4")
    func function<Signature>(_ name: String) throws(Fault) -> Signature { try library.function(name, as: Signature.self) }
    create = try function("LZ4F_createDecompressionContext")
    free = try function("LZ4F_freeDecompressionContext")
    decompress = try function("LZ4F_decompress")
    isError = try function("LZ4F_isError")
    errorName = try function("LZ4F_getErrorName")
    bound = try function("LZ4F_compressFrameBound")
    compress = try function("LZ4F_compressFrame")
  }

  /// What a frame holds, up to `limit` bytes.
  ///
  /// - Parameter room: memory that is used again from call to call
  /// - Returns: the number of bytes, at the start of `room`
  /// - Throws: `.value`, with the reason, for what is no frame, is cut off, or holds more.
  public func unpack(_ packed: UnsafeRawBufferPointer, into room: inout [UInt8], limit: Int) throws(Fault) -> Int {
    var context: OpaquePointer?
    if isError(create(&context, Self.version)) != 0 { throw Fault(.limit, "no memory for LZ4") }
    defer { _ = free(context) }
    let most = min(limit, packed.count.multipliedReportingOverflow(by: Self.greatestRatio).partialValue)
    if room.isEmpty { room = [UInt8](repeating: 0, count: max(1 << 16, min(most, packed.count * 4))) }
    var (taken, given) = (0, 0)
    while true {
      if given == room.count {
        if room.count >= most { throw Fault(.value, "it holds more than \(most) bytes") }
        room += [UInt8](repeating: 0, count: min(room.count, most - room.count))
      }
      var (input, output) = (packed.count - taken, room.count - given)
      let left = room.withUnsafeMutableBytes { target in
        decompress(context, target.baseAddress.map { $0 + given }, &output, packed.baseAddress.map { $0 + taken }, &input, nil)
      }
      if isError(left) != 0 { throw Fault(.value, errorName(left).map { String(cString: $0) } ?? "it is no frame of LZ4") }
      taken += input
      given += output
      if left == 0 { return given }
      if input == 0, output == 0 { throw Fault(.value, "it is cut off") }
    }
  }

  /// A frame that holds some bytes.
  public func pack(_ bytes: [UInt8]) throws(Fault) -> [UInt8] {
    let most = bound(bytes.count, nil)
    if isError(most) != 0 { throw Fault(.limit, "too much for a frame of LZ4", label: "\(bytes.count) bytes") }
    var packed = [UInt8](repeating: 0, count: most)
    let count = compress(&packed, most, bytes, bytes.count, nil)
    if isError(count) != 0 { throw Fault(.limit, "LZ4 cannot pack \(bytes.count) bytes") }
    packed.removeLast(most - count)
    return packed
  }
}
