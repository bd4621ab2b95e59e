import Faults
import Tensors
import Testing

/// Numbers of 64 bits on the tape, and the ways between them and tensors.
@Suite struct NumberTapeTests {
  @Test func numbersKeepTheirBits() throws {
    let tape = Tape()
    let x = tape.watchNumber()
    // y = x^2 at 0.1, z = 3 y + x.
    let y = try tape.record([(x, 0.2)])
    let z = try tape.record([(y, 3), (x, 1)])
    #expect(try tape.gradients(of: z).by(x) == 3 * 0.2 + 1)
  }

  @Test func gradientsPassThroughTensorsAndBack() throws {
    let tape = Tape()
    let (a, b) = (tape.watchNumber(), tape.watchNumber())
    let packed = try tape.pack([a, nil, b], as: try Tensor([2, 5, 3], shape: [3]))
    let product = try packed.reduced(.product)
    let number = try #require(tape.unpack(product).first)
    let gradients = try tape.gradients(of: number)
    #expect(try gradients.by(a) == 15 && gradients.by(b) == 10)
  }

  @Test func elementsOfATensorAreNumbers() throws {
    let tape = Tape()
    let x = try tape.watch(try Tensor([2, 3, 4], shape: [3]))
    let elements = tape.unpack(x)
    let product = try tape.record([(elements[0], 3), (elements[1], 2)])
    #expect(try tape.gradients(of: product).by(x).scalars == [3, 2, 0])
  }

  @Test func whatNothingFlowsToIsZeroAlsoBehindAnInfiniteSlope() throws {
    let tape = Tape()
    let x = tape.watchNumber()
    let steep = try tape.record([(x, .infinity)])
    let flat = try tape.record([(steep, 0)])
    #expect(try tape.gradients(of: flat).by(x) == 0)
  }

  @Test func whatAClosedTapeRecordedIsPlain() throws {
    let tape = Tape()
    let x = try tape.watch(try Tensor.scalar(2))
    #expect(x.isTracked)
    tape.close()
    #expect(!x.isTracked)
    #expect(try !(x * x).isTracked)
    #expect(throws: Fault.self) { try Tape().record([(tape.watchNumber(), 1)]) }
  }

  @Test func kinksHaveZeroSlope() throws {
    func slope(_ start: Float, _ f: (Tensor) throws -> Tensor) throws -> Float? {
      let tape = Tape()
      let x = try tape.watch(try Tensor([start], shape: [1]))
      return try tape.gradients(of: try f(x), withRespectTo: [x])[0].item
    }
    #expect(try slope(0) { try $0.unary(.sqrt) } == 0)
    #expect(try slope(4) { try $0.unary(.sqrt) } == 0.25)
    #expect(try slope(0) { try Tensor.binary(.power, $0, Tensor.scalar(0)) } == 0)
    #expect(try slope(0) { try Tensor.binary(.power, $0, Tensor.scalar(0.5)) } == 0)
    #expect(try slope(0) { try Tensor.binary(.power, $0, Tensor.scalar(1)) } == 1)
    #expect(try slope(2) { try Tensor.binary(.power, $0, Tensor.scalar(3)) } == 12)
    #expect(try slope(2) { try Tensor.binary(.power, Tensor.scalar(0), $0) } == 0)
    #expect(try slope(2) { try Tensor.binary(.power, Tensor.scalar(-2), $0) }?.isNaN == true)
  }
}
