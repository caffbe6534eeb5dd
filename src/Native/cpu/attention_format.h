// How the operands of the products lie in memory. A format names its word, how many elements a word holds along the depth of a product, and packs the three
// kinds of operand; everything is zero-padded, so that no product has to know about edges:
//   rows     A of q k^T, dout v^T: [row][depth]
//   columns  B of q k^T, dout v^T: panels of NR tokens, [panel][depth][NR]
//   stack    B of p v, p^T dout, ds k, ds^T q: [token / per word][head size]
#pragma once
#include "simd.h"

namespace actorring::cpu::AR_ISA {

// The rows of one head in a caller's view: where token 0 starts and how far apart tokens are.
template <class T>
struct HeadRows {
  T* data;
  int64_t stride;
  T* at(int64_t row) const { return data + row * stride; }
};

// Words between the rows of a row-major operand. Where 32 KB of L1 hold eight lines a set, rows must not lie multiples of 256 bytes apart: the rows of a panel, read by each
// register tile again, would meet in a few sets and come from L2 every time (a tenth of the time of such a product on Zen 3).
AR_INLINE int64_t row_stride(int64_t head_size) {
  const int64_t width = round_up(head_size, W);
  return W == 8 && width % 64 == 0 ? width + NR : width;
}

// Float words, from float32 or bfloat16.
template <class T>
struct FloatFormat {
  using Source = T;
  using Word = float;
  using Weight = float;                  // how a softmax weight is kept for the second product
  static constexpr int64_t kPerWord = 1;
  static int64_t row_words(int64_t head_size) { return row_stride(head_size); }

  static void pack_rows(HeadRows<T> source, int64_t begin, int64_t count, int64_t head_size, float* out) {
    const int64_t stride = row_stride(head_size);
    for (int64_t row = 0; row < count; row++) {
      const T* from = source.at(begin + row);
      float* to = out + row * stride;
      int64_t d = 0;
      for (; d + W <= head_size; d += W) store(to + d, load(from + d));
      if (d < head_size) store(to + d, load_first(from + d, head_size - d));
    }
  }

  // `begin` and `count` in whole panels; tokens from `limit` on are zero.
  static void pack_columns(HeadRows<T> source, int64_t begin, int64_t count, int64_t limit, int64_t head_size, float* out) {
    for (int64_t token = 0; token < count; token += NR) {
      float* panel = out + token * head_size;
      const int64_t present = clamp(limit - begin - token, 0, NR);
      if (present < NR) std::memset(panel, 0, static_cast<size_t>(head_size * NR) * sizeof(float));
      for (int64_t j = 0; j < present; j++) {
        const T* from = source.at(begin + token + j);
        alignas(64) float line[256];
        int64_t d = 0;
        for (; d + W <= head_size; d += W) store(line + d, load(from + d));
        if (d < head_size) store(line + d, load_first(from + d, head_size - d));
        for (d = 0; d < head_size; d++) panel[d * NR + j] = line[d];
      }
    }
  }

  // `count` tokens, those from `limit` on zero.
  static void pack_stack(HeadRows<T> source, int64_t begin, int64_t count, int64_t limit, int64_t head_size, float* out) {
    const int64_t present = clamp(limit - begin, 0, count);
    const int64_t stride = row_stride(head_size);
    pack_rows(source, begin, present, head_size, out);
    std::memset(out + present * stride, 0, static_cast<size_t>((count - present) * stride) * sizeof(float));
  }
};

}  // namespace actorring::cpu::AR_ISA
