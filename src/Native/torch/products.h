// Matrix products with float32 sums and float32 results, for every input type and device.
#pragma once
#include "tensors.h"

namespace actorring::aten {

/// The type in which products of `dtype` inputs are formed: bf16 stays bf16 where the library multiplies it into float32 results (CUDA, PyTorch 2.8 and later),
/// and is widened to float32 elsewhere.
at::ScalarType product_type(const Context& context, at::ScalarType dtype);

/// a b in float32, for two matrices or two batches of matrices in the product type. Runs on the calling thread of a CPU.
at::Tensor product(const at::Tensor& a, const at::Tensor& b);

/// out = a b, or out += a b; out is float32 [M, N] with any row stride, a [M, I] and b [I, N] are in the product type. Uses the context's threads.
void multiply(const Context& context, const at::Tensor& a, const at::Tensor& b, bool accumulate, const at::Tensor& out);

}  // namespace actorring::aten
