// What a process of its own does with an HDF5 file before another one opens it: it reads as much as may break the library.

import Faults
import Glibc
import Libraries

/// Reads through an HDF5 file as readers do: all groups, attributes, types and layouts, the index of chunks of each data
/// set, and of the data what is small. Whatever it finds is let go of: what matters is that the library comes back.
struct HDF5Examination {
  private let file: HDF5File
  /// Bytes of data that may still be read.
  private var bytesLeft = 64 << 20
  /// Objects that may still be looked at: hard links can make a file of ten groups one of a billion.
  private var objectsLeft = 100_000

  private static let deepest = 40
  /// Bytes of the first and the last chunk of a data set that is too large to be read whole.
  private static let largestPart = 64 << 20
  /// Rows of lists that are read at once: only their bytes tell how long lists are.
  private static let listRows = 64

  init(_ file: HDF5File) { self.file = file }

  /// Reads through it, what is near its root first. Ends early when it is asked to stop.
  mutating func run() {
    var level = ["/"]
    for _ in 0..<Self.deepest {
      var next: [String] = []
      for group in level {
        if isOver { return }
        for name in open(group) {
          if isOver { return }
          if look(at: group == "/" ? "/\(name)" : "\(group)/\(name)") { next.append(group == "/" ? "/\(name)" : "\(group)/\(name)") }
        }
      }
      level = next
    }
  }

  private var isOver: Bool { objectsLeft <= 0 || Interrupt.isRequested }

  /// The names in a group, after a look at its attributes and for names that it has not: one before and one behind all
  /// others, which are compared with both ends of its table.
  private func open(_ group: String) -> [String] {
    readAttributes(of: group)
    for absent in ["\u{1}", "\u{7f}"] { _ = try? file.kind(group == "/" ? "/\(absent)" : "\(group)/\(absent)") }
    return (try? file.names(in: group)) ?? []
  }

  /// Reads an object that is no group; tells whether it is one.
  private mutating func look(at path: String) -> Bool {
    objectsLeft -= 1
    switch try? file.kind(path) {
    case .group: return true
    case .dataset:
      readAttributes(of: path)
      if let set = try? file.dataset(path) { read(set) }
    case .other: readAttributes(of: path)
    case nil: break
    }
    return false
  }

  private func readAttributes(of path: String) {
    for name in (try? file.attributeNames(of: path)) ?? [] where !Interrupt.isRequested { _ = try? file.attribute(name, of: path) }
  }

  /// Reads the index of a data set, and all of it where that is little, else its beginning and its end.
  private mutating func read(_ set: HDF5Dataset) {
    set.walkIndex()
    let hasFilters = (try? set.checkFilters()) != nil
    if set.shape.count == 1, let chunk = set.chunk?.first, chunk > 0, set.rows > 0 { readRawChunks(set, chunk, isAll: !hasFilters) }
    guard hasFilters, let rowBytes = checkedProduct(set.shape.dropFirst() + [set.itemBytes]) else { return }
    if set.isVariable { return readLists(set, rowBytes) }
    if let bytes = checkedProduct([set.rows, rowBytes]), bytes <= bytesLeft {
      bytesLeft -= bytes
      _ = try? set.read()
      return
    }
    let rows = min(set.rows, max(1, set.chunk?.first ?? (1 << 20) / max(1, rowBytes)))
    guard rows > 0, let bytes = checkedProduct([rows, rowBytes]), bytes <= Self.largestPart else { return }
    _ = try? set.read(rows: 0..<rows)
    _ = try? set.read(rows: (set.rows - 1) / rows * rows..<set.rows)
  }

  /// Reads lists or texts of variable length, from the first on, and the last ones.
  private mutating func readLists(_ set: HDF5Dataset, _ rowBytes: Int) {
    guard let all = set.shape.first else {
      _ = try? set.read()
      return
    }
    guard rowBytes > 0, rowBytes <= Self.largestPart else { return }
    let step = rowBytes <= 1 << 14 ? Self.listRows : 1
    var start = 0
    while start < all, bytesLeft > 0, !Interrupt.isRequested {
      let array = try? set.read(rows: start..<min(all, start + step))
      bytesLeft -= step * rowBytes + (array?.values.bytes ?? 0)
      start += step
    }
    if start < all { _ = try? set.read(rows: max(0, all - step)..<all) }
  }

  /// Reads packed chunks of a data set of one dimension, as they are.
  private mutating func readRawChunks(_ set: HDF5Dataset, _ chunk: Int, isAll: Bool) {
    let last = (set.rows - 1) / chunk * chunk
    _ = try? set.rawChunk(at: last)
    var start = 0
    repeat {
      guard let raw = try? set.rawChunk(at: start) else { return }
      bytesLeft -= raw.bytes.count
      start += chunk
    } while isAll && start < last && bytesLeft > 0 && !Interrupt.isRequested
  }
}

extension HDF5Values {
  /// About how many bytes they take.
  fileprivate var bytes: Int {
    switch self {
    case .numbers(let values): values.count * 8
    case .texts(let values): values.reduce(0) { $0 + $1.utf8.count }
    case .lists(let values): values.reduce(0) { $0 + $1.bytes }
    case .records(let fields, _): fields.reduce(0) { $0 + $1.values.bytes }
    }
  }
}

extension HDF5Examiner {
  /// Examines a file as the arguments of this process ask for, and ends the process; comes back at once where they ask
  /// for something else. To be called before anything else is done.
  ///
  /// It ends with 0 whatever it finds: faults are for the reader to tell. What breaks the library breaks this process.
  public static func examineIfAsked() {
    let words = CommandLine.arguments
    guard words.count == 4, words[1] == argument, let size = Int(words[2]) else { return }
    // Whoever asked hears Ctrl-C, and ends this process.
    signal(SIGINT, SIG_IGN)
    limitSelf(size)
    do throws(Fault) {
      let file = try HDF5File(words[3])
      var examination = HDF5Examination(file)
      examination.run()
    } catch {}
    _exit(0)
  }

  /// Ends this process when it computes longer than a file of this size needs or takes far more memory, after it was asked
  /// to stop reading at half of that time.
  private static func limitSelf(_ size: Int) {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(4), &none)  // RLIMIT_CORE
    let seconds = rlim_t(seconds(for: size))
    var time = rlimit(rlim_cur: seconds, rlim_max: seconds + 1)
    setrlimit(__rlimit_resource_t(0), &time)  // RLIMIT_CPU
    let bytes = rlim_t(4 * min(max(0, size), 1 << 40) + 1 << 31)
    var memory = rlimit(rlim_cur: bytes, rlim_max: bytes)
    setrlimit(__rlimit_resource_t(2), &memory)  // RLIMIT_DATA
    signal(SIGPROF) { _ in Interrupt.request() }
    var timer = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: Int(seconds / 2), tv_usec: 0))
    setitimer(__itimer_which_t(2), &timer, nil)  // ITIMER_PROF
  }
}
