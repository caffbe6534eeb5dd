// B batch, T tokens, N query heads, K KV heads, G = N/K query heads that share one KV head, H head dim; t, s: tokens of a query and of a key tile.
// A tile's queries are [B K, G t, H], its keys [B K, s, H]: one product serves all heads of a group, so keys and values are never repeated.
#include "tiles.h"

#include <algorithm>
#include <limits>

#include "products.h"

namespace actorring::aten {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct TileSize {
  int64_t q, k;
};

// On a CPU one thread's scores stay near its L2 cache; on a GPU all heads go at once and the scores stay below 256 MiB.
TileSize tile_size(const Context& context, int64_t batch, int64_t heads, int64_t group) {
  if (context.on_cpu()) return {std::clamp<int64_t>(256 / group, 16, 256), 512};
  int64_t size = 1024;
  while (size > 128 && batch * heads * size * size > (int64_t{1} << 26)) size /= 2;
  return {size, size};
}

// [B, T, N, H] as [B, K, G, T, H]; [B, T, N] as [B, K, G, T]. Views.
at::Tensor by_group(const at::Tensor& x, int64_t kv_heads) {
  if (!x.defined()) return x;
  const int64_t group = x.size(2) / kv_heads;
  if (x.dim() == 4) return x.view({x.size(0), x.size(1), kv_heads, group, x.size(3)}).permute({0, 2, 3, 1, 4});
  return x.view({x.size(0), x.size(1), kv_heads, group}).permute({0, 2, 3, 1});
}

at::Tensor head(const at::Tensor& x, int64_t batch, int64_t kv_head) { return x.defined() ? x.narrow(0, batch, 1).narrow(1, kv_head, 1) : x; }

// Tokens [first, first + count) as [B K, G t, H] (or [B K, G t, 1]) in `type`.
at::Tensor q_rows(const at::Tensor& x, int64_t first, int64_t count, at::ScalarType type) {
  const at::Tensor part = x.narrow(3, first, count).to(type);
  return part.reshape({x.size(0) * x.size(1), x.size(2) * count, x.dim() == 5 ? x.size(4) : 1});
}

void store_q_rows(const at::Tensor& x, int64_t first, int64_t count, const at::Tensor& rows) {
  const at::Tensor part = x.narrow(3, first, count);
  part.copy_(rows.reshape(part.sizes()));
}

// [B, s, K, H] as [B K, s, H].
at::Tensor k_rows(const at::Tensor& x, int64_t first, int64_t count, at::ScalarType type) {
  return x.narrow(2, first, count).to(type).reshape({x.size(0) * x.size(1), count, x.size(3)});
}

void add_k_rows(const at::Tensor& x, int64_t first, int64_t count, const at::Tensor& rows) {
  at::Tensor part = x.narrow(2, first, count);
  part.add_(rows.reshape(part.sizes()));
}

// All tensors of one call in the grouped layouts.
struct Grouped {
  Grouped(const AttentionInput& input)
      : q(by_group(input.q, input.k.size(2))),
        k(input.k.permute({0, 2, 1, 3})),
        v(input.v.permute({0, 2, 1, 3})),
        mask(&input.mask),
        scale(input.scale),
        queries(input.queries()),
        keys(input.keys()) {}

  at::Tensor q, k, v;
  const ar_attention_mask* mask;
  double scale;
  Positions queries, keys;
  at::ScalarType type = at::kFloat;
  TileSize tile = {0, 0};

  Grouped of_head(int64_t batch, int64_t kv_head) const {
    Grouped one = *this;
    one.q = head(q, batch, kv_head);
    one.k = head(k, batch, kv_head);
    one.v = head(v, batch, kv_head);
    return one;
  }

  // scale q k^T with hidden pairs at -infinity, [B K, G t, s].
  at::Tensor scores(const at::Tensor& q_tile, const at::Tensor& k_tile, Positions q_at, Positions k_at, Tile kind) const {
    at::Tensor result = product(q_tile, k_tile.transpose(1, 2)).mul_(scale);
    if (kind == Tile::Partial) {
      at::Tensor by_token = result.view({result.size(0), q.size(2), q_at.count, k_at.count});
      by_token.masked_fill_(hidden_pairs(*mask, q_at, k_at, q.device()), -kInfinity);
    }
    return result;
  }
};

void forward(const Grouped& self, const AttentionResult& result) {
  chunks(self.queries.count, self.tile.q, [&](int64_t t0, int64_t t) {
    const at::Tensor q_tile = q_rows(self.q, t0, t, self.type);
    const Positions q_at = self.queries.slice(t0, t);
    const auto options = q_tile.options().dtype(at::kFloat);
    at::Tensor out, row_max, row_sum;
    if (result.first) {
      out = at::zeros(q_tile.sizes(), options);
      row_max = at::full({q_tile.size(0), q_tile.size(1), 1}, -kInfinity, options);
      row_sum = at::zeros({q_tile.size(0), q_tile.size(1), 1}, options);
    } else {
      // Copies: where the mask hides the whole block, what is stored below is what was read here, and ATen refuses to copy a view onto itself.
      out = q_rows(result.state_out, t0, t, at::kFloat).clone();
      row_max = q_rows(result.row_max, t0, t, at::kFloat).clone();
      row_sum = q_rows(result.row_sum, t0, t, at::kFloat).clone();
    }

    chunks(self.keys.count, self.tile.k, [&](int64_t s0, int64_t s) {
      const Positions k_at = self.keys.slice(s0, s);
      const Tile kind = classify(*self.mask, q_at, k_at);
      if (kind == Tile::Hidden) return;
      at::Tensor weights = self.scores(q_tile, k_rows(self.k, s0, s, self.type), q_at, k_at, kind);
      const at::Tensor new_max = at::maximum(row_max, weights.amax({2}, true));
      // A row that has seen no key yet keeps -infinity; subtracting that from itself would write NaN.
      const at::Tensor shift = new_max.masked_fill(new_max.eq(-kInfinity), 0);
      weights.sub_(shift).exp_();
      const at::Tensor correction = (row_max - shift).exp_();
      row_sum = (row_sum * correction).add_(weights.sum({2}, true));
      out.mul_(correction).add_(product(weights.to(self.type), k_rows(self.v, s0, s, self.type)));
      row_max = new_max;
    });

    if (result.last) {
      store_q_rows(result.out, t0, t, out.div_(row_sum.masked_fill(row_sum.eq(0), 1)));
      store_q_rows(result.lse, t0, t, row_max + row_sum.log());
    } else {
      store_q_rows(result.state_out, t0, t, out);
      store_q_rows(result.row_max, t0, t, row_max);
      store_q_rows(result.row_sum, t0, t, row_sum);
    }
  });
}

void backward(const Grouped& self, const AttentionGradients& gradients) {
  chunks(self.queries.count, self.tile.q, [&](int64_t t0, int64_t t) {
    const Positions q_at = self.queries.slice(t0, t);
    const at::Tensor q_tile = q_rows(self.q, t0, t, self.type);
    const at::Tensor dout = q_rows(gradients.dout, t0, t, self.type);
    const at::Tensor delta = q_rows(gradients.delta, t0, t, at::kFloat);
    at::Tensor lse = q_rows(gradients.lse, t0, t, at::kFloat);
    // A row without keys has lse -infinity: exp(score - infinity) makes all its weights 0.
    lse = lse.masked_fill(lse.eq(-kInfinity), kInfinity);
    at::Tensor dq = at::zeros(q_tile.sizes(), q_tile.options().dtype(at::kFloat));

    chunks(self.keys.count, self.tile.k, [&](int64_t s0, int64_t s) {
      const Positions k_at = self.keys.slice(s0, s);
      const Tile kind = classify(*self.mask, q_at, k_at);
      if (kind == Tile::Hidden) return;
      const at::Tensor k_tile = k_rows(self.k, s0, s, self.type);
      const at::Tensor v_tile = k_rows(self.v, s0, s, self.type);
      const at::Tensor weights = self.scores(q_tile, k_tile, q_at, k_at, kind).sub_(lse).exp_();
      add_k_rows(gradients.dv, s0, s, product(weights.to(self.type).transpose(1, 2), dout));
      const at::Tensor d_scores = product(dout, v_tile.transpose(1, 2)).sub_(delta).mul_(weights).mul_(self.scale).to(self.type);
      dq.add_(product(d_scores, k_tile));
      add_k_rows(gradients.dk, s0, s, product(d_scores.transpose(1, 2), q_tile));
    });

    const at::Tensor target = gradients.dq.narrow(3, t0, t);
    target.add_(dq.view(target.sizes()));
  });
}

// On a CPU every KV head of every sequence is one item of work for one thread; on a GPU all go in one batch.
template <class Body>
void each_part(const Context& context, const Grouped& all, const Body& body) {
  if (!context.on_cpu()) {
    body(all, [](const at::Tensor& x) { return x; });
    return;
  }
  const int64_t kv_heads = all.k.size(1);
  parallel(all.k.size(0) * kv_heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t batch = i / kv_heads;
      const int64_t kv_head = i % kv_heads;
      body(all.of_head(batch, kv_head), [&](const at::Tensor& x) { return head(x, batch, kv_head); });
    }
  });
}

Grouped grouped(const Context& context, const AttentionInput& input) {
  Grouped all(input);
  all.type = product_type(context, input.q.scalar_type());
  all.tile = tile_size(context, input.q.size(0), input.q.size(2), input.q.size(2) / input.k.size(2));
  return all;
}

}  // namespace

void tiled_forward(const Context& context, const AttentionInput& input, const AttentionResult& result) {
  const int64_t kv_heads = input.k.size(2);
  each_part(context, grouped(context, input), [&](const Grouped& part, const auto& pick) {
    forward(part, {result.first, result.last, pick(by_group(result.state_out, kv_heads)), pick(by_group(result.row_max, kv_heads)),
                   pick(by_group(result.row_sum, kv_heads)), pick(by_group(result.out, kv_heads)), pick(by_group(result.lse, kv_heads))});
  });
}

void tiled_backward(const Context& context, const AttentionInput& input, const AttentionGradients& gradients) {
  const int64_t kv_heads = input.k.size(2);
  each_part(context, grouped(context, input), [&](const Grouped& part, const auto& pick) {
    backward(part, {pick(by_group(gradients.dout, kv_heads)), pick(by_group(gradients.lse, kv_heads)), pick(by_group(gradients.delta, kv_heads)),
                    pick(by_group(gradients.dq, kv_heads)), pick(gradients.dk.permute({0, 2, 1, 3})), pick(gradients.dv.permute({0, 2, 1, 3}))});
  });
}

int64_t tile_scratch_bytes(const Context& context, const View& q, const View& k) {
  const int64_t group = q.shape[2] / k.shape[2];
  const TileSize tile = tile_size(context, q.shape[0], q.shape[2], group);
  const int64_t parts = context.on_cpu() ? std::min<int64_t>(context.thread_count, k.shape[0] * k.shape[2]) : k.shape[0] * k.shape[2];
  const int64_t q_rows = group * std::min(tile.q, q.shape[1]);
  const int64_t k_rows = std::min(tile.k, k.shape[1]);
  // Scores and their gradient with one working copy, the hidden pairs with their positions, and about four float32 copies of each tile's rows.
  const int64_t floats = 3 * q_rows * k_rows + 4 * (q_rows + k_rows) * q.shape[3];
  return parts * (4 * floats + 24 * q_rows * k_rows / group);
}

}  // namespace actorring::aten
