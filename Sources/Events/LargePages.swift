// Large pages for memory that is taken all at once: the first touch of small ones is a third of the time of reading a file.

import Glibc

/// Asks the system for large pages where there is room for one. Memory that grows would have to be cut anew each time.
public func useLargePages(_ room: UnsafeMutableRawPointer, _ size: Int) {
  let page = 1 << 21
  let ahead = (page - Int(bitPattern: room) & (page - 1)) & (page - 1)
  if size - ahead >= page { madvise(room + ahead, size - ahead, MADV_HUGEPAGE) }
}
