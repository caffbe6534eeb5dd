// The backend's functions: each goes to the context's own copy of the kernels.
#include "attention.h"
#include "layers.h"

namespace actorring::backend {

using cpu::self;

double measure_peak(ar_context& c, ar_dtype dtype, double seconds) { return self(c).layers->measure_peak(self(c), dtype, seconds); }
void fill(ar_context& c, double value, const View& x) { self(c).layers->fill(self(c), value, x); }
void copy(ar_context& c, const View& x, const View& y) { self(c).layers->copy(self(c), x, y); }
void add(ar_context& c, double alpha, const View& x, const View& y) { self(c).layers->add(self(c), alpha, x, y); }
double square_sum(ar_context& c, const View& x) { return self(c).layers->square_sum(self(c), x); }

void linear_forward(ar_context& c, const View& x, const View& w, const View* bias, bool accumulate, const View& y) { self(c).layers->linear_forward(self(c), x, w, bias, accumulate, y); }
void linear_backward_input(ar_context& c, const View& dy, const View& w, bool accumulate, const View& dx) { self(c).layers->linear_backward_input(self(c), dy, w, accumulate, dx); }
void linear_backward_weight(ar_context& c, const View& dy, const View& x, bool accumulate, const View& dw, const View* dbias) {
  self(c).layers->linear_backward_weight(self(c), dy, x, accumulate, dw, dbias);
}

void embedding_forward(ar_context& c, const View& ids, const View& table, const View& y) { self(c).layers->embedding_forward(self(c), ids, table, y); }
void embedding_backward(ar_context& c, const View& ids, const View& dy, const View& dtable) { self(c).layers->embedding_backward(self(c), ids, dy, dtable); }
void rms_norm_forward(ar_context& c, const View& x, const View& w, double epsilon, const View& y, const View& rstd) { self(c).layers->rms_norm_forward(self(c), x, w, epsilon, y, rstd); }
void rms_norm_backward(ar_context& c, const View& x, const View& w, const View& rstd, const View& dy, bool accumulate, const View& dx, const View& dw) {
  self(c).layers->rms_norm_backward(self(c), x, w, rstd, dy, accumulate, dx, dw);
}
void rotary(ar_context& c, const View& x, const View& cos, const View& sin, bool inverse, const View& y) { self(c).layers->rotary(self(c), x, cos, sin, inverse, y); }
void swiglu_forward(ar_context& c, const View& gate_up, const View& y) { self(c).layers->swiglu_forward(self(c), gate_up, y); }
void swiglu_backward(ar_context& c, const View& gate_up, const View& dy, const View& d_gate_up, const View* y) { self(c).layers->swiglu_backward(self(c), gate_up, dy, d_gate_up, y); }

void attention_forward(ar_context& c, const View& q, const View& k, const View& v, const ar_attention_mask& mask, double scale, bool first, bool last, const AttentionState& state, const View* out, const View* lse) {
  self(c).attention->forward(self(c), q, k, v, mask, scale, first, last, state, out, lse);
}
void attention_merge(ar_context& c, const AttentionState& part, const AttentionState& state) { self(c).attention->merge(self(c), part, state); }
void attention_finish(ar_context& c, const AttentionState& state, const View& out, const View& lse) { self(c).attention->finish(self(c), state, out, lse); }
void attention_delta(ar_context& c, const View& out, const View& dout, const View& delta) { self(c).attention->delta(self(c), out, dout, delta); }
void attention_backward(ar_context& c, const View& q, const View& k, const View& v, const View& dout, const View& lse, const View& delta, const ar_attention_mask& mask, double scale, bool accumulate,
                        const View& dq, const View& dk, const View& dv) {
  self(c).attention->backward(self(c), q, k, v, dout, lse, delta, mask, scale, accumulate, dq, dk, dv);
}
int64_t attention_scratch_bytes(ar_context& c, const View& q, const View& k) { return self(c).attention->scratch_bytes(self(c), q, k); }

LossSum lm_head_cross_entropy(ar_context& c, const View& x, const View& w, const View& labels, double gradient_scale, const View* dx, const View* dw, const View* row_loss) {
  return self(c).layers->lm_head_cross_entropy(self(c), x, w, labels, gradient_scale, dx, dw, row_loss);
}
int64_t lm_head_scratch_bytes(ar_context& c, const View& x, const View& w) { return self(c).layers->lm_head_scratch_bytes(self(c), x, w); }

void adamw(ar_context& c, const ar_adamw_options& options, const View& g, const View& w, const View& m, const View& v, const View* w_compute) {
  self(c).layers->adamw(self(c), options, g, w, m, v, w_compute);
}

}  // namespace actorring::backend
