// Zstandard, as AEDAT 4 packs its packets where it is told to.

import Faults

/// Unpacks frames of Zstandard, whose own bytes need not say how much they hold.
public struct Zstandard: Sendable {
  private let create: @convention(c) () -> OpaquePointer?
  private let free: @convention(c) (OpaquePointer?) -> Int
  /// Takes two records of an address, a size and a position: what is given and what is taken.
  private let decompress: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Int
  private let isError: @convention(c) (Int) -> UInt32
  private let errorName: @convention(c) (Int) -> UnsafePointer<CChar>?

  /// Throws `.file`, with the package to install, where the library is missing.
  public init() throws(Fault) {
    let library = try SharedLibrary("libzstd.so.1", package: "libzstd1", purpose: "Zstandard")
    func function<Signature>(_ name: String) throws(Fault) -> Signature { try library.function(name, as: Signature.self) }
    create = try function("ZSTD_createDStream")
    free = try function("ZSTD_freeDStream")
    decompress = try function("ZSTD_decompressStream")
    isError = try function("ZSTD_isError")
    errorName = try function("ZSTD_getErrorName")
  }

  /// What a frame holds, up to `limit` bytes; as `LZ4.unpack`.
  public func unpack(_ packed: UnsafeRawBufferPointer, into room: inout [UInt8], limit: Int) throws(Fault) -> Int {
    guard let stream = create() else { throw Fault(.limit, "no memory for Zstandard") }
    defer { _ = free(stream) }
    if room.isEmpty { room = [UInt8](repeating: 0, count: max(1 << 16, min(limit, packed.count * 4))) }
    var (taken, given) = (0, 0)
    while true {
      if given == room.count {
        if room.count >= limit { throw Fault(.value, "it holds more than \(limit) bytes") }
        room += [UInt8](repeating: 0, count: min(room.count, limit - room.count))
      }
      let (before, had) = (taken, given)
      let left = room.withUnsafeMutableBytes { target in
        var output = (target.baseAddress, target.count, given)
        var input = (packed.baseAddress, packed.count, taken)
        defer { (given, taken) = (output.2, input.2) }
        return decompress(stream, &output, &input)
      }
      if isError(left) != 0 { throw Fault(.value, errorName(left).map { String(cString: $0) } ?? "it is no frame of Zstandard") }
      if left == 0 { return given }
      if taken == before, given == had { throw Fault(.value, "it is cut off") }
    }
  }
}
