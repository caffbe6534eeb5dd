// The table of layer kernels (products, norms, activations, loss, optimiser), one copy per instruction set.
#pragma once
#include "backend.h"
#include "context.h"

namespace actorring::cpu {

struct LayerKernels {
  double (*measure_peak)(CpuContext& context, ar_dtype dtype, double seconds);
  void (*fill)(CpuContext& context, double value, const View& x);
  void (*copy)(CpuContext& context, const View& x, const View& y);
  void (*add)(CpuContext& context, double alpha, const View& x, const View& y);
  double (*square_sum)(CpuContext& context, const View& x);
  void (*linear_forward)(CpuContext& context, const View& x, const View& w, const View* bias, bool accumulate, const View& y);
  void (*linear_backward_input)(CpuContext& context, const View& dy, const View& w, bool accumulate, const View& dx);
  void (*linear_backward_weight)(CpuContext& context, const View& dy, const View& x, bool accumulate, const View& dw, const View* dbias);
  void (*embedding_forward)(CpuContext& context, const View& ids, const View& table, const View& y);
  void (*embedding_backward)(CpuContext& context, const View& ids, const View& dy, const View& dtable);
  void (*rms_norm_forward)(CpuContext& context, const View& x, const View& w, double epsilon, const View& y, const View& rstd);
  void (*rms_norm_backward)(CpuContext& context, const View& x, const View& w, const View& rstd, const View& dy, bool accumulate, const View& dx, const View& dw);
  void (*rotary)(CpuContext& context, const View& x, const View& cos, const View& sin, bool inverse, const View& y);
  void (*swiglu_forward)(CpuContext& context, const View& gate_up, const View& y);
  void (*swiglu_backward)(CpuContext& context, const View& gate_up, const View& dy, const View& d_gate_up, const View* y);
  backend::LossSum (*lm_head_cross_entropy)(CpuContext& context, const View& x, const View& w, const View& labels, double gradient_scale, const View* dx, const View* dw, const View* row_loss);
  int64_t (*lm_head_scratch_bytes)(CpuContext& context, const View& x, const View& w);
  void (*adamw)(CpuContext& context, const ar_adamw_options& options, const View& g, const View& w, const View& m, const View& v, const View* w_compute);
};

}  // namespace actorring::cpu
