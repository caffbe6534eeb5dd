// Linear layers as products. Rows are tokens: x [R, I], w [O, I], y [R, O].
#pragma once
#include "few_rows.h"
#include "gemm.h"

namespace actorring::cpu::AR_ISA {

// Both operands bf16: pairs for the dot product where there is one. Otherwise everything is multiplied as float32.
AR_INLINE Units units_of(const View& x, bool both_bf16) { return x.dtype == AR_FLOAT32 ? FLOATS : both_bf16 && kHasDot ? PAIRS : WIDENED; }

AR_INLINE Product product(const View& a, bool a_k_contiguous, const View& b, bool b_k_contiguous, const View* bias, bool accumulate, const View& result) {
  const bool both_bf16 = a.dtype == AR_BFLOAT16 && b.dtype == AR_BFLOAT16;
  Product p;
  p.m = result.shape[0];
  p.n = result.shape[1];
  p.k = a.shape[a_k_contiguous ? 1 : 0];
  p.a = {a.data, units_of(a, both_bf16), a_k_contiguous, a.stride[0] * (a.dtype == AR_FLOAT32 ? 4 : 2)};
  p.b = {b.data, units_of(b, both_bf16), b_k_contiguous, b.stride[0] * (b.dtype == AR_FLOAT32 ? 4 : 2)};
  p.result = result.data;
  p.result_bf16 = result.dtype == AR_BFLOAT16;
  p.result_row = result.stride[0];
  p.bias = bias;
  p.accumulate = accumulate;
  return p;
}

AR_INLINE Product forward_product(const View& x, const View& w, const View* bias, bool accumulate, const View& y) {
  return product(x, true, w, true, bias, accumulate, y);
}
AR_INLINE Product input_product(const View& dy, const View& w, bool accumulate, const View& dx) {
  return product(dy, true, w, false, nullptr, accumulate, dx);
}
AR_INLINE Product weight_product(const View& dy, const View& x, bool accumulate, const View& dw) {
  return product(dy, false, x, false, nullptr, accumulate, dw);
}

static void run_product(CpuContext& context, const Product& p) {
  multiply(context, p, context.scratch.request(product_scratch_bytes(p, context.pool.thread_count())));
}

static void linear_forward(CpuContext& context, const View& x, const View& w, const View* bias, bool accumulate, const View& y) {
  if (x.shape[0] > kFewRows) {
    run_product(context, forward_product(x, w, bias, accumulate, y));
  } else if (x.dtype == AR_FLOAT32) {
    few_rows<float>(context, x, w, bias, accumulate, y);
  } else {
    few_rows<bf16>(context, x, w, bias, accumulate, y);
  }
}

static void linear_backward_input(CpuContext& context, const View& dy, const View& w, bool accumulate, const View& dx) {
  run_product(context, input_product(dy, w, accumulate, dx));
}

// Sums of `width` columns: 128 rows at a time, then those sums, both in ascending order, so that rounding errors grow with R / 128.
template <class T>
static void column_sums(const T* rows, int64_t row_count, int64_t row_stride, int64_t width, bool accumulate, float* sums) {
  for (int64_t j = 0; j < width; j += W) {
    const int64_t n = min(width - j, W);
    F total = !accumulate ? zero() : n == W ? load(sums + j) : load_first(sums + j, n);
    for (int64_t first = 0; first < row_count; first += 128) {
      F part = zero();
      for (int64_t row = first; row < min(first + 128, row_count); row++) {
        const T* values = rows + row * row_stride + j;
        part = add(part, n == W ? load(values) : load_first(values, n));
      }
      total = add(total, part);
    }
    if (n == W) {
      store(sums + j, total);
    } else {
      store_first(sums + j, n, total);
    }
  }
}

static void linear_backward_weight(CpuContext& context, const View& dy, const View& x, bool accumulate, const View& dw, const View* dbias) {
  run_product(context, weight_product(dy, x, accumulate, dw));
  if (dbias == nullptr) return;
  constexpr int64_t kColumns = 64;
  const int64_t columns = dy.shape[1];
  context.pool.run(divide_up(columns, kColumns), [&](int64_t task, int) {
    const int64_t first = task * kColumns, width = min(columns - first, kColumns);
    if (dy.dtype == AR_FLOAT32) {
      column_sums(dy.as<float>() + first, dy.shape[0], dy.stride[0], width, accumulate, dbias->as<float>() + first);
    } else {
      column_sums(dy.as<bf16>() + first, dy.shape[0], dy.stride[0], width, accumulate, dbias->as<float>() + first);
    }
  });
}

}  // namespace actorring::cpu::AR_ISA
