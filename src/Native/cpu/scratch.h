// Memory that a context keeps for its kernels: grows to the largest request and stays, so that a steady step allocates nothing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace actorring::cpu {

class Scratch {
 public:
  Scratch() = default;
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// At least `byte_count` bytes, 64-byte aligned, contents undefined; valid until the next request to this object.
  std::byte* request(int64_t byte_count);
  int64_t byte_count() const { return byte_count_; }

 private:
  std::byte* address_ = nullptr;
  int64_t byte_count_ = 0;
};

/// Hands out 64-byte aligned pieces of one block, in order; also used with a null base to add up sizes.
class Carver {
 public:
  explicit Carver(std::byte* base) : base_(base) {}
  template <class T>
  T* take(int64_t count) {
    T* piece = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + used_);
    used_ += (count * static_cast<int64_t>(sizeof(T)) + 63) / 64 * 64;
    return piece;
  }
  int64_t used() const { return used_; }

 private:
  std::byte* base_;
  int64_t used_ = 0;
};

}  // namespace actorring::cpu
