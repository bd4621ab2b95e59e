import Faults
import Glibc

/// Bytes of a text that is being put together; its memory is kept for the next one.
struct TextBytes: ~Copyable {
  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private(set) var count = 0

  init() {
    capacity = 256
    base = .allocate(capacity: capacity)
  }

  deinit { base.deallocate() }

  /// Forgets what there is, and memory beyond what texts usually need.
  mutating func clear() {
    count = 0
    if capacity <= 1 << 20 { return }
    base.deallocate()
    capacity = 256
    base = .allocate(capacity: capacity)
  }

  private mutating func reserve(_ more: Int) {
    if count + more <= capacity { return }
    capacity = max(count + more, capacity * 2)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    larger.update(from: base, count: count)
    base.deallocate()
    base = larger
  }

  mutating func append(_ text: String) {
    let size = text.utf8.count
    reserve(size)
    copyBytes(of: text, to: base + count)
    count += size
  }

  mutating func append(_ number: Int) {
    reserve(20)
    var rest = number.magnitude
    var digits = 1
    var bound: UInt = 10
    while rest >= bound, digits < 19 {
      digits += 1
      bound &*= 10
    }
    if digits == 19, rest >= 10_000_000_000_000_000_000 { digits = 20 }
    if number < 0 {
      base[count] = UInt8(ascii: "-")
      count += 1
    }
    count += digits
    var place = base + count
    repeat {
      place -= 1
      place.pointee = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
  }

  var text: String {
    String(unsafeUninitializedCapacity: count) { target in
      target.baseAddress?.update(from: base, count: count)
      return count
    }
  }
}

/// Copies a text's bytes to memory that has room for them.
@inline(__always)
private func copyBytes(of text: String, to target: UnsafeMutablePointer<UInt8>) {
  let isDone: Void? = text.utf8.withContiguousStorageIfAvailable { bytes in
    if let source = bytes.baseAddress { target.update(from: source, count: bytes.count) }
  }
  if isDone == nil { for (index, byte) in text.utf8.enumerated() { target[index] = byte } }
}

extension Machine {
  /// An interpolation: the texts of neighbouring registers in one.
  @inline(never)
  func concatenate(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    for index in Int(instruction.b)..<Int(instruction.b) + Int(instruction.c) {
      let value = registers[index]
      switch value.tag {
      case .string: value.read(StringObject.self) { textBytes.append($0.text) }
      case .int: textBytes.append(value.rawInt)
      default: textBytes.append(value.description(of: .plain))
      }
      Machine.store(registers + index, .nil)
    }
    defer { textBytes.clear() }
    let size = textBytes.count
    if size > limits.elements {
      return attempt(nil, nil) { () throws(Fault) in try checkSize(size, of: .string) }
    }
    Machine.store(registers + Int(instruction.a), .string(textBytes.text))
    return true
  }

  /// Strings joined by copying their bytes into memory of the right size; nil where an element is no string.
  public func joined(_ elements: UnsafeBufferPointer<Value>, by separator: String) throws(Fault) -> String? {
    var size = 0
    let between = separator.utf8.count
    for (index, element) in elements.enumerated() {
      if index & 0xFFFF == 0xFFFF { try Interrupt.check() }
      guard element.tag == .string else { return nil }
      size += element.read(StringObject.self) { $0.text.utf8.count } + between
      if size > limits.elements { try checkSize(size, of: .string) }
    }
    let text = String(unsafeUninitializedCapacity: size) { memory in
      guard var target = memory.baseAddress else { return 0 }
      let start = target
      for (index, element) in elements.enumerated() {
        if index & 0xFFFF == 0xFFFF, Interrupt.isRequested { break }
        if index > 0 {
          copyBytes(of: separator, to: target)
          target += between
        }
        element.read(StringObject.self) { object in
          copyBytes(of: object.text, to: target)
          target += object.text.utf8.count
        }
      }
      return target - start
    }
    try Interrupt.check()
    return text
  }
}

/// A text and another behind it; long ones are copied piece by piece, with an ear for a request to stop.
func concatenated(_ first: String, _ second: String) throws(Fault) -> String {
  let size = first.utf8.count + second.utf8.count
  if size < 1 << 22 { return first + second }
  let text = String(unsafeUninitializedCapacity: size) { memory in
    var done = 0
    for var part in [first, second] {
      part.withUTF8 { bytes in
        try? Interrupt.parts(bytes.count, of: 1 << 20) { range in
          _ = UnsafeMutableBufferPointer(rebasing: memory[done...]).update(fromContentsOf: bytes[range])
          done += range.count
        }
      }
    }
    return done
  }
  try Interrupt.check()
  return text
}

extension Machine {
  /// A text with each occurrence of another replaced, by characters.
  public func replacing(_ old: String, by new: String, in text: String) throws(Fault) -> String {
    guard let cuts = try byteCuts(of: old, in: text) else {
      let parts = try pieces(of: text, separatedBy: old)
      let growth = parts.count.multipliedReportingOverflow(by: new.utf8.count)
      try checkSize(growth.overflow ? Int.max : growth.partialValue, of: .string)
      return parts.joined(separator: new)
    }
    let (growth, overflow) = cuts.count.multipliedReportingOverflow(by: new.utf8.count - old.utf8.count)
    let size = text.utf8.count &+ growth
    try checkSize(overflow ? Int.max : size, of: .string)
    let bytes = Array(text.utf8), inserted = Array(new.utf8)
    let result = String(unsafeUninitializedCapacity: size) { memory in
      guard let start = memory.baseAddress else { return 0 }
      var target = start
      func copy(_ source: [UInt8], _ range: Range<Int>) {
        source.withUnsafeBufferPointer { buffer in
          if let base = buffer.baseAddress { memcpy(target, base + range.lowerBound, range.count) }
        }
        target += range.count
      }
      var place = 0
      try? Interrupt.parts(cuts.count) { part in
        for cut in cuts[part] {
          copy(bytes, place..<cut.lowerBound)
          copy(inserted, 0..<inserted.count)
          place = cut.upperBound
        }
      }
      // A stop leaves the rest out.
      if !Interrupt.isRequested { copy(bytes, place..<bytes.count) }
      return target - start
    }
    try Interrupt.check()
    return result
  }
}
