// Matrix products: result[m, n] (+)= sum over k of a[m, k] b[k, n], each operand contiguous along K or across it.
// Blocked as by Goto and van de Geijn (Anatomy of High-Performance Matrix Multiplication, 2008):
//
//   for a range of columns and of K blocks      its panels stay in the shared cache
//     pack B into panels, all threads together
//     for a block of the result, one task each   few rows: the block of A stays in the task's L2
//       for a K block: pack A into strips, then one panel after another against it
//
// Threads divide the result, never K, and an element's sum runs over K blocks whose size depends on K alone: its bits depend neither on the thread count nor
// on where the element lies. A bf16 result is rounded once, from float32 partial sums.
#pragma once
#include "context.h"
#include "gemm_pack.h"
#include "view.h"

namespace actorring::cpu::AR_ISA {

struct Product {
  int64_t m, n, k;
  Operand a;  // (K, m)
  Operand b;  // (K, n)
  std::byte* result;
  bool result_bf16;
  int64_t result_row;  // elements
  const View* bias;
  bool accumulate;
};

constexpr int64_t kBlockK = 512;                 // units: a panel of 64 KB, the next one and a block of A of 196 KB share an L2 of 1 MB with their sums
constexpr int64_t kBlockRows = 100 / TR * TR;
constexpr int64_t kRangeColumns = 2048;          // wide: every range packs all of A again
constexpr int64_t kRangeBytes = 3 << 20;         // panels of one range: the share of L3 that a core of a busy machine may hope for
constexpr int64_t kRoundedColumns = 512;         // float32 partial sums of a bf16 block
constexpr int64_t kPackUnits = 64;               // along K, for one packing task

struct Plan {
  int64_t k_units, block_k, k_blocks;                // all of K
  int64_t range_columns, range_blocks;               // of one range; the last counts K blocks
  int64_t block_rows, block_columns;                 // of one task
  int64_t panel_floats;                              // between panels of a K block
  int64_t strip_floats;                              // between strips of a block of A
  int64_t block_floats;                              // per thread: a block of A
  int64_t partial_floats;                            // per thread: partial sums of a bf16 block
};

AR_INLINE int64_t divide_up(int64_t x, int64_t by) { return (x + by - 1) / by; }

// Evenly sized parts of at most `most`, a multiple of `unit`.
AR_INLINE int64_t even_part(int64_t whole, int64_t most, int64_t unit) { return round_up(divide_up(whole, divide_up(whole, most)), unit); }

static Plan plan_product(const Product& p, int threads) {
  Plan plan{};
  plan.k_units = divide_up(p.k, elements_per_unit(p.a.units));
  plan.block_k = even_part(plan.k_units, kBlockK, 2);
  plan.k_blocks = divide_up(plan.k_units, plan.block_k);

  const int64_t line_bytes = plan.block_k * 4;  // of one row or column of a range, per K block
  if (p.result_bf16) {
    // Partial sums live no longer than a task, so that a range holds all of K.
    plan.range_blocks = plan.k_blocks;
    plan.range_columns = even_part(p.n, clamp(kRangeBytes / (line_bytes * plan.k_blocks) / TC * TC, 4 * TC, kRangeColumns), TC);
  } else {
    plan.range_columns = even_part(p.n, kRangeColumns, TC);
    plan.range_blocks = even_part(plan.k_blocks, clamp(kRangeBytes / (line_bytes * plan.range_columns), 1, plan.k_blocks), 1);
  }

  int64_t row_blocks = divide_up(p.m, kBlockRows);
  int64_t column_blocks = p.result_bf16 ? divide_up(plan.range_columns, kRoundedColumns) : 1;
  const int64_t wanted = threads == 1 ? 1 : 4 * threads;
  const int64_t panels = plan.range_columns / TC;
  while (row_blocks * column_blocks < wanted && column_blocks < divide_up(panels, 4)) column_blocks++;
  while (row_blocks * column_blocks < wanted && p.m / row_blocks > 48) row_blocks++;
  while (row_blocks * column_blocks < wanted && column_blocks < panels) column_blocks++;
  plan.block_rows = round_up(divide_up(p.m, row_blocks), TR);
  plan.block_columns = round_up(divide_up(plan.range_columns, column_blocks), TC);

  // Panels and strips do not start at multiples of a power of two: they would meet in few cache sets.
  plan.panel_floats = plan.block_k * TC + TC;
  plan.strip_floats = round_up(plan.block_k * TR, 32) + 16;
  plan.block_floats = plan.block_rows / TR * plan.strip_floats;
  plan.partial_floats = p.result_bf16 && plan.k_blocks > 1 ? plan.block_rows * plan.block_columns : 0;
  return plan;
}

struct ProductScratch {
  float* panels;
  float* blocks;
  float* partials;
  float* bias;
};

static ProductScratch carve_product(Carver& carver, const Product& p, const Plan& plan, int threads) {
  ProductScratch scratch;
  scratch.panels = carver.take<float>(plan.range_columns / TC * plan.range_blocks * plan.panel_floats);
  scratch.blocks = carver.take<float>(plan.block_floats * threads);
  scratch.partials = carver.take<float>(plan.partial_floats * threads);
  scratch.bias = carver.take<float>(p.bias == nullptr ? 0 : p.n);
  return scratch;
}

static int64_t product_scratch_bytes(const Product& p, int threads) {
  Carver carver(nullptr);
  carve_product(carver, p, plan_product(p, threads), threads);
  return carver.used();
}

AR_INLINE const std::byte* at(const Operand& x, int64_t k_element, int64_t other) {
  const int64_t size = bytes_per_element(x.units);
  return x.data + (x.k_contiguous ? k_element * size + other * x.stride_bytes : k_element * x.stride_bytes + other * size);
}

// Calls body(units as a compile-time constant).
template <class Body>
AR_INLINE void with_units(Units units, Body&& body) {
  switch (units) {
    case FLOATS: body.template operator()<FLOATS>(); break;
    case WIDENED: body.template operator()<WIDENED>(); break;
    case PAIRS:
      if constexpr (kHasDot) body.template operator()<PAIRS>();
      break;
  }
}

static void pack_block(const Operand& a, int64_t k_element, int64_t k_elements, int64_t row, int64_t rows, int64_t strip_floats, float* to) {
  const std::byte* from = at(a, k_element, row);
  with_units(a.units, [&]<Units U>() {
    if (a.k_contiguous) {
      pack_strips_along_k<U>(from, a.stride_bytes, rows, k_elements, strip_floats, to);
    } else {
      pack_strips_across_k<U>(from, a.stride_bytes, rows, k_elements, strip_floats, to);
    }
  });
}

static void widen(const View& x, int64_t n, float* to) {
  for (int64_t i = 0; i < n; i++) to[i] = x.dtype == AR_BFLOAT16 ? to_float(x.as<bf16>()[i]) : x.as<float>()[i];
}

// Packs what one range needs of B.
static void pack_range(CpuContext& context, const Product& p, const Plan& plan, float* to, int64_t column, int64_t columns, int64_t first_block,
    int64_t blocks) {
  const int64_t per_unit = elements_per_unit(p.b.units);
  const int64_t panels = divide_up(columns, TC);
  const int64_t parts = p.b.k_contiguous ? panels : divide_up(plan.block_k, kPackUnits);
  context.pool.run(blocks * parts, [&](int64_t task, int) {
    const int64_t block = task / parts, part = task % parts;
    const int64_t k_element = (first_block + block) * plan.block_k * per_unit;
    const int64_t k_elements = min(p.k - k_element, plan.block_k * per_unit);
    float* block_panels = to + block * panels * plan.panel_floats;
    if (p.b.k_contiguous) {
      const std::byte* from = at(p.b, k_element, column + part * TC);
      float* panel = block_panels + part * plan.panel_floats;
      with_units(p.b.units, [&]<Units U>() { pack_panel_along_k<U>(from, p.b.stride_bytes, min(columns - part * TC, TC), k_elements, panel); });
    } else {
      const int64_t skipped = part * kPackUnits * per_unit;
      const std::byte* from = at(p.b, k_element + skipped, column);
      const int64_t piece = min(k_elements - skipped, kPackUnits * per_unit);
      float* first_row = block_panels + part * kPackUnits * TC;
      with_units(p.b.units, [&]<Units U>() { pack_panels_across_k<U>(from, p.b.stride_bytes, columns, piece, plan.panel_floats, first_row); });
    }
  });
}

static void multiply(CpuContext& context, const Product& p, std::byte* memory) {
  const int threads = context.pool.thread_count();
  const Plan plan = plan_product(p, threads);
  Carver carver(memory);
  const ProductScratch scratch = carve_product(carver, p, plan, threads);
  if (p.bias != nullptr) widen(*p.bias, p.n, scratch.bias);
  const int64_t per_unit = elements_per_unit(p.a.units);

  // One range: columns [range_column, range_column + range_columns), K blocks [first_block, first_block + blocks).
  const auto multiply_range = [&](int64_t range_column, int64_t range_columns, int64_t first_block, int64_t blocks) {
    pack_range(context, p, plan, scratch.panels, range_column, range_columns, first_block, blocks);
    const int64_t panels = divide_up(range_columns, TC), column_blocks = divide_up(range_columns, plan.block_columns);
    context.pool.run(divide_up(p.m, plan.block_rows) * column_blocks, [&](int64_t task, int thread) {
      const int64_t row = task / column_blocks * plan.block_rows, rows = min(plan.block_rows, p.m - row);
      const int64_t first_column = task % column_blocks * plan.block_columns, end_column = min(first_column + plan.block_columns, range_columns);
      for (int64_t block = 0; block < blocks; block++) {
        const int64_t k_block = first_block + block, k_element = k_block * plan.block_k * per_unit;
        const int64_t k_elements = min(p.k - k_element, plan.block_k * per_unit);
        const bool last = k_block + 1 == plan.k_blocks;
        float* copy = scratch.blocks + thread * plan.block_floats;
        pack_block(p.a, k_element, k_elements, row, rows, plan.strip_floats, copy);
        for (int64_t column = first_column; column < end_column; column += TC) {
          Finish to{};
          to.add_partial = k_block > 0;
          if (p.result_bf16) {
            to.partial = scratch.partials + thread * plan.partial_floats + (plan.partial_floats == 0 ? 0 : column - first_column);
            to.partial_row = plan.partial_floats == 0 ? 0 : plan.block_columns;
            if (last) {
              to.rounded = reinterpret_cast<bf16*>(p.result) + row * p.result_row + range_column + column;
              to.rounded_row = p.result_row;
              to.add_rounded = p.accumulate;
            }
          } else {
            to.partial = reinterpret_cast<float*>(p.result) + row * p.result_row + range_column + column;
            to.partial_row = p.result_row;
            to.add_partial = to.add_partial || p.accumulate;
          }
          if (last && p.bias != nullptr) to.bias = scratch.bias + range_column + column;
          const float* panel = scratch.panels + (block * panels + column / TC) * plan.panel_floats;
          const auto multiply_column = kHasDot && p.a.units == PAIRS ? tile_column<kHasDot> : tile_column<false>;
          multiply_column(rows, min(end_column - column, TC), divide_up(k_elements, per_unit), copy, plan.strip_floats, panel, panel + plan.panel_floats, to);
        }
      }
    });
  };

  for (int64_t column = 0; column < p.n; column += plan.range_columns) {
    for (int64_t block = 0; block < plan.k_blocks; block += plan.range_blocks) {
      multiply_range(column, min(plan.range_columns, p.n - column), block, min(plan.range_blocks, plan.k_blocks - block));
    }
  }
}

}  // namespace actorring::cpu::AR_ISA
