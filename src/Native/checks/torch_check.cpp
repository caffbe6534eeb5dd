// Every operation of the C ABI against plain float64 loops, at awkward shapes. `torch_check` runs on the CPU, `torch_check cuda` on GPU 0.
// Prints one line per comparison that fails and a count at the end; exit code 1 if any failed.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "actorring.h"

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
using Values = std::vector<double>;

int passed = 0;
int failed = 0;
ar_context* context = nullptr;

void verdict(bool good, const std::string& what, const char* detail) {
  if (good) {
    passed++;
    return;
  }
  failed++;
  std::printf("FAILED %s: %s\n", what.c_str(), detail);
}

void expect(ar_status got, ar_status want, const std::string& what) {
  char detail[600];
  std::snprintf(detail, sizeof detail, "status %d, expected %d: %s", got, want, ar_last_error());
  verdict(got == want, what, detail);
}

void done(ar_status status, const std::string& what) { expect(status, AR_OK, what); }

// The bf16 nearest to x, ties to even.
uint16_t to_bf16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}
float from_bf16(uint16_t x) {
  const uint32_t bits = static_cast<uint32_t>(x) << 16;
  float result;
  std::memcpy(&result, &bits, 4);
  return result;
}

// A tensor in a buffer of its own. With `gap`, rows lie apart: the last stride is 1, the one before leaves `gap` elements unused.
class Tensor {
 public:
  Tensor(std::vector<int64_t> shape, ar_dtype dtype, const Values& values = {}, int64_t gap = 0) : shape_(std::move(shape)) {
    view_.dtype = dtype;
    view_.rank = static_cast<int32_t>(shape_.size());
    int64_t stride = 1;
    for (int dim = view_.rank - 1; dim >= 0; dim--) {
      const auto i = static_cast<size_t>(dim);
      view_.shape[dim] = shape_[i];
      view_.stride[dim] = stride;
      stride *= shape_[i];
      if (dim == view_.rank - 1) stride += gap;
      count_ *= shape_[i];
    }
    bytes_ = stride * size();
    done(ar_buffer_create(context, bytes_, &view_.buffer), "create");
    if (!values.empty()) write(values);
  }
  ~Tensor() { ar_buffer_free(view_.buffer); }
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;

  const ar_tensor* get() const { return &view_; }
  int64_t count() const { return count_; }

  void write(const Values& values) {
    std::vector<char> raw(static_cast<size_t>(bytes_));
    for (int64_t i = 0; i < count_; i++) {
      char* to = raw.data() + place(i) * size();
      const double value = values[static_cast<size_t>(i)];
      if (view_.dtype == AR_INT32) {
        const auto integer = static_cast<int32_t>(value);
        std::memcpy(to, &integer, 4);
      } else if (view_.dtype == AR_BFLOAT16) {
        const uint16_t half = to_bf16(static_cast<float>(value));
        std::memcpy(to, &half, 2);
      } else {
        const auto single = static_cast<float>(value);
        std::memcpy(to, &single, 4);
      }
    }
    done(ar_buffer_write(context, view_.buffer, 0, raw.data(), bytes_), "write");
  }

  // What the buffer holds: after a write, the rounded values.
  Values read() const {
    std::vector<char> raw(static_cast<size_t>(bytes_));
    done(ar_buffer_read(context, view_.buffer, 0, raw.data(), bytes_), "read");
    Values values(static_cast<size_t>(count_));
    for (int64_t i = 0; i < count_; i++) {
      const char* from = raw.data() + place(i) * size();
      double& value = values[static_cast<size_t>(i)];
      if (view_.dtype == AR_BFLOAT16) {
        uint16_t half;
        std::memcpy(&half, from, 2);
        value = from_bf16(half);
      } else {
        float single;
        std::memcpy(&single, from, 4);
        value = single;
      }
    }
    return values;
  }

 private:
  int64_t size() const { return view_.dtype == AR_BFLOAT16 ? 2 : 4; }
  int64_t place(int64_t i) const {
    int64_t offset = 0;
    for (int dim = view_.rank - 1; dim >= 0; dim--) {
      offset += i % view_.shape[dim] * view_.stride[dim];
      i /= view_.shape[dim];
    }
    return offset;
  }

  std::vector<int64_t> shape_;
  ar_tensor view_{};
  int64_t count_ = 1;
  int64_t bytes_ = 0;
};

std::mt19937_64 generator(7);

Values noise(int64_t count, double deviation = 1) {
  std::normal_distribution<double> normal(0, deviation);
  Values values(static_cast<size_t>(count));
  for (double& value : values) value = normal(generator);
  return values;
}

double tolerance(ar_dtype dtype) { return dtype == AR_BFLOAT16 ? 1e-2 : 2e-6; }

// Largest difference relative to the largest expected value, or to `scale` where that is smaller; infinities must agree exactly.
void compare(const Values& got, const Values& want, double allowed, const std::string& what, double scale = 1e-30) {
  double worst = 0;
  for (size_t i = 0; i < want.size(); i++) {
    if (std::isfinite(want[i])) scale = std::max(scale, std::fabs(want[i]));
  }
  for (size_t i = 0; i < want.size(); i++) {
    const double difference = got[i] == want[i] ? 0 : std::fabs(got[i] - want[i]) / scale;
    if (!(difference <= worst)) worst = difference;  // keeps a NaN
  }
  char detail[100];
  std::snprintf(detail, sizeof detail, "relative error %.3g, allowed %.3g", worst, allowed);
  verdict(worst <= allowed, what, detail);
}

std::string label(const char* name, ar_dtype dtype) { return std::string(name) + (dtype == AR_BFLOAT16 ? " bf16" : " float32"); }

void check_elementwise(ar_dtype dtype) {
  const Values a = noise(3 * 5 * 37), b = noise(3 * 5 * 37);
  Tensor x({3, 5, 37}, dtype, a, 3), y({3, 5, 37}, AR_FLOAT32, b);
  const Values xs = x.read(), ys = y.read();
  done(ar_add(context, -1.75, x.get(), y.get()), "add");
  Values want = ys;
  double square = 0;
  for (size_t i = 0; i < want.size(); i++) {
    want[i] -= 1.75 * xs[i];
    square += xs[i] * xs[i];
  }
  compare(y.read(), want, 2e-7, label("add", dtype));
  done(ar_copy(context, x.get(), y.get()), "copy");
  compare(y.read(), xs, 0, label("copy", dtype));
  double sum = 0;
  done(ar_square_sum(context, x.get(), &sum), "square_sum");
  compare({sum}, {square}, 1e-14, label("square_sum", dtype));
  done(ar_fill(context, 0.5, x.get()), "fill");
  compare(x.read(), Values(xs.size(), 0.5), 0, label("fill", dtype));
}

void check_linear(int64_t rows, int64_t inputs, int64_t outputs, ar_dtype dtype, ar_dtype result, bool accumulate) {
  Tensor x({rows, inputs}, dtype, noise(rows * inputs), 5), w({outputs, inputs}, dtype, noise(outputs * inputs)), bias({outputs}, dtype, noise(outputs));
  Tensor y({rows, outputs}, result, noise(rows * outputs), 3), dy({rows, outputs}, dtype, noise(rows * outputs));
  Tensor dx({rows, inputs}, result, noise(rows * inputs)), dw({outputs, inputs}, AR_FLOAT32, noise(outputs * inputs)), dbias({outputs}, AR_FLOAT32, noise(outputs));
  const Values xs = x.read(), ws = w.read(), bs = bias.read(), dys = dy.read();
  const double keep = accumulate ? 1 : 0;
  Values want_y = y.read(), want_dx = dx.read(), want_dw = dw.read(), want_dbias = dbias.read();
  for (Values* values : {&want_y, &want_dx, &want_dw, &want_dbias}) {
    for (double& value : *values) value *= keep;
  }
  const auto I = static_cast<size_t>(inputs), O = static_cast<size_t>(outputs);
  for (size_t r = 0; r < static_cast<size_t>(rows); r++) {
    for (size_t o = 0; o < O; o++) {
      for (size_t i = 0; i < I; i++) {
        want_y[r * O + o] += xs[r * I + i] * ws[o * I + i];
        want_dx[r * I + i] += dys[r * O + o] * ws[o * I + i];
        want_dw[o * I + i] += dys[r * O + o] * xs[r * I + i];
      }
      want_y[r * O + o] += bs[o];
      want_dbias[o] += dys[r * O + o];
    }
  }
  const std::string what = label("linear", dtype) + (result == AR_BFLOAT16 ? " to bf16" : " to float32") + (accumulate ? ", accumulated, " : ", ") + std::to_string(rows);
  done(ar_linear_forward(context, x.get(), w.get(), bias.get(), accumulate, y.get()), what);
  done(ar_linear_backward_input(context, dy.get(), w.get(), accumulate, dx.get()), what);
  done(ar_linear_backward_weight(context, dy.get(), x.get(), accumulate, dw.get(), dbias.get()), what);
  compare(y.read(), want_y, tolerance(result), what + " forward");
  compare(dx.read(), want_dx, tolerance(result), what + " backward input");
  compare(dw.read(), want_dw, tolerance(AR_FLOAT32), what + " backward weight");
  compare(dbias.read(), want_dbias, tolerance(AR_FLOAT32), what + " backward bias");
}

void check_embedding(ar_dtype dtype) {
  const int64_t rows = 41, vocabulary = 7, size = 300;
  Values ids;
  for (int64_t r = 0; r < rows; r++) ids.push_back(static_cast<double>(r * r % vocabulary));
  Tensor id({rows}, AR_INT32, ids), table({vocabulary, size}, dtype, noise(vocabulary * size)), y({rows, size}, dtype), dy({rows, size}, dtype, noise(rows * size), 2);
  Tensor dtable({vocabulary, size}, AR_FLOAT32, noise(vocabulary * size));
  const Values from = table.read(), dys = dy.read();
  Values want(static_cast<size_t>(rows * size)), want_table = dtable.read();
  for (size_t r = 0; r < ids.size(); r++) {
    for (size_t d = 0; d < static_cast<size_t>(size); d++) {
      const size_t at = static_cast<size_t>(ids[r]) * static_cast<size_t>(size) + d;
      want[r * static_cast<size_t>(size) + d] = from[at];
      want_table[at] += dys[r * static_cast<size_t>(size) + d];
    }
  }
  done(ar_embedding_forward(context, id.get(), table.get(), y.get()), "embedding forward");
  compare(y.read(), want, 0, label("embedding forward", dtype));
  done(ar_embedding_backward(context, id.get(), dy.get(), dtable.get()), "embedding backward");
  compare(dtable.read(), want_table, tolerance(AR_FLOAT32), label("embedding backward", dtype));
}

void check_rms_norm(ar_dtype dtype, bool accumulate) {
  const int64_t rows = 13, size = 173;
  Tensor x({rows, size}, dtype, noise(rows * size), 3), w({size}, dtype, noise(size)), y({rows, size}, dtype), rstd({rows}, AR_FLOAT32);
  Tensor dy({rows, size}, dtype, noise(rows * size)), dx({rows, size}, dtype, noise(rows * size)), dw({size}, AR_FLOAT32, noise(size));
  const Values xs = x.read(), ws = w.read(), dys = dy.read();
  Values want_y(xs.size()), want_rstd, want_dx = dx.read(), want_dw = dw.read();
  const auto D = static_cast<size_t>(size);
  for (size_t r = 0; r < static_cast<size_t>(rows); r++) {
    double square = 0, projection = 0;
    for (size_t d = 0; d < D; d++) square += xs[r * D + d] * xs[r * D + d];
    const double scale = 1 / std::sqrt(square / static_cast<double>(size) + 1e-5);
    want_rstd.push_back(scale);
    for (size_t d = 0; d < D; d++) projection += dys[r * D + d] * ws[d] * xs[r * D + d] * scale / static_cast<double>(size);
    for (size_t d = 0; d < D; d++) {
      const double normed = xs[r * D + d] * scale;
      want_y[r * D + d] = normed * ws[d];
      want_dw[d] += dys[r * D + d] * normed;
      want_dx[r * D + d] = (accumulate ? want_dx[r * D + d] : 0) + scale * (dys[r * D + d] * ws[d] - normed * projection);
    }
  }
  done(ar_rms_norm_forward(context, x.get(), w.get(), 1e-5, y.get(), rstd.get()), "rms_norm");
  compare(y.read(), want_y, tolerance(dtype), label("rms_norm forward", dtype));
  compare(rstd.read(), want_rstd, tolerance(AR_FLOAT32), label("rms_norm rstd", dtype));
  rstd.write(want_rstd);
  done(ar_rms_norm_backward(context, x.get(), w.get(), rstd.get(), dy.get(), accumulate, dx.get(), dw.get()), "rms_norm backward");
  compare(dx.read(), want_dx, tolerance(dtype), label("rms_norm dx", dtype));
  compare(dw.read(), want_dw, tolerance(AR_FLOAT32), label("rms_norm dw", dtype));
}

void check_rotary(ar_dtype dtype) {
  const int64_t B = 2, T = 5, N = 3, H = 40, half = H / 2;
  Tensor x({B, T, N, H}, dtype, noise(B * T * N * H)), cosines({T, half}, AR_FLOAT32, noise(T * half)), sines({T, half}, AR_FLOAT32, noise(T * half));
  const Values xs = x.read(), cs = cosines.read(), ss = sines.read();
  for (const double sign : {1.0, -1.0}) {
    Values want(xs.size());
    for (int64_t row = 0; row < B * T * N; row++) {
      const int64_t token = row / N % T;
      for (int64_t h = 0; h < half; h++) {
        const auto low = static_cast<size_t>(row * H + h), high = low + static_cast<size_t>(half), angle = static_cast<size_t>(token * half + h);
        want[low] = xs[low] * cs[angle] - sign * xs[high] * ss[angle];
        want[high] = xs[high] * cs[angle] + sign * xs[low] * ss[angle];
      }
    }
    x.write(xs);
    done(ar_rotary(context, x.get(), cosines.get(), sines.get(), sign < 0, x.get()), "rotary");
    compare(x.read(), want, tolerance(dtype), label("rotary in place", dtype));
  }
}

void check_swiglu(ar_dtype dtype) {
  const int64_t rows = 9, size = 71;
  Tensor gate_up({rows, 2 * size}, dtype, noise(2 * rows * size)), y({rows, size}, dtype), again({rows, size}, dtype), dy({rows, size}, dtype, noise(rows * size));
  const Values in = gate_up.read(), dys = dy.read();
  Values want_y(static_cast<size_t>(rows * size)), want_d(in.size());
  for (size_t r = 0; r < static_cast<size_t>(rows); r++) {
    for (size_t f = 0; f < static_cast<size_t>(size); f++) {
      const size_t at = r * static_cast<size_t>(size) + f, gate_at = 2 * r * static_cast<size_t>(size) + f, up_at = gate_at + static_cast<size_t>(size);
      const double g = in[gate_at], u = in[up_at], sigmoid = 1 / (1 + std::exp(-g));
      want_y[at] = g * sigmoid * u;
      want_d[gate_at] = dys[at] * u * sigmoid * (1 + g * (1 - sigmoid));
      want_d[up_at] = dys[at] * g * sigmoid;
    }
  }
  done(ar_swiglu_forward(context, gate_up.get(), y.get()), "swiglu");
  compare(y.read(), want_y, tolerance(dtype), label("swiglu forward", dtype));
  done(ar_swiglu_backward(context, gate_up.get(), dy.get(), gate_up.get(), again.get()), "swiglu backward");
  compare(gate_up.read(), want_d, tolerance(dtype), label("swiglu backward in place", dtype));
  compare(again.read(), want_y, tolerance(dtype), label("swiglu recomputed", dtype));
}

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
    for (int64_t i = mask.block_row_offsets[q / mask.block_size]; i < mask.block_row_offsets[q / mask.block_size + 1]; i++) listed = listed || mask.block_columns[i] == k / mask.block_size;
    if (!listed) return false;
  }
  return true;
}

struct AttentionReference {
  Values out, lse, delta, dq, dk, dv;
};

AttentionReference reference(const AttentionCase& c, double scale, const Values& q, const Values& k, const Values& v, const Values& dout) {
  AttentionReference r{Values(q.size()), Values(static_cast<size_t>(c.B * c.Tq * c.N), -kInfinity), Values(static_cast<size_t>(c.B * c.Tq * c.N)), Values(q.size()), Values(k.size()), Values(k.size())};
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
  Tensor q({c.B, c.Tq, c.N, c.H}, dtype, noise(c.B * c.Tq * q_width), 8), all_k({c.B, c.Tk, c.K, c.H}, dtype, noise(c.B * c.Tk * k_width)), all_v({c.B, c.Tk, c.K, c.H}, dtype, noise(c.B * c.Tk * k_width));
  Tensor dout({c.B, c.Tq, c.N, c.H}, dtype, noise(c.B * c.Tq * q_width));
  Tensor out({c.B, c.Tq, c.N, c.H}, dtype), state({c.B, c.Tq, c.N, c.H}, AR_FLOAT32), row_max({c.B, c.Tq, c.N}, AR_FLOAT32), row_sum({c.B, c.Tq, c.N}, AR_FLOAT32), lse({c.B, c.Tq, c.N}, AR_FLOAT32);
  Tensor delta({c.B, c.Tq, c.N}, AR_FLOAT32), dq({c.B, c.Tq, c.N, c.H}, AR_FLOAT32, noise(q.count()));
  const Values ks = all_k.read(), vs = all_v.read();
  const AttentionReference want = reference(c, scale, q.read(), ks, vs, dout.read());
  const std::string what = label(c.name, dtype) + ", " + std::to_string(blocks) + " blocks";
  const double floor = c.Tk == 1 ? 1 : 1e-30;  // a single key has weight 1 whatever the score: dq and dk are differences that cancel to 0

  for (const bool backward : {false, true}) {
    for (int64_t block = 0; block < blocks; block++) {
      const int64_t begin = c.Tk * block / blocks, count = c.Tk * (block + 1) / blocks - begin;
      Tensor k({c.B, count, c.K, c.H}, dtype, tokens(ks, c.B, c.Tk, k_width, begin, count)), v({c.B, count, c.K, c.H}, dtype, tokens(vs, c.B, c.Tk, k_width, begin, count), 8);
      ar_attention_mask mask = c.mask;
      mask.k_position += begin * mask.k_step;
      if (!backward) {
        const int flags = (block == 0 ? AR_ATTENTION_FIRST : 0) | (block == blocks - 1 ? AR_ATTENTION_LAST : 0);
        const bool alone = blocks == 1;
        done(ar_attention_forward(context, q.get(), k.get(), v.get(), &mask, scale, flags, alone ? nullptr : state.get(), alone ? nullptr : row_max.get(), alone ? nullptr : row_sum.get(), out.get(),
                                  lse.get()),
             what);
        continue;
      }
      Tensor dk({c.B, count, c.K, c.H}, AR_FLOAT32, noise(k.count())), dv({c.B, count, c.K, c.H}, AR_FLOAT32, noise(k.count()));
      if (block > 0) {
        dk.write(Values(static_cast<size_t>(k.count())));
        dv.write(Values(static_cast<size_t>(k.count())));
      }
      done(ar_attention_backward(context, q.get(), k.get(), v.get(), dout.get(), lse.get(), delta.get(), &mask, scale, block > 0, dq.get(), dk.get(), dv.get()), what);
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
      {"full", 2, 33, 71, 4, 2, 40, full},          {"causal", 2, 97, 97, 4, 2, 72, causal},           {"causal one head", 1, 65, 65, 1, 1, 64, causal}, {"causal grouped", 1, 129, 129, 6, 1, 32, causal},
      {"hidden rows", 2, 70, 60, 2, 1, 40, apart},  {"striped", 1, 75, 81, 4, 4, 48, striped},         {"window", 1, 119, 119, 4, 2, 40, window},        {"window and sink", 1, 119, 119, 4, 2, 40, sink},
      {"documents", 2, 119, 119, 2, 1, 56, document}, {"documents, window, sink", 1, 119, 119, 4, 2, 40, document_sink}, {"block list", 1, 121, 113, 4, 2, 40, sparse}, {"distant", 1, 50, 50, 2, 1, 256, distant},
      {"one token", 1, 1, 1, 2, 1, 32, causal},     {"long", 1, 600, 1100, 3, 1, 40, full},
  };
  for (const AttentionCase& c : cases) {
    for (const ar_dtype dtype : {AR_FLOAT32, AR_BFLOAT16}) {
      check_attention(c, dtype, 1);
      if (c.Tk > 3) check_attention(c, dtype, 3);
    }
  }
}

void check_loss(ar_dtype dtype, bool frozen) {
  const int64_t rows = 37, size = 48, vocabulary = 131;
  Values labels;
  for (int64_t r = 0; r < rows; r++) labels.push_back(r % 5 == 2 ? -100 : static_cast<double>(r * 17 % vocabulary));
  Tensor x({rows, size}, dtype, noise(rows * size), 3), w({vocabulary, size}, dtype, noise(vocabulary * size, .3)), label_ids({rows}, AR_INT32, labels), dx({rows, size}, dtype), row_loss({rows}, AR_FLOAT32);
  Tensor dw({vocabulary, size}, AR_FLOAT32, noise(vocabulary * size));
  const Values xs = x.read(), ws = w.read();
  Values want_dx(xs.size()), want_dw = dw.read(), want_rows;
  const auto D = static_cast<size_t>(size), V = static_cast<size_t>(vocabulary);
  double want_sum = 0;
  int64_t want_count = 0;
  for (size_t r = 0; r < labels.size(); r++) {
    want_rows.push_back(0);
    if (labels[r] < 0) continue;
    Values logits(V);
    double largest = -kInfinity, sum = 0;
    for (size_t o = 0; o < V; o++) {
      for (size_t d = 0; d < D; d++) logits[o] += xs[r * D + d] * ws[o * D + d];
      largest = std::max(largest, logits[o]);
    }
    for (double logit : logits) sum += std::exp(logit - largest);
    want_rows[r] = largest + std::log(sum) - logits[static_cast<size_t>(labels[r])];
    want_sum += want_rows[r];
    want_count++;
    for (size_t o = 0; o < V; o++) {
      const double d_logit = .25 * (std::exp(logits[o] - largest) / sum - (static_cast<double>(o) == labels[r] ? 1 : 0));
      for (size_t d = 0; d < D; d++) {
        want_dx[r * D + d] += d_logit * ws[o * D + d];
        if (!frozen) want_dw[o * D + d] += d_logit * xs[r * D + d];
      }
    }
  }
  double sum = 0;
  int64_t count = 0;
  done(ar_lm_head_cross_entropy(context, x.get(), w.get(), label_ids.get(), .25, dx.get(), frozen ? nullptr : dw.get(), row_loss.get(), &sum, &count), "loss");
  compare({sum}, {want_sum}, 2e-6, label("loss sum", dtype));
  compare({static_cast<double>(count)}, {static_cast<double>(want_count)}, 0, "label count");
  compare(row_loss.read(), want_rows, 4e-6, label("row loss", dtype));
  compare(dx.read(), want_dx, tolerance(dtype), label("loss dx", dtype));
  // On a GPU the gradient of the logits is rounded to bf16 before the product.
  compare(dw.read(), want_dw, tolerance(dtype), label("loss dw", dtype));
  labels[3] = static_cast<double>(vocabulary);
  label_ids.write(labels);
  expect(ar_lm_head_cross_entropy(context, x.get(), w.get(), label_ids.get(), .25, nullptr, nullptr, nullptr, &sum, &count), AR_INVALID_ARGUMENT, "wrong label");
}

void check_adamw() {
  const int64_t count = 1031;
  Tensor g({count}, AR_FLOAT32, noise(count)), w({count}, AR_FLOAT32, noise(count)), m({count}, AR_FLOAT32), v({count}, AR_FLOAT32), compute({count}, AR_BFLOAT16);
  const Values gs = g.read();
  Values ws = w.read(), ms(gs.size()), vs(gs.size());
  for (int step = 1; step <= 3; step++) {
    ar_adamw_options options{1e-2, .9, .95, 1e-8, .1, .5, step};
    done(ar_adamw(context, &options, g.get(), w.get(), m.get(), v.get(), compute.get()), "adamw");
    for (size_t i = 0; i < gs.size(); i++) {
      ms[i] = .9 * ms[i] + .1 * .5 * gs[i];
      vs[i] = .95 * vs[i] + .05 * .25 * gs[i] * gs[i];
      ws[i] -= 1e-2 * (ms[i] / (1 - std::pow(.9, step)) / (std::sqrt(vs[i] / (1 - std::pow(.95, step))) + 1e-8) + .1 * ws[i]);
    }
  }
  compare(w.read(), ws, 1e-6, "adamw w");
  compare(m.read(), ms, 1e-6, "adamw m");
  compare(v.read(), vs, 1e-6, "adamw v");
  compare(compute.read(), ws, 1e-2, "adamw bf16 w");
}

void check_repeatable(const ar_context_options& options) {
  const int64_t count = 100003;
  Tensor x({count}, AR_FLOAT32, noise(count));
  double one = 0, two = 0, many = 0;
  done(ar_square_sum(context, x.get(), &one), "square_sum");
  done(ar_square_sum(context, x.get(), &two), "square_sum");
  ar_context_options other = options;
  other.thread_count = options.thread_count + 2;
  ar_context* wide = nullptr;
  done(ar_context_create(&other, &wide), "second context");
  done(ar_square_sum(wide, x.get(), &many), "square_sum");
  done(ar_context_free(wide), "free");
  verdict(one == two && one == many, "square_sum", "depends on the thread count");
}

void check_refusals(const ar_context_options& options) {
  ar_context* none = nullptr;
  ar_context_options wrong = options;
  wrong.isa = AR_ISA_AVX2;
  expect(ar_context_create(&wrong, &none), AR_UNSUPPORTED, "isa");
  wrong = options;
  wrong.device = AR_DEVICE_CUDA;
  wrong.device_index = 99;
  expect(ar_context_create(&wrong, &none), AR_UNSUPPORTED, "GPU 99");
  ar_buffer* buffer = nullptr;
  expect(ar_buffer_create(context, int64_t{1} << 60, &buffer), AR_OUT_OF_MEMORY, "buffer of 2^60 bytes");
}

}  // namespace

int main(int argc, char** argv) {
  ar_context_options options{};
  options.device = argc > 1 && std::strcmp(argv[1], "cuda") == 0 ? AR_DEVICE_CUDA : AR_DEVICE_CPU;
  options.thread_count = 2;
  const ar_status created = ar_context_create(&options, &context);
  if (created != AR_OK) {
    std::printf("no context: %s\n", ar_last_error());
    return 1;
  }
  for (const ar_dtype dtype : {AR_FLOAT32, AR_BFLOAT16}) {
    check_elementwise(dtype);
    for (const bool accumulate : {false, true}) {
      check_linear(1, 40, 17, dtype, dtype, accumulate);
      check_linear(131, 77, 50, dtype, dtype, accumulate);
      check_linear(50, 33, 290, dtype, AR_FLOAT32, accumulate);
      check_linear(700, 24, 9, dtype, AR_FLOAT32, accumulate);
      check_rms_norm(dtype, accumulate);
      check_loss(dtype, accumulate);
    }
    check_embedding(dtype);
    check_rotary(dtype);
    check_swiglu(dtype);
  }
  check_attentions();
  check_adamw();
  check_repeatable(options);
  check_refusals(options);
  ar_context_info info;
  done(ar_context_query(context, &info), "query");
  std::printf("%s: %d passed, %d failed\n", info.name, passed, failed);
  done(ar_context_free(context), "free");
  return failed == 0 ? 0 : 1;
}
