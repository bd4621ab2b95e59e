// Sound files as tensors, channel by channel: what is stored plainly goes from the file's bytes straight to its place.

import Faults
import Tensors

extension SoundRecording {
  /// The samples as `[samples]` for one channel, `[channels, samples]` for more.
  public func planes() throws(Fault) -> Tensor {
    try samples.withUnsafeBufferPointer { (samples) throws(Fault) in
      try planesOf(UnsafeRawBufferPointer(samples), channels: channels, frames: frames) { $0.loadUnaligned(fromByteOffset: 4 * $1, as: Float.self) }
    }
  }
}

/// The samples of a sound file as `readSound` reads it, `[samples]` for one channel and `[channels, samples]` for more, and
/// how many there are a second.
///
/// - Throws: as `readSound` does.
public func readSoundPlanes(_ path: String, partial: Bool = false) throws(Fault) -> (samples: Tensor, rate: Int) {
  let bytes = try readBytes(path)
  let name = shownPath(path)
  if isWAV(bytes) {
    let layout = try wavLayout(bytes, name: name)
    if let kind = try plainKind(layout, name: name) {
      try checkWAVData(bytes, layout, name: name, partial: partial)
      let frames = layout.data.count / layout.blockAlign
      let samples = try bytes.withRaw { (all) throws(Fault) in
        let raw = UnsafeRawBufferPointer(rebasing: all[layout.data])
        return try planes(raw, kind, channels: layout.channels, frames: frames)
      }
      return (samples, layout.rate)
    }
  }
  let recording = try decodeSound(bytes, name: name, partial: partial)
  return (try recording.planes(), recording.rate)
}

private func planes(_ raw: UnsafeRawBufferPointer, _ kind: SoundKind, channels: Int, frames: Int) throws(Fault) -> Tensor {
  @inline(__always)
  func made(_ sample: (UnsafeRawPointer, Int) -> Float) throws(Fault) -> Tensor {
    try planesOf(raw, channels: channels, frames: frames, sample)
  }
  switch kind {
  case .pcm8: return try made { (Float($0.load(fromByteOffset: $1, as: UInt8.self)) - 128) / 128 }
  case .pcm16: return try made { Float(Int16(littleEndian: $0.loadUnaligned(fromByteOffset: 2 * $1, as: Int16.self))) * 0x1p-15 }
  case .pcm24:
    return try made {
      let low = UInt32(UInt16(littleEndian: $0.loadUnaligned(fromByteOffset: 3 * $1, as: UInt16.self)))
      let high = UInt32($0.load(fromByteOffset: 3 * $1 + 2, as: UInt8.self))
      return Float(Int32(bitPattern: high << 24 | low << 8) >> 8) * 0x1p-23
    }
  case .pcm32: return try made { Float(Int32(littleEndian: $0.loadUnaligned(fromByteOffset: 4 * $1, as: Int32.self))) * 0x1p-31 }
  case .float: return try made { Float(bitPattern: UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 4 * $1, as: UInt32.self))) }
  default: return try made { Float(Double(bitPattern: UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 8 * $1, as: UInt64.self)))) }
  }
}

/// Samples of all channels side by side, as planes.
///
/// - Parameter sample: the sample of a number, from the start of the bytes, which hold `channels * frames` of them
@inline(__always)
private func planesOf(
  _ raw: UnsafeRawBufferPointer, channels: Int, frames: Int, _ sample: (UnsafeRawPointer, Int) -> Float
) throws(Fault) -> Tensor {
  try Tensor(shape: channels == 1 ? [frames] : [channels, frames]) { (out) throws(Fault) in
    guard let from = raw.baseAddress, let to = out.baseAddress else { return }
    // Blocks that the nearest cache holds, so that each channel finds the bytes there.
    try Interrupt.parts(frames, of: 4096) { part in
      if channels == 1 {
        for frame in part { to[frame] = sample(from, frame) }
      } else if channels == 2 {
        for frame in part {
          to[frame] = sample(from, 2 * frame)
          to[frames + frame] = sample(from, 2 * frame + 1)
        }
      } else {
        for channel in 0..<channels {
          for frame in part { to[channel * frames + frame] = sample(from, frame * channels + channel) }
        }
      }
    }
  }
}
