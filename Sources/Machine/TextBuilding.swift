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
    for element in elements {
      guard element.tag == .string else { return nil }
      size += element.read(StringObject.self) { $0.text.utf8.count } + between
      if size > limits.elements { try checkSize(size, of: .string) }
    }
    return String(unsafeUninitializedCapacity: size) { memory in
      guard var target = memory.baseAddress else { return 0 }
      let start = target
      for (index, element) in elements.enumerated() {
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
  }
}
