// The exported functions: check, find the communicator, call it, hand out.
#include <cinttypes>
#include <cstring>
#include <unordered_map>

#include "communicator.h"

using namespace actorring;
using namespace actorring::comm;

namespace actorring {

std::string& last_error() {
  static thread_local std::string text;
  return text;
}

}  // namespace actorring

namespace {


// The one process-wide state of this library: which handles are alive. A handle is a number that is never used again, so that a freed one is known for ever.
struct Register {
  std::mutex mutex;
  std::unordered_map<uintptr_t, std::shared_ptr<Communicator>> live;
  uintptr_t last = 0;
};

Register& live_handles() {
  static Register handles;
  return handles;
}

std::shared_ptr<Communicator> find(ar_comm* comm) {
  if (comm == nullptr) fail(AR_INVALID_ARGUMENT, "comm is null");
  Register& handles = live_handles();
  std::lock_guard lock(handles.mutex);
  const auto entry = handles.live.find(reinterpret_cast<uintptr_t>(comm));
  if (entry == handles.live.end()) fail(AR_INVALID_ARGUMENT, "comm is not live: freed, or never created here");
  return entry->second;
}

template <class Pointer>
Pointer& required(Pointer* pointer, const char* name) {
  if (pointer == nullptr) fail(AR_INVALID_ARGUMENT, "%s is null", name);
  return *pointer;
}

const ar_comm_call& checked(const ar_comm_call* call) {
  const ar_comm_call& asked = required(call, "call");
  if (asked.deadline_ms <= 0) fail(AR_INVALID_ARGUMENT, "deadline_ms is %" PRId64 ", must be positive", asked.deadline_ms);
  return asked;
}

Memory memory_of(const ar_comm_memory* memory, const char* name) {
  const ar_comm_memory& asked = required(memory, name);
  return {static_cast<std::byte*>(asked.address), asked.byte_count, asked.slab};
}

ar_dtype dtype_of(int32_t dtype, const char* name) {
  if (dtype != AR_FLOAT32 && dtype != AR_BFLOAT16) fail(AR_INVALID_ARGUMENT, "%s is %" PRId32 ", allowed are float32 and bfloat16", name, dtype);
  return static_cast<ar_dtype>(dtype);
}

// Every call that concerns a transfer: a failure that is not one of a communicator leaves its parts empty.
template <class Body>
ar_status on(ar_comm* comm, Body&& body) {
  last_failure() = {};
  last_failure().peer = -1;
  const ar_status status = boundary([&] { body(*find(comm)); });
  last_failure().status = status;
  return status;
}

template <class Body>
ar_status begin(ar_comm* comm, const ar_comm_call* call, int64_t* out_operation, Body&& body) {
  return on(comm, [&](Communicator& self) {
    const ar_comm_call& asked = checked(call);
    int64_t& result = required(out_operation, "out_operation");
    result = body(self, asked);
  });
}

}  // namespace

extern "C" {

int32_t ar_comm_abi_version(void) { return AR_COMM_ABI_VERSION; }
const char* ar_comm_last_error(void) { return last_error().c_str(); }

ar_status ar_comm_transport_check(int32_t transport) {
  return boundary([&] { require_transport(transport); });
}

ar_status ar_comm_last_failure(ar_comm_failure* out_failure) {
  return boundary([&] { required(out_failure, "out_failure") = last_failure(); });
}

ar_status ar_comm_listen(const ar_comm_options* options, ar_comm** out_comm) {
  return boundary([&] {
    const ar_comm_options& asked = required(options, "options");
    ar_comm*& result = required(out_comm, "out_comm");
    if (asked.size < 1 || asked.size > 1024) fail(AR_INVALID_ARGUMENT, "size is %" PRId32 ", allowed are 1 to 1024", asked.size);
    if (asked.rank < 0 || asked.rank >= asked.size) fail(AR_INVALID_ARGUMENT, "rank is %" PRId32 ", allowed are 0 to %" PRId32, asked.rank, asked.size - 1);
    if (asked.device_index < 0) fail(AR_INVALID_ARGUMENT, "device_index is %" PRId32 ", must not be negative", asked.device_index);
    auto communicator = std::make_shared<Communicator>(asked);
    Register& handles = live_handles();
    std::lock_guard lock(handles.mutex);
    handles.live.emplace(++handles.last, std::move(communicator));
    result = reinterpret_cast<ar_comm*>(handles.last);
  });
}

ar_status ar_comm_endpoint(ar_comm* comm, void* buffer, int64_t capacity, int64_t* out_byte_count) {
  return on(comm, [&](Communicator& self) {
    int64_t& result = required(out_byte_count, "out_byte_count");
    const std::vector<std::byte> bytes = self.endpoint();
    const int64_t count = static_cast<int64_t>(bytes.size());
    if (capacity != 0) {
      if (capacity < count) fail(AR_INVALID_ARGUMENT, "capacity is %" PRId64 ", the endpoint has %" PRId64 " bytes", capacity, count);
      std::memcpy(&required(static_cast<std::byte*>(buffer), "buffer"), bytes.data(), bytes.size());
    }
    result = count;
  });
}

ar_status ar_comm_set_secret(ar_comm* comm, const uint8_t* secret) {
  return on(comm, [&](Communicator& self) { self.set_secret(&required(secret, "secret")); });
}

ar_status ar_comm_connect(ar_comm* comm, const void* endpoints, const int64_t* endpoint_bytes, int64_t deadline_ms) {
  return on(comm, [&](Communicator& self) {
    required(endpoints == nullptr ? nullptr : endpoint_bytes, endpoints == nullptr ? "endpoints" : "endpoint_bytes");
    if (deadline_ms <= 0) fail(AR_INVALID_ARGUMENT, "deadline_ms is %" PRId64 ", must be positive", deadline_ms);
    self.connect(static_cast<const std::byte*>(endpoints), endpoint_bytes, deadline_ms);
  });
}

ar_status ar_comm_abort(ar_comm* comm, const char* reason) {
  return on(comm, [&](Communicator& self) { self.abort(reason); });
}

ar_status ar_comm_free(ar_comm* comm) {
  return boundary([&] {
    if (comm == nullptr) return;
    std::shared_ptr<Communicator> last = find(comm);
    {
      Register& handles = live_handles();
      std::lock_guard lock(handles.mutex);
      if (handles.live.erase(reinterpret_cast<uintptr_t>(comm)) != 1) fail(AR_INVALID_ARGUMENT, "comm is not live: freed by another thread");
    }
    last->shut_down();
  });
}

ar_status ar_comm_slab_register(ar_comm* comm, int32_t descriptor, void* address, int64_t byte_count, int64_t* out_slab) {
  return on(comm, [&](Communicator& self) {
    int64_t& result = required(out_slab, "out_slab");
    if (descriptor < 0) fail(AR_INVALID_ARGUMENT, "descriptor is %" PRId32, descriptor);
    if (byte_count <= 0) fail(AR_INVALID_ARGUMENT, "byte_count is %" PRId64 ", must be positive", byte_count);
    result = self.register_slab(descriptor, &required(static_cast<std::byte*>(address), "address"), byte_count);
  });
}

ar_status ar_comm_slab_unregister(ar_comm* comm, int64_t slab) {
  return on(comm, [&](Communicator& self) { self.unregister_slab(slab); });
}

ar_status ar_comm_send(ar_comm* comm, const ar_comm_call* call, int32_t peer, const ar_comm_memory* source, int64_t* out_operation) {
  return begin(comm, call, out_operation, [&](Communicator& self, const ar_comm_call& asked) { return self.send(asked, peer, memory_of(source, "source")); });
}

ar_status ar_comm_receive(ar_comm* comm, const ar_comm_call* call, int32_t peer, const ar_comm_memory* destination, int64_t* out_operation) {
  return begin(comm, call, out_operation, [&](Communicator& self, const ar_comm_call& asked) { return self.receive(asked, peer, memory_of(destination, "destination")); });
}

ar_status ar_comm_rotate(ar_comm* comm, const ar_comm_call* call, int32_t to, const ar_comm_memory* source, int32_t from, const ar_comm_memory* destination, int64_t* out_operation) {
  return begin(comm, call, out_operation, [&](Communicator& self, const ar_comm_call& asked) { return self.rotate(asked, to, memory_of(source, "source"), from, memory_of(destination, "destination")); });
}

ar_status ar_comm_borrow(ar_comm* comm, const ar_comm_call* call, int32_t peer, int64_t byte_count, int64_t* out_operation) {
  return begin(comm, call, out_operation, [&](Communicator& self, const ar_comm_call& asked) { return self.borrow(asked, peer, byte_count); });
}

ar_status ar_comm_all_to_all(ar_comm* comm, const ar_comm_call* call, const ar_comm_memory* source, const int64_t* source_bytes, const ar_comm_memory* destination, const int64_t* destination_bytes,
                             int64_t* out_operation) {
  return begin(comm, call, out_operation, [&](Communicator& self, const ar_comm_call& asked) {
    return self.all_to_all(asked, memory_of(source, "source"), &required(source_bytes, "source_bytes"), memory_of(destination, "destination"), &required(destination_bytes, "destination_bytes"));
  });
}

ar_status ar_comm_all_gather(ar_comm* comm, const ar_comm_call* call, const ar_comm_memory* source, const ar_comm_memory* destination, const int64_t* part_bytes, int64_t* out_operation) {
  return begin(comm, call, out_operation, [&](Communicator& self, const ar_comm_call& asked) {
    return self.all_gather(asked, memory_of(source, "source"), memory_of(destination, "destination"), &required(part_bytes, "part_bytes"));
  });
}

ar_status ar_comm_reduce_scatter(ar_comm* comm, const ar_comm_call* call, const ar_comm_memory* source, int32_t source_dtype, const ar_comm_memory* destination, int32_t destination_dtype,
                                 const int64_t* part_elements, int64_t* out_operation) {
  return begin(comm, call, out_operation, [&](Communicator& self, const ar_comm_call& asked) {
    return self.reduce_scatter(asked, memory_of(source, "source"), dtype_of(source_dtype, "source_dtype"), memory_of(destination, "destination"), dtype_of(destination_dtype, "destination_dtype"),
                               &required(part_elements, "part_elements"));
  });
}

ar_status ar_comm_all_reduce(ar_comm* comm, const ar_comm_call* call, const ar_comm_memory* source, int32_t source_dtype, const ar_comm_memory* destination, int32_t destination_dtype,
                             int64_t* out_operation) {
  return begin(comm, call, out_operation, [&](Communicator& self, const ar_comm_call& asked) {
    return self.all_reduce(asked, memory_of(source, "source"), dtype_of(source_dtype, "source_dtype"), memory_of(destination, "destination"), dtype_of(destination_dtype, "destination_dtype"));
  });
}

ar_status ar_comm_broadcast(ar_comm* comm, const ar_comm_call* call, int32_t root, const ar_comm_memory* memory, int64_t* out_operation) {
  return begin(comm, call, out_operation, [&](Communicator& self, const ar_comm_call& asked) { return self.broadcast(asked, root, memory_of(memory, "memory")); });
}

ar_status ar_comm_barrier(ar_comm* comm, const ar_comm_call* call, int64_t* out_operation) {
  return begin(comm, call, out_operation, [&](Communicator& self, const ar_comm_call& asked) { return self.barrier(asked); });
}

ar_status ar_comm_wait(ar_comm* comm, int64_t operation) {
  return on(comm, [&](Communicator& self) { self.wait(operation); });
}

ar_status ar_comm_wait_borrowed(ar_comm* comm, int64_t operation, const void** out_address) {
  return on(comm, [&](Communicator& self) {
    const void*& result = required(out_address, "out_address");
    result = self.wait_borrowed(operation);
  });
}

ar_status ar_comm_release(ar_comm* comm, int64_t operation) {
  return on(comm, [&](Communicator& self) { self.release(operation); });
}

ar_status ar_comm_is_complete(ar_comm* comm, int64_t operation, int32_t* out_complete) {
  return on(comm, [&](Communicator& self) {
    int32_t& result = required(out_complete, "out_complete");
    result = self.is_complete(operation) ? 1 : 0;
  });
}

ar_status ar_comm_query(ar_comm* comm, ar_comm_info* out_info) {
  return on(comm, [&](Communicator& self) { required(out_info, "out_info") = self.info(); });
}

ar_status ar_comm_peer_query(ar_comm* comm, int32_t peer, ar_comm_peer_info* out_info) {
  return on(comm, [&](Communicator& self) {
    ar_comm_peer_info& result = required(out_info, "out_info");
    result = self.peer_info(peer);
  });
}

ar_status ar_comm_wait_query(ar_comm* comm, ar_comm_wait_info* out_info) {
  return on(comm, [&](Communicator& self) { required(out_info, "out_info") = self.wait_info(); });
}

}  // extern "C"
