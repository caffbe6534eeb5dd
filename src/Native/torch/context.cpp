#include "context.h"

#include <ATen/Context.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <torch/version.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "backend.h"

namespace actorring::aten {
namespace {

c10::Device choose(const ar_context_options& options) {
  if (options.isa != AR_ISA_AUTO) fail(AR_UNSUPPORTED, "isa is %d, this library takes 0 (auto) only", options.isa);
  if (options.device == AR_DEVICE_CPU) {
    if (options.device_index != 0) fail(AR_UNSUPPORTED, "device_index is %d, a CPU has index 0 only", options.device_index);
    return c10::Device(c10::DeviceType::CPU);
  }
  const int count = c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA) ? c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->deviceCount() : 0;
  if (count == 0) fail(AR_UNSUPPORTED, "device CUDA:%d is asked for, this libtorch " TORCH_VERSION " finds no CUDA device", options.device_index);
  if (options.device_index >= count) fail(AR_UNSUPPORTED, "device CUDA:%d is asked for, this machine has %d", options.device_index, count);
  return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(options.device_index));
}

c10::Stream stream_on(c10::Device place) {
  if (place.is_cpu()) return c10::Stream(c10::Stream::DEFAULT, place);
  return c10::impl::getDeviceGuardImpl(place.type())->getStreamFromGlobalPool(place, false);
}

// The BLAS under Debian's libtorch is whatever libblas.so.3 points to; a build with MKL follows OpenMP and has none of these.
void hold_blas_to_one_thread() {
  if (void* openblas = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) reinterpret_cast<void (*)(int)>(openblas)(1);
  if (void* blis = dlsym(RTLD_DEFAULT, "bli_thread_set_num_threads")) reinterpret_cast<void (*)(int64_t)>(blis)(1);
}

void pin_workers(const std::vector<int>& cpus) {
  // OpenMP keeps one set of workers per calling thread, so this thread remembers where its own are.
  static thread_local std::vector<int> pinned;
  if (pinned == cpus) return;
  const auto count = static_cast<int64_t>(cpus.size());
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t) {
    const int worker = at::get_thread_num();
    if (worker == 0 || begin == 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<size_t>(cpus[static_cast<size_t>(begin)]), &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
  });
  pinned = cpus;
}

// The driver's own C function: its name and arguments are older than any libtorch, and no CUDA header is needed.
std::string device_name(c10::Device place) {
  char name[48] = "CUDA";
  if (void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD)) {
    if (void* function = dlsym(driver, "cuDeviceGetName")) reinterpret_cast<int (*)(char*, int, int)>(function)(name, sizeof name, place.index());
    dlclose(driver);
  }
  return name;
}

}  // namespace

Context::Context(const ar_context_options& options) : place(choose(options)), stream(stream_on(place)), flash(std::make_unique<Flash>()) {
  device = static_cast<ar_device>(options.device);
  device_index = options.device_index;
  thread_count = options.thread_count;
  isa = AR_ISA_AUTO;
  if (options.cpus != nullptr) cpus.assign(options.cpus, options.cpus + options.thread_count);
  for (int cpu : cpus) {
    if (cpu < 0 || cpu >= CPU_SETSIZE) fail(AR_INVALID_ARGUMENT, "cpus holds %d, allowed are 0 to %d", cpu, CPU_SETSIZE - 1);
  }
  hold_blas_to_one_thread();
#if TORCH_VERSION_MAJOR >= 2
  // Sums of bf16 products stay in float32 as the header promises; PyTorch's default lets cuBLAS add partial sums in bf16.
  if (!on_cpu()) at::globalContext().setAllowBF16ReductionCuBLAS(false);
#endif
}

Scope::Scope(const Context& context) {
  if (at::get_num_threads() != context.thread_count) at::set_num_threads(context.thread_count);
  if (!context.cpus.empty()) pin_workers(context.cpus);
  if (!context.on_cpu()) stream_.reset_stream(context.stream);
}

void report(const c10::Error& error) {
  const char* text = error.what_without_backtrace();
  const bool out_of_memory = dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr || std::strstr(text, "allocate memory") != nullptr;
  fail(out_of_memory ? AR_OUT_OF_MEMORY : AR_INTERNAL, "%.*s", static_cast<int>(std::strcspn(text, "\n")), text);
}

}  // namespace actorring::aten

namespace actorring::backend {

using namespace actorring::aten;

const char* name() { return "torch"; }

ar_context* create_context(const ar_context_options& options) {
  try {
    return new Context(options);
  } catch (const c10::Error& error) {
    report(error);
  }
}

void describe(const ar_context& context, ar_context_info& info) {
  const auto& self = static_cast<const Context&>(context);
  info.scratch_bytes = 0;  // temporaries come from libtorch's allocator and go back to it before a call returns
  if (self.on_cpu())
    std::snprintf(info.name, sizeof info.name, "libtorch " TORCH_VERSION ", %d thread%s", self.thread_count, self.thread_count == 1 ? "" : "s");
  else
    std::snprintf(info.name, sizeof info.name, "%.31s, libtorch " TORCH_VERSION, device_name(self.place).c_str());
}

void synchronize(ar_context& context) {
  run(context, [](Context& self) {
    if (!self.on_cpu()) self.stream.synchronize();
  });
}

}  // namespace actorring::backend
