// The exported functions for the library, contexts and buffers: check, call the backend, hand out.
#include <cstring>
#include <mutex>
#include <unordered_set>

#include "checks.h"

namespace actorring {

const char context_mark = 0;
const char buffer_mark = 0;

std::string& last_error() {
  static thread_local std::string text;
  return text;
}

namespace {

// The one process-wide state of this room: which handles are alive, so that a second free is an error and not a crash.
struct Register {
  std::mutex mutex;
  std::unordered_set<const void*> live;
};

Register& live_handles() {
  static Register handles;
  return handles;
}

void require_range(const ar_buffer& buffer, int64_t offset_bytes, int64_t byte_count) {
  int64_t end;
  if (offset_bytes < 0 || byte_count < 0 || __builtin_add_overflow(offset_bytes, byte_count, &end) || end > buffer.byte_count)
    fail(AR_INVALID_ARGUMENT, "range %lld + %lld lies outside the buffer of %lld bytes", static_cast<long long>(offset_bytes), static_cast<long long>(byte_count), static_cast<long long>(buffer.byte_count));
}

void require_same_device(const ar_context& context, const ar_buffer& buffer) {
  if (buffer.device != context.device || buffer.device_index != context.device_index) fail(AR_INVALID_ARGUMENT, "buffer and context are on different devices");
}

}  // namespace

void register_handle(const void* handle) {
  Register& handles = live_handles();
  std::lock_guard lock(handles.mutex);
  handles.live.insert(handle);
}

bool unregister_handle(const void* handle) {
  Register& handles = live_handles();
  std::lock_guard lock(handles.mutex);
  return handles.live.erase(handle) == 1;
}

}  // namespace actorring

using namespace actorring;

extern "C" {

int32_t ar_abi_version(void) { return AR_ABI_VERSION; }
const char* ar_backend_name(void) { return backend::name(); }
const char* ar_last_error(void) { return last_error().c_str(); }

ar_status ar_context_create(const ar_context_options* options, ar_context** out_context) {
  return boundary([&] {
    const ar_context_options& asked = required(options, "options");
    ar_context*& result = required(out_context, "out_context");
    if (asked.device != AR_DEVICE_CPU && asked.device != AR_DEVICE_CUDA) fail(AR_INVALID_ARGUMENT, "device is %d, allowed are 0 (CPU) and 1 (CUDA)", asked.device);
    if (asked.device_index < 0) fail(AR_INVALID_ARGUMENT, "device_index is %d, must not be negative", asked.device_index);
    if (asked.thread_count < 1 || asked.thread_count > AR_MAX_THREADS) fail(AR_INVALID_ARGUMENT, "thread_count is %d, allowed are 1 to %d", asked.thread_count, AR_MAX_THREADS);
    if (asked.isa < AR_ISA_AUTO || asked.isa > AR_ISA_AVX512_BF16_EMULATED) fail(AR_INVALID_ARGUMENT, "isa is %d, allowed are 0 to 5", asked.isa);
    ar_context* context = backend::create_context(asked);
    register_handle(context);
    result = context;
  });
}

ar_status ar_context_free(ar_context* context) {
  return boundary([&] {
    if (context == nullptr) return;
    if (!unregister_handle(context)) fail(AR_INVALID_ARGUMENT, "context is not live: freed twice, or never created here");
    delete context;
  });
}

ar_status ar_context_query(const ar_context* context, ar_context_info* out_info) {
  return boundary([&] {
    const ar_context& self = checked(const_cast<ar_context*>(context));
    ar_context_info& result = required(out_info, "out_info");
    ar_context_info info{};
    info.isa = self.isa;
    info.thread_count = self.thread_count;
    info.buffer_bytes = self.buffer_bytes->load();
    backend::describe(self, info);
    result = info;
  });
}

ar_status ar_context_synchronize(ar_context* context) {
  return boundary([&] { backend::synchronize(checked(context)); });
}

ar_status ar_context_noop(ar_context* context) {
  return boundary([&] { checked(context); });
}

ar_status ar_context_measure_peak(ar_context* context, int32_t dtype, double seconds, double* out_gflops) {
  return boundary([&] {
    ar_context& self = checked(context);
    double& result = required(out_gflops, "out_gflops");
    if (dtype != AR_FLOAT32 && dtype != AR_BFLOAT16) fail(AR_INVALID_ARGUMENT, "dtype is %d, allowed are float32 and bfloat16", dtype);
    if (!(seconds > 0 && seconds <= 60)) fail(AR_INVALID_ARGUMENT, "seconds is %g, allowed are above 0 to 60", seconds);
    result = backend::measure_peak(self, static_cast<ar_dtype>(dtype), seconds);
  });
}

ar_status ar_buffer_create(ar_context* context, int64_t byte_count, ar_buffer** out_buffer) {
  return boundary([&] {
    ar_context& self = checked(context);
    ar_buffer*& result = required(out_buffer, "out_buffer");
    if (byte_count <= 0) fail(AR_INVALID_ARGUMENT, "byte_count is %lld, must be positive", static_cast<long long>(byte_count));
    ar_buffer* buffer = backend::create_buffer(self, byte_count);
    buffer->account = self.buffer_bytes;
    *buffer->account += byte_count;
    register_handle(buffer);
    result = buffer;
  });
}

ar_status ar_buffer_wrap(ar_context* context, void* address, int64_t byte_count, ar_buffer** out_buffer) {
  return boundary([&] {
    ar_context& self = checked(context);
    std::byte& memory = required(static_cast<std::byte*>(address), "address");
    ar_buffer*& result = required(out_buffer, "out_buffer");
    if (byte_count <= 0) fail(AR_INVALID_ARGUMENT, "byte_count is %lld, must be positive", static_cast<long long>(byte_count));
    if (self.device != AR_DEVICE_CPU) fail(AR_UNSUPPORTED, "memory of the host cannot be wrapped for a GPU: copy it");
    auto* buffer = new ar_buffer;
    buffer->address = &memory;
    buffer->byte_count = byte_count;
    register_handle(buffer);
    result = buffer;
  });
}

ar_status ar_buffer_free(ar_buffer* buffer) {
  return boundary([&] {
    if (buffer == nullptr) return;
    if (!unregister_handle(buffer)) fail(AR_INVALID_ARGUMENT, "buffer is not live: freed twice, or never created here");
    if (buffer->account) *buffer->account -= buffer->byte_count;
    delete buffer;
  });
}

ar_status ar_buffer_byte_count(const ar_buffer* buffer, int64_t* out_byte_count) {
  return boundary([&] {
    const ar_buffer& self = checked(buffer, "buffer");
    required(out_byte_count, "out_byte_count") = self.byte_count;
  });
}

ar_status ar_buffer_host_address(const ar_buffer* buffer, void** out_address) {
  return boundary([&] {
    const ar_buffer& self = checked(buffer, "buffer");
    void*& result = required(out_address, "out_address");
    if (self.device != AR_DEVICE_CPU) fail(AR_UNSUPPORTED, "the buffer is in device memory: use ar_buffer_read and ar_buffer_write");
    result = self.address;
  });
}

ar_status ar_buffer_file_descriptor(const ar_buffer* buffer, int32_t* out_descriptor) {
  return boundary([&] {
    const ar_buffer& self = checked(buffer, "buffer");
    int32_t& result = required(out_descriptor, "out_descriptor");
    if (self.descriptor < 0) fail(AR_UNSUPPORTED, "the buffer is not a shared-memory slab");
    result = self.descriptor;
  });
}

ar_status ar_buffer_write(ar_context* context, ar_buffer* buffer, int64_t offset_bytes, const void* source, int64_t byte_count) {
  return boundary([&] {
    ar_context& self = checked(context);
    require_same_device(self, checked(buffer, "buffer"));
    require_range(*buffer, offset_bytes, byte_count);
    if (byte_count == 0) return;
    if (source == nullptr) fail(AR_INVALID_ARGUMENT, "source is null");
    backend::write(self, *buffer, offset_bytes, source, byte_count);
  });
}

ar_status ar_buffer_read(ar_context* context, const ar_buffer* buffer, int64_t offset_bytes, void* destination, int64_t byte_count) {
  return boundary([&] {
    ar_context& self = checked(context);
    require_same_device(self, checked(buffer, "buffer"));
    require_range(*buffer, offset_bytes, byte_count);
    if (byte_count == 0) return;
    if (destination == nullptr) fail(AR_INVALID_ARGUMENT, "destination is null");
    backend::read(self, *buffer, offset_bytes, destination, byte_count);
  });
}

}  // extern "C"
