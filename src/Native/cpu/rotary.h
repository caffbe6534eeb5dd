// Rotary position embedding, half-split layout. Source: arXiv:2104.09864. x, y [B, T, N, H]; cos, sin [T, H/2].
#pragma once
#include "context.h"
#include "elementwise.h"
#include "row.h"

namespace actorring::cpu::AR_ISA {

constexpr int64_t kRotaryTokens = 16;

template <class X, class Y>
AR_INLINE void rotate_head(const X* x, const float* cosines, const float* sines, int64_t half, F sign, Y* y) {
  for (int64_t h = 0; h < half; h += W) {
    const int64_t n = half - h;
    const F c = load_upto(cosines + h, n), s = mul(load_upto(sines + h, n), sign);
    const F low = load_upto(x + h, n), high = load_upto(x + half + h, n);
    store_upto(y + h, n, fnma(high, s, mul(low, c)));
    store_upto(y + half + h, n, fma(low, s, mul(high, c)));
  }
}

static void rotary(CpuContext& context, const View& x, const View& cosines, const View& sines, bool inverse, const View& y) {
  const int64_t tokens = x.shape[1], rows = x.shape[0] * tokens, half = x.shape[3] / 2;
  const F sign = set1(inverse ? -1.0f : 1.0f);
  with_types(x, y, [&]<class X, class Y>(X*, Y*) {
    context.pool.run((rows + kRotaryTokens - 1) / kRotaryTokens, [&](int64_t task, int) {
      for (int64_t row = task * kRotaryTokens; row < min((task + 1) * kRotaryTokens, rows); row++) {
        const int64_t batch = row / tokens, token = row % tokens;
        const X* from = x.as<X>() + batch * x.stride[0] + token * x.stride[1];
        Y* to = y.as<Y>() + batch * y.stride[0] + token * y.stride[1];
        for (int64_t head = 0; head < x.shape[2]; head++)
          rotate_head(from + head * x.stride[2], cosines.as<float>() + token * cosines.stride[0], sines.as<float>() + token * sines.stride[0], half, sign,
              to + head * y.stride[2]);
      }
    });
  });
}

}  // namespace actorring::cpu::AR_ISA
