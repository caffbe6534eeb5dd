// The exported functions of block attention: shapes, types and the mask's own rules.
#include <cmath>

#include "checks.h"

using namespace actorring;

namespace {

constexpr ar_dtype F32 = AR_FLOAT32;
constexpr ar_dtype BF16 = AR_BFLOAT16;

void require_ascending(const int64_t* values, int64_t count, const char* name) {
  for (int64_t i = 1; i < count; i++) {
    if (values[i] <= values[i - 1]) fail(AR_INVALID_ARGUMENT, "%s[%lld] is %lld, must be above the one before", name, static_cast<long long>(i), static_cast<long long>(values[i]));
  }
}

int64_t last_position(int64_t position, int64_t step, int64_t count) { return position + (count - 1) * step; }

void require_positions(int64_t position, int64_t step, int64_t count, const char* name) {
  if (position < 0 || position > AR_MAX_POSITION) fail(AR_INVALID_ARGUMENT, "mask.%s_position is %lld, allowed are 0 to 2^48 - 1", name, static_cast<long long>(position));
  if (step < 1 || step > AR_MAX_POSITION_STEP) fail(AR_INVALID_ARGUMENT, "mask.%s_step is %lld, allowed are 1 to 2^20", name, static_cast<long long>(step));
  if (count > AR_MAX_BLOCK_TOKENS) fail(AR_INVALID_ARGUMENT, "%s has %lld tokens, allowed are up to 2^27", name, static_cast<long long>(count));
}

void require_mask(const ar_attention_mask& mask, int64_t q_count, int64_t k_count) {
  require_positions(mask.q_position, mask.q_step, q_count, "q");
  require_positions(mask.k_position, mask.k_step, k_count, "k");
  if (mask.reserved != 0) fail(AR_INVALID_ARGUMENT, "mask.reserved is %d, must be 0", mask.reserved);
  if (mask.window < 0) fail(AR_INVALID_ARGUMENT, "mask.window is %lld, must not be negative", static_cast<long long>(mask.window));
  if (mask.sink < 0) fail(AR_INVALID_ARGUMENT, "mask.sink is %lld, must not be negative", static_cast<long long>(mask.sink));
  if (mask.window > 0 && mask.causal == 0) fail(AR_INVALID_ARGUMENT, "mask.window needs mask.causal");
  if (mask.document_starts != nullptr) {
    if (mask.document_count < 1) fail(AR_INVALID_ARGUMENT, "mask.document_count is %lld, must be at least 1", static_cast<long long>(mask.document_count));
    require_ascending(mask.document_starts, mask.document_count, "mask.document_starts");
    const int64_t first = mask.q_position < mask.k_position ? mask.q_position : mask.k_position;
    if (mask.document_starts[0] > first)
      fail(AR_INVALID_ARGUMENT, "mask.document_starts[0] is %lld, must not be above the first position %lld", static_cast<long long>(mask.document_starts[0]), static_cast<long long>(first));
  }
  if (mask.block_row_offsets != nullptr) {
    if (mask.block_size < 1) fail(AR_INVALID_ARGUMENT, "mask.block_size is %lld, must be at least 1", static_cast<long long>(mask.block_size));
    const int64_t rows_needed = last_position(mask.q_position, mask.q_step, q_count) / mask.block_size + 1;
    if (mask.block_row_count < rows_needed)
      fail(AR_INVALID_ARGUMENT, "mask.block_row_count is %lld, the last query needs %lld", static_cast<long long>(mask.block_row_count), static_cast<long long>(rows_needed));
    if (mask.block_row_offsets[0] != 0) fail(AR_INVALID_ARGUMENT, "mask.block_row_offsets[0] is %lld, must be 0", static_cast<long long>(mask.block_row_offsets[0]));
    for (int64_t row = 0; row < mask.block_row_count; row++) {
      const int64_t begin = mask.block_row_offsets[row];
      const int64_t end = mask.block_row_offsets[row + 1];
      if (end < begin) fail(AR_INVALID_ARGUMENT, "mask.block_row_offsets[%lld] is below the one before", static_cast<long long>(row + 1));
      if (end > begin) {
        required(mask.block_columns, "mask.block_columns");
        require_ascending(mask.block_columns + begin, end - begin, "mask.block_columns of a row");
      }
    }
  }
}

struct Heads {
  View q, k, v;
};

Heads heads(const ar_context& context, const ar_tensor* q, const ar_tensor* k, const ar_tensor* v) {
  const Heads result{view(context, q, "q", {F32, BF16}, 4), view(context, k, "k", {F32, BF16}, 4), view(context, v, "v", {F32, BF16}, 4)};
  require_same_dtype(result.k, "k", result.q, "q");
  require_same_dtype(result.v, "v", result.q, "q");
  require_same_shape(result.v, "v", result.k, "k");
  const int64_t head_size = result.q.shape[3];
  const int64_t kv_heads = result.k.shape[2];
  require_shape(result.k, "k", {result.q.shape[0], result.k.shape[1], kv_heads, head_size});
  if (result.q.shape[2] % kv_heads != 0)
    fail(AR_INVALID_ARGUMENT, "q has %lld heads, must be a multiple of the %lld KV heads", static_cast<long long>(result.q.shape[2]), static_cast<long long>(kv_heads));
  if (head_size < AR_MIN_HEAD_SIZE || head_size > AR_MAX_HEAD_SIZE || head_size % AR_HEAD_SIZE_STEP != 0)
    fail(AR_INVALID_ARGUMENT, "head size is %lld, allowed are %d to %d in steps of %d", static_cast<long long>(head_size), AR_MIN_HEAD_SIZE, AR_MAX_HEAD_SIZE, AR_HEAD_SIZE_STEP);
  return result;
}

void require_rows(const View& rows, const char* name, const View& q) { require_shape(rows, name, {q.shape[0], q.shape[1], q.shape[2]}); }

// A running state, all of it present: out [B, T, N, H], row_max and row_sum [B, T, N].
struct State {
  View out, row_max, row_sum;
  backend::AttentionState get() const { return {&out, &row_max, &row_sum}; }
};

State state_of(const ar_context& context, const ar_tensor* out, const char* out_name, const ar_tensor* row_max, const char* max_name, const ar_tensor* row_sum, const char* sum_name) {
  const State state{view(context, out, out_name, {F32}, 4), view(context, row_max, max_name, {F32}, 3), view(context, row_sum, sum_name, {F32}, 3)};
  require_rows(state.row_max, max_name, state.out);
  require_rows(state.row_sum, sum_name, state.out);
  return state;
}

void require_scale(double scale) {
  if (!std::isfinite(scale) || scale <= 0) fail(AR_INVALID_ARGUMENT, "scale is %g, must be above 0 and finite", scale);
}

}  // namespace

extern "C" {

ar_status ar_attention_forward(ar_context* context, const ar_tensor* q, const ar_tensor* k, const ar_tensor* v, const ar_attention_mask* mask, double scale, int32_t flags,
                               const ar_tensor* state_out, const ar_tensor* row_max, const ar_tensor* row_sum, const ar_tensor* out, const ar_tensor* lse) {
  return boundary([&] {
    ar_context& self = checked(context);
    const Heads input = heads(self, q, k, v);
    const ar_attention_mask& seen = required(mask, "mask");
    require_mask(seen, input.q.shape[1], input.k.shape[1]);
    require_scale(scale);
    if ((flags & ~(AR_ATTENTION_FIRST | AR_ATTENTION_LAST)) != 0) fail(AR_INVALID_ARGUMENT, "flags is %d, allowed are the bits 1 and 2", flags);
    const bool first = (flags & AR_ATTENTION_FIRST) != 0;
    const bool last = (flags & AR_ATTENTION_LAST) != 0;
    const OptionalView partial = optional_view(self, state_out, "state_out", {F32}, 4);
    const OptionalView maximum = optional_view(self, row_max, "row_max", {F32}, 3);
    const OptionalView sum = optional_view(self, row_sum, "row_sum", {F32}, 3);
    const OptionalView result = optional_view(self, out, "out", {F32, BF16}, 4);
    const OptionalView logs = optional_view(self, lse, "lse", {F32}, 3);
    if (!(first && last) && !(partial.present && maximum.present && sum.present)) fail(AR_INVALID_ARGUMENT, "state_out, row_max and row_sum are needed unless flags are FIRST and LAST");
    if (last && !(result.present && logs.present)) fail(AR_INVALID_ARGUMENT, "out and lse are needed with the flag LAST");
    if (partial.present) require_same_shape(partial.value, "state_out", input.q, "q");
    if (maximum.present) require_rows(maximum.value, "row_max", input.q);
    if (sum.present) require_rows(sum.value, "row_sum", input.q);
    if (result.present) {
      require_same_shape(result.value, "out", input.q, "q");
      if (result.value.dtype != AR_FLOAT32) require_same_dtype(result.value, "out", input.q, "q");
    }
    if (logs.present) require_rows(logs.value, "lse", input.q);
    backend::attention_forward(self, input.q, input.k, input.v, seen, scale, first, last, {partial.get(), maximum.get(), sum.get()}, result.get(), logs.get());
  });
}

ar_status ar_attention_merge(ar_context* context, const ar_tensor* part_out, const ar_tensor* part_max, const ar_tensor* part_sum, const ar_tensor* state_out, const ar_tensor* row_max,
                             const ar_tensor* row_sum) {
  return boundary([&] {
    ar_context& self = checked(context);
    const State part = state_of(self, part_out, "part_out", part_max, "part_max", part_sum, "part_sum");
    const State state = state_of(self, state_out, "state_out", row_max, "row_max", row_sum, "row_sum");
    require_same_shape(part.out, "part_out", state.out, "state_out");
    backend::attention_merge(self, part.get(), state.get());
  });
}

ar_status ar_attention_finish(ar_context* context, const ar_tensor* state_out, const ar_tensor* row_max, const ar_tensor* row_sum, const ar_tensor* out, const ar_tensor* lse) {
  return boundary([&] {
    ar_context& self = checked(context);
    const State state = state_of(self, state_out, "state_out", row_max, "row_max", row_sum, "row_sum");
    const View result = view(self, out, "out", {F32, BF16}, 4);
    const View logs = view(self, lse, "lse", {F32}, 3);
    require_same_shape(result, "out", state.out, "state_out");
    require_rows(logs, "lse", state.out);
    backend::attention_finish(self, state.get(), result, logs);
  });
}

ar_status ar_attention_delta(ar_context* context, const ar_tensor* out, const ar_tensor* dout, const ar_tensor* delta) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View result = view(self, out, "out", {F32, BF16}, 4);
    const View gradient = view(self, dout, "dout", {F32, BF16}, 4);
    const View rows = view(self, delta, "delta", {F32}, 3);
    require_same_shape(gradient, "dout", result, "out");
    require_rows(rows, "delta", result);
    backend::attention_delta(self, result, gradient, rows);
  });
}

ar_status ar_attention_backward(ar_context* context, const ar_tensor* q, const ar_tensor* k, const ar_tensor* v, const ar_tensor* dout, const ar_tensor* lse, const ar_tensor* delta,
                                const ar_attention_mask* mask, double scale, int32_t accumulate, const ar_tensor* dq, const ar_tensor* dk, const ar_tensor* dv) {
  return boundary([&] {
    ar_context& self = checked(context);
    const Heads input = heads(self, q, k, v);
    const ar_attention_mask& seen = required(mask, "mask");
    require_mask(seen, input.q.shape[1], input.k.shape[1]);
    require_scale(scale);
    const View gradient = view(self, dout, "dout", {F32, BF16}, 4);
    const View logs = view(self, lse, "lse", {F32}, 3);
    const View rows = view(self, delta, "delta", {F32}, 3);
    const View q_gradient = view(self, dq, "dq", {F32}, 4);
    const View k_gradient = view(self, dk, "dk", {F32}, 4);
    const View v_gradient = view(self, dv, "dv", {F32}, 4);
    require_same_shape(gradient, "dout", input.q, "q");
    require_same_dtype(gradient, "dout", input.q, "q");
    require_rows(logs, "lse", input.q);
    require_rows(rows, "delta", input.q);
    require_same_shape(q_gradient, "dq", input.q, "q");
    require_same_shape(k_gradient, "dk", input.k, "k");
    require_same_shape(v_gradient, "dv", input.v, "v");
    backend::attention_backward(self, input.q, input.k, input.v, gradient, logs, rows, seen, scale, accumulate != 0, q_gradient, k_gradient, v_gradient);
  });
}

ar_status ar_attention_scratch_bytes(ar_context* context, const ar_tensor* q, const ar_tensor* k, int64_t* out_bytes) {
  return boundary([&] {
    ar_context& self = checked(context);
    const View queries = view(self, q, "q", {F32, BF16}, 4);
    const View keys = view(self, k, "k", {F32, BF16}, 4);
    int64_t& result = required(out_bytes, "out_bytes");
    result = backend::attention_scratch_bytes(self, queries, keys);
  });
}

}  // extern "C"
