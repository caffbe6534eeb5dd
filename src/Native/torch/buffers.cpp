// Buffers: shared-memory slabs on a CPU, blocks of libtorch's caching allocator on a GPU.
#include <cstring>

#include "backend.h"
#include "slab.h"
#include "tensors.h"

namespace actorring::aten {
namespace {

// The block belongs to the stream of the context that made it: freed, it is handed out again in that stream's order. Work that other contexts have queued on it
// must be finished before.
struct DeviceBlock final : ar_buffer {
  DeviceBlock(const Context& context, int64_t size) : memory(at::zeros({size}, at::TensorOptions().dtype(at::kByte).device(context.place))) {
    device = context.device;
    device_index = context.device_index;
    byte_count = size;
    address = static_cast<std::byte*>(memory.data_ptr());
    context.stream.synchronize();  // another context may use it at once
  }
  at::Tensor memory;
};

at::Tensor bytes(void* address, int64_t byte_count, c10::Device place) {
  return at::from_blob(address, {byte_count}, at::TensorOptions().dtype(at::kByte).device(place));
}

}  // namespace
}  // namespace actorring::aten

namespace actorring::backend {

using namespace actorring::aten;

ar_buffer* create_buffer(ar_context& context, int64_t byte_count) {
  return run(context, [&](Context& self) -> ar_buffer* {
    if (self.on_cpu()) return new Slab(byte_count);
    return new DeviceBlock(self, byte_count);
  });
}

void write(ar_context& context, ar_buffer& buffer, int64_t offset_bytes, const void* source, int64_t byte_count) {
  if (context.device == AR_DEVICE_CPU) {
    std::memcpy(buffer.address + offset_bytes, source, static_cast<size_t>(byte_count));
    return;
  }
  run(context, [&](Context& self) {
    bytes(buffer.address + offset_bytes, byte_count, self.place).copy_(bytes(const_cast<void*>(source), byte_count, c10::DeviceType::CPU));
    self.stream.synchronize();
  });
}

void read(ar_context& context, const ar_buffer& buffer, int64_t offset_bytes, void* destination, int64_t byte_count) {
  if (context.device == AR_DEVICE_CPU) {
    std::memcpy(destination, buffer.address + offset_bytes, static_cast<size_t>(byte_count));
    return;
  }
  run(context, [&](Context& self) {
    bytes(destination, byte_count, c10::DeviceType::CPU).copy_(bytes(buffer.address + offset_bytes, byte_count, self.place));
    self.stream.synchronize();
  });
}

}  // namespace actorring::backend
