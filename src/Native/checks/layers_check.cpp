// Compares every layer kernel with plain float64 loops, on every instruction set of this machine, and times the products.
//
//   layers_check check                 exit code 0 if everything agrees
//   layers_check bench [threads] [ms]  fraction of the multiply-add peak, which is measured in turns with each product; CPU time on one thread, wall time on more
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actorring.h"

namespace {

int failures = 0;
int comparisons = 0;

void must(ar_status status, const char* what) {
  if (status == AR_OK) return;
  std::fprintf(stderr, "%s: status %d: %s\n", what, status, ar_last_error());
  std::exit(1);
}
#define MUST(call) must(call, #call)

float from_bf16(uint16_t x) {
  const uint32_t bits = static_cast<uint32_t>(x) << 16;
  float result;
  std::memcpy(&result, &bits, 4);
  return result;
}
uint16_t to_bf16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  if (std::isnan(x)) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

class Random {
 public:
  explicit Random(uint64_t start) : state_(start * 2654435761u + 88172645463325252u) {}
  uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    return state_ ^= state_ << 17;
  }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53 * 2 - 1; }

 private:
  uint64_t state_;
};

struct Context {
  ar_context* handle = nullptr;
  // `pinned`: the threads run on processors 0, 1, ..., the calling one included.
  Context(int isa, int threads, bool pinned = false) {
    std::vector<int32_t> cpus;
    for (int thread = 0; thread < threads; thread++) cpus.push_back(thread);
    if (pinned) {
      cpu_set_t own;
      CPU_ZERO(&own);
      CPU_SET(0, &own);
      sched_setaffinity(0, sizeof own, &own);
    }
    ar_context_options options{AR_DEVICE_CPU, 0, threads, isa, pinned ? cpus.data() : nullptr};
    supported = ar_context_create(&options, &handle) == AR_OK;
  }
  ~Context() { ar_context_free(handle); }
  bool supported;
};

// A tensor in a buffer of its own with `padding` elements between rows, surrounded by guards that nothing may touch.
class Tensor {
 public:
  Tensor(Context& context, ar_dtype dtype, std::vector<int64_t> shape, int64_t padding = 0) : dtype_(dtype), shape_(shape) {
    view.dtype = dtype;
    view.rank = static_cast<int32_t>(shape.size());
    int64_t stride = 1;
    for (int dim = view.rank - 1; dim >= 0; dim--) {
      view.shape[dim] = shape[static_cast<size_t>(dim)];
      view.stride[dim] = stride;
      stride = stride * view.shape[dim] + (dim == view.rank - 1 && view.rank > 1 ? padding : 0);
    }
    elements_ = stride;
    size_ = dtype == AR_BFLOAT16 ? 2 : 4;
    MUST(ar_buffer_create(context.handle, (elements_ + 2 * kGuard) * size_, &buffer_));
    MUST(ar_buffer_host_address(buffer_, &address_));
    view.buffer = buffer_;
    view.offset_bytes = kGuard * size_;
    std::memset(address_, 0x5a, static_cast<size_t>((elements_ + 2 * kGuard) * size_));
  }
  ~Tensor() { ar_buffer_free(buffer_); }
  Tensor(const Tensor&) = delete;

  int64_t count() const {
    int64_t product = 1;
    for (int64_t size : shape_) product *= size;
    return product;
  }
  int64_t where(int64_t index) const {
    int64_t offset = 0;
    for (int dim = view.rank - 1; dim >= 0; dim--) {
      offset += index % view.shape[dim] * view.stride[dim];
      index /= view.shape[dim];
    }
    return offset;
  }
  double get(int64_t index) const {
    const char* p = data() + where(index) * size_;
    if (dtype_ == AR_BFLOAT16) {
      uint16_t x;
      std::memcpy(&x, p, 2);
      return from_bf16(x);
    }
    if (dtype_ == AR_INT32) {
      int32_t x;
      std::memcpy(&x, p, 4);
      return x;
    }
    float x;
    std::memcpy(&x, p, 4);
    return x;
  }
  void set(int64_t index, double value) {
    char* p = data() + where(index) * size_;
    if (dtype_ == AR_BFLOAT16) {
      const uint16_t x = to_bf16(static_cast<float>(value));
      std::memcpy(p, &x, 2);
    } else if (dtype_ == AR_INT32) {
      const int32_t x = static_cast<int32_t>(value);
      std::memcpy(p, &x, 4);
    } else {
      const float x = static_cast<float>(value);
      std::memcpy(p, &x, 4);
    }
  }
  Tensor& random(uint64_t start, double scale = 1) {
    Random random(start);
    for (int64_t i = 0; i < count(); i++) set(i, random.uniform() * scale);
    return *this;
  }
  Tensor& constant(double value) {
    for (int64_t i = 0; i < count(); i++) set(i, value);
    return *this;
  }
  std::vector<double> values() const {
    std::vector<double> result(static_cast<size_t>(count()));
    for (int64_t i = 0; i < count(); i++) result[static_cast<size_t>(i)] = get(i);
    return result;
  }
  // What lies between rows and around them is as it was.
  bool guards_hold() const {
    std::vector<char> bytes(static_cast<const char*>(address_), static_cast<const char*>(address_) + (elements_ + 2 * kGuard) * size_);
    for (int64_t i = 0; i < count(); i++) std::memset(bytes.data() + (kGuard + where(i)) * size_, 0x5a, static_cast<size_t>(size_));
    return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0x5a; });
  }
  bool same_bits(const Tensor& other) const {
    for (int64_t i = 0; i < count(); i++) {
      if (std::memcmp(data() + where(i) * size_, other.data() + other.where(i) * size_, static_cast<size_t>(size_)) != 0) return false;
    }
    return true;
  }
  ar_dtype dtype() const { return dtype_; }
  operator const ar_tensor*() const { return &view; }

  ar_tensor view{};

 private:
  static constexpr int64_t kGuard = 64;
  char* data() const { return static_cast<char*>(address_) + view.offset_bytes; }
  ar_dtype dtype_;
  std::vector<int64_t> shape_;
  int64_t elements_, size_;
  ar_buffer* buffer_ = nullptr;
  void* address_ = nullptr;
};

std::string text(const char* format, ...) __attribute__((format(printf, 1, 2)));
std::string text(const char* format, ...) {
  char buffer[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  return buffer;
}

// |result - expected| <= tolerance * largest expected (at least 0.1: terms of size 1 may cancel) + half a unit in the last place of a bf16 result.
bool agrees(const std::string& name, const Tensor& result, const std::vector<double>& expected, double tolerance) {
  comparisons++;
  double largest = 0.1, worst = 0;
  int64_t at = 0;
  for (double x : expected) largest = std::max(largest, std::abs(x));
  for (int64_t i = 0; i < result.count(); i++) {
    const double reference = expected[static_cast<size_t>(i)];
    double error = std::abs(result.get(i) - reference);
    if (result.dtype() == AR_BFLOAT16) error = std::max(0.0, error - std::abs(reference) * 0x1.02p-8);
    if (!(error <= worst)) worst = error, at = i;
  }
  const bool guarded = result.guards_hold();
  if (worst <= tolerance * largest && guarded) return true;
  failures++;
  std::printf("FAILED %s: element %lld is %.9g, expected %.9g (error %.2g of the largest, allowed %.2g)%s\n", name.c_str(), static_cast<long long>(at), result.get(at),
              expected[static_cast<size_t>(at)], worst / largest, tolerance, guarded ? "" : "; wrote outside its rows");
  return false;
}

void holds(const std::string& name, bool condition) {
  comparisons++;
  if (condition) return;
  failures++;
  std::printf("FAILED %s\n", name.c_str());
}

const char* type_name(ar_dtype dtype) { return dtype == AR_BFLOAT16 ? "bf16" : "f32"; }
double product_tolerance(ar_dtype) { return 3e-6; }

// ---- products ----------------------------------------------------------------------------------------------------------------------------

void check_linear(Context& context, Context& other, const std::string& isa) {
  struct Shape {
    int64_t rows, in, out;
  };
  const Shape shapes[] = {{1, 1, 1}, {1, 37, 65}, {3, 129, 70}, {4, 512, 33}, {5, 1, 1}, {6, 64, 64}, {7, 3, 129}, {13, 257, 66}, {96, 512, 128}, {101, 515, 130}, {193, 700, 77}, {400, 31, 300}, {24, 1025, 2113}};
  for (const Shape& s : shapes) {
    for (ar_dtype type : {AR_FLOAT32, AR_BFLOAT16}) {
      for (ar_dtype result : {AR_FLOAT32, AR_BFLOAT16}) {
        if (type == AR_FLOAT32 && result == AR_BFLOAT16) continue;
        for (int variant = 0; variant < 2; variant++) {
          const bool accumulate = variant == 1, with_bias = variant == 1;
          const int64_t padding = variant == 1 ? 3 : 0;
          const std::string name = text("%s linear %s->%s R %lld I %lld O %lld%s ", isa.c_str(), type_name(type), type_name(result), static_cast<long long>(s.rows), static_cast<long long>(s.in),
                                        static_cast<long long>(s.out), variant == 1 ? " bias accumulate padded" : "");
          Tensor x(context, type, {s.rows, s.in}, padding), w(context, type, {s.out, s.in}, padding), bias(context, type, {s.out});
          x.random(1), w.random(2), bias.random(3);
          const auto xs = x.values(), ws = w.values(), bs = bias.values();

          const auto expect = [&](const Tensor& before, int64_t m, int64_t n, int64_t k, const std::function<double(int64_t, int64_t, int64_t)>& term, bool add_bias) {
            std::vector<double> expected(static_cast<size_t>(m * n));
            for (int64_t i = 0; i < m; i++) {
              for (int64_t j = 0; j < n; j++) {
                double sum = accumulate ? before.get(i * n + j) : 0;
                if (add_bias) sum += bs[static_cast<size_t>(j)];
                for (int64_t p = 0; p < k; p++) sum += term(i, j, p);
                expected[static_cast<size_t>(i * n + j)] = sum;
              }
            }
            return expected;
          };
          const auto at = [](const std::vector<double>& v, int64_t i) { return v[static_cast<size_t>(i)]; };

          Tensor y(context, result, {s.rows, s.out}, padding), y2(context, result, {s.rows, s.out}, padding);
          y.random(4), y2.random(4);
          const auto y_expected = expect(y, s.rows, s.out, s.in, [&](int64_t i, int64_t j, int64_t p) { return at(xs, i * s.in + p) * at(ws, j * s.in + p); }, with_bias);
          MUST(ar_linear_forward(context.handle, x, w, with_bias ? static_cast<const ar_tensor*>(bias) : nullptr, accumulate, y));
          MUST(ar_linear_forward(other.handle, x, w, with_bias ? static_cast<const ar_tensor*>(bias) : nullptr, accumulate, y2));
          agrees(name + "forward", y, y_expected, product_tolerance(type));
          holds(name + "forward: same bits on 3 threads", y.same_bits(y2));

          Tensor dy(context, type, {s.rows, s.out}, padding);
          dy.random(5);
          const auto ds = dy.values();
          Tensor dx(context, result, {s.rows, s.in}, padding), dx2(context, result, {s.rows, s.in}, padding);
          dx.random(6), dx2.random(6);
          const auto dx_expected = expect(dx, s.rows, s.in, s.out, [&](int64_t i, int64_t j, int64_t p) { return at(ds, i * s.out + p) * at(ws, p * s.in + j); }, false);
          MUST(ar_linear_backward_input(context.handle, dy, w, accumulate, dx));
          MUST(ar_linear_backward_input(other.handle, dy, w, accumulate, dx2));
          agrees(name + "backward_input", dx, dx_expected, product_tolerance(type));
          holds(name + "backward_input: same bits on 3 threads", dx.same_bits(dx2));

          if (result == AR_BFLOAT16) continue;
          Tensor dw(context, AR_FLOAT32, {s.out, s.in}, padding), dw2(context, AR_FLOAT32, {s.out, s.in}, padding), dbias(context, AR_FLOAT32, {s.out});
          dw.random(7), dw2.random(7), dbias.random(8);
          const auto dw_expected = expect(dw, s.out, s.in, s.rows, [&](int64_t i, int64_t j, int64_t p) { return at(ds, p * s.out + i) * at(xs, p * s.in + j); }, false);
          std::vector<double> dbias_expected(static_cast<size_t>(s.out));
          for (int64_t j = 0; j < s.out; j++) {
            double sum = accumulate ? dbias.get(j) : 0;
            for (int64_t r = 0; r < s.rows; r++) sum += at(ds, r * s.out + j);
            dbias_expected[static_cast<size_t>(j)] = sum;
          }
          MUST(ar_linear_backward_weight(context.handle, dy, x, accumulate, dw, dbias));
          MUST(ar_linear_backward_weight(other.handle, dy, x, accumulate, dw2, nullptr));
          agrees(name + "backward_weight", dw, dw_expected, product_tolerance(type));
          agrees(name + "dbias", dbias, dbias_expected, product_tolerance(type));
          holds(name + "backward_weight: same bits on 3 threads", dw.same_bits(dw2));
        }
      }
    }
  }
}

// ---- norm, rotary, swiglu, embedding -------------------------------------------------------------------------------------------------------

void check_norm(Context& context, Context& other, const std::string& isa) {
  for (const auto& [rows, width] : {std::pair<int64_t, int64_t>{1, 1}, {3, 7}, {130, 64}, {65, 515}, {17, 1024}}) {
    for (ar_dtype type : {AR_FLOAT32, AR_BFLOAT16}) {
      for (int accumulate = 0; accumulate < 2; accumulate++) {
        const std::string name = text("%s rms_norm %s %lldx%lld accumulate %d ", isa.c_str(), type_name(type), static_cast<long long>(rows), static_cast<long long>(width), accumulate);
        Tensor x(context, type, {rows, width}, 5), w(context, type, {width}), y(context, type, {rows, width}, 1), rstd(context, AR_FLOAT32, {rows}), dy(context, type, {rows, width}, 2);
        Tensor dx(context, type, {rows, width}), dw(context, AR_FLOAT32, {width}), dx2(context, type, {rows, width}), dw2(context, AR_FLOAT32, {width});
        x.random(11, 2), w.random(12), dy.random(13), dx.random(14), dw.random(15), dx2.random(14), dw2.random(15);
        const double epsilon = 1e-5;
        MUST(ar_rms_norm_forward(context.handle, x, w, epsilon, y, rstd));
        const size_t n = static_cast<size_t>(rows * width);
        std::vector<double> y_expected(n), r_expected, dx_expected(n), dw_expected = dw.values();
        for (int64_t i = 0; i < rows; i++) {
          double squares = 0, pull = 0;
          for (int64_t d = 0; d < width; d++) squares += x.get(i * width + d) * x.get(i * width + d);
          const double r = 1 / std::sqrt(squares / static_cast<double>(width) + epsilon);
          r_expected.push_back(r);
          for (int64_t d = 0; d < width; d++) pull += x.get(i * width + d) * w.get(d) * dy.get(i * width + d);
          for (int64_t d = 0; d < width; d++) {
            const int64_t at = i * width + d;
            y_expected[static_cast<size_t>(at)] = x.get(at) * r * w.get(d);
            dx_expected[static_cast<size_t>(at)] = (accumulate ? dx.get(at) : 0) + r * dy.get(at) * w.get(d) - x.get(at) * r * r * r * pull / static_cast<double>(width);
            dw_expected[static_cast<size_t>(d)] += dy.get(at) * x.get(at) * r;
          }
        }
        MUST(ar_rms_norm_backward(context.handle, x, w, rstd, dy, accumulate, dx, dw));
        MUST(ar_rms_norm_backward(other.handle, x, w, rstd, dy, accumulate, dx2, dw2));
        agrees(name + "forward", y, y_expected, 1e-6);
        agrees(name + "rstd", rstd, r_expected, 1e-6);
        agrees(name + "dx", dx, dx_expected, 2e-6);
        agrees(name + "dw", dw, dw_expected, 2e-6);
        holds(name + "same bits on 3 threads", dx.same_bits(dx2) && dw.same_bits(dw2));
      }
    }
  }
}

void check_rotary(Context& context, Context&, const std::string& isa) {
  for (const auto& [batch, tokens, heads, size] : {std::array<int64_t, 4>{1, 1, 1, 2}, {2, 19, 3, 64}, {1, 33, 2, 40}, {2, 5, 4, 10}}) {
    for (ar_dtype from : {AR_FLOAT32, AR_BFLOAT16}) {
      for (ar_dtype to : {AR_FLOAT32, AR_BFLOAT16}) {
        for (int inverse = 0; inverse < 2; inverse++) {
          const std::string name = text("%s rotary %s->%s %lldx%lldx%lldx%lld inverse %d", isa.c_str(), type_name(from), type_name(to), static_cast<long long>(batch), static_cast<long long>(tokens),
                                        static_cast<long long>(heads), static_cast<long long>(size), inverse);
          const int64_t half = size / 2;
          Tensor x(context, from, {batch, tokens, heads, size}, 6), y(context, to, {batch, tokens, heads, size}, 2), c(context, AR_FLOAT32, {tokens, half}), s(context, AR_FLOAT32, {tokens, half});
          x.random(21);
          for (int64_t i = 0; i < tokens * half; i++) c.set(i, std::cos(0.37 * static_cast<double>(i))), s.set(i, std::sin(0.37 * static_cast<double>(i)));
          std::vector<double> expected(static_cast<size_t>(x.count()));
          for (int64_t row = 0; row < batch * tokens * heads; row++) {
            const int64_t token = row / heads % tokens;
            for (int64_t h = 0; h < half; h++) {
              const double low = x.get(row * size + h), high = x.get(row * size + half + h), cosine = c.get(token * half + h), sine = (inverse ? -1 : 1) * s.get(token * half + h);
              expected[static_cast<size_t>(row * size + h)] = low * cosine - high * sine;
              expected[static_cast<size_t>(row * size + half + h)] = high * cosine + low * sine;
            }
          }
          MUST(ar_rotary(context.handle, x, c, s, inverse, y));
          agrees(name, y, expected, 1e-6);
          if (from == to) {
            MUST(ar_rotary(context.handle, x, c, s, inverse, x));
            agrees(name + " in place", x, expected, 1e-6);
          }
        }
      }
    }
  }
}

void check_swiglu(Context& context, Context&, const std::string& isa) {
  for (const auto& [rows, width] : {std::pair<int64_t, int64_t>{1, 1}, {9, 17}, {20, 100}, {3, 512}}) {
    for (ar_dtype type : {AR_FLOAT32, AR_BFLOAT16}) {
      const std::string name = text("%s swiglu %s %lldx%lld ", isa.c_str(), type_name(type), static_cast<long long>(rows), static_cast<long long>(width));
      Tensor gate_up(context, type, {rows, 2 * width}, 4), y(context, type, {rows, width}, 3), again(context, type, {rows, width}), dy(context, type, {rows, width}, 1), d(context, type, {rows, 2 * width});
      gate_up.random(31, 12), dy.random(32);
      std::vector<double> y_expected(static_cast<size_t>(rows * width)), d_expected(static_cast<size_t>(2 * rows * width));
      for (int64_t i = 0; i < rows; i++) {
        for (int64_t f = 0; f < width; f++) {
          const double gate = gate_up.get(i * 2 * width + f), up = gate_up.get(i * 2 * width + width + f), g = dy.get(i * width + f), s = 1 / (1 + std::exp(-gate));
          y_expected[static_cast<size_t>(i * width + f)] = gate * s * up;
          d_expected[static_cast<size_t>(i * 2 * width + f)] = g * up * s * (1 + gate * (1 - s));
          d_expected[static_cast<size_t>(i * 2 * width + width + f)] = g * gate * s;
        }
      }
      MUST(ar_swiglu_forward(context.handle, gate_up, y));
      agrees(name + "forward", y, y_expected, 1e-6);
      MUST(ar_swiglu_backward(context.handle, gate_up, dy, d, nullptr));
      agrees(name + "backward", d, d_expected, 1e-6);
      MUST(ar_swiglu_backward(context.handle, gate_up, dy, gate_up, again));
      agrees(name + "backward in place", gate_up, d_expected, 1e-6);
      agrees(name + "recomputed", again, y_expected, 1e-6);
    }
  }
  // Element by element: silu(x) / x has the relative error of the exponential and three roundings.
  Tensor gate_up(context, AR_FLOAT32, {1, 8192}), y(context, AR_FLOAT32, {1, 4096});
  for (int64_t i = 0; i < 4096; i++) gate_up.set(i, -80 + 160.0 * static_cast<double>(i) / 4096 + 1e-3), gate_up.set(4096 + i, 1);
  MUST(ar_swiglu_forward(context.handle, gate_up, y));
  double worst = 0;
  for (int64_t i = 0; i < 4096; i++) {
    const double x = gate_up.get(i), expected = x / (1 + std::exp(-x));
    worst = std::max(worst, std::abs(y.get(i) - expected) / std::abs(expected));
  }
  holds(isa + text(" sigmoid: relative error %.2g", worst), worst < 5e-7);
  for (double value : {1e4, -1e4, 3e38, -3e38}) {
    gate_up.set(0, value);
    MUST(ar_swiglu_forward(context.handle, gate_up, y));
    holds(isa + text(" silu(%g) is %g", value, y.get(0)), value > 0 ? y.get(0) == gate_up.get(0) : std::abs(y.get(0)) < 1);
  }
  gate_up.set(0, -INFINITY);
  MUST(ar_swiglu_forward(context.handle, gate_up, y));
  holds(isa + " silu(-infinity) surfaces", std::isnan(y.get(0)));
  gate_up.set(0, NAN);
  MUST(ar_swiglu_forward(context.handle, gate_up, y));
  holds(isa + " silu(NaN) is NaN", std::isnan(y.get(0)));
}

void check_embedding(Context& context, Context& other, const std::string& isa) {
  for (const auto& [rows, width] : {std::pair<int64_t, int64_t>{1, 1}, {300, 33}, {77, 200}}) {
    for (ar_dtype type : {AR_FLOAT32, AR_BFLOAT16}) {
      const std::string name = text("%s embedding %s %lldx%lld ", isa.c_str(), type_name(type), static_cast<long long>(rows), static_cast<long long>(width));
      const int64_t vocabulary = 9;
      Tensor ids(context, AR_INT32, {rows}), table(context, type, {vocabulary, width}, 2), y(context, type, {rows, width}, 1), dy(context, type, {rows, width}, 3);
      Tensor d(context, AR_FLOAT32, {vocabulary, width}, 1), d2(context, AR_FLOAT32, {vocabulary, width}, 1);
      Random random(41);
      for (int64_t i = 0; i < rows; i++) ids.set(i, static_cast<double>(random.next() % vocabulary));
      table.random(42), dy.random(43), d.random(44), d2.random(44);
      std::vector<double> y_expected, d_expected = d.values();
      for (int64_t i = 0; i < rows; i++) {
        for (int64_t c = 0; c < width; c++) {
          const int64_t id = static_cast<int64_t>(ids.get(i));
          y_expected.push_back(table.get(id * width + c));
          // The order is part of the contract, so the sum is formed in float32, in that order.
          double& sum = d_expected[static_cast<size_t>(id * width + c)];
          sum = static_cast<float>(sum) + static_cast<float>(dy.get(i * width + c));
        }
      }
      MUST(ar_embedding_forward(context.handle, ids, table, y));
      agrees(name + "forward", y, y_expected, 0);
      MUST(ar_embedding_backward(context.handle, ids, dy, d));
      MUST(ar_embedding_backward(other.handle, ids, dy, d2));
      agrees(name + "backward", d, d_expected, 0);
      holds(name + "same bits on 3 threads", d.same_bits(d2));
    }
  }
}

// ---- element-wise --------------------------------------------------------------------------------------------------------------------------

void check_elementwise(Context& context, Context& other, const std::string& isa) {
  const std::vector<std::vector<int64_t>> shapes = {{1}, {7}, {100003}, {3, 5}, {200, 300}, {2, 3, 5, 33}, {1, 40, 1, 64}};
  for (const auto& shape : shapes) {
    for (ar_dtype from : {AR_FLOAT32, AR_BFLOAT16}) {
      for (ar_dtype to : {AR_FLOAT32, AR_BFLOAT16}) {
        for (int64_t padding : {0, 3}) {
          Tensor x(context, from, shape, padding), y(context, to, shape, padding == 0 ? 0 : 5);
          const std::string name = text("%s %s->%s rank %zu, %lld elements, padding %lld: ", isa.c_str(), type_name(from), type_name(to), shape.size(), static_cast<long long>(x.count()), static_cast<long long>(padding));
          x.random(51), y.random(52);
          std::vector<double> sum = y.values();
          const auto xs = x.values();
          for (size_t i = 0; i < sum.size(); i++) sum[i] += -0.75 * xs[i];
          MUST(ar_add(context.handle, -0.75, x, y));
          agrees(name + "add", y, sum, 1e-7);
          MUST(ar_copy(context.handle, x, y));
          std::vector<double> copied = xs;
          if (to == AR_BFLOAT16) {
            for (double& value : copied) value = from_bf16(to_bf16(static_cast<float>(value)));
          }
          bool equal = y.guards_hold();
          for (int64_t i = 0; i < y.count(); i++) equal = equal && y.get(i) == copied[static_cast<size_t>(i)];
          holds(name + "copy", equal);
          double squares = 0, result = 0, again = 0;
          for (double value : xs) squares += value * value;
          MUST(ar_square_sum(context.handle, x, &result));
          MUST(ar_square_sum(other.handle, x, &again));
          holds(name + text("square_sum %.17g, expected %.17g", result, squares), std::abs(result - squares) <= 1e-12 * squares && result == again);
          MUST(ar_fill(context.handle, 0.375, y));
          agrees(name + "fill", y, std::vector<double>(static_cast<size_t>(y.count()), 0.375), 0);
        }
      }
    }
  }
  Tensor wide(context, AR_FLOAT32, {1000});
  wide.constant(1e25);
  double sum = 0;
  MUST(ar_square_sum(context.handle, wide, &sum));
  holds(isa + text(" square_sum of large values is %g", sum), std::abs(sum / 1e53 - 1) < 1e-6);
  for (double value : {static_cast<double>(INFINITY), static_cast<double>(NAN)}) {
    for (int64_t at : {0, 500, 999}) {
      wide.constant(1).set(at, value);
      MUST(ar_square_sum(context.handle, wide, &sum));
      holds(isa + " square_sum surfaces non-finite input", !std::isfinite(sum));
    }
  }
  Tensor odd(context, AR_FLOAT32, {6}), rounded(context, AR_BFLOAT16, {6});
  const float specials[] = {NAN, INFINITY, -INFINITY, 3.4e38f, 1e-40f, -0.0f};
  for (int i = 0; i < 6; i++) odd.set(i, specials[i]);
  MUST(ar_copy(context.handle, odd, rounded));
  holds(isa + " copy keeps NaN and infinities", std::isnan(rounded.get(0)) && rounded.get(1) == INFINITY && rounded.get(2) == -INFINITY && rounded.get(3) == INFINITY && std::signbit(rounded.get(5)));
}

void check_adamw(Context& context, Context& other, const std::string& isa) {
  for (int64_t count : {1, 17, 40001}) {
    Tensor g(context, AR_FLOAT32, {count}), w(context, AR_FLOAT32, {count}), m(context, AR_FLOAT32, {count}), v(context, AR_FLOAT32, {count}), rounded(context, AR_BFLOAT16, {count});
    Tensor w2(context, AR_FLOAT32, {count}), m2(context, AR_FLOAT32, {count}), v2(context, AR_FLOAT32, {count});
    g.random(61), w.random(62), m.constant(0), v.constant(0), w2.random(62), m2.constant(0), v2.constant(0);
    std::vector<double> ws = w.values(), ms(static_cast<size_t>(count)), vs(static_cast<size_t>(count));
    const auto gs = g.values();
    for (int64_t step = 1; step <= 3; step++) {
      const ar_adamw_options options{3e-2, 0.9, 0.95, 1e-8, 0.1, 0.5, step};
      MUST(ar_adamw(context.handle, &options, g, w, m, v, rounded));
      MUST(ar_adamw(other.handle, &options, g, w2, m2, v2, nullptr));
      for (size_t i = 0; i < ws.size(); i++) {
        const double gradient = gs[i] * options.gradient_scale;
        ms[i] = options.beta1 * ms[i] + (1 - options.beta1) * gradient;
        vs[i] = options.beta2 * vs[i] + (1 - options.beta2) * gradient * gradient;
        const double first = ms[i] / (1 - std::pow(options.beta1, static_cast<double>(step))), second = vs[i] / (1 - std::pow(options.beta2, static_cast<double>(step)));
        ws[i] -= options.learning_rate * (first / (std::sqrt(second) + options.epsilon) + options.weight_decay * ws[i]);
      }
    }
    const std::string name = text("%s adamw %lld ", isa.c_str(), static_cast<long long>(count));
    agrees(name + "w", w, ws, 1e-6);
    agrees(name + "m", m, ms, 1e-6);
    agrees(name + "v", v, vs, 1e-6);
    agrees(name + "w_compute", rounded, ws, 1e-6);
    holds(name + "same bits on 3 threads", w.same_bits(w2) && m.same_bits(m2) && v.same_bits(v2));
  }
}

// ---- loss ----------------------------------------------------------------------------------------------------------------------------------

void check_loss(Context& context, Context& other, const std::string& isa) {
  struct Shape {
    int64_t rows, width, vocabulary;
  };
  for (const Shape& s : {Shape{1, 1, 1}, {5, 16, 3}, {33, 24, 130}, {230, 40, 517}, {150, 8, 60001}}) {
    for (ar_dtype type : {AR_FLOAT32, AR_BFLOAT16}) {
      const std::string name = text("%s loss %s R %lld D %lld V %lld ", isa.c_str(), type_name(type), static_cast<long long>(s.rows), static_cast<long long>(s.width), static_cast<long long>(s.vocabulary));
      Tensor x(context, type, {s.rows, s.width}, 2), w(context, type, {s.vocabulary, s.width}, 1), labels(context, AR_INT32, {s.rows}), dx(context, type, {s.rows, s.width}, 3);
      Tensor dw(context, AR_FLOAT32, {s.vocabulary, s.width}, 2), row_loss(context, AR_FLOAT32, {s.rows}), dx2(context, type, {s.rows, s.width}), dw2(context, AR_FLOAT32, {s.vocabulary, s.width});
      x.random(71, 2), w.random(72), dw.random(73, 1e-3), dw2.random(73, 1e-3);
      Random random(74);
      // The first chunk of the largest shape is unlabelled as a whole.
      for (int64_t i = 0; i < s.rows; i++) labels.set(i, i % 5 == 3 || (s.rows == 150 && i < 100) ? -100 : static_cast<double>(random.next() % static_cast<uint64_t>(s.vocabulary)));
      const double scale = 0.125;
      std::vector<double> dx_expected(static_cast<size_t>(s.rows * s.width)), dw_expected = dw.values(), losses, logits(static_cast<size_t>(s.vocabulary));
      double sum_expected = 0;
      int64_t count_expected = 0;
      const auto xs = x.values(), ws = w.values();
      for (int64_t i = 0; i < s.rows; i++) {
        const int64_t label = static_cast<int64_t>(labels.get(i));
        if (label == -100) {
          losses.push_back(0);
          continue;
        }
        count_expected++;
        double highest = -INFINITY, sum = 0;
        for (int64_t v = 0; v < s.vocabulary; v++) {
          double logit = 0;
          for (int64_t d = 0; d < s.width; d++) logit += xs[static_cast<size_t>(i * s.width + d)] * ws[static_cast<size_t>(v * s.width + d)];
          logits[static_cast<size_t>(v)] = logit;
          highest = std::max(highest, logit);
        }
        for (double logit : logits) sum += std::exp(logit - highest);
        losses.push_back(std::log(sum) + highest - logits[static_cast<size_t>(label)]);
        sum_expected += losses.back();
        for (int64_t v = 0; v < s.vocabulary; v++) {
          const double gradient = scale * (std::exp(logits[static_cast<size_t>(v)] - highest) / sum - (v == label ? 1 : 0));
          for (int64_t d = 0; d < s.width; d++) {
            dx_expected[static_cast<size_t>(i * s.width + d)] += gradient * ws[static_cast<size_t>(v * s.width + d)];
            dw_expected[static_cast<size_t>(v * s.width + d)] += gradient * xs[static_cast<size_t>(i * s.width + d)];
          }
        }
      }
      double sum = 0, alone = 0, sum2 = 0;
      int64_t count = 0;
      MUST(ar_lm_head_cross_entropy(context.handle, x, w, labels, scale, dx, dw, row_loss, &sum, &count));
      MUST(ar_lm_head_cross_entropy(other.handle, x, w, labels, scale, dx2, dw2, nullptr, &sum2, &count));
      MUST(ar_lm_head_cross_entropy(context.handle, x, w, labels, scale, nullptr, nullptr, nullptr, &alone, &count));
      holds(name + text("sum %.9g, expected %.9g", sum, sum_expected), std::abs(sum - sum_expected) <= 1e-6 * (1 + std::abs(sum_expected)) && count == count_expected);
      holds(name + "loss alone is the same", sum == alone);
      holds(name + "same bits on 3 threads", sum == sum2 && dx.same_bits(dx2) && dw.same_bits(dw2));
      agrees(name + "row_loss", row_loss, losses, 2e-6);
      // With the dot product bf16 gradients of the logits enter the products.
      const double tolerance = type == AR_BFLOAT16 && isa.find("bf16") != std::string::npos ? 4e-3 : 3e-6;
      agrees(name + "dx", dx, dx_expected, tolerance);
      agrees(name + "dw", dw, dw_expected, tolerance);
      int64_t bytes = 0;
      ar_context_info info;
      MUST(ar_lm_head_scratch_bytes(context.handle, x, w, &bytes));
      MUST(ar_context_query(context.handle, &info));
      holds(name + "scratch", info.scratch_bytes >= bytes);
      w.set(0, NAN);
      MUST(ar_lm_head_cross_entropy(context.handle, x, w, labels, scale, nullptr, nullptr, nullptr, &sum, &count));
      holds(name + "NaN surfaces", std::isnan(sum));
    }
  }
}

int check() {
  const std::pair<ar_isa, const char*> sets[] = {{AR_ISA_PORTABLE, "portable"}, {AR_ISA_AVX2, "avx2"}, {AR_ISA_AVX512, "avx512"}, {AR_ISA_AVX512_BF16, "avx512bf16"}, {AR_ISA_AVX512_BF16_EMULATED, "avx512bf16-emulated"}};
  for (const auto& [isa, name] : sets) {
    Context context(isa, 1), other(isa, 3);
    if (!context.supported) {
      std::printf("%s: not on this machine\n", name);
      continue;
    }
    const int before = comparisons;
    check_elementwise(context, other, name);
    check_linear(context, other, name);
    check_norm(context, other, name);
    check_rotary(context, other, name);
    check_swiglu(context, other, name);
    check_embedding(context, other, name);
    check_adamw(context, other, name);
    check_loss(context, other, name);
    std::printf("%s: %d comparisons\n", name, comparisons - before);
  }
  std::printf("%d failed\n", failures);
  return failures == 0 ? 0 : 1;
}

// ---- bench ---------------------------------------------------------------------------------------------------------------------------------

double seconds(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Runs `work` in turns with the peak. The peak that counts is the best of all turns: a disturbed one would flatter.
void bench(Context& context, int threads, double milliseconds, ar_dtype type, const char* name, double flops, const std::function<void()>& work) {
  const clockid_t clock = threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
  work();
  std::vector<double> rates;
  const double start = seconds(CLOCK_MONOTONIC);
  double best_peak = 0;
  while (seconds(CLOCK_MONOTONIC) - start < milliseconds * 1e-3 || rates.size() < 5) {
    double peak = 0;
    MUST(ar_context_measure_peak(context.handle, type, 0.01, &peak));
    const double from = seconds(clock);
    work();
    rates.push_back(flops / (seconds(clock) - from) * 1e-9);
    best_peak = std::max(best_peak, peak);
  }
  const double best = *std::max_element(rates.begin(), rates.end());
  std::printf("%-46s median %6.1f GF/s = %.3f of peak, best %6.1f = %.3f  (%zu runs)\n", name, median(rates), median(rates) / best_peak, best, best / best_peak, rates.size());
  std::fflush(stdout);
}

void bench_products(Context& context, int threads, double milliseconds, ar_dtype type) {
  struct Shape {
    int64_t rows, in, out;
  };
  for (const Shape& s : {Shape{2048, 2048, 2048}, {8192, 512, 512}, {8192, 512, 1024}, {8192, 512, 2816}, {8192, 1408, 512}}) {
    Tensor x(context, type, {s.rows, s.in}), w(context, type, {s.out, s.in}), y(context, type, {s.rows, s.out}), dw(context, AR_FLOAT32, {s.out, s.in});
    x.random(1, 0.1), w.random(2, 0.1), y.random(3, 0.1), dw.constant(0);
    const double flops = 2.0 * static_cast<double>(s.rows) * static_cast<double>(s.in) * static_cast<double>(s.out);
    const std::string shape = text("%s R %lld I %lld O %lld", type_name(type), static_cast<long long>(s.rows), static_cast<long long>(s.in), static_cast<long long>(s.out));
    bench(context, threads, milliseconds, type, (shape + " forward").c_str(), flops, [&] { MUST(ar_linear_forward(context.handle, x, w, nullptr, 0, y)); });
    bench(context, threads, milliseconds, type, (shape + " backward_input").c_str(), flops, [&] { MUST(ar_linear_backward_input(context.handle, y, w, 0, x)); });
    x.random(1, 0.1), y.random(3, 0.1);
    bench(context, threads, milliseconds, type, (shape + " backward_weight").c_str(), flops, [&] { MUST(ar_linear_backward_weight(context.handle, y, x, 1, dw, nullptr)); });
  }
}

void bench_loss(Context& context, int threads, double milliseconds, ar_dtype type) {
  for (int64_t vocabulary : {8192, 32768}) {
    const int64_t rows = 1024, width = 512;
    Tensor x(context, type, {rows, width}), w(context, type, {vocabulary, width}), labels(context, AR_INT32, {rows}), dx(context, type, {rows, width}), dw(context, AR_FLOAT32, {vocabulary, width});
    x.random(1), w.random(2, 0.05), dw.constant(0);
    for (int64_t i = 0; i < rows; i++) labels.set(i, static_cast<double>(i));
    double sum;
    int64_t count;
    bench(context, threads, milliseconds, type, text("%s lm_head R %lld D %lld V %lld", type_name(type), static_cast<long long>(rows), static_cast<long long>(width), static_cast<long long>(vocabulary)).c_str(),
          6.0 * static_cast<double>(rows) * static_cast<double>(width) * static_cast<double>(vocabulary),
          [&] { MUST(ar_lm_head_cross_entropy(context.handle, x, w, labels, 1.0 / static_cast<double>(rows), dx, dw, nullptr, &sum, &count)); });
  }
}

// GB/s that cross the memory bus: every operand once, results twice where they are read too.
void bench_streams(Context& context, int threads, double milliseconds) {
  const clockid_t clock = threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
  const auto time = [&](const char* name, double bytes, const std::function<void()>& work) {
    work();
    std::vector<double> rates;
    const double start = seconds(CLOCK_MONOTONIC);
    while (seconds(CLOCK_MONOTONIC) - start < milliseconds * 1e-3 || rates.size() < 5) {
      const double from = seconds(clock);
      work();
      rates.push_back(bytes / (seconds(clock) - from) * 1e-9);
    }
    std::printf("%-46s median %6.1f GB/s, best %6.1f\n", name, median(rates), *std::max_element(rates.begin(), rates.end()));
    std::fflush(stdout);
  };
  const int64_t rows = 8192, width = 512, mlp = 1408;
  const double row_bytes = 4.0 * static_cast<double>(rows * width), mlp_bytes = 4.0 * static_cast<double>(rows * mlp);
  Tensor x(context, AR_FLOAT32, {rows, width}), y(context, AR_FLOAT32, {rows, width}), z(context, AR_FLOAT32, {rows, width}), w(context, AR_FLOAT32, {width}), rstd(context, AR_FLOAT32, {rows}), dw(context, AR_FLOAT32, {width});
  Tensor half(context, AR_BFLOAT16, {rows, width}), ids(context, AR_INT32, {rows}), table(context, AR_FLOAT32, {8192, width});
  Tensor gate_up(context, AR_FLOAT32, {rows, 2 * mlp}), out(context, AR_FLOAT32, {rows, mlp}), heads(context, AR_FLOAT32, {1, rows, 8, 64}), angle(context, AR_FLOAT32, {rows, 32});
  x.random(1), y.random(2), z.random(3), w.random(4), dw.constant(0), gate_up.random(5), out.random(6), heads.random(7), angle.random(8), table.random(9);
  for (int64_t i = 0; i < rows; i++) ids.set(i, static_cast<double>(i * 31 % 8192));
  double sum;
  time("copy 16 MB", 2 * row_bytes, [&] { MUST(ar_copy(context.handle, x, y)); });
  time("copy to bf16", 1.5 * row_bytes, [&] { MUST(ar_copy(context.handle, x, half)); });
  time("add", 3 * row_bytes, [&] { MUST(ar_add(context.handle, 1e-9, x, y)); });
  time("fill", row_bytes, [&] { MUST(ar_fill(context.handle, 0.5, z)); });
  time("square_sum", row_bytes, [&] { MUST(ar_square_sum(context.handle, x, &sum)); });
  time("rms_norm forward 8192x512", 2 * row_bytes, [&] { MUST(ar_rms_norm_forward(context.handle, x, w, 1e-5, y, rstd)); });
  time("rms_norm backward, accumulating", 4 * row_bytes, [&] { MUST(ar_rms_norm_backward(context.handle, x, w, rstd, y, 1, z, dw)); });
  time("rotary in place 8192x8x64", 2 * row_bytes, [&] { MUST(ar_rotary(context.handle, heads, angle, angle, 0, heads)); });
  time("swiglu forward 8192x1408", 3 * mlp_bytes, [&] { MUST(ar_swiglu_forward(context.handle, gate_up, out)); });
  time("swiglu backward in place", 5 * mlp_bytes, [&] { MUST(ar_swiglu_backward(context.handle, gate_up, out, gate_up, nullptr)); });
  time("embedding forward", 2 * row_bytes, [&] { MUST(ar_embedding_forward(context.handle, ids, table, y)); });
  time("embedding backward", 3 * row_bytes, [&] { MUST(ar_embedding_backward(context.handle, ids, y, table)); });
  const int64_t parameters = 16 << 20;
  Tensor p(context, AR_FLOAT32, {parameters}), g(context, AR_FLOAT32, {parameters}), m(context, AR_FLOAT32, {parameters}), v(context, AR_FLOAT32, {parameters});
  p.constant(1), g.constant(1), m.constant(0), v.constant(0);
  const ar_adamw_options options{1e-3, 0.9, 0.95, 1e-8, 0.1, 1, 1};
  time("adamw 16 M", 28.0 * static_cast<double>(parameters), [&] { MUST(ar_adamw(context.handle, &options, g, p, m, v, nullptr)); });
}

}  // namespace

int main(int count, char** arguments) {
  const std::string mode = count > 1 ? arguments[1] : "";
  if (mode == "check") return check();
  if (mode == "bench") {
    const int threads = count > 2 ? std::atoi(arguments[2]) : 1;
    const double milliseconds = count > 3 ? std::atof(arguments[3]) : 500;
    const std::string only = count > 4 ? arguments[4] : "";
    Context context(AR_ISA_AUTO, threads, threads > 1);
    ar_context_info info;
    MUST(ar_context_query(context.handle, &info));
    std::printf("%s\n", info.name);
    for (ar_dtype type : {AR_FLOAT32, AR_BFLOAT16}) {
      if (only.empty() || only == "products" || only == type_name(type)) bench_products(context, threads, milliseconds, type);
      if (only.empty() || only == "loss") bench_loss(context, threads, milliseconds, type);
    }
    if (only.empty() || only == "streams") bench_streams(context, threads, milliseconds);
    return 0;
  }
  std::fprintf(stderr, "usage: layers_check check | bench [threads] [milliseconds per line] [products|f32|bf16|loss|streams]\n");
  return 2;
}
