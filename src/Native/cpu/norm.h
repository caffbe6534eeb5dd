// RMS norm: y = x * rstd * w. Source: arXiv:1910.07467. Rows are tokens; R rows of D.
#pragma once
#include "context.h"
#include "elementwise.h"
#include "row.h"

namespace actorring::cpu::AR_ISA {

constexpr int64_t kNormRows = 16;

template <class T>
static void rms_norm_row(const T* x, const T* w, int64_t d_count, float epsilon, T* y, float* rstd) {
  F sums[4] = {zero(), zero(), zero(), zero()};
  int64_t d = 0;
  for (; d + 4 * W <= d_count; d += 4 * W) {
#pragma GCC unroll 4
    for (int part = 0; part < 4; part++) {
      const F value = load(x + d + part * W);
      sums[part] = fma(value, value, sums[part]);
    }
  }
  for (; d < d_count; d += W) {
    const F value = load_upto(x + d, d_count - d);
    sums[0] = fma(value, value, sums[0]);
  }
  const float sum = reduce_add(add(add(sums[0], sums[1]), add(sums[2], sums[3])));
  const float scale = 1.0f / __builtin_sqrtf(sum / static_cast<float>(d_count) + epsilon);
  *rstd = scale;
  const F factor = set1(scale);
  for (d = 0; d < d_count; d += W) {
    const int64_t n = d_count - d;
    store_upto(y + d, n, mul(mul(load_upto(x + d, n), factor), load_upto(w + d, n)));
  }
}

static void rms_norm_forward(CpuContext& context, const View& x, const View& w, double epsilon, const View& y, const View& rstd) {
  const int64_t rows = x.shape[0];
  with_type(x, [&]<class T>(T*) {
    context.pool.run((rows + kNormRows - 1) / kNormRows, [&](int64_t task, int) {
      for (int64_t row = task * kNormRows; row < min((task + 1) * kNormRows, rows); row++)
        rms_norm_row(x.as<T>() + row * x.stride[0], w.as<T>(), x.shape[1], static_cast<float>(epsilon), y.as<T>() + row * y.stride[0], rstd.as<float>() + row);
    });
  });
}

// With g = dy * w and r = rstd: dx = r * g - x * r^3 * mean(g * x); dw += dy * x * r.
template <class T>
static void rms_norm_row_backward(const T* x, const T* w, float rstd, const T* dy, int64_t d_count, bool accumulate, T* dx, float* dw) {
  const F scale = set1(rstd);
  F sum = zero();
  for (int64_t d = 0; d < d_count; d += W) {
    const int64_t n = d_count - d;
    const F product = mul(load_upto(dy + d, n), load_upto(x + d, n));
    sum = fma(product, load_upto(w + d, n), sum);
    store(dw + d, fma(product, scale, load(dw + d)));
  }
  const F pull = set1(reduce_add(sum) / static_cast<float>(d_count) * rstd * rstd * rstd);
  for (int64_t d = 0; d < d_count; d += W) {
    const int64_t n = d_count - d;
    F result = fnma(load_upto(x + d, n), pull, mul(mul(load_upto(dy + d, n), load_upto(w + d, n)), scale));
    if (accumulate) result = add(load_upto(dx + d, n), result);
    store_upto(dx + d, n, result);
  }
}

// Scratch: (number of chunks) x D floats, a chunk being 64 rows, or R / 256 where there are more than 16384.
static void rms_norm_backward(CpuContext& context, const View& x, const View& w, const View& rstd, const View& dy, bool accumulate, const View& dx,
    const View& dw) {
  const int64_t rows = x.shape[0], d_count = x.shape[1];
  // Chunks depend on the shape alone, and their sums are added in ascending order: the same bits for any thread count.
  const int64_t chunk_rows = max(64, (rows + 255) / 256);
  const int64_t chunks = (rows + chunk_rows - 1) / chunk_rows;
  const int64_t width = round_up(d_count, 64);
  float* parts = reinterpret_cast<float*>(context.scratch.request(chunks * width * 4));
  with_type(x, [&]<class T>(T*) {
    context.pool.run(chunks, [&](int64_t chunk, int) {
      float* part = parts + chunk * width;
      std::memset(part, 0, static_cast<size_t>(width) * 4);
      for (int64_t row = chunk * chunk_rows; row < min((chunk + 1) * chunk_rows, rows); row++) {
        rms_norm_row_backward(x.as<T>() + row * x.stride[0], w.as<T>(), rstd.as<float>()[row], dy.as<T>() + row * dy.stride[0], d_count, accumulate,
            dx.as<T>() + row * dx.stride[0], part);
      }
    });
  });
  constexpr int64_t kColumns = 64;
  context.pool.run((d_count + kColumns - 1) / kColumns, [&](int64_t task, int) {
    for (int64_t d = task * kColumns; d < min((task + 1) * kColumns, d_count); d += W) {
      F sum = load(parts + d);
      for (int64_t chunk = 1; chunk < chunks; chunk++) sum = add(sum, load(parts + chunk * width + d));
      float* target = dw.as<float>() + d;
      store_upto(target, d_count - d, add(load_upto(target, d_count - d), sum));
    }
  });
}

}  // namespace actorring::cpu::AR_ISA
