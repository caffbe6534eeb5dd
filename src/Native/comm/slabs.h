// Shared memory on both ends of a hand-over: the slabs that this rank lets others read, and the slabs of others that it reads.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "transport.h"

namespace actorring::comm {

/// A slab of this rank. `generation` is new each time an index is used again, so that a stale descriptor is known.
struct OwnSlab {
  int descriptor = -1;
  std::byte* address = nullptr;
  int64_t byte_count = 0;
  uint32_t generation = 0;
  bool live = false;
  bool bounce = false;  // this room's own, for bytes that lie in no slab
  bool busy = false;    // a bounce slab that a send has filled
};

class OwnSlabs {
 public:
  OwnSlabs() = default;
  ~OwnSlabs();
  OwnSlabs(const OwnSlabs&) = delete;
  OwnSlabs& operator=(const OwnSlabs&) = delete;

  /// `descriptor` is duplicated; -1 where nobody maps it.
  int64_t add(int descriptor, std::byte* address, int64_t byte_count);
  /// The index it had.
  uint32_t remove(int64_t slab);
  uint32_t index_of(int64_t slab) const;
  void check(const Memory& memory) const;
  /// A bounce slab of at least that size, marked busy.
  uint32_t take_bounce(int64_t byte_count);
  OwnSlab& operator[](uint32_t index) { return slabs_[index]; }

 private:
  uint32_t free_index();
  std::vector<OwnSlab> slabs_;
};

/// The slabs of one peer, mapped read-only.
class PeerSlabs {
 public:
  PeerSlabs() = default;
  ~PeerSlabs();
  PeerSlabs(const PeerSlabs&) = delete;
  PeerSlabs& operator=(const PeerSlabs&) = delete;
  PeerSlabs(PeerSlabs&&) = default;

  /// False: what is announced is not what the descriptor holds, or the index is in use, or it cannot be mapped. The descriptor stays the caller's.
  bool map(uint32_t index, uint32_t generation, int descriptor, int64_t byte_count);
  /// False: it is still being read, which a peer that keeps to the contract knows.
  bool unmap(uint32_t index);
  /// Null: no such slab in that generation, or the range lies outside it. Otherwise it stays mapped until end_use.
  const std::byte* begin_use(uint32_t index, uint32_t generation, int64_t offset, int64_t byte_count);
  void end_use(uint32_t index) { slabs_[index].readers--; }

  struct Mapped {
    std::byte* address = nullptr;
    int64_t byte_count = 0;
    uint32_t generation = 0;
    int readers = 0;
    int descriptor = -1;     // to lend it on; -1 where there was none to be had
    int64_t lent_on_as = 0;  // among the slabs of this rank, or 0
  };
  bool has(uint32_t index) const { return index < slabs_.size(); }
  Mapped& at(uint32_t index) { return slabs_[index]; }

 private:
  std::vector<Mapped> slabs_;
};

}  // namespace actorring::comm
