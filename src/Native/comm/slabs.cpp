#include "slabs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cinttypes>
#include <cstring>

namespace actorring::comm {
namespace {

constexpr int kIndexBits = 16;
constexpr uint32_t kMostSlabs = 1 << kIndexBits;
constexpr int64_t kSmallestBounce = 64 << 10;

}  // namespace

OwnSlabs::~OwnSlabs() {
  for (const OwnSlab& slab : slabs_) {
    if (slab.bounce && slab.address != nullptr) munmap(slab.address, static_cast<size_t>(slab.byte_count));
    if (slab.descriptor >= 0) close(slab.descriptor);
  }
}

uint32_t OwnSlabs::free_index() {
  for (uint32_t index = 0; index < slabs_.size(); index++) {
    if (!slabs_[index].live) return index;
  }
  if (slabs_.size() >= kMostSlabs) fail(AR_INVALID_ARGUMENT, "%u slabs are registered: unregister some", kMostSlabs);
  slabs_.emplace_back();
  return static_cast<uint32_t>(slabs_.size()) - 1;
}

int64_t OwnSlabs::add(int descriptor, std::byte* address, int64_t byte_count) {
  int own = -1;
  if (descriptor >= 0) {
    struct stat file {};
    if (fstat(descriptor, &file) != 0) fail(AR_INVALID_ARGUMENT, "descriptor %d: %s", descriptor, std::strerror(errno));
    if (file.st_size < byte_count) fail(AR_INVALID_ARGUMENT, "descriptor %d holds %" PRId64 " bytes, the slab is said to have %" PRId64, descriptor, static_cast<int64_t>(file.st_size), byte_count);
    own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (own < 0) fail(AR_OUT_OF_MEMORY, "descriptor %d cannot be duplicated: %s", descriptor, std::strerror(errno));
  }
  const uint32_t index = free_index();
  OwnSlab& slab = slabs_[index];
  slab = {own, address, byte_count, slab.generation + 1, true, false, false};
  return static_cast<int64_t>(slab.generation) << kIndexBits | index;
}

uint32_t OwnSlabs::index_of(int64_t id) const {
  const uint32_t index = static_cast<uint32_t>(id & (kMostSlabs - 1));
  if (id <= 0 || index >= slabs_.size() || !slabs_[index].live || slabs_[index].bounce || slabs_[index].generation != static_cast<uint64_t>(id) >> kIndexBits)
    fail(AR_INVALID_ARGUMENT, "slab %" PRId64 " is not registered", id);
  return index;
}

uint32_t OwnSlabs::remove(int64_t id) {
  const uint32_t index = index_of(id);
  OwnSlab& slab = slabs_[index];
  if (slab.descriptor >= 0) close(slab.descriptor);
  slab = {-1, nullptr, 0, slab.generation, false, false, false};
  return index;
}

void OwnSlabs::check(const Memory& memory) const {
  const OwnSlab& slab = slabs_[index_of(memory.slab)];
  if (!lies_in(memory, {slab.address, slab.byte_count, 0}))
    fail(AR_INVALID_ARGUMENT, "%" PRId64 " bytes at %p do not lie in slab %" PRId64, memory.byte_count, static_cast<void*>(memory.address), memory.slab);
}

uint32_t OwnSlabs::take_bounce(int64_t byte_count) {
  uint32_t best = kMostSlabs;
  for (uint32_t index = 0; index < slabs_.size(); index++) {
    const OwnSlab& slab = slabs_[index];
    if (slab.live && slab.bounce && !slab.busy && slab.byte_count >= byte_count && (best == kMostSlabs || slab.byte_count < slabs_[best].byte_count)) best = index;
  }
  if (best == kMostSlabs) {
    const int64_t rounded = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::max(byte_count, kSmallestBounce))));
    const int descriptor = memfd_create("actorring-bounce", MFD_CLOEXEC);
    void* mapped = descriptor >= 0 && ftruncate(descriptor, rounded) == 0 ? mmap(nullptr, static_cast<size_t>(rounded), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0) : MAP_FAILED;
    if (mapped == MAP_FAILED) {
      const int error = errno;
      if (descriptor >= 0) close(descriptor);
      fail(AR_OUT_OF_MEMORY, "no memory for %" PRId64 " bytes to send: %s", rounded, std::strerror(error));
    }
    best = free_index();
    slabs_[best] = {descriptor, static_cast<std::byte*>(mapped), rounded, slabs_[best].generation + 1, true, true, false};
  }
  slabs_[best].busy = true;
  return best;
}

PeerSlabs::~PeerSlabs() {
  for (const Mapped& slab : slabs_) {
    if (slab.address != nullptr) munmap(slab.address, static_cast<size_t>(slab.byte_count));
    if (slab.descriptor >= 0) close(slab.descriptor);
  }
}

bool PeerSlabs::map(uint32_t index, uint32_t generation, int descriptor, int64_t byte_count) {
  struct stat file {};
  if (index >= kMostSlabs || byte_count <= 0 || fstat(descriptor, &file) != 0 || file.st_size < byte_count) return false;
  if (index >= slabs_.size()) slabs_.resize(index + 1);
  if (!unmap(index)) return false;
  void* mapped = mmap(nullptr, static_cast<size_t>(byte_count), PROT_READ, MAP_SHARED, descriptor, 0);
  if (mapped == MAP_FAILED) return false;
  slabs_[index] = {static_cast<std::byte*>(mapped), byte_count, generation, 0, fcntl(descriptor, F_DUPFD_CLOEXEC, 0), 0};
  return true;
}

bool PeerSlabs::unmap(uint32_t index) {
  if (index >= slabs_.size() || slabs_[index].address == nullptr) return true;
  if (slabs_[index].readers > 0) return false;
  munmap(slabs_[index].address, static_cast<size_t>(slabs_[index].byte_count));
  if (slabs_[index].descriptor >= 0) close(slabs_[index].descriptor);
  slabs_[index] = {};
  return true;
}

const std::byte* PeerSlabs::begin_use(uint32_t index, uint32_t generation, int64_t offset, int64_t byte_count) {
  if (index >= slabs_.size()) return nullptr;
  Mapped& slab = slabs_[index];
  if (slab.address == nullptr || slab.generation != generation || offset < 0 || byte_count < 0 || byte_count > slab.byte_count || offset > slab.byte_count - byte_count) return nullptr;
  slab.readers++;
  return slab.address + offset;
}

}  // namespace actorring::comm
