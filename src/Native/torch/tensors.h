// Views as ATen tensors: the same memory, no copy, no ownership.
#pragma once
#include <ATen/ATen.h>

#include "context.h"
#include "view.h"

namespace actorring::aten {

inline at::ScalarType scalar_type(ar_dtype dtype) {
  switch (dtype) {
    case AR_BFLOAT16:
      return at::kBFloat16;
    case AR_INT32:
      return at::kInt;
    case AR_INT64:
      return at::kLong;
    default:
      return at::kFloat;
  }
}

inline at::Tensor tensor(const Context& context, const View& view) {
  int64_t strides[4];
  // A dim of size 1 may carry any stride; BLAS wants a row stride that covers the row.
  for (int dim = view.rank - 1; dim >= 0; dim--) {
    const int64_t dense = dim + 1 < view.rank ? view.shape[dim + 1] * strides[dim + 1] : 1;
    strides[dim] = view.shape[dim] == 1 ? dense : view.stride[dim];
  }
  const auto rank = static_cast<size_t>(view.rank);
  return at::from_blob(view.data, at::IntArrayRef(view.shape, rank), at::IntArrayRef(strides, rank),
                       at::TensorOptions().dtype(scalar_type(view.dtype)).device(context.place));
}

/// Undefined for a null view.
inline at::Tensor tensor(const Context& context, const View* view) { return view == nullptr ? at::Tensor() : tensor(context, *view); }

inline at::Tensor float32(const at::Tensor& x) { return x.to(at::kFloat); }

inline at::TensorOptions float32_on(const Context& context) { return at::TensorOptions().dtype(at::kFloat).device(context.place); }

}  // namespace actorring::aten
