#include "communicator.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <chrono>
#include <cinttypes>
#include <cstring>

#include "checksum.h"
#include "copy.h"
#include "sums.h"

namespace actorring::comm {
namespace {

constexpr int kSlotBits = 24;
constexpr uint32_t kEndpointMagic = 0x50455241;  // "AREP"
constexpr int64_t kAnswerTime = 250'000'000;      // a live rank's thread answers within microseconds; a busy machine may take longer to give it a turn
constexpr int64_t kInlineBytes = 64 << 10;       // below this a copy costs less than waking the thread for it
constexpr int64_t kPieceBytes = 2 << 20;         // of a copy: shared between the thread and who waits, and stopped within a fraction of a millisecond

// What every endpoint starts with, whatever the transport: enough to name a peer that belongs to another group.
struct EndpointHeader {
  uint32_t magic;
  int32_t transport, rank, size;
  int64_t epoch;
};

Identity identity_of(const ar_comm_options& options) {
  Identity self{options.transport, options.rank, options.size, options.epoch, {}};
  std::memcpy(self.secret.data(), options.secret, self.secret.size());
  return self;
}

template <class... Values>
std::string text(const char* format, Values... values) {
  char line[400];
  std::snprintf(line, sizeof line, format, values...);
  return line;
}

}  // namespace

int64_t now_nanoseconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

const char* operation_name(int32_t operation) {
  static constexpr const char* names[] = {"connect", "send", "receive", "rotate", "borrow", "all-to-all", "all-gather", "reduce-scatter", "all-reduce", "broadcast", "barrier"};
  return operation >= 0 && operation < static_cast<int32_t>(std::size(names)) ? names[operation] : "unknown";
}

ar_comm_failure& last_failure() {
  static thread_local ar_comm_failure failure{};
  return failure;
}

// ---- life ------------------------------------------------------------------------------------------------------------------------------

Communicator::Communicator(const ar_comm_options& options) : self_(identity_of(options)), transport_(open_transport(options, self_, *this)), streaming_threshold_(streaming_threshold()), verifies_(options.verify != 0), peers_(static_cast<size_t>(options.size)) {}

Communicator::~Communicator() { shut_down(); }

std::vector<std::byte> Communicator::endpoint() const {
  const EndpointHeader header{kEndpointMagic, self_.transport, self_.rank, self_.size, self_.epoch};
  std::vector<std::byte> bytes(sizeof header);
  std::memcpy(bytes.data(), &header, sizeof header);
  const std::vector<std::byte> own = transport_->endpoint();
  bytes.insert(bytes.end(), own.begin(), own.end());
  return bytes;
}

void Communicator::set_secret(const uint8_t* secret) {
  Lock lock(mutex_);
  if (broken_) raise();
  if (connected_ || connecting_) fail(AR_INVALID_ARGUMENT, "the secret cannot change once ar_comm_connect was called");
  std::memcpy(self_.secret.data(), secret, self_.secret.size());
}

void Communicator::connect(const std::byte* endpoints, const int64_t* endpoint_bytes, int64_t deadline_ms) {
  Lock lock(mutex_);
  if (broken_) raise();
  if (connected_ || connecting_) fail(AR_INVALID_ARGUMENT, "the communicator is connected already");
  std::vector<std::span<const std::byte>> parts;
  try {
    for (int p = 0; p < self_.size; p++) {
      EndpointHeader header;
      if (endpoint_bytes[p] < static_cast<int64_t>(sizeof header) || endpoint_bytes[p] > 65536) fail(AR_INVALID_ARGUMENT, "endpoint of rank %d has %" PRId64 " bytes", p, endpoint_bytes[p]);
      std::memcpy(&header, endpoints, sizeof header);
      if (header.magic != kEndpointMagic) fail(AR_INVALID_ARGUMENT, "endpoint of rank %d is not one", p);
      if (header.epoch != self_.epoch) fail(AR_REFUSED, "rank %d is of epoch %" PRId64 ", this rank of %" PRId64, p, header.epoch, self_.epoch);
      if (header.size != self_.size) fail(AR_REFUSED, "rank %d is of a group of %d, this rank of %d", p, header.size, self_.size);
      if (header.rank != p) fail(AR_REFUSED, "the endpoint given for rank %d is that of rank %d", p, header.rank);
      if (header.transport != self_.transport) fail(AR_REFUSED, "rank %d speaks transport %d, this rank %d", p, header.transport, self_.transport);
      parts.emplace_back(endpoints + sizeof header, static_cast<size_t>(endpoint_bytes[p]) - sizeof header);
      endpoints += endpoint_bytes[p];
    }
    connecting_ = true;
    lock.unlock();
    const auto cancelled = [](void* state) {
      auto* self = static_cast<Communicator*>(state);
      Lock guard(self->mutex_);
      return self->broken_ != nullptr;
    };
    transport_->connect(parts, now_nanoseconds() + deadline_ms * 1'000'000, cancelled, this);
    lock.lock();
    connecting_ = false;
    if (broken_) raise();
  } catch (const Failure& failure) {
    if (!lock.owns_lock()) lock.lock();
    connecting_ = false;
    if (failure.status != AR_INVALID_ARGUMENT && !broken_) broken({failure.status, AR_COMM_CONNECT, -1, 0, failure.message});
    if (broken_) raise();
    throw;
  }
  connected_ = true;
  // Signals belong to the threads of whoever loaded this library.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), text("ar-comm-%d", self_.rank).c_str());
}

void Communicator::abort(const char* reason) {
  Lock lock(mutex_);
  broken({AR_ABORTED, AR_COMM_CONNECT, -1, 0, text("aborted: %s", reason != nullptr && *reason != 0 ? reason : "no reason given")});
}

void Communicator::shut_down() {
  {
    Lock lock(mutex_);
    if (ending_) return;
    ending_ = true;
    if (!broken_ && !connecting_) {
      bool idle = true;
      for (const auto& operation : operations_) idle = idle && (operation->id == 0 || operation->done);
      if (idle) transport_->close(nullptr);
    }
    broken({AR_ABORTED, AR_COMM_CONNECT, -1, 0, "aborted: the communicator was freed"});
  }
  if (thread_.joinable()) thread_.join();
}

// ---- failures --------------------------------------------------------------------------------------------------------------------------

void Communicator::broken(Reason reason) {
  if (broken_) return;
  broken_ = std::make_unique<Reason>(std::move(reason));
  stop_sums_ = true;
  work_.clear();
  // While connecting, the connections belong to the thread that connects: it asks when woken.
  if (!connecting_) transport_->close(broken_.get());
  transport_->wake();
  changed_.notify_all();
}

void Communicator::raise() const {
  last_failure() = {broken_->status, broken_->operation, broken_->peer, 0, broken_->label};
  throw Failure{broken_->status, broken_->text};
}

// An operation that fell with the communicator says its own name first.
void Communicator::raise(int32_t kind, int64_t label) const {
  if (kind == broken_->operation && label == broken_->label) raise();
  last_failure() = {broken_->status, kind, broken_->peer, 0, label};
  throw Failure{broken_->status, text("%s with label %" PRId64 ": ", operation_name(kind), label) + broken_->text};
}

// The open operation whose deadline comes first.
const Operation* Communicator::first_due() const {
  const Operation* first = nullptr;
  for (const auto& operation : operations_) {
    if (operation->id != 0 && !operation->done && (first == nullptr || operation->deadline < first->deadline)) first = operation.get();
  }
  return first;
}

static const Transfer* late_transfer(const Operation& operation) {
  const Transfer* late = nullptr;
  for (const Transfer& transfer : operation.transfers) {
    if (!transfer.complete && !transfer.arrived && (late == nullptr || (late->sending && !transfer.sending))) late = &transfer;
  }
  return late;
}

int Communicator::waits_for() const {
  const Operation* operation = first_due();
  const Transfer* late = operation != nullptr ? late_transfer(*operation) : nullptr;
  return late != nullptr ? late->peer : -1;
}

// In a ring everybody waits, each for the next: the deadline of who waits for a waiting rank may come first. So nobody is accused who answers that it waits as well.
void Communicator::expire(int64_t now) {
  if (inquiry_ && now < inquiry_->answer_until) return;
  const Operation* operation = first_due();
  if (operation == nullptr || operation->deadline > now) {
    inquiry_.reset();
    return;
  }
  if (inquiry_ && inquiry_->operation == operation->id) return accuse(*operation, "does not answer");
  const Transfer* late = late_transfer(*operation);
  inquiry_ = Inquiry{operation->id, late != nullptr ? late->peer : -1, 1, now + kAnswerTime};
  if (late == nullptr || !transport_->ask(late->peer)) accuse(*operation, "cannot be asked");
}

void Communicator::answered(int peer, int waits_for) {
  const Operation* operation = first_due();
  if (broken_ || !inquiry_ || inquiry_->suspect != peer || operation == nullptr || operation->id != inquiry_->operation) return;
  const bool innocent = waits_for >= 0 && waits_for != self_.rank && waits_for != peer && inquiry_->asked < self_.size;
  if (!innocent) return accuse(*operation, "waits for nobody");
  *inquiry_ = {operation->id, waits_for, inquiry_->asked + 1, now_nanoseconds() + kAnswerTime};
  if (!transport_->ask(waits_for)) accuse(*operation, "cannot be asked");
}

void Communicator::accuse(const Operation& operation, const char* how) {
  const Transfer* late = late_transfer(operation);
  std::string line = text("%s with label %" PRId64 " timed out", operation_name(operation.kind), operation.label);
  if (late != nullptr) line += text(": rank %d did not %s %" PRId64 " bytes", late->peer, late->sending ? "take" : "send", late->memory.byte_count);
  if (late != nullptr && inquiry_->suspect != late->peer) line += text("; it waits for rank %d, which %s", inquiry_->suspect, how);
  broken({AR_TIMEOUT, operation.kind, inquiry_->suspect, operation.label, line});
}

// ---- the thread ------------------------------------------------------------------------------------------------------------------------

void Communicator::run() {
  Lock lock(mutex_);
  while (!broken_) {
    if (work_once(lock)) continue;
    expire(now_nanoseconds());
    if (broken_) break;
    asleep_until_ = next_deadline();
    transport_->progress(lock, asleep_until_);
    asleep_until_ = 0;
  }
}

int64_t Communicator::next_deadline() const {
  if (inquiry_) return inquiry_->answer_until;
  const Operation* operation = first_due();
  return operation != nullptr ? operation->deadline : kNever;
}

void Communicator::wake_if_asleep(int64_t deadline) {
  if (asleep_until_ != 0 && (!work_.empty() || deadline < asleep_until_)) transport_->wake();
}

bool Communicator::work_once(Lock& lock) {
  if (work_.empty() || broken_) return false;
  const Work work = work_.front();
  work_.pop_front();
  Operation& operation = *work.operation;
  operation.running++;
  lock.unlock();
  const Transfer* bad = nullptr;
  if (work.byte_count >= 0) {
    copy_bytes(work.destination, work.source, work.byte_count, work.streaming);
  } else {
    const Reduction& reduction = operation.reduction;
    std::vector<const std::byte*> parts(static_cast<size_t>(self_.size), reduction.own.address);
    for (const Transfer& transfer : operation.transfers) {
      if (!transfer.borrow) continue;
      parts[static_cast<size_t>(transfer.peer)] = transfer.memory.address;
      if (bad == nullptr && !is_as_sent(transfer, transfer.memory.address)) bad = &transfer;
    }
    if (bad == nullptr) sum_in_order(parts, reduction.source_dtype, reduction.destination.address, reduction.destination_dtype, reduction.element_count, stop_sums_);
  }
  lock.lock();
  operation.running--;
  if (bad != nullptr) damaged(*bad, bad->keeper());
  if (broken_) {
    changed_.notify_all();
    return true;
  }
  if (work.transfer != nullptr) {
    if (--work.transfer->open_pieces == 0 && is_copied_well(lock, *work.transfer)) transport_->copied(*work.transfer);
    return true;
  }
  if (work.byte_count < 0) after_sum(operation);
  operation.open_work--;
  finish_if_done(operation);
  return true;
}

// ---- what the transport tells ----------------------------------------------------------------------------------------------------------

void Communicator::completed(Transfer& transfer) {
  Operation& operation = *transfer.operation;
  transfer.complete = true;
  if (transfer.peer != self_.rank) {
    ar_comm_peer_info& peer = peers_[static_cast<size_t>(transfer.peer)];
    (transfer.sending ? peer.sent_bytes : peer.received_bytes) += transfer.memory.byte_count;
  }
  Transfer* lender = transfer.lender;
  operation.open_transfers--;
  finish_if_done(operation);
  if (lender != nullptr && --lender->lent_on == 0 && lender->released) transport_->release(*lender);
}

void Communicator::renewed(Transfer& transfer) {
  Operation& operation = *transfer.operation;
  if (operation.patience != kNever) operation.deadline = now_nanoseconds() + operation.patience;
  if (transfer.lender != nullptr) renew(*transfer.lender);
}

// Bytes that pass through many ranks are needed for longer than one deadline. A rank that is quick says nothing: all of them together stay within half a deadline.
void Communicator::renew(Transfer& borrow) {
  const int64_t now = now_nanoseconds();
  if (now - borrow.renewed < borrow.operation->patience / (2 * self_.size)) return;
  borrow.renewed = now;
  transport_->renew(borrow);
}

void Communicator::arrived(Transfer& transfer) {
  Operation& operation = *transfer.operation;
  transfer.arrived = true;
  if (operation.kind == AR_COMM_BORROW) {
    borrowed_count_++;
    transfer.renewed = now_nanoseconds();
    operation.deadline = kNever;  // from here on it is the caller who takes time
    changed_.notify_all();
  } else if (--operation.open_contributions == 0) {
    begin_sum(operation);
  }
}

void Communicator::copy(Transfer& transfer, const std::byte* source) {
  if (transfer.memory.byte_count <= kInlineBytes) {
    if (transfer.memory.byte_count > 0) std::memcpy(transfer.memory.address, source, static_cast<size_t>(transfer.memory.byte_count));
    if (is_as_sent(transfer, transfer.memory.address)) return transport_->copied(transfer);
    return damaged(transfer, is_as_sent(transfer, source) ? self_.rank : transfer.keeper());
  }
  transfer.source = source;
  transfer.open_pieces = add_copies(*transfer.operation, &transfer, source, transfer.memory);
}

// The sender has its bytes until it is told: whoever has others than it said is to blame. The lock is held at the start and at the end.
bool Communicator::is_copied_well(Lock& lock, Transfer& transfer) {
  if (!verifies_ || transfer.checksum == 0) return true;
  Operation& operation = *transfer.operation;
  operation.running++;
  lock.unlock();
  const bool is_well = is_as_sent(transfer, transfer.memory.address);
  const bool is_own_fault = !is_well && is_as_sent(transfer, transfer.source);
  lock.lock();
  operation.running--;
  if (!is_well) damaged(transfer, is_own_fault ? self_.rank : transfer.keeper());
  if (broken_) changed_.notify_all();
  return !broken_;
}

bool Communicator::is_received_well(Lock& lock, const Transfer& transfer) {
  if (!verifies_ || transfer.checksum == 0) return true;
  Operation& operation = *transfer.operation;
  operation.running++;
  lock.unlock();
  const bool is_well = is_as_sent(transfer, transfer.memory.address);
  lock.lock();
  operation.running--;
  if (broken_) changed_.notify_all();
  return is_well;
}

bool Communicator::is_as_sent(const Transfer& transfer, const std::byte* bytes) const {
  return !verifies_ || transfer.checksum == 0 || checksum_of(bytes, transfer.memory.byte_count) == transfer.checksum;
}

void Communicator::damaged(const Transfer& transfer, int rank) {
  const Operation& operation = *transfer.operation;
  const char* where = rank == transfer.peer ? "in its memory or on the way" : transfer.sending ? "in this rank's memory or on the way" : rank == self_.rank ? "in this rank's memory" : "where they lie";
  broken({AR_DAMAGED, operation.kind, rank, operation.label,
          text("%s with label %" PRId64 ": of %" PRId64 " bytes %s rank %d, some have changed %s", operation_name(operation.kind), operation.label, transfer.memory.byte_count,
               transfer.sending ? "for" : "of", transfer.peer, where)});
}

int Communicator::add_copies(Operation& operation, Transfer* transfer, const std::byte* source, const Memory& destination) {
  int pieces = 0;
  for (int64_t at = 0; at < destination.byte_count; at += kPieceBytes, pieces++) {
    work_.push_back({&operation, transfer, source + at, destination.address + at, std::min(kPieceBytes, destination.byte_count - at), destination.byte_count >= streaming_threshold_});
  }
  if (waiter_count_ > 0 && pieces > 1) changed_.notify_all();
  return pieces;
}

void Communicator::finish_if_done(Operation& operation) {
  if (operation.done || operation.open_transfers > 0 || operation.open_work > 0) return;
  operation.done = true;
  if (operation.detached) return retire(operation);
  changed_.notify_all();
}

// ---- waits -----------------------------------------------------------------------------------------------------------------------------

Operation& Communicator::find(int64_t id) {
  const int64_t slot = id & ((1 << kSlotBits) - 1);
  const bool known = id > 0 && slot < static_cast<int64_t>(operations_.size()) && operations_[static_cast<size_t>(slot)]->id == id;
  if (!known || (operations_[static_cast<size_t>(slot)]->kind == AR_COMM_BORROW && operations_[static_cast<size_t>(slot)]->transfers[0].released))
    fail(AR_INVALID_ARGUMENT, "operation %" PRId64 " is not outstanding: waited for already, or never started here", id);
  return *operations_[static_cast<size_t>(slot)];
}

Operation& Communicator::start(int32_t kind, const ar_comm_call& call, int transfer_count) {
  if (free_slots_.empty()) {
    if (operations_.size() >= (1 << kSlotBits)) fail(AR_INVALID_ARGUMENT, "%zu operations are outstanding: wait for some", operations_.size());
    operations_.push_back(std::make_unique<Operation>());
    free_slots_.push_back(static_cast<int64_t>(operations_.size()) - 1);
  }
  Operation& operation = *operations_[static_cast<size_t>(free_slots_.back())];
  operation.transfers.reserve(static_cast<size_t>(transfer_count));
  operation.id = ++generation_ << kSlotBits | free_slots_.back();
  free_slots_.pop_back();
  operation.kind = kind;
  operation.label = call.label;
  operation.patience = call.deadline_ms > kNever / 2'000'000 ? kNever : call.deadline_ms * 1'000'000;
  operation.deadline = operation.patience == kNever ? kNever : now_nanoseconds() + operation.patience;
  operation.open_transfers = operation.open_contributions = operation.running = 0;
  operation.open_work = 1;  // the start itself: nothing is done before all of it is under way
  operation.done = operation.detached = false;
  operation.reduction = {};
  operation_count_++;
  outstanding_count_++;
  return operation;
}

int64_t Communicator::started(Operation& operation) {
  operation.open_work--;
  finish_if_done(operation);
  if (broken_ && !operation.done) {
    retire(operation);
    raise(operation.kind, operation.label);
  }
  wake_if_asleep(operation.done ? kNever : operation.deadline);
  return operation.id;
}

// Its kind and label can still be read, under the lock.
void Communicator::retire(Operation& operation) {
  free_slots_.push_back(operation.id & ((1 << kSlotBits) - 1));
  operation.id = 0;
  operation.transfers.clear();
  outstanding_count_--;
}

void Communicator::wait_until_done(Lock& lock, Operation& operation) {
  const int64_t id = operation.id;
  const int64_t start = now_nanoseconds();
  const auto ready = [&] {
    const bool readable = operation.kind == AR_COMM_BORROW && operation.transfers[0].arrived;
    return operation.id != id || operation.done || readable || (broken_ && operation.running == 0);
  };
  while (!ready()) {
    // Who has nothing else to do helps: a copy is shared with the thread.
    if (work_once(lock)) continue;
    waiter_count_++;
    waited_ = &operation;
    waited_since_ = start;
    if (operation.deadline == kNever) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(inquiry_ ? inquiry_->answer_until : operation.deadline)));
      if (!ready() && !broken_) expire(now_nanoseconds());
    }
    waiter_count_--;
    waited_ = nullptr;
  }
  wait_nanoseconds_ += now_nanoseconds() - start;
  if (operation.id != id) fail(AR_INVALID_ARGUMENT, "operation %" PRId64 " was waited for by another thread", id);
}

void Communicator::wait(int64_t id) {
  Lock lock(mutex_);
  Operation& operation = find(id);
  if (operation.kind == AR_COMM_BORROW) fail(AR_INVALID_ARGUMENT, "operation %" PRId64 " is a borrow: wait with ar_comm_wait_borrowed, end with ar_comm_release", id);
  wait_until_done(lock, operation);
  const bool done = operation.done;
  retire(operation);
  if (!done) raise(operation.kind, operation.label);
}

const void* Communicator::wait_borrowed(int64_t id) {
  Lock lock(mutex_);
  Operation& operation = find(id);
  if (operation.kind != AR_COMM_BORROW) fail(AR_INVALID_ARGUMENT, "operation %" PRId64 " is a %s, not a borrow", id, operation_name(operation.kind));
  wait_until_done(lock, operation);
  if (!operation.transfers[0].arrived) {
    retire(operation);
    raise(operation.kind, operation.label);
  }
  return operation.transfers[0].memory.address;
}

void Communicator::release(int64_t id) {
  Lock lock(mutex_);
  Operation& operation = find(id);
  if (operation.kind != AR_COMM_BORROW || !operation.transfers[0].arrived) fail(AR_INVALID_ARGUMENT, "operation %" PRId64 " has borrowed nothing yet", id);
  Transfer& borrow = operation.transfers[0];
  if (verifies_ && borrow.checksum != 0 && !broken_) {
    operation.running++;
    lock.unlock();
    const bool is_well = is_as_sent(borrow, borrow.memory.address);
    lock.lock();
    operation.running--;
    if (!is_well) damaged(borrow, borrow.keeper());
  }
  borrow.released = true;
  borrowed_count_--;
  // Who gave up before it heard of this release may have written to the bytes meanwhile.
  const bool intact = !broken_ && transport_->is_intact(borrow) && !broken_;
  operation.detached = intact && borrow.lent_on > 0;
  if (operation.detached) return;
  if (intact) transport_->release(borrow);
  waited_ = &operation;
  waited_since_ = now_nanoseconds();
  while (intact && !operation.done && !broken_) changed_.wait(lock);
  waited_ = nullptr;
  wait_nanoseconds_ += now_nanoseconds() - waited_since_;
  const bool done = operation.done;
  retire(operation);
  if (!done) raise(operation.kind, operation.label);
}

bool Communicator::is_complete(int64_t id) {
  Lock lock(mutex_);
  const Operation& operation = find(id);
  return operation.done || broken_ || (operation.kind == AR_COMM_BORROW && operation.transfers[0].arrived);
}

// ---- slabs and counters ----------------------------------------------------------------------------------------------------------------

int64_t Communicator::register_slab(int descriptor, std::byte* address, int64_t byte_count) {
  Lock lock(mutex_);
  if (broken_) raise();
  return transport_->register_slab(descriptor, address, byte_count);
}

void Communicator::unregister_slab(int64_t slab) {
  Lock lock(mutex_);
  if (broken_) raise();
  for (const auto& operation : operations_) {
    if (operation->id == 0 || operation->done) continue;
    for (const Transfer& transfer : operation->transfers) {
      if (transfer.memory.slab == slab && !transfer.complete) fail(AR_INVALID_ARGUMENT, "slab %" PRId64 " is in use by a %s that is not complete", slab, operation_name(operation->kind));
    }
  }
  transport_->unregister_slab(slab);
}

ar_comm_info Communicator::info() {
  Lock lock(mutex_);
  ar_comm_info info{self_.transport, self_.rank, self_.size, broken_ ? 2 : connected_ ? 1 : 0, self_.epoch, operation_count_, outstanding_count_, 0, 0, wait_nanoseconds_};
  for (const ar_comm_peer_info& peer : peers_) {
    info.sent_bytes += peer.sent_bytes;
    info.received_bytes += peer.received_bytes;
  }
  return info;
}

ar_comm_wait_info Communicator::wait_info() {
  Lock lock(mutex_);
  if (waited_ == nullptr || waited_->done) return {-1, -1, 0, 0};
  const Transfer* late = late_transfer(*waited_);
  if (late == nullptr && waited_->kind == AR_COMM_BORROW) late = &waited_->transfers[0];  // arrived; its release is not acknowledged
  return {waited_->kind, late != nullptr ? late->peer : -1, waited_->label, now_nanoseconds() - waited_since_};
}

ar_comm_peer_info Communicator::peer_info(int32_t peer) {
  Lock lock(mutex_);
  if (peer < 0 || peer >= self_.size) fail(AR_INVALID_ARGUMENT, "peer is %d, allowed are 0 to %d", peer, self_.size - 1);
  return peers_[static_cast<size_t>(peer)];
}

}  // namespace actorring::comm
