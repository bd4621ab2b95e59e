import Faults
import Spiking
import Tensors
import Testing

@Suite struct DatasetTests {
  let stream = RandomStream(seed: 2, purpose: "split")

  @Test func splitsKeepEverySampleOnceAndTheSharesOfClasses() throws {
    let data = try Dataset(
      name: "d", features: try Tensor((0..<103).map(Float.init), shape: [103, 1]), labels: (0..<103).map { $0 % 3 })
    for stratified in [true, false] {
      let (first, second) = try data.split(0.8, stratified: stratified, stream: stream)
      #expect(first.count == 82)
      #expect(try (first.features.scalars + second.features.scalars).sorted() == (0..<103).map(Float.init))
      for (value, label) in zip(try first.features.scalars, first.labels) { #expect(Int(value) % 3 == label) }
      #expect(try first.features.scalars != first.features.scalars.sorted())
      if stratified { #expect(first.classSizes.allSatisfy { (27...28).contains($0) }) }
    }
    let again = try data.split(0.8, stream: stream)
    #expect(try again.0.labels == data.split(0.8, stream: stream).0.labels)
  }

  @Test func wrongDataAreFaults() throws {
    let features = try Tensor.zeros([3, 2])
    #expect(throws: Fault.self) { try Dataset(name: "d", features: features, labels: [0, 1]) }
    do {
      _ = try Dataset(name: "d", features: features, labels: [0, 1, 7], classNames: ["a", "b"])
      Issue.record("label 7 of 2 classes was accepted")
    } catch {
      #expect(error.label?.contains("is 7, and there are 2 classes") == true)
    }
    #expect(throws: Fault.self) { try Dataset(name: "d", features: features, labels: [0, -1, 1]) }
    let data = try Dataset(name: "d", features: features, labels: [0, 1, 1])
    for fraction in [0, 1, -0.5, .nan, 0.01] as [Double] {
      #expect(throws: Fault.self) { try data.split(fraction, stream: stream) }
    }
    #expect(throws: Fault.self) { try data.rows([3]) }
  }

  @Test func factsDescribeIt() throws {
    let data = try Dataset(
      name: "d", features: try Tensor([0, 0.5, 1, 0.25], shape: [2, 2]), labels: [0, 1], source: "made here")
    let facts = Dictionary(uniqueKeysWithValues: data.facts.map { ($0.name, $0.value) })
    #expect(facts["samples"] == "2")
    #expect(facts["values"] == "0.0 to 1.0")
    #expect(facts["classes"] == "2, with 1 sample each")
    #expect(facts["source"] == "made here")
  }
}
