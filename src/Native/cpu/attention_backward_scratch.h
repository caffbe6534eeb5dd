// Scratch of the backward pass. Legend: attention_plan.h.
#pragma once
#include "attention_gradient.h"
#include "attention_plan.h"

namespace actorring::cpu::AR_ISA {

template <class Format>
struct BackwardThread {
  using Word = typename Format::Word;
  Word* k_columns;  // [tile_keys / NR][H / per word][NR]
  Word* v_columns;
  Word* k_stack;    // [tile_keys / per word][width]
  Word* q_rows;     // [kRows, row_words]
  Word* q_stack;    // [kRows / per word][width]; the same memory as q_rows where both lie alike
  Word* dout_rows;
  Word* dout_stack;
  float* dk;        // [tile_keys, width]
  float* dv;
  float* dq;        // [kRows, width]: only where a row of the caller's dq is not a whole number of vectors
  float* lse_log2;  // [kRows]
  float* delta;     // [kRows]
  GradientScratch<Format> gradient;
  TileBits* tile;

  static constexpr bool kSameStack = Format::kPerWord == 1;

  static BackwardThread carve(Carver& carver, const Shape& shape, int64_t tile_keys) {
    const int64_t columns = tile_keys * (shape.head_size / Format::kPerWord);
    const int64_t rows = kRows * Format::row_words(shape.head_size);
    const int64_t width = shape.width();
    BackwardThread thread;
    thread.k_columns = carver.take<Word>(columns);
    thread.v_columns = carver.take<Word>(columns);
    thread.k_stack = carver.take<Word>(tile_keys / Format::kPerWord * width);
    thread.q_rows = carver.take<Word>(rows);
    thread.q_stack = kSameStack ? thread.q_rows : carver.take<Word>(kRows / Format::kPerWord * width);
    thread.dout_rows = carver.take<Word>(rows);
    thread.dout_stack = kSameStack ? thread.dout_rows : carver.take<Word>(kRows / Format::kPerWord * width);
    thread.dk = carver.take<float>(tile_keys * width);
    thread.dv = carver.take<float>(tile_keys * width);
    thread.dq = carver.take<float>(kRows * width);
    thread.lse_log2 = carver.take<float>(kRows);
    thread.delta = carver.take<float>(kRows);
    thread.gradient = GradientScratch<Format>::carve(carver, tile_keys + W);
    thread.tile = carver.take<TileBits>(1);
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
