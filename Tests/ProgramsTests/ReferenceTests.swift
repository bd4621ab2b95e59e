import Builtins
import Language
import Testing

/// The language reference: each topic's example runs as it stands and does what its comments say, and no part of the language
/// is without a topic.
@Suite(.serialized)
struct ReferenceTests {
  static let programs = referenceTopics.map { topic in
    Program(name: topic.name, path: "the example of ?\(topic.name)", source: topic.example + "\n")
  }

  @Test(arguments: programs)
  func example(_ program: Program) {
    #expect(!program.output.isEmpty)
    check(program)
  }

  @Test func everyWordHasATopic() {
    for word in Keyword.allCases.map(\.rawValue) + softKeywords { #expect(referenceTopic(word) != nil, "?\(word)") }
    for name in ["operators", "units", "string", "cells", "ranges", "slices", "comprehensions", "pipelines", "errors", "tests", "numbers"] {
      #expect(referenceTopic(name) != nil, "?\(name)")
    }
  }

  @Test func namesAreToldApart() {
    var known: Set<String> = []
    for name in referenceTopics.flatMap(\.names) { #expect(known.insert(name).inserted, "two topics are named \(name)") }
    for topic in referenceTopics {
      #expect(!topic.title.isEmpty && !topic.text.isEmpty && !topic.example.isEmpty, "?\(topic.name)")
    }
  }

  @Test(arguments: [
    ("average", "mean"), ("learning rate", "adam"), ("relu", "relu"), ("plot spikes", "plot.raster"), ("standard deviation", "std"),
    ("dictionary", "maps"), ("loop", "for"), ("how to save a network", "save"), ("biggest", "max"), ("gradient", "grad"),
  ])
  func searchFinds(_ question: String, _ name: String) {
    let found = standardLibrary().search(question).prefix(8).map(\.name)
    #expect(found.contains(name), "apropos \(question) gives \(found)")
  }
}
