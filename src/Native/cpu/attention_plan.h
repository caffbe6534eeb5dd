// What a call works out before it computes: row spans, how much of the keys each block of rows sees, and the order in which blocks are handed out.
//
// Legend: B batch, Tq queries, Tk keys, N query heads, K KV heads, G = N / K, H head size. A unit is one (batch, KV head); a block is some query rows of one head.
#pragma once
#include "attention_format.h"
#include "attention_tiles.h"
#include "context.h"
#include "view.h"

namespace actorring::cpu::AR_ISA {

struct Shape {
  int64_t batch, q_count, k_count, heads, kv_heads, head_size;
  int64_t rows;  // of a block
  int64_t units() const { return batch * kv_heads; }
  int64_t group() const { return heads / kv_heads; }
  int64_t width() const { return round_up(head_size, W); }       // a padded row of a head
  int64_t stack_row() const { return row_stride(head_size); }    // words between rows of a stack
  int64_t blocks() const { return round_up(q_count, rows) / rows; }
  int64_t block_rows(int64_t block) const { return min(rows, q_count - block * rows); }
  int64_t padded_keys() const { return round_up(k_count, kPanel); }
};

AR_INLINE Shape shape_of(const View& q, const View& k, int64_t rows) { return {q.shape[0], q.shape[1], k.shape[1], q.shape[2], k.shape[2], q.shape[3], rows}; }

struct BlockPlan {
  int32_t visible = 0;  // keys in visible panels
  Span hull;            // keys outside which the block sees nothing
};

struct Plan {
  KeyMask keys;
  BlockPlan* blocks;  // [blocks]
  int32_t* order;     // [blocks], the longest first
  Span hull;          // of all blocks, in whole panels; empty if nothing is visible
};

AR_INLINE Plan carve_plan(Carver& carver, const Shape& shape, const ar_attention_mask* mask) {
  Plan plan;
  plan.keys = {mask, shape.q_count, shape.k_count, carver.take<RowSpans>(shape.q_count)};
  plan.blocks = carver.take<BlockPlan>(shape.blocks());
  plan.order = carver.take<int32_t>(shape.blocks());
  return plan;
}

AR_INLINE BlockPlan plan_block(const KeyMask& keys, int64_t row, int64_t rows) {
  for (int64_t i = row; i < row + rows; i++) keys.rows[i] = spans_of(keys, i);
  BlockPlan plan;
  TileWalk walk(keys, row, rows, kTileKeys);
  Tile tile;
  while (walk.next(tile)) {
    if (plan.visible == 0) plan.hull.begin = static_cast<int32_t>(tile.key);
    plan.hull.end = static_cast<int32_t>(tile.key + tile.count);
    plan.visible += static_cast<int32_t>(tile.count);
  }
  return plan;
}

// Blocks in an order in which none is more than a thirty-second of the longest shorter than its successor: near enough to longest first, and stable.
static void order_blocks(const BlockPlan* blocks, int64_t count, int32_t* order) {
  constexpr int64_t kClasses = 32;
  int64_t longest = 1;
  for (int64_t block = 0; block < count; block++) longest = max(longest, blocks[block].visible);
  int64_t next = 0;
  for (int64_t rank = kClasses; rank >= 0; rank--) {
    for (int64_t block = 0; block < count; block++) {
      if (blocks[block].visible * kClasses / longest == rank) order[next++] = static_cast<int32_t>(block);
    }
  }
}

static void make_plan(CpuContext& context, const Shape& shape, Plan& plan) {
  const int64_t count = shape.blocks();
  context.pool.run(count, [&](int64_t block, int) { plan.blocks[block] = plan_block(plan.keys, block * shape.rows, shape.block_rows(block)); });
  plan.hull = {};
  for (int64_t block = 0; block < count; block++) {
    const BlockPlan& one = plan.blocks[block];
    if (one.visible == 0) continue;
    const bool first = plan.hull.end == 0;
    plan.hull.begin = first || one.hull.begin < plan.hull.begin ? one.hull.begin : plan.hull.begin;
    plan.hull.end = first || one.hull.end > plan.hull.end ? one.hull.end : plan.hull.end;
  }
  order_blocks(plan.blocks, count, plan.order);
}

}  // namespace actorring::cpu::AR_ISA
