// One AdamW update in a single pass over memory. Source: arXiv:1711.05101.
#pragma once
#include <cmath>

#include "context.h"
#include "elementwise.h"
#include "row.h"

namespace actorring::cpu::AR_ISA {

struct AdamwFactors {
  F gradient, beta1, one_less_beta1, beta2, one_less_beta2, decay, step, inverse_root, epsilon;
};

AR_INLINE F adamw_update(const AdamwFactors& by, const float* g, float* w, float* m, float* v, int64_t n) {
  const F gradient = mul(load_upto(g, n), by.gradient);
  const F first = fma(by.beta1, load_upto(m, n), mul(by.one_less_beta1, gradient));
  const F second = fma(by.beta2, load_upto(v, n), mul(by.one_less_beta2, mul(gradient, gradient)));
  const F root = fma(sqrt(second), by.inverse_root, by.epsilon);
  const F weight = fnma(by.step, div(first, root), mul(by.decay, load_upto(w, n)));
  store_upto(m, n, first);
  store_upto(v, n, second);
  store_upto(w, n, weight);
  return weight;
}

static void adamw(CpuContext& context, const ar_adamw_options& options, const View& g, const View& w, const View& m, const View& v, const View* w_compute) {
  const double correction1 = 1.0 - std::pow(options.beta1, static_cast<double>(options.step));
  const double correction2 = 1.0 - std::pow(options.beta2, static_cast<double>(options.step));
  const auto every = [](double x) { return set1(static_cast<float>(x)); };
  const AdamwFactors by{.gradient = every(options.gradient_scale),
                        .beta1 = every(options.beta1),
                        .one_less_beta1 = every(1.0 - options.beta1),
                        .beta2 = every(options.beta2),
                        .one_less_beta2 = every(1.0 - options.beta2),
                        .decay = every(1.0 - options.learning_rate * options.weight_decay),
                        .step = every(options.learning_rate / correction1),
                        .inverse_root = every(1.0 / __builtin_sqrt(correction2)),
                        .epsilon = every(options.epsilon)};
  constexpr int64_t kElements = 16384;
  const int64_t count = w.shape[0];
  context.pool.run((count + kElements - 1) / kElements, [&](int64_t task, int) {
    const int64_t end = min((task + 1) * kElements, count);
    for (int64_t i = task * kElements; i < end; i += W) {
      const F weight = adamw_update(by, g.as<float>() + i, w.as<float>() + i, m.as<float>() + i, v.as<float>() + i, end - i);
      if (w_compute != nullptr) store_upto(w_compute->as<bf16>() + i, end - i, weight);
    }
  });
}

}  // namespace actorring::cpu::AR_ISA
