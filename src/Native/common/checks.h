// The checks that every tensor passes before a backend sees it.
#pragma once
#include <initializer_list>

#include "backend.h"
#include "failure.h"

namespace actorring {

ar_context& checked(ar_context* context);
const ar_buffer& checked(const ar_buffer* buffer, const char* name);

/// The view of a required tensor. `rank` 0 allows any rank from 1 to 4.
View view(const ar_context& context, const ar_tensor* tensor, const char* name, std::initializer_list<ar_dtype> allowed, int rank);

/// The view of an optional tensor: `present` is false for null.
struct OptionalView {
  View value;
  bool present = false;
  const View* get() const { return present ? &value : nullptr; }
};
OptionalView optional_view(const ar_context& context, const ar_tensor* tensor, const char* name, std::initializer_list<ar_dtype> allowed, int rank);

void require_shape(const View& view, const char* name, std::initializer_list<int64_t> shape);
void require_same_shape(const View& a, const char* a_name, const View& b, const char* b_name);
void require_same_dtype(const View& a, const char* a_name, const View& b, const char* b_name);

template <class Pointer>
Pointer& required(Pointer* pointer, const char* name) {
  if (pointer == nullptr) fail(AR_INVALID_ARGUMENT, "%s is null", name);
  return *pointer;
}

}  // namespace actorring
