// Block attention: the fused kernels where they are proven for the mask, type and shape at hand, tiles everywhere else.
#include "backend.h"
#include "flash.h"
#include "tiles.h"

namespace actorring::aten {
namespace {

// Folds a finished block into the running state: it counts as one key of score lse and value out, so row_max becomes the largest lse of a block instead of the
// largest score. Any shift serves: out is state_out / row_sum and lse is row_max + log(row_sum) all the same.
void fold(const Flash::Block& block, const AttentionResult& result) {
  const at::Tensor out = float32(block.out);
  if (result.first) {
    result.state_out.copy_(out);
    result.row_max.copy_(block.lse);
    result.row_sum.fill_(1);
    return;
  }
  const at::Tensor row_max = at::maximum(result.row_max, block.lse);
  const at::Tensor old_share = (result.row_max - row_max).exp_();
  const at::Tensor new_share = (block.lse - row_max).exp_();
  const at::Tensor row_sum = (result.row_sum * old_share).add_(new_share);
  const at::Tensor sum = (result.state_out * old_share.unsqueeze(3)).add_(out * new_share.unsqueeze(3));
  if (result.last) {
    result.out.copy_(sum.div_(row_sum.unsqueeze(3)));
    result.lse.copy_(row_max + row_sum.log());
    return;
  }
  result.state_out.copy_(sum);
  result.row_max.copy_(row_max);
  result.row_sum.copy_(row_sum);
}

void flash_forward(const Context& context, const AttentionInput& input, Plain mask, const AttentionResult& result) {
  const Flash::Block block = context.flash->forward(input, mask);
  if (result.first && result.last) {
    result.out.copy_(block.out);
    result.lse.copy_(block.lse);
  } else {
    fold(block, result);
  }
}

}  // namespace
}  // namespace actorring::aten

namespace actorring::backend {

using namespace actorring::aten;

void attention_forward(ar_context& context, const View& q, const View& k, const View& v, const ar_attention_mask& mask, double scale, bool first, bool last,
                       const AttentionState& state, const View* out, const View* lse) {
  run(context, [&](Context& self) {
    const AttentionInput input{tensor(self, q), tensor(self, k), tensor(self, v), mask, scale};
    const AttentionResult result{
        first, last, tensor(self, state.out), tensor(self, state.row_max), tensor(self, state.row_sum), tensor(self, out), tensor(self, lse)};
    const Plain kind = plain(mask, input.queries(), input.keys());
    if (self.flash->proven(self, input, kind))
      flash_forward(self, input, kind, result);
    else
      tiled_forward(self, input, result);
  });
}

void attention_merge(ar_context& context, const AttentionState& part, const AttentionState& state) {
  run(context, [&](Context& self) {
    const at::Tensor maximum = tensor(self, state.row_max), added = tensor(self, part.row_max), sum = tensor(self, state.row_sum), out = tensor(self, state.out);
    const at::Tensor top = at::maximum(maximum, added);
    // Where neither saw a key both are minus infinity, and their difference would be NaN.
    const at::Tensor shift = at::where(top.isneginf(), at::zeros_like(top), top);
    const at::Tensor keep = (maximum - shift).exp_();
    const at::Tensor take = (added - shift).exp_();
    sum.copy_((sum * keep).add_(tensor(self, part.row_sum) * take));
    out.copy_((out * keep.unsqueeze(3)).add_(tensor(self, part.out) * take.unsqueeze(3)));
    maximum.copy_(top);
  });
}

void attention_finish(ar_context& context, const AttentionState& state, const View& out, const View& lse) {
  run(context, [&](Context& self) {
    const at::Tensor sum = tensor(self, state.row_sum);
    const at::Tensor empty = sum.eq(0);
    const at::Tensor divisor = at::where(empty, at::ones_like(sum), sum);
    const at::Tensor sums = tensor(self, state.out) / divisor.unsqueeze(3);
    tensor(self, out).copy_(at::where(empty.unsqueeze(3), at::zeros_like(sums), sums));
    tensor(self, lse).copy_(tensor(self, state.row_max) + sum.log());
  });
}

void attention_delta(ar_context& context, const View& out, const View& dout, const View& delta) {
  run(context, [&](Context& self) {
    const at::Tensor result = tensor(self, out);
    const at::Tensor gradient = tensor(self, dout);
    const at::Tensor rows = tensor(self, delta);
    chunks(out.shape[1], chunk_rows(self, out.shape[0] * out.shape[2] * out.shape[3]), [&](int64_t first, int64_t count) {
      rows.narrow(1, first, count).copy_((float32(result.narrow(1, first, count)) * float32(gradient.narrow(1, first, count))).sum({3}));
    });
  });
}

void attention_backward(ar_context& context, const View& q, const View& k, const View& v, const View& dout, const View& lse, const View& delta,
                        const ar_attention_mask& mask, double scale, bool accumulate, const View& dq, const View& dk, const View& dv) {
  run(context, [&](Context& self) {
    const AttentionInput input{tensor(self, q), tensor(self, k), tensor(self, v), mask, scale};
    const AttentionGradients gradients{tensor(self, dout), tensor(self, lse), tensor(self, delta), tensor(self, dq), tensor(self, dk), tensor(self, dv)};
    const Plain kind = plain(mask, input.queries(), input.keys());
    const bool fused = self.flash->proven(self, input, kind);
    if (!accumulate) {
      for (const at::Tensor& target : {gradients.dq, gradients.dk, gradients.dv}) target.zero_();
    }
    if (fused)
      self.flash->backward(input, gradients, kind);
    else
      tiled_backward(self, input, gradients);
  });
}

int64_t attention_scratch_bytes(ar_context& context, const View& q, const View& k) { return tile_scratch_bytes(static_cast<const Context&>(context), q, k); }

}  // namespace actorring::backend
