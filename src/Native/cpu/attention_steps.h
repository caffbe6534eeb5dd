// The parts of a tile that forward and backward share: where to compute scores, and which rows share a depth.
#pragma once
#include "attention_bits.h"
#include "attention_plan.h"
#include "attention_product.h"

namespace actorring::cpu::AR_ISA {

// scores = q k^T for the rows [row_begin, row_end), whole groups, only where some row of a panel sees it. scores is row row_begin's.
template <class Format>
AR_INLINE void score_rows(const Shape& shape, const typename Format::Word* q, const typename Format::Word* k_panels, int64_t stride, const TileBits& tile, int64_t row_begin, int64_t row_end, float* scores,
                          Ahead& ahead) {
  const int64_t depth = shape.head_size / Format::kPerWord;
  const int64_t q_row = Format::row_words(shape.head_size);
  for (int64_t column = 0; column < tile.columns; column += NR) {
    const int64_t first = max(tile.panel_first[column / kPanel], row_begin);
    const int64_t rows = min(tile.panel_last[column / kPanel], row_end) - first;
    if (rows > 0) product_strip<NV, false>(rows, depth, q + first * q_row, q_row, 1, k_panels + column * depth, NR, scores + (first - row_begin) * stride + column, stride, ahead);
  }
}

// Calls body(first row, row count, begin, end) for runs of row groups in [row_begin, row_end) that see the same columns.
template <class Body>
AR_INLINE void for_each_run(const TileBits& tile, int64_t row_begin, int64_t row_end, Body&& body) {
  const int64_t groups = round_up(row_end, MR) / MR;
  for (int64_t group = row_begin / MR; group < groups;) {
    int64_t next = group + 1;
    while (next < groups && tile.group_begin[next] == tile.group_begin[group] && tile.group_end[next] == tile.group_end[group]) next++;
    if (tile.group_begin[group] < tile.group_end[group]) body(group * MR, min(next * MR, row_end) - group * MR, tile.group_begin[group], tile.group_end[group]);
    group = next;
  }
}

}  // namespace actorring::cpu::AR_ISA
