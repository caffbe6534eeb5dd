// fill, copy, add, square_sum over views of any strides: rows of the last dimension, cut into segments and handed out in groups whose size depends on the shape
// alone.
#pragma once
#include "context.h"
#include "simd.h"
#include "view.h"

namespace actorring::cpu::AR_ISA {

// Dims that lie behind one another in both views are merged, so that a contiguous tensor is one row.
struct Walk {
  int64_t shape[4];
  int64_t x_stride[4];
  int64_t y_stride[4];
  int rank;
  int64_t segments_per_row, segments, segments_per_task;
};

constexpr int64_t kSegment = 8192;        // elements
constexpr int64_t kTaskElements = 32768;

static Walk walk(const View& x, const View& y) {
  Walk w;
  w.rank = 0;
  for (int dim = 0; dim < x.rank; dim++) {
    const int previous = w.rank - 1;
    if (x.shape[dim] == 1 && dim != x.rank - 1) continue;
    if (previous >= 0 && w.x_stride[previous] == x.shape[dim] * x.stride[dim] && w.y_stride[previous] == x.shape[dim] * y.stride[dim]) {
      w.shape[previous] *= x.shape[dim];
      w.x_stride[previous] = x.stride[dim];
      w.y_stride[previous] = y.stride[dim];
      continue;
    }
    w.shape[w.rank] = x.shape[dim];
    w.x_stride[w.rank] = x.stride[dim];
    w.y_stride[w.rank] = y.stride[dim];
    w.rank++;
  }
  int64_t rows = 1;
  for (int dim = 0; dim < w.rank - 1; dim++) rows *= w.shape[dim];
  const int64_t length = w.shape[w.rank - 1];
  w.segments_per_row = (length + kSegment - 1) / kSegment;
  w.segments = rows * w.segments_per_row;
  w.segments_per_task = max(1, kTaskElements / min(length, kSegment));
  return w;
}

AR_INLINE int64_t task_count(const Walk& w) { return (w.segments + w.segments_per_task - 1) / w.segments_per_task; }

// Calls body(x offset, y offset, elements) for the segments of one task.
template <class Body>
AR_INLINE void for_segments(const Walk& w, int64_t task, Body&& body) {
  const int64_t length = w.shape[w.rank - 1];
  for (int64_t segment = task * w.segments_per_task; segment < min((task + 1) * w.segments_per_task, w.segments); segment++) {
    int64_t row = segment / w.segments_per_row;
    const int64_t first = segment % w.segments_per_row * kSegment;
    int64_t x_offset = first, y_offset = first;
    for (int dim = w.rank - 2; dim >= 0; dim--) {
      const int64_t index = row % w.shape[dim];
      row /= w.shape[dim];
      x_offset += index * w.x_stride[dim];
      y_offset += index * w.y_stride[dim];
    }
    body(x_offset, y_offset, min(kSegment, length - first));
  }
}

// Calls body with a null pointer of the view's element type: a way to name it.
template <class Body>
AR_INLINE void with_type(const View& x, Body&& body) {
  if (x.dtype == AR_FLOAT32) {
    body(static_cast<float*>(nullptr));
  } else {
    body(static_cast<bf16*>(nullptr));
  }
}
template <class Body>
AR_INLINE void with_types(const View& x, const View& y, Body&& body) {
  with_type(x, [&](auto* x_type) { with_type(y, [&](auto* y_type) { body(x_type, y_type); }); });
}

static void fill(CpuContext& context, double value, const View& x) {
  const Walk w = walk(x, x);
  const F constant = set1(static_cast<float>(value));
  with_type(x, [&]<class T>(T*) {
    context.pool.run(task_count(w), [&](int64_t task, int) {
      for_segments(w, task, [&](int64_t offset, int64_t, int64_t n) {
        T* p = x.as<T>() + offset;
        int64_t i = 0;
        for (; i + W <= n; i += W) store(p + i, constant);
        if (i < n) store_first(p + i, n - i, constant);
      });
    });
  });
}

static void copy(CpuContext& context, const View& x, const View& y) {
  const Walk w = walk(x, y);
  with_types(x, y, [&]<class X, class Y>(X*, Y*) {
    context.pool.run(task_count(w), [&](int64_t task, int) {
      for_segments(w, task, [&](int64_t x_offset, int64_t y_offset, int64_t n) {
        const X* from = x.as<X>() + x_offset;
        Y* to = y.as<Y>() + y_offset;
        if constexpr (sizeof(X) == sizeof(Y)) {
          std::memmove(to, from, static_cast<size_t>(n) * sizeof(X));
        } else {
          int64_t i = 0;
          for (; i + W <= n; i += W) store(to + i, load(from + i));
          if (i < n) store_first(to + i, n - i, load_first(from + i, n - i));
        }
      });
    });
  });
}

static void add_scaled(CpuContext& context, double alpha, const View& x, const View& y) {
  const Walk w = walk(x, y);
  const F factor = set1(static_cast<float>(alpha));
  with_types(x, y, [&]<class X, class Y>(X*, Y*) {
    context.pool.run(task_count(w), [&](int64_t task, int) {
      for_segments(w, task, [&](int64_t x_offset, int64_t y_offset, int64_t n) {
        const X* from = x.as<X>() + x_offset;
        Y* to = y.as<Y>() + y_offset;
        int64_t i = 0;
        for (; i + W <= n; i += W) store(to + i, fma(factor, load(from + i), load(to + i)));
        if (i < n) store_first(to + i, n - i, fma(factor, load_first(from + i, n - i), load_first(to + i, n - i)));
      });
    });
  });
}

constexpr int kSumLanes = 8;
typedef float SumFloats __attribute__((vector_size(4 * kSumLanes)));
typedef double SumDoubles __attribute__((vector_size(8 * kSumLanes)));

// The squares are formed in double precision too: a float32 square overflows from 1.8e19.
AR_INLINE void add_squares(const float* p, SumDoubles& sum) {
  SumFloats x;
  std::memcpy(&x, p, sizeof x);
  const SumDoubles wide = __builtin_convertvector(x, SumDoubles);
  sum += wide * wide;
}

template <class T>
AR_INLINE double squares(const T* p, int64_t n) {
  constexpr int kStep = W > kSumLanes ? W : kSumLanes;
  SumDoubles sums[2] = {};
  int64_t i = 0;
  for (; i + 2 * kStep <= n; i += 2 * kStep) {
    alignas(64) float wide[2 * kStep];
    for (int j = 0; j < 2 * kStep; j += W) store(wide + j, load(p + i + j));
    for (int j = 0; j < 2 * kStep; j += 2 * kSumLanes) {
      add_squares(wide + j, sums[0]);
      add_squares(wide + j + kSumLanes, sums[1]);
    }
  }
  double total = 0;
  for (; i < n; i++) {
    double x;
    if constexpr (sizeof(T) == 4) {
      x = p[i];
    } else {
      x = to_float(p[i]);
    }
    total += x * x;
  }
  for (int lane = 0; lane < kSumLanes; lane++) total += sums[0][lane] + sums[1][lane];
  return total;
}

static double square_sum(CpuContext& context, const View& x) {
  const Walk w = walk(x, x);
  const int64_t tasks = task_count(w);
  double* parts = reinterpret_cast<double*>(context.scratch.request(tasks * 8));
  with_type(x, [&]<class T>(T*) {
    context.pool.run(tasks, [&](int64_t task, int) {
      double part = 0;
      for_segments(w, task, [&](int64_t offset, int64_t, int64_t n) { part += squares(x.as<T>() + offset, n); });
      parts[task] = part;
    });
  });
  double sum = 0;
  for (int64_t task = 0; task < tasks; task++) sum += parts[task];
  return sum;
}

}  // namespace actorring::cpu::AR_ISA
