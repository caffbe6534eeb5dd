// delta = rowsum(out * dout): what the softmax's own derivative subtracts from every score gradient of a row.
#pragma once
#include "attention_rows.h"
#include "context.h"

namespace actorring::cpu::AR_ISA {

template <class A, class B>
AR_INLINE float dot_row(const A* a, const B* b, int64_t head_size) {
  F sum0 = zero();
  F sum1 = zero();
  int64_t d = 0;
  for (; d + 2 * W <= head_size; d += 2 * W) {
    sum0 = fma(load(a + d), load(b + d), sum0);
    sum1 = fma(load(a + d + W), load(b + d + W), sum1);
  }
  for (; d + W <= head_size; d += W) sum0 = fma(load(a + d), load(b + d), sum0);
  if (d < head_size) sum1 = fma(load_first(a + d, head_size - d), load_first(b + d, head_size - d), sum1);
  return reduce_add(add(sum0, sum1));
}

template <class A, class B>
static void delta_with(CpuContext& context, const View& out, const View& dout, const View& delta) {
  const int64_t tokens = out.shape[1];
  constexpr int64_t kPiece = 256;  // tokens of one task
  const int64_t pieces = round_up(tokens, kPiece) / kPiece;
  context.pool.run(out.shape[0] * pieces, [&](int64_t task, int) {
    const int64_t batch = task / pieces;
    const int64_t begin = task % pieces * kPiece;
    for (int64_t row = begin; row < min(begin + kPiece, tokens); row++) {
      for (int64_t head = 0; head < out.shape[2]; head++)
        row_of(delta, batch, row, head) = dot_row(head_of<A>(out, batch, head).at(row), head_of<B>(dout, batch, head).at(row), out.shape[3]);
    }
  });
}

}  // namespace actorring::cpu::AR_ISA
