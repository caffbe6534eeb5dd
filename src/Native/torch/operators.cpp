#include "operators.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/jit_type.h>

#include <cstring>

namespace actorring::aten {

bool has_operator(const char* name, const char* overload, c10::Device place) {
  const auto found = c10::Dispatcher::singleton().findSchema({name, overload});
  return found.has_value() && found->hasKernelForDispatchKey(place.is_cpu() ? c10::DispatchKey::CPU : c10::DispatchKey::CUDA);
}

std::vector<c10::IValue> call_operator(const char* name, const char* overload, const std::vector<Argument>& arguments) {
  const auto handle = c10::Dispatcher::singleton().findSchemaOrThrow(name, overload);
  std::vector<c10::IValue> stack;
  for (const auto& parameter : handle.schema().arguments()) {
    const Argument* given = nullptr;
    for (const Argument& argument : arguments) {
      if (parameter.name() == argument.name) given = &argument;
    }
    if (given != nullptr)
      stack.push_back(given->value);
    else if (parameter.default_value().has_value())
      stack.push_back(*parameter.default_value());
    else if (parameter.type()->kind() == c10::TypeKind::TensorType)
      stack.emplace_back(at::Tensor());
    else
      stack.emplace_back();
  }
  handle.callBoxed(&stack);
  return stack;
}

}  // namespace actorring::aten
