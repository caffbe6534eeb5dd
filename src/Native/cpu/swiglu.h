// SwiGLU: y = silu(gate) * up with gate = gate_up[:, :F], up = gate_up[:, F:]; silu(x) = x * sigmoid(x).
#pragma once
#include "context.h"
#include "elementwise.h"
#include "exponential.h"
#include "row.h"

namespace actorring::cpu::AR_ISA {

constexpr int64_t kSwigluRows = 8;

static void swiglu_forward(CpuContext& context, const View& gate_up, const View& y) {
  const int64_t rows = y.shape[0], width = y.shape[1];
  with_type(y, [&]<class T>(T*) {
    context.pool.run((rows + kSwigluRows - 1) / kSwigluRows, [&](int64_t task, int) {
      for (int64_t row = task * kSwigluRows; row < min((task + 1) * kSwigluRows, rows); row++) {
        const T* gate = gate_up.as<T>() + row * gate_up.stride[0];
        T* out = y.as<T>() + row * y.stride[0];
        for (int64_t f = 0; f < width; f += W) {
          const int64_t n = width - f;
          const F x = load_upto(gate + f, n);
          store_upto(out + f, n, mul(silu(x, sigmoid(x)), load_upto(gate + width + f, n)));
        }
      }
    });
  });
}

// d gate = dy * up * s * (1 + gate * (1 - s)), d up = dy * gate * s, with s = sigmoid(gate).
template <class T, bool AGAIN>
AR_INLINE void swiglu_row_backward(const T* gate, const T* dy, int64_t width, T* d_gate, T* y) {
  const F one = set1(1.0f);
  for (int64_t f = 0; f < width; f += W) {
    const int64_t n = width - f;
    // Everything is read before anything is written: d_gate_up may be gate_up.
    const F x = load_upto(gate + f, n), up = load_upto(gate + width + f, n), g = load_upto(dy + f, n);
    const F s = sigmoid(x);
    const F open = silu(x, s);
    store_upto(d_gate + f, n, mul(mul(g, up), fma(open, sub(one, s), s)));
    store_upto(d_gate + width + f, n, mul(g, open));
    if constexpr (AGAIN) store_upto(y + f, n, mul(open, up));
  }
}

static void swiglu_backward(CpuContext& context, const View& gate_up, const View& dy, const View& d_gate_up, const View* y) {
  const int64_t rows = dy.shape[0], width = dy.shape[1];
  with_type(dy, [&]<class T>(T*) {
    context.pool.run((rows + kSwigluRows - 1) / kSwigluRows, [&](int64_t task, int) {
      for (int64_t row = task * kSwigluRows; row < min((task + 1) * kSwigluRows, rows); row++) {
        const T* gate = gate_up.as<T>() + row * gate_up.stride[0];
        const T* gradient = dy.as<T>() + row * dy.stride[0];
        T* d_gate = d_gate_up.as<T>() + row * d_gate_up.stride[0];
        if (y == nullptr) {
          swiglu_row_backward<T, false>(gate, gradient, width, d_gate, nullptr);
        } else {
          swiglu_row_backward<T, true>(gate, gradient, width, d_gate, y->as<T>() + row * y->stride[0]);
        }
      }
    });
  });
}

}  // namespace actorring::cpu::AR_ISA
