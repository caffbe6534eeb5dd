#include "flash.h"

#include <ATen/Context.h>

#include <mutex>
#include <vector>

#include "operators.h"
#include "tiles.h"

namespace actorring::aten {
namespace {

constexpr const char* kForward = "aten::_flash_attention_forward";
constexpr const char* kBackward = "aten::_flash_attention_backward";

// Without libtorch's process-wide switch the backward kernel adds dq with atomics, in any order. It is on only while such a call is being queued.
class Deterministic {
 public:
  Deterministic() {
    const std::lock_guard lock(users().mutex);
    if (users().count++ == 0) {
      users().algorithms = at::globalContext().deterministicAlgorithms();
      users().warn_only = at::globalContext().deterministicAlgorithmsWarnOnly();
      at::globalContext().setDeterministicAlgorithms(true, false);
    }
  }
  ~Deterministic() {
    const std::lock_guard lock(users().mutex);
    if (--users().count == 0) at::globalContext().setDeterministicAlgorithms(users().algorithms, users().warn_only);
  }
  Deterministic(const Deterministic&) = delete;
  Deterministic& operator=(const Deterministic&) = delete;

 private:
  struct Users {
    std::mutex mutex;
    int count = 0;
    bool algorithms = false;
    bool warn_only = false;
  };
  // Guards libtorch's own process-wide setting, so it cannot belong to a context.
  static Users& users() {
    static Users instance;
    return instance;
  }
};

bool close(const at::Tensor& fast, const at::Tensor& plain) {
  const double worst = (float32(fast) - plain).abs().max().item<double>();
  return worst <= 2e-2 * plain.abs().max().item<double>();  // false for NaN
}

// The same noise in [-2, 2] on every device: well-conditioned gradients, and no shift of an index maps it onto itself.
at::Tensor noise(const Context& context, const std::vector<int64_t>& shape, double seed) {
  int64_t count = 1;
  for (int64_t size : shape) count *= size;
  const at::Tensor wave = at::arange(count, float32_on(context).dtype(at::kDouble)).mul_(12.9898).add_(seed).sin_();
  return wave.mul_(43758.5453).frac_().mul_(2).view(shape).to(at::kBFloat16);
}

}  // namespace

bool Flash::proven(const Context& context, const AttentionInput& input, Plain mask) {
  if (mask == Plain::No || input.q.scalar_type() != at::kBFloat16 || input.q.size(1) < 2) return false;
  const int64_t group = input.q.size(2) / input.k.size(2);
  const auto key = std::make_pair(group, input.q.size(3));
  const auto known = proven_.find(key);
  if (known != proven_.end()) return known->second;
  const bool answer = has_operator(kForward, "", context.place) && has_operator(kBackward, "", context.place) && reproduces(context, group, key.second, true) &&
                      reproduces(context, group, key.second, false);
  return proven_[key] = answer;
}

Flash::Block Flash::forward(const AttentionInput& input, Plain mask) {
  const auto result = call_operator(kForward, "",
                                    {{"query", input.q},
                                     {"key", input.k},
                                     {"value", input.v},
                                     {"max_q", input.q.size(1)},
                                     {"max_k", input.k.size(1)},
                                     {"dropout_p", 0.0},
                                     {"is_causal", mask == Plain::Causal},
                                     {"return_debug_mask", false},
                                     {"scale", input.scale}});
  random_state_[0] = result[2].toTensor();
  random_state_[1] = result[3].toTensor();
  return {result[0].toTensor(), result[1].toTensor().transpose(1, 2)};
}

void Flash::backward(const AttentionInput& input, const AttentionGradients& gradients, Plain mask) {
  // The kernel reads `out` only to form delta = sum over H of out * dout. The projection of out onto dout has the same delta and is never longer than out, so
  // delta alone is enough to make it.
  const at::Tensor dout = float32(gradients.dout);
  const at::Tensor square = dout.square().sum({3}, true);
  const at::Tensor factor = gradients.delta.unsqueeze(3).div(square).masked_fill_(square.eq(0), 0);
  const at::Tensor out = (dout * factor).to(input.q.scalar_type());
  const Deterministic deterministic;
  const auto result = call_operator(kBackward, "",
                                    {{"grad_out", gradients.dout},
                                     {"query", input.q},
                                     {"key", input.k},
                                     {"value", input.v},
                                     {"out", out},
                                     {"logsumexp", gradients.lse.transpose(1, 2).contiguous()},
                                     {"max_q", input.q.size(1)},
                                     {"max_k", input.k.size(1)},
                                     {"dropout_p", 0.0},
                                     {"is_causal", mask == Plain::Causal},
                                     {"philox_seed", random_state_[0]},  // up to 2.6
                                     {"philox_offset", random_state_[1]},
                                     {"rng_state", random_state_[0]},  // from 2.7
                                     {"unused", random_state_[1]},
                                     {"scale", input.scale}});
  gradients.dq.add_(result[0].toTensor());
  gradients.dk.add_(result[1].toTensor());
  gradients.dv.add_(result[2].toTensor());
}

bool Flash::reproduces(const Context& context, int64_t group, int64_t head_size, bool causal) {
  const int64_t kv_heads = 2, tokens = 80, key_tokens = causal ? tokens : 144;
  ar_attention_mask mask{};
  mask.causal = causal ? 1 : 0;
  mask.q_step = mask.k_step = 1;
  const std::vector<int64_t> q_shape{1, tokens, kv_heads * group, head_size};
  const std::vector<int64_t> k_shape{1, key_tokens, kv_heads, head_size};
  const AttentionInput input{noise(context, q_shape, 1), noise(context, k_shape, 2), noise(context, k_shape, 3), mask, 0.125};
  const auto zeros = [&](const at::Tensor& like) { return at::zeros(like.sizes(), float32_on(context)); };

  const at::Tensor out = zeros(input.q);
  const at::Tensor lse = at::zeros({1, tokens, kv_heads * group}, float32_on(context));
  tiled_forward(context, input, {true, true, {}, {}, {}, out, lse});
  const at::Tensor dout = noise(context, q_shape, 4);
  const at::Tensor delta = (out * float32(dout)).sum({3});
  const AttentionGradients plain{dout, lse, delta, zeros(input.q), zeros(input.k), zeros(input.v)};
  tiled_backward(context, input, plain);

  try {
    const Plain kind = causal ? Plain::Causal : Plain::Full;
    const Block block = forward(input, kind);
    const AttentionGradients fast{dout, lse, delta, zeros(input.q), zeros(input.k), zeros(input.v)};
    backward(input, fast, kind);
    return close(block.out, out) && close(block.lse, lse) && close(fast.dq, plain.dq) && close(fast.dk, plain.dk) && close(fast.dv, plain.dv);
  } catch (const c10::OutOfMemoryError&) {
    throw;  // says nothing about the kernels: ask again
  } catch (const c10::Error&) {
    return false;
  }
}

}  // namespace actorring::aten
