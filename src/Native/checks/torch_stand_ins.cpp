// Stand-ins, on the CPU, for what only a GPU build of libtorch has: the flash-attention operators (PyTorch 2) and bf16 products with float32 results (2.8).
// They compute in float64 by the conventions that the GPU kernels document, so the code that calls those kernels is run and checked without a GPU. They prove
// nothing about the kernels themselves. With AR_BREAK_STAND_INS the attention is wrong on purpose: the library must notice and stay with its own tiles.
#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>
#include <torch/version.h>

#include <atomic>
#include <cstdio>
#include <limits>

namespace {

using Stack = std::vector<c10::IValue>;

// Says at the end that the stand-ins were really used.
struct Calls {
  ~Calls() { std::printf("stand-ins called: %d flash forward, %d flash backward, %d products\n", forward.load(), backward.load(), products.load()); }
  std::atomic<int> forward = 0, backward = 0, products = 0;
};
Calls calls;

const c10::IValue& argument(const c10::OperatorHandle& op, const Stack& stack, const char* name) {
  const auto& arguments = op.schema().arguments();
  for (size_t i = 0; i < arguments.size(); i++) {
    if (arguments[i].name() == name) return stack[stack.size() - arguments.size() + i];
  }
  TORCH_CHECK(false, "no argument ", name);
}

at::Tensor heads_first(const c10::IValue& x) { return x.toTensor().to(at::kDouble).transpose(1, 2); }

struct Block {
  Block(const c10::OperatorHandle& op, const Stack& stack)
      : q(heads_first(argument(op, stack, "query"))),
        scale(argument(op, stack, "scale").toDouble()),
        group(q.size(1) / argument(op, stack, "key").toTensor().size(2)) {
    TORCH_CHECK(argument(op, stack, "query").toTensor().scalar_type() == at::kBFloat16, "only bf16");
    TORCH_CHECK(argument(op, stack, "dropout_p").toDouble() == 0, "no dropout here");
    k = heads_first(argument(op, stack, "key")).repeat_interleave(group, 1);
    v = heads_first(argument(op, stack, "value")).repeat_interleave(group, 1);
    scores = at::matmul(q, k.transpose(2, 3)) * scale;
    // Aligned at the bottom right: the last query sees all keys.
    if (argument(op, stack, "is_causal").toBool())
      scores.masked_fill_(at::ones({q.size(2), k.size(2)}, at::kBool).triu(k.size(2) - q.size(2) + 1), -std::numeric_limits<double>::infinity());
  }
  at::Tensor q, k, v, scores;
  double scale;
  int64_t group;

  at::Tensor finish(const at::Tensor& x) const { return x.transpose(1, 2).to(at::kBFloat16).contiguous(); }
  at::Tensor finish_kv(const at::Tensor& x) const { return finish(x.reshape({x.size(0), x.size(1) / group, group, x.size(2), x.size(3)}).sum({2})); }
};

void flash_forward(const c10::OperatorHandle& op, Stack* stack) {
  calls.forward++;
  const Block block(op, *stack);
  const at::Tensor lse = block.scores.logsumexp({3});
  at::Tensor out = at::matmul((block.scores - lse.unsqueeze(3)).exp(), block.v);
#ifdef AR_BREAK_STAND_INS
  out.mul_(1.05);
#endif
  const size_t count = op.schema().arguments().size();
  stack->erase(stack->end() - static_cast<int64_t>(count), stack->end());
  for (const at::Tensor& result : {block.finish(out), lse.to(at::kFloat), at::zeros({2}, at::kLong), at::zeros({}, at::kLong), at::empty({0})})
    stack->emplace_back(result);
}

void flash_backward(const c10::OperatorHandle& op, Stack* stack) {
  calls.backward++;
  const Block block(op, *stack);
  TORCH_CHECK(at::globalContext().deterministicAlgorithms(), "the caller must ask for the deterministic kernel");
  const at::Tensor dout = heads_first(argument(op, *stack, "grad_out"));
  const at::Tensor delta = (heads_first(argument(op, *stack, "out")) * dout).sum({3}, true);
  const at::Tensor weights = (block.scores - argument(op, *stack, "logsumexp").toTensor().to(at::kDouble).unsqueeze(3)).exp();
  const at::Tensor d_scores = weights * (at::matmul(dout, block.v.transpose(2, 3)) - delta) * block.scale;
  const at::Tensor dq = block.finish(at::matmul(d_scores, block.k));
  const at::Tensor dk = block.finish_kv(at::matmul(d_scores.transpose(2, 3), block.q));
  const at::Tensor dv = block.finish_kv(at::matmul(weights.transpose(2, 3), dout));
  const size_t count = op.schema().arguments().size();
  stack->erase(stack->end() - static_cast<int64_t>(count), stack->end());
  for (const at::Tensor& result : {dq, dk, dv}) stack->emplace_back(result);
}

at::Tensor widened_product(const at::Tensor& a, const at::Tensor& b, at::ScalarType type) {
  calls.products++;
  TORCH_CHECK(a.scalar_type() == at::kBFloat16 && b.scalar_type() == at::kBFloat16 && type == at::kFloat, "bf16 to float32 only");
  return at::matmul(a.to(at::kDouble), b.to(at::kDouble)).to(type);
}

}  // namespace

#if TORCH_VERSION_MAJOR < 2
TORCH_LIBRARY_FRAGMENT(aten, library) {
  library.def(
      "_flash_attention_forward(Tensor query, Tensor key, Tensor value, Tensor? cum_seq_q, Tensor? cum_seq_k, int max_q, int max_k, float dropout_p, bool "
      "is_causal, "
      "bool return_debug_mask, *, float? scale=None) -> (Tensor, Tensor, Tensor, Tensor, Tensor)");
  library.def(
      "_flash_attention_backward(Tensor grad_out, Tensor query, Tensor key, Tensor value, Tensor out, Tensor logsumexp, Tensor cum_seq_q, Tensor cum_seq_k, "
      "int max_q, int max_k, "
      "float dropout_p, bool is_causal, Tensor rng_state, Tensor unused, *, float? scale=None) -> (Tensor, Tensor, Tensor)");
}
#endif
#if TORCH_VERSION_MAJOR < 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR < 8)
TORCH_LIBRARY_FRAGMENT(aten, library) {
  library.def("mm.dtype(Tensor self, Tensor mat2, ScalarType out_dtype) -> Tensor");
  library.def("bmm.dtype(Tensor self, Tensor mat2, ScalarType out_dtype) -> Tensor");
}
#endif

TORCH_LIBRARY_IMPL(aten, CPU, library) {
  library.impl("_flash_attention_forward", torch::CppFunction::makeFromBoxedFunction<&flash_forward>());
  library.impl("_flash_attention_backward", torch::CppFunction::makeFromBoxedFunction<&flash_backward>());
  library.impl("mm.dtype", widened_product);
  library.impl("bmm.dtype", widened_product);
}
