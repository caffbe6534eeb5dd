// The online softmax of one row over one tile (arXiv:1805.02867). Exponents are taken to base 2: `scale_log2` is scale * log2(e), and a row's maximum is kept in these units.
#pragma once
#include "attention_bits.h"
#include "attention_pairs.h"

namespace actorring::cpu::AR_ISA {

constexpr double kLog2E = 1.4426950408889634074;
constexpr double kLn2 = 0.69314718055994530942;

struct RowState {
  float maximum, sum;
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

// Turns the scores of a row into weights 2^(score * scale_log2 - maximum), hidden ones 0, and folds them into the row's state. Returns the factor by which the row's
// earlier sums shrink. scores and weights may be the same memory.
template <bool MASKED, class Weight>
AR_INLINE float weigh_row(const TileBits& tile, int64_t row, int64_t begin, int64_t end, const float* scores, float scale_log2, RowState& state, Weight* weights) {
  if (MASKED && !tile.row_sees(row)) {
    // Not by its maximum: a row whose only visible score is -infinity must become NaN, a row that sees nothing must stay as it is.
    for (int64_t c = begin; c < end; c += W) store_weights(weights + c, zero());
    return 1.0f;
  }
  const F hidden = set1(minus_infinity());
  F top0 = hidden;
  F top1 = hidden;
  int64_t c = begin;
  for (; c + 2 * W <= end; c += 2 * W) {
    top0 = max(top0, visible<MASKED>(tile, row, c, load(scores + c), hidden));
    top1 = max(top1, visible<MASKED>(tile, row, c + W, load(scores + c + W), hidden));
  }
  if (c < end) top0 = max(top0, visible<MASKED>(tile, row, c, load(scores + c), hidden));
  const float top = reduce_max(max(top0, top1)) * scale_log2;
  const float maximum = state.maximum > top ? state.maximum : top;

  // A NaN score may have slipped through the maximum; its weight is NaN whatever the maximum is.
  const F scale = set1(scale_log2);
  const F shift = set1(-maximum);
  F sum0 = zero();
  F sum1 = zero();
  for (c = begin; c + 2 * W <= end; c += 2 * W) {
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
  const float shrink = state.maximum == maximum ? 1.0f : reduce_max(exp2(set1(state.maximum - maximum)));
  state.sum = state.sum * shrink + reduce_add(add(sum0, sum1));
  state.maximum = maximum;
  return shrink;
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
