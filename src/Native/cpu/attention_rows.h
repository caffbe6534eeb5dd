// Access to the rows of a head in the caller's views, and the processor mode that a task runs in.
#pragma once
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include "attention_format.h"
#include "view.h"

namespace actorring::cpu::AR_ISA {

// The rows of one head of a [B, T, heads, H] view.
template <class T>
AR_INLINE HeadRows<T> head_of(const View& x, int64_t batch, int64_t head) {
  return {x.as<T>() + batch * x.stride[0] + head * x.stride[2], x.stride[1]};
}

// One number per row: [B, T, heads].
AR_INLINE float& row_of(const View& x, int64_t batch, int64_t row, int64_t head) { return x.as<float>()[batch * x.stride[0] + row * x.stride[1] + head * x.stride[2]]; }

// to[d] = from[d] * factor for a row of a head; `from` is padded to whole vectors, `to` is not.
template <class T>
AR_INLINE void write_row(T* to, const float* from, float factor, int64_t head_size) {
  const F by = set1(factor);
  int64_t d = 0;
  for (; d + W <= head_size; d += W) store(to + d, mul(load(from + d), by));
  if (d < head_size) store_first(to + d, head_size - d, mul(load(from + d), by));
}

AR_INLINE void add_row(float* to, const float* from, int64_t head_size) {
  int64_t d = 0;
  for (; d + W <= head_size; d += W) store(to + d, add(load(to + d), load(from + d)));
  if (d < head_size) store_first(to + d, head_size - d, add(load_first(to + d, head_size - d), load(from + d)));
}

AR_INLINE void clear_row(float* to, int64_t head_size) { std::memset(to, 0, static_cast<size_t>(head_size) * sizeof(float)); }

// Weights below 2^-126 count as zero: otherwise what they are multiplied into is denormal, and each such product costs as much as a hundred others. For one task.
class DenormalsAreZero {
 public:
  DenormalsAreZero(const DenormalsAreZero&) = delete;
  DenormalsAreZero& operator=(const DenormalsAreZero&) = delete;
#if defined(__SSE__)
  DenormalsAreZero() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }  // flush to zero, denormals are zero
  ~DenormalsAreZero() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#else
  DenormalsAreZero() {}
#endif
};

}  // namespace actorring::cpu::AR_ISA
