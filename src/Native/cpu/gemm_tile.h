// The inner loop of every product of the linear layers: one MR x NR block of sums in registers.
//
// Operands are packed in units of four bytes along K: one float32, or, for the bf16 dot product, two neighbouring bf16 values. B lies in panels of NR columns,
// unit k of column j at b[k * NR + j]. A lies either in strips of MR rows (unit k of row i at a[k * MR + i]) or by rows.
#pragma once
#include <cstddef>

#include "simd.h"

namespace actorring::cpu::AR_ISA {

#if defined(AR_BF16_DOT)
constexpr bool kHasDot = true;
#else
constexpr bool kHasDot = false;
#endif

// sum + a * b for units that are floats, sum + a.low * b.low + a.high * b.high for units that are bf16 pairs.
template <bool DOT>
AR_INLINE F multiply_add(F a, F b, F sum) {
#if defined(AR_BF16_DOT_EMULATED)
  if constexpr (DOT) {
    const __m512i x = _mm512_castps_si512(a), y = _mm512_castps_si512(b), high = _mm512_set1_epi32(static_cast<int>(0xffff0000u));
    sum = fma(_mm512_castsi512_ps(_mm512_slli_epi32(x, 16)), _mm512_castsi512_ps(_mm512_slli_epi32(y, 16)), sum);
    return fma(_mm512_castsi512_ps(_mm512_and_si512(x, high)), _mm512_castsi512_ps(_mm512_and_si512(y, high)), sum);
  }
#elif defined(AR_BF16_DOT)
  if constexpr (DOT) return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_castps_si512(a), (__m512bh)_mm512_castps_si512(b));
#endif
  return fma(a, b, sum);
}

struct Strip {
  const std::byte* units;  // of the strip's first row
  int64_t row_bytes;       // between rows where A lies by rows
};

template <bool DOT, bool BY_ROWS>
AR_INLINE void tile_step(F (&sum)[MR][NV], const std::byte* a, int64_t row_bytes, const float* b) {
  F right[NV];
#pragma GCC unroll 8
  for (int j = 0; j < NV; j++) right[j] = load(b + j * W);
#pragma GCC unroll 8
  for (int i = 0; i < MR; i++) {
    float unit;
    std::memcpy(&unit, a + i * (BY_ROWS ? row_bytes : 4), 4);
    const F left = set1(unit);
#pragma GCC unroll 8
    for (int j = 0; j < NV; j++) sum[i][j] = multiply_add<DOT>(left, right[j], sum[i][j]);
  }
}

// One product of a strip and a panel over k_count units.
template <bool DOT, bool BY_ROWS>
AR_INLINE void tile_product(int64_t k_count, Strip strip, const float* b, F (&sum)[MR][NV]) {
  constexpr int64_t kStepBytes = BY_ROWS ? 4 : 4 * MR;
  // The panel streams from L2 or L3: asking eight steps ahead hides most of either's latency.
  constexpr int64_t kAhead = 8 * NR;
#pragma GCC unroll 8
  for (int i = 0; i < MR; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < NV; j++) sum[i][j] = zero();
  }
  const std::byte* a = strip.units;
  int64_t k = 0;
  // Two steps a turn: with four, GCC 12 spills accumulators.
  for (; k + 2 <= k_count; k += 2) {
#pragma GCC unroll 8
    for (int64_t line = 0; line < NR; line += 16) __builtin_prefetch(b + kAhead + line, 0, 3);
    tile_step<DOT, BY_ROWS>(sum, a, strip.row_bytes, b);
#pragma GCC unroll 8
    for (int64_t line = NR; line < 2 * NR; line += 16) __builtin_prefetch(b + kAhead + line, 0, 3);
    tile_step<DOT, BY_ROWS>(sum, a + kStepBytes, strip.row_bytes, b + NR);
    a += 2 * kStepBytes;
    b += 2 * NR;
  }
  if (k < k_count) tile_step<DOT, BY_ROWS>(sum, a, strip.row_bytes, b);
}

// Where a tile's sums go. Sums of earlier K blocks wait in `partial`, which is the result itself where that is float32.
struct Finish {
  float* partial;
  int64_t partial_row;
  bool add_partial;
  const float* bias;  // null: none, or not the last K block
  bf16* rounded;      // the bf16 result, written instead of `partial` at the last K block; else null
  int64_t rounded_row;
  bool add_rounded;
};

__attribute__((noinline)) static void finish_block(const float* sums, int64_t rows, int64_t columns, const Finish& to) {
  for (int64_t i = 0; i < rows; i++) {
    float* partial = to.partial + i * to.partial_row;
    bf16* rounded = to.rounded == nullptr ? nullptr : to.rounded + i * to.rounded_row;
    int64_t j = 0;
    for (; j + W <= columns; j += W) {
      F x = load(sums + i * NR + j);
      if (to.add_partial) x = add(load(partial + j), x);
      if (to.bias != nullptr) x = add(x, load(to.bias + j));
      if (rounded == nullptr) {
        store(partial + j, x);
      } else {
        if (to.add_rounded) x = add(load(rounded + j), x);
        store(rounded + j, x);
      }
    }
    if (j == columns) continue;
    const int64_t rest = columns - j;
    F x = load(sums + i * NR + j);
    if (to.add_partial) x = add(load_first(partial + j, rest), x);
    if (to.bias != nullptr) x = add(x, load_first(to.bias + j, rest));
    if (rounded == nullptr) {
      store_first(partial + j, rest, x);
    } else {
      if (to.add_rounded) x = add(load_first(rounded + j, rest), x);
      store_first(rounded + j, rest, x);
    }
  }
}

// All strips of a block of A against one panel of B. `rows` counts the result's rows; strips beyond them hold zeros.
template <bool DOT, bool BY_ROWS>
__attribute__((noinline)) static void tile_column(int64_t rows, int64_t columns, int64_t k_count, Strip strip, int64_t strip_bytes, Strip last_strip, const float* b, Finish to) {
  const bool plain = columns == NR && to.bias == nullptr && to.rounded == nullptr;
  for (int64_t i = 0; i < rows; i += MR) {
    const bool whole = i + MR <= rows;
    if (plain && whole) {
#pragma GCC unroll 8
      for (int r = 0; r < MR; r++) {
#pragma GCC unroll 8
        for (int line = 0; line < NR; line += 16) __builtin_prefetch(to.partial + r * to.partial_row + line, 1, 3);
      }
    }
    F sum[MR][NV];
    tile_product<DOT, BY_ROWS>(k_count, whole ? strip : last_strip, b, sum);
    if (plain && whole) {
      if (to.add_partial) {
#pragma GCC unroll 8
        for (int r = 0; r < MR; r++) {
#pragma GCC unroll 8
          for (int j = 0; j < NV; j++) sum[r][j] = add(load(to.partial + r * to.partial_row + j * W), sum[r][j]);
        }
      }
#pragma GCC unroll 8
      for (int r = 0; r < MR; r++) {
#pragma GCC unroll 8
        for (int j = 0; j < NV; j++) store(to.partial + r * to.partial_row + j * W, sum[r][j]);
      }
    } else {
      alignas(64) float sums[MR * NR];
#pragma GCC unroll 8
      for (int r = 0; r < MR; r++) {
#pragma GCC unroll 8
        for (int j = 0; j < NV; j++) store(sums + r * NR + j * W, sum[r][j]);
      }
      finish_block(sums, min(rows - i, MR), columns, to);
    }
    strip.units += strip_bytes;
    to.partial += MR * to.partial_row;
    if (to.rounded != nullptr) to.rounded += MR * to.rounded_row;
  }
}

}  // namespace actorring::cpu::AR_ISA
