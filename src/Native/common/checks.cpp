#include "checks.h"

namespace actorring {
namespace {

const char* dtype_name(int32_t dtype) {
  switch (dtype) {
    case AR_FLOAT32: return "float32";
    case AR_BFLOAT16: return "bfloat16";
    case AR_INT32: return "int32";
    case AR_INT64: return "int64";
    default: return "unknown";
  }
}

// First and one-past-last element that the view touches, relative to its offset; false when the arithmetic overflows.
bool extent(const ar_tensor& tensor, int64_t* out_elements) {
  int64_t last = 0;
  for (int dim = 0; dim < tensor.rank; dim++) {
    int64_t step;
    if (__builtin_mul_overflow(tensor.shape[dim] - 1, tensor.stride[dim], &step)) return false;
    if (__builtin_add_overflow(last, step, &last)) return false;
  }
  return !__builtin_add_overflow(last, int64_t{1}, out_elements);
}

}  // namespace

ar_context& checked(ar_context* context) {
  if (context == nullptr) fail(AR_INVALID_ARGUMENT, "context is null");
  if (context->mark != &context_mark) fail(AR_INVALID_ARGUMENT, "context is not a live context of this library");
  return *context;
}

const ar_buffer& checked(const ar_buffer* buffer, const char* name) {
  if (buffer == nullptr) fail(AR_INVALID_ARGUMENT, "%s is null", name);
  if (buffer->mark != &buffer_mark) fail(AR_INVALID_ARGUMENT, "%s is not a live buffer of this library", name);
  return *buffer;
}

View view(const ar_context& context, const ar_tensor* tensor, const char* name, std::initializer_list<ar_dtype> allowed, int rank) {
  if (tensor == nullptr) fail(AR_INVALID_ARGUMENT, "%s is null", name);
  const ar_buffer& buffer = checked(tensor->buffer, name);
  if (buffer.device != context.device || buffer.device_index != context.device_index)
    fail(AR_INVALID_ARGUMENT, "%s lives on device %d:%d, the context on %d:%d", name, buffer.device, buffer.device_index, context.device, context.device_index);
  if (tensor->rank < 1 || tensor->rank > AR_MAX_RANK) fail(AR_INVALID_ARGUMENT, "%s has rank %d, allowed are 1 to %d", name, tensor->rank, AR_MAX_RANK);
  if (rank != 0 && tensor->rank != rank) fail(AR_INVALID_ARGUMENT, "%s has rank %d, must be %d", name, tensor->rank, rank);

  bool known = false;
  for (ar_dtype dtype : allowed) known = known || tensor->dtype == dtype;
  if (!known) fail(AR_INVALID_ARGUMENT, "%s has type %s (%d), which is not allowed here", name, dtype_name(tensor->dtype), tensor->dtype);

  View result;
  result.dtype = static_cast<ar_dtype>(tensor->dtype);
  result.rank = tensor->rank;
  for (int dim = 0; dim < tensor->rank; dim++) {
    if (tensor->shape[dim] < 1) fail(AR_INVALID_ARGUMENT, "%s dim %d has size %lld, must be at least 1", name, dim, static_cast<long long>(tensor->shape[dim]));
    if (tensor->stride[dim] < 0) fail(AR_INVALID_ARGUMENT, "%s dim %d has stride %lld, must not be negative", name, dim, static_cast<long long>(tensor->stride[dim]));
    result.shape[dim] = tensor->shape[dim];
    result.stride[dim] = tensor->stride[dim];
  }
  if (tensor->stride[tensor->rank - 1] != 1) fail(AR_INVALID_ARGUMENT, "%s has last stride %lld, must be 1", name, static_cast<long long>(tensor->stride[tensor->rank - 1]));

  const int64_t size = element_bytes(tensor->dtype);
  if (tensor->offset_bytes < 0 || tensor->offset_bytes % size != 0)
    fail(AR_INVALID_ARGUMENT, "%s has offset %lld, must be a multiple of %lld and not negative", name, static_cast<long long>(tensor->offset_bytes), static_cast<long long>(size));
  int64_t elements;
  int64_t bytes;
  if (!extent(*tensor, &elements) || __builtin_mul_overflow(elements, size, &bytes) || __builtin_add_overflow(bytes, tensor->offset_bytes, &bytes) || bytes > buffer.byte_count)
    fail(AR_INVALID_ARGUMENT, "%s reaches beyond its buffer of %lld bytes", name, static_cast<long long>(buffer.byte_count));

  result.data = buffer.address + tensor->offset_bytes;
  return result;
}

OptionalView optional_view(const ar_context& context, const ar_tensor* tensor, const char* name, std::initializer_list<ar_dtype> allowed, int rank) {
  OptionalView result;
  if (tensor != nullptr) {
    result.value = view(context, tensor, name, allowed, rank);
    result.present = true;
  }
  return result;
}

void require_shape(const View& view, const char* name, std::initializer_list<int64_t> shape) {
  int dim = 0;
  if (static_cast<int>(shape.size()) != view.rank) fail(AR_INVALID_ARGUMENT, "%s has rank %d, must be %d", name, view.rank, static_cast<int>(shape.size()));
  for (int64_t size : shape) {
    if (view.shape[dim] != size)
      fail(AR_INVALID_ARGUMENT, "%s dim %d has size %lld, must be %lld", name, dim, static_cast<long long>(view.shape[dim]), static_cast<long long>(size));
    dim++;
  }
}

void require_same_shape(const View& a, const char* a_name, const View& b, const char* b_name) {
  if (a.rank != b.rank) fail(AR_INVALID_ARGUMENT, "%s has rank %d, %s has %d: must be equal", a_name, a.rank, b_name, b.rank);
  for (int dim = 0; dim < a.rank; dim++) {
    if (a.shape[dim] != b.shape[dim])
      fail(AR_INVALID_ARGUMENT, "%s dim %d has size %lld, %s has %lld: must be equal", a_name, dim, static_cast<long long>(a.shape[dim]), b_name, static_cast<long long>(b.shape[dim]));
  }
}

void require_same_dtype(const View& a, const char* a_name, const View& b, const char* b_name) {
  if (a.dtype != b.dtype) fail(AR_INVALID_ARGUMENT, "%s is %s, %s is %s: must be equal", a_name, dtype_name(a.dtype), b_name, dtype_name(b.dtype));
}

}  // namespace actorring
