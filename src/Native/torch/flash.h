// The fused flash-attention kernels of PyTorch 2 for one block, found by name in the running library.
#pragma once
#include <ATen/ATen.h>

#include <map>
#include <utility>

#include "mask.h"

namespace actorring::aten {

struct Context;
struct AttentionInput;
struct AttentionGradients;

class Flash {
 public:
  /// True if the mask is one that the kernels know and they have reproduced the tiled path, forward and backward, for this head size and grouping. The first
  /// question for a pair of these runs a small problem both ways and waits for it.
  bool proven(const Context& context, const AttentionInput& input, Plain mask);

  struct Block {
    at::Tensor out;  // [B, T, N, H] in the type of q
    at::Tensor lse;  // float32 [B, T, N]
  };
  Block forward(const AttentionInput& input, Plain mask);

  /// Adds to dq, dk and dv. The kernel writes them in bf16, so each block costs one rounding that the tiled path does not have.
  void backward(const AttentionInput& input, const AttentionGradients& gradients, Plain mask);

 private:
  bool reproduces(const Context& context, int64_t group, int64_t head_size, bool causal);

  std::map<std::pair<int64_t, int64_t>, bool> proven_;
  at::Tensor random_state_[2];  // as a forward call without dropout returns them: the backward call wants them back
};

}  // namespace actorring::aten
