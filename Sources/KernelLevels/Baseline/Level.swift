// One level of the CPU, and the one place that knows how wide its vectors are, so that the same kernels serve all.
//
// Kernels hold only Int, pointers, SIMD values and always-inlined helpers: generic code of the standard library would
// be shared by the linker between levels, and an older CPU would meet instructions it doesn't have.

@_exported import KernelTypes

/// The kernels of this level; each file of the folder adds those of its subject.
public enum Level: KernelLevel {
  #if KERNELS_AVX512
    public static var name: String { "avx512" }
  #elseif KERNELS_AVX2
    public static var name: String { "avx2" }
  #else
    public static var name: String { "baseline" }
  #endif
}

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
