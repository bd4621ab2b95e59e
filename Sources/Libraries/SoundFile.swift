// Sound files by libsndfile: what is packed (ADPCM, GSM, FLAC, Ogg and others), which nobody wants to decode by hand. Files
// are read and written in memory, so that opening and replacing files stays with the one part that does it.

import Faults
import Glibc

/// What a sound file says of itself, in the terms of libsndfile's `SF_INFO`.
public struct SoundLayout: Sendable {
  /// Samples of each channel; the largest int where the file does not say.
  public var frames: Int
  /// Samples a second.
  public var rate: Int
  public var channels: Int
  /// The container in the upper half, how samples are stored in the lower, as `sndfile.h` counts them.
  public var format: Int32

  public init(frames: Int, rate: Int, channels: Int, format: Int32) {
    (self.frames, self.rate, self.channels, self.format) = (frames, rate, channels, format)
  }
}

/// libsndfile's reading and writing of whole files.
public struct SoundFile: Sendable {
  private typealias Pointer = UnsafeMutableRawPointer
  private let open: @convention(c) (Pointer, Int32, Pointer, Pointer) -> OpaquePointer?
  private let readFrames: @convention(c) (OpaquePointer, UnsafeMutablePointer<Float>, Int64) -> Int64
  private let writeFrames: @convention(c) (OpaquePointer, UnsafePointer<Float>, Int64) -> Int64
  private let errorText: @convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?
  private let errorNumber: @convention(c) (OpaquePointer?) -> Int32
  private let command: @convention(c) (OpaquePointer?, Int32, Pointer?, Int32) -> Int32
  private let close: @convention(c) (OpaquePointer) -> Int32
  private static let clipping: Int32 = 0x10C0

  /// Throws `.file`, with the package to install, where the library is missing.
  public init() throws(Fault) {
    let library = try SharedLibrary("libsndfile.so.1", package: "libsndfile1", purpose: "a sound file of this kind")
    open = try library.function("sf_open_virtual", as: (@convention(c) (Pointer, Int32, Pointer, Pointer) -> OpaquePointer?).self)
    readFrames = try library.function("sf_readf_float", as: (@convention(c) (OpaquePointer, UnsafeMutablePointer<Float>, Int64) -> Int64).self)
    writeFrames = try library.function("sf_writef_float", as: (@convention(c) (OpaquePointer, UnsafePointer<Float>, Int64) -> Int64).self)
    errorText = try library.function("sf_strerror", as: (@convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?).self)
    errorNumber = try library.function("sf_error", as: (@convention(c) (OpaquePointer?) -> Int32).self)
    command = try library.function("sf_command", as: (@convention(c) (OpaquePointer?, Int32, Pointer?, Int32) -> Int32).self)
    close = try library.function("sf_close", as: (@convention(c) (OpaquePointer) -> Int32).self)
  }

  /// The samples of a file, those of all channels of a moment side by side, and what the file says of itself; the numbers
  /// of integer kinds are divided by their range, so that they lie from -1 to below 1.
  ///
  /// - Parameters:
  ///   - bytes: the whole file
  ///   - name: the file, as messages name it
  ///   - check: asked with the bytes that the samples take before they are taken
  public func read(
    _ bytes: [UInt8], name: String, check: (Int) throws(Fault) -> Void
  ) throws(Fault) -> (samples: [Float], layout: SoundLayout) {
    let memory = FileInMemory(bytes)
    return try withInfo(memory, SoundLayout(frames: 0, rate: 0, channels: 0, format: 0)) { (calls, info, user) throws(Fault) in
      guard let handle = open(calls, 0x10, info, user) else {
        throw Fault(.file, "\(name) cannot be read as sound", label: reason(nil))
      }
      defer { _ = close(handle) }
      let layout = Self.layout(info)
      guard layout.channels > 0, layout.channels <= 1024, layout.rate > 0 else {
        throw Fault(.file, "\(name) cannot be read as sound", label: "it says \(layout.channels) channels at \(layout.rate) Hz")
      }
      let isKnown = layout.frames >= 0 && layout.frames < 1 << 48
      // A frame takes some bytes of the file, whatever packs it; what promises more lies, and is found as it is read.
      if isKnown { try check(layout.frames * layout.channels * 4) }
      var samples: [Float] = []
      samples.reserveCapacity(isKnown ? min(layout.frames * layout.channels, bytes.count * 16) : 0)
      let block = max(1, 1 << 18 / layout.channels)
      var part = [Float](repeating: 0, count: block * layout.channels)
      while true {
        try Interrupt.check()
        let got = part.withUnsafeMutableBufferPointer { buffer in
          buffer.baseAddress.map { Int(readFrames(handle, $0, Int64(block))) } ?? 0
        }
        if got <= 0 { break }
        if !isKnown { try check((samples.count + got * layout.channels) * 8) }
        samples.append(contentsOf: part[..<min(part.count, got * layout.channels)])
      }
      let read = samples.count / layout.channels
      if errorNumber(handle) != 0 || (isKnown && read < layout.frames) {
        throw Fault(
          .file, "\(name) is truncated or damaged",
          label: "\(read) of \(isKnown ? String(layout.frames) : "its") frames can be read: \(reason(handle))",
          help: "fetch or copy the file again")
      }
      return (samples, layout)
    }
  }

  /// The bytes of a file with these samples, those of all channels of a moment side by side; what is beyond -1 to 1 is
  /// clipped where the kind stores integers.
  public func write(_ samples: [Float], _ layout: SoundLayout, name: String) throws(Fault) -> [UInt8] {
    let memory = FileInMemory([])
    try withInfo(memory, layout) { (calls, info, user) throws(Fault) in
      guard let handle = open(calls, 0x20, info, user) else {
        throw Fault(.file, "\(name) cannot be written as this kind of sound", label: reason(nil))
      }
      _ = command(handle, Self.clipping, nil, 1)
      var done = 0
      var failure: String?
      let frames = samples.count / max(1, layout.channels)
      while done < frames {
        do throws(Fault) { try Interrupt.check() } catch {
          _ = close(handle)
          throw error
        }
        let count = min(1 << 16, frames - done)
        let written = samples.withUnsafeBufferPointer { buffer in
          buffer.baseAddress.map { writeFrames(handle, $0 + done * layout.channels, Int64(count)) } ?? 0
        }
        if written != count {
          failure = reason(handle)
          break
        }
        done += count
      }
      let closing = close(handle)
      if let failure { throw Fault(.file, "\(name) cannot be written", label: failure) }
      if closing != 0 { throw Fault(.file, "\(name) cannot be written", label: "libsndfile reports error \(closing)") }
    }
    return memory.bytes
  }

  private func reason(_ handle: OpaquePointer?) -> String {
    let text = errorText(handle).map { String(cString: $0) } ?? "libsndfile gives no reason"
    return text.hasPrefix("No Error") ? "the data end too soon" : text.hasSuffix(".") ? String(text.dropLast()).lowercasedStart : text.lowercasedStart
  }

  // MARK: the structures of sndfile.h

  /// `SF_INFO`: a 64-bit count of frames, then rate, channels, format, sections and whether it can be sought in, of 32 bits.
  private static func layout(_ info: Pointer) -> SoundLayout {
    SoundLayout(
      frames: Int(info.load(as: Int64.self)), rate: Int(info.load(fromByteOffset: 8, as: Int32.self)),
      channels: Int(info.load(fromByteOffset: 12, as: Int32.self)), format: info.load(fromByteOffset: 16, as: Int32.self))
  }

  private func withInfo<Result>(
    _ memory: FileInMemory, _ layout: SoundLayout, _ body: (Pointer, Pointer, Pointer) throws(Fault) -> Result
  ) throws(Fault) -> Result {
    let info = Pointer.allocate(byteCount: 32, alignment: 8)
    let calls = Pointer.allocate(byteCount: 5 * MemoryLayout<Pointer>.size, alignment: 8)
    defer {
      info.deallocate()
      calls.deallocate()
    }
    info.initializeMemory(as: UInt8.self, repeating: 0, count: 32)
    info.storeBytes(of: Int32(clamping: layout.rate), toByteOffset: 8, as: Int32.self)
    info.storeBytes(of: Int32(clamping: layout.channels), toByteOffset: 12, as: Int32.self)
    info.storeBytes(of: layout.format, toByteOffset: 16, as: Int32.self)
    for (place, function) in FileInMemory.calls.enumerated() {
      calls.storeBytes(of: function, toByteOffset: place * MemoryLayout<Pointer>.size, as: Pointer.self)
    }
    return try withExtendedLifetimeThrowing(memory) { () throws(Fault) in
      try body(calls, info, Unmanaged.passUnretained(memory).toOpaque())
    }
  }
}

private func withExtendedLifetimeThrowing<Object: AnyObject, Result>(
  _ object: Object, _ body: () throws(Fault) -> Result
) throws(Fault) -> Result {
  defer { withExtendedLifetime(object) {} }
  return try body()
}

/// A file that libsndfile takes for one on the disk (`SF_VIRTUAL_IO`).
private final class FileInMemory {
  var bytes: [UInt8]
  var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  static func of(_ user: UnsafeMutableRawPointer?) -> FileInMemory? {
    user.map { Unmanaged<FileInMemory>.fromOpaque($0).takeUnretainedValue() }
  }

  /// The functions for length, seeking, reading, writing and telling the place, in the order of the structure.
  static var calls: [UnsafeMutableRawPointer] {
    let length: @convention(c) (UnsafeMutableRawPointer?) -> Int64 = { Int64(FileInMemory.of($0)?.bytes.count ?? 0) }
    let seek: @convention(c) (Int64, Int32, UnsafeMutableRawPointer?) -> Int64 = { offset, whence, user in
      guard let file = FileInMemory.of(user) else { return -1 }
      let base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? file.place : file.bytes.count
      let (target, overflow) = base.addingReportingOverflow(Int(offset))
      if overflow || target < 0 { return -1 }
      file.place = target
      return Int64(target)
    }
    let read: @convention(c) (UnsafeMutableRawPointer?, Int64, UnsafeMutableRawPointer?) -> Int64 = { target, count, user in
      guard let file = FileInMemory.of(user), let target, count > 0, file.place < file.bytes.count else { return 0 }
      let got = min(Int(count), file.bytes.count - file.place)
      file.bytes.withUnsafeBytes { source in
        UnsafeMutableRawBufferPointer(start: target, count: got).copyMemory(from: UnsafeRawBufferPointer(rebasing: source[file.place..<file.place + got]))
      }
      file.place += got
      return Int64(got)
    }
    let write: @convention(c) (UnsafeRawPointer?, Int64, UnsafeMutableRawPointer?) -> Int64 = { source, count, user in
      guard let file = FileInMemory.of(user), let source, count > 0, file.place < 1 << 40 else { return 0 }
      let end = file.place + Int(count)
      if end > file.bytes.count { file.bytes.append(contentsOf: repeatElement(0, count: end - file.bytes.count)) }
      file.bytes.withUnsafeMutableBytes { UnsafeMutableRawBufferPointer(rebasing: $0[file.place..<end]).copyMemory(from: UnsafeRawBufferPointer(start: source, count: Int(count))) }
      file.place = end
      return count
    }
    let tell: @convention(c) (UnsafeMutableRawPointer?) -> Int64 = { Int64(FileInMemory.of($0)?.place ?? -1) }
    return [
      unsafeBitCast(length, to: UnsafeMutableRawPointer.self), unsafeBitCast(seek, to: UnsafeMutableRawPointer.self),
      unsafeBitCast(read, to: UnsafeMutableRawPointer.self), unsafeBitCast(write, to: UnsafeMutableRawPointer.self),
      unsafeBitCast(tell, to: UnsafeMutableRawPointer.self),
    ]
  }
}

extension String {
  fileprivate var lowercasedStart: String { prefix(1).lowercased() + dropFirst() }
}
