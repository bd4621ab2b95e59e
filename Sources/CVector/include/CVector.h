// What Swift's SIMD types don't offer: the lanes of a comparison as bits and bits as lanes, and square roots of all lanes
// at once.
// All is inlined into the kernels that call it, and so built for their level of the CPU.
#pragma once
#include <stdint.h>

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

/// 1 in each lane whose bit is set, else 0.
static inline __attribute__((always_inline)) vector_float16 vector_lanes16(uint16_t bits) {
  typedef _Bool lanes __attribute__((ext_vector_type(16)));
  union { uint16_t bits; lanes lanes; } view = {bits};
  return __builtin_convertvector(view.lanes, vector_float16);
}
