// Gloo tells nobody when an operation completes: a thread has to wait for each. So every direction of every pair that is used has one (a lane), which handles its
// transfers one after the other: header, payload, acknowledgement.
//
// Known of Gloo 0.5: a wait that times out closes a healthy pair, so no wait here times out; the communicator aborts them when a deadline passes. Waits on one pair are
// not told when the peer of another dies: only who exchanges with a dead rank sees it.
#include "gloo_transport.h"

#include <gloo/context.h>
#include <gloo/transport/tcp/device.h>
#include <gloo/transport/unbound_buffer.h>

#include <cinttypes>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <thread>

#include "communicator.h"
#include "slab_names.h"

namespace actorring::comm {
namespace {

constexpr std::chrono::milliseconds kPatience = std::chrono::hours(24 * 7);
enum Slot : uint64_t { kGreeting = 1, kHeader = 2, kPayload = 3, kVerdict = 4 };

struct Header {
  int64_t byte_count;
  int32_t channel;
  int32_t reserved;
  uint64_t checksum;  // of the payload, or 0
};

// What the receiver says to a header: its own count and channel.
struct Verdict {
  int64_t byte_count;
  int32_t channel;
  int32_t accepted;
};

using Buffer = std::unique_ptr<gloo::transport::UnboundBuffer>;

class Mesh final : public gloo::Context {
 public:
  Mesh(int rank, int size, const std::string& host) : gloo::Context(rank, size) {
    gloo::transport::tcp::attr attribute;
    attribute.hostname = host;
    device_ = gloo::transport::tcp::CreateDevice(attribute);
    transportContext_ = device_->createContext(rank, size);
    transportContext_->setTimeout(kPatience / 5);  // Gloo connects for five times as long
    for (int peer = 0; peer < size; peer++) {
      if (peer != rank) transportContext_->createPair(peer);
    }
  }
  void close_pairs() {
    for (int peer = 0; peer < size; peer++) {
      if (peer != rank) getPair(peer)->close();
    }
  }
  Buffer buffer(void* memory, size_t byte_count) { return createUnboundBuffer(memory, byte_count); }
};

class GlooTransport final : public Transport {
 public:
  GlooTransport(const std::string& host, const Identity& self, Events& events) : self_(self), events_(events), mesh_(self.rank, self.size, host), lanes_(2 * static_cast<size_t>(self.size)) {}

  ~GlooTransport() override {
    {
      std::lock_guard lock(events_.mutex());
      close(nullptr);
    }
    for (Lane& lane : lanes_) {
      if (lane.thread.joinable()) lane.thread.join();
    }
  }

  // The addresses of this rank's pairs, in rank order: a count of bytes, then the bytes.
  std::vector<std::byte> endpoint() const override {
    std::vector<std::byte> bytes;
    for (int peer = 0; peer < self_.size; peer++) {
      std::vector<char> address;
      if (peer != self_.rank) address = const_cast<Mesh&>(mesh_).getPair(peer)->address().bytes();
      const uint16_t count = static_cast<uint16_t>(address.size());
      const auto* counted = reinterpret_cast<const std::byte*>(&count);
      bytes.insert(bytes.end(), counted, counted + sizeof count);
      const auto* raw = reinterpret_cast<const std::byte*>(address.data());
      bytes.insert(bytes.end(), raw, raw + address.size());
    }
    return bytes;
  }

  void connect(const std::vector<std::span<const std::byte>>& endpoints, int64_t deadline_nanoseconds, bool (*cancelled)(void*), void* state) override {
    std::mutex mutex;
    std::condition_variable ended;
    bool done = false;
    std::exception_ptr failure;
    std::thread worker([&] {
      try {
        for (int peer = 0; peer < self_.size; peer++) {
          if (peer == self_.rank) continue;
          meeting_ = peer;
          mesh_.getPair(peer)->connect(address_for_this_rank(endpoints[static_cast<size_t>(peer)], peer));
          admit(peer);
        }
      } catch (...) {
        failure = std::current_exception();
      }
      std::lock_guard lock(mutex);
      done = true;
      ended.notify_all();
    });
    bool stop = false;
    {
      std::unique_lock lock(mutex);
      while (!done && !stop) {
        // Short naps: being cancelled must not wait for the deadline.
        ended.wait_for(lock, std::chrono::milliseconds(10));
        stop = now_nanoseconds() >= deadline_nanoseconds || cancelled(state);
      }
      if (done) stop = false;
    }
    if (stop) {
      std::lock_guard lock(greeting_mutex_);
      stopped_ = true;
      mesh_.close_pairs();
      if (greeting_ != nullptr) {
        greeting_->abortWaitRecv();
        greeting_->abortWaitSend();
      }
    }
    worker.join();
    if (stop) {
      if (cancelled(state)) fail(AR_ABORTED, "aborted while connecting");
      fail(AR_TIMEOUT, "rank %d did not connect in time", meeting_.load());
    }
    if (failure == nullptr) return;
    try {
      std::rethrow_exception(failure);
    } catch (const Failure&) {
      mesh_.close_pairs();
      throw;
    } catch (const std::exception& error) {
      mesh_.close_pairs();
      fail(AR_PEER_LOST, "rank %d cannot be reached: %s", meeting_.load(), first_line(error.what()).c_str());
    }
  }

  void send(Transfer& transfer) override { lane(transfer.peer, true).put(*this, transfer); }
  void receive(Transfer& transfer) override { lane(transfer.peer, false).put(*this, transfer); }
  void copied(Transfer&) override {}

  void release(Transfer& transfer) override {
    staging_.erase(&transfer);
    if (!closed_) events_.completed(transfer);
  }

  int64_t register_slab(int, std::byte* address, int64_t byte_count) override { return slabs_.add(address, byte_count); }
  void unregister_slab(int64_t slab) override { slabs_.remove(slab); }
  void check_in_slab(const Memory& memory) const override { slabs_.check(memory); }

  void progress(std::unique_lock<std::mutex>& lock, int64_t deadline_nanoseconds) override {
    if (deadline_nanoseconds == kNever) {
      changed_.wait(lock, [&] { return woken_; });
    } else {
      changed_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_nanoseconds)), [&] { return woken_; });
    }
    woken_ = false;
  }

  void wake() override {
    woken_ = true;
    changed_.notify_all();
  }

  void close(const Reason*) override {
    if (closed_) return;
    closed_ = true;
    for (Lane& lane : lanes_) {
      lane.queue.clear();
      lane.changed.notify_all();
      for (gloo::transport::UnboundBuffer* waiting : lane.waiting) {
        if (waiting == nullptr) continue;
        waiting->abortWaitRecv();
        waiting->abortWaitSend();
      }
    }
    // Ends what Gloo's own thread does with the callers' memory, and tells the peers.
    mesh_.close_pairs();
    staging_.clear();
  }

 private:
  struct Lane {
    std::thread thread;
    std::condition_variable changed;
    std::deque<Transfer*> queue;
    gloo::transport::UnboundBuffer* waiting[3] = {};

    void put(GlooTransport& owner, Transfer& transfer) {
      if (owner.closed_) return;
      queue.push_back(&transfer);
      if (!thread.joinable()) thread = std::thread([&owner, this, peer = transfer.peer, sending = transfer.sending] { owner.run(*this, peer, sending); });
      changed.notify_all();
    }
  };

  Lane& lane(int peer, bool sending) { return lanes_[2 * static_cast<size_t>(peer) + (sending ? 1 : 0)]; }

  std::vector<char> address_for_this_rank(std::span<const std::byte> endpoint, int peer) const {
    for (int rank = 0; endpoint.size() >= sizeof(uint16_t); rank++) {
      uint16_t count;
      std::memcpy(&count, endpoint.data(), sizeof count);
      endpoint = endpoint.subspan(sizeof count);
      if (count > endpoint.size()) break;
      if (rank == self_.rank && count > 0) return {reinterpret_cast<const char*>(endpoint.data()), reinterpret_cast<const char*>(endpoint.data()) + count};
      endpoint = endpoint.subspan(count);
    }
    fail(AR_INVALID_ARGUMENT, "endpoint of rank %d holds no address for this rank", peer);
  }

  static std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

  // Waits that connect() can abort.
  bool exchange(Greeting& greeting, int peer, bool sending) {
    Buffer buffer = mesh_.buffer(&greeting, sizeof greeting);
    {
      std::lock_guard lock(greeting_mutex_);
      if (stopped_) fail(AR_ABORTED, "stopped while connecting");
      greeting_ = buffer.get();
    }
    if (sending) {
      buffer->send(peer, kGreeting);
    } else {
      buffer->recv(peer, kGreeting);
    }
    const bool complete = sending ? buffer->waitSend(kPatience) : buffer->waitRecv(kPatience);
    std::lock_guard lock(greeting_mutex_);
    greeting_ = nullptr;
    return complete;
  }

  void say(const Greeting& greeting, int peer) {
    Greeting copy = greeting;
    if (!exchange(copy, peer, true)) fail(AR_ABORTED, "stopped while connecting");
  }

  Greeting hear(int peer) {
    Greeting greeting{};
    if (!exchange(greeting, peer, false)) fail(AR_ABORTED, "stopped while connecting");
    return greeting;
  }

  void admit(int peer) {
    Handshake handshake(self_);
    if (peer < self_.rank) {
      say(handshake.hello(peer), peer);
      const Greeting challenge = hear(peer);
      if (challenge.kind == GreetingKind::kRefused) fail(AR_REFUSED, "rank %d refused this rank: %s", peer, refusal_text(challenge.refusal));
      const Greeting proof = handshake.prove(challenge);
      say(proof, peer);
      if (proof.kind == GreetingKind::kRefused) fail(AR_REFUSED, "rank %d was not admitted: %s", peer, refusal_text(proof.refusal));
      const Greeting last = hear(peer);
      if (last.kind != GreetingKind::kAdmitted) fail(AR_REFUSED, "rank %d refused this rank: %s", peer, refusal_text(last.refusal));
      return;
    }
    for (int turn = 0; turn < 2; turn++) {
      const Greeting heard = hear(peer);
      Greeting reply = turn == 0 ? handshake.challenge(heard) : handshake.judge(heard);
      if (turn == 0 && reply.kind == GreetingKind::kChallenge && handshake.peer() != peer) reply = handshake.refuse(Refusal::kRank);
      if (heard.kind != GreetingKind::kRefused) say(reply, peer);
      if (reply.kind == GreetingKind::kRefused) fail(AR_REFUSED, "rank %d was refused: %s", peer, refusal_text(reply.refusal));
    }
  }

  void run(Lane& lane, int peer, bool sending) {
    std::unique_lock lock(events_.mutex());
    while (!closed_) {
      if (lane.queue.empty()) {
        lane.changed.wait(lock);
        continue;
      }
      Transfer& transfer = *lane.queue.front();
      try {
        const bool going_on = sending ? send_one(lane, lock, transfer) : receive_one(lane, lock, transfer);
        if (!lock.owns_lock()) lock.lock();
        if (!going_on) return;
      } catch (const std::exception& error) {
        if (!lock.owns_lock()) lock.lock();
        if (closed_) return;
        events_.broken({AR_PEER_LOST, transfer.operation->kind, peer, transfer.operation->label, "rank " + std::to_string(peer) + " is lost: " + first_line(error.what())});
        return;
      }
      lane.queue.pop_front();
      if (transfer.borrow) {
        events_.arrived(transfer);
        if (!closed_) wake();
      } else {
        events_.completed(transfer);
      }
    }
  }

  // Makes the buffers known to close() for as long as they live; the lock is held on both ends.
  class Waiting {
   public:
    Waiting(Lane& lane, std::unique_lock<std::mutex>& lock, std::initializer_list<gloo::transport::UnboundBuffer*> buffers) : lane_(lane), lock_(lock) {
      std::copy(buffers.begin(), buffers.end(), lane.waiting);
      lock.unlock();
    }
    ~Waiting() {
      if (!lock_.owns_lock()) lock_.lock();
      for (auto& waiting : lane_.waiting) waiting = nullptr;
    }

   private:
    Lane& lane_;
    std::unique_lock<std::mutex>& lock_;
  };

  // False: closed meanwhile. The lock is held at the start and at the end.
  bool send_one(Lane& lane, std::unique_lock<std::mutex>& lock, Transfer& transfer) {
    const int peer = transfer.peer;
    Header header{transfer.memory.byte_count, transfer.channel, 0, transfer.checksum};
    Verdict verdict{};
    {
      Buffer said = mesh_.buffer(&header, sizeof header);
      Buffer heard = mesh_.buffer(&verdict, sizeof verdict);
      Buffer payload = mesh_.buffer(transfer.memory.address, static_cast<size_t>(transfer.memory.byte_count));
      Waiting waiting(lane, lock, {said.get(), heard.get(), payload.get()});
      heard->recv(peer, kVerdict);
      said->send(peer, kHeader);
      if (transfer.memory.byte_count > 0) payload->send(peer, kPayload);
      // The payload leaves only when the receiver asks for it, which it does after it has agreed to the header; the verdict comes last.
      if (!said->waitSend(kPatience) || !heard->waitRecv(kPatience)) return false;
      if (verdict.accepted != 0 && header.byte_count > 0 && !payload->waitSend(kPatience)) return false;
    }
    if (closed_) return false;
    if (verdict.accepted == 0 && verdict.byte_count == header.byte_count && verdict.channel == header.channel) {
      events_.damaged(transfer, self_.rank);
      return false;
    }
    if (verdict.accepted == 0) {
      disagree(transfer, header.byte_count, header.channel, verdict.byte_count, verdict.channel);
      return false;
    }
    return true;
  }

  bool receive_one(Lane& lane, std::unique_lock<std::mutex>& lock, Transfer& transfer) {
    const int peer = transfer.peer;
    Header header{};
    {
      Buffer heard = mesh_.buffer(&header, sizeof header);
      Waiting waiting(lane, lock, {heard.get()});
      heard->recv(peer, kHeader);
      if (!heard->waitRecv(kPatience)) return false;
    }
    if (closed_) return false;
    Verdict verdict{transfer.memory.byte_count, transfer.channel, header.byte_count == transfer.memory.byte_count && header.channel == transfer.channel};
    if (transfer.borrow && transfer.memory.byte_count > 0) {
      auto& bytes = staging_[&transfer];
      bytes.reset(new std::byte[static_cast<size_t>(transfer.memory.byte_count)]);
      transfer.memory.address = bytes.get();
    }
    bool is_well = true;
    {
      Buffer payload = mesh_.buffer(transfer.memory.address, static_cast<size_t>(transfer.memory.byte_count));
      Buffer said = mesh_.buffer(&verdict, sizeof verdict);
      Waiting waiting(lane, lock, {payload.get(), said.get()});
      if (verdict.accepted != 0 && header.byte_count > 0) {
        payload->recv(peer, kPayload);
        if (!payload->waitRecv(kPatience)) return false;
        lock.lock();
        if (closed_) return false;
        transfer.checksum = header.checksum;
        is_well = events_.is_received_well(lock, transfer);
        if (closed_) return false;
        lock.unlock();
      }
      if (!is_well) verdict.accepted = 0;
      said->send(peer, kVerdict);
      if (!said->waitSend(kPatience)) return false;
    }
    if (closed_) return false;
    if (!is_well) {
      events_.damaged(transfer, peer);
      return false;
    }
    if (verdict.accepted == 0) {
      disagree(transfer, verdict.byte_count, verdict.channel, header.byte_count, header.channel);
      return false;
    }
    return true;
  }

  void disagree(const Transfer& transfer, int64_t own_bytes, int32_t own_channel, int64_t peer_bytes, int32_t peer_channel) {
    const Operation& operation = *transfer.operation;
    char line[300];
    if (own_channel != peer_channel) {
      std::snprintf(line, sizeof line, "%s with label %" PRId64 ": rank %d is in a %s", operation_name(operation.kind), operation.label, transfer.peer, operation_name(peer_channel));
    } else {
      std::snprintf(line, sizeof line, "%s with label %" PRId64 ": rank %d %s %" PRId64 " bytes where this rank %s %" PRId64, operation_name(operation.kind), operation.label, transfer.peer,
                    transfer.sending ? "expected" : "sent", peer_bytes, transfer.sending ? "sent" : "expected", own_bytes);
    }
    events_.broken({AR_MISMATCH, operation.kind, transfer.peer, operation.label, line});
  }

  const Identity& self_;
  Events& events_;
  Mesh mesh_;
  std::vector<Lane> lanes_;
  std::condition_variable changed_;
  bool woken_ = false;
  bool closed_ = false;
  std::map<Transfer*, std::unique_ptr<std::byte[]>> staging_;
  SlabNames slabs_;
  // Between connect() and its worker.
  std::mutex greeting_mutex_;
  gloo::transport::UnboundBuffer* greeting_ = nullptr;
  bool stopped_ = false;
  std::atomic<int> meeting_{-1};
};

}  // namespace

void require_gloo() {}

std::unique_ptr<Transport> open_gloo(const ar_comm_options& options, const Identity& self, Events& events) {
  try {
    return std::make_unique<GlooTransport>(options.host != nullptr ? options.host : "127.0.0.1", self, events);
  } catch (const Failure&) {
    throw;
  } catch (const std::exception& error) {
    fail(AR_INVALID_ARGUMENT, "Gloo cannot listen on %s: %.300s", options.host != nullptr ? options.host : "127.0.0.1", error.what());
  }
}

}  // namespace actorring::comm
