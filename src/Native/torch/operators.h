// Operators of libtorch looked up by name when they run, with their arguments given by name. Those that only some versions have, or whose argument lists
// grew from version to version, are called this way, so that one source compiles against all of them.
#pragma once
#include <ATen/core/ivalue.h>

#include <string>
#include <vector>

namespace actorring::aten {

struct Argument {
  const char* name;
  c10::IValue value;
};

/// True when the running library has a kernel of this operator for the device.
bool has_operator(const char* name, const char* overload, c10::Device place);

/// Calls it; arguments that are not named take their default, tensors without one are undefined, names that this version lacks are left out.
std::vector<c10::IValue> call_operator(const char* name, const char* overload, const std::vector<Argument>& arguments);

}  // namespace actorring::aten
