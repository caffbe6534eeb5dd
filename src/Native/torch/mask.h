// What the attention mask of actorring.h means for a tile of queries and keys.
#pragma once
#include <ATen/ATen.h>

#include "actorring.h"

namespace actorring::aten {

/// Consecutive tokens of one side: token i stands at first + i * step.
struct Positions {
  int64_t first;
  int64_t step;
  int64_t count;

  int64_t at(int64_t i) const { return first + i * step; }
  int64_t last() const { return at(count - 1); }
  Positions slice(int64_t begin, int64_t size) const { return {at(begin), step, size}; }
};

enum class Tile { Hidden, Partial, Full };

/// Partial may be answered for a tile that is hidden or full, never the other way round. Cost: a few comparisons, and one search per block row with a block
/// list.
Tile classify(const ar_attention_mask& mask, Positions q, Positions k);

/// The pairs that the mask hides, bool [q.count, k.count] on the device.
at::Tensor hidden_pairs(const ar_attention_mask& mask, Positions q, Positions k, c10::Device place);

/// What a kernel that knows only "all keys" and "keys up to the query's own index" can do for the whole block.
enum class Plain { No, Full, Causal };
Plain plain(const ar_attention_mask& mask, Positions q, Positions k);

}  // namespace actorring::aten
