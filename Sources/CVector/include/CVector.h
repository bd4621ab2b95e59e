// What Swift's SIMD types don't offer: the lanes of a comparison as bits and bits as lanes, lists of set bits, square roots
// and reciprocals of all lanes at once, the first few lanes, turning squares, and prefetching.
// All is inlined into the kernels that call it, and so built for their level of the CPU.
#pragma once
#include <stdint.h>
#if __AVX2__
#include <immintrin.h>
#endif

typedef int32_t vector_mask16 __attribute__((ext_vector_type(16)));

/// Bit i is set where lane i of a comparison's answer (0 or -1) is.
static inline __attribute__((always_inline)) uint32_t vector_bits16(vector_mask16 mask) {
  typedef _Bool lanes __attribute__((ext_vector_type(16)));
  union { lanes lanes; uint16_t bits; } view = {__builtin_convertvector(mask < 0, lanes)};
  return view.bits;
}

/// Bit i is set where draw i of 32 is at most `most`.
static inline __attribute__((always_inline)) uint32_t vector_at_most32(const uint16_t *draws, uint16_t most) {
  typedef uint16_t draws32 __attribute__((ext_vector_type(32), aligned(2)));
  typedef _Bool lanes __attribute__((ext_vector_type(32)));
  union { lanes lanes; uint32_t bits; } view = {
    __builtin_convertvector(*(const draws32 *)draws <= (draws32)most, lanes)};
  return view.bits;
}

typedef float vector_float4 __attribute__((ext_vector_type(4)));
typedef float vector_float8 __attribute__((ext_vector_type(8)));
typedef float vector_float16 __attribute__((ext_vector_type(16)));

// To 64 bits.
typedef double vector_double8 __attribute__((ext_vector_type(8)));

static inline __attribute__((always_inline)) vector_double8 vector_widen8(vector_float8 x) {
  return __builtin_convertvector(x, vector_double8);
}

static inline __attribute__((always_inline)) vector_float4 vector_sqrt4(vector_float4 x) {
  return __builtin_elementwise_sqrt(x);
}

static inline __attribute__((always_inline)) vector_float8 vector_sqrt8(vector_float8 x) {
  return __builtin_elementwise_sqrt(x);
}

static inline __attribute__((always_inline)) vector_float16 vector_sqrt16(vector_float16 x) {
  return __builtin_elementwise_sqrt(x);
}

typedef float vector_unaligned8 __attribute__((ext_vector_type(8), aligned(4)));
typedef float vector_unaligned4 __attribute__((ext_vector_type(4), aligned(4)));

/// Turns four lines of eight floats, whose halves come out as `out[k]` and `out[k + 4]`: Swift's shuffles of eight lanes
/// are taken apart into single ones.
static inline __attribute__((always_inline)) void vector_turn_halves(
    const vector_unaligned8 line[4], vector_unaligned8 out[4]) {
  vector_unaligned8 pairs[4];
  for (int k = 0; k < 2; k++) {
    const vector_unaligned8 a = line[2 * k], b = line[2 * k + 1];
    pairs[k] = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
    pairs[k + 2] = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int k = 0; k < 4; k += 2) {
    out[k] = __builtin_shufflevector(pairs[k], pairs[k + 1], 0, 1, 8, 9, 4, 5, 12, 13);
    out[k + 1] = __builtin_shufflevector(pairs[k], pairs[k + 1], 2, 3, 10, 11, 6, 7, 14, 15);
  }
}

/// `out[j * out_step + i] = source[i * source_step + j]` for four i and eight j.
static inline __attribute__((always_inline)) void vector_turn4(
    const float *source, long source_step, float *out, long out_step) {
  vector_unaligned8 line[4], turned[4];
  for (int i = 0; i < 4; i++) line[i] = *(const vector_unaligned8 *)(source + i * source_step);
  vector_turn_halves(line, turned);
  for (int j = 0; j < 4; j++) {
    *(vector_unaligned4 *)(out + j * out_step) = turned[j].lo;
    *(vector_unaligned4 *)(out + (j + 4) * out_step) = turned[j].hi;
  }
}

static inline __attribute__((always_inline)) void vector_turn_square(
    const vector_unaligned8 line[8], float *out, long out_step) {
  vector_unaligned8 turned[8];
  vector_turn_halves(line, turned);
  vector_turn_halves(line + 4, turned + 4);
  for (int j = 0; j < 4; j++) {
    const vector_unaligned8 a = turned[j], b = turned[j + 4];
    *(vector_unaligned8 *)(out + j * out_step) = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
    *(vector_unaligned8 *)(out + (j + 4) * out_step) = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

/// `out[j * out_step + i] = source[i * source_step + j] + offset[j]` for eight i and j, without offset where it is NULL.
static inline __attribute__((always_inline)) void vector_turn8(
    const float *source, long source_step, const float *offset, float *out, long out_step) {
  vector_unaligned8 line[8];
  for (int i = 0; i < 8; i++) {
    line[i] = *(const vector_unaligned8 *)(source + i * source_step);
    if (offset) line[i] += *(const vector_unaligned8 *)offset;
  }
  vector_turn_square(line, out, out_step);
}

/// The first `count` floats, then zeros; nothing beyond them is touched.
static inline __attribute__((always_inline)) vector_float4 vector_load_head4(const float *source, long count) {
  vector_float4 lanes = 0;
  if (count >= 4) return *(const vector_unaligned4 *)source;
  if (count > 0) lanes[0] = source[0];
  if (count > 1) lanes[1] = source[1];
  if (count > 2) lanes[2] = source[2];
  return lanes;
}

/// Writes the first `count` lanes, and touches nothing beyond them.
static inline __attribute__((always_inline)) void vector_store_head4(float *target, vector_float4 lanes, long count) {
  if (count >= 4) {
    *(vector_unaligned4 *)target = lanes;
    return;
  }
  if (count > 0) target[0] = lanes[0];
  if (count > 1) target[1] = lanes[1];
  if (count > 2) target[2] = lanes[2];
}

#if __AVX2__
/// -1 in the first `count` lanes.
static inline __attribute__((always_inline)) __m256i vector_head_mask8(long count) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const long most = count < 8 ? count : 8;
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)most), lanes);
}

static inline __attribute__((always_inline)) vector_float8 vector_load_head8(const float *source, long count) {
  return (vector_float8)_mm256_maskload_ps(source, vector_head_mask8(count));
}

static inline __attribute__((always_inline)) void vector_store_head8(float *target, vector_float8 lanes, long count) {
  _mm256_maskstore_ps(target, vector_head_mask8(count), (__m256)lanes);
}

/// The same as `vector_turn8` for `rows` i and `columns` j, at most eight of each; other i up to seven become 0.
static inline __attribute__((always_inline)) void vector_turn_up_to8(
    const float *source, long source_step, long rows, long columns, float *out, long out_step) {
  vector_unaligned8 line[8];
  float turned[64];
  const __m256i mask = vector_head_mask8(columns);
  for (int i = 0; i < 8; i++) {
    line[i] = i < rows ? (vector_unaligned8)_mm256_maskload_ps(source + i * source_step, mask) : 0;
  }
  vector_turn_square(line, turned, 8);
  for (int j = 0; j < columns; j++) {
    *(vector_unaligned8 *)(out + j * out_step) = *(const vector_unaligned8 *)(turned + 8 * j);
  }
}
#endif

#if __AVX512F__
static inline __attribute__((always_inline)) __mmask16 vector_head_mask16(long count) {
  return (__mmask16)(count >= 16 ? 0xffff : count <= 0 ? 0 : (1u << count) - 1);
}

static inline __attribute__((always_inline)) vector_float16 vector_load_head16(const float *source, long count) {
  return (vector_float16)_mm512_maskz_loadu_ps(vector_head_mask16(count), source);
}

static inline __attribute__((always_inline)) void vector_store_head16(float *target, vector_float16 lanes, long count) {
  _mm512_mask_storeu_ps(target, vector_head_mask16(count), (__m512)lanes);
}
#endif

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

/// Each of four floats twice, and 0 in each lane whose bit is not set.
static inline __attribute__((always_inline)) vector_float8 vector_twice_where8(const float *source, uint8_t bits) {
  typedef int32_t mask __attribute__((ext_vector_type(8)));
  const vector_float4 x = *(const vector_unaligned4 *)source;
  const mask places = {1, 2, 4, 8, 16, 32, 64, 128};
  const mask kept = ((mask)(int32_t)bits & places) != 0;
  return (vector_float8)((mask)__builtin_shufflevector(x, x, 0, 0, 1, 1, 2, 2, 3, 3) & kept);
}

/// The same for eight floats.
static inline __attribute__((always_inline)) vector_float16 vector_twice_where16(const float *source, uint16_t bits) {
  const vector_unaligned8 x = *(const vector_unaligned8 *)source;
  const vector_float16 twice = __builtin_shufflevector(x, x, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
#if __AVX512F__
  return (vector_float16)_mm512_maskz_mov_ps(bits, (__m512)twice);
#else
  const vector_mask16 places = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
  const vector_mask16 kept = ((vector_mask16)(int32_t)bits & places) != 0;
  return (vector_float16)((vector_mask16)twice & kept);
#endif
}

#if __AVX512F__
/// 1 / x within two units in the last place, for x of ordinary size: a division of sixteen lanes takes three times as
/// long.
static inline __attribute__((always_inline)) vector_float16 vector_reciprocal16(vector_float16 x) {
  const __m512 value = (__m512)x;
  const __m512 guess = _mm512_rcp14_ps(value);
  const __m512 error = _mm512_fnmadd_ps(value, guess, _mm512_set1_ps(1));
  return (vector_float16)_mm512_fmadd_ps(guess, error, guess);
}

/// Writes `first + i` for each bit i that is set, in order, and nothing beyond the last.
static inline __attribute__((always_inline)) void vector_list16(uint16_t bits, int32_t first, int32_t *list) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i numbers = _mm512_add_epi32(lanes, _mm512_set1_epi32(first));
  const uint32_t written = (1u << __builtin_popcount(bits)) - 1;
  // Compressed in a register: compressing into memory takes some CPUs a hundred cycles.
  _mm512_mask_storeu_epi32(list, (__mmask16)written, _mm512_maskz_compress_epi32(bits, numbers));
}
#endif
