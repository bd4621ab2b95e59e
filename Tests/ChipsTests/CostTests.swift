import Chips
import Testing

@Suite struct CostTests {
  @Test func energyDelayIsEnergyTimesTime() {
    var cost = Cost()
    cost.energy.synapticOperations = 3e-9
    cost.energy.standing = 1e-9
    cost.latency = 2e-3
    #expect(cost.energy.total == 4e-9)
    #expect(cost.energyDelay == 8e-12)
    #expect(cost.power == 2e-6)
  }
}
