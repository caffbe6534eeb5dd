// Matrix products: result[m, n] (+)= sum over k of a[m, k] b[n or k, ...], blocked as by Goto and van de Geijn (Anatomy of High-Performance Matrix Multiplication, 2008).
//
//   for a range of columns of the result            the panels of B below stay in the shared cache
//     for a range of K blocks
//       pack B's panels, all threads together
//       for a block of the result, one task each     rows: the block of A stays in the task's L2
//         for a K block: pack or point at A's block, then one panel after another
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

constexpr int64_t kBlockK = 256;            // units: a panel of 64 KB and a block of A of 192 KB share an L2 of 1 MB
constexpr int64_t kBlockRows = 32 * MR;
constexpr int64_t kRangeColumns = 2048;
constexpr int64_t kRangeBytes = 8 << 20;    // B panels of one range: within a share of L3
constexpr int64_t kRoundedColumns = 512;    // float32 partial sums of a bf16 block

struct Plan {
  int64_t k_units, block_k, k_blocks;  // all of K
  int64_t range_columns, range_blocks; // of one range, in columns and K blocks
  int64_t block_rows, row_blocks;
  int64_t block_columns, column_blocks;
  int64_t row_units;                   // between rows of a copied block of A
  int64_t strip_floats;                // per thread: block of A
  int64_t partial_floats;              // per thread: partial sums of a bf16 block
};

AR_INLINE int64_t divide_up(int64_t x, int64_t by) { return (x + by - 1) / by; }

static Plan plan_product(const Product& p, int threads) {
  Plan plan;
  plan.k_units = divide_up(p.k, elements_per_unit(p.a.units));
  plan.k_blocks = divide_up(plan.k_units, kBlockK);
  plan.block_k = round_up(divide_up(plan.k_units, plan.k_blocks), 2);
  plan.k_blocks = divide_up(plan.k_units, plan.block_k);

  const int64_t column_bytes = plan.block_k * 4;
  if (p.result_bf16) {
    // Partial sums live no longer than a task, so that a range holds all of K.
    plan.range_blocks = plan.k_blocks;
    plan.range_columns = clamp(kRangeBytes / (column_bytes * plan.k_blocks), 4 * NR, kRangeColumns);
  } else {
    plan.range_columns = kRangeColumns;
    plan.range_blocks = clamp(kRangeBytes / (column_bytes * min(plan.range_columns, p.n)), 1, plan.k_blocks);
  }
  plan.range_columns = round_up(divide_up(p.n, divide_up(p.n, plan.range_columns)), NR);
  plan.range_blocks = divide_up(plan.k_blocks, divide_up(plan.k_blocks, plan.range_blocks));

  plan.row_blocks = divide_up(p.m, kBlockRows);
  plan.column_blocks = p.result_bf16 ? divide_up(plan.range_columns, kRoundedColumns) : 1;
  const int64_t wanted = threads == 1 ? 1 : 4 * threads;
  const int64_t panels = plan.range_columns / NR;
  while (plan.row_blocks * plan.column_blocks < wanted && plan.column_blocks < divide_up(panels, 2)) plan.column_blocks++;
  while (plan.row_blocks * plan.column_blocks < wanted && p.m / plan.row_blocks > 8 * MR) plan.row_blocks++;
  while (plan.row_blocks * plan.column_blocks < wanted && plan.column_blocks < panels) plan.column_blocks++;
  plan.block_rows = round_up(divide_up(p.m, plan.row_blocks), MR);
  plan.row_blocks = divide_up(p.m, plan.block_rows);
  plan.block_columns = round_up(divide_up(plan.range_columns, plan.column_blocks), NR);

  plan.row_units = round_up(plan.block_k, W) + W;  // not a multiple of a page: rows of a strip must not share cache sets
  plan.strip_floats = plan.block_rows * plan.row_units + W;
  plan.partial_floats = p.result_bf16 && plan.k_blocks > 1 ? plan.block_rows * plan.block_columns : 0;
  return plan;
}

struct ProductScratch {
  float* panels;
  float* bias;
  float* strips;
  float* partials;
};

static ProductScratch carve_product(Carver& carver, const Product& p, const Plan& plan, int threads) {
  ProductScratch scratch;
  scratch.panels = carver.take<float>(plan.range_columns * plan.range_blocks * plan.block_k);
  scratch.bias = carver.take<float>(p.bias == nullptr ? 0 : p.n);
  scratch.strips = carver.take<float>(plan.strip_floats * threads);
  scratch.partials = carver.take<float>(plan.partial_floats * threads);
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

static void pack_b(const Operand& b, int64_t k_element, int64_t column, int64_t columns, int64_t k_elements, float* to) {
  const std::byte* from = at(b, k_element, column);
  switch (b.units) {
    case FLOATS: pack_panel<FLOATS>(from, b.k_contiguous, b.stride_bytes, columns, k_elements, to); break;
    case WIDENED: pack_panel<WIDENED>(from, b.k_contiguous, b.stride_bytes, columns, k_elements, to); break;
    case PAIRS:
      if constexpr (kHasDot) pack_panel<PAIRS>(from, b.k_contiguous, b.stride_bytes, columns, k_elements, to);
      break;
  }
}

struct BlockOfA {
  Strip first;
  int64_t strip_bytes;
  Strip last;  // the one that the block's rows do not fill
};

static BlockOfA prepare_a(const Operand& a, int64_t k_element, int64_t k_elements, int64_t row, int64_t rows, const Plan& plan, float* copy) {
  const std::byte* from = at(a, k_element, row);
  if (!a.k_contiguous) {
    switch (a.units) {
      case FLOATS: pack_strips<FLOATS>(from, a.stride_bytes, rows, k_elements, copy); break;
      case WIDENED: pack_strips<WIDENED>(from, a.stride_bytes, rows, k_elements, copy); break;
      case PAIRS:
        if constexpr (kHasDot) pack_strips<PAIRS>(from, a.stride_bytes, rows, k_elements, copy);
        break;
    }
    const int64_t strip_bytes = MR * 4 * divide_up(k_elements, elements_per_unit(a.units));
    const std::byte* copied = reinterpret_cast<const std::byte*>(copy);
    return {{copied, 0}, strip_bytes, {copied + rows / MR * strip_bytes, 0}};
  }
  // Rows are read where they lie if they are in units already and do not fall on the same cache sets.
  const bool in_place = (a.units == FLOATS || (a.units == PAIRS && k_elements % 2 == 0)) && a.stride_bytes % 4096 != 0;
  const int64_t copied_from = in_place ? rows / MR * MR : 0;
  const int64_t copied_rows = rows - copied_from;
  const std::byte* source = from + copied_from * a.stride_bytes;
  switch (a.units) {
    case FLOATS: pack_rows<FLOATS>(source, a.stride_bytes, copied_rows, round_up(copied_rows, MR), k_elements, plan.row_units, copy); break;
    case WIDENED: pack_rows<WIDENED>(source, a.stride_bytes, copied_rows, round_up(copied_rows, MR), k_elements, plan.row_units, copy); break;
    case PAIRS:
      if constexpr (kHasDot) pack_rows<PAIRS>(source, a.stride_bytes, copied_rows, round_up(copied_rows, MR), k_elements, plan.row_units, copy);
      break;
  }
  const int64_t copied_bytes = plan.row_units * 4;
  const std::byte* copied = reinterpret_cast<const std::byte*>(copy);
  const Strip first = in_place ? Strip{from, a.stride_bytes} : Strip{copied, copied_bytes};
  return {first, MR * first.row_bytes, {copied + (rows / MR * MR - copied_from) * copied_bytes, copied_bytes}};
}

static void multiply_columns(const Product& p, int64_t rows, int64_t columns, int64_t k_count, const BlockOfA& block, const float* panel, const Finish& to) {
  if constexpr (kHasDot) {
    if (p.a.units == PAIRS) {
      if (p.a.k_contiguous) {
        tile_column<true, true>(rows, columns, k_count, block.first, block.strip_bytes, block.last, panel, to);
      } else {
        tile_column<true, false>(rows, columns, k_count, block.first, block.strip_bytes, block.last, panel, to);
      }
      return;
    }
  }
  if (p.a.k_contiguous) {
    tile_column<false, true>(rows, columns, k_count, block.first, block.strip_bytes, block.last, panel, to);
  } else {
    tile_column<false, false>(rows, columns, k_count, block.first, block.strip_bytes, block.last, panel, to);
  }
}

static void widen(const View& x, int64_t n, float* to) {
  for (int64_t i = 0; i < n; i++) to[i] = x.dtype == AR_BFLOAT16 ? to_float(x.as<bf16>()[i]) : x.as<float>()[i];
}

static void multiply(CpuContext& context, const Product& p, std::byte* memory) {
  const int threads = context.pool.thread_count();
  const Plan plan = plan_product(p, threads);
  Carver carver(memory);
  const ProductScratch scratch = carve_product(carver, p, plan, threads);
  if (p.bias != nullptr) widen(*p.bias, p.n, scratch.bias);

  const int64_t per_unit = elements_per_unit(p.a.units);
  const int64_t block_elements = plan.block_k * per_unit;
  const int64_t panel_floats = NR * plan.block_k;

  for (int64_t range_column = 0; range_column < p.n; range_column += plan.range_columns) {
    const int64_t range_columns = min(plan.range_columns, p.n - range_column);
    const int64_t panels = divide_up(range_columns, NR);
    for (int64_t range_block = 0; range_block < plan.k_blocks; range_block += plan.range_blocks) {
      const int64_t blocks = min(plan.range_blocks, plan.k_blocks - range_block);

      context.pool.run(panels * blocks, [&](int64_t task, int) {
        const int64_t panel = task % panels, block = task / panels;
        const int64_t k_element = (range_block + block) * block_elements;
        pack_b(p.b, k_element, range_column + panel * NR, min(range_columns - panel * NR, NR), min(p.k - k_element, block_elements), scratch.panels + task * panel_floats);
      });

      const int64_t column_blocks = divide_up(range_columns, plan.block_columns);
      context.pool.run(plan.row_blocks * column_blocks, [&](int64_t task, int thread) {
        const int64_t row = task / column_blocks * plan.block_rows;
        const int64_t rows = min(plan.block_rows, p.m - row);
        const int64_t first_column = task % column_blocks * plan.block_columns;
        const int64_t end_column = min(first_column + plan.block_columns, range_columns);
        float* strips = scratch.strips + thread * plan.strip_floats;

        for (int64_t block = 0; block < blocks; block++) {
          const int64_t k_block = range_block + block;
          const int64_t k_element = k_block * block_elements;
          const int64_t k_elements = min(p.k - k_element, block_elements);
          const bool last = k_block + 1 == plan.k_blocks;
          const BlockOfA block_of_a = prepare_a(p.a, k_element, k_elements, row, rows, plan, strips);

          for (int64_t column = first_column; column < end_column; column += NR) {
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
            multiply_columns(p, rows, min(end_column - column, NR), divide_up(k_elements, per_unit), block_of_a, scratch.panels + (block * panels + column / NR) * panel_floats, to);
          }
        }
      });
    }
  }
}

}  // namespace actorring::cpu::AR_ISA
