// Every operation of the C ABI against plain float64 loops, at awkward shapes. `torch_check` runs on the CPU, `torch_check cuda` on GPU 0.
// Prints one line per comparison that fails and a count at the end; exit code 1 if any failed. On a busy machine set OMP_WAIT_POLICY=passive: spinning workers
// make it several times slower.
#include "check.h"

using namespace check;

// torch_check_attention.cpp
void check_attentions();
void check_same_bits(ar_dtype dtype);

namespace {

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
  Tensor dx({rows, inputs}, result, noise(rows * inputs)), dw({outputs, inputs}, AR_FLOAT32, noise(outputs * inputs)),
      dbias({outputs}, AR_FLOAT32, noise(outputs));
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
  const std::string what =
      label("linear", dtype) + (result == AR_BFLOAT16 ? " to bf16" : " to float32") + (accumulate ? ", accumulated, " : ", ") + std::to_string(rows);
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
  Tensor id({rows}, AR_INT32, ids), table({vocabulary, size}, dtype, noise(vocabulary * size)), y({rows, size}, dtype),
      dy({rows, size}, dtype, noise(rows * size), 2);
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
  Tensor gate_up({rows, 2 * size}, dtype, noise(2 * rows * size)), y({rows, size}, dtype), again({rows, size}, dtype),
      dy({rows, size}, dtype, noise(rows * size));
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

void check_loss(ar_dtype dtype, bool frozen) {
  const int64_t rows = 37, size = 48, vocabulary = 131;
  Values labels;
  for (int64_t r = 0; r < rows; r++) labels.push_back(r % 5 == 2 ? -100 : static_cast<double>(r * 17 % vocabulary));
  Tensor x({rows, size}, dtype, noise(rows * size), 3), w({vocabulary, size}, dtype, noise(vocabulary * size, .3)), label_ids({rows}, AR_INT32, labels),
      dx({rows, size}, dtype), row_loss({rows}, AR_FLOAT32);
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
  expect(ar_lm_head_cross_entropy(context, x.get(), w.get(), label_ids.get(), .25, nullptr, nullptr, nullptr, &sum, &count), AR_INVALID_ARGUMENT,
         "wrong label");
}

void check_adamw() {
  const int64_t count = 1031;
  Tensor g({count}, AR_FLOAT32, noise(count)), w({count}, AR_FLOAT32, noise(count)), m({count}, AR_FLOAT32), v({count}, AR_FLOAT32),
      compute({count}, AR_BFLOAT16);
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
    check_same_bits(dtype);
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
