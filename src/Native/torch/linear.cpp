// Linear layers, all three as y = a b + bias with a [M, I], b [I, N].
#include "backend.h"
#include "products.h"

namespace actorring::aten {
namespace {

// A bf16 result straight from the GPU's bf16 product: it sums in float32 and rounds once.
bool rounded_product(const Context& context, const at::Tensor& a, const at::Tensor& b, const at::Tensor& bias, bool accumulate, at::Tensor& y) {
  if (context.on_cpu() || y.scalar_type() != at::kBFloat16 || (accumulate && bias.defined())) return false;
  if (accumulate)
    at::addmm_out(y, y, a, b);
  else if (bias.defined())
    at::addmm_out(y, bias, a, b);
  else
    at::mm_out(y, a, b);
  return true;
}

void linear(const Context& context, const at::Tensor& a, const at::Tensor& b, const at::Tensor& bias, bool accumulate, at::Tensor y) {
  if (rounded_product(context, a, b, bias, accumulate, y)) return;
  const at::ScalarType type = product_type(context, a.scalar_type());
  const at::Tensor factor = b.to(type);
  // Rows at a time where a float32 copy of the inputs or of the result has to exist.
  const bool copies = type != a.scalar_type() || y.scalar_type() != at::kFloat;
  const int64_t rows = copies ? std::max<int64_t>(chunk_rows(context, a.size(1) + b.size(1)), 256) : y.size(0);
  chunks(y.size(0), rows, [&](int64_t first, int64_t count) {
    const at::Tensor input = a.narrow(0, first, count).to(type);
    at::Tensor target = y.narrow(0, first, count);
    if (target.scalar_type() == at::kFloat) {
      multiply(context, input, factor, accumulate, target);
      if (bias.defined()) target.add_(bias);
      return;
    }
    at::Tensor sum = accumulate ? float32(target) : at::empty({count, y.size(1)}, float32_on(context));
    multiply(context, input, factor, accumulate, sum);
    if (bias.defined()) sum.add_(bias);
    target.copy_(sum);
  });
}

}  // namespace
}  // namespace actorring::aten

namespace actorring::backend {

using namespace actorring::aten;

void linear_forward(ar_context& context, const View& x, const View& w, const View* bias, bool accumulate, const View& y) {
  run(context, [&](Context& self) { linear(self, tensor(self, x), tensor(self, w).t(), tensor(self, bias), accumulate, tensor(self, y)); });
}

void linear_backward_input(ar_context& context, const View& dy, const View& w, bool accumulate, const View& dx) {
  run(context, [&](Context& self) { linear(self, tensor(self, dy), tensor(self, w), at::Tensor(), accumulate, tensor(self, dx)); });
}

void linear_backward_weight(ar_context& context, const View& dy, const View& x, bool accumulate, const View& dw, const View* dbias) {
  run(context, [&](Context& self) {
    const at::Tensor gradient = tensor(self, dy);
    linear(self, gradient.t(), tensor(self, x), at::Tensor(), accumulate, tensor(self, dw));
    if (dbias == nullptr) return;
    const at::Tensor sums = at::sum(gradient, {0}, false, at::kFloat);
    const at::Tensor target = tensor(self, *dbias);
    if (accumulate)
      target.add_(sums);
    else
      target.copy_(sums);
  });
}

}  // namespace actorring::backend
