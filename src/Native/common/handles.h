// What lies behind the two opaque handles, for every backend, and the register of live ones that makes a second free harmless.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "actorring.h"

struct ar_context {
  static constexpr uint32_t kMagic = 0x41524358;  // "ARCX"
  uint32_t magic = kMagic;
  ar_device device = AR_DEVICE_CPU;
  int device_index = 0;
  int isa = AR_ISA_AUTO;
  int thread_count = 1;
  // Shared with the buffers, which may outlive the context.
  std::shared_ptr<std::atomic<int64_t>> buffer_bytes = std::make_shared<std::atomic<int64_t>>(0);
  virtual ~ar_context() { magic = 0; }
};

struct ar_buffer {
  static constexpr uint32_t kMagic = 0x41524246;  // "ARBF"
  uint32_t magic = kMagic;
  ar_device device = AR_DEVICE_CPU;
  int device_index = 0;
  std::byte* address = nullptr;
  int64_t byte_count = 0;
  int descriptor = -1;
  std::shared_ptr<std::atomic<int64_t>> account;
  // Releases the memory; the derived class of each backend knows how.
  virtual ~ar_buffer() { magic = 0; }
};

namespace actorring {

void register_handle(const void* handle);
/// True once per registered handle: the caller now owns its destruction.
bool unregister_handle(const void* handle);

}  // namespace actorring
