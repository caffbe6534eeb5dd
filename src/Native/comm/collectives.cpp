// The collectives, once for every transport: which bytes go to whom. Each is a set of transfers that are all started at once; only all-reduce has a second step.
#include <algorithm>
#include <cinttypes>
#include <cstring>

#include "checksum.h"
#include "communicator.h"

namespace actorring::comm {
namespace {

constexpr int kPointToPoint = AR_COMM_SEND;

// A rotate on one side may be met by a plain send or receive on the other; a collective only by itself.
int channel_of(int32_t kind) { return kind == AR_COMM_RECEIVE || kind == AR_COMM_ROTATE || kind == AR_COMM_BORROW ? kPointToPoint : kind; }

int64_t element_bytes(ar_dtype dtype) { return dtype == AR_BFLOAT16 ? 2 : 4; }

int64_t sum_of(const int64_t* counts, int size, const char* name) {
  int64_t sum = 0;
  for (int p = 0; p < size; p++) {
    if (counts[p] < 0 || __builtin_add_overflow(sum, counts[p], &sum)) fail(AR_INVALID_ARGUMENT, "%s[%d] is %" PRId64, name, p, counts[p]);
  }
  return sum;
}

int64_t offset_of(const int64_t* counts, int rank) {
  int64_t offset = 0;
  for (int p = 0; p < rank; p++) offset += counts[p];
  return offset;
}

void require_bytes(const Memory& memory, int64_t byte_count, const char* name) {
  if (memory.byte_count != byte_count) fail(AR_INVALID_ARGUMENT, "%s has %" PRId64 " bytes, its parts have %" PRId64, name, memory.byte_count, byte_count);
}

bool overlap(const Memory& a, const Memory& b) { return a.byte_count > 0 && b.byte_count > 0 && a.address < b.address + b.byte_count && b.address < a.address + a.byte_count; }

void require_apart(const Memory& source, const Memory& destination) {
  if (overlap(source, destination)) fail(AR_INVALID_ARGUMENT, "source and destination overlap");
}

void require_sum_types(const Memory& source, ar_dtype source_dtype, const Memory& destination, ar_dtype destination_dtype) {
  if (source_dtype != AR_FLOAT32 && source_dtype != AR_BFLOAT16) fail(AR_INVALID_ARGUMENT, "source has dtype %d, allowed are float32 and bfloat16", source_dtype);
  if (destination_dtype != source_dtype && destination_dtype != AR_FLOAT32) fail(AR_INVALID_ARGUMENT, "destination has dtype %d, allowed are that of source and float32", destination_dtype);
  if (reinterpret_cast<uintptr_t>(source.address) % static_cast<uintptr_t>(element_bytes(source_dtype)) != 0 ||
      reinterpret_cast<uintptr_t>(destination.address) % static_cast<uintptr_t>(element_bytes(destination_dtype)) != 0)
    fail(AR_INVALID_ARGUMENT, "memory is not aligned to its elements");
}

}  // namespace

// ---- pieces ----------------------------------------------------------------------------------------------------------------------------

void Communicator::require_ready(int32_t kind, const ar_comm_call& call) const {
  if (broken_) raise(kind, call.label);
  if (!connected_) fail(AR_INVALID_ARGUMENT, "the communicator is not connected");
}

void Communicator::require_host_memory() const {
  if (!transport_->host_memory()) fail(AR_UNSUPPORTED, "sums and borrows need memory that the processor can read: this transport moves device memory");
}

void Communicator::require_peer(int32_t peer, const char* name) const {
  if (peer < 0 || peer >= self_.size) fail(AR_INVALID_ARGUMENT, "%s is rank %d, allowed are 0 to %d", name, peer, self_.size - 1);
  if (peer == self_.rank) fail(AR_INVALID_ARGUMENT, "%s is rank %d, which is this rank", name, peer);
}

void Communicator::require_memory(const Memory& memory) const {
  if (memory.byte_count < 0) fail(AR_INVALID_ARGUMENT, "byte_count is %" PRId64 ", must not be negative", memory.byte_count);
  if (memory.address == nullptr && memory.byte_count > 0) fail(AR_INVALID_ARGUMENT, "address is null, byte_count is %" PRId64, memory.byte_count);
  if (memory.slab != 0) transport_->check_in_slab(memory);
}

Transfer& Communicator::add_transfer(Operation& operation, int peer, bool sending) {
  Transfer& transfer = operation.transfers.emplace_back();
  transfer.operation = &operation;
  transfer.peer = peer;
  transfer.sending = sending;
  transfer.channel = channel_of(operation.kind);
  operation.open_transfers++;
  return transfer;
}

void Communicator::add_send(Operation& operation, int peer, const Memory& memory) {
  if (broken_) return;
  Transfer& transfer = add_transfer(operation, peer, true);
  transfer.memory = memory;
  transfer.lender = lender_of(memory);
  if (transfer.lender != nullptr) {
    transfer.lender->lent_on++;
    renew(*transfer.lender);
  }
  // What is lent on whole is what its owner said it is: a change on this rank's watch is not passed off as the truth.
  const bool is_whole = transfer.lender != nullptr && transfer.lender->memory.address == memory.address && transfer.lender->memory.byte_count == memory.byte_count;
  if (verifies_ && memory.byte_count > 0) transfer.checksum = is_whole && transfer.lender->checksum != 0 ? transfer.lender->checksum : checksum_of(memory.address, memory.byte_count);
  if (!broken_) transport_->send(transfer);
}

// The borrow in whose bytes a memory lies, if there is one.
Transfer* Communicator::lender_of(const Memory& memory) {
  if (memory.slab != 0 || memory.byte_count == 0 || borrowed_count_ == 0) return nullptr;
  for (const auto& operation : operations_) {
    if (operation->id == 0 || operation->kind != AR_COMM_BORROW) continue;
    Transfer& borrow = operation->transfers[0];
    if (borrow.arrived && !borrow.released && lies_in(memory, borrow.memory)) return &borrow;
  }
  return nullptr;
}

void Communicator::add_receive(Operation& operation, int peer, const Memory& memory) {
  if (broken_) return;
  Transfer& transfer = add_transfer(operation, peer, false);
  transfer.memory = memory;
  transport_->receive(transfer);
}

// The bytes are read where they lie: for a sum they need not be copied.
void Communicator::add_contribution(Operation& operation, int peer, int64_t byte_count) {
  if (broken_) return;
  Transfer& transfer = add_transfer(operation, peer, false);
  transfer.memory.byte_count = byte_count;
  transfer.borrow = true;
  transport_->receive(transfer);
}

void Communicator::add_local_copy(Operation& operation, const Memory& source, const Memory& destination) {
  if (source.byte_count == 0 || source.address == destination.address || broken_) return;
  if (!transport_->host_memory()) {
    add_send(operation, self_.rank, source);
    add_receive(operation, self_.rank, destination);
    return;
  }
  operation.open_work += add_copies(operation, nullptr, source.address, destination);
}

// ---- point to point --------------------------------------------------------------------------------------------------------------------

int64_t Communicator::send(const ar_comm_call& call, int32_t peer, const Memory& source) {
  Lock lock(mutex_);
  require_ready(AR_COMM_SEND, call);
  require_peer(peer, "peer");
  require_memory(source);
  Operation& operation = start(AR_COMM_SEND, call, 1);
  add_send(operation, peer, source);
  return started(operation);
}

int64_t Communicator::receive(const ar_comm_call& call, int32_t peer, const Memory& destination) {
  Lock lock(mutex_);
  require_ready(AR_COMM_RECEIVE, call);
  require_peer(peer, "peer");
  require_memory(destination);
  Operation& operation = start(AR_COMM_RECEIVE, call, 1);
  add_receive(operation, peer, destination);
  return started(operation);
}

int64_t Communicator::rotate(const ar_comm_call& call, int32_t to, const Memory& source, int32_t from, const Memory& destination) {
  Lock lock(mutex_);
  require_ready(AR_COMM_ROTATE, call);
  const bool alone = to == self_.rank && from == self_.rank;
  if (!alone) {
    require_peer(to, "to");
    require_peer(from, "from");
  }
  require_memory(source);
  require_memory(destination);
  require_apart(source, destination);
  if (alone) require_bytes(destination, source.byte_count, "destination");
  Operation& operation = start(AR_COMM_ROTATE, call, 2);
  if (alone) {
    add_local_copy(operation, source, destination);
  } else {
    add_send(operation, to, source);
    add_receive(operation, from, destination);
  }
  return started(operation);
}

int64_t Communicator::borrow(const ar_comm_call& call, int32_t peer, int64_t byte_count) {
  Lock lock(mutex_);
  require_ready(AR_COMM_BORROW, call);
  require_host_memory();
  require_peer(peer, "peer");
  if (byte_count < 0) fail(AR_INVALID_ARGUMENT, "byte_count is %" PRId64 ", must not be negative", byte_count);
  Operation& operation = start(AR_COMM_BORROW, call, 1);
  add_contribution(operation, peer, byte_count);
  return started(operation);
}

// ---- collectives -----------------------------------------------------------------------------------------------------------------------

int64_t Communicator::all_to_all(const ar_comm_call& call, const Memory& source, const int64_t* source_bytes, const Memory& destination, const int64_t* destination_bytes) {
  Lock lock(mutex_);
  require_ready(AR_COMM_ALL_TO_ALL, call);
  require_memory(source);
  require_memory(destination);
  require_bytes(source, sum_of(source_bytes, self_.size, "source_bytes"), "source");
  require_bytes(destination, sum_of(destination_bytes, self_.size, "destination_bytes"), "destination");
  require_apart(source, destination);
  if (source_bytes[self_.rank] != destination_bytes[self_.rank])
    fail(AR_INVALID_ARGUMENT, "this rank's own part has %" PRId64 " bytes in source and %" PRId64 " in destination", source_bytes[self_.rank], destination_bytes[self_.rank]);

  Operation& operation = start(AR_COMM_ALL_TO_ALL, call, 2 * self_.size);
  // Starting behind this rank spreads the load: not everybody reads from rank 0 first.
  for (int step = 1; step < self_.size; step++) {
    const int to = (self_.rank + step) % self_.size;
    const int from = (self_.rank - step + self_.size) % self_.size;
    add_send(operation, to, source.part(offset_of(source_bytes, to), source_bytes[to]));
    add_receive(operation, from, destination.part(offset_of(destination_bytes, from), destination_bytes[from]));
  }
  add_local_copy(operation, source.part(offset_of(source_bytes, self_.rank), source_bytes[self_.rank]),
                 destination.part(offset_of(destination_bytes, self_.rank), destination_bytes[self_.rank]));
  return started(operation);
}

int64_t Communicator::all_gather(const ar_comm_call& call, const Memory& source, const Memory& destination, const int64_t* part_bytes) {
  Lock lock(mutex_);
  require_ready(AR_COMM_ALL_GATHER, call);
  require_memory(source);
  require_memory(destination);
  require_bytes(destination, sum_of(part_bytes, self_.size, "part_bytes"), "destination");
  require_bytes(source, part_bytes[self_.rank], "source");
  const Memory own = destination.part(offset_of(part_bytes, self_.rank), part_bytes[self_.rank]);
  if (source.address != own.address) require_apart(source, destination);

  Operation& operation = start(AR_COMM_ALL_GATHER, call, 2 * self_.size);
  for (int step = 1; step < self_.size; step++) {
    const int from = (self_.rank - step + self_.size) % self_.size;
    add_send(operation, (self_.rank + step) % self_.size, source);
    add_receive(operation, from, destination.part(offset_of(part_bytes, from), part_bytes[from]));
  }
  add_local_copy(operation, source, own);
  return started(operation);
}

int64_t Communicator::broadcast(const ar_comm_call& call, int32_t root, const Memory& memory) {
  Lock lock(mutex_);
  require_ready(AR_COMM_BROADCAST, call);
  if (root < 0 || root >= self_.size) fail(AR_INVALID_ARGUMENT, "root is rank %d, allowed are 0 to %d", root, self_.size - 1);
  require_memory(memory);
  Operation& operation = start(AR_COMM_BROADCAST, call, self_.size);
  if (root != self_.rank) {
    add_receive(operation, root, memory);
  } else {
    for (int step = 1; step < self_.size; step++) add_send(operation, (root + step) % self_.size, memory);
  }
  return started(operation);
}

int64_t Communicator::barrier(const ar_comm_call& call) {
  Lock lock(mutex_);
  require_ready(AR_COMM_BARRIER, call);
  Operation& operation = start(AR_COMM_BARRIER, call, 2 * self_.size);
  for (int step = 1; step < self_.size; step++) {
    add_send(operation, (self_.rank + step) % self_.size, {});
    add_receive(operation, (self_.rank - step + self_.size) % self_.size, {});
  }
  return started(operation);
}

int64_t Communicator::reduce_scatter(const ar_comm_call& call, const Memory& source, ar_dtype source_dtype, const Memory& destination, ar_dtype destination_dtype,
                                     const int64_t* part_elements) {
  Lock lock(mutex_);
  require_ready(AR_COMM_REDUCE_SCATTER, call);
  require_host_memory();
  require_memory(source);
  require_memory(destination);
  require_sum_types(source, source_dtype, destination, destination_dtype);
  const int64_t unit = element_bytes(source_dtype);
  const int64_t elements = sum_of(part_elements, self_.size, "part_elements");
  require_bytes(source, elements * unit, "source");
  require_bytes(destination, part_elements[self_.rank] * element_bytes(destination_dtype), "destination");
  const Memory own = source.part(offset_of(part_elements, self_.rank) * unit, part_elements[self_.rank] * unit);
  if (source_dtype != destination_dtype || destination.address != own.address) require_apart(source, destination);

  Operation& operation = start(AR_COMM_REDUCE_SCATTER, call, 2 * self_.size);
  operation.open_work++;  // the sum
  operation.open_contributions = self_.size - 1;
  operation.reduction = {own, destination, source_dtype, destination_dtype, part_elements[self_.rank], false};
  for (int step = 1; step < self_.size; step++) {
    const int to = (self_.rank + step) % self_.size;
    add_send(operation, to, source.part(offset_of(part_elements, to) * unit, part_elements[to] * unit));
    add_contribution(operation, (self_.rank - step + self_.size) % self_.size, own.byte_count);
  }
  if (self_.size == 1) begin_sum(operation);
  return started(operation);
}

int64_t Communicator::all_reduce(const ar_comm_call& call, const Memory& source, ar_dtype source_dtype, const Memory& destination, ar_dtype destination_dtype) {
  Lock lock(mutex_);
  require_ready(AR_COMM_ALL_REDUCE, call);
  require_host_memory();
  require_memory(source);
  require_memory(destination);
  require_sum_types(source, source_dtype, destination, destination_dtype);
  const int64_t unit = element_bytes(source_dtype);
  const int64_t sum_unit = element_bytes(destination_dtype);
  if (source.byte_count % unit != 0) fail(AR_INVALID_ARGUMENT, "source has %" PRId64 " bytes, not a multiple of its element", source.byte_count);
  const int64_t elements = source.byte_count / unit;
  require_bytes(destination, elements * sum_unit, "destination");
  if (source_dtype != destination_dtype || source.address != destination.address) require_apart(source, destination);
  const auto first = [&](int rank) { return elements / self_.size * rank + std::min<int64_t>(rank, elements % self_.size); };
  const auto part = [&](const Memory& memory, int rank, int64_t bytes) { return memory.part(first(rank) * bytes, (first(rank + 1) - first(rank)) * bytes); };

  Operation& operation = start(AR_COMM_ALL_REDUCE, call, 4 * self_.size);
  operation.open_work++;  // the sum
  operation.open_contributions = self_.size - 1;
  operation.reduction = {part(source, self_.rank, unit), part(destination, self_.rank, sum_unit), source_dtype, destination_dtype, first(self_.rank + 1) - first(self_.rank), true};
  for (int step = 1; step < self_.size; step++) {
    const int to = (self_.rank + step) % self_.size;
    const int from = (self_.rank - step + self_.size) % self_.size;
    add_send(operation, to, part(source, to, unit));
    add_contribution(operation, from, operation.reduction.own.byte_count);
    // In place this part of the source is overwritten, but only after its owner has read this rank's share of it: its sum cannot arrive earlier.
    add_receive(operation, from, part(destination, from, sum_unit));
  }
  if (self_.size == 1) begin_sum(operation);
  return started(operation);
}

void Communicator::begin_sum(Operation& operation) {
  work_.push_back({&operation, nullptr, nullptr, nullptr, -1, false});
}

void Communicator::after_sum(Operation& operation) {
  const size_t count = operation.transfers.size();
  for (size_t i = 0; i < count && !broken_; i++) {
    if (operation.transfers[i].borrow) transport_->release(operation.transfers[i]);
  }
  if (!operation.reduction.then_gather) return;
  for (int step = 1; step < self_.size; step++) add_send(operation, (self_.rank + step) % self_.size, operation.reduction.destination);
}

}  // namespace actorring::comm
