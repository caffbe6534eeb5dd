// What the checks share: tensors filled with noise, read back as float64, and comparisons that are counted.
#pragma once
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "actorring.h"

namespace check {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
using Values = std::vector<double>;

inline int passed = 0;
inline int failed = 0;
inline ar_context* context = nullptr;

inline void verdict(bool good, const std::string& what, const char* detail) {
  if (good) {
    passed++;
    return;
  }
  failed++;
  std::printf("FAILED %s: %s\n", what.c_str(), detail);
}

inline void expect(ar_status got, ar_status want, const std::string& what) {
  char detail[600];
  std::snprintf(detail, sizeof detail, "status %d, expected %d: %s", got, want, ar_last_error());
  verdict(got == want, what, detail);
}

inline void done(ar_status status, const std::string& what) { expect(status, AR_OK, what); }

// The bf16 nearest to x, ties to even.
inline uint16_t to_bf16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}
inline float from_bf16(uint16_t x) {
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

inline std::mt19937_64 generator(7);

inline Values noise(int64_t count, double deviation = 1) {
  std::normal_distribution<double> normal(0, deviation);
  Values values(static_cast<size_t>(count));
  for (double& value : values) value = normal(generator);
  return values;
}

inline double tolerance(ar_dtype dtype) { return dtype == AR_BFLOAT16 ? 1e-2 : 2e-6; }

// Largest difference relative to the largest expected value, or to `scale` where that is smaller; infinities must agree exactly.
inline void compare(const Values& got, const Values& want, double allowed, const std::string& what, double scale = 1e-30) {
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

inline std::string label(const char* name, ar_dtype dtype) { return std::string(name) + (dtype == AR_BFLOAT16 ? " bf16" : " float32"); }

}  // namespace check
