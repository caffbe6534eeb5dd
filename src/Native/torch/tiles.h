// Block attention tile by tile in ATen operations: any device, any mask, float32 softmax and sums. The way every other path is checked against.
#pragma once
#include "context.h"
#include "mask.h"
#include "tensors.h"

namespace actorring::aten {

// B batch, T tokens, N query heads, K KV heads, H head dim; tensors as in actorring.h.
struct AttentionInput {
  at::Tensor q, k, v;
  const ar_attention_mask& mask;
  double scale;

  Positions queries() const { return {mask.q_position, mask.q_step, q.size(1)}; }
  Positions keys() const { return {mask.k_position, mask.k_step, k.size(1)}; }
};

struct AttentionResult {
  bool first, last;
  at::Tensor state_out, row_max, row_sum;  // undefined where first && last
  at::Tensor out, lse;                     // undefined without last
};

struct AttentionGradients {
  at::Tensor dout, lse, delta;
  at::Tensor dq, dk, dv;  // added to
};

void tiled_forward(const Context& context, const AttentionInput& input, const AttentionResult& result);
void tiled_backward(const Context& context, const AttentionInput& input, const AttentionGradients& gradients);

/// Bytes of temporaries that either takes at its peak.
int64_t tile_scratch_bytes(const Context& context, const View& q, const View& k);

}  // namespace actorring::aten
