// Scratch of the backward pass. Legend: attention_plan.h.
#pragma once
#include "attention_gradient.h"
#include "attention_plan.h"

namespace actorring::cpu::AR_ISA {

// One head's queries, packed once and then read for every tile of keys, in the order of the rows.
template <class Format>
struct PackedQueries {
  using Word = typename Format::Word;
  Word* q_rows;      // [rows, row_words]
  Word* q_stack;     // [rows / per word][stack_row]; the same memory as q_rows where both lie alike
  Word* dout_rows;
  Word* dout_stack;
  float* dq;         // [rows, width]
  float* lse_log2;   // [rows]
  float* delta;      // [rows]

  static constexpr bool kSameStack = Format::kPerWord == 1;

  static PackedQueries carve(Carver& carver, const Shape& shape) {
    const int64_t count = shape.blocks() * shape.rows;
    const int64_t rows = count * Format::row_words(shape.head_size);
    const int64_t stack = count / Format::kPerWord * shape.stack_row();
    PackedQueries packed;
    packed.q_rows = carver.take<Word>(rows);
    packed.q_stack = kSameStack ? packed.q_rows : carver.take<Word>(stack);
    packed.dout_rows = carver.take<Word>(rows);
    packed.dout_stack = kSameStack ? packed.dout_rows : carver.take<Word>(stack);
    packed.dq = carver.take<float>(count * shape.width());
    packed.lse_log2 = carver.take<float>(count);
    packed.delta = carver.take<float>(count);
    return packed;
  }

  // The same from row `row` on (a multiple of 2).
  PackedQueries from(int64_t row, const Shape& shape) const {
    const int64_t words = row * Format::row_words(shape.head_size);
    const int64_t stack = row / Format::kPerWord * shape.stack_row();
    return {q_rows + words, q_stack + stack, dout_rows + words, dout_stack + stack, dq + row * shape.width(), lse_log2 + row, delta + row};
  }
};

template <class Format>
struct BackwardThread {
  using Word = typename Format::Word;
  Word* k_columns;  // [tile_keys / NR][H / per word][NR]
  Word* v_columns;
  Word* k_stack;    // [tile_keys / per word][stack_row]
  float* dk;        // [tile_keys, width]
  float* dv;
  GradientScratch<Format> gradient;
  TileBits* tile;
  PackedQueries<Format> queries;

  static BackwardThread carve(Carver& carver, const Shape& shape, int64_t tile_keys) {
    const int64_t columns = tile_keys * (shape.head_size / Format::kPerWord);
    BackwardThread thread;
    thread.k_columns = carver.take<Word>(columns);
    thread.v_columns = carver.take<Word>(columns);
    thread.k_stack = carver.take<Word>(tile_keys / Format::kPerWord * shape.stack_row());
    thread.dk = carver.take<float>(tile_keys * shape.width());
    thread.dv = carver.take<float>(tile_keys * shape.width());
    thread.gradient = GradientScratch<Format>::carve(carver, tile_keys + W);
    thread.tile = carver.take<TileBits>(1);
    thread.queries = PackedQueries<Format>::carve(carver, shape);
    return thread;
  }
};

template <class Format>
struct BackwardScratch {
  int64_t tile_keys;
  int64_t parts;         // the threads that share one unit, when units are left over
  int64_t part_floats;   // k_count * width
  float* part_dk;        // [parts - 1][k_count][width]
  float* part_dv;
  int64_t* part_blocks;  // [parts + 1]: which blocks of queries a part has
  std::byte* threads;
  int64_t thread_bytes;

  static BackwardScratch carve(Carver& carver, const Shape& shape, int thread_count) {
    BackwardScratch scratch;
    scratch.tile_keys = shape.head_size > 128 ? kPanel : 2 * kPanel;  // what a tile touches must fit a 1 MiB L2
    scratch.parts = shape.units() % thread_count == 0 ? 1 : min(thread_count, shape.blocks());
    scratch.part_floats = shape.k_count * shape.width();
    scratch.part_dk = carver.take<float>((scratch.parts - 1) * scratch.part_floats);
    scratch.part_dv = carver.take<float>((scratch.parts - 1) * scratch.part_floats);
    scratch.part_blocks = carver.take<int64_t>(scratch.parts + 1);
    Carver one(nullptr);
    BackwardThread<Format>::carve(one, shape, scratch.tile_keys);
    scratch.thread_bytes = one.used();
    scratch.threads = carver.take<std::byte>(thread_count * scratch.thread_bytes);
    return scratch;
  }

  BackwardThread<Format> thread(int index, const Shape& shape) const {
    Carver carver(threads + index * thread_bytes);
    return BackwardThread<Format>::carve(carver, shape, tile_keys);
  }
};

}  // namespace actorring::cpu::AR_ISA
