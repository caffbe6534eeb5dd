// Rows of a table by id, and their gradient. ids [R], table [V, D].
#pragma once
#include "context.h"
#include "elementwise.h"
#include "row.h"

namespace actorring::cpu::AR_ISA {

constexpr int64_t kEmbeddingRows = 64;

static void embedding_forward(CpuContext& context, const View& ids, const View& table, const View& y) {
  const int64_t rows = y.shape[0], size = table.dtype == AR_BFLOAT16 ? 2 : 4;
  const int32_t* id = ids.as<int32_t>();
  context.pool.run((rows + kEmbeddingRows - 1) / kEmbeddingRows, [&](int64_t task, int) {
    for (int64_t row = task * kEmbeddingRows; row < min((task + 1) * kEmbeddingRows, rows); row++)
      std::memcpy(y.data + row * y.stride[0] * size, table.data + id[row] * table.stride[0] * size, static_cast<size_t>(table.shape[1] * size));
  });
}

// Each task owns a slice of the table's columns and walks all rows in order, so that equal ids are added in ascending row order without sorting.
static void embedding_backward(CpuContext& context, const View& ids, const View& dy, const View& dtable) {
  const int64_t rows = dy.shape[0], columns = dtable.shape[1];
  const int32_t* id = ids.as<int32_t>();
  const int64_t slices = min(context.pool.thread_count(), (columns + 63) / 64);
  const int64_t slice = round_up((columns + slices - 1) / slices, 16);
  with_type(dy, [&]<class T>(T*) {
    context.pool.run((columns + slice - 1) / slice, [&](int64_t task, int) {
      const int64_t first = task * slice, width = min(slice, columns - first);
      for (int64_t row = 0; row < rows; row++) {
        const T* from = dy.as<T>() + row * dy.stride[0] + first;
        float* to = dtable.as<float>() + id[row] * dtable.stride[0] + first;
        for (int64_t d = 0; d < width; d += W) store_upto(to + d, width - d, add(load_upto(to + d, width - d), load_upto(from + d, width - d)));
      }
    });
  });
}

}  // namespace actorring::cpu::AR_ISA
