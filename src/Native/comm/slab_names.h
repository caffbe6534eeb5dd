// Slabs where nobody maps them: a name for a range, so that the contract about slabs holds on every transport.
#pragma once
#include <cinttypes>
#include <map>

#include "transport.h"

namespace actorring::comm {

class SlabNames {
 public:
  int64_t add(std::byte* address, int64_t byte_count) {
    slabs_[++last_] = {address, byte_count, 0};
    return last_;
  }
  void remove(int64_t slab) {
    if (slabs_.erase(slab) != 1) fail(AR_INVALID_ARGUMENT, "slab %" PRId64 " is not registered", slab);
  }
  void check(const Memory& memory) const {
    const auto slab = slabs_.find(memory.slab);
    if (slab == slabs_.end()) fail(AR_INVALID_ARGUMENT, "slab %" PRId64 " is not registered", memory.slab);
    if (!lies_in(memory, slab->second)) fail(AR_INVALID_ARGUMENT, "%" PRId64 " bytes at %p do not lie in slab %" PRId64, memory.byte_count, static_cast<void*>(memory.address), memory.slab);
  }

 private:
  std::map<int64_t, Memory> slabs_;
  int64_t last_ = 0;
};

}  // namespace actorring::comm
