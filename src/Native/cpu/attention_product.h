// The matrix products of attention: C[rows x columns] (+)= A[rows x depth] B[depth x columns] in float32, on words that are floats or pairs of bfloat16.
// A(i, k) = a[i * a_row + k * a_k]; row k of B is b + k * b_k; C has row stride c_row; columns is a multiple of W.
#pragma once
#include "simd.h"

namespace actorring::cpu::AR_ISA {

AR_INLINE F load_words(const float* p) { return load(p); }
AR_INLINE F broadcast_word(const float* p) { return set1(*p); }
AR_INLINE void multiply_words(F a, F b, F& sum) { add_product(a, b, sum); }

#if defined(AR_BF16_DOT)
using Pairs = __m512i;  // 16 words of two bfloat16 each
AR_INLINE Pairs load_words(const uint32_t* p) { return _mm512_loadu_si512(p); }
AR_INLINE Pairs broadcast_word(const uint32_t* p) { return _mm512_set1_epi32(static_cast<int>(*p)); }
#if defined(AR_BF16_DOT_EMULATED)
AR_INLINE void multiply_words(Pairs a, Pairs b, F& sum) {
  const __m512i high = _mm512_set1_epi32(static_cast<int>(0xffff0000u));
  const F odd = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_and_si512(a, high)), _mm512_castsi512_ps(_mm512_and_si512(b, high)), sum);
  sum = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_slli_epi32(a, 16)), _mm512_castsi512_ps(_mm512_slli_epi32(b, 16)), odd);
}
#else
AR_INLINE void multiply_words(Pairs a, Pairs b, F& sum) { sum = _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }
#endif
#endif

// What the next tile will read, brought into L2 while this one computes: without it every tile starts by waiting for L3. Every fourth step of a product fetches the line
// at `at` and moves on by `step` bytes.
struct Ahead {
  const char* at;
  int64_t step;
};

AR_INLINE Ahead ahead_of(const void* at, int64_t bytes, int64_t steps) { return {static_cast<const char*>(at), bytes * 4 / max(steps, 1)}; }

template <int VECTORS, class Word>
struct Operands {
  const Word* a;
  int64_t a_row, a_k;
  const Word* b;
  int64_t b_k;
};

template <int ROWS, int VECTORS, class Word>
AR_INLINE void multiply_step(Operands<VECTORS, Word>& at, F (&sum)[ROWS][VECTORS]) {
  decltype(load_words(at.b)) right[VECTORS];
#pragma GCC unroll 8
  for (int j = 0; j < VECTORS; j++) right[j] = load_words(at.b + j * W);
#pragma GCC unroll 8
  for (int i = 0; i < ROWS; i++) {
    const auto left = broadcast_word(at.a + i * at.a_row);
#pragma GCC unroll 8
    for (int j = 0; j < VECTORS; j++) multiply_words(left, right[j], sum[i][j]);
  }
  at.a += at.a_k;
  at.b += at.b_k;
}

template <int ROWS, int VECTORS, bool ACCUMULATE, class Word>
AR_INLINE void register_tile(int64_t depth, const Word* a, int64_t a_row, int64_t a_k, const Word* b, int64_t b_k, float* c, int64_t c_row, Ahead& ahead) {
  F sum[ROWS][VECTORS];
#pragma GCC unroll 8
  for (int i = 0; i < ROWS; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < VECTORS; j++) sum[i][j] = ACCUMULATE ? load(c + i * c_row + j * W) : zero();
  }
  Operands<VECTORS, Word> at{a, a_row, a_k, b, b_k};
  int64_t k = 0;
  for (; k + 4 <= depth; k += 4) {
    __builtin_prefetch(ahead.at, 0, 2);
    ahead.at += ahead.step;
    multiply_step<ROWS, VECTORS>(at, sum);
    multiply_step<ROWS, VECTORS>(at, sum);
    multiply_step<ROWS, VECTORS>(at, sum);
    multiply_step<ROWS, VECTORS>(at, sum);
  }
  for (; k < depth; k++) multiply_step<ROWS, VECTORS>(at, sum);
#pragma GCC unroll 8
  for (int i = 0; i < ROWS; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < VECTORS; j++) store(c + i * c_row + j * W, sum[i][j]);
  }
}

template <int VECTORS, bool ACCUMULATE, class Word>
__attribute__((noinline)) static void product_strip(int64_t rows, int64_t depth, const Word* a, int64_t a_row, int64_t a_k, const Word* b, int64_t b_k, float* c, int64_t c_row, Ahead& ahead) {
  int64_t i = 0;
  for (; i + MR <= rows; i += MR) register_tile<MR, VECTORS, ACCUMULATE>(depth, a + i * a_row, a_row, a_k, b, b_k, c + i * c_row, c_row, ahead);
  a += i * a_row;
  c += i * c_row;
  switch (rows - i) {
    case 5: if constexpr (MR > 5) register_tile<5, VECTORS, ACCUMULATE>(depth, a, a_row, a_k, b, b_k, c, c_row, ahead); break;
    case 4: if constexpr (MR > 4) register_tile<4, VECTORS, ACCUMULATE>(depth, a, a_row, a_k, b, b_k, c, c_row, ahead); break;
    case 3: register_tile<3, VECTORS, ACCUMULATE>(depth, a, a_row, a_k, b, b_k, c, c_row, ahead); break;
    case 2: register_tile<2, VECTORS, ACCUMULATE>(depth, a, a_row, a_k, b, b_k, c, c_row, ahead); break;
    case 1: register_tile<1, VECTORS, ACCUMULATE>(depth, a, a_row, a_k, b, b_k, c, c_row, ahead); break;
    default: break;
  }
}

template <bool ACCUMULATE, class Word>
static void product(int64_t rows, int64_t columns, int64_t depth, const Word* a, int64_t a_row, int64_t a_k, const Word* b, int64_t b_k, float* c, int64_t c_row, Ahead& ahead) {
  int64_t column = 0;
  for (; column + NR <= columns; column += NR) product_strip<NV, ACCUMULATE>(rows, depth, a, a_row, a_k, b + column, b_k, c + column, c_row, ahead);
  switch ((columns - column) / W) {
    case 3: if constexpr (NV > 3) product_strip<3, ACCUMULATE>(rows, depth, a, a_row, a_k, b + column, b_k, c + column, c_row, ahead); break;
    case 2: if constexpr (NV > 2) product_strip<2, ACCUMULATE>(rows, depth, a, a_row, a_k, b + column, b_k, c + column, c_row, ahead); break;
    case 1: product_strip<1, ACCUMULATE>(rows, depth, a, a_row, a_k, b + column, b_k, c + column, c_row, ahead); break;
    default: break;
  }
}

}  // namespace actorring::cpu::AR_ISA
