// Loading and storing vectors of the level's width, and what else every kernel needs of them.

import CVector

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

/// The first `count` floats, then zeros; nothing beyond them is read.
@inline(__always)
func loadHead(_ pointer: UnsafePointer<Float>, _ count: Int) -> Vector {
  #if KERNELS_AVX512
    return vector_load_head16(pointer, count)
  #elseif KERNELS_AVX2
    return vector_load_head8(pointer, count)
  #else
    return vector_load_head4(pointer, count)
  #endif
}

/// Writes the first `count` lanes.
@inline(__always)
func storeHead(_ vector: Vector, _ pointer: UnsafeMutablePointer<Float>, _ count: Int) {
  #if KERNELS_AVX512
    vector_store_head16(pointer, vector, count)
  #elseif KERNELS_AVX2
    // Masked stores take some CPUs as long as a dozen whole ones.
    if count >= 8 { return store(vector, pointer) }
    var (rest, place) = (vector.lowHalf, pointer)
    if count >= 4 {
      UnsafeMutableRawPointer(place).storeBytes(of: rest, as: SIMD4<Float>.self)
      (rest, place) = (vector.highHalf, place + 4)
    }
    vector_store_head4(place, rest, count & 3)
  #else
    vector_store_head4(pointer, vector, count)
  #endif
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

/// The first `count` (at most 16) floats at `source`; the other lanes are zero.
@inline(__always)
func loadLanes(_ source: UnsafePointer<Float>, _ count: Int) -> SIMD16<Float> {
  if count == 16 {
    return UnsafeRawPointer(source).loadUnaligned(as: SIMD16<Float>.self)
  }
  #if KERNELS_AVX512
    return vector_load_head16(source, count)
  #else
    var lanes = SIMD16<Float>(repeating: 0)
    for i in 0..<count { lanes[i] = source[i] }
    return lanes
  #endif
}

/// Writes the first `count` (at most 16) lanes to `target`.
@inline(__always)
func storeLanes(_ lanes: SIMD16<Float>, _ target: UnsafeMutablePointer<Float>, _ count: Int) {
  if count == 16 {
    return UnsafeMutableRawPointer(target).storeBytes(of: lanes, as: SIMD16<Float>.self)
  }
  #if KERNELS_AVX512
    vector_store_head16(target, lanes, count)
  #else
    for i in 0..<count { target[i] = lanes[i] }
  #endif
}

/// Bit i is set where lane i is true.
@inline(__always)
func bits(of mask: SIMDMask<SIMD16<Int32>>) -> UInt64 {
  UInt64(vector_bits16(unsafeBitCast(mask, to: SIMD16<Int32>.self)))
}

/// Sums of a tile, in the registers where its loops have constant bounds. Written out, since `InlineArray(repeating:)`
/// may become a function that all levels share.
@inline(__always)
func zeroSums() -> InlineArray<24, Vector> {
  let o = Vector()
  return [o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o]
}

/// Four times sixteen lanes: a word of neurons.
@inline(__always)
func zeroLanes() -> InlineArray<4, SIMD16<Float>> {
  let o = SIMD16<Float>()
  return [o, o, o, o]
}

/// 1 where a bit is set, else 0.
@inline(__always)
func lanes(of bits: UInt16) -> SIMD16<Float> { vector_lanes16(bits) }

/// The square root of each lane; Swift's own takes them one by one.
@inline(__always)
func squareRoot(_ x: Vector) -> Vector {
  #if KERNELS_AVX512
    return vector_sqrt16(x)
  #elseif KERNELS_AVX2
    return vector_sqrt8(x)
  #else
    return vector_sqrt4(x)
  #endif
}

/// a * b + c in sixteen lanes: fused where the CPU can, two roundings where it can't.
@inline(__always)
func multiplyAddLanes(_ a: SIMD16<Float>, _ b: SIMD16<Float>, _ c: SIMD16<Float>) -> SIMD16<Float> {
  #if KERNELS_AVX512 || KERNELS_AVX2
    return c.addingProduct(a, b)
  #else
    return c + a * b
  #endif
}

/// 1 / x, for x of ordinary size.
@inline(__always)
func reciprocal(_ x: SIMD16<Float>) -> SIMD16<Float> {
  #if KERNELS_AVX512
    return vector_reciprocal16(x)
  #else
    return 1 / x
  #endif
}

/// The sum of all lanes.
@inline(__always)
func total(_ x: Vector) -> Float {
  #if KERNELS_AVX512
    let eight = x.lowHalf + x.highHalf
    let four = eight.lowHalf + eight.highHalf
  #elseif KERNELS_AVX2
    let four = x.lowHalf + x.highHalf
  #else
    let four = x
  #endif
  let two = four.lowHalf + four.highHalf
  return two[0] + two[1]
}
