// LM head and cross entropy, a chunk of rows at a time: the logits of all rows never exist.
#include <algorithm>

#include "backend.h"
#include "products.h"

namespace actorring::aten {
namespace {

constexpr int kUnlabelled = -100;

// R rows, V vocabulary, D model dim. The logits of one chunk are [c, V] in float32.
int64_t loss_rows(const Context& context, int64_t rows, int64_t vocabulary) {
  const int64_t elements = context.on_cpu() ? int64_t{1} << 22 : int64_t{1} << 28;
  return std::min(rows, std::clamp<int64_t>(elements / vocabulary, 16, 8192));
}

// On a CPU the caller has checked already; here a wrong label would read beyond the logits.
void require_labels(const Context& context, const at::Tensor& labels, int64_t vocabulary) {
  if (context.on_cpu()) return;
  const at::Tensor wrong = labels.lt(0).logical_and_(labels.ne(kUnlabelled)).logical_or_(labels.ge(vocabulary));
  if (!wrong.any().item<bool>()) return;
  const int64_t row = wrong.to(at::kInt).argmax().item<int64_t>();
  fail(AR_INVALID_ARGUMENT, "labels[%lld] is %d, allowed are 0 to %lld and -100", static_cast<long long>(row), labels.select(0, row).item<int>(),
       static_cast<long long>(vocabulary - 1));
}

}  // namespace
}  // namespace actorring::aten

namespace actorring::backend {

using namespace actorring::aten;

LossSum lm_head_cross_entropy(ar_context& context, const View& x, const View& w, const View& labels, double gradient_scale, const View* dx, const View* dw,
                              const View* row_loss) {
  return run(context, [&](Context& self) {
    const int64_t vocabulary = w.shape[0];
    const at::Tensor targets = tensor(self, labels).to(at::kLong);
    require_labels(self, targets, vocabulary);
    const at::Tensor input = tensor(self, x);
    const at::Tensor d_input = tensor(self, dx);
    const at::Tensor d_weight = tensor(self, dw);
    const at::Tensor losses = tensor(self, row_loss);
    const at::ScalarType type = product_type(self, input.scalar_type());
    const at::Tensor weight = tensor(self, w).to(type);
    const at::Tensor total = at::zeros({}, at::TensorOptions().dtype(at::kDouble).device(self.place));

    chunks(x.shape[0], loss_rows(self, x.shape[0], vocabulary), [&](int64_t first, int64_t count) {
      const at::Tensor rows = input.narrow(0, first, count).to(type);
      const at::Tensor label = targets.narrow(0, first, count);
      const at::Tensor labelled = label.ne(kUnlabelled).to(at::kFloat).unsqueeze(1);
      const at::Tensor index = label.clamp_min(0).unsqueeze(1);
      at::Tensor logits = at::empty({count, vocabulary}, float32_on(self));
      multiply(self, rows, weight.t(), false, logits);

      const at::Tensor picked = logits.gather(1, index);
      const at::Tensor row_max = logits.amax({1}, true);
      const at::Tensor weights = logits.sub_(row_max).exp_();
      const at::Tensor row_sum = weights.sum({1}, true);
      // A product would turn the infinite loss of an unlabelled row into NaN.
      const at::Tensor loss = (row_sum.log() + row_max - picked).masked_fill_(labelled.eq(0), 0);
      total.add_(loss.sum(at::kDouble));
      if (losses.defined()) losses.narrow(0, first, count).copy_(loss.squeeze(1));
      if (!d_input.defined()) return;

      // d logits = (softmax - one at the label) * gradient_scale, nothing where unlabelled.
      weights.div_(row_sum);
      weights.scatter_(1, index, weights.gather(1, index).sub_(1));
      const at::Tensor d_logits = weights.mul_(labelled.mul(gradient_scale)).to(type);
      at::Tensor d_rows = at::empty({count, x.shape[1]}, float32_on(self));
      multiply(self, d_logits, weight, false, d_rows);
      d_input.narrow(0, first, count).copy_(d_rows);
      if (d_weight.defined()) multiply(self, d_logits.t(), rows, true, d_weight);
    });
    return LossSum{total.item<double>(), targets.ne(kUnlabelled).sum().item<int64_t>()};
  });
}

int64_t lm_head_scratch_bytes(ar_context& context, const View& x, const View& w) {
  const auto& self = static_cast<const Context&>(context);
  const int64_t rows = loss_rows(self, x.shape[0], w.shape[0]);
  const bool widened = x.dtype != AR_FLOAT32 && product_type(self, at::kBFloat16) == at::kFloat;
  return 4 * rows * (w.shape[0] + 2 * x.shape[1]) + (widened ? 4 * w.count() : 0);
}

}  // namespace actorring::backend
