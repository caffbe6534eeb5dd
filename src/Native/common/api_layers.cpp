// The exported functions of layers and optimiser: shapes and types are settled here, once, for every backend.
#include <cmath>

#include "checks.h"

using namespace actorring;

namespace {

constexpr ar_dtype F32 = AR_FLOAT32;
constexpr ar_dtype BF16 = AR_BFLOAT16;

void require_float32_or(const View& result, const char* result_name, const View& input, const char* input_name) {
  if (result.dtype != AR_FLOAT32) require_same_dtype(result, result_name, input, input_name);
}

void require_finite(double value, const char* name) {
  if (!std::isfinite(value)) fail(AR_INVALID_ARGUMENT, "%s is %g, must be finite", name, value);
}

// Ids lie on the CPU exactly when the buffer does; on a GPU the kernels are trusted with them.
void require_ids(const ar_context& context, const View& ids, const char* name, int64_t limit, bool allow_unlabelled) {
  if (context.device != AR_DEVICE_CPU) return;
  const int32_t* values = ids.as<int32_t>();
  for (int64_t row = 0; row < ids.shape[0]; row++) {
    const int32_t id = values[row];
    if ((id < 0 || id >= limit) && !(allow_unlabelled && id == -100))
      fail(AR_INVALID_ARGUMENT, "%s[%lld] is %d, allowed are 0 to %lld%s", name, static_cast<long long>(row), id, static_cast<long long>(limit - 1), allow_unlabelled ? " and -100" : "");
  }
}

}  // namespace

extern "C" {

ar_status ar_fill(ar_context* context, double value, const ar_tensor* x) {
  return boundary([&] {
    ar_context& self = checked(context);
    backend::fill(self, value, view(self, x, "x", {F32, BF16}, 0));
  });
}

ar_status ar_copy(ar_context* context, const ar_tensor* x, const ar_tensor* y) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View from = view(self, x, "x", {F32, BF16}, 0);
    const View to = view(self, y, "y", {F32, BF16}, 0);
    require_same_shape(from, "x", to, "y");
    backend::copy(self, from, to);
  });
}

ar_status ar_add(ar_context* context, double alpha, const ar_tensor* x, const ar_tensor* y) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View from = view(self, x, "x", {F32, BF16}, 0);
    const View to = view(self, y, "y", {F32, BF16}, 0);
    require_same_shape(from, "x", to, "y");
    backend::add(self, alpha, from, to);
  });
}

ar_status ar_square_sum(ar_context* context, const ar_tensor* x, double* out_sum) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View input = view(self, x, "x", {F32, BF16}, 0);
    double& result = required(out_sum, "out_sum");
    result = backend::square_sum(self, input);
  });
}

ar_status ar_linear_forward(ar_context* context, const ar_tensor* x, const ar_tensor* w, const ar_tensor* bias, int32_t accumulate, const ar_tensor* y) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View input = view(self, x, "x", {F32, BF16}, 2);
    const View weight = view(self, w, "w", {F32, BF16}, 2);
    const View result = view(self, y, "y", {F32, BF16}, 2);
    const OptionalView offset = optional_view(self, bias, "bias", {F32, BF16}, 1);
    require_same_dtype(input, "x", weight, "w");
    require_float32_or(result, "y", input, "x");
    require_shape(weight, "w", {weight.shape[0], input.shape[1]});
    require_shape(result, "y", {input.shape[0], weight.shape[0]});
    if (offset.present) {
      require_shape(offset.value, "bias", {weight.shape[0]});
      require_same_dtype(offset.value, "bias", weight, "w");
    }
    backend::linear_forward(self, input, weight, offset.get(), accumulate != 0, result);
  });
}

ar_status ar_linear_backward_input(ar_context* context, const ar_tensor* dy, const ar_tensor* w, int32_t accumulate, const ar_tensor* dx) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View gradient = view(self, dy, "dy", {F32, BF16}, 2);
    const View weight = view(self, w, "w", {F32, BF16}, 2);
    const View result = view(self, dx, "dx", {F32, BF16}, 2);
    require_same_dtype(gradient, "dy", weight, "w");
    require_float32_or(result, "dx", gradient, "dy");
    require_shape(weight, "w", {gradient.shape[1], weight.shape[1]});
    require_shape(result, "dx", {gradient.shape[0], weight.shape[1]});
    backend::linear_backward_input(self, gradient, weight, accumulate != 0, result);
  });
}

ar_status ar_linear_backward_weight(ar_context* context, const ar_tensor* dy, const ar_tensor* x, int32_t accumulate, const ar_tensor* dw, const ar_tensor* dbias) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View gradient = view(self, dy, "dy", {F32, BF16}, 2);
    const View input = view(self, x, "x", {F32, BF16}, 2);
    const View result = view(self, dw, "dw", {F32}, 2);
    const OptionalView offset = optional_view(self, dbias, "dbias", {F32}, 1);
    require_same_dtype(gradient, "dy", input, "x");
    require_shape(input, "x", {gradient.shape[0], input.shape[1]});
    require_shape(result, "dw", {gradient.shape[1], input.shape[1]});
    if (offset.present) require_shape(offset.value, "dbias", {gradient.shape[1]});
    backend::linear_backward_weight(self, gradient, input, accumulate != 0, result, offset.get());
  });
}

ar_status ar_embedding_forward(ar_context* context, const ar_tensor* ids, const ar_tensor* table, const ar_tensor* y) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View rows = view(self, ids, "ids", {AR_INT32}, 1);
    const View source = view(self, table, "table", {F32, BF16}, 2);
    const View result = view(self, y, "y", {F32, BF16}, 2);
    require_same_dtype(result, "y", source, "table");
    require_shape(result, "y", {rows.shape[0], source.shape[1]});
    require_ids(self, rows, "ids", source.shape[0], false);
    backend::embedding_forward(self, rows, source, result);
  });
}

ar_status ar_embedding_backward(ar_context* context, const ar_tensor* ids, const ar_tensor* dy, const ar_tensor* dtable) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View rows = view(self, ids, "ids", {AR_INT32}, 1);
    const View gradient = view(self, dy, "dy", {F32, BF16}, 2);
    const View result = view(self, dtable, "dtable", {F32}, 2);
    require_shape(gradient, "dy", {rows.shape[0], result.shape[1]});
    require_ids(self, rows, "ids", result.shape[0], false);
    backend::embedding_backward(self, rows, gradient, result);
  });
}

ar_status ar_rms_norm_forward(ar_context* context, const ar_tensor* x, const ar_tensor* w, double epsilon, const ar_tensor* y, const ar_tensor* rstd) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View input = view(self, x, "x", {F32, BF16}, 2);
    const View weight = view(self, w, "w", {F32, BF16}, 1);
    const View result = view(self, y, "y", {F32, BF16}, 2);
    const View scale = view(self, rstd, "rstd", {F32}, 1);
    require_same_dtype(weight, "w", input, "x");
    require_same_dtype(result, "y", input, "x");
    require_same_shape(result, "y", input, "x");
    require_shape(weight, "w", {input.shape[1]});
    require_shape(scale, "rstd", {input.shape[0]});
    if (!(epsilon >= 0 && epsilon < 1)) fail(AR_INVALID_ARGUMENT, "epsilon is %g, allowed are 0 to 1", epsilon);
    backend::rms_norm_forward(self, input, weight, epsilon, result, scale);
  });
}

ar_status ar_rms_norm_backward(ar_context* context, const ar_tensor* x, const ar_tensor* w, const ar_tensor* rstd, const ar_tensor* dy, int32_t accumulate, const ar_tensor* dx, const ar_tensor* dw) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View input = view(self, x, "x", {F32, BF16}, 2);
    const View weight = view(self, w, "w", {F32, BF16}, 1);
    const View scale = view(self, rstd, "rstd", {F32}, 1);
    const View gradient = view(self, dy, "dy", {F32, BF16}, 2);
    const View result = view(self, dx, "dx", {F32, BF16}, 2);
    const View weight_result = view(self, dw, "dw", {F32}, 1);
    require_same_dtype(weight, "w", input, "x");
    require_same_dtype(gradient, "dy", input, "x");
    require_same_dtype(result, "dx", input, "x");
    require_same_shape(gradient, "dy", input, "x");
    require_same_shape(result, "dx", input, "x");
    require_shape(weight, "w", {input.shape[1]});
    require_shape(weight_result, "dw", {input.shape[1]});
    require_shape(scale, "rstd", {input.shape[0]});
    backend::rms_norm_backward(self, input, weight, scale, gradient, accumulate != 0, result, weight_result);
  });
}

ar_status ar_rotary(ar_context* context, const ar_tensor* x, const ar_tensor* cos, const ar_tensor* sin, int32_t inverse, const ar_tensor* y) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View input = view(self, x, "x", {F32, BF16}, 4);
    const View cosines = view(self, cos, "cos", {F32}, 2);
    const View sines = view(self, sin, "sin", {F32}, 2);
    const View result = view(self, y, "y", {F32, BF16}, 4);
    require_same_shape(result, "y", input, "x");
    if (input.shape[3] % 2 != 0) fail(AR_INVALID_ARGUMENT, "x dim 3 (head size) is %lld, must be even", static_cast<long long>(input.shape[3]));
    require_shape(cosines, "cos", {input.shape[1], input.shape[3] / 2});
    require_shape(sines, "sin", {input.shape[1], input.shape[3] / 2});
    backend::rotary(self, input, cosines, sines, inverse != 0, result);
  });
}

ar_status ar_swiglu_forward(ar_context* context, const ar_tensor* gate_up, const ar_tensor* y) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View input = view(self, gate_up, "gate_up", {F32, BF16}, 2);
    const View result = view(self, y, "y", {F32, BF16}, 2);
    require_same_dtype(result, "y", input, "gate_up");
    require_shape(input, "gate_up", {result.shape[0], 2 * result.shape[1]});
    backend::swiglu_forward(self, input, result);
  });
}

ar_status ar_swiglu_backward(ar_context* context, const ar_tensor* gate_up, const ar_tensor* dy, const ar_tensor* d_gate_up, const ar_tensor* y) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View input = view(self, gate_up, "gate_up", {F32, BF16}, 2);
    const View gradient = view(self, dy, "dy", {F32, BF16}, 2);
    const View result = view(self, d_gate_up, "d_gate_up", {F32, BF16}, 2);
    const OptionalView again = optional_view(self, y, "y", {F32, BF16}, 2);
    require_same_dtype(gradient, "dy", input, "gate_up");
    require_same_dtype(result, "d_gate_up", input, "gate_up");
    require_same_shape(result, "d_gate_up", input, "gate_up");
    require_shape(input, "gate_up", {gradient.shape[0], 2 * gradient.shape[1]});
    if (again.present) {
      require_same_dtype(again.value, "y", input, "gate_up");
      require_same_shape(again.value, "y", gradient, "dy");
    }
    backend::swiglu_backward(self, input, gradient, result, again.get());
  });
}

ar_status ar_lm_head_cross_entropy(ar_context* context, const ar_tensor* x, const ar_tensor* w, const ar_tensor* labels, double gradient_scale, const ar_tensor* dx, const ar_tensor* dw,
                                   const ar_tensor* row_loss, double* out_loss_sum, int64_t* out_label_count) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View input = view(self, x, "x", {F32, BF16}, 2);
    const View weight = view(self, w, "w", {F32, BF16}, 2);
    const View targets = view(self, labels, "labels", {AR_INT32}, 1);
    const OptionalView input_gradient = optional_view(self, dx, "dx", {F32, BF16}, 2);
    const OptionalView weight_gradient = optional_view(self, dw, "dw", {F32}, 2);
    const OptionalView rows = optional_view(self, row_loss, "row_loss", {F32}, 1);
    double& loss_sum = required(out_loss_sum, "out_loss_sum");
    int64_t& label_count = required(out_label_count, "out_label_count");
    require_same_dtype(weight, "w", input, "x");
    require_shape(weight, "w", {weight.shape[0], input.shape[1]});
    require_shape(targets, "labels", {input.shape[0]});
    require_finite(gradient_scale, "gradient_scale");
    if (input_gradient.present) {
      require_same_shape(input_gradient.value, "dx", input, "x");
      require_same_dtype(input_gradient.value, "dx", input, "x");
    }
    if (weight_gradient.present) {
      if (!input_gradient.present) fail(AR_INVALID_ARGUMENT, "dw is given without dx: give both, or neither");
      require_same_shape(weight_gradient.value, "dw", weight, "w");
    }
    if (rows.present) require_shape(rows.value, "row_loss", {input.shape[0]});
    require_ids(self, targets, "labels", weight.shape[0], true);
    const backend::LossSum sum = backend::lm_head_cross_entropy(self, input, weight, targets, gradient_scale, input_gradient.get(), weight_gradient.get(), rows.get());
    loss_sum = sum.loss_sum;
    label_count = sum.label_count;
  });
}

ar_status ar_lm_head_scratch_bytes(ar_context* context, const ar_tensor* x, const ar_tensor* w, int64_t* out_bytes) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View input = view(self, x, "x", {F32, BF16}, 2);
    const View weight = view(self, w, "w", {F32, BF16}, 2);
    int64_t& result = required(out_bytes, "out_bytes");
    result = backend::lm_head_scratch_bytes(self, input, weight);
  });
}

ar_status ar_adamw(ar_context* context, const ar_adamw_options* options, const ar_tensor* g, const ar_tensor* w, const ar_tensor* m, const ar_tensor* v, const ar_tensor* w_compute) {
  return boundary([&] {
    ar_context& self = checked(context);
    const ar_adamw_options& asked = required(options, "options");
    const View gradient = view(self, g, "g", {F32}, 1);
    const View weight = view(self, w, "w", {F32}, 1);
    const View first = view(self, m, "m", {F32}, 1);
    const View second = view(self, v, "v", {F32}, 1);
    const OptionalView compute = optional_view(self, w_compute, "w_compute", {BF16}, 1);
    require_same_shape(gradient, "g", weight, "w");
    require_same_shape(first, "m", weight, "w");
    require_same_shape(second, "v", weight, "w");
    if (compute.present) require_same_shape(compute.value, "w_compute", weight, "w");
    require_finite(asked.learning_rate, "learning_rate");
    require_finite(asked.weight_decay, "weight_decay");
    require_finite(asked.gradient_scale, "gradient_scale");
    if (!(asked.beta1 >= 0 && asked.beta1 < 1)) fail(AR_INVALID_ARGUMENT, "beta1 is %g, allowed are 0 to below 1", asked.beta1);
    if (!(asked.beta2 >= 0 && asked.beta2 < 1)) fail(AR_INVALID_ARGUMENT, "beta2 is %g, allowed are 0 to below 1", asked.beta2);
    if (!(asked.epsilon > 0)) fail(AR_INVALID_ARGUMENT, "epsilon is %g, must be above 0", asked.epsilon);
    if (asked.step < 1) fail(AR_INVALID_ARGUMENT, "step is %lld, the first update is 1", static_cast<long long>(asked.step));
    backend::adamw(self, asked, gradient, weight, first, second, compute.get());
  });
}

}  // extern "C"
