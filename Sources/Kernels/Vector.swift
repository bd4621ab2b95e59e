// The one place that knows how wide a vector is, so that the same kernels serve every level of the CPU.
//
// Kernels hold only Int, pointers, SIMD values and always-inlined helpers: generic code of the standard library would
// be shared by the linker between levels, and an older CPU would meet instructions it doesn't have.

#if KERNELS_AVX512
  typealias Vector = SIMD16<Float>
  typealias VectorBits = SIMD16<Int32>
#elseif KERNELS_AVX2
  typealias Vector = SIMD8<Float>
  typealias VectorBits = SIMD8<Int32>
#else
  typealias Vector = SIMD4<Float>
  typealias VectorBits = SIMD4<Int32>
#endif
typealias VectorMask = SIMDMask<VectorBits>

/// The number of floats in a vector.
var vectorWidth: Int { @inline(__always) get { Vector.scalarCount } }

/// The vector at a pointer of any alignment.
@inline(__always)
func load(_ pointer: UnsafePointer<Float>) -> Vector {
  UnsafeRawPointer(pointer).loadUnaligned(as: Vector.self)
}

@inline(__always)
func load(_ pointer: UnsafeMutablePointer<Float>) -> Vector {
  UnsafeRawPointer(pointer).loadUnaligned(as: Vector.self)
}

@inline(__always)
func store(_ vector: Vector, _ pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: vector, as: Vector.self)
}

/// The first `count` floats, then zeros.
@inline(__always)
func loadHead(_ pointer: UnsafePointer<Float>, _ count: Int) -> Vector {
  var vector = Vector()
  for lane in 0..<count { vector[lane] = pointer[lane] }
  return vector
}

@inline(__always)
func storeHead(_ vector: Vector, _ pointer: UnsafeMutablePointer<Float>, _ count: Int) {
  for lane in 0..<count { pointer[lane] = vector[lane] }
}

/// a * b + c: fused where the CPU can, two roundings where it can't.
@inline(__always)
func multiplyAdd(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector {
  #if KERNELS_AVX512 || KERNELS_AVX2
    return c.addingProduct(a, b)
  #else
    return c + a * b
  #endif
}
