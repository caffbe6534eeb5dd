// Compares block attention with a plain reference in float64, over instruction sets, masks, layouts and ways to cut the keys; exits with 1 at the first excess.
//   attention_check [cases per instruction set]      checks (default 300)
//   attention_check bench ...                         see attention_bench.cpp
#include <algorithm>
#include <memory>
#include <string>

#include "attention_check.h"

using namespace check;

namespace {

struct Mask {
  ar_attention_mask value{};
  std::vector<int64_t> documents, offsets, columns;
  std::string text;
};

struct Case {
  int64_t batch, q_count, k_count, heads, kv_heads, head_size;
  ar_dtype dtype;
  Layout layout;
  int threads;
  float deviation;
  Mask mask;
};

struct Reference {
  std::vector<double> out, lse, dq, dk, dv;
};

// The contract of actorring.h, word for word.
bool visible(const Mask& mask, int64_t i, int64_t j) {
  const ar_attention_mask& m = mask.value;
  const int64_t qp = m.q_position + i * m.q_step;
  const int64_t kp = m.k_position + j * m.k_step;
  auto document = [&](int64_t position) { return std::upper_bound(mask.documents.begin(), mask.documents.end(), position) - mask.documents.begin() - 1; };
  if (m.causal != 0 && kp > qp) return false;
  if (m.window > 0) {
    const int64_t start = mask.documents.empty() ? 0 : mask.documents[static_cast<size_t>(document(qp))];
    const bool sink = m.sink > 0 && kp < start + m.sink;
    if (!(kp > qp - m.window || sink)) return false;
  }
  if (!mask.documents.empty() && document(qp) != document(kp)) return false;
  if (mask.offsets.empty()) return true;
  const auto row = mask.columns.begin() + mask.offsets[static_cast<size_t>(qp / m.block_size)];
  return std::binary_search(row, mask.columns.begin() + mask.offsets[static_cast<size_t>(qp / m.block_size + 1)], kp / m.block_size);
}

Reference reference(const Case& c, double scale, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& dout) {
  const int64_t H = c.head_size;
  Reference r;
  r.out.assign(static_cast<size_t>(c.batch * c.q_count * c.heads * H), 0.0);
  r.dq = r.out;
  r.lse.assign(static_cast<size_t>(c.batch * c.q_count * c.heads), -INFINITY);
  r.dk.assign(static_cast<size_t>(c.batch * c.k_count * c.kv_heads * H), 0.0);
  r.dv = r.dk;
  auto load = [H](const Tensor& x, int64_t b, int64_t t, int64_t n) {
    std::vector<double> row(static_cast<size_t>(H));
    for (int64_t h = 0; h < H; h++) row[static_cast<size_t>(h)] = x.get(b, t, n, h);
    return row;
  };
  for (int64_t b = 0; b < c.batch; b++)
    for (int64_t n = 0; n < c.heads; n++) {
      const int64_t kn = n / (c.heads / c.kv_heads);
      std::vector<std::vector<double>> keys, values;
      for (int64_t j = 0; j < c.k_count; j++) keys.push_back(load(k, b, j, kn)), values.push_back(load(v, b, j, kn));
      for (int64_t i = 0; i < c.q_count; i++) {
        const std::vector<double> query = load(q, b, i, n), gradient = load(dout, b, i, n);
        std::vector<size_t> seen;
        for (int64_t j = 0; j < c.k_count; j++)
          if (visible(c.mask, i, j)) seen.push_back(static_cast<size_t>(j));
        if (seen.empty()) continue;
        std::vector<double> p(seen.size());
        double top = -INFINITY;
        for (size_t s = 0; s < seen.size(); s++) {
          double dot = 0;
          for (size_t h = 0; h < static_cast<size_t>(H); h++) dot += query[h] * keys[seen[s]][h];
          p[s] = dot * scale;
          top = std::max(top, p[s]);
        }
        double sum = 0;
        for (double& x : p) sum += x = std::exp(x - top);
        const size_t row = static_cast<size_t>((b * c.q_count + i) * c.heads + n);
        r.lse[row] = top + std::log(sum);
        double* out = &r.out[row * static_cast<size_t>(H)];
        for (size_t s = 0; s < seen.size(); s++)
          for (size_t h = 0; h < static_cast<size_t>(H); h++) out[h] += p[s] / sum * values[seen[s]][h];
        double delta = 0;
        for (size_t h = 0; h < static_cast<size_t>(H); h++) delta += out[h] * gradient[h];
        for (size_t s = 0; s < seen.size(); s++) {
          double dp = 0;
          for (size_t h = 0; h < static_cast<size_t>(H); h++) dp += gradient[h] * values[seen[s]][h];
          const double weight = p[s] / sum, ds = weight * (dp - delta) * scale;
          const size_t key = static_cast<size_t>(((b * c.k_count + static_cast<int64_t>(seen[s])) * c.kv_heads + kn) * H);
          for (size_t h = 0; h < static_cast<size_t>(H); h++) {
            r.dq[row * static_cast<size_t>(H) + h] += ds * keys[seen[s]][h];
            r.dk[key + h] += ds * query[h];
            r.dv[key + h] += weight * gradient[h];
          }
        }
      }
    }
  return r;
}

// Largest difference, relative to the largest value and at least to `least`: a gradient can be the difference of two large numbers. Infinity for a NaN.
double excess(const Tensor& x, const std::vector<double>& expected, double least) {
  double worst = 0, largest = least;
  size_t i = 0;
  x.each([&](int64_t b, int64_t t, int64_t n, int64_t h) {
    const double e = expected[i++], a = x.get(b, t, n, h);
    if (std::isinf(e) && a == e) return;
    const double difference = std::fabs(a - e);
    worst = std::isfinite(difference) ? std::max(worst, difference) : INFINITY;
    largest = std::max(largest, std::fabs(e));
  });
  return worst / largest;
}

struct Errors {
  double out = 0, lse = 0, dq = 0, dk = 0, dv = 0;
};

// The whole operation over the key blocks that `cuts` makes; also that nothing depends on accumulate or on how keys are cut.
Errors run_case(ar_isa isa, const Case& c, std::mt19937& random) {
  Context context(isa, c.threads);
  require(context.status);
  Tensor q(context, c.dtype, c.batch, c.q_count, c.heads, c.head_size, c.layout), dout(context, c.dtype, c.batch, c.q_count, c.heads, c.head_size, c.layout);
  Tensor k(context, c.dtype, c.batch, c.k_count, c.kv_heads, c.head_size, c.layout), v(context, c.dtype, c.batch, c.k_count, c.kv_heads, c.head_size, c.layout);
  Tensor out(context, AR_FLOAT32, c.batch, c.q_count, c.heads, c.head_size, c.layout), state(context, AR_FLOAT32, c.batch, c.q_count, c.heads, c.head_size, c.layout);
  Tensor dq(context, AR_FLOAT32, c.batch, c.q_count, c.heads, c.head_size, c.layout);
  Tensor dk(context, AR_FLOAT32, c.batch, c.k_count, c.kv_heads, c.head_size, c.layout), dv(context, AR_FLOAT32, c.batch, c.k_count, c.kv_heads, c.head_size, c.layout);
  Tensor lse(context, AR_FLOAT32, c.batch, c.q_count, c.heads, 0), row_max(context, AR_FLOAT32, c.batch, c.q_count, c.heads, 0);
  Tensor row_sum(context, AR_FLOAT32, c.batch, c.q_count, c.heads, 0), delta(context, AR_FLOAT32, c.batch, c.q_count, c.heads, 0);
  q.fill_normal(random, c.deviation);
  k.fill_normal(random), v.fill_normal(random), dout.fill_normal(random);
  for (Tensor* x : {&out, &state, &dq, &dk, &dv, &lse, &row_max, &row_sum}) x->fill(NAN);
  const double scale = 1.0 / std::sqrt(static_cast<double>(c.head_size));

  std::vector<int64_t> cuts{0};
  if (random() % 2 == 0)
    for (int64_t at = 0; at < c.k_count;) {
      at += 1 + static_cast<int64_t>(random() % static_cast<unsigned>(c.k_count));
      if (at < c.k_count) cuts.push_back(at);
    }
  cuts.push_back(c.k_count);
  const size_t blocks = cuts.size() - 1;
  std::vector<size_t> order(blocks);
  for (size_t i = 0; i < blocks; i++) order[i] = i;
  std::shuffle(order.begin(), order.end(), random);
  auto mask_of = [&](size_t block) {
    ar_attention_mask mask = c.mask.value;
    mask.k_position += cuts[block] * mask.k_step;
    return mask;
  };
  for (size_t i = 0; i < blocks; i++) {
    const size_t block = order[i];
    const ar_tensor part_k = k.slice(cuts[block], cuts[block + 1] - cuts[block]), part_v = v.slice(cuts[block], cuts[block + 1] - cuts[block]);
    const ar_attention_mask mask = mask_of(block);
    const int flags = (i == 0 ? AR_ATTENTION_FIRST : 0) | (i + 1 == blocks ? AR_ATTENTION_LAST : 0);
    const bool one = blocks == 1;
    require(ar_attention_forward(context.handle, &q.tensor, &part_k, &part_v, &mask, scale, flags, one ? nullptr : &state.tensor, one ? nullptr : &row_max.tensor, one ? nullptr : &row_sum.tensor,
                                 flags & AR_ATTENTION_LAST ? &out.tensor : nullptr, flags & AR_ATTENTION_LAST ? &lse.tensor : nullptr));
    int64_t promised;
    ar_context_info info;
    require(ar_attention_scratch_bytes(context.handle, &q.tensor, &k.tensor, &promised));
    require(ar_context_query(context.handle, &info));
    if (info.scratch_bytes > (promised + 4095) / 4096 * 4096) std::printf("scratch %lld > %lld\n", (long long)info.scratch_bytes, (long long)promised), std::exit(1);
  }
  require(ar_attention_delta(context.handle, &out.tensor, &dout.tensor, &delta.tensor));
  const bool accumulate = blocks > 1 || random() % 2 == 0;
  if (accumulate) dq.fill(1.0f), dk.fill(1.0f), dv.fill(1.0f);
  for (size_t block : order) {
    const int64_t begin = cuts[block], count = cuts[block + 1] - begin;
    const ar_tensor part_k = k.slice(begin, count), part_v = v.slice(begin, count), part_dk = dk.slice(begin, count), part_dv = dv.slice(begin, count);
    const ar_attention_mask mask = mask_of(block);
    require(ar_attention_backward(context.handle, &q.tensor, &part_k, &part_v, &dout.tensor, &lse.tensor, &delta.tensor, &mask, scale, accumulate, &dq.tensor, &part_dk, &part_dv));
  }
  if (accumulate)
    for (Tensor* x : {&dq, &dk, &dv}) x->each([&](int64_t b, int64_t t, int64_t n, int64_t h) { x->set(b, t, n, h, static_cast<float>(x->get(b, t, n, h) - 1.0)); });

  const Reference expected = reference(c, scale, q, k, v, dout);
  return {excess(out, expected.out, 0.05), excess(lse, expected.lse, 0.05), excess(dq, expected.dq, 1.0), excess(dk, expected.dk, 1.0), excess(dv, expected.dv, 1.0)};
}

Case random_case(std::mt19937& random) {
  auto one_of = [&](std::initializer_list<int64_t> values) { return values.begin()[random() % values.size()]; };
  auto below = [&](int64_t limit) { return static_cast<int64_t>(random() % static_cast<unsigned>(limit)); };
  Case c{};
  c.batch = one_of({1, 1, 2});
  c.kv_heads = one_of({1, 1, 2, 3});
  c.heads = c.kv_heads * one_of({1, 1, 2, 3});
  c.head_size = one_of({32, 40, 64, 64, 72, 80, 96, 128, 128, 192, 256});
  auto length = [&] { return one_of({1, 2, 3, 7, 17, 31, 61, 64, 95, 96, 97, 127, 193, 257, 331, 1 + below(700), 1 + below(300)}); };
  c.q_count = length();
  c.k_count = length();
  c.dtype = random() % 3 == 0 ? AR_BFLOAT16 : AR_FLOAT32;
  c.layout = static_cast<Layout>(below(3));
  c.threads = static_cast<int>(one_of({1, 2, 3}));
  c.deviation = static_cast<float>(one_of({1, 1, 4}));

  ar_attention_mask& m = c.mask.value;
  m.q_step = one_of({1, 1, 2, 3, 5});
  m.k_step = one_of({1, 1, m.q_step, 4});
  m.q_position = one_of({0, 0, below(400)});
  m.k_position = one_of({0, 0, below(400)});
  m.causal = random() % 4 != 0;
  if (m.causal != 0 && random() % 3 == 0) m.window = 1 + below(one_of({3, 80, 500}));
  if (random() % 3 == 0) m.sink = 1 + below(one_of({3, 80}));
  const int64_t last = std::max(m.q_position + c.q_count * m.q_step, m.k_position + c.k_count * m.k_step);
  if (random() % 3 == 0) {
    for (int64_t at = 0; at < last; at += 1 + below(one_of({5, 100, 400}))) c.mask.documents.push_back(at);
    m.document_starts = c.mask.documents.data();
    m.document_count = static_cast<int64_t>(c.mask.documents.size());
  }
  if (random() % 3 == 0) {
    m.block_size = one_of({1, 7, 16, 64, 100, 128});
    const int64_t rows = last / m.block_size + 1;
    const unsigned density = static_cast<unsigned>(one_of({1, 3, 9, 10}));
    c.mask.offsets.push_back(0);
    for (int64_t row = 0; row < rows; row++) {
      for (int64_t column = 0; column < rows; column++)
        if (random() % 10 < density) c.mask.columns.push_back(column);
      c.mask.offsets.push_back(static_cast<int64_t>(c.mask.columns.size()));
    }
    m.block_row_offsets = c.mask.offsets.data();
    m.block_columns = c.mask.columns.data();
    m.block_row_count = rows;
  }
  return c;
}

// Relative to the largest value of a tensor. float32: a score is a sum of up to 256 products, whose rounding (1e-6 of the score) the exponential passes on as it is, so the limit
// grows with the scores. bfloat16: rounding of weights and score gradients (2^-9) where the dot product is used.
constexpr double kFloatOut = 4e-6, kFloatGradient = 6e-6, kHalfOut = 1e-2, kHalfGradient = 1e-2;

constexpr const char* kNames[5] = {"out", "lse", "dq", "dk", "dv"};

bool check_isa(ar_isa isa, const char* name, int cases) {
  if (Context probe(isa, 1); probe.status == AR_UNSUPPORTED) {
    std::printf("%-22s not on this machine: skipped\n", name);
    return true;
  }
  std::mt19937 random(12345);
  double worst[2][5] = {}, mean[2][5] = {};
  int count[2] = {};
  for (int i = 0; i < cases; i++) {
    const Case c = random_case(random);
    const Errors e = run_case(isa, c, random);
    const bool half = c.dtype == AR_BFLOAT16;
    const double values[5] = {e.out, e.lse, e.dq, e.dk, e.dv};
    count[half]++;
    for (int j = 0; j < 5; j++) worst[half][j] = std::max(worst[half][j], values[j]), mean[half][j] += values[j];
    const double out_limit = half ? kHalfOut : kFloatOut * c.deviation, gradient_limit = half ? kHalfGradient : kFloatGradient * c.deviation;
    if (e.out > out_limit || e.lse > out_limit || e.dq > gradient_limit || e.dk > gradient_limit || e.dv > gradient_limit) {
      const ar_attention_mask& m = c.mask.value;
      std::printf("%s case %d: B%lld Tq%lld Tk%lld N%lld K%lld H%lld %s layout %d threads %d deviation %g causal %d q %lld+%lld k %lld+%lld window %lld sink %lld documents %lld blocks of %lld\n", name,
                  i, (long long)c.batch, (long long)c.q_count, (long long)c.k_count, (long long)c.heads, (long long)c.kv_heads, (long long)c.head_size, half ? "bf16" : "f32",
                  static_cast<int>(c.layout), c.threads, c.deviation, m.causal, (long long)m.q_position, (long long)m.q_step, (long long)m.k_position, (long long)m.k_step, (long long)m.window,
                  (long long)m.sink, (long long)m.document_count, (long long)m.block_size);
      std::printf("  out %.1e lse %.1e dq %.1e dk %.1e dv %.1e\n", e.out, e.lse, e.dq, e.dk, e.dv);
      return false;
    }
  }
  for (int half = 0; half < 2; half++) {
    std::printf("%-22s %s %3d cases, worst (mean):", name, half ? "bf16" : "f32 ", count[half]);
    for (int j = 0; j < 5; j++) std::printf(" %s %.1e (%.1e)", kNames[j], worst[half][j], mean[half][j] / std::max(count[half], 1));
    std::printf("\n");
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (argc > 1 && std::string(argv[1]) == "bench") return run_benchmark(argc - 2, argv + 2);
  const int cases = argc > 1 ? std::atoi(argv[1]) : 300;
  bool good = check_isa(AR_ISA_AVX512, "avx512", cases);
  good = check_isa(AR_ISA_AVX512_BF16_EMULATED, "avx512_bf16_emulated", cases) && good;
  good = check_isa(AR_ISA_AVX512_BF16, "avx512_bf16", cases) && good;
  good = check_isa(AR_ISA_AVX2, "avx2", cases) && good;
  good = check_isa(AR_ISA_PORTABLE, "portable", cases) && good;
  return good ? 0 : 1;
}
