import Faults
import Tensors

/// A sum of products in Einstein's notation, taken two tensors at a time as products of stacks of matrices.
struct EinsteinSum {
  private typealias Term = (letters: [Character], tensor: Tensor)

  private let formula: String
  private var terms: [Term] = []
  private var output: [Character] = []

  /// - Throws: `.value` for a formula that cannot be read, `.shape` where axes of one letter differ in size.
  init(_ formula: String, _ tensors: [Tensor]) throws(Fault) {
    self.formula = formula
    let plain = formula.filter { $0 != " " }
    let sides = Self.split(plain, at: "->")
    let inputs = sides[0].split(separator: ",", omittingEmptySubsequences: false).map { Array($0) }
    guard sides.count <= 2, (inputs.joined() + (sides.count == 2 ? Array(sides[1]) : [])).allSatisfy({ $0.isLetter }) else {
      throw Fault(.value, "`\(formula)` is no formula of `einsum`", label: "letters, commas and one `->` are wanted", help: "a matrix product is \"ij,jk->ik\"")
    }
    guard inputs.count == tensors.count else {
      throw Fault(.value, "the formula `\(formula)` names \(counted(inputs.count, "tensor"))", label: "\(tensors.count) given")
    }
    let all = inputs.flatMap { $0 }
    output = sides.count == 2 ? Array(sides[1]) : Set(all).filter { letter in all.count { $0 == letter } == 1 }.sorted()
    if Set(output).count != output.count || !Set(output).isSubset(of: all) {
      throw Fault(.value, "`\(formula)` is no formula of `einsum`", label: "the result names each of its letters once, and only those of the tensors")
    }
    var sizes: [Character: Int] = [:]
    for (letters, tensor) in zip(inputs, tensors) {
      guard letters.count == tensor.rank else {
        throw Fault(.shape, "`\(String(letters))` names \(counted(letters.count, "axis", "axes"))", label: "the tensor is \(Shape.text(tensor.shape))")
      }
      for (letter, size) in zip(letters, tensor.shape) {
        if let known = sizes[letter], known != size {
          throw Fault(.shape, "axes of the letter `\(letter)` differ in size", label: "\(known) and \(size)")
        }
        sizes[letter] = size
      }
      terms.append(try Self.withoutRepeats(letters, tensor))
    }
  }

  private static func split(_ text: String, at mark: String) -> [Substring] {
    let characters = Array(text)
    guard let place = characters.indices.dropLast().first(where: { characters[$0] == "-" && characters[$0 + 1] == ">" }) else { return [Substring(text)] }
    return [Substring(String(characters[..<place])), Substring(String(characters[(place + 2)...]))]
  }

  /// The diagonal along axes of one letter.
  private static func withoutRepeats(_ letters: [Character], _ tensor: Tensor) throws(Fault) -> Term {
    var (letters, tensor) = (letters, tensor)
    while let letter = letters.first(where: { letter in letters.count { $0 == letter } > 1 }) {
      let places = letters.indices.filter { letters[$0] == letter }.prefix(2).map { $0 }
      let rest = letters.indices.filter { !places.contains($0) }
      let size = tensor.shape[places[0]]
      let rows = try tensor.transposed(rest + places)
      let flat = try rows.reshaped(rest.map { tensor.shape[$0] } + [size * size])
      tensor = try flat.gathered((0..<size).map { $0 * (size + 1) }, along: -1)
      letters = rest.map { letters[$0] } + [letter]
    }
    return (letters, tensor)
  }

  func result() throws(Fault) -> Tensor {
    guard var current = terms.first else { throw Fault(.value, "`einsum` needs a tensor") }
    for place in terms.indices.dropFirst() {
      let needed = Set(output).union(terms[(place + 1)...].flatMap(\.letters))
      current = try Self.product(Self.summed(current, keeping: needed.union(terms[place].letters)), terms[place], needed)
    }
    current = try Self.summed(current, keeping: Set(output))
    return try current.tensor.transposed(output.map { letter in current.letters.firstIndex(of: letter) ?? 0 })
  }

  private static func summed(_ term: Term, keeping kept: Set<Character>) throws(Fault) -> Term {
    let axes = term.letters.indices.filter { !kept.contains(term.letters[$0]) }
    if axes.isEmpty { return term }
    return (term.letters.filter { kept.contains($0) }, try term.tensor.sum(over: axes))
  }

  /// The product of two: letters of both that are needed later make a stack, those that are not are summed over.
  private static func product(_ a: Term, _ b: Term, _ needed: Set<Character>) throws(Fault) -> Term {
    let b = try summed(b, keeping: needed.union(a.letters))
    let shared = a.letters.filter { b.letters.contains($0) }
    let (stack, inner) = (shared.filter { needed.contains($0) }, shared.filter { !needed.contains($0) })
    let (left, right) = (a.letters.filter { !shared.contains($0) }, b.letters.filter { !shared.contains($0) })
    func size(_ term: Term, _ letters: [Character]) -> Int {
      letters.reduce(1) { $0 * (term.letters.firstIndex(of: $1).map { term.tensor.shape[$0] } ?? 1) }
    }
    func arranged(_ term: Term, _ order: [Character], _ shape: [Int]) throws(Fault) -> Tensor {
      try term.tensor.transposed(order.map { letter in term.letters.firstIndex(of: letter) ?? 0 }).reshaped(shape)
    }
    let count = size(a, stack)
    let x = try arranged(a, stack + left + inner, [count, size(a, left), size(a, inner)])
    let y = try arranged(b, stack + inner + right, [count, size(b, inner), size(b, right)])
    let shape = (stack + left).map { size(a, [$0]) } + right.map { size(b, [$0]) }
    return (stack + left + right, try Tensor.matmul(x, y).reshaped(shape))
  }
}
