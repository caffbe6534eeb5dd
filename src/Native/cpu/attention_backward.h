// Backward: key tiles outside, query blocks inside (arXiv:2307.08691). dk and dv of a tile stay in cache and are written once; dq is added to in place, tile by tile.
// Nothing is shared between tasks, so nothing is atomic and every sum has one order.
#pragma once
#include "attention_backward_scratch.h"
#include "attention_rows.h"
#include "attention_steps.h"

namespace actorring::cpu::AR_ISA {

struct BackwardCall {
  const View& q;
  const View& k;
  const View& v;
  const View& dout;
  const View& lse;
  const View& delta;
  float scale, scale_log2;
  bool accumulate;
  const View& dq;
  const View& dk;
  const View& dv;
};

// What one task computes: the query blocks [block_begin, block_end) of every head of a unit, against all keys.
struct UnitPart {
  int64_t batch, kv_head;
  int64_t block_begin, block_end;
  HeadRows<float> dk, dv;
  bool accumulate;  // into dk and dv
};

// The tile at `key` as a block of rows sees it; count 0 if it does not.
AR_INLINE Tile tile_at(const KeyMask& keys, const BlockPlan& block, int64_t row, int64_t rows, int64_t key, int64_t count) {
  if (block.visible == 0 || block.hull.end <= key || block.hull.begin >= key + count) return {};
  const BlockSight sight(keys, row, rows);
  Tile tile{key, count, count % kPanel != 0};
  bool seen = false;
  for (int64_t panel = key; panel < key + count; panel += kPanel) {
    const BlockSight::Sight one = sight.of(panel, min(panel + kPanel, key + count));
    seen = seen || one != BlockSight::Hidden;
    tile.masked = tile.masked || one != BlockSight::Full;
  }
  return seen ? tile : Tile{};
}

// Adds one tile's part to the thread's dk and dv and to the caller's dq. K and V of the tile are packed; so are this block's rows of q and dout.
template <class Format>
AR_INLINE void backward_tile(const Shape& shape, const GradientRows& rows, int64_t stride, const HeadRows<float>& dq, int64_t row, const BackwardThread<Format>& thread, int64_t keys) {
  constexpr int64_t per = Format::kPerWord;
  const TileBits& bits = *thread.tile;
  const int64_t width = shape.width();
  score_tile<Format>(shape, thread.q_rows, thread.k_columns, stride, bits, thread.gradient.scores);
  score_tile<Format>(shape, thread.dout_rows, thread.v_columns, stride, bits, thread.gradient.dp);
  // A tile without a mask is one patch; with one, each panel has its own rows.
  const int64_t step = bits.masked ? kPanel : keys;
  for (int64_t column = 0; column < keys; column += step) {
    const Patch patch{bits.panel_first[column / kPanel], bits.panel_last[column / kPanel], column, min(column + step, bits.columns)};
    if (patch.first >= patch.last) continue;
    if (bits.masked) gradient_patch<true>(bits, rows, patch, stride, thread.gradient);
    else gradient_patch<false>(bits, rows, patch, stride, thread.gradient);
    const int64_t count = min(step, keys - column);
    const int64_t depth = (patch.last - patch.first + per - 1) / per;
    const int64_t token = patch.first / per * width;
    product<true>(count, width, depth, thread.gradient.p_transposed(patch.first, column, stride), 1, stride, thread.dout_stack + token, width, thread.dv + column * width, width);
    product<true>(count, width, depth, thread.gradient.ds_transposed(patch.first, column, stride), 1, stride, thread.q_stack + token, width, thread.dk + column * width, width);
  }
  for_each_run(bits, [&](int64_t first, int64_t count, int64_t begin, int64_t end) {
    const auto* ds = thread.gradient.ds(first, begin, stride);
    const auto* k = thread.k_stack + begin / per * width;
    if (width == shape.head_size) {
      product<true>(count, width, (end - begin) / per, ds, stride / per, 1, k, width, dq.at(row + first), dq.stride);
    } else {
      product<false>(count, width, (end - begin) / per, ds, stride / per, 1, k, width, thread.dq, width);
      for (int64_t i = 0; i < count; i++) add_row(dq.at(row + first + i), thread.dq + i * width, shape.head_size);
    }
  });
}

AR_INLINE void put_rows(const HeadRows<float>& to, int64_t row, int64_t count, const float* from, bool accumulate, const Shape& shape) {
  for (int64_t i = 0; i < count; i++) {
    if (accumulate) add_row(to.at(row + i), from + i * shape.width(), shape.head_size);
    else write_row(to.at(row + i), from + i * shape.width(), 1.0f, shape.head_size);
  }
}

template <class Format>
static void backward_part(const BackwardCall& call, const Shape& shape, const Plan& plan, const UnitPart& part, int64_t tile_keys, const BackwardThread<Format>& thread) {
  using Source = typename Format::Source;
  const int64_t width = shape.width();
  const int64_t head0 = part.kv_head * shape.group();
  const auto k = head_of<Source>(call.k, part.batch, part.kv_head);
  const auto v = head_of<Source>(call.v, part.batch, part.kv_head);
  if (!call.accumulate) {
    for (int64_t head = head0; head < head0 + shape.group(); head++) {
      const auto dq = head_of<float>(call.dq, part.batch, head);
      for (int64_t row = part.block_begin * kRows; row < min(part.block_end * kRows, shape.q_count); row++) clear_row(dq.at(row), shape.head_size);
    }
  }
  for (int64_t key = 0; key < shape.k_count; key += tile_keys) {
    const int64_t count = min(tile_keys, shape.k_count - key);
    bool packed = false;
    for (int64_t head = head0; head < head0 + shape.group(); head++) {
      const auto q = head_of<Source>(call.q, part.batch, head);
      const auto dout = head_of<Source>(call.dout, part.batch, head);
      const auto dq = head_of<float>(call.dq, part.batch, head);
      for (int64_t block = part.block_begin; block < part.block_end; block++) {
        const int64_t row = block * kRows;
        const int64_t rows = shape.block_rows(block);
        const Tile tile = tile_at(plan.keys, plan.blocks[block], row, rows, key, count);
        if (tile.count == 0) continue;
        if (!packed) {
          packed = true;
          Format::pack_columns(k, key, tile_keys, shape.k_count, shape.head_size, thread.k_columns);
          Format::pack_columns(v, key, tile_keys, shape.k_count, shape.head_size, thread.v_columns);
          Format::pack_stack(k, key, tile_keys, shape.k_count, shape.head_size, thread.k_stack);
          std::memset(thread.dk, 0, static_cast<size_t>(count * width) * sizeof(float));
          std::memset(thread.dv, 0, static_cast<size_t>(count * width) * sizeof(float));
        }
        Format::pack_rows(q, row, rows, shape.head_size, thread.q_rows);
        Format::pack_rows(dout, row, rows, shape.head_size, thread.dout_rows);
        if constexpr (!BackwardThread<Format>::kSameStack) {
          Format::pack_stack(q, row, rows, shape.q_count, shape.head_size, thread.q_stack);
          Format::pack_stack(dout, row, rows, shape.q_count, shape.head_size, thread.dout_stack);
        }
        for (int64_t i = 0; i < rows; i++) {
          thread.lse_log2[i] = static_cast<float>(row_of(call.lse, part.batch, row + i, head) * kLog2E);
          thread.delta[i] = row_of(call.delta, part.batch, row + i, head);
        }
        describe_tile(plan.keys, row, rows, tile, *thread.tile);
        backward_tile<Format>(shape, {thread.lse_log2, thread.delta, call.scale, call.scale_log2}, tile_keys + W, dq, row, thread, count);
      }
    }
    if (packed) {
      put_rows(part.dk, key, count, thread.dk, part.accumulate, shape);
      put_rows(part.dv, key, count, thread.dv, part.accumulate, shape);
    } else if (!part.accumulate) {
      for (int64_t i = key; i < key + count; i++) {
        clear_row(part.dk.at(i), shape.head_size);
        clear_row(part.dv.at(i), shape.head_size);
      }
    }
  }
}

// Cuts the query blocks into parts that see about as many keys each.
AR_INLINE void split_blocks(const Plan& plan, int64_t block_count, int64_t parts, int64_t* out_blocks) {
  int64_t total = 0;
  for (int64_t block = 0; block < block_count; block++) total += plan.blocks[block].visible;
  int64_t block = 0;
  int64_t seen = 0;
  out_blocks[0] = 0;
  for (int64_t part = 1; part < parts; part++) {
    while (block < block_count && seen + plan.blocks[block].visible / 2 < total * part / parts) seen += plan.blocks[block++].visible;
    out_blocks[part] = block;
  }
  out_blocks[parts] = block_count;
}

template <class Format>
static void backward_with(CpuContext& context, const BackwardCall& call, const ar_attention_mask& mask) {
  const Shape shape = shape_of(call.q, call.k);
  Carver sizes(nullptr);
  carve_plan(sizes, shape, &mask);
  BackwardScratch<Format>::carve(sizes, shape, context.thread_count);
  Carver carver(context.scratch.request(sizes.used()));
  Plan plan = carve_plan(carver, shape, &mask);
  const auto scratch = BackwardScratch<Format>::carve(carver, shape, context.thread_count);
  make_plan(context, shape, plan);

  auto whole = [&](int64_t unit) {
    const int64_t batch = unit / shape.kv_heads;
    const int64_t head = unit % shape.kv_heads;
    return UnitPart{batch, head, 0, shape.blocks(), head_of<float>(call.dk, batch, head), head_of<float>(call.dv, batch, head), call.accumulate};
  };
  // As many units as divide evenly over the threads; the threads then share each unit that is left over, cut along the queries.
  const int64_t left_over = scratch.parts == 1 ? 0 : shape.units() % context.thread_count;
  const int64_t evenly = shape.units() - left_over;
  context.pool.run(evenly, [&](int64_t unit, int thread) {
    const DenormalsAreZero mode;
    backward_part<Format>(call, shape, plan, whole(unit), scratch.tile_keys, scratch.thread(thread, shape));
  });
  if (left_over > 0) split_blocks(plan, shape.blocks(), scratch.parts, scratch.part_blocks);
  for (int64_t unit = evenly; unit < shape.units(); unit++) {
    const UnitPart all = whole(unit);
    context.pool.run(scratch.parts, [&](int64_t index, int thread) {
      const DenormalsAreZero mode;
      UnitPart part = all;
      part.block_begin = scratch.part_blocks[index];
      part.block_end = scratch.part_blocks[index + 1];
      if (index > 0) {
        part.dk = {scratch.part_dk + (index - 1) * scratch.part_floats, shape.width()};
        part.dv = {scratch.part_dv + (index - 1) * scratch.part_floats, shape.width()};
        part.accumulate = false;
      }
      backward_part<Format>(call, shape, plan, part, scratch.tile_keys, scratch.thread(thread, shape));
    });
    constexpr int64_t kPiece = 256;
    context.pool.run(round_up(shape.k_count, kPiece) / kPiece, [&](int64_t piece, int) {
      const int64_t row = piece * kPiece;
      const int64_t count = min(kPiece, shape.k_count - row);
      for (int64_t index = 0; index < scratch.parts - 1; index++) {
        put_rows(all.dk, row, count, scratch.part_dk + index * scratch.part_floats + row * shape.width(), true, shape);
        put_rows(all.dv, row, count, scratch.part_dv + index * scratch.part_floats + row * shape.width(), true, shape);
      }
    });
  }
}

}  // namespace actorring::cpu::AR_ISA
