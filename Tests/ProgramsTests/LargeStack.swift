import Glibc

/// Runs `body` on a thread with 16 MiB of stack and waits for it: the program itself gives its runs 256 MiB, and frames of a
/// debug build are several times those of a release.
func onLargeStack<Result: Sendable>(_ body: @escaping @Sendable () -> Result) -> Result {
  let slot = Slot<Result>()
  let work = Unmanaged.passRetained(Work { slot.result = body() })
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setstacksize(&attributes, 16 << 20)
  var thread = pthread_t()
  let status = pthread_create(
    &thread, &attributes,
    { argument in
      if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
      return nil
    }, work.toOpaque())
  pthread_attr_destroy(&attributes)
  if status == 0 {
    pthread_join(thread, nil)
  } else {
    work.release()
  }
  return slot.result ?? body()
}

/// What the thread runs, as an object that a C pointer can carry.
private final class Work: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// Where the result is left; written before the join, read after it.
private final class Slot<Result: Sendable>: @unchecked Sendable {
  var result: Result?
  init() {}
}
