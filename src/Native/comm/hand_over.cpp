#include "hand_over.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstring>

#include "communicator.h"

namespace actorring::comm {

HandOver::HandOver(const Identity& self, Events& events) : self_(self), events_(events), listener_(std::make_unique<MeshListener>(self)), name_(listener_->name()), peers_(static_cast<size_t>(self.size)) {
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) fail(AR_INTERNAL, "no eventfd: %s", std::strerror(errno));
}

HandOver::~HandOver() {
  for (Peer& peer : peers_) {
    if (peer.socket >= 0) ::close(peer.socket);
  }
  ::close(wake_);
}

std::vector<std::byte> HandOver::endpoint() const {
  const auto* bytes = reinterpret_cast<const std::byte*>(name_.data());
  return {bytes, bytes + name_.size()};
}

void HandOver::connect(const std::vector<std::span<const std::byte>>& endpoints, int64_t deadline_nanoseconds, bool (*cancelled)(void*), void* state) {
  const std::vector<int> sockets = listener_->connect(endpoints, deadline_nanoseconds, wake_, cancelled, state);
  for (size_t p = 0; p < peers_.size(); p++) {
    peers_[p].socket = sockets[p];
    peers_[p].ended = sockets[p] < 0;
  }
  listener_.reset();
}

// ---- this rank's side of a transfer ----------------------------------------------------------------------------------------------------

void HandOver::send(Transfer& transfer) {
  Peer& peer = peers_[static_cast<size_t>(transfer.peer)];
  if (closed_) return;
  Frame offer{FrameKind::kOffer, transfer.channel, peer.next_send++, transfer.memory.byte_count, 0, 0, 0, 0, transfer.checksum};
  int64_t bounce = -1;
  if (transfer.lender != nullptr) offer.label = 1 + (transfer.lender->owner >= 0 ? transfer.lender->owner : transfer.lender->peer);
  if (loopback()) {
    offer.offset = reinterpret_cast<int64_t>(transfer.memory.address);
  } else if (transfer.memory.byte_count > 0) {
    if (!offer_in_place(transfer, offer)) {
      offer.label = 0;
      bounce = offer.slab = slabs_.take_bounce(transfer.memory.byte_count);
      std::memcpy(slabs_[offer.slab].address, transfer.memory.address, static_cast<size_t>(transfer.memory.byte_count));
    }
    offer.generation = slabs_[offer.slab].generation;
  }
  transfer.sequence = offer.sequence;
  peer.unacknowledged.push_back({&transfer, bounce});
  if (peer.left || peer.ended) return lost(transfer.peer, "has left the group");
  if (offer.generation != 0) announce(peer, offer.slab);
  post(transfer.peer, offer, -1, nullptr);
}

// False: it lies in no slab that the peer could map.
bool HandOver::offer_in_place(const Transfer& transfer, Frame& offer) {
  if (transfer.memory.slab != 0) {
    offer.slab = slabs_.index_of(transfer.memory.slab);
  } else if (transfer.lender != nullptr) {
    PeerSlabs::Mapped& lent = peers_[static_cast<size_t>(transfer.lender->peer)].slabs.at(transfer.lender->peer_slab);
    if (lent.descriptor < 0) return false;
    if (lent.lent_on_as == 0) lent.lent_on_as = slabs_.add(lent.descriptor, lent.address, lent.byte_count);
    offer.slab = slabs_.index_of(lent.lent_on_as);
  } else {
    return false;
  }
  offer.offset = transfer.memory.address - slabs_[offer.slab].address;
  return true;
}

void HandOver::receive(Transfer& transfer) {
  if (closed_) return;
  Peer& peer = peers_[static_cast<size_t>(transfer.peer)];
  peer.posted.push_back(&transfer);
  match(transfer.peer);
  if (!closed_ && !peer.posted.empty() && (peer.left || peer.ended)) lost(transfer.peer, "has left the group");
}

void HandOver::copied(Transfer& transfer) {
  if (closed_) return;
  if (!loopback() && transfer.memory.byte_count > 0) peers_[static_cast<size_t>(transfer.peer)].slabs.end_use(transfer.peer_slab);
  post(transfer.peer, {FrameKind::kAcknowledge, 0, transfer.sequence, transfer.memory.byte_count, 0, 0, 0, 0, 0}, -1, &transfer);
}

void HandOver::release(Transfer& transfer) { copied(transfer); }

bool HandOver::is_intact(Transfer& transfer) {
  // Without a loan that was passed on, the acknowledgement itself finds out.
  if (transfer.owner < 0 && transfer.lent_on == 0) return true;
  return is_there(transfer.peer) && (transfer.owner < 0 || transfer.owner == self_.rank || is_there(transfer.owner));
}

bool HandOver::is_there(int rank) {
  Peer& peer = peers_[static_cast<size_t>(rank)];
  pollfd end{peer.socket, POLLRDHUP, 0};
  int ready;
  do {
    ready = ::poll(&end, 1, 0);
  } while (ready < 0 && errno == EINTR);  // a signal says nothing of the peer, and is one also to a poll that does not wait
  if (!peer.left && !peer.ended && ready == 0) return true;
  // Its last words, if there are any, say more than the broken connection does.
  if (!peer.reading) read(rank);
  if (!closed_) lost(rank, "has left the group");
  return false;
}

void HandOver::renew(Transfer& transfer) {
  if (!closed_) post(transfer.peer, {FrameKind::kRenew, 0, transfer.sequence, 0, 0, 0, 0, 0, 0}, -1, nullptr);
}

bool HandOver::ask(int peer) {
  if (closed_ || peers_[static_cast<size_t>(peer)].left || peers_[static_cast<size_t>(peer)].ended) return false;
  post(peer, {FrameKind::kAsk, 0, 0, 0, 0, 0, 0, 0, 0}, -1, nullptr);
  return true;
}

void HandOver::announce(Peer& peer, uint32_t slab) {
  if (peer.announced.size() <= slab) peer.announced.resize(slab + 1);
  if (peer.announced[slab] == slabs_[slab].generation) return;
  peer.announced[slab] = slabs_[slab].generation;
  const Frame frame{FrameKind::kSlab, 0, 0, slabs_[slab].byte_count, 0, slab, slabs_[slab].generation, 0, 0};
  post(static_cast<int>(&peer - peers_.data()), frame, slabs_[slab].descriptor, nullptr);
}

// A peer takes its slab back: whoever it was lent on to has let go of it before, and unmaps it too.
bool HandOver::drop(Peer& peer, uint32_t slab) {
  const int64_t lent_on_as = peer.slabs.has(slab) ? peer.slabs.at(slab).lent_on_as : 0;
  if (!peer.slabs.unmap(slab)) return false;
  if (lent_on_as != 0) unregister_slab(lent_on_as);
  return true;
}

void HandOver::match(int rank) {
  Peer& peer = peers_[static_cast<size_t>(rank)];
  while (!closed_ && !peer.posted.empty() && !peer.offers.empty()) {
    Transfer& transfer = *peer.posted.front();
    const Frame offer = peer.offers.front();
    if (offer.byte_count != transfer.memory.byte_count || offer.channel != transfer.channel) {
      char what[160];
      if (offer.channel != transfer.channel) {
        std::snprintf(what, sizeof what, "sent part of a %s where a %s was expected", operation_name(offer.channel), operation_name(transfer.channel));
      } else {
        std::snprintf(what, sizeof what, "sent %" PRId64 " bytes where %" PRId64 " were expected", offer.byte_count, transfer.memory.byte_count);
      }
      return disagree(rank, &transfer, what);
    }
    const std::byte* source = loopback() ? reinterpret_cast<const std::byte*>(offer.offset) : nullptr;
    if (!loopback() && offer.byte_count > 0) {
      source = peer.slabs.begin_use(offer.slab, offer.generation, offer.offset, offer.byte_count);
      if (source == nullptr) return disagree(rank, &transfer, "offered bytes of a slab that it does not share any more");
    }
    peer.posted.pop_front();
    peer.offers.pop_front();
    transfer.sequence = offer.sequence;
    transfer.peer_slab = offer.slab;
    transfer.owner = static_cast<int>(offer.label) - 1;
    transfer.checksum = offer.checksum;
    if (transfer.borrow) {
      transfer.memory.address = const_cast<std::byte*>(source);
      events_.arrived(transfer);
    } else {
      events_.copy(transfer, source);
    }
  }
}

int64_t HandOver::register_slab(int descriptor, std::byte* address, int64_t byte_count) { return slabs_.add(loopback() ? -1 : descriptor, address, byte_count); }

void HandOver::unregister_slab(int64_t slab) {
  const uint32_t generation = slabs_[slabs_.index_of(slab)].generation;
  const uint32_t index = slabs_.remove(slab);
  for (size_t p = 0; p < peers_.size() && !closed_; p++) {
    if (peers_[p].ended || peers_[p].left || peers_[p].announced.size() <= index || peers_[p].announced[index] != generation) continue;
    peers_[p].announced[index] = 0;
    post(static_cast<int>(p), {FrameKind::kDropSlab, 0, 0, 0, 0, index, generation, 0, 0}, -1, nullptr);
  }
}

void HandOver::check_in_slab(const Memory& memory) const { slabs_.check(memory); }

// ---- the wire --------------------------------------------------------------------------------------------------------------------------

bool HandOver::transmit(Peer& peer, const Outgoing& outgoing, bool* out_gone) {
  iovec part{const_cast<Frame*>(&outgoing.frame), sizeof outgoing.frame};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (outgoing.descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &outgoing.descriptor, sizeof(int));
  }
  for (;;) {
    if (sendmsg(peer.socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return true;
    if (errno == EINTR) continue;
    *out_gone = errno != EAGAIN && errno != EWOULDBLOCK && errno != ETOOMANYREFS && errno != ENOBUFS;
    return false;
  }
}

void HandOver::post(int rank, const Frame& frame, int descriptor, Transfer* complete) {
  if (closed_) return;
  Peer& peer = peers_[static_cast<size_t>(rank)];
  peer.outgoing.push_back({frame, descriptor, complete});
  flush(rank);
  // What the socket could not take goes out when the thread is told that it can.
  if (!closed_ && !peer.outgoing.empty()) wake();
}

void HandOver::flush(int rank) {
  Peer& peer = peers_[static_cast<size_t>(rank)];
  while (!closed_ && !peer.outgoing.empty()) {
    bool gone = false;
    if (!transmit(peer, peer.outgoing.front(), &gone)) {
      // Its last words, if there are any, say more than the broken connection does.
      if (gone && !peer.reading) read(rank);
      if (gone && peer.left) peer.outgoing.clear();
      if (gone && !closed_ && !peer.reading && !peer.left) lost(rank, "closed its connection");
      return;
    }
    Transfer* complete = peer.outgoing.front().complete;
    peer.outgoing.pop_front();
    if (complete != nullptr) events_.completed(*complete);
  }
}

void HandOver::read(int rank) {
  Peer& peer = peers_[static_cast<size_t>(rank)];
  peer.reading = true;
  while (!closed_ && !peer.ended) {
    alignas(Frame) std::byte message[sizeof(Frame) + sizeof(Farewell)];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    iovec part{message, sizeof message};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    const ssize_t count = recvmsg(peer.socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    // A reset only says that the other side closed before it had read everything; what it sent can still be read.
    if (count < 0 && (errno == EINTR || errno == ECONNRESET)) continue;
    if (count <= 0) {
      peer.ended = true;
      if (!peer.left) lost(rank, "ended without a word: its process is gone");
      break;
    }
    int descriptor = -1;
    const cmsghdr* rights = CMSG_FIRSTHDR(&header);
    if (rights != nullptr && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS) std::memcpy(&descriptor, CMSG_DATA(rights), sizeof descriptor);
    if (!take(rank, message, count, descriptor) && !closed_) disagree(rank, nullptr, "sent what this library does not understand");
    if (descriptor >= 0) ::close(descriptor);
  }
  peer.reading = false;
}

// False: not a frame that a peer may send now.
bool HandOver::take(int rank, const std::byte* message, int64_t byte_count, int descriptor) {
  Peer& peer = peers_[static_cast<size_t>(rank)];
  Frame frame;
  if (byte_count < static_cast<int64_t>(sizeof frame)) return false;
  std::memcpy(&frame, message, sizeof frame);
  if (frame.kind == FrameKind::kLeave) {
    farewell(rank, message + sizeof frame, byte_count - static_cast<int64_t>(sizeof frame), frame.label);
    return true;
  }
  if (byte_count != static_cast<int64_t>(sizeof frame) || peer.left) return false;
  switch (frame.kind) {
    case FrameKind::kSlab: return !loopback() && descriptor >= 0 && drop(peer, frame.slab) && peer.slabs.map(frame.slab, frame.generation, descriptor, frame.byte_count);
    case FrameKind::kDropSlab: return drop(peer, frame.slab);
    case FrameKind::kRenew:
      for (const Unacknowledged& entry : peer.unacknowledged) {
        if (entry.transfer->sequence == frame.sequence) {
          events_.renewed(*entry.transfer);
          break;
        }
      }
      return true;
    case FrameKind::kAcknowledge: acknowledged(rank, frame.sequence); return true;
    case FrameKind::kOffer:
      if (frame.sequence != peer.next_offer || frame.byte_count < 0 || frame.label < 0 || frame.label > self_.size) return false;
      peer.next_offer++;
      peer.offers.push_back(frame);
      match(rank);
      return true;
    case FrameKind::kAsk: post(rank, {FrameKind::kAnswer, 0, 0, 0, events_.waits_for(), 0, 0, 0, 0}, -1, nullptr); return true;
    case FrameKind::kAnswer:
      if (frame.label < -1 || frame.label >= self_.size) return false;
      events_.answered(rank, static_cast<int>(frame.label));
      return true;
    default: return false;
  }
}

void HandOver::acknowledged(int rank, uint64_t sequence) {
  Peer& peer = peers_[static_cast<size_t>(rank)];
  for (auto entry = peer.unacknowledged.begin(); entry != peer.unacknowledged.end(); ++entry) {
    if (entry->transfer->sequence != sequence) continue;
    Transfer& transfer = *entry->transfer;
    if (entry->bounce >= 0) slabs_[static_cast<uint32_t>(entry->bounce)].busy = false;
    peer.unacknowledged.erase(entry);
    events_.completed(transfer);
    return;
  }
  disagree(rank, nullptr, "acknowledged what was not sent");
}

void HandOver::progress(std::unique_lock<std::mutex>& lock, int64_t deadline_nanoseconds) {
  std::vector<pollfd>& waits = waits_;
  waits.assign(1, {wake_, POLLIN, 0});
  for (const Peer& peer : peers_) {
    // A negative descriptor is passed over.
    waits.push_back({peer.ended ? -1 : peer.socket, static_cast<short>(peer.outgoing.empty() ? POLLIN : POLLIN | POLLOUT), 0});
  }
  lock.unlock();
  timespec time{};
  if (deadline_nanoseconds != kNever) {
    const int64_t nap = std::max<int64_t>(0, deadline_nanoseconds - now_nanoseconds());
    time = {nap / 1'000'000'000, nap % 1'000'000'000};
  }
  ppoll(waits.data(), waits.size(), deadline_nanoseconds != kNever ? &time : nullptr, nullptr);
  lock.lock();
  if (waits[0].revents != 0) {
    uint64_t count;
    [[maybe_unused]] const ssize_t ignored = ::read(wake_, &count, sizeof count);
  }
  for (size_t p = 0; p < peers_.size() && !closed_; p++) {
    if (waits[p + 1].revents == 0) continue;
    if ((waits[p + 1].revents & POLLOUT) != 0) flush(static_cast<int>(p));
    if (!closed_) read(static_cast<int>(p));
  }
}

void HandOver::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(wake_, &one, sizeof one);
}

// ---- ends ------------------------------------------------------------------------------------------------------------------------------

void HandOver::close(const Reason* reason) {
  if (closed_) return;
  closed_ = true;
  struct {
    Frame frame;
    Farewell farewell;
  } last{};
  last.frame.kind = FrameKind::kLeave;
  last.farewell.status = reason != nullptr ? reason->status : AR_OK;
  if (reason != nullptr) {
    last.frame.label = reason->label;
    last.farewell.operation = reason->operation;
    last.farewell.peer = reason->peer;
    last.farewell.text_bytes = static_cast<int32_t>(std::min(reason->text.size(), sizeof last.farewell.text));
    std::memcpy(last.farewell.text, reason->text.data(), static_cast<size_t>(last.farewell.text_bytes));
  }
  for (Peer& peer : peers_) {
    peer.posted.clear();
    peer.offers.clear();
    peer.unacknowledged.clear();
    peer.outgoing.clear();
    if (peer.socket < 0) continue;
    [[maybe_unused]] const ssize_t ignored = ::send(peer.socket, &last, sizeof last, MSG_NOSIGNAL | MSG_DONTWAIT);
    // Not closed yet: the thread may be asleep on it. From here on every acknowledgement is refused by the kernel.
    shutdown(peer.socket, SHUT_RDWR);
  }
}

void HandOver::farewell(int rank, const std::byte* message, int64_t byte_count, int64_t label) {
  Peer& peer = peers_[static_cast<size_t>(rank)];
  Farewell last{};
  std::memcpy(&last, message, static_cast<size_t>(std::min<int64_t>(byte_count, sizeof last)));
  peer.left = true;
  if (last.status == AR_OK) {
    if (!peer.posted.empty() || !peer.unacknowledged.empty()) lost(rank, "has left the group");
    return;
  }
  const std::string text(last.text, static_cast<size_t>(std::clamp<int32_t>(last.text_bytes, 0, sizeof last.text)));
  const bool both_sides = last.status == AR_MISMATCH && last.peer == self_.rank;
  // Whoever is accused passes that on as well: others may hear of it from this rank first.
  const bool culprit_known = last.peer >= 0 && last.peer < self_.size && !both_sides;
  events_.broken({both_sides ? AR_MISMATCH : AR_PEER_LOST, last.operation, culprit_known ? last.peer : rank, label, text.starts_with("rank ") ? text : "rank " + std::to_string(rank) + " gave up: " + text});
}

void HandOver::lost(int rank, const char* how) {
  const Peer& peer = peers_[static_cast<size_t>(rank)];
  Reason reason{AR_PEER_LOST, AR_COMM_CONNECT, rank, 0, "rank " + std::to_string(rank) + " " + how};
  const Transfer* waiting = !peer.posted.empty() ? peer.posted.front() : !peer.unacknowledged.empty() ? peer.unacknowledged.front().transfer : nullptr;
  if (waiting != nullptr) {
    reason.operation = waiting->operation->kind;
    reason.label = waiting->operation->label;
  }
  events_.broken(std::move(reason));
}

void HandOver::disagree(int rank, const Transfer* transfer, const char* what) {
  Reason reason{AR_MISMATCH, AR_COMM_CONNECT, rank, 0, "rank " + std::to_string(rank) + " " + what};
  if (transfer != nullptr) {
    reason.operation = transfer->operation->kind;
    reason.label = transfer->operation->label;
    reason.text = std::string(operation_name(reason.operation)) + " with label " + std::to_string(reason.label) + ": " + reason.text;
  }
  events_.broken(std::move(reason));
}

}  // namespace actorring::comm
