// LM head and cross entropy over chunks of rows: logits of a chunk = x w^T, turned in place into their gradient, which is multiplied on at once.
// Rows are tokens: x [R, D], w [V, D], labels [R]. The logits [R, V] never exist.
#pragma once
#include <cmath>

#include "context.h"
#include "exponential.h"
#include "linear.h"
#include "row.h"

namespace actorring::cpu::AR_ISA {

constexpr int32_t kUnlabelled = -100;
constexpr int64_t kLogitsBytes = 16 << 20;
constexpr int64_t kFewestLossRows = kBlockRows;
constexpr int64_t kManyLossRows = 252;
constexpr int64_t kMostLossRows = 1024;

struct LossPlan {
  int64_t chunk_rows;
  int64_t logits_row;  // elements between rows of logits
};

// chunk_rows = 16 MiB / (4 V), at most 1024; but not below D / 2 within 98 to 252, because every chunk reads w twice and reads and writes dw: logits of D / 2 rows
// take half the memory of w in float32. A multiple of the register tile's rows, at most R.
static LossPlan plan_loss(const View& x, const View& w) {
  LossPlan plan;
  plan.logits_row = round_up(w.shape[0], 16) + 16;
  plan.chunk_rows = min(x.shape[0], clamp(kLogitsBytes / (4 * plan.logits_row), clamp(w.shape[1] / 2, kFewestLossRows, kManyLossRows), kMostLossRows) / TR * TR);
  return plan;
}

AR_INLINE View rows_of(const View& x, int64_t first, int64_t count) {
  View part = x;
  part.data += first * x.stride[0] * (x.dtype == AR_BFLOAT16 ? 2 : 4);
  part.shape[0] = count;
  return part;
}

AR_INLINE View matrix(void* data, ar_dtype dtype, int64_t rows, int64_t columns, int64_t row_stride) {
  View view;
  view.data = static_cast<std::byte*>(data);
  view.dtype = dtype;
  view.rank = 2;
  view.shape[0] = rows;
  view.shape[1] = columns;
  view.stride[0] = row_stride;
  view.stride[1] = 1;
  return view;
}

struct LossScratch {
  float* logits;
  double* row_loss;
  std::byte* product;
};

// Scratch of the three products of one chunk.
static int64_t chunk_product_bytes(const View& x, const View& w, const LossPlan& plan, int64_t rows, int threads) {
  const View part = rows_of(x, 0, rows);
  const View logits = matrix(nullptr, AR_FLOAT32, rows, w.shape[0], plan.logits_row);
  const View gradient = x.dtype == AR_BFLOAT16 && kHasDot ? matrix(nullptr, AR_BFLOAT16, rows, w.shape[0], 2 * plan.logits_row) : logits;
  const View dw = matrix(nullptr, AR_FLOAT32, w.shape[0], w.shape[1], w.shape[1]);
  const int64_t forward = product_scratch_bytes(forward_product(part, w, nullptr, false, logits), threads);
  const int64_t input = product_scratch_bytes(input_product(gradient, w, false, part), threads);
  const int64_t weight = product_scratch_bytes(weight_product(gradient, part, true, dw), threads);
  return max(forward, max(input, weight));
}

// 4 chunk_rows (V + 31) + 8 chunk_rows bytes and the scratch of the largest product of a chunk, or of the last chunk: fewer rows may be blocked otherwise.
static LossScratch carve_loss(Carver& carver, const View& x, const View& w, const LossPlan& plan, int threads) {
  LossScratch scratch;
  scratch.logits = carver.take<float>(plan.chunk_rows * plan.logits_row);
  scratch.row_loss = carver.take<double>(plan.chunk_rows);
  int64_t bytes = chunk_product_bytes(x, w, plan, plan.chunk_rows, threads);
  const int64_t rest = x.shape[0] % plan.chunk_rows;
  if (rest > 0) bytes = max(bytes, chunk_product_bytes(x, w, plan, rest, threads));
  scratch.product = carver.take<std::byte>(bytes);
  return scratch;
}

static int64_t lm_head_scratch_bytes(CpuContext& context, const View& x, const View& w) {
  Carver carver(nullptr);
  carve_loss(carver, x, w, plan_loss(x, w), context.pool.thread_count());
  return carver.used();
}

// One row of logits: returns its loss and, if `scale` is not null, leaves scale * (softmax - one-hot) in its place.
static double loss_of_row(float* logits, int64_t vocabulary, int32_t label, const float* scale) {
  F highest = load_upto(logits, vocabulary);
  if (vocabulary < W) highest = select(lanes(0, vocabulary), highest, set1(logits[0]));
  for (int64_t v = W; v < vocabulary; v += W) {
    if (v + W > vocabulary) v = vocabulary - W;  // the last vector overlaps: a maximum does not mind
    highest = max(load(logits + v), highest);
  }
  const float shift = reduce_max(highest);
  const float own = logits[label];
  const F minus_shift = set1(-shift);

  // Float sums of 2048 terms at most, then double.
  double sum = 0;
  for (int64_t first = 0; first < vocabulary; first += 2048) {
    F part = zero();
    for (int64_t v = first; v < min(first + 2048, vocabulary); v += W) {
      const int64_t n = vocabulary - v;
      F term = exp(add(load_upto(logits + v, n), minus_shift));
      if (scale != nullptr) store_upto(logits + v, n, term);
      if (n < W) term = select(lanes(0, n), term, zero());
      part = add(part, term);
    }
    sum += reduce_add(part);
  }
  if (scale != nullptr) {
    const F factor = set1(static_cast<float>(*scale / sum));
    for (int64_t v = 0; v < vocabulary; v += W) store_upto(logits + v, vocabulary - v, mul(factor, load_upto(logits + v, vocabulary - v)));
    logits[label] -= *scale;
  }
  return std::log(sum) + static_cast<double>(shift) - static_cast<double>(own);
}

// The bf16 dot product takes bf16 gradients: rounded in place, into the front half of their row.
static void round_row(float* row, int64_t count) {
  bf16* to = reinterpret_cast<bf16*>(row);
  for (int64_t v = 0; v < count; v += W) store_upto(to + v, count - v, load_upto(row + v, count - v));
}

static backend::LossSum lm_head_cross_entropy(CpuContext& context, const View& x, const View& w, const View& labels, double gradient_scale, const View* dx, const View* dw, const View* row_loss) {
  const int threads = context.pool.thread_count();
  const int64_t rows = x.shape[0], vocabulary = w.shape[0];
  const int32_t* label = labels.as<int32_t>();
  const LossPlan plan = plan_loss(x, w);
  Carver sizes(nullptr);
  carve_loss(sizes, x, w, plan, threads);
  Carver carver(context.scratch.request(sizes.used()));
  const LossScratch scratch = carve_loss(carver, x, w, plan, threads);
  const float scale = static_cast<float>(gradient_scale);
  const bool rounded = x.dtype == AR_BFLOAT16 && kHasDot;

  backend::LossSum total{0, 0};
  for (int64_t first = 0; first < rows; first += plan.chunk_rows) {
    const int64_t count = min(plan.chunk_rows, rows - first);
    int64_t labelled = 0;
    for (int64_t row = first; row < first + count; row++) labelled += label[row] != kUnlabelled;
    total.label_count += labelled;
    if (labelled == 0) {
      if (dx != nullptr) fill(context, 0, rows_of(*dx, first, count));
      if (row_loss != nullptr) std::memset(row_loss->as<float>() + first, 0, static_cast<size_t>(count) * 4);
      continue;
    }

    const View part = rows_of(x, first, count);
    const View logits = matrix(scratch.logits, AR_FLOAT32, count, vocabulary, plan.logits_row);
    multiply(context, forward_product(part, w, nullptr, false, logits), scratch.product);

    context.pool.run(count, [&](int64_t row, int) {
      float* values = scratch.logits + row * plan.logits_row;
      if (label[first + row] == kUnlabelled) {
        scratch.row_loss[row] = 0;
        if (dx != nullptr) std::memset(values, 0, static_cast<size_t>(vocabulary) * 4);
      } else {
        scratch.row_loss[row] = loss_of_row(values, vocabulary, label[first + row], dx == nullptr ? nullptr : &scale);
        if (dx != nullptr && rounded) round_row(values, vocabulary);
      }
    });
    for (int64_t row = 0; row < count; row++) {
      total.loss_sum += scratch.row_loss[row];
      if (row_loss != nullptr) row_loss->as<float>()[first + row] = static_cast<float>(scratch.row_loss[row]);
    }

    if (dx == nullptr) continue;
    const View gradient = rounded ? matrix(scratch.logits, AR_BFLOAT16, count, vocabulary, 2 * plan.logits_row) : logits;
    multiply(context, input_product(gradient, w, false, rows_of(*dx, first, count)), scratch.product);
    if (dw != nullptr) multiply(context, weight_product(gradient, part, true, *dw), scratch.product);
  }
  return total;
}

}  // namespace actorring::cpu::AR_ISA
