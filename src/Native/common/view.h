// A validated tensor view: what backends compute on. Its memory is known to lie inside one live buffer of the context's device.
#pragma once
#include <cstddef>
#include <cstdint>

#include "actorring.h"

namespace actorring {

inline int64_t element_bytes(int32_t dtype) { return dtype == AR_BFLOAT16 ? 2 : dtype == AR_INT64 ? 8 : 4; }

struct View {
  std::byte* data = nullptr;
  ar_dtype dtype = AR_FLOAT32;
  int rank = 0;
  int64_t shape[4] = {1, 1, 1, 1};
  int64_t stride[4] = {0, 0, 0, 0};

  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }
  int64_t count() const {
    int64_t product = 1;
    for (int dim = 0; dim < rank; dim++) product *= shape[dim];
    return product;
  }
  bool contiguous() const {
    int64_t expected = 1;
    for (int dim = rank - 1; dim >= 0; dim--) {
      if (shape[dim] != 1 && stride[dim] != expected) return false;
      expected *= shape[dim];
    }
    return true;
  }
};

}  // namespace actorring
