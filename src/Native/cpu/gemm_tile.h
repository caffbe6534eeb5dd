// The inner loop of every product of the linear layers: one block of TR x TC sums in registers.
//
// Operands are packed in units of four bytes along K: one float32, or, for the bf16 dot product, two neighbouring bf16 values. A lies in strips of TR rows,
// unit k of row i at a[k * TR + i]; B in panels of TC columns, unit k of column j at b[k * TC + j].
#pragma once
#include <cstddef>

#include "simd.h"

namespace actorring::cpu::AR_ISA {

#if defined(AR_BF16_DOT)
constexpr bool kHasDot = true;
#else
constexpr bool kHasDot = false;
#endif

// sum += a * b for units that are floats, a.low * b.low + a.high * b.high for units that are bf16 pairs.
template <bool DOT>
AR_INLINE void multiply_add(F a, F b, F& sum) {
#if defined(AR_BF16_DOT_EMULATED)
  if constexpr (DOT) {
    const __m512i x = _mm512_castps_si512(a), y = _mm512_castps_si512(b), high = _mm512_set1_epi32(static_cast<int>(0xffff0000u));
    sum = fma(_mm512_castsi512_ps(_mm512_slli_epi32(x, 16)), _mm512_castsi512_ps(_mm512_slli_epi32(y, 16)), sum);
    sum = fma(_mm512_castsi512_ps(_mm512_and_si512(x, high)), _mm512_castsi512_ps(_mm512_and_si512(y, high)), sum);
    return;
  }
#elif defined(AR_BF16_DOT)
  if constexpr (DOT) {
    sum = _mm512_dpbf16_ps(sum, (__m512bh)_mm512_castps_si512(a), (__m512bh)_mm512_castps_si512(b));
    return;
  }
#endif
  add_product(a, b, sum);
}

// On AVX-512 a tall tile: 14 x 2 vectors ask L2 for half the lines of B per multiply-add that 6 x 4 do (measured on Cascade Lake, panels streaming from L3:
// 0.92 of peak instead of 0.88).
#if defined(__AVX512F__)
constexpr int TR = 14;
constexpr int TV = 2;
#else
constexpr int TR = MR;
constexpr int TV = NV;
#endif
constexpr int TC = TV * W;

template <bool DOT>
AR_INLINE void tile_step(F (&sum)[TR][TV], const float* a, const float* b) {
  F right[TV];
#pragma GCC unroll 4
  for (int j = 0; j < TV; j++) right[j] = load(b + j * W);
#pragma GCC unroll 16
  for (int i = 0; i < TR; i++) {
    const F left = set1(a[i]);
#pragma GCC unroll 4
    for (int j = 0; j < TV; j++) multiply_add<DOT>(left, right[j], sum[i][j]);
  }
}

// What a tile asks the caches for while it computes, spread over its steps: a burst would hold up the loads of its own panel.
struct Ahead {
  const std::byte* panel;  // this strip's share of the next panel, from L3 to L2
  int64_t panel_step;      // bytes per turn
  const float* result;     // this tile's sums, needed at its end
  int64_t result_row;
};

// One product of a strip and a panel over k_count units.
template <bool DOT>
AR_INLINE void tile_product(int64_t k_count, const float* a, const float* b, Ahead ahead, F (&sum)[TR][TV]) {
#pragma GCC unroll 16
  for (int i = 0; i < TR; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < TV; j++) sum[i][j] = zero();
  }
  // Two steps a turn: with four, GCC 12 spills sums.
  const int64_t turns = k_count / 2, turns_per_row = turns / TR;
  int64_t turn = 0;
  for (int row = 0; row <= TR; row++) {
    if (row < TR) {
      __builtin_prefetch(ahead.result, 1, 3);
      __builtin_prefetch(ahead.result + TC - 1, 1, 3);
      ahead.result += ahead.result_row;
    }
    for (const int64_t end = row < TR ? turn + turns_per_row : turns; turn < end; turn++) {
      __builtin_prefetch(ahead.panel, 0, 2);
      ahead.panel += ahead.panel_step;
      tile_step<DOT>(sum, a, b);
      tile_step<DOT>(sum, a + TR, b + TC);
      a += 2 * TR;
      b += 2 * TC;
    }
  }
  if (k_count % 2 != 0) tile_step<DOT>(sum, a, b);
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
      F x = load(sums + i * TC + j);
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
    F x = load(sums + i * TC + j);
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

// All strips of a block of A against one panel of B. `rows` counts the result's rows; what the last strip lacks to TR holds zeros.
template <bool DOT>
__attribute__((noinline)) static void tile_column(int64_t rows, int64_t columns, int64_t k_count, const float* strips, int64_t strip_floats,
    const float* panel, const float* next_panel, Finish to) {
  const bool plain = columns == TC && to.bias == nullptr && to.rounded == nullptr;
  const int64_t panel_step = min(64, (2 * TC * 4 * TR + rows - 1) / rows);
  const std::byte* ahead_panel = reinterpret_cast<const std::byte*>(next_panel);
  for (int64_t i = 0; i < rows; i += TR) {
    F sum[TR][TV];
    tile_product<DOT>(k_count, strips, panel, {ahead_panel, panel_step, to.partial, to.partial_row}, sum);
    if (plain && i + TR <= rows) {
      if (to.add_partial) {
#pragma GCC unroll 16
        for (int r = 0; r < TR; r++) {
#pragma GCC unroll 4
          for (int j = 0; j < TV; j++) sum[r][j] = add(load(to.partial + r * to.partial_row + j * W), sum[r][j]);
        }
      }
#pragma GCC unroll 16
      for (int r = 0; r < TR; r++) {
#pragma GCC unroll 4
        for (int j = 0; j < TV; j++) store(to.partial + r * to.partial_row + j * W, sum[r][j]);
      }
    } else {
      alignas(64) float sums[TR * TC];
#pragma GCC unroll 16
      for (int r = 0; r < TR; r++) {
#pragma GCC unroll 4
        for (int j = 0; j < TV; j++) store(sums + r * TC + j * W, sum[r][j]);
      }
      finish_block(sums, min(rows - i, TR), columns, to);
    }
    strips += strip_floats;
    ahead_panel += k_count / 2 * panel_step;
    to.partial += TR * to.partial_row;
    if (to.rounded != nullptr) to.rounded += TR * to.rounded_row;
  }
}

}  // namespace actorring::cpu::AR_ISA
