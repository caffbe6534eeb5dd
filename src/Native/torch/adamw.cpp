#include <cmath>

#include "backend.h"
#include "tensors.h"

namespace actorring::backend {

using namespace actorring::aten;

void adamw(ar_context& context, const ar_adamw_options& options, const View& g, const View& w, const View& m, const View& v, const View* w_compute) {
  run(context, [&](Context& self) {
    const at::Tensor gradient = tensor(self, g);
    const at::Tensor weight = tensor(self, w);
    const at::Tensor first_moment = tensor(self, m);
    const at::Tensor second_moment = tensor(self, v);
    const at::Tensor rounded = tensor(self, w_compute);
    const double step = static_cast<double>(options.step);
    const double first_correction = 1 - std::pow(options.beta1, step);
    const double second_correction = 1 - std::pow(options.beta2, step);
    chunks(w.shape[0], chunk_rows(self, 1), [&](int64_t first, int64_t count) {
      const at::Tensor scaled = gradient.narrow(0, first, count) * options.gradient_scale;
      const at::Tensor mean = first_moment.narrow(0, first, count).mul_(options.beta1).add_(scaled, 1 - options.beta1);
      const at::Tensor square = second_moment.narrow(0, first, count).mul_(options.beta2).addcmul_(scaled, scaled, 1 - options.beta2);
      const at::Tensor root = square.sqrt().div_(std::sqrt(second_correction)).add_(options.epsilon);
      const at::Tensor updated =
          weight.narrow(0, first, count).mul_(1 - options.learning_rate * options.weight_decay).addcdiv_(mean, root, -options.learning_rate / first_correction);
      if (rounded.defined()) rounded.narrow(0, first, count).copy_(updated);
    });
  });
}

}  // namespace actorring::backend
