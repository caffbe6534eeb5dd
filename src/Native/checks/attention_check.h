// What the attention check and benchmark share: buffers with awkward strides behind the C functions, and a timer of CPU seconds.
#pragma once
#include <ctime>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "actorring.h"

namespace check {

inline void require(ar_status status) {
  if (status == AR_OK) return;
  std::fprintf(stderr, "status %d: %s\n", status, ar_last_error());
  std::exit(1);
}

inline double seconds(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

class Context {
 public:
  Context(ar_isa isa, int threads) {
    ar_context_options options{AR_DEVICE_CPU, 0, threads, isa, nullptr};
    status = ar_context_create(&options, &handle);
  }
  ~Context() { ar_context_free(handle); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ar_context* handle = nullptr;
  ar_status status;
};

enum class Layout { Tokens, Heads, Padded };  // [B, T, N, H]; [B, N, T, H]; [B, T, N, H] with gaps between heads and an odd offset

// A tensor [B, T, N, H] (or [B, T, N] with H = 0) in a buffer of its own.
class Tensor {
 public:
  Tensor(Context& context, ar_dtype dtype, int64_t b, int64_t t, int64_t n, int64_t h, Layout layout = Layout::Tokens) : dtype_(dtype) {
    const int64_t row = (h == 0 ? 1 : h) + (layout == Layout::Padded ? 3 : 0);
    tensor = {};
    tensor.dtype = dtype;
    tensor.rank = h == 0 ? 3 : 4;
    const int64_t shape[4] = {b, t, n, h};
    const bool heads = layout == Layout::Heads;
    const int64_t stride[4] = {t * n * row, heads ? row : n * row, heads ? t * row : row, 1};
    for (int i = 0; i < 4; i++) tensor.shape[i] = shape[i], tensor.stride[i] = stride[i];
    if (h == 0) tensor.stride[2] = 1, tensor.stride[1] = n, tensor.stride[0] = t * n;
    const int64_t size = dtype == AR_BFLOAT16 ? 2 : 4;
    tensor.offset_bytes = layout == Layout::Padded ? 5 * size : 0;
    require(ar_buffer_create(context.handle, (b * t * n * row + 5) * size, &tensor.buffer));
    void* address;
    require(ar_buffer_host_address(tensor.buffer, &address));
    data_ = static_cast<char*>(address) + tensor.offset_bytes;
  }
  ~Tensor() { ar_buffer_free(tensor.buffer); }
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;

  int64_t index(int64_t b, int64_t t, int64_t n, int64_t h) const { return b * tensor.stride[0] + t * tensor.stride[1] + n * tensor.stride[2] + (tensor.rank == 4 ? h : 0); }
  double get(int64_t b, int64_t t, int64_t n, int64_t h = 0) const {
    float value;
    if (dtype_ == AR_BFLOAT16) {
      const uint32_t bits = static_cast<uint32_t>(reinterpret_cast<const uint16_t*>(data_)[index(b, t, n, h)]) << 16;
      std::memcpy(&value, &bits, 4);
    } else {
      value = reinterpret_cast<const float*>(data_)[index(b, t, n, h)];
    }
    return value;
  }
  void set(int64_t b, int64_t t, int64_t n, int64_t h, float value) {
    if (dtype_ == AR_BFLOAT16) {
      uint32_t bits;
      std::memcpy(&bits, &value, 4);
      if (value == value) bits += 0x7fff + ((bits >> 16) & 1);
      reinterpret_cast<uint16_t*>(data_)[index(b, t, n, h)] = static_cast<uint16_t>(bits >> 16);
    } else {
      reinterpret_cast<float*>(data_)[index(b, t, n, h)] = value;
    }
  }
  void fill_normal(std::mt19937& random, float deviation = 1.0f) {
    std::normal_distribution<float> normal(0.0f, deviation);
    each([&](int64_t b, int64_t t, int64_t n, int64_t h) { set(b, t, n, h, normal(random)); });
  }
  void fill(float value) {
    each([&](int64_t b, int64_t t, int64_t n, int64_t h) { set(b, t, n, h, value); });
  }
  template <class Body>
  void each(Body&& body) const {
    for (int64_t b = 0; b < tensor.shape[0]; b++)
      for (int64_t t = 0; t < tensor.shape[1]; t++)
        for (int64_t n = 0; n < tensor.shape[2]; n++)
          for (int64_t h = 0; h < (tensor.rank == 4 ? tensor.shape[3] : 1); h++) body(b, t, n, h);
  }
  // Tokens [begin, begin + count) of this tensor.
  ar_tensor slice(int64_t begin, int64_t count) const {
    ar_tensor part = tensor;
    part.offset_bytes += begin * tensor.stride[1] * (dtype_ == AR_BFLOAT16 ? 2 : 4);
    part.shape[1] = count;
    return part;
  }

  ar_tensor tensor;

 private:
  ar_dtype dtype_;
  char* data_;
};

int run_benchmark(int argc, char** argv);

}  // namespace check
