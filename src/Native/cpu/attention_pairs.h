// The format of the bfloat16 dot-product instruction: a word holds two elements that follow each other along the depth of a product.
#pragma once
#include "attention_format.h"

#if defined(AR_BF16_DOT)
namespace actorring::cpu::AR_ISA {

// Two vectors rounded to bfloat16, the lanes of `low` first.
AR_INLINE __m512i round_both(F low, F high) {
#if defined(AR_BF16_DOT_EMULATED)
  return _mm512_inserti64x4(_mm512_castsi256_si512(round_to_bf16(low)), round_to_bf16(high), 1);
#else
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
#endif
}

// From the two halves of `both` the words (low[i], high[i]).
AR_INLINE __m512i interleave(__m512i both) {
  const __m512i low = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(both));
  return _mm512_or_si512(low, _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(both, 1)), 16));
}

struct PairFormat {
  using Source = bf16;
  using Word = uint32_t;
  using Weight = bf16;
  static constexpr int64_t kPerWord = 2;
  static int64_t row_words(int64_t head_size) { return head_size / 2; }

  static void pack_rows(HeadRows<bf16> source, int64_t begin, int64_t count, int64_t head_size, uint32_t* out) {
    for (int64_t row = 0; row < count; row++) std::memcpy(out + row * (head_size / 2), source.at(begin + row), static_cast<size_t>(head_size) * sizeof(bf16));
  }

  static void pack_columns(HeadRows<bf16> source, int64_t begin, int64_t count, int64_t limit, int64_t head_size, uint32_t* out) {
    for (int64_t token = 0; token < count; token += NR) {
      uint32_t* panel = out + token * (head_size / 2);
      const int64_t present = clamp(limit - begin - token, 0, NR);
      if (present < NR) std::memset(panel, 0, static_cast<size_t>(head_size / 2 * NR) * sizeof(uint32_t));
      for (int64_t j = 0; j < present; j++) {
        uint32_t line[128];
        std::memcpy(line, source.at(begin + token + j), static_cast<size_t>(head_size) * sizeof(bf16));
        for (int64_t word = 0; word < head_size / 2; word++) panel[word * NR + j] = line[word];
      }
    }
  }

  static void pack_stack(HeadRows<bf16> source, int64_t begin, int64_t count, int64_t limit, int64_t head_size, uint32_t* out) {
    const int64_t width = round_up(head_size, W);
    for (int64_t token = 0; token < count; token += 2) {
      uint32_t* to = out + token / 2 * width;
      const bf16* low = begin + token < limit ? source.at(begin + token) : nullptr;
      const bf16* high = token + 1 < count && begin + token + 1 < limit ? source.at(begin + token + 1) : nullptr;
      for (int64_t d = 0; d < width; d += W) {
        const int64_t lanes = min(head_size - d, W);
        _mm512_storeu_si512(to + d, _mm512_or_si512(lanes_from(low, d, lanes), _mm512_slli_epi32(lanes_from(high, d, lanes), 16)));
      }
    }
  }

 private:
  static __m512i lanes_from(const bf16* row, int64_t d, int64_t count) {
    if (row == nullptr) return _mm512_setzero_si512();
    return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(lanes(0, count), row + d));
  }
};

}  // namespace actorring::cpu::AR_ISA
#endif
