// A context over ATen: a device, its stream or threads, and the state of the calling thread while one call runs.
//
// Threads on a CPU: ATen and our own loops use OpenMP, whose thread number belongs to the calling thread, so every call sets it. The BLAS underneath is held to
// one thread for the whole process and matrix products are split over OpenMP threads here (products.cpp): contexts with different thread counts do not
// disturb each other. What cannot be set from inside is how OpenMP's idle threads wait: whoever starts the process sets OMP_WAIT_POLICY=passive.
#pragma once
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/Stream.h>
#include <c10/core/StreamGuard.h>
#include <c10/util/Exception.h>

#include <memory>
#include <vector>

#include "failure.h"
#include "flash.h"
#include "handles.h"

namespace actorring::aten {

struct Context final : ar_context {
  explicit Context(const ar_context_options& options);

  c10::Device place;
  c10::Stream stream;     // on a CPU the default stream, which means nothing
  std::vector<int> cpus;  // processors of the worker threads, empty: not pinned
  std::unique_ptr<Flash> flash;

  bool on_cpu() const { return place.is_cpu(); }
};

/// The thread state of one call: no autograd, the context's thread count, its device and stream.
class Scope {
 public:
  explicit Scope(const Context& context);

 private:
  c10::InferenceMode inference_;
  c10::OptionalStreamGuard stream_;
};

/// Throws the Failure that an error of libtorch means: its first line, without the backtrace.
[[noreturn]] void report(const c10::Error& error);

/// Runs `body(context)` in the context's scope.
template <class Body>
auto run(ar_context& context, Body&& body) {
  auto& self = static_cast<Context&>(context);
  try {
    const Scope scope(self);
    return body(self);
  } catch (const c10::Error& error) {
    report(error);
  }
}

/// Runs `body(begin, end)` over [0, count) on the context's threads, at least `grain` items each.
template <class Body>
void parallel(int64_t count, int64_t grain, const Body& body) {
  at::parallel_for(0, count, grain, [&](int64_t begin, int64_t end) {
    const c10::InferenceMode inference;  // workers do not inherit the caller's
    body(begin, end);
  });
}

/// Rows to handle at once when each needs `row_elements` temporaries: stays in a CPU's cache, keeps a GPU busy.
inline int64_t chunk_rows(const Context& context, int64_t row_elements) {
  const int64_t elements = context.on_cpu() ? int64_t{1} << 18 : int64_t{1} << 26;
  const int64_t rows = elements / (row_elements > 0 ? row_elements : 1);
  return rows > 1 ? rows : 1;
}

/// Calls `body(first, count)` for consecutive chunks of at most `chunk` out of `total`.
template <class Body>
void chunks(int64_t total, int64_t chunk, const Body& body) {
  for (int64_t first = 0; first < total; first += chunk) body(first, total - first < chunk ? total - first : chunk);
}

}  // namespace actorring::aten
