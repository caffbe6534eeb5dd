// The table of attention kernels, one copy per instruction set. Signatures are the backend's own: the kernels do the whole operation.
#pragma once
#include "backend.h"
#include "context.h"

namespace actorring::cpu {

struct AttentionKernels {
  void (*forward)(CpuContext& context, const View& q, const View& k, const View& v, const ar_attention_mask& mask, double scale, bool first, bool last, const backend::AttentionState& state, const View* out,
                  const View* lse);
  void (*merge)(CpuContext& context, const backend::AttentionState& part, const backend::AttentionState& state);
  void (*finish)(CpuContext& context, const backend::AttentionState& state, const View& out, const View& lse);
  void (*delta)(CpuContext& context, const View& out, const View& dout, const View& delta);
  void (*backward)(CpuContext& context, const View& q, const View& k, const View& v, const View& dout, const View& lse, const View& delta, const ar_attention_mask& mask, double scale, bool accumulate,
                   const View& dq, const View& dk, const View& dv);
  int64_t (*scratch_bytes)(CpuContext& context, const View& q, const View& k);
};

}  // namespace actorring::cpu
