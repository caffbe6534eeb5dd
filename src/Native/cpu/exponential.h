// e^x and what is made of it.
#pragma once
#include "simd.h"

namespace actorring::cpu::AR_ISA {

// e^x with relative error below 5e-7 for -87 <= x <= 88; held at the ends beyond them. A NaN stays one.
AR_INLINE F exp(F x) {
  x = min(set1(88.0f), max(set1(-87.0f), x));  // in this order a NaN stays one
  const F n = round(mul(x, set1(1.44269504f)));
  // ln 2 in two parts, the first with so few bits that n times it is exact: x - n ln 2 keeps its digits even without a fused multiply-add.
  const F rest = fnma(n, set1(-2.12194440e-4f), fnma(n, set1(0.693359375f), x));
  const F f = mul(rest, set1(1.44269504f));
  F p = set1(1.326472640e-03f);
  p = fma(p, f, set1(9.671512699e-03f));
  p = fma(p, f, set1(5.550733746e-02f));
  p = fma(p, f, set1(2.402224208e-01f));
  p = fma(p, f, set1(6.931469776e-01f));
  p = fma(p, f, set1(1.0f));
  return scale_by_power_of_two(p, n);
}

AR_INLINE F sigmoid(F x) { return div(set1(1.0f), add(set1(1.0f), exp(sub(zero(), x)))); }

// x * sigmoid(x), given that sigmoid. exp() above holds at e^-87, so that -88 stands in for what lies below; and x * 0 lets an infinity surface as NaN
// instead of passing for a gate that is closed.
AR_INLINE F silu(F x, F sigmoid_of_x) { return fma(x, zero(), mul(max(set1(-88.0f), x), sigmoid_of_x)); }

}  // namespace actorring::cpu::AR_ISA
