// Two running states become one, and a running state becomes a result: what a helper computed for somebody else's queries is folded in this way (arXiv:2307.08691, merging
// of blocks).
#pragma once
#include <cmath>

#include "attention_rows.h"
#include "backend.h"
#include "context.h"

namespace actorring::cpu::AR_ISA {

template <class Body>
static void for_each_row(CpuContext& context, const View& rows, Body&& body) {
  constexpr int64_t kPiece = 256;  // tokens of one task
  const int64_t tokens = rows.shape[1];
  const int64_t pieces = round_up(tokens, kPiece) / kPiece;
  context.pool.run(rows.shape[0] * pieces, [&](int64_t task, int) {
    const int64_t batch = task / pieces;
    const int64_t begin = task % pieces * kPiece;
    for (int64_t row = begin; row < min(begin + kPiece, tokens); row++) {
      for (int64_t head = 0; head < rows.shape[2]; head++) body(batch, row, head);
    }
  });
}

static void merge_states(CpuContext& context, const backend::AttentionState& part, const backend::AttentionState& state) {
  for_each_row(context, *state.row_max, [&](int64_t batch, int64_t row, int64_t head) {
    const float added = row_of(*part.row_max, batch, row, head);
    float& maximum = row_of(*state.row_max, batch, row, head);
    const float top = added > maximum ? added : maximum;
    if (top == minus_infinity()) return;  // neither saw a key; infinity minus itself would be NaN
    const F keep = set1(static_cast<float>(std::exp(static_cast<double>(maximum) - top)));
    const F take = set1(static_cast<float>(std::exp(static_cast<double>(added) - top)));
    float& sum = row_of(*state.row_sum, batch, row, head);
    sum = static_cast<float>(sum * std::exp(static_cast<double>(maximum) - top) + row_of(*part.row_sum, batch, row, head) * std::exp(static_cast<double>(added) - top));
    maximum = top;
    const int64_t head_size = state.out->shape[3];
    float* to = head_of<float>(*state.out, batch, head).at(row);
    const float* from = head_of<float>(*part.out, batch, head).at(row);
    int64_t d = 0;
    for (; d + W <= head_size; d += W) store(to + d, fma(load(from + d), take, mul(load(to + d), keep)));
    if (d < head_size) store_first(to + d, head_size - d, fma(load_first(from + d, head_size - d), take, mul(load_first(to + d, head_size - d), keep)));
  });
}

template <class T>
AR_INLINE void scale_row(T* to, const float* from, float factor, int64_t head_size) {
  const F by = set1(factor);
  int64_t d = 0;
  for (; d + W <= head_size; d += W) store(to + d, mul(load(from + d), by));
  if (d < head_size) store_first(to + d, head_size - d, mul(load_first(from + d, head_size - d), by));
}

static void finish_state(CpuContext& context, const backend::AttentionState& state, const View& out, const View& lse) {
  for_each_row(context, lse, [&](int64_t batch, int64_t row, int64_t head) {
    const float sum = row_of(*state.row_sum, batch, row, head);
    // A row that saw no key has the sum 0; a NaN is not 0 and goes on.
    const float factor = sum == 0.0f ? 0.0f : 1.0f / sum;
    row_of(lse, batch, row, head) = sum == 0.0f ? minus_infinity() : static_cast<float>(row_of(*state.row_max, batch, row, head) + std::log(static_cast<double>(sum)));
    const float* from = head_of<float>(*state.out, batch, head).at(row);
    if (out.dtype == AR_FLOAT32) scale_row(head_of<float>(out, batch, head).at(row), from, factor, out.shape[3]);
    else scale_row(head_of<bf16>(out, batch, head).at(row), from, factor, out.shape[3]);
  });
}

}  // namespace actorring::cpu::AR_ISA
