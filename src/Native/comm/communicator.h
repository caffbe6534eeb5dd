// One rank's place in one group: its operations, its thread, its failures. Collectives are written here once, over sends and receives.
//
// Invariants
//   - mutex_ guards everything; memory is copied and summed without it.
//   - A transfer belongs to its operation and does not move while it is open.
//   - Once broken_ is set no transfer completes any more, and the transport touches none.
//   - A borrow that was lent on outlives its release (`detached`): until the last reader behind it has let go.
//   - An operation's memory is not touched after its wait returned: a wait also waits for what is in progress (`running`): at most one piece of a copy.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <optional>
#include <thread>

#include "transport.h"

namespace actorring::comm {

/// Who is to blame for an operation that is late: ranks are asked whom they wait for, until one does not answer or waits for nobody.
struct Inquiry {
  int64_t operation;  // its id
  int suspect;
  int asked;          // ranks so far: no more than there are, even if they wait for each other in a circle
  int64_t answer_until;
};

/// An ordered sum that starts when all contributions have arrived.
struct Reduction {
  Memory own;
  Memory destination;
  ar_dtype source_dtype = AR_FLOAT32;
  ar_dtype destination_dtype = AR_FLOAT32;
  int64_t element_count = 0;
  bool then_gather = false;  // all-reduce: send the sum to everybody
};

struct Operation {
  int64_t id = 0;  // 0: free
  int32_t kind = 0;
  int64_t label = 0;
  int64_t deadline = kNever;
  int64_t patience = kNever;  // what the deadline was made of
  std::vector<Transfer> transfers;
  int open_transfers = 0;
  int open_contributions = 0;
  int open_work = 0;
  int running = 0;
  bool done = false;
  bool detached = false;  // nobody will wait for it: retired when done
  Reduction reduction;
};

class Communicator final : public Events {
 public:
  explicit Communicator(const ar_comm_options& options);
  ~Communicator() override;

  std::vector<std::byte> endpoint() const;
  void set_secret(const uint8_t* secret);
  void connect(const std::byte* endpoints, const int64_t* endpoint_bytes, int64_t deadline_ms);
  void abort(const char* reason);
  /// Ends the thread and the connections; afterwards only the destructor may run. Waiters are freed first.
  void shut_down();

  int64_t register_slab(int descriptor, std::byte* address, int64_t byte_count);
  void unregister_slab(int64_t slab);

  int64_t send(const ar_comm_call& call, int32_t peer, const Memory& source);
  int64_t receive(const ar_comm_call& call, int32_t peer, const Memory& destination);
  int64_t rotate(const ar_comm_call& call, int32_t to, const Memory& source, int32_t from, const Memory& destination);
  int64_t borrow(const ar_comm_call& call, int32_t peer, int64_t byte_count);
  int64_t all_to_all(const ar_comm_call& call, const Memory& source, const int64_t* source_bytes, const Memory& destination, const int64_t* destination_bytes);
  int64_t all_gather(const ar_comm_call& call, const Memory& source, const Memory& destination, const int64_t* part_bytes);
  int64_t reduce_scatter(const ar_comm_call& call, const Memory& source, ar_dtype source_dtype, const Memory& destination, ar_dtype destination_dtype, const int64_t* part_elements);
  int64_t all_reduce(const ar_comm_call& call, const Memory& source, ar_dtype source_dtype, const Memory& destination, ar_dtype destination_dtype);
  int64_t broadcast(const ar_comm_call& call, int32_t root, const Memory& memory);
  int64_t barrier(const ar_comm_call& call);

  void wait(int64_t operation);
  const void* wait_borrowed(int64_t operation);
  void release(int64_t operation);
  bool is_complete(int64_t operation);

  ar_comm_info info();
  ar_comm_peer_info peer_info(int32_t peer);
  ar_comm_wait_info wait_info();
  int size() const { return self_.size; }
  int rank() const { return self_.rank; }

 private:
  struct Work {
    Operation* operation;
    Transfer* transfer;  // null: a local copy or the sum
    const std::byte* source;
    std::byte* destination;
    int64_t byte_count;  // -1: the sum
    bool streaming;
  };

  // Events
  void completed(Transfer& transfer) override;
  void arrived(Transfer& transfer) override;
  void renewed(Transfer& transfer) override;
  void copy(Transfer& transfer, const std::byte* source) override;
  void broken(Reason reason) override;
  bool is_received_well(std::unique_lock<std::mutex>& lock, const Transfer& transfer) override;
  void damaged(const Transfer& transfer, int rank) override;
  int waits_for() const override;
  void answered(int peer, int waits_for) override;
  std::mutex& mutex() override { return mutex_; }

  using Lock = std::unique_lock<std::mutex>;
  void require_peer(int32_t peer, const char* name) const;
  void require_memory(const Memory& memory) const;
  void require_ready(int32_t kind, const ar_comm_call& call) const;
  void require_host_memory() const;
  Operation& start(int32_t kind, const ar_comm_call& call, int transfer_count);
  void add_send(Operation& operation, int peer, const Memory& memory);
  void add_receive(Operation& operation, int peer, const Memory& memory);
  Transfer* lender_of(const Memory& memory);
  void add_contribution(Operation& operation, int peer, int64_t byte_count);
  void add_local_copy(Operation& operation, const Memory& source, const Memory& destination);
  int64_t started(Operation& operation);
  Transfer& add_transfer(Operation& operation, int peer, bool sending);
  void begin_sum(Operation& operation);
  bool is_copied_well(Lock& lock, Transfer& transfer);
  bool is_as_sent(const Transfer& transfer, const std::byte* bytes) const;
  int add_copies(Operation& operation, Transfer* transfer, const std::byte* source, const Memory& destination);
  void after_sum(Operation& operation);
  void finish_if_done(Operation& operation);

  Operation& find(int64_t id);
  void renew(Transfer& borrow);
  void wait_until_done(Lock& lock, Operation& operation);
  void retire(Operation& operation);
  [[noreturn]] void raise() const;
  [[noreturn]] void raise(int32_t kind, int64_t label) const;

  void run();
  bool work_once(Lock& lock);
  void expire(int64_t now);
  const Operation* first_due() const;
  void accuse(const Operation& operation, const char* how);
  int64_t next_deadline() const;
  void wake_if_asleep(int64_t deadline);

  Identity self_;  // does not change once connect was called
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Transport> transport_;
  std::thread thread_;
  bool connecting_ = false;
  bool connected_ = false;
  bool ending_ = false;
  int64_t asleep_until_ = 0;  // 0: awake
  std::unique_ptr<Reason> broken_;
  std::optional<Inquiry> inquiry_;
  std::atomic<bool> stop_sums_{false};
  const int64_t streaming_threshold_;
  const bool verifies_;
  const Operation* waited_ = nullptr;  // what a thread sleeps for; the last to go to sleep where there are several
  int64_t waited_since_ = 0;
  int waiter_count_ = 0;
  std::deque<std::unique_ptr<Operation>> operations_;
  std::vector<int64_t> free_slots_;
  std::deque<Work> work_;
  std::vector<ar_comm_peer_info> peers_;
  int64_t generation_ = 0;
  int64_t operation_count_ = 0;
  int64_t outstanding_count_ = 0;
  int64_t borrowed_count_ = 0;  // arrived and not released
  int64_t wait_nanoseconds_ = 0;
};

const char* operation_name(int32_t operation);
/// The last failure of a transfer on this thread, in parts.
ar_comm_failure& last_failure();

}  // namespace actorring::comm
