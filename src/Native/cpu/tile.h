// The register tile that every matrix product here is made of: C[rows x NR] (+)= A[rows x K] B[K x NR], float32.
// A(i, k) = a[i * a_row + k * a_k]; row k of B is b + k * b_k (NR floats in a row); C has row stride c_row.
#pragma once
#include "simd.h"

namespace actorring::cpu::AR_ISA {

template <int ROWS, bool ACCUMULATE>
AR_INLINE void tile(int64_t k_count, const float* a, int64_t a_row, int64_t a_k, const float* b, int64_t b_k, float* c, int64_t c_row) {
  F sum[ROWS][NV];
#pragma GCC unroll 8
  for (int i = 0; i < ROWS; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < NV; j++) sum[i][j] = ACCUMULATE ? load(c + i * c_row + j * W) : zero();
  }
  for (int64_t k = 0; k < k_count; k++) {
    F right[NV];
#pragma GCC unroll 8
    for (int j = 0; j < NV; j++) right[j] = load(b + j * W);
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++) {
      const F left = set1(a[i * a_row]);
#pragma GCC unroll 8
      for (int j = 0; j < NV; j++) sum[i][j] = fma(left, right[j], sum[i][j]);
    }
    a += a_k;
    b += b_k;
  }
#pragma GCC unroll 8
  for (int i = 0; i < ROWS; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < NV; j++) store(c + i * c_row + j * W, sum[i][j]);
  }
}

// Any number of rows, MR at a time.
template <bool ACCUMULATE>
__attribute__((noinline)) static void tile_rows(int64_t rows, int64_t k_count, const float* a, int64_t a_row, int64_t a_k, const float* b, int64_t b_k, float* c, int64_t c_row) {
  int64_t i = 0;
  for (; i + MR <= rows; i += MR) tile<MR, ACCUMULATE>(k_count, a + i * a_row, a_row, a_k, b, b_k, c + i * c_row, c_row);
  a += i * a_row;
  c += i * c_row;
  switch (rows - i) {
    case 5: if constexpr (MR > 5) tile<5, ACCUMULATE>(k_count, a, a_row, a_k, b, b_k, c, c_row); break;
    case 4: if constexpr (MR > 4) tile<4, ACCUMULATE>(k_count, a, a_row, a_k, b, b_k, c, c_row); break;
    case 3: tile<3, ACCUMULATE>(k_count, a, a_row, a_k, b, b_k, c, c_row); break;
    case 2: tile<2, ACCUMULATE>(k_count, a, a_row, a_k, b, b_k, c, c_row); break;
    case 1: tile<1, ACCUMULATE>(k_count, a, a_row, a_k, b, b_k, c, c_row); break;
    default: break;
  }
}

}  // namespace actorring::cpu::AR_ISA
