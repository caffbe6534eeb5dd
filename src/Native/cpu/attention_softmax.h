// The online softmax of one row over one tile (arXiv:1805.02867). Exponents are taken to base 2: `scale_log2` is scale * log2(e), and a row's maximum is kept in these units.
#pragma once
#include "attention_bits.h"
#include "attention_pairs.h"

namespace actorring::cpu::AR_ISA {

constexpr double kLog2E = 1.4426950408889634074;
constexpr double kLn2 = 0.69314718055994530942;

// The running state of a block of rows, and what one tile does to it.
struct RowStates {
  float maximum[kRows];  // of the scores so far, base 2; -infinity if there were none
  float sum[kRows];      // of the weights, relative to the maximum
  float shrink[kRows];   // by which the tile at hand raised the maximum: earlier sums shrink by it
};

AR_INLINE float minus_infinity() { return -__builtin_inff(); }

AR_INLINE void store_weights(float* p, F x) { store(p, x); }
#if defined(AR_BF16_DOT)
AR_INLINE void store_weights(bf16* p, F x) {
#if defined(AR_BF16_DOT_EMULATED)
  store(p, x);
#else
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), (__m256i)_mm512_cvtneps_pbh(x));
#endif
}
#endif

template <bool MASKED>
AR_INLINE F visible(const TileBits& tile, int64_t row, int64_t column, F x, F hidden) {
  if constexpr (MASKED) return select(tile.lanes_at(row, column), x, hidden);
  else return x;
}

template <bool MASKED>
AR_INLINE float row_top(const TileBits& tile, int64_t row, int64_t begin, int64_t end, const float* scores) {
  const F hidden = set1(minus_infinity());
  F top0 = hidden;
  F top1 = hidden;
  int64_t c = begin;
  for (; c + 2 * W <= end; c += 2 * W) {
    top0 = max(top0, visible<MASKED>(tile, row, c, load(scores + c), hidden));
    top1 = max(top1, visible<MASKED>(tile, row, c + W, load(scores + c + W), hidden));
  }
  if (c < end) top0 = max(top0, visible<MASKED>(tile, row, c, load(scores + c), hidden));
  return reduce_max(max(top0, top1));
}

// Scores to weights 2^(score * scale_log2 - maximum), hidden ones 0. Returns their sum. A NaN score may have slipped through the maximum; its weight is NaN all the same.
template <bool MASKED, class Weight>
AR_INLINE float weigh_row(const TileBits& tile, int64_t row, int64_t begin, int64_t end, const float* scores, float scale_log2, float maximum, Weight* weights) {
  const F scale = set1(scale_log2);
  const F shift = set1(-maximum);
  F sum0 = zero();
  F sum1 = zero();
  int64_t c = begin;
  for (; c + 2 * W <= end; c += 2 * W) {
    const F x0 = visible<MASKED>(tile, row, c, exp2(fma(load(scores + c), scale, shift)), zero());
    const F x1 = visible<MASKED>(tile, row, c + W, exp2(fma(load(scores + c + W), scale, shift)), zero());
    store_weights(weights + c, x0);
    store_weights(weights + c + W, x1);
    sum0 = add(sum0, x0);
    sum1 = add(sum1, x1);
  }
  if (c < end) {
    const F x = visible<MASKED>(tile, row, c, exp2(fma(load(scores + c), scale, shift)), zero());
    store_weights(weights + c, x);
    sum0 = add(sum0, x);
  }
  return reduce_add(add(sum0, sum1));
}

// The rows [first, last) and columns [begin, end) of a tile.
struct Weighing {
  int64_t first, last, begin, end;
  float scale_log2;
};

// Folds a part of a tile into the rows' states. scores and weights are row `first`'s and may be the same memory. A row that sees nothing here stays as it is, because its
// maximum stays; one that sees only -infinity becomes NaN by its weights.
template <bool MASKED, class Weight>
AR_INLINE void weigh_rows(const TileBits& tile, const Weighing& part, const float* scores, int64_t stride, RowStates& state, Weight* weights) {
  // A vector of rows at a time, so that no row waits for the maximum of the one before.
  for (int64_t row0 = part.first; row0 < part.last; row0 += W) {
    const int64_t count = min(W, part.last - row0);
    float top[W];
    float change[W];
    for (int64_t i = 0; i < count; i++) {
      const int64_t row = row0 + i;
      const float seen = row_top<MASKED>(tile, row, part.begin, part.end, scores + (row - part.first) * stride) * part.scale_log2;
      const float before = state.maximum[row];
      top[i] = before > seen ? before : seen;
      change[i] = before == top[i] ? 0.0f : before - top[i];  // -infinity minus itself would be NaN
    }
    for (int64_t i = count; i < W; i++) change[i] = 0.0f;
    store(change, exp2(load(change)));
    for (int64_t i = 0; i < count; i++) {
      const int64_t row = row0 + i;
      const int64_t at = (row - part.first) * stride;
      const float sum = weigh_row<MASKED>(tile, row, part.begin, part.end, scores + at, part.scale_log2, top[i], weights + at);
      state.maximum[row] = top[i];
      state.shrink[row] = change[i];
      state.sum[row] = state.sum[row] * change[i] + sum;
    }
  }
}

// The state between calls holds its maximum in natural units. Going from one unit to the other rounds it, so the sums are multiplied by what that rounding changed.
struct Rescaled {
  float maximum, factor;
};
AR_INLINE Rescaled to_log2(float natural) {
  const double exact = natural * kLog2E;
  const float maximum = static_cast<float>(exact);
  if (maximum == minus_infinity()) return {maximum, 1.0f};
  return {maximum, static_cast<float>(1.0 + (exact - maximum) * kLn2)};
}
AR_INLINE Rescaled to_natural(float log2) {
  const double exact = log2 * kLn2;
  const float maximum = static_cast<float>(exact);
  if (maximum == minus_infinity()) return {maximum, 1.0f};
  return {maximum, static_cast<float>(1.0 + (exact - maximum))};
}

}  // namespace actorring::cpu::AR_ISA
