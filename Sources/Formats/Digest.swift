// Checksums, and bytes as text, by OpenSSL's libcrypto.

import Faults
import Glibc
import Libraries

/// SHA-256 and base64.
public struct Digest: Sendable {
  private typealias SHA256 = @convention(c) (UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UInt8>?) -> UnsafeMutablePointer<UInt8>?
  private typealias Coder = @convention(c) (UnsafeMutablePointer<UInt8>?, UnsafePointer<UInt8>?, Int32) -> Int32

  private let sha256: SHA256
  private let encode: Coder
  private let decode: Coder

  /// Throws `.file`, which names the purpose, where the library is not installed.
  public init(purpose: String = "a page with checksums") throws(Fault) {
    let library = try SharedLibrary("libcrypto.so.3", package: "libssl3", purpose: purpose)
    sha256 = try library.function("SHA256", as: SHA256.self)
    encode = try library.function("EVP_EncodeBlock", as: Coder.self)
    decode = try library.function("EVP_DecodeBlock", as: Coder.self)
  }

  /// 64 hexadecimal digits, as `sha256sum` prints them.
  public func sha256Text(_ bytes: [UInt8]) -> String {
    let digest = [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
      _ = sha256(bytes, bytes.count, buffer.baseAddress)
      count = 32
    }
    let digits = Array("0123456789abcdef")
    return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }

  /// Bytes as base64 (RFC 4648) in one line.
  public func base64(_ bytes: [UInt8]) -> String {
    var text = ""
    // Pieces of a multiple of three, because the library counts in 32 bits.
    var start = 0
    while start < bytes.count {
      let piece = Array(bytes[start..<min(start + 3 << 20, bytes.count)])
      let encoded = [UInt8](unsafeUninitializedCapacity: (piece.count + 2) / 3 * 4 + 1) { buffer, count in
        count = Int(encode(buffer.baseAddress, piece, Int32(piece.count)))
      }
      text += String(decoding: encoded, as: UTF8.self)
      start += piece.count
    }
    return text
  }

  /// The bytes that base64 stands for; nil where the text is none.
  public func bytes(ofBase64 text: some StringProtocol) -> [UInt8]? {
    let encoded = Array(text.utf8)
    guard encoded.count % 4 == 0, encoded.count < 1 << 30 else { return nil }
    if encoded.isEmpty { return [] }
    var length: Int32 = 0
    var decoded = [UInt8](unsafeUninitializedCapacity: encoded.count / 4 * 3) { buffer, count in
      length = decode(buffer.baseAddress, encoded, Int32(encoded.count))
      count = max(0, Int(length))
    }
    let padding = encoded.suffix(2).count { $0 == UInt8(ascii: "=") }
    guard length >= 0, decoded.count >= padding else { return nil }
    decoded.removeLast(padding)
    return decoded
  }
}
