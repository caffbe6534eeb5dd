// Float vectors of the instruction set this file is compiled for. Include only from kernel files, which CMake compiles once per instruction set with AR_ISA set to
// the namespace's name: everything here is static and inside that namespace, because one copy of an inline function compiled for AVX-512 and picked by the linker for the
// portable kernels would crash older machines. For the same reason kernel files use no standard-library templates that are not fully inlined.
#pragma once
#include <cstdint>
#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define AR_INLINE static inline __attribute__((always_inline))

namespace actorring::cpu::AR_ISA {

AR_INLINE int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }
AR_INLINE int64_t max(int64_t a, int64_t b) { return a > b ? a : b; }
AR_INLINE int64_t clamp(int64_t x, int64_t low, int64_t high) { return min(max(x, low), high); }
AR_INLINE int64_t round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }

using bf16 = uint16_t;

AR_INLINE float to_float(bf16 x) {
  const uint32_t bits = static_cast<uint32_t>(x) << 16;
  float result;
  std::memcpy(&result, &bits, 4);
  return result;
}
AR_INLINE bf16 to_bf16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<bf16>((bits >> 16) | 0x40u);  // NaN stays NaN
  return static_cast<bf16>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

#if defined(__AVX512F__)

constexpr int W = 16;     // floats in a vector
constexpr int MR = 6;     // rows of a register tile
constexpr int NV = 4;     // vectors in a row of it
using F = __m512;
using M = __mmask16;
AR_INLINE F zero() { return _mm512_setzero_ps(); }
AR_INLINE F set1(float x) { return _mm512_set1_ps(x); }
AR_INLINE F load(const float* p) { return _mm512_loadu_ps(p); }
AR_INLINE void store(float* p, F x) { _mm512_storeu_ps(p, x); }
AR_INLINE F add(F a, F b) { return _mm512_add_ps(a, b); }
AR_INLINE F sub(F a, F b) { return _mm512_sub_ps(a, b); }
AR_INLINE F mul(F a, F b) { return _mm512_mul_ps(a, b); }
AR_INLINE F div(F a, F b) { return _mm512_div_ps(a, b); }
AR_INLINE F sqrt(F a) { return _mm512_sqrt_ps(a); }
AR_INLINE F max(F a, F b) { return _mm512_max_ps(a, b); }
AR_INLINE F min(F a, F b) { return _mm512_min_ps(a, b); }
AR_INLINE F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }    // a b + c
AR_INLINE F fnma(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); }  // c - a b
AR_INLINE void add_product(F a, F b, F& sum) { sum = fma(a, b, sum); }
AR_INLINE F round(F x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
AR_INLINE F scale_by_power_of_two(F x, F n) { return _mm512_scalef_ps(x, n); }
AR_INLINE float reduce_add(F x) { return _mm512_reduce_add_ps(x); }
AR_INLINE float reduce_max(F x) { return _mm512_reduce_max_ps(x); }
AR_INLINE M lanes(int64_t low, int64_t high) {  // lanes in [low, high)
  const uint32_t upto = (1u << clamp(high, 0, 16)) - 1;
  return static_cast<M>(upto & ~((1u << clamp(low, 0, 16)) - 1));
}
AR_INLINE M lanes_of(uint64_t bits) { return static_cast<M>(bits); }  // lane i where bit i is set
AR_INLINE M either(M a, M b) { return static_cast<M>(a | b); }
AR_INLINE F select(M m, F a, F b) { return _mm512_mask_mov_ps(b, m, a); }  // a where m, else b
AR_INLINE F load_first(const float* p, int64_t n) { return _mm512_maskz_loadu_ps(lanes(0, n), p); }  // n < W; the rest 0, not read
AR_INLINE void store_first(float* p, int64_t n, F x) { _mm512_mask_storeu_ps(p, lanes(0, n), x); }
AR_INLINE F load(const bf16* p) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))), 16)); }
AR_INLINE __m256i round_to_bf16(F x) {
  const __m512i bits = _mm512_castps_si512(x);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff))), 16);
  const __m512i quiet = _mm512_or_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(0x40));
  return _mm512_cvtepi32_epi16(_mm512_mask_mov_epi32(rounded, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), quiet));
}
AR_INLINE void store(bf16* p, F x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), round_to_bf16(x)); }

#elif defined(__AVX2__)

constexpr int W = 8;
constexpr int MR = 6;
constexpr int NV = 2;
using F = __m256;
using M = __m256;
AR_INLINE F zero() { return _mm256_setzero_ps(); }
AR_INLINE F set1(float x) { return _mm256_set1_ps(x); }
AR_INLINE F load(const float* p) { return _mm256_loadu_ps(p); }
AR_INLINE void store(float* p, F x) { _mm256_storeu_ps(p, x); }
AR_INLINE F add(F a, F b) { return _mm256_add_ps(a, b); }
AR_INLINE F sub(F a, F b) { return _mm256_sub_ps(a, b); }
AR_INLINE F mul(F a, F b) { return _mm256_mul_ps(a, b); }
AR_INLINE F div(F a, F b) { return _mm256_div_ps(a, b); }
AR_INLINE F sqrt(F a) { return _mm256_sqrt_ps(a); }
AR_INLINE F max(F a, F b) { return _mm256_max_ps(a, b); }
AR_INLINE F min(F a, F b) { return _mm256_min_ps(a, b); }
AR_INLINE F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
AR_INLINE F fnma(F a, F b, F c) { return _mm256_fnmadd_ps(a, b, c); }
// sum += a b in the sum's own register. Left to choose, GCC 12 puts some sums of a register tile in place of an operand, and then moves or spills others to make room:
// a tenth of a product's time on 16 registers.
AR_INLINE void add_product(F a, F b, F& sum) { __asm__("vfmadd231ps %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b)); }
AR_INLINE F round(F x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
AR_INLINE F scale_by_power_of_two(F x, F n) {
  const __m256i exponent = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(x, _mm256_castsi256_ps(exponent));
}
AR_INLINE float reduce_add(F x) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}
AR_INLINE float reduce_max(F x) {
  __m128 half = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  half = _mm_max_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
}
AR_INLINE M lanes(int64_t low, int64_t high) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i from = _mm256_set1_epi32(static_cast<int>(clamp(low, 0, 8)) - 1);
  const __m256i to = _mm256_set1_epi32(static_cast<int>(clamp(high, 0, 8)));
  return _mm256_castsi256_ps(_mm256_and_si256(_mm256_cmpgt_epi32(lane, from), _mm256_cmpgt_epi32(to, lane)));
}
AR_INLINE M lanes_of(uint64_t bits) {
  const __m256i lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  return _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(static_cast<int>(bits & 255)), lane), lane));
}
AR_INLINE M either(M a, M b) { return _mm256_or_ps(a, b); }
AR_INLINE F select(M m, F a, F b) { return _mm256_blendv_ps(b, a, m); }
AR_INLINE F load_first(const float* p, int64_t n) { return _mm256_maskload_ps(p, _mm256_castps_si256(lanes(0, n))); }
AR_INLINE void store_first(float* p, int64_t n, F x) { _mm256_maskstore_ps(p, _mm256_castps_si256(lanes(0, n)), x); }
AR_INLINE F load(const bf16* p) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))), 16)); }
AR_INLINE void store(bf16* p, F x) {
  const __m256i bits = _mm256_castps_si256(x);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff))), 16);
  const __m256i quiet = _mm256_or_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(0x40));
  const __m256i words = _mm256_blendv_epi8(rounded, quiet, _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q)));
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(words, words), 0xd8);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(packed));
}

#else

constexpr int W = 4;
constexpr int MR = 4;
constexpr int NV = 2;
typedef float F __attribute__((vector_size(16)));
typedef int32_t M __attribute__((vector_size(16)));
AR_INLINE F zero() { return F{0, 0, 0, 0}; }
AR_INLINE F set1(float x) { return F{x, x, x, x}; }
AR_INLINE F load(const float* p) {
  F x;
  std::memcpy(&x, p, sizeof x);
  return x;
}
AR_INLINE void store(float* p, F x) { std::memcpy(p, &x, sizeof x); }
AR_INLINE F add(F a, F b) { return a + b; }
AR_INLINE F sub(F a, F b) { return a - b; }
AR_INLINE F mul(F a, F b) { return a * b; }
AR_INLINE F div(F a, F b) { return a / b; }
AR_INLINE F sqrt(F a) {
  for (int i = 0; i < W; i++) a[i] = __builtin_sqrtf(a[i]);
  return a;
}
AR_INLINE F select(M m, F a, F b) { return (F)(((M)a & m) | ((M)b & ~m)); }
AR_INLINE F max(F a, F b) { return select(a > b, a, b); }
AR_INLINE F min(F a, F b) { return select(a < b, a, b); }
AR_INLINE F fma(F a, F b, F c) { return a * b + c; }
AR_INLINE F fnma(F a, F b, F c) { return c - a * b; }
AR_INLINE void add_product(F a, F b, F& sum) { sum = fma(a, b, sum); }
AR_INLINE F round(F x) {  // |x| < 2^22 here: adding and taking off 1.5 * 2^23 rounds to nearest even
  const F magic = set1(12582912.0f);
  F shifted = x + magic;
  __asm__("" : "+x"(shifted));  // keep the compiler from folding the pair away
  return shifted - magic;
}
AR_INLINE F scale_by_power_of_two(F x, F n) {
  const M exponent = (__builtin_convertvector(n, M) + 127) << 23;
  return x * (F)exponent;
}
AR_INLINE float reduce_add(F x) { return (x[0] + x[2]) + (x[1] + x[3]); }
AR_INLINE float reduce_max(F x) {
  const float a = x[0] > x[2] ? x[0] : x[2];
  const float b = x[1] > x[3] ? x[1] : x[3];
  return a > b ? a : b;
}
AR_INLINE M lanes(int64_t low, int64_t high) {
  const M lane{0, 1, 2, 3};
  return (lane >= static_cast<int32_t>(clamp(low, 0, 4))) & (lane < static_cast<int32_t>(clamp(high, 0, 4)));
}
AR_INLINE M lanes_of(uint64_t bits) {
  const int32_t low = static_cast<int32_t>(bits & 15);
  const M lane{1, 2, 4, 8};
  return (M{low, low, low, low} & lane) == lane;
}
AR_INLINE M either(M a, M b) { return a | b; }
AR_INLINE F load_first(const float* p, int64_t n) {
  F x = zero();
  for (int i = 0; i < n; i++) x[i] = p[i];
  return x;
}
AR_INLINE void store_first(float* p, int64_t n, F x) {
  for (int i = 0; i < n; i++) p[i] = x[i];
}
AR_INLINE F load(const bf16* p) { return F{to_float(p[0]), to_float(p[1]), to_float(p[2]), to_float(p[3])}; }
AR_INLINE void store(bf16* p, F x) {
  for (int i = 0; i < W; i++) p[i] = to_bf16(x[i]);
}

#endif

constexpr int NR = NV * W;  // columns of a register tile

// The last n < W elements of a row, float32 or bf16.
AR_INLINE F load_first(const bf16* p, int64_t n) {
  alignas(64) bf16 padded[W] = {};
  for (int i = 0; i < n; i++) padded[i] = p[i];
  return load(padded);
}
AR_INLINE void store_first(bf16* p, int64_t n, F x) {
  alignas(64) bf16 padded[W];
  store(padded, x);
  for (int i = 0; i < n; i++) p[i] = padded[i];
}

// 2^x for x <= 127, relative error below 2e-7; 0-like (2^-126) below -126. Degree-5 polynomial on [-1/2, 1/2].
AR_INLINE F exp2(F x) {
  x = max(set1(-126.0f), x);  // in this order a NaN stays one
  const F n = round(x);
  const F f = sub(x, n);
  F p = set1(1.326472640e-03f);
  p = fma(p, f, set1(9.671512699e-03f));
  p = fma(p, f, set1(5.550733746e-02f));
  p = fma(p, f, set1(2.402224208e-01f));
  p = fma(p, f, set1(6.931469776e-01f));
  p = fma(p, f, set1(1.0f));
  return scale_by_power_of_two(p, n);
}

}  // namespace actorring::cpu::AR_ISA
