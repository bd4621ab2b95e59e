// The next samples are read on a thread of their own while the network learns from those before.

import Faults
import Glibc
import Synchronization
import Tensors

/// Reads rows of a source ahead of time; for one reader.
///
/// What was read ahead is what is asked for next, or is forgotten: reading ahead changes no result.
final class ReadAhead: Sendable {
  private let source: any SampleSource
  private let state = Mutex(State())

  private struct State {
    var indices: [Int] = []
    var isReading = false
    var result: Result<Tensor, Fault>?
  }

  init(_ source: any SampleSource) { self.source = source }

  /// Starts to read some samples; what was read before and not taken is forgotten.
  func prepare(_ indices: [Int]) {
    let starts = state.withLock { state in
      if state.isReading { return false }
      state = State(indices: indices, isReading: true)
      return true
    }
    guard starts else { return }
    let own = Unmanaged.passRetained(self)
    let started = startDetachedThread(own.toOpaque()) { context in
      guard let context else { return nil }
      Unmanaged<ReadAhead>.fromOpaque(context).takeRetainedValue().read()
      return nil
    }
    if !started {
      own.release()
      state.withLock { $0 = State() }
    }
  }

  private func read() {
    let indices = state.withLock { $0.indices }
    let result: Result<Tensor, Fault>
    do throws(Fault) { result = .success(try source.rows(indices)) } catch { result = .failure(error) }
    state.withLock { state in
      state.result = result
      state.isReading = false
    }
  }

  /// Some samples: those that were prepared, or read now.
  ///
  /// - Throws: what the reading does; `.interrupt`.
  func rows(_ indices: [Int]) throws(Fault) -> Tensor {
    while true {
      let (isReading, ready) = state.withLock { state in
        let ready = state.indices == indices ? state.result : nil
        if ready != nil { state = State() }
        return (state.isReading && state.indices == indices, ready)
      }
      if let ready { return try ready.get() }
      guard isReading else { return try source.rows(indices) }
      try Interrupt.check()
      pause()
    }
  }

  /// A batch takes milliseconds at least; a tenth of one is not felt.
  private func pause() {
    var time = timespec(tv_sec: 0, tv_nsec: 100_000)
    nanosleep(&time, nil)
  }
}
