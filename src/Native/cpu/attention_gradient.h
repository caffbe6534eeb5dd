// The element-wise middle of the backward pass: from scores s and dout v^T to the weights p = exp(scale s - lse) and the score gradients ds = scale p (dp - delta),
// left in the shapes that the three products after it read.
#pragma once
#include "attention_softmax.h"

namespace actorring::cpu::AR_ISA {

constexpr int64_t kBackwardRows = 96;  // query rows of a block: with a tile of keys and its gradients they fit a 1 MiB L2
constexpr int64_t kScoreRows = W == 8 ? 24 : kBackwardRows;  // of them, those whose scores are computed together: q of 24 rows stays in an L1 of 32 KB while the keys stream past

// A block of rows and columns of a tile; begin and end are whole vectors.
struct Patch {
  int64_t first, last, begin, end;
};

struct GradientRows {
  const float* lse_log2;  // one per row of the block
  const float* delta;
  float scale, scale_log2;
};

struct WeightAndGradient {
  F p, ds;
};

template <bool MASKED>
AR_INLINE WeightAndGradient gradient_at(const TileBits& tile, const GradientRows& rows, int64_t row, int64_t column, const float* scores, const float* dp) {
  const F p = exp2(fma(load(scores), set1(rows.scale_log2), set1(-rows.lse_log2[row])));
  const F ds = mul(mul(p, set1(rows.scale)), sub(load(dp), set1(rows.delta[row])));
  return {visible<MASKED>(tile, row, column, p, zero()), visible<MASKED>(tile, row, column, ds, zero())};
}

template <class Format>
struct GradientScratch;

// Float words: p replaces the scores, ds replaces dp; the transposed operands are read by stride.
template <class T>
struct GradientScratch<FloatFormat<T>> {
  float* scores;
  float* dp;
  static GradientScratch carve(Carver& carver, int64_t stride) { return {carver.take<float>(kBackwardRows * stride), carver.take<float>(kBackwardRows * stride)}; }
  const float* p_transposed(int64_t row, int64_t column, int64_t stride) const { return scores + row * stride + column; }
  const float* ds_transposed(int64_t row, int64_t column, int64_t stride) const { return dp + row * stride + column; }
  const float* ds(int64_t row, int64_t column, int64_t stride) const { return dp + row * stride + column; }
};

template <bool MASKED, class T>
AR_INLINE void gradient_patch(const TileBits& tile, const GradientRows& rows, const Patch& patch, int64_t stride, const GradientScratch<FloatFormat<T>>& scratch) {
  for (int64_t row = patch.first; row < patch.last; row++) {
    float* scores = scratch.scores + row * stride;
    float* dp = scratch.dp + row * stride;
    for (int64_t c = patch.begin; c < patch.end; c += W) {
      const WeightAndGradient at = gradient_at<MASKED>(tile, rows, row, c, scores + c, dp + c);
      store(scores + c, at.p);
      store(dp + c, at.ds);
    }
  }
}

#if defined(AR_BF16_DOT)
// Pair words: rows are taken two at a time, because the products over query rows need a word to hold two of them.
template <>
struct GradientScratch<PairFormat> {
  float* scores;
  float* dp;
  uint32_t* p_pairs;   // [kBackwardRows / 2, stride]
  uint32_t* ds_pairs;  // [kBackwardRows / 2, stride]
  bf16* ds_rows;       // [kBackwardRows, stride]
  static GradientScratch carve(Carver& carver, int64_t stride) {
    return {carver.take<float>(kBackwardRows * stride), carver.take<float>(kBackwardRows * stride), carver.take<uint32_t>(kBackwardRows / 2 * stride), carver.take<uint32_t>(kBackwardRows / 2 * stride),
            carver.take<bf16>(kBackwardRows * stride)};
  }
  const uint32_t* p_transposed(int64_t row, int64_t column, int64_t stride) const { return p_pairs + row / 2 * stride + column; }
  const uint32_t* ds_transposed(int64_t row, int64_t column, int64_t stride) const { return ds_pairs + row / 2 * stride + column; }
  const uint32_t* ds(int64_t row, int64_t column, int64_t stride) const { return reinterpret_cast<const uint32_t*>(ds_rows + row * stride + column); }
};

template <bool MASKED>
AR_INLINE void gradient_patch(const TileBits& tile, const GradientRows& rows, const Patch& patch, int64_t stride, const GradientScratch<PairFormat>& scratch) {
  for (int64_t row = patch.first; row < patch.last; row += 2) {
    const bool second = row + 1 < patch.last;
    const float* scores = scratch.scores + row * stride;
    const float* dp = scratch.dp + row * stride;
    for (int64_t c = patch.begin; c < patch.end; c += W) {
      const WeightAndGradient low = gradient_at<MASKED>(tile, rows, row, c, scores + c, dp + c);
      WeightAndGradient high{zero(), zero()};
      if (second) high = gradient_at<MASKED>(tile, rows, row + 1, c, scores + stride + c, dp + stride + c);
      const __m512i p = round_both(low.p, high.p);
      const __m512i ds = round_both(low.ds, high.ds);
      _mm512_storeu_si512(scratch.p_pairs + row / 2 * stride + c, interleave(p));
      _mm512_storeu_si512(scratch.ds_pairs + row / 2 * stride + c, interleave(ds));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(scratch.ds_rows + row * stride + c), _mm512_castsi512_si256(ds));
      if (second) _mm256_storeu_si256(reinterpret_cast<__m256i*>(scratch.ds_rows + (row + 1) * stride + c), _mm512_extracti64x4_epi64(ds, 1));
    }
  }
}
#endif

}  // namespace actorring::cpu::AR_ISA
