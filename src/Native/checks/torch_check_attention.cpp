// Block attention against plain float64 loops: every mask, several KV blocks, grouped heads.
#include "check.h"

using namespace check;

namespace {

struct AttentionCase {
  const char* name;
  int64_t B, Tq, Tk, N, K, H;
  ar_attention_mask mask;
};

bool visible(const ar_attention_mask& mask, int64_t q, int64_t k) {
  const auto document = [&](int64_t position) {
    int64_t found = 0;
    for (int64_t d = 0; d < mask.document_count; d++) found = mask.document_starts[d] <= position ? d : found;
    return found;
  };
  if (mask.causal != 0 && k > q) return false;
  const int64_t start = mask.document_starts == nullptr ? 0 : mask.document_starts[document(q)];
  if (mask.window > 0 && k <= q - mask.window && !(mask.sink > 0 && k < start + mask.sink)) return false;
  if (mask.document_starts != nullptr && document(q) != document(k)) return false;
  if (mask.block_row_offsets != nullptr) {
    bool listed = false;
    for (int64_t i = mask.block_row_offsets[q / mask.block_size]; i < mask.block_row_offsets[q / mask.block_size + 1]; i++)
      listed = listed || mask.block_columns[i] == k / mask.block_size;
    if (!listed) return false;
  }
  return true;
}

struct AttentionReference {
  Values out, lse, delta, dq, dk, dv;
};

AttentionReference reference(const AttentionCase& c, double scale, const Values& q, const Values& k, const Values& v, const Values& dout) {
  AttentionReference r{Values(q.size()),
                       Values(static_cast<size_t>(c.B * c.Tq * c.N), -kInfinity),
                       Values(static_cast<size_t>(c.B * c.Tq * c.N)),
                       Values(q.size()),
                       Values(k.size()),
                       Values(k.size())};
  Values weights(static_cast<size_t>(c.Tk));
  const auto H = static_cast<size_t>(c.H);
  for (int64_t b = 0; b < c.B; b++) {
    for (int64_t i = 0; i < c.Tq; i++) {
      for (int64_t n = 0; n < c.N; n++) {
        const auto row = static_cast<size_t>((b * c.Tq + i) * c.N + n);
        const auto key = [&](int64_t j) { return static_cast<size_t>((b * c.Tk + j) * c.K + n / (c.N / c.K)) * H; };
        double largest = -kInfinity, sum = 0;
        for (int64_t j = 0; j < c.Tk; j++) {
          double& score = weights[static_cast<size_t>(j)];
          score = -kInfinity;
          if (!visible(c.mask, c.mask.q_position + i * c.mask.q_step, c.mask.k_position + j * c.mask.k_step)) continue;
          score = 0;
          for (size_t h = 0; h < H; h++) score += scale * q[row * H + h] * k[key(j) + h];
          largest = std::max(largest, score);
        }
        if (largest == -kInfinity) continue;
        for (double score : weights) sum += std::exp(score - largest);
        r.lse[row] = largest + std::log(sum);
        for (int64_t j = 0; j < c.Tk; j++) {
          double& weight = weights[static_cast<size_t>(j)];
          weight = std::exp(weight - r.lse[row]);
          for (size_t h = 0; h < H; h++) r.out[row * H + h] += weight * v[key(j) + h];
        }
        for (size_t h = 0; h < H; h++) r.delta[row] += r.out[row * H + h] * dout[row * H + h];
        for (int64_t j = 0; j < c.Tk; j++) {
          const double weight = weights[static_cast<size_t>(j)];
          if (weight == 0) continue;
          double d_weight = 0;
          for (size_t h = 0; h < H; h++) d_weight += dout[row * H + h] * v[key(j) + h];
          const double d_score = weight * (d_weight - r.delta[row]) * scale;
          for (size_t h = 0; h < H; h++) {
            r.dq[row * H + h] += d_score * k[key(j) + h];
            r.dk[key(j) + h] += d_score * q[row * H + h];
            r.dv[key(j) + h] += weight * dout[row * H + h];
          }
        }
      }
    }
  }
  return r;
}

// Tokens [begin, begin + count) of [B, T, N, H] values.
Values tokens(const Values& values, int64_t batch, int64_t total, int64_t width, int64_t begin, int64_t count) {
  Values part;
  for (int64_t b = 0; b < batch; b++) {
    const auto from = values.begin() + (b * total + begin) * width;
    part.insert(part.end(), from, from + count * width);
  }
  return part;
}

void check_attention(const AttentionCase& c, ar_dtype dtype, int64_t blocks) {
  const double scale = 1 / std::sqrt(static_cast<double>(c.H));
  const int64_t q_width = c.N * c.H, k_width = c.K * c.H;
  Tensor q({c.B, c.Tq, c.N, c.H}, dtype, noise(c.B * c.Tq * q_width), 8), all_k({c.B, c.Tk, c.K, c.H}, dtype, noise(c.B * c.Tk * k_width)),
      all_v({c.B, c.Tk, c.K, c.H}, dtype, noise(c.B * c.Tk * k_width));
  Tensor dout({c.B, c.Tq, c.N, c.H}, dtype, noise(c.B * c.Tq * q_width));
  Tensor out({c.B, c.Tq, c.N, c.H}, dtype), state({c.B, c.Tq, c.N, c.H}, AR_FLOAT32), row_max({c.B, c.Tq, c.N}, AR_FLOAT32),
      row_sum({c.B, c.Tq, c.N}, AR_FLOAT32), lse({c.B, c.Tq, c.N}, AR_FLOAT32);
  Tensor delta({c.B, c.Tq, c.N}, AR_FLOAT32), dq({c.B, c.Tq, c.N, c.H}, AR_FLOAT32, noise(q.count()));
  const Values ks = all_k.read(), vs = all_v.read();
  const AttentionReference want = reference(c, scale, q.read(), ks, vs, dout.read());
  const std::string what = label(c.name, dtype) + ", " + std::to_string(blocks) + " blocks";
  const double floor = c.Tk == 1 ? 1 : 1e-30;  // a single key has weight 1 whatever the score: dq and dk are differences that cancel to 0

  for (const bool backward : {false, true}) {
    for (int64_t block = 0; block < blocks; block++) {
      const int64_t begin = c.Tk * block / blocks, count = c.Tk * (block + 1) / blocks - begin;
      Tensor k({c.B, count, c.K, c.H}, dtype, tokens(ks, c.B, c.Tk, k_width, begin, count)),
          v({c.B, count, c.K, c.H}, dtype, tokens(vs, c.B, c.Tk, k_width, begin, count), 8);
      ar_attention_mask mask = c.mask;
      mask.k_position += begin * mask.k_step;
      if (!backward) {
        const int flags = (block == 0 ? AR_ATTENTION_FIRST : 0) | (block == blocks - 1 ? AR_ATTENTION_LAST : 0);
        const bool alone = blocks == 1;
        done(ar_attention_forward(context, q.get(), k.get(), v.get(), &mask, scale, flags, alone ? nullptr : state.get(), alone ? nullptr : row_max.get(),
                                  alone ? nullptr : row_sum.get(), out.get(), lse.get()),
             what);
        continue;
      }
      Tensor dk({c.B, count, c.K, c.H}, AR_FLOAT32, noise(k.count())), dv({c.B, count, c.K, c.H}, AR_FLOAT32, noise(k.count()));
      if (block > 0) {
        dk.write(Values(static_cast<size_t>(k.count())));
        dv.write(Values(static_cast<size_t>(k.count())));
      }
      done(ar_attention_backward(context, q.get(), k.get(), v.get(), dout.get(), lse.get(), delta.get(), &mask, scale, block > 0, dq.get(), dk.get(), dv.get()),
           what);
      compare(dk.read(), tokens(want.dk, c.B, c.Tk, k_width, begin, count), tolerance(dtype) * (blocks > 1 ? 2 : 1), what + " dk", floor);
      compare(dv.read(), tokens(want.dv, c.B, c.Tk, k_width, begin, count), tolerance(dtype) * (blocks > 1 ? 2 : 1), what + " dv");
    }
    if (backward) {
      compare(dq.read(), want.dq, tolerance(dtype), what + " dq", floor);
      continue;
    }
    compare(out.read(), want.out, tolerance(dtype), what + " out");
    compare(lse.read(), want.lse, tolerance(dtype), what + " lse");
    done(ar_attention_delta(context, out.get(), dout.get(), delta.get()), what);
    compare(delta.read(), want.delta, tolerance(dtype), what + " delta");
  }
}

}  // namespace

void check_attentions() {
  static const int64_t documents[] = {0, 13, 14, 90};
  static const int64_t offsets[] = {0, 1, 2, 2, 5, 7, 8, 8};
  static const int64_t columns[] = {0, 0, 1, 2, 3, 0, 4, 5};
  ar_attention_mask full{};
  full.q_step = full.k_step = 1;
  ar_attention_mask causal = full;
  causal.causal = 1;
  ar_attention_mask apart = causal;  // the keys of a later chunk: rows without any key
  apart.q_position = 20;
  apart.k_position = 50;
  ar_attention_mask striped = causal;
  striped.q_step = striped.k_step = 3;
  striped.q_position = 1;
  striped.k_position = 2;
  ar_attention_mask window = causal;
  window.window = 17;
  ar_attention_mask sink = window;
  sink.sink = 3;
  ar_attention_mask document = causal;
  document.document_starts = documents;
  document.document_count = 4;
  ar_attention_mask document_sink = document;
  document_sink.window = 9;
  document_sink.sink = 2;
  ar_attention_mask sparse = full;
  sparse.block_row_offsets = offsets;
  sparse.block_columns = columns;
  sparse.block_row_count = 7;
  sparse.block_size = 19;
  ar_attention_mask distant = causal;
  distant.q_position = distant.k_position = (int64_t{1} << 47);
  const AttentionCase cases[] = {
      {"full", 2, 33, 71, 4, 2, 40, full},
      {"causal", 2, 97, 97, 4, 2, 72, causal},
      {"causal one head", 1, 65, 65, 1, 1, 64, causal},
      {"causal grouped", 1, 129, 129, 6, 1, 32, causal},
      {"hidden rows", 2, 70, 60, 2, 1, 40, apart},
      {"striped", 1, 75, 81, 4, 4, 48, striped},
      {"window", 1, 119, 119, 4, 2, 40, window},
      {"window and sink", 1, 119, 119, 4, 2, 40, sink},
      {"documents", 2, 119, 119, 2, 1, 56, document},
      {"documents, window, sink", 1, 119, 119, 4, 2, 40, document_sink},
      {"block list", 1, 121, 113, 4, 2, 40, sparse},
      {"distant", 1, 50, 50, 2, 1, 256, distant},
      {"one token", 1, 1, 1, 2, 1, 32, causal},
      {"long", 1, 600, 1100, 3, 1, 40, full},
  };
  for (const AttentionCase& c : cases) {
    for (const ar_dtype dtype : {AR_FLOAT32, AR_BFLOAT16}) {
      check_attention(c, dtype, 1);
      if (c.Tk > 3) check_attention(c, dtype, 3);
    }
  }
}

void check_same_bits(ar_dtype dtype) {
  const int64_t B = 1, T = 150, N = 4, K = 2, H = 64;
  Tensor q({B, T, N, H}, dtype, noise(B * T * N * H)), k({B, T, K, H}, dtype, noise(B * T * K * H)), v({B, T, K, H}, dtype, noise(B * T * K * H)),
      dout({B, T, N, H}, dtype, noise(B * T * N * H));
  Tensor out({B, T, N, H}, dtype), lse({B, T, N}, AR_FLOAT32), delta({B, T, N}, AR_FLOAT32), dq({B, T, N, H}, AR_FLOAT32), dk({B, T, K, H}, AR_FLOAT32),
      dv({B, T, K, H}, AR_FLOAT32);
  Tensor x({T, N * H}, dtype, noise(T * N * H)), dy({T, N * H}, dtype, noise(T * N * H)), dw({N * H, N * H}, AR_FLOAT32);
  ar_attention_mask mask{};
  mask.causal = 1;
  mask.q_step = mask.k_step = 1;
  std::vector<Values> first;
  for (int run = 0; run < 2; run++) {
    done(ar_attention_forward(context, q.get(), k.get(), v.get(), &mask, .125, AR_ATTENTION_FIRST | AR_ATTENTION_LAST, nullptr, nullptr, nullptr, out.get(),
                              lse.get()),
         "attention");
    done(ar_attention_delta(context, out.get(), dout.get(), delta.get()), "delta");
    done(ar_attention_backward(context, q.get(), k.get(), v.get(), dout.get(), lse.get(), delta.get(), &mask, .125, 0, dq.get(), dk.get(), dv.get()),
         "attention backward");
    done(ar_linear_backward_weight(context, dy.get(), x.get(), 0, dw.get(), nullptr), "linear");
    std::vector<Values> results{out.read(), lse.read(), dq.read(), dk.read(), dv.read(), dw.read()};
    if (run == 0)
      first = std::move(results);
    else
      verdict(results == first, label("two runs", dtype), "their bits differ");
  }
}
