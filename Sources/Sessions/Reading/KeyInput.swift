import Glibc

/// Characters from the terminal, one at a time, while signals are looked after.
struct KeyInput {
  /// Why no character came.
  enum Event: Equatable {
    case character(Unicode.Scalar)
    case resized
    case continued
    case interrupted
    case end
  }

  private var pending: [UInt8] = []
  private let descriptor: Int32

  init(descriptor: Int32 = STDIN_FILENO) { self.descriptor = descriptor }

  /// Whether more keys have been typed already.
  var isWaiting: Bool {
    var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return !pending.isEmpty || poll(&ready, 1, 0) > 0
  }

  /// Puts keys in front of what is to be read.
  mutating func putBack(_ keys: String) { pending.insert(contentsOf: keys.utf8, at: 0) }

  /// Whether a blank is waiting, as in the middle of an unmarked paste, which brings its own indentation.
  mutating func blankIsWaiting() -> Bool {
    if pending.isEmpty {
      var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      var byte: UInt8 = 0
      guard poll(&ready, 1, 0) > 0, read(descriptor, &byte, 1) == 1 else { return false }
      pending.append(byte)
    }
    return pending[0] == UInt8(ascii: " ") || pending[0] == UInt8(ascii: "\t")
  }

  /// Waits for a character or a signal. Bytes that are no UTF-8 are skipped.
  mutating func next() -> Event {
    var bytes: [UInt8] = []
    while true {
      switch nextByte(waiting: -1) {
      case .failure(let event): return event
      case .success(let byte):
        if byte & 0xC0 != 0x80 { bytes = [] }
        bytes.append(byte)
        if let scalar = decode(bytes) { return .character(scalar) }
        if bytes.count >= 4 { bytes = [] }
      }
    }
  }

  private func decode(_ bytes: [UInt8]) -> Unicode.Scalar? {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    if case .scalarValue(let scalar) = decoder.decode(&iterator) { return scalar }
    return nil
  }

  private enum ByteResult {
    case success(UInt8)
    case failure(Event)
  }

  private mutating func nextByte(waiting milliseconds: Int32) -> ByteResult {
    if !pending.isEmpty { return .success(pending.removeFirst()) }
    while true {
      if let event = signalled() { return .failure(event) }
      var watched = [
        pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: Signals.wakeUp, events: Int16(POLLIN), revents: 0),
      ]
      let ready = poll(&watched, 2, milliseconds)
      if ready == 0 { return .failure(.end) }
      if ready < 0 {
        if errno == EINTR { continue }
        return .failure(.end)
      }
      if watched[1].revents != 0 {
        Signals.drain()
        continue
      }
      var byte: UInt8 = 0
      let count = read(descriptor, &byte, 1)
      if count == 1 { return .success(byte) }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      return .failure(.end)
    }
  }

  private func signalled() -> Event? {
    if Signals.hasContinued.exchange(false, ordering: .relaxed) { return .continued }
    if Signals.hasResize.exchange(false, ordering: .relaxed) { return .resized }
    if Signals.hasInterrupt.exchange(false, ordering: .relaxed) { return .interrupted }
    return nil
  }

  /// The text of a bracketed paste, behind its opening mark. It ends at the closing mark, or when nothing has come
  /// for three seconds. The closing mark can be lost among keys that came while a program ran: then Ctrl-C, which no
  /// terminal puts into a paste, ends it and is what comes next.
  mutating func paste() -> String {
    let mark = Array("\u{1B}[201~".utf8)
    var bytes: [UInt8] = []
    while true {
      switch nextByte(waiting: 3000) {
      case .success(let byte):
        if byte == 3 {
          pending.insert(byte, at: 0)
          return String(decoding: bytes, as: UTF8.self)
        }
        bytes.append(byte)
        if byte == mark.last, bytes.suffix(mark.count).elementsEqual(mark) {
          return String(decoding: bytes.dropLast(mark.count), as: UTF8.self)
        }
      case .failure(.resized), .failure(.continued): continue
      case .failure: return String(decoding: bytes, as: UTF8.self)
      }
    }
  }
}
