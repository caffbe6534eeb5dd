// Ranks of one host: bytes stay where the sender has them; a descriptor {slab, generation, offset, bytes} goes over a socket, the receiver copies from the mapped slab
// (or reads it in place) and acknowledges. Ranks of one process (loopback) read by address and need no slab.
//
// Invariants
//   - A send completes on the receiver's acknowledgement: until then its bytes are not written.
//   - A receive completes when its acknowledgement was accepted while the sender was still there. A sender closes its sockets before it reports a failure, so bytes
//     that the sender may have overwritten are never reported as received.
//   - Offers are matched with posted receives in order; their count of bytes and their channel must agree.
//   - Borrowed bytes are lent on by descriptor: the slab's own goes to the next reader, who maps it. The borrow is acknowledged when every reader behind it has acknowledged.
//     A reader that lets go looks whether lender and owner are still there: an owner closes its sockets to all before it reports a failure, and only then may it write.
#pragma once
#include <poll.h>

#include <deque>
#include <string>

#include "mesh.h"
#include "slabs.h"
#include "transport.h"

namespace actorring::comm {

class HandOver final : public Transport {
 public:
  HandOver(const Identity& self, Events& events);
  ~HandOver() override;

  std::vector<std::byte> endpoint() const override;
  void connect(const std::vector<std::span<const std::byte>>& endpoints, int64_t deadline_nanoseconds, bool (*cancelled)(void*), void* state) override;
  void send(Transfer& transfer) override;
  void receive(Transfer& transfer) override;
  void copied(Transfer& transfer) override;
  void release(Transfer& transfer) override;
  bool is_intact(Transfer& transfer) override;
  void renew(Transfer& transfer) override;
  bool ask(int peer) override;
  int64_t register_slab(int descriptor, std::byte* address, int64_t byte_count) override;
  void unregister_slab(int64_t slab) override;
  void check_in_slab(const Memory& memory) const override;
  void progress(std::unique_lock<std::mutex>& lock, int64_t deadline_nanoseconds) override;
  void wake() override;
  void close(const Reason* reason) override;

 private:
  enum class FrameKind : int32_t { kSlab = 1, kDropSlab = 2, kOffer = 3, kAcknowledge = 4, kLeave = 5, kAsk = 6, kAnswer = 7, kRenew = 8 };

  struct Frame {
    FrameKind kind;
    int32_t channel;
    uint64_t sequence;
    int64_t byte_count;
    int64_t label;   // of an answer: the rank that is waited for; of an offer: 1 + the rank whose memory it is where that is another, else 0
    uint32_t slab;
    uint32_t generation;
    int64_t offset;
    uint64_t checksum;  // of an offer: of its bytes, or 0
  };

  // Follows a kLeave frame: why, in the terms of Reason.
  struct Farewell {
    int32_t status, operation, peer, text_bytes;
    char text[256];
  };

  struct Outgoing {
    Frame frame;
    int descriptor;      // goes with the frame; not owned. -1: none
    Transfer* complete;  // completes when the frame is accepted
  };

  struct Unacknowledged {
    Transfer* transfer;
    int64_t bounce;  // index of the bounce slab it was copied to, or -1
  };

  struct Peer {
    int socket = -1;
    bool left = false;     // in good order
    bool ended = false;    // nothing more will come
    bool reading = false;
    uint64_t next_send = 0;
    uint64_t next_offer = 0;
    std::deque<Transfer*> posted;
    std::deque<Frame> offers;
    std::deque<Unacknowledged> unacknowledged;
    std::deque<Outgoing> outgoing;
    std::vector<uint32_t> announced;  // by own slab index: the generation that this peer has mapped
    PeerSlabs slabs;
  };

  bool loopback() const { return self_.transport == AR_TRANSPORT_LOOPBACK; }
  void announce(Peer& peer, uint32_t slab);
  bool offer_in_place(const Transfer& transfer, Frame& offer);
  bool drop(Peer& peer, uint32_t slab);
  bool is_there(int rank);
  void match(int rank);
  void post(int rank, const Frame& frame, int descriptor, Transfer* complete);
  bool transmit(Peer& peer, const Outgoing& outgoing, bool* out_gone);
  void flush(int rank);
  void read(int rank);
  bool take(int rank, const std::byte* message, int64_t byte_count, int descriptor);
  void acknowledged(int rank, uint64_t sequence);
  void farewell(int rank, const std::byte* message, int64_t byte_count, int64_t label);
  void lost(int rank, const char* how);
  void disagree(int rank, const Transfer* transfer, const char* what);

  const Identity& self_;
  Events& events_;
  std::unique_ptr<MeshListener> listener_;  // until every rank has come
  std::string name_;                        // outlives it: who asks for the endpoint again gets the same answer
  int wake_ = -1;
  bool closed_ = false;
  std::vector<Peer> peers_;
  OwnSlabs slabs_;
  std::vector<pollfd> waits_;  // the thread's
};

}  // namespace actorring::comm
