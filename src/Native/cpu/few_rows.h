// y = x w^T for a handful of rows (generating a token): memory-bound, so that w is read once where it lies instead of being packed.
#pragma once
#include "context.h"
#include "simd.h"
#include "view.h"

namespace actorring::cpu::AR_ISA {

constexpr int64_t kFewRows = 4;

// ROWS dot products with each of two rows of w.
template <int ROWS, class T>
AR_INLINE void dot_pair(const T* x, int64_t x_row, const T* w0, const T* w1, int64_t n, float (&out)[2][ROWS]) {
  F sum[2][ROWS];
#pragma GCC unroll 8
  for (int i = 0; i < ROWS; i++) sum[0][i] = sum[1][i] = zero();
  int64_t k = 0;
  for (; k + W <= n; k += W) {
    const F right0 = load(w0 + k), right1 = load(w1 + k);
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++) {
      const F left = load(x + i * x_row + k);
      sum[0][i] = fma(left, right0, sum[0][i]);
      sum[1][i] = fma(left, right1, sum[1][i]);
    }
  }
  if (k < n) {
    const F right0 = load_first(w0 + k, n - k), right1 = load_first(w1 + k, n - k);
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++) {
      const F left = load_first(x + i * x_row + k, n - k);
      sum[0][i] = fma(left, right0, sum[0][i]);
      sum[1][i] = fma(left, right1, sum[1][i]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < ROWS; i++) {
    out[0][i] = reduce_add(sum[0][i]);
    out[1][i] = reduce_add(sum[1][i]);
  }
}

template <class Y>
AR_INLINE void put(Y* y, float value, bool accumulate) {
  if constexpr (sizeof(Y) == 4) {
    *y = accumulate ? *y + value : value;
  } else {
    *y = to_bf16(accumulate ? to_float(*y) + value : value);
  }
}

AR_INLINE float scalar(float x) { return x; }
AR_INLINE float scalar(bf16 x) { return to_float(x); }

template <int ROWS, class T>
static void few_rows_block(const View& x, const View& w, const View* bias, bool accumulate, const View& y, int64_t first, int64_t end) {
  for (int64_t j = first; j < end; j += 2) {
    const int64_t second = min(j + 1, end - 1);
    float sums[2][ROWS];
    dot_pair<ROWS, T>(x.as<T>(), x.stride[0], w.as<T>() + j * w.stride[0], w.as<T>() + second * w.stride[0], x.shape[1], sums);
    for (int64_t pair = 0; pair < min(end - j, 2); pair++) {
      const float offset = bias == nullptr ? 0.0f : scalar(bias->as<T>()[j + pair]);
      for (int i = 0; i < ROWS; i++) {
        const float value = bias == nullptr ? sums[pair][i] : sums[pair][i] + offset;
        const int64_t target = i * y.stride[0] + j + pair;
        if (y.dtype == AR_FLOAT32) {
          put(y.as<float>() + target, value, accumulate);
        } else {
          put(y.as<bf16>() + target, value, accumulate);
        }
      }
    }
  }
}

template <class T>
static void few_rows(CpuContext& context, const View& x, const View& w, const View* bias, bool accumulate, const View& y) {
  constexpr int64_t kColumns = 64;
  const int64_t columns = w.shape[0];
  context.pool.run((columns + kColumns - 1) / kColumns, [&](int64_t task, int) {
    const int64_t first = task * kColumns, end = min(first + kColumns, columns);
    switch (x.shape[0]) {
      case 1: few_rows_block<1, T>(x, w, bias, accumulate, y, first, end); break;
      case 2: few_rows_block<2, T>(x, w, bias, accumulate, y, first, end); break;
      case 3: few_rows_block<3, T>(x, w, bias, accumulate, y, first, end); break;
      default: few_rows_block<4, T>(x, w, bias, accumulate, y, first, end); break;
    }
  });
}

}  // namespace actorring::cpu::AR_ISA
