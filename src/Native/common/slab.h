// A buffer in host memory, for every backend: shared memory behind a file descriptor (memfd), so that another process can map it.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "failure.h"
#include "handles.h"

namespace actorring {

/// Zeroed, page-aligned. Pages are taken when they are first touched: a slab that is never written costs address space only.
struct Slab final : ar_buffer {
  explicit Slab(int64_t size) {
    device = AR_DEVICE_CPU;
    byte_count = size;
    descriptor = memfd_create("actorring-slab", MFD_CLOEXEC);
    if (descriptor < 0) fail(AR_OUT_OF_MEMORY, "no memfd for a slab of %lld bytes: %s", static_cast<long long>(size), std::strerror(errno));
    void* mapped = ftruncate(descriptor, size) == 0 ? mmap(nullptr, static_cast<size_t>(size), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0) : MAP_FAILED;
    if (mapped == MAP_FAILED) {
      const int error = errno;
      close(descriptor);
      fail(AR_OUT_OF_MEMORY, "no memory for a slab of %lld bytes: %s", static_cast<long long>(size), std::strerror(error));
    }
    address = static_cast<std::byte*>(mapped);
  }
  ~Slab() override {
    munmap(address, static_cast<size_t>(byte_count));
    close(descriptor);
  }
};

}  // namespace actorring
