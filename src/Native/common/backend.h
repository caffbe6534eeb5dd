// What a backend (cpu/ or torch/) provides to api.cpp. Arguments are validated: shapes agree, types are allowed, views lie inside live buffers of the
// context's device. A backend throws Failure for what only it can know. Optional tensors are null pointers. Semantics: actorring.h.
#pragma once
#include <cstdint>

#include "actorring.h"
#include "handles.h"
#include "view.h"

namespace actorring::backend {

const char* name();

ar_context* create_context(const ar_context_options& options);
void describe(const ar_context& context, ar_context_info& info);
void synchronize(ar_context& context);
double measure_peak(ar_context& context, ar_dtype dtype, double seconds);

ar_buffer* create_buffer(ar_context& context, int64_t byte_count);
void write(ar_context& context, ar_buffer& buffer, int64_t offset_bytes, const void* source, int64_t byte_count);
void read(ar_context& context, const ar_buffer& buffer, int64_t offset_bytes, void* destination, int64_t byte_count);

void fill(ar_context& context, double value, const View& x);
void copy(ar_context& context, const View& x, const View& y);
void add(ar_context& context, double alpha, const View& x, const View& y);
double square_sum(ar_context& context, const View& x);

void linear_forward(ar_context& context, const View& x, const View& w, const View* bias, bool accumulate, const View& y);
void linear_backward_input(ar_context& context, const View& dy, const View& w, bool accumulate, const View& dx);
void linear_backward_weight(ar_context& context, const View& dy, const View& x, bool accumulate, const View& dw, const View* dbias);

void embedding_forward(ar_context& context, const View& ids, const View& table, const View& y);
void embedding_backward(ar_context& context, const View& ids, const View& dy, const View& dtable);
void rms_norm_forward(ar_context& context, const View& x, const View& w, double epsilon, const View& y, const View& rstd);
void rms_norm_backward(ar_context& context, const View& x, const View& w, const View& rstd, const View& dy, bool accumulate, const View& dx, const View& dw);
void rotary(ar_context& context, const View& x, const View& cos, const View& sin, bool inverse, const View& y);
void swiglu_forward(ar_context& context, const View& gate_up, const View& y);
void swiglu_backward(ar_context& context, const View& gate_up, const View& dy, const View& d_gate_up, const View* y);

struct AttentionState {
  const View* out;
  const View* row_max;
  const View* row_sum;
};
void attention_forward(ar_context& context, const View& q, const View& k, const View& v, const ar_attention_mask& mask, double scale, bool first, bool last, const AttentionState& state, const View* out,
                       const View* lse);
void attention_merge(ar_context& context, const AttentionState& part, const AttentionState& state);
void attention_finish(ar_context& context, const AttentionState& state, const View& out, const View& lse);
void attention_delta(ar_context& context, const View& out, const View& dout, const View& delta);
void attention_backward(ar_context& context, const View& q, const View& k, const View& v, const View& dout, const View& lse, const View& delta, const ar_attention_mask& mask, double scale,
                        bool accumulate, const View& dq, const View& dk, const View& dv);
int64_t attention_scratch_bytes(ar_context& context, const View& q, const View& k);

struct LossSum {
  double loss_sum;
  int64_t label_count;
};
LossSum lm_head_cross_entropy(ar_context& context, const View& x, const View& w, const View& labels, double gradient_scale, const View* dx, const View* dw, const View* row_loss);
int64_t lm_head_scratch_bytes(ar_context& context, const View& x, const View& w);

void adamw(ar_context& context, const ar_adamw_options& options, const View& g, const View& w, const View& m, const View& v, const View* w_compute);

}  // namespace actorring::backend
