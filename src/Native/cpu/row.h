// Rows of float32 or bf16 read W at a time, the last vector partly.
#pragma once
#include "simd.h"

namespace actorring::cpu::AR_ISA {

// n > 0 elements exist at p.
template <class T>
AR_INLINE F load_upto(const T* p, int64_t n) {
  return n >= W ? load(p) : load_first(p, n);
}
template <class T>
AR_INLINE void store_upto(T* p, int64_t n, F x) {
  if (n >= W) {
    store(p, x);
  } else {
    store_first(p, n, x);
  }
}

}  // namespace actorring::cpu::AR_ISA
