// Backward: for each head its queries are packed once; then key tiles outside, query blocks inside (arXiv:2307.08691). dk and dv of a tile stay in cache and are written once
// per head; dq gathers in scratch, tile by tile, and is written at the end.
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

// Adds one tile's part to the thread's dk and dv and to the block's dq. K and V of the tile are packed; `block` is its queries, packed, and the next block's lie behind.
template <class Format>
AR_INLINE void backward_tile(const Shape& shape, const GradientRows& rows, int64_t stride, const PackedQueries<Format>& block, const BackwardThread<Format>& thread, int64_t keys) {
  constexpr int64_t per = Format::kPerWord;
  using Word = typename Format::Word;
  const TileBits& bits = *thread.tile;
  const int64_t width = shape.width();
  const int64_t stack_row = shape.stack_row();
  const int64_t depth = shape.head_size / per;
  const PackedQueries<Format> next = block.from(kBackwardRows, shape);
  const int64_t row_bytes = kBackwardRows * Format::row_words(shape.head_size) * static_cast<int64_t>(sizeof(Word));
  const int64_t stack_bytes = kBackwardRows / per * stack_row * static_cast<int64_t>(sizeof(Word));
  const int64_t score_steps = kBackwardRows / MR * depth * (round_up(keys, NR) / NR);
  Ahead next_q = ahead_of(next.q_rows, row_bytes, score_steps);
  Ahead next_dout = ahead_of(next.dout_rows, row_bytes, score_steps);
  for (int64_t row = 0; row < bits.rows; row += kScoreRows) {
    const int64_t end = min(row + kScoreRows, bits.rows);
    score_rows<Format>(shape, block.q_rows, thread.k_columns, stride, bits, row, end, thread.gradient.scores + row * stride, next_q);
    score_rows<Format>(shape, block.dout_rows, thread.v_columns, stride, bits, row, end, thread.gradient.dp + row * stride, next_dout);
  }
  // Where rows and stack are the same memory they have been fetched above.
  const int64_t stack_steps = round_up(keys, MR) / MR * (kBackwardRows / per) * (round_up(width, NR) / NR);
  const int64_t again = PackedQueries<Format>::kSameStack ? 0 : stack_bytes;
  Ahead next_dout_stack = ahead_of(next.dout_stack, again, stack_steps);
  Ahead next_q_stack = ahead_of(next.q_stack, again, stack_steps);
  // A tile without a mask is one patch; with one, each panel has its own rows.
  const int64_t step = bits.masked ? kPanel : keys;
  for (int64_t column = 0; column < keys; column += step) {
    const Patch patch{bits.panel_first[column / kPanel], bits.panel_last[column / kPanel], column, min(column + step, bits.columns)};
    if (patch.first >= patch.last) continue;
    if (bits.masked) gradient_patch<true>(bits, rows, patch, stride, thread.gradient);
    else gradient_patch<false>(bits, rows, patch, stride, thread.gradient);
    const int64_t count = min(step, keys - column);
    const int64_t seen = (patch.last - patch.first + per - 1) / per;
    const int64_t token = patch.first / per * stack_row;
    product<true>(count, width, seen, thread.gradient.p_transposed(patch.first, column, stride), 1, stride, block.dout_stack + token, stack_row, thread.dv + column * width, width, next_dout_stack);
    product<true>(count, width, seen, thread.gradient.ds_transposed(patch.first, column, stride), 1, stride, block.q_stack + token, stack_row, thread.dk + column * width, width, next_q_stack);
  }
  Ahead next_dq = ahead_of(next.dq, kBackwardRows * width * static_cast<int64_t>(sizeof(float)), kBackwardRows / MR * (keys / per) * (round_up(width, NR) / NR));
  for_each_run(bits, 0, bits.rows, [&](int64_t first, int64_t count, int64_t begin, int64_t end) {
    product<true>(count, width, (end - begin) / per, thread.gradient.ds(first, begin, stride), stride / per, 1, thread.k_stack + begin / per * stack_row, stack_row, block.dq + first * width, width, next_dq);
  });
}

template <class Format>
static void pack_queries(const BackwardCall& call, const Shape& shape, const UnitPart& part, int64_t head, int64_t row, int64_t rows, const PackedQueries<Format>& packed) {
  using Source = typename Format::Source;
  const auto q = head_of<Source>(call.q, part.batch, head);
  const auto dout = head_of<Source>(call.dout, part.batch, head);
  Format::pack_rows(q, row, rows, shape.head_size, packed.q_rows);
  Format::pack_rows(dout, row, rows, shape.head_size, packed.dout_rows);
  if constexpr (!PackedQueries<Format>::kSameStack) {
    Format::pack_stack(q, row, rows, shape.q_count, shape.head_size, packed.q_stack);
    Format::pack_stack(dout, row, rows, shape.q_count, shape.head_size, packed.dout_stack);
  }
  std::memset(packed.dq, 0, static_cast<size_t>(rows * shape.width()) * sizeof(float));
  for (int64_t i = 0; i < rows; i++) {
    packed.lse_log2[i] = static_cast<float>(row_of(call.lse, part.batch, row + i, head) * kLog2E);
    packed.delta[i] = row_of(call.delta, part.batch, row + i, head);
  }
}

AR_INLINE void put_rows(const HeadRows<float>& to, int64_t row, int64_t count, const float* from, bool accumulate, const Shape& shape) {
  for (int64_t i = 0; i < count; i++) {
    if (accumulate) add_row(to.at(row + i), from + i * shape.width(), shape.head_size);
    else write_row(to.at(row + i), from + i * shape.width(), 1.0f, shape.head_size);
  }
}

// One head of a part against all keys; `accumulate` as for dk and dv.
template <class Format>
static void backward_head(const BackwardCall& call, const Shape& shape, const Plan& plan, const UnitPart& part, int64_t head, bool accumulate, int64_t tile_keys, const BackwardThread<Format>& thread) {
  using Source = typename Format::Source;
  const auto k = head_of<Source>(call.k, part.batch, part.kv_head);
  const auto v = head_of<Source>(call.v, part.batch, part.kv_head);
  const int64_t row0 = part.block_begin * shape.rows;
  const int64_t row_count = min(part.block_end * shape.rows, shape.q_count) - row0;
  bool some = false;
  for (int64_t block = part.block_begin; block < part.block_end; block++) some = some || plan.blocks[block].visible > 0;
  if (!some && accumulate && call.accumulate) return;
  pack_queries(call, shape, part, head, row0, row_count, thread.queries);
  for (int64_t key = 0; key < shape.k_count; key += tile_keys) {
    const int64_t count = min(tile_keys, shape.k_count - key);
    bool packed = false;
    for (int64_t block = part.block_begin; block < part.block_end; block++) {
      const int64_t row = block * shape.rows;
      const int64_t rows = shape.block_rows(block);
      const Tile tile = tile_at(plan.keys, plan.blocks[block], row, rows, key, count);
      if (tile.count == 0) continue;
      if (!packed) {
        packed = true;
        Format::pack_columns(k, key, tile_keys, shape.k_count, shape.head_size, thread.k_columns);
        Format::pack_columns(v, key, tile_keys, shape.k_count, shape.head_size, thread.v_columns);
        Format::pack_stack(k, key, tile_keys, shape.k_count, shape.head_size, thread.k_stack);
        std::memset(thread.dk, 0, static_cast<size_t>(count * shape.width()) * sizeof(float));
        std::memset(thread.dv, 0, static_cast<size_t>(count * shape.width()) * sizeof(float));
      }
      describe_tile(plan.keys, row, rows, tile, *thread.tile);
      const PackedQueries<Format> queries = thread.queries.from(row - row0, shape);
      backward_tile<Format>(shape, {queries.lse_log2, queries.delta, call.scale, call.scale_log2}, tile_keys + W, queries, thread, count);
    }
    if (packed) {
      put_rows(part.dk, key, count, thread.dk, accumulate, shape);
      put_rows(part.dv, key, count, thread.dv, accumulate, shape);
    } else if (!accumulate) {
      for (int64_t i = key; i < key + count; i++) {
        clear_row(part.dk.at(i), shape.head_size);
        clear_row(part.dv.at(i), shape.head_size);
      }
    }
  }
  put_rows(head_of<float>(call.dq, part.batch, head), row0, row_count, thread.queries.dq, call.accumulate, shape);
}

template <class Format>
static void backward_part(const BackwardCall& call, const Shape& shape, const Plan& plan, const UnitPart& part, int64_t tile_keys, const BackwardThread<Format>& thread) {
  const int64_t head0 = part.kv_head * shape.group();
  for (int64_t head = head0; head < head0 + shape.group(); head++) backward_head(call, shape, plan, part, head, part.accumulate || head > head0, tile_keys, thread);
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
  const Shape shape = shape_of(call.q, call.k, kBackwardRows);
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
