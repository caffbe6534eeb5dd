// Embedding, RMSNorm, rotary and SwiGLU, composed in float32 and rounded once at the end. Rows go through in chunks, so that temporaries stay small.
#include <ATen/core/List.h>
#include <torch/version.h>

#include "backend.h"
#include "tensors.h"

namespace actorring::aten {
namespace {

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 5)
using OptionalTensor = std::optional<at::Tensor>;
#else
using OptionalTensor = c10::optional<at::Tensor>;
#endif

// Each thread adds its own columns, so every row of the table receives its gradients in ascending order.
template <class Element>
void scatter_rows(const View& ids, const View& dy, const View& dtable) {
  const int32_t* rows = ids.as<int32_t>();
  parallel(dy.shape[1], 256, [&](int64_t begin, int64_t end) {
    for (int64_t r = 0; r < dy.shape[0]; r++) {
      const Element* from = dy.as<Element>() + r * dy.stride[0];
      float* to = dtable.as<float>() + rows[r] * dtable.stride[0];
      for (int64_t d = begin; d < end; d++) to[d] += static_cast<float>(from[d]);
    }
  });
}

}  // namespace
}  // namespace actorring::aten

namespace actorring::backend {

using namespace actorring::aten;

void embedding_forward(ar_context& context, const View& ids, const View& table, const View& y) {
  run(context, [&](Context& self) {
    const at::Tensor source = tensor(self, table);
    const at::Tensor rows = tensor(self, ids);
    const at::Tensor result = tensor(self, y);
    chunks(ids.shape[0], chunk_rows(self, y.shape[1]),
           [&](int64_t first, int64_t count) { result.narrow(0, first, count).copy_(source.index_select(0, rows.narrow(0, first, count))); });
  });
}

void embedding_backward(ar_context& context, const View& ids, const View& dy, const View& dtable) {
  run(context, [&](Context& self) {
    if (self.on_cpu()) {
      if (dy.dtype == AR_FLOAT32)
        scatter_rows<float>(ids, dy, dtable);
      else
        scatter_rows<c10::BFloat16>(ids, dy, dtable);
      return;
    }
    // On a GPU, accumulation by index sorts the ids first (a stable sort) and adds a row's gradients in that order; index_add_ would use atomics.
    at::Tensor result = tensor(self, dtable);
    c10::List<OptionalTensor> rows;
    rows.push_back(tensor(self, ids).to(at::kLong));
    at::index_put_(result, rows, float32(tensor(self, dy)), true);
  });
}

void rms_norm_forward(ar_context& context, const View& x, const View& w, double epsilon, const View& y, const View& rstd) {
  run(context, [&](Context& self) {
    const at::Tensor input = tensor(self, x);
    const at::Tensor weight = float32(tensor(self, w));
    const at::Tensor result = tensor(self, y);
    const at::Tensor scales = tensor(self, rstd);
    chunks(x.shape[0], chunk_rows(self, x.shape[1]), [&](int64_t first, int64_t count) {
      const at::Tensor rows = float32(input.narrow(0, first, count));
      const at::Tensor scale = rows.square().mean({1}, true).add_(epsilon).rsqrt_();
      scales.narrow(0, first, count).copy_(scale.squeeze(1));
      result.narrow(0, first, count).copy_((rows * scale).mul_(weight));
    });
  });
}

void rms_norm_backward(ar_context& context, const View& x, const View& w, const View& rstd, const View& dy, bool accumulate, const View& dx, const View& dw) {
  run(context, [&](Context& self) {
    const at::Tensor input = tensor(self, x);
    const at::Tensor weight = float32(tensor(self, w));
    const at::Tensor scales = tensor(self, rstd);
    const at::Tensor gradient = tensor(self, dy);
    const at::Tensor result = tensor(self, dx);
    const at::Tensor weight_result = tensor(self, dw);
    chunks(x.shape[0], chunk_rows(self, x.shape[1]), [&](int64_t first, int64_t count) {
      const at::Tensor scale = scales.narrow(0, first, count).unsqueeze(1);
      const at::Tensor normed = float32(input.narrow(0, first, count)) * scale;
      const at::Tensor rows = float32(gradient.narrow(0, first, count));
      weight_result.add_((rows * normed).sum({0}));
      // d x = rstd (g - normed mean(g normed)) with g = dy w.
      at::Tensor d_normed = rows * weight;
      const at::Tensor projection = (d_normed * normed).mean({1}, true);
      d_normed.sub_(normed * projection).mul_(scale);
      const at::Tensor target = result.narrow(0, first, count);
      if (accumulate) d_normed.add_(target);
      target.copy_(d_normed);
    });
  });
}

void rotary(ar_context& context, const View& x, const View& cos, const View& sin, bool inverse, const View& y) {
  run(context, [&](Context& self) {
    const at::Tensor input = tensor(self, x);
    const at::Tensor result = tensor(self, y);
    const int64_t half = x.shape[3] / 2;
    const at::Tensor cosines = tensor(self, cos).unsqueeze(1);  // [T, 1, H/2]: the same for all heads
    const at::Tensor sines = inverse ? tensor(self, sin).unsqueeze(1).neg() : tensor(self, sin).unsqueeze(1);
    chunks(x.shape[1], chunk_rows(self, x.shape[0] * x.shape[2] * x.shape[3]), [&](int64_t first, int64_t count) {
      const at::Tensor tokens = float32(input.narrow(1, first, count));
      const at::Tensor low = tokens.narrow(3, 0, half);
      const at::Tensor high = tokens.narrow(3, half, half);
      const at::Tensor c = cosines.narrow(0, first, count);
      const at::Tensor s = sines.narrow(0, first, count);
      // Both halves are formed before either is written: y may be the same view as x.
      const at::Tensor new_low = (low * c).sub_(high * s);
      const at::Tensor new_high = (high * c).add_(low * s);
      const at::Tensor target = result.narrow(1, first, count);
      target.narrow(3, 0, half).copy_(new_low);
      target.narrow(3, half, half).copy_(new_high);
    });
  });
}

void swiglu_forward(ar_context& context, const View& gate_up, const View& y) {
  run(context, [&](Context& self) {
    const at::Tensor input = tensor(self, gate_up);
    const at::Tensor result = tensor(self, y);
    const int64_t size = y.shape[1];
    chunks(y.shape[0], chunk_rows(self, size), [&](int64_t first, int64_t count) {
      const at::Tensor rows = input.narrow(0, first, count);
      result.narrow(0, first, count).copy_(at::silu(float32(rows.narrow(1, 0, size))).mul_(rows.narrow(1, size, size)));
    });
  });
}

void swiglu_backward(ar_context& context, const View& gate_up, const View& dy, const View& d_gate_up, const View* y) {
  run(context, [&](Context& self) {
    const at::Tensor input = tensor(self, gate_up);
    const at::Tensor gradient = tensor(self, dy);
    const at::Tensor result = tensor(self, d_gate_up);
    const at::Tensor again = tensor(self, y);
    const int64_t size = dy.shape[1];
    chunks(dy.shape[0], chunk_rows(self, size), [&](int64_t first, int64_t count) {
      const at::Tensor rows = input.narrow(0, first, count);
      const at::Tensor gate = float32(rows.narrow(1, 0, size));
      const at::Tensor up = float32(rows.narrow(1, size, size));
      const at::Tensor d_rows = float32(gradient.narrow(0, first, count));
      const at::Tensor sigmoid = gate.sigmoid();
      const at::Tensor silu = at::silu(gate);  // as in the forward pass: recomputing must give the same bits
      // silu'(g) = sigmoid (1 + g (1 - sigmoid)) = sigmoid + silu (1 - sigmoid).
      const at::Tensor d_up = d_rows * silu;
      const at::Tensor d_gate = (sigmoid + silu * (1 - sigmoid)).mul_(up).mul_(d_rows);
      const at::Tensor output = again.defined() ? silu * up : at::Tensor();
      // Everything is formed before anything is written: d_gate_up may be the same view as gate_up.
      const at::Tensor target = result.narrow(0, first, count);
      target.narrow(1, 0, size).copy_(d_gate);
      target.narrow(1, size, size).copy_(d_up);
      if (again.defined()) again.narrow(0, first, count).copy_(output);
    });
  });
}

}  // namespace actorring::backend
