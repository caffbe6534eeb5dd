// Everything that a mask says, reduced to spans of key indices: each query row sees the keys in `main` and in `sink`, and of those only what the block list
// (if there is one) lists for its block row. Positions become indices here, once per call; nothing after this file knows about positions, steps or documents.
#pragma once
#include "actorring.h"
#include "simd.h"

namespace actorring::cpu::AR_ISA {

struct Span {
  int32_t begin = 0, end = 0;  // key indices, half open; empty if begin >= end
};

struct RowSpans {
  Span main, sink;  // disjoint
};

struct KeyMask {
  const ar_attention_mask* mask;
  int64_t q_count, k_count;
  RowSpans* rows;  // one per query

  // The first key at or after a position, clamped to [0, k_count].
  int64_t key_at(int64_t position) const {
    if (position <= mask->k_position) return 0;
    return min((position - mask->k_position + mask->k_step - 1) / mask->k_step, k_count);
  }
  bool listed() const { return mask->block_row_offsets != nullptr; }
  int64_t block_row(int64_t row) const { return (mask->q_position + row * mask->q_step) / mask->block_size; }
  int64_t block_column(int64_t key) const { return (mask->k_position + key * mask->k_step) / mask->block_size; }

  // Where in block_columns the first column >= `column` of a block row stands.
  int64_t find_column(int64_t row, int64_t column) const {
    int64_t low = mask->block_row_offsets[row];
    int64_t high = mask->block_row_offsets[row + 1];
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (mask->block_columns[middle] < column) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // The document that holds a position: the last start at or before it.
  int64_t document_of(int64_t position) const {
    int64_t low = 0;
    int64_t high = mask->document_count;
    while (high - low > 1) {
      const int64_t middle = (low + high) / 2;
      if (mask->document_starts[middle] <= position) low = middle;
      else high = middle;
    }
    return low;
  }
};

AR_INLINE RowSpans spans_of(const KeyMask& keys, int64_t row) {
  constexpr int64_t kNever = int64_t{1} << 60;  // beyond every position, and far enough from the end of the type to be added to
  const ar_attention_mask& mask = *keys.mask;
  const int64_t position = mask.q_position + row * mask.q_step;
  int64_t begin = 0;  // positions that the row could see without a window
  int64_t end = kNever;
  if (mask.document_starts != nullptr) {
    const int64_t document = keys.document_of(position);
    begin = mask.document_starts[document];
    if (document + 1 < mask.document_count) end = min(mask.document_starts[document + 1], kNever);
  }
  if (mask.causal != 0) end = min(end, position + 1);
  int64_t main_begin = begin;
  int64_t sink_end = begin;
  if (mask.window > 0) {
    main_begin = max(begin, position - mask.window + 1);
    sink_end = min(begin + min(mask.sink, kNever), main_begin);
  }
  RowSpans spans;
  spans.main = {static_cast<int32_t>(keys.key_at(main_begin)), static_cast<int32_t>(keys.key_at(end))};
  spans.sink = {static_cast<int32_t>(keys.key_at(begin)), static_cast<int32_t>(keys.key_at(sink_end))};
  return spans;
}

}  // namespace actorring::cpu::AR_ISA
