// The seam between what is moved (communicator.h) and how (hand_over.h, gloo, nccl): send, receive, progress, close.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "actorring_comm.h"
#include "failure.h"
#include "handshake.h"

namespace actorring::comm {

struct Operation;

/// Nanoseconds of the monotonic clock.
int64_t now_nanoseconds();
inline constexpr int64_t kNever = INT64_MAX;

/// A piece of the caller's memory, with the registered slab it lies in (0: none).
struct Memory {
  std::byte* address = nullptr;
  int64_t byte_count = 0;
  int64_t slab = 0;

  Memory part(int64_t offset, int64_t count) const { return {address + offset, count, slab}; }
};

inline bool lies_in(const Memory& memory, const Memory& whole) {
  return memory.byte_count == 0 || (memory.address >= whole.address && memory.byte_count <= whole.byte_count && memory.address - whole.address <= whole.byte_count - memory.byte_count);
}

/// One message between this rank and a peer, in one direction. Part of an operation; stays where it is until the operation is done.
struct Transfer {
  Operation* operation = nullptr;
  int peer = -1;
  bool sending = false;
  bool borrow = false;    // a receive that leaves the bytes with the sender
  bool arrived = false;   // a borrow whose bytes may be read
  bool complete = false;
  int channel = 0;        // operations of different channels must not be matched: ar_comm_operation, with the point-to-point ones as one
  uint64_t sequence = 0;  // the transport's, like the next one
  uint32_t peer_slab = 0;
  int owner = -1;         // of a borrow: whose memory it is, not the peer's where that one lends on
  Transfer* lender = nullptr;  // of a send from borrowed bytes: the borrow
  int lent_on = 0;        // of a borrow: sends from it that are not complete
  bool released = false;  // of a borrow: its reader is done
  int64_t renewed = 0;    // of a borrow: when its sender was last given time, by arrival or Transport::renew
  int open_pieces = 0;    // of its copy
  uint64_t checksum = 0;  // of what was sent, where the sender says it: 0 if not
  const std::byte* source = nullptr;  // of its copy

  /// Whose memory it is that is read.
  int keeper() const { return owner >= 0 ? owner : peer; }
  Memory memory;          // what is sent or received into; after a borrow: where the sender's bytes are
};

/// Why a communicator broke.
struct Reason {
  ar_status status = AR_OK;
  int32_t operation = AR_COMM_CONNECT;
  int32_t peer = -1;
  int64_t label = 0;
  std::string text;
};

/// What a transport tells the communicator. The communicator's lock is held in every call.
class Events {
 public:
  virtual ~Events() = default;
  virtual void completed(Transfer& transfer) = 0;
  /// A borrow's bytes may be read at transfer.memory.address until Transport::release; it completes when the sender has been told.
  virtual void arrived(Transfer& transfer) = 0;
  /// What is sent was lent on: the send's time begins anew.
  virtual void renewed(Transfer& transfer) = 0;
  /// Asks for `source` to be copied into the transfer's memory without the lock; Transport::copied follows.
  virtual void copy(Transfer& transfer, const std::byte* source) = 0;
  virtual void broken(Reason reason) = 0;
  /// Whether what was received is what was sent, as far as the sender says and this rank wants to know. The lock is let go of meanwhile; the transfer and its memory stay.
  virtual bool is_received_well(std::unique_lock<std::mutex>& lock, const Transfer& transfer) = 0;
  /// They are not, and `rank` is to blame.
  virtual void damaged(const Transfer& transfer, int rank) = 0;
  /// The rank that this one has waited for longest, or -1.
  virtual int waits_for() const = 0;
  /// A peer's answer to Transport::ask.
  virtual void answered(int peer, int waits_for) = 0;
  /// The communicator's lock, for transports with threads of their own.
  virtual std::mutex& mutex() = 0;
};

/// One rank's connections. All calls but the destructor, listen-time ones and wake are made with the communicator's lock held.
class Transport {
 public:
  virtual ~Transport() = default;

  virtual std::vector<std::byte> endpoint() const = 0;
  /// Blocks without the lock until every pair is admitted; throws Failure. `cancelled` is asked whenever wake was called.
  virtual void connect(const std::vector<std::span<const std::byte>>& endpoints, int64_t deadline_nanoseconds, bool (*cancelled)(void*), void* state) = 0;

  /// Whether this processor may read and write what is transferred. If not: no sums, no borrows, and copies within this rank are sends to itself.
  virtual bool host_memory() const { return true; }

  virtual void send(Transfer& transfer) = 0;
  virtual void receive(Transfer& transfer) = 0;
  virtual void copied(Transfer& transfer) = 0;
  virtual void release(Transfer& transfer) = 0;
  /// Whether a borrow's lender and owner are still there: if so, what was read before the call was what was sent. If not, the communicator is broken.
  virtual bool is_intact(Transfer& /*transfer*/) { return true; }
  /// Tells a borrow's lender that its bytes are being lent on.
  virtual void renew(Transfer& /*transfer*/) {}
  /// Asks a peer whom it waits for: Events::answered follows if it is alive. False: this transport, or this peer, cannot be asked.
  virtual bool ask(int /*peer*/) { return false; }

  virtual int64_t register_slab(int descriptor, std::byte* address, int64_t byte_count) = 0;
  virtual void unregister_slab(int64_t slab) = 0;
  virtual void check_in_slab(const Memory& memory) const = 0;

  /// Sleeps, with the lock released, until something happened, wake was called or the deadline came; then does what there is to do.
  virtual void progress(std::unique_lock<std::mutex>& lock, int64_t deadline_nanoseconds) = 0;
  /// From any thread.
  virtual void wake() = 0;
  /// Tells the peers why and ends the connections; afterwards no transfer is touched. Null: this rank leaves in good order.
  virtual void close(const Reason* reason) = 0;
};

/// Throws AR_UNSUPPORTED, naming what is missing, if the transport cannot be had here.
void require_transport(int32_t transport);
std::unique_ptr<Transport> open_transport(const ar_comm_options& options, const Identity& self, Events& events);

}  // namespace actorring::comm
