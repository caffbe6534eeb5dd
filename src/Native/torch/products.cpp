#include "products.h"

#include <algorithm>
#include <chrono>

#include "backend.h"
#include "operators.h"

namespace actorring::aten {
namespace {

void multiply_panel(const at::Tensor& a, const at::Tensor& b, bool accumulate, at::Tensor out) {
  if (accumulate)
    at::addmm_out(out, out, a, b);
  else
    at::mm_out(out, a, b);
}

}  // namespace

at::ScalarType product_type(const Context& context, at::ScalarType dtype) {
  if (dtype == at::kFloat) return dtype;
  return has_operator("aten::mm", "dtype", context.place) && has_operator("aten::bmm", "dtype", context.place) ? dtype : at::kFloat;
}

at::Tensor product(const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() == at::kFloat) return a.dim() == 2 ? at::mm(a, b) : at::bmm(a, b);
  return call_operator(a.dim() == 2 ? "aten::mm" : "aten::bmm", "dtype", {{"self", a}, {"mat2", b}, {"out_dtype", static_cast<int64_t>(at::kFloat)}})[0]
      .toTensor();
}

void multiply(const Context& context, const at::Tensor& a, const at::Tensor& b, bool accumulate, const at::Tensor& out) {
  const int64_t rows = out.size(0);
  const int64_t columns = out.size(1);
  if (a.scalar_type() != at::kFloat) {
    // A panel at a time, so that the float32 product of a large weight gradient never exists twice.
    chunks(rows, chunk_rows(context, columns), [&](int64_t first, int64_t count) {
      const at::Tensor panel = product(a.narrow(0, first, count), b);
      at::Tensor target = out.narrow(0, first, count);
      if (accumulate)
        target.add_(panel);
      else
        target.copy_(panel);
    });
    return;
  }
  if (!context.on_cpu()) {
    multiply_panel(a, b, accumulate, out);
    return;
  }
  // The BLAS has one thread: the longer side of the result is split over ours, so that the same thread count forms the same panels.
  const bool by_rows = rows >= columns;
  const int64_t count = by_rows ? rows : columns;
  const int64_t work = a.size(1) * (by_rows ? columns : rows);
  const int64_t grain = std::max<int64_t>(8, (int64_t{1} << 19) / std::max<int64_t>(work, 1));
  parallel(count, grain, [&](int64_t begin, int64_t end) {
    if (by_rows)
      multiply_panel(a.narrow(0, begin, end - begin), b, accumulate, out.narrow(0, begin, end - begin));
    else
      multiply_panel(a, b.narrow(1, begin, end - begin), accumulate, out.narrow(1, begin, end - begin));
  });
}

}  // namespace actorring::aten

namespace actorring::backend {

using namespace actorring::aten;

// ATen has no loop that stays in registers: this is the rate of a large matrix product, the most that an operation of this library can reach.
double measure_peak(ar_context& context, ar_dtype dtype, double seconds) {
  return run(context, [&](Context& self) {
    const int64_t size = self.on_cpu() ? 1024 : 8192;
    // On a CPU bf16 inputs are widened, so that both types reach the float32 rate.
    const at::ScalarType type = self.on_cpu() ? at::kFloat : scalar_type(dtype);
    const auto options = at::TensorOptions().dtype(type).device(self.place);
    const at::Tensor a = at::full({size, size}, 0.5, options);
    const at::Tensor b = at::full({size, size}, 0.25, options);
    at::Tensor out = at::empty({size, size}, options);
    const auto once = [&] {
      if (type == at::kFloat)
        multiply(self, a, b, false, out);
      else
        at::mm_out(out, a, b);
      if (!self.on_cpu()) self.stream.synchronize();
    };
    once();
    const auto now = [] { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); };
    const double start = now();
    double best = 0;
    double last = start;
    do {
      once();
      const double after = now();
      best = std::max(best, 2.0 * static_cast<double>(size * size * size) / (after - last) * 1e-9);
      last = after;
    } while (last - start < seconds);
    return best;
  });
}

}  // namespace actorring::backend
