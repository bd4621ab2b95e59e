// What Swift's SIMD types don't offer: the lanes of a comparison as bits and bits as lanes, square roots of all
// lanes at once, lists of set bits, and prefetching.
// All is inlined into the kernels that call it, and so built for their level of the CPU.
#pragma once
#include <stdint.h>
#if __AVX512F__
#include <immintrin.h>
#endif

typedef int32_t vector_mask16 __attribute__((ext_vector_type(16)));

/// Bit i is set where lane i of a comparison's answer (0 or -1) is.
static inline __attribute__((always_inline)) uint32_t vector_bits16(vector_mask16 mask) {
  typedef _Bool lanes __attribute__((ext_vector_type(16)));
  union { lanes lanes; uint16_t bits; } view = {__builtin_convertvector(mask < 0, lanes)};
  return view.bits;
}

typedef float vector_float4 __attribute__((ext_vector_type(4)));
typedef float vector_float8 __attribute__((ext_vector_type(8)));
typedef float vector_float16 __attribute__((ext_vector_type(16)));

static inline __attribute__((always_inline)) vector_float4 vector_sqrt4(vector_float4 x) {
  return __builtin_elementwise_sqrt(x);
}

static inline __attribute__((always_inline)) vector_float8 vector_sqrt8(vector_float8 x) {
  return __builtin_elementwise_sqrt(x);
}

static inline __attribute__((always_inline)) vector_float16 vector_sqrt16(vector_float16 x) {
  return __builtin_elementwise_sqrt(x);
}

/// Asks for a line of memory that will be needed soon.
static inline __attribute__((always_inline)) void vector_prefetch(const void *address) {
  __builtin_prefetch(address);
}

/// 1 in each lane whose bit is set, else 0.
static inline __attribute__((always_inline)) vector_float16 vector_lanes16(uint16_t bits) {
  typedef _Bool lanes __attribute__((ext_vector_type(16)));
  union { uint16_t bits; lanes lanes; } view = {bits};
  return __builtin_convertvector(view.lanes, vector_float16);
}

#if __AVX512F__
/// Writes `first + i` for each bit i that is set, in order, and nothing beyond the last.
static inline __attribute__((always_inline)) void vector_list16(uint16_t bits, int32_t first, int32_t *list) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i numbers = _mm512_add_epi32(lanes, _mm512_set1_epi32(first));
  const uint32_t written = (1u << __builtin_popcount(bits)) - 1;
  // Compressed in a register: compressing into memory takes some CPUs a hundred cycles.
  _mm512_mask_storeu_epi32(list, (__mmask16)written, _mm512_maskz_compress_epi32(bits, numbers));
}
#endif
