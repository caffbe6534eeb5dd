// NOT RUN ON A GPU SO FAR: compiled everywhere, and written against the documented behaviour of NCCL 2.18.
//
// What differs from the other transports
//   - Memory is device memory. Sums need a kernel and are refused; copies within a rank are sends to itself.
//   - All transfers that are started before the thread wakes go into one group on one stream of this communicator's own; the caller orders its own streams against them.
//   - NCCL does not compare byte counts: ranks that disagree hang until the deadline.
//   - NCCL admits whoever has rank 0's endpoint, which holds its unique id: the endpoints are the secret here, and the network must be private.
#include "nccl_transport.h"

#include <dlfcn.h>

#include <condition_variable>
#include <cstring>
#include <utility>
#include <deque>

#include "communicator.h"
#include "nccl_api.h"
#include "slab_names.h"

namespace actorring::comm {
namespace {

using namespace nccl;

constexpr auto kNap = std::chrono::microseconds(50);  // between two looks at a group under way
constexpr size_t kEmptyBytes = 4;                     // an empty message still has to meet its peer

struct Libraries {
  void* nccl = nullptr;
  void* cuda = nullptr;
  Api api{};

  Libraries() {
    nccl = dlopen("libnccl.so.2", RTLD_NOW | RTLD_LOCAL);
    if (nccl == nullptr) fail(AR_UNSUPPORTED, "libnccl.so.2 is not on this machine: install NCCL 2.18 or later");
    for (const char* name : {"libcudart.so.13", "libcudart.so.12", "libcudart.so"}) {
      if (cuda == nullptr) cuda = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    }
    try {
      if (cuda == nullptr) fail(AR_UNSUPPORTED, "libcudart.so.12 or .13 is not on this machine: install the CUDA runtime");
#define AR_LOAD(library, name) load(library, #name, reinterpret_cast<void**>(&api.name))
      AR_LOAD(nccl, ncclGetUniqueId);
      AR_LOAD(nccl, ncclCommInitRankConfig);
      AR_LOAD(nccl, ncclCommGetAsyncError);
      AR_LOAD(nccl, ncclCommAbort);
      AR_LOAD(nccl, ncclGroupStart);
      AR_LOAD(nccl, ncclGroupEnd);
      AR_LOAD(nccl, ncclSend);
      AR_LOAD(nccl, ncclRecv);
      AR_LOAD(nccl, ncclGetErrorString);
      AR_LOAD(cuda, cudaSetDevice);
      AR_LOAD(cuda, cudaMalloc);
      AR_LOAD(cuda, cudaFree);
      AR_LOAD(cuda, cudaStreamCreateWithFlags);
      AR_LOAD(cuda, cudaStreamDestroy);
      AR_LOAD(cuda, cudaEventCreateWithFlags);
      AR_LOAD(cuda, cudaEventRecord);
      AR_LOAD(cuda, cudaEventQuery);
      AR_LOAD(cuda, cudaEventDestroy);
#undef AR_LOAD
    } catch (...) {
      close();
      throw;
    }
  }
  ~Libraries() { close(); }
  Libraries(const Libraries&) = delete;
  Libraries& operator=(const Libraries&) = delete;

 private:
  static void load(void* library, const char* name, void** out_function) {
    *out_function = dlsym(library, name);
    if (*out_function == nullptr) fail(AR_UNSUPPORTED, "%s is missing: libnccl.so.2 must be 2.18 or later, the CUDA runtime 12 or later", name);
  }
  void close() {
    if (cuda != nullptr) dlclose(cuda);
    if (nccl != nullptr) dlclose(nccl);
  }
};

class NcclTransport final : public Transport {
 public:
  NcclTransport(int device, const Identity& self, Events& events) : self_(self), events_(events), device_(device) {
    if (self.rank == 0) {
      UniqueId id;
      check(api().ncclGetUniqueId(&id), "ncclGetUniqueId");
      endpoint_.resize(sizeof id);
      std::memcpy(endpoint_.data(), &id, sizeof id);
    }
  }

  ~NcclTransport() override {
    close(nullptr);
    for (Group& group : groups_) api().cudaEventDestroy(group.event);
    if (stream_ != nullptr) api().cudaStreamDestroy(stream_);
    if (empty_ != nullptr) api().cudaFree(empty_);
  }

  std::vector<std::byte> endpoint() const override { return endpoint_; }
  bool host_memory() const override { return false; }

  void connect(const std::vector<std::span<const std::byte>>& endpoints, int64_t deadline_nanoseconds, bool (*cancelled)(void*), void* state) override {
    UniqueId id;
    if (endpoints[0].size() != sizeof id) fail(AR_INVALID_ARGUMENT, "endpoint of rank 0 holds no NCCL id");
    std::memcpy(&id, endpoints[0].data(), sizeof id);
    check_cuda(api().cudaSetDevice(device_), "cudaSetDevice");
    check_cuda(api().cudaStreamCreateWithFlags(&stream_, kStreamNonBlocking), "cudaStreamCreateWithFlags");
    check_cuda(api().cudaMalloc(&empty_, 2 * kEmptyBytes), "cudaMalloc");
    Config config;
    Result result = api().ncclCommInitRankConfig(&comm_, self_.size, id, self_.rank, &config);
    while (result == kInProgress || (result == kSuccess && async() == kInProgress)) {
      if (cancelled(state)) fail(AR_ABORTED, "aborted while connecting");
      if (now_nanoseconds() >= deadline_nanoseconds) fail(AR_TIMEOUT, "not all ranks connected in time (NCCL does not say which)");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      result = async();
    }
    check(result, "ncclCommInitRankConfig");
  }

  void send(Transfer& transfer) override { start(transfer); }
  void receive(Transfer& transfer) override { start(transfer); }
  void copied(Transfer&) override {}
  void release(Transfer&) override {}

  int64_t register_slab(int, std::byte* address, int64_t byte_count) override { return slabs_.add(address, byte_count); }
  void unregister_slab(int64_t slab) override { slabs_.remove(slab); }
  void check_in_slab(const Memory& memory) const override { slabs_.check(memory); }

  void progress(std::unique_lock<std::mutex>& lock, int64_t deadline_nanoseconds) override {
    if (!groups_.empty()) {
      changed_.wait_for(lock, kNap, [&] { return woken_; });
    } else if (deadline_nanoseconds == kNever) {
      changed_.wait(lock, [&] { return woken_; });
    } else {
      changed_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_nanoseconds)), [&] { return woken_; });
    }
    woken_ = false;
    if (!closed_) launch();
    if (!closed_) collect();
  }

  void wake() override {
    woken_ = true;
    changed_.notify_all();
  }

  void close(const Reason*) override {
    if (closed_) return;
    closed_ = true;
    starting_.clear();
    // Frees the communicator and stops its kernels, on this rank; the peers notice by their deadlines or by NCCL's own error.
    if (comm_ != nullptr) api().ncclCommAbort(comm_);
    comm_ = nullptr;
  }

 private:
  struct Group {
    Event event;
    std::vector<Transfer*> transfers;
  };

  const Api& api() const { return libraries_.api; }

  Result async() const {
    Result state = kSuccess;
    const Result result = api().ncclCommGetAsyncError(comm_, &state);
    return result == kSuccess ? state : result;
  }

  void check(Result result, const char* what) const {
    if (result != kSuccess && result != kInProgress) fail(AR_INTERNAL, "%s: %s", what, api().ncclGetErrorString(result));
  }

  static void check_cuda(int result, const char* what) {
    if (result != kCudaSuccess) fail(AR_INTERNAL, "%s failed with CUDA error %d", what, result);
  }

  void start(Transfer& transfer) {
    if (closed_) return;
    starting_.push_back(&transfer);
    wake();
  }

  void launch() {
    if (starting_.empty()) return;
    Group group{nullptr, std::exchange(starting_, {})};
    try {
      check_cuda(api().cudaSetDevice(device_), "cudaSetDevice");
      check_cuda(api().cudaEventCreateWithFlags(&group.event, kEventDisableTiming), "cudaEventCreateWithFlags");
      check(api().ncclGroupStart(), "ncclGroupStart");
      for (const Transfer* transfer : group.transfers) {
        const bool empty = transfer->memory.byte_count == 0;
        const size_t count = empty ? kEmptyBytes : static_cast<size_t>(transfer->memory.byte_count);
        auto* scratch = static_cast<std::byte*>(empty_) + (transfer->sending ? 0 : kEmptyBytes);
        void* address = empty ? scratch : transfer->memory.address;
        check(transfer->sending ? api().ncclSend(address, count, kInt8, transfer->peer, comm_, stream_) : api().ncclRecv(address, count, kInt8, transfer->peer, comm_, stream_), "ncclSend or ncclRecv");
      }
      check(api().ncclGroupEnd(), "ncclGroupEnd");
      // A communicator that does not block may still be launching.
      while (async() == kInProgress) std::this_thread::yield();
      check(async(), "NCCL");
      check_cuda(api().cudaEventRecord(group.event, stream_), "cudaEventRecord");
      groups_.push_back(std::move(group));
    } catch (const Failure& failure) {
      if (group.event != nullptr) api().cudaEventDestroy(group.event);
      broke(*group.transfers.front(), failure.message);
    }
  }

  void collect() {
    while (!groups_.empty() && !closed_) {
      Group& group = groups_.front();
      const int state = api().cudaEventQuery(group.event);
      const Result error = async();
      if (error != kSuccess && error != kInProgress) return broke(*group.transfers.front(), api().ncclGetErrorString(error));
      if (state == kCudaNotReady) return;
      if (state != kCudaSuccess) return broke(*group.transfers.front(), "CUDA error " + std::to_string(state));
      api().cudaEventDestroy(group.event);
      const std::vector<Transfer*> done = std::move(group.transfers);
      groups_.pop_front();
      for (Transfer* transfer : done) events_.completed(*transfer);
    }
  }

  void broke(const Transfer& transfer, const std::string& text) {
    events_.broken({AR_PEER_LOST, transfer.operation->kind, transfer.peer, transfer.operation->label, "NCCL: " + text});
  }

  const Identity& self_;
  Events& events_;
  const int device_;
  Libraries libraries_;
  std::vector<std::byte> endpoint_;
  Comm comm_ = nullptr;
  Stream stream_ = nullptr;
  void* empty_ = nullptr;
  std::condition_variable changed_;
  bool woken_ = false;
  bool closed_ = false;
  std::vector<Transfer*> starting_;
  std::deque<Group> groups_;
  SlabNames slabs_;
};

}  // namespace

void require_nccl() { Libraries(); }

std::unique_ptr<Transport> open_nccl(const ar_comm_options& options, const Identity& self, Events& events) { return std::make_unique<NcclTransport>(options.device_index, self, events); }

}  // namespace actorring::comm
