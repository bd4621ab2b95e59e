import Faults
import Language

/// Which argument of a call a fault is about: the caret of its message stands there.
struct FaultyArgument {
  /// Among the arguments as they were handed over, named ones last.
  var position: Int
  /// How many arguments the call had.
  var count: Int
  /// Whether the name is wrong and not the value.
  var isName = false

  /// Its place in the source, where the call that the fault came from is written there.
  func place(in site: Prototype.Site) -> Span? {
    var index = position
    // `x.f(a)` is f(x, a) where f is the library's.
    if count == site.arguments.count + 1, let receiver = site.receiver {
      if index == 0 { return receiver }
      index -= 1
    } else if count != site.arguments.count {
      return nil
    }
    guard site.arguments.indices.contains(index) else { return nil }
    let argument = site.arguments[index]
    return isName ? argument.name ?? argument.value : argument.value
  }
}

/// The arguments of a call, and the parameters that they go to.
struct CallShape {
  let parameters: [String]
  /// How many arguments have no name.
  let positional: Int
  /// The names of the others.
  let named: [String]
  /// How many leading parameters are passed over, because what would go there was left out.
  var skipped = 0

  var count: Int { positional + named.count }

  /// Where the argument for a parameter stands; nil where none was given.
  func position(of parameter: String) -> Int? {
    if let place = named.firstIndex(of: parameter) { return positional + place }
    guard let index = parameters.firstIndex(of: parameter), index >= skipped, index - skipped < positional else { return nil }
    return index - skipped
  }

  /// Messages name the argument that they are about, wherever they come from: "`beta` of `lif` must be …", or beside the
  /// caret "lr is -1". Where it was given, that is its place.
  func argument(of fault: Fault) -> FaultyArgument? {
    let words = fault.title.split(separator: "`", omittingEmptySubsequences: false)
    for (index, word) in words.enumerated() where index % 2 == 1 {
      if let position = position(of: String(word)) { return FaultyArgument(position: position, count: count) }
    }
    if let label = fault.label, let end = firstRange(of: " is ", in: label)?.lowerBound,
      let word = label[..<end].split(separator: " ").last, let position = position(of: String(word))
    {
      return FaultyArgument(position: position, count: count)
    }
    // "no axis 4": what was given by its name is what is meant by the word.
    let plain = fault.title.split(separator: " ")
    let place = named.firstIndex { name in plain.contains { $0 == name } }
    return place.map { FaultyArgument(position: positional + $0, count: count) }
  }

  func name(_ name: String) -> FaultyArgument? {
    named.firstIndex(of: name).map { FaultyArgument(position: positional + $0, count: count, isName: true) }
  }
}

extension Machine {
  func shape(of builtin: Builtin, _ arguments: UnsafePointer<Value>, _ count: Int, _ names: Value?, isPiped: Bool) -> CallShape {
    let named = names?.elements?.map { $0.asString ?? "" } ?? []
    var shape = CallShape(
      parameters: builtin.parameters.filter { !$0.isNamedOnly }.map(\.name), positional: count - named.count, named: named)
    if builtin.hasSubject, shape.positional == 0 || !(isPiped || builtin.parameters[0].kind.accepts(arguments[0])) {
      shape.skipped = 1
    }
    return shape
  }
}
