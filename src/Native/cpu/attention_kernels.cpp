// The attention kernels of one instruction set: which format serves which element type, and how much scratch a call takes.
#include "attention.h"

#include "attention_backward.h"
#include "attention_delta.h"
#include "attention_forward.h"
#include "attention_merge.h"

namespace actorring::cpu::AR_ISA {
namespace {

#if defined(AR_BF16_DOT)
using Bf16Format = PairFormat;
#else
using Bf16Format = FloatFormat<bf16>;  // converted while packing
#endif

void forward(CpuContext& context, const View& q, const View& k, const View& v, const ar_attention_mask& mask, double scale, bool first, bool last, const backend::AttentionState& state, const View* out,
             const View* lse) {
  const ForwardCall call{q, k, v, static_cast<float>(scale * kLog2E), first, last, state, out, lse};
  if (q.dtype == AR_FLOAT32) forward_with<FloatFormat<float>>(context, call, mask);
  else forward_with<Bf16Format>(context, call, mask);
}

void delta(CpuContext& context, const View& out, const View& dout, const View& delta) {
  const bool narrow_out = out.dtype == AR_BFLOAT16;
  const bool narrow_dout = dout.dtype == AR_BFLOAT16;
  if (narrow_out && narrow_dout) delta_with<bf16, bf16>(context, out, dout, delta);
  else if (narrow_out) delta_with<bf16, float>(context, out, dout, delta);
  else if (narrow_dout) delta_with<float, bf16>(context, out, dout, delta);
  else delta_with<float, float>(context, out, dout, delta);
}

void backward(CpuContext& context, const View& q, const View& k, const View& v, const View& dout, const View& lse, const View& delta, const ar_attention_mask& mask, double scale, bool accumulate,
              const View& dq, const View& dk, const View& dv) {
  const BackwardCall call{q, k, v, dout, lse, delta, static_cast<float>(scale), static_cast<float>(scale * kLog2E), accumulate, dq, dk, dv};
  if (q.dtype == AR_FLOAT32) backward_with<FloatFormat<float>>(context, call, mask);
  else backward_with<Bf16Format>(context, call, mask);
}

template <class Format>
int64_t scratch_of(const View& q, const View& k, int thread_count) {
  const Shape wide = shape_of(q, k, ForwardScratch<Format>::kBlock);
  Carver forward(nullptr);
  carve_plan(forward, wide, nullptr);
  ForwardScratch<Format>::carve(forward, wide, thread_count);
  const Shape narrow = shape_of(q, k, kBackwardRows);
  Carver backward(nullptr);
  carve_plan(backward, narrow, nullptr);
  BackwardScratch<Format>::carve(backward, narrow, thread_count);
  return max(forward.used(), backward.used());
}

int64_t scratch_bytes(CpuContext& context, const View& q, const View& k) {
  return q.dtype == AR_FLOAT32 ? scratch_of<FloatFormat<float>>(q, k, context.thread_count) : scratch_of<Bf16Format>(q, k, context.thread_count);
}

}  // namespace

extern const AttentionKernels attention_table;
const AttentionKernels attention_table{forward, merge_states, finish_state, delta, backward, scratch_bytes};

}  // namespace actorring::cpu::AR_ISA
