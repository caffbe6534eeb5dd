// W x W transposition in registers.
#pragma once
#include "simd.h"

namespace actorring::cpu::AR_ISA {

AR_INLINE void transpose(F (&row)[W]) {
#if defined(__AVX512F__)
  F pair[W];
#pragma GCC unroll 8
  for (int i = 0; i < W; i += 2) {
    pair[i] = _mm512_unpacklo_ps(row[i], row[i + 1]);
    pair[i + 1] = _mm512_unpackhi_ps(row[i], row[i + 1]);
  }
  // quad[4 g + c] holds, in 128-bit lane l, column 4 l + c of rows 4 g to 4 g + 3.
  F quad[W];
#pragma GCC unroll 4
  for (int g = 0; g < 4; g++) {
    const __m512d low0 = _mm512_castps_pd(pair[4 * g]), low1 = _mm512_castps_pd(pair[4 * g + 2]);
    const __m512d high0 = _mm512_castps_pd(pair[4 * g + 1]), high1 = _mm512_castps_pd(pair[4 * g + 3]);
    quad[4 * g] = _mm512_castpd_ps(_mm512_unpacklo_pd(low0, low1));
    quad[4 * g + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low0, low1));
    quad[4 * g + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(high0, high1));
    quad[4 * g + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(high0, high1));
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; c++) {
    const F even01 = _mm512_shuffle_f32x4(quad[c], quad[4 + c], 0x88), odd01 = _mm512_shuffle_f32x4(quad[c], quad[4 + c], 0xdd);
    const F even23 = _mm512_shuffle_f32x4(quad[8 + c], quad[12 + c], 0x88), odd23 = _mm512_shuffle_f32x4(quad[8 + c], quad[12 + c], 0xdd);
    row[c] = _mm512_shuffle_f32x4(even01, even23, 0x88);
    row[4 + c] = _mm512_shuffle_f32x4(odd01, odd23, 0x88);
    row[8 + c] = _mm512_shuffle_f32x4(even01, even23, 0xdd);
    row[12 + c] = _mm512_shuffle_f32x4(odd01, odd23, 0xdd);
  }
#elif defined(__AVX2__)
  F pair[W];
#pragma GCC unroll 4
  for (int i = 0; i < W; i += 2) {
    pair[i] = _mm256_unpacklo_ps(row[i], row[i + 1]);
    pair[i + 1] = _mm256_unpackhi_ps(row[i], row[i + 1]);
  }
  F quad[W];
#pragma GCC unroll 2
  for (int g = 0; g < 2; g++) {
    quad[4 * g] = _mm256_shuffle_ps(pair[4 * g], pair[4 * g + 2], 0x44);
    quad[4 * g + 1] = _mm256_shuffle_ps(pair[4 * g], pair[4 * g + 2], 0xee);
    quad[4 * g + 2] = _mm256_shuffle_ps(pair[4 * g + 1], pair[4 * g + 3], 0x44);
    quad[4 * g + 3] = _mm256_shuffle_ps(pair[4 * g + 1], pair[4 * g + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; c++) {
    row[c] = _mm256_permute2f128_ps(quad[c], quad[4 + c], 0x20);
    row[4 + c] = _mm256_permute2f128_ps(quad[c], quad[4 + c], 0x31);
  }
#else
  for (int i = 0; i < W; i++) {
    for (int j = i + 1; j < W; j++) {
      const float kept = row[i][j];
      row[i][j] = row[j][i];
      row[j][i] = kept;
    }
  }
#endif
}

}  // namespace actorring::cpu::AR_ISA
