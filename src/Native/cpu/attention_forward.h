// Forward: K^T and V of some units are packed once, then every block of queries folds the tiles it sees into its running state (arXiv:2307.08691).
// Legend: attention_plan.h.
#pragma once
#include <cmath>

#include "attention_pairs.h"
#include "attention_plan.h"
#include "attention_product.h"
#include "attention_rows.h"
#include "attention_softmax.h"
#include "attention_steps.h"

namespace actorring::cpu::AR_ISA {

template <class Format>
struct ForwardScratch {
  using Word = typename Format::Word;
  using Weight = typename Format::Weight;
  static constexpr int64_t kPackedBytes = int64_t{64} << 20;  // units are packed together up to this size, one at least
  static constexpr int64_t kBlock = 192;                      // query rows of a block: enough work per key to hide that keys come from L3
  static constexpr int64_t kTile = 256;                       // keys of a tile: scores, K^T and V of a tile fit a 1 MiB L2 together
  static constexpr int64_t kStrip = 12;                       // rows that go through a tile together: their scores stay in L1
  static constexpr int64_t kStride = kTile + W;               // not a power of two: rows of scores must not fall on the same cache lines

  struct Thread {
    Word* q;           // [kBlock, row_words]
    float* scores;     // [kStrip, kStride]
    Weight* weights;   // the same memory as scores where a weight is a float
    float* out;        // [kBlock, width]
    RowStates* state;
    TileBits* tile;
  };

  int64_t units_at_once;
  int64_t unit_k, unit_v;  // words
  Word* k;                 // [units_at_once][padded_keys / NR][H / per word][NR]
  Word* v;                 // [units_at_once][padded_keys / per word][stack_row]
  std::byte* threads;
  int64_t thread_bytes;

  static Thread carve_thread(Carver& carver, const Shape& shape) {
    Thread thread;
    thread.q = carver.take<Word>(kBlock * Format::row_words(shape.head_size));
    thread.scores = carver.take<float>(kStrip * kStride);
    if constexpr (sizeof(Weight) == sizeof(float)) thread.weights = thread.scores;
    else thread.weights = carver.take<Weight>(kStrip * kStride);
    thread.out = carver.take<float>(kBlock * shape.width());
    thread.state = carver.take<RowStates>(1);
    thread.tile = carver.take<TileBits>(1);
    return thread;
  }

  static ForwardScratch carve(Carver& carver, const Shape& shape, int thread_count) {
    ForwardScratch scratch;
    scratch.unit_k = shape.padded_keys() * (shape.head_size / Format::kPerWord);
    scratch.unit_v = shape.padded_keys() / Format::kPerWord * shape.stack_row();
    const int64_t unit_bytes = (scratch.unit_k + scratch.unit_v) * static_cast<int64_t>(sizeof(Word));
    scratch.units_at_once = clamp(kPackedBytes / unit_bytes, 1, shape.units());
    scratch.k = carver.take<Word>(scratch.units_at_once * scratch.unit_k);
    scratch.v = carver.take<Word>(scratch.units_at_once * scratch.unit_v);
    Carver one(nullptr);
    carve_thread(one, shape);
    scratch.thread_bytes = one.used();
    scratch.threads = carver.take<std::byte>(thread_count * scratch.thread_bytes);
    return scratch;
  }

  Thread thread(int index, const Shape& shape) const {
    Carver carver(threads + index * thread_bytes);
    return carve_thread(carver, shape);
  }
};

struct ForwardCall {
  const View& q;
  const View& k;
  const View& v;
  float scale_log2;
  bool first, last;
  backend::AttentionState state;
  const View* out;
  const View* lse;
};

// The rows of one block of one head, and where their results go.
struct BlockRows {
  int64_t batch, head, row, count;
};

// out = 0 and an empty state, or what an earlier call left.
template <class Thread>
AR_INLINE void begin_rows(const ForwardCall& call, const Shape& shape, const BlockRows& rows, const Thread& thread) {
  const int64_t width = shape.width();
  std::memset(thread.out, 0, static_cast<size_t>(rows.count * width) * sizeof(float));
  for (int64_t i = 0; i < rows.count; i++) {
    if (call.first) {
      thread.state->maximum[i] = minus_infinity();
      thread.state->sum[i] = 0.0f;
      continue;
    }
    const Rescaled maximum = to_log2(row_of(*call.state.row_max, rows.batch, rows.row + i, rows.head));
    thread.state->maximum[i] = maximum.maximum;
    thread.state->sum[i] = row_of(*call.state.row_sum, rows.batch, rows.row + i, rows.head) * maximum.factor;
    write_row(thread.out + i * width, head_of<float>(*call.state.out, rows.batch, rows.head).at(rows.row + i), maximum.factor, shape.head_size);
  }
}

template <class Thread>
AR_INLINE void end_rows(const ForwardCall& call, const Shape& shape, const BlockRows& rows, const Thread& thread) {
  for (int64_t i = 0; i < rows.count; i++) {
    const float* sums = thread.out + i * shape.width();
    const float sum = thread.state->sum[i];
    if (!call.last) {
      const Rescaled maximum = to_natural(thread.state->maximum[i]);
      write_row(head_of<float>(*call.state.out, rows.batch, rows.head).at(rows.row + i), sums, maximum.factor, shape.head_size);
      row_of(*call.state.row_max, rows.batch, rows.row + i, rows.head) = maximum.maximum;
      row_of(*call.state.row_sum, rows.batch, rows.row + i, rows.head) = sum * maximum.factor;
      continue;
    }
    // A row that saw no key has the sum 0; a NaN is not 0 and goes on.
    const float factor = sum == 0.0f ? 0.0f : 1.0f / sum;
    row_of(*call.lse, rows.batch, rows.row + i, rows.head) = sum == 0.0f ? minus_infinity() : static_cast<float>(thread.state->maximum[i] * kLn2 + std::log(static_cast<double>(sum)));
    if (call.out->dtype == AR_FLOAT32) write_row(head_of<float>(*call.out, rows.batch, rows.head).at(rows.row + i), sums, factor, shape.head_size);
    else write_row(head_of<bf16>(*call.out, rows.batch, rows.head).at(rows.row + i), sums, factor, shape.head_size);
  }
}

template <class Format>
static void forward_rows(const ForwardCall& call, const Shape& shape, const KeyMask& keys, const BlockRows& rows, const typename Format::Word* k, const typename Format::Word* v,
                         const typename ForwardScratch<Format>::Thread& thread) {
  using Scratch = ForwardScratch<Format>;
  constexpr int64_t stride = Scratch::kStride;
  const int64_t width = shape.width();
  const int64_t stack_row = shape.stack_row();
  TileWalk walk(keys, rows.row, rows.count, Scratch::kTile);
  Tile tile;
  bool some = walk.next(tile);
  if (!some && !call.first && !call.last) return;
  begin_rows(call, shape, rows, thread);
  if (some) Format::pack_rows(head_of<typename Format::Source>(call.q, rows.batch, rows.head), rows.row, rows.count, shape.head_size, thread.q);
  for (; some; some = walk.next(tile)) {
    TileBits& bits = *thread.tile;
    describe_tile(keys, rows.row, rows.count, tile, bits);
    const int64_t depth = shape.head_size / Format::kPerWord;
    const typename Format::Word* panels = k + tile.key * depth;
    const typename Format::Word* values = v + tile.key / Format::kPerWord * stack_row;
    constexpr int64_t word_bytes = sizeof(typename Format::Word);
    const int64_t groups = round_up(rows.count, MR) / MR;
    Ahead next_panels = ahead_of(panels + Scratch::kTile * depth, Scratch::kTile * depth * word_bytes, groups * depth * (Scratch::kTile / NR));
    Ahead next_values = ahead_of(values + Scratch::kTile / Format::kPerWord * stack_row, Scratch::kTile / Format::kPerWord * stack_row * word_bytes,
                                 groups * (Scratch::kTile / Format::kPerWord) * (round_up(width, NR) / NR));
    for (int64_t strip = 0; strip < rows.count; strip += Scratch::kStrip) {
      const int64_t strip_end = min(strip + Scratch::kStrip, rows.count);
      score_rows<Format>(shape, thread.q, panels, stride, bits, strip, strip_end, thread.scores, next_panels);
      for_each_run(bits, strip, strip_end, [&](int64_t first, int64_t count, int64_t begin, int64_t end) {
        const Weighing weighing{first, first + count, begin, end, call.scale_log2};
        const int64_t at = (first - strip) * stride;
        if (bits.masked) weigh_rows<true>(bits, weighing, thread.scores + at, stride, *thread.state, thread.weights + at);
        else weigh_rows<false>(bits, weighing, thread.scores + at, stride, *thread.state, thread.weights + at);
        for (int64_t row = first; row < first + count; row++) {
          if (thread.state->shrink[row] != 1.0f) write_row(thread.out + row * width, thread.out + row * width, thread.state->shrink[row], width);
        }
        product<true>(count, width, (end - begin) / Format::kPerWord, reinterpret_cast<const typename Format::Word*>(thread.weights + at + begin), stride / Format::kPerWord, 1,
                      values + begin / Format::kPerWord * stack_row, stack_row, thread.out + first * width, width, next_values);
      });
    }
  }
  end_rows(call, shape, rows, thread);
}

template <class Format>
static void forward_with(CpuContext& context, const ForwardCall& call, const ar_attention_mask& mask) {
  using Source = typename Format::Source;
  const Shape shape = shape_of(call.q, call.k, ForwardScratch<Format>::kBlock);
  Carver sizes(nullptr);
  carve_plan(sizes, shape, &mask);
  ForwardScratch<Format>::carve(sizes, shape, context.thread_count);
  Carver carver(context.scratch.request(sizes.used()));
  Plan plan = carve_plan(carver, shape, &mask);
  const auto scratch = ForwardScratch<Format>::carve(carver, shape, context.thread_count);
  make_plan(context, shape, plan);

  constexpr int64_t kPiece = 16 * kPanel;  // keys packed by one task
  const int64_t first_key = plan.hull.begin / kPanel * kPanel;
  const int64_t pieces = round_up(plan.hull.end - first_key, kPiece) / kPiece;
  for (int64_t unit0 = 0; unit0 < shape.units(); unit0 += scratch.units_at_once) {
    const int64_t units = min(scratch.units_at_once, shape.units() - unit0);
    context.pool.run(units * pieces, [&](int64_t task, int) {
      const int64_t unit = unit0 + task / pieces;
      const int64_t begin = first_key + task % pieces * kPiece;
      const int64_t count = min(kPiece, shape.padded_keys() - begin);
      const auto k = head_of<Source>(call.k, unit / shape.kv_heads, unit % shape.kv_heads);
      const auto v = head_of<Source>(call.v, unit / shape.kv_heads, unit % shape.kv_heads);
      Format::pack_columns(k, begin, count, shape.k_count, shape.head_size, scratch.k + (unit - unit0) * scratch.unit_k + begin * (shape.head_size / Format::kPerWord));
      Format::pack_stack(v, begin, count, shape.k_count, shape.head_size, scratch.v + (unit - unit0) * scratch.unit_v + begin / Format::kPerWord * shape.stack_row());
    });
    const int64_t heads = units * shape.group();
    context.pool.run(heads * shape.blocks(), [&](int64_t task, int thread) {
      const DenormalsAreZero mode;
      const int64_t unit = task % heads / shape.group();
      const int64_t block = plan.order[task / heads];
      const BlockRows rows{(unit0 + unit) / shape.kv_heads, (unit0 + unit) % shape.kv_heads * shape.group() + task % shape.group(), block * shape.rows, shape.block_rows(block)};
      forward_rows<Format>(call, shape, plan.keys, rows, scratch.k + unit * scratch.unit_k, scratch.v + unit * scratch.unit_v, scratch.thread(thread, shape));
    });
  }
}

}  // namespace actorring::cpu::AR_ISA
