// Requests to stop, and whom they reach.

import Faults
import Kernels
import Synchronization
import Testing

@Suite struct InterruptTests {
  @Test func aRequestIsHeardByItsRunAlone() throws {
    try Interrupt.inOwnRun {
      Interrupt.request()
      let heard = Atomic<Int>(0)
      ThreadPool.shared.run(tasks: 100) { _ in
        if Interrupt.isRequested { heard.add(1, ordering: .relaxed) }
      }
      #expect(heard.load(ordering: .relaxed) == 100)
      Interrupt.inOwnRun { #expect(!Interrupt.isRequested) }
      #expect(Interrupt.isRequested)
      #expect(throws: Fault(.interrupt, "interrupted")) { try Interrupt.check() }
      Interrupt.clear()
      #expect(!Interrupt.isRequested)
    }
    #expect(!Interrupt.isRequested)
  }
}
