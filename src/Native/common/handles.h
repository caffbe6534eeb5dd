// What lies behind the two opaque handles, for every backend, and the register of live ones that makes a second free harmless.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "actorring.h"

namespace actorring {

// Their addresses mark live handles. Each library has its own pair, so that a handle of one backend is a stranger to the other.
extern const char context_mark;
extern const char buffer_mark;

}  // namespace actorring

struct ar_context {
  const void* mark = &actorring::context_mark;
  ar_device device = AR_DEVICE_CPU;
  int device_index = 0;
  int isa = AR_ISA_AUTO;
  int thread_count = 1;
  // Shared with the buffers, which may outlive the context.
  std::shared_ptr<std::atomic<int64_t>> buffer_bytes = std::make_shared<std::atomic<int64_t>>(0);
  virtual ~ar_context() { mark = nullptr; }
};

struct ar_buffer {
  const void* mark = &actorring::buffer_mark;
  ar_device device = AR_DEVICE_CPU;
  int device_index = 0;
  std::byte* address = nullptr;
  int64_t byte_count = 0;
  int descriptor = -1;
  std::shared_ptr<std::atomic<int64_t>> account;
  // Releases the memory; the derived class of each backend knows how.
  virtual ~ar_buffer() { mark = nullptr; }
};

namespace actorring {

void register_handle(const void* handle);
/// True once per registered handle: the caller now owns its destruction.
bool unregister_handle(const void* handle);

}  // namespace actorring
