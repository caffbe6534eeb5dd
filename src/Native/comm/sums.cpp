#include "sums.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace actorring::comm {
namespace {

constexpr int64_t kBlock = 2048;  // floats: the running sum stays in the first-level cache

inline float widen(uint16_t half) { return std::bit_cast<float>(static_cast<uint32_t>(half) << 16); }

inline uint16_t round_to_bfloat16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40);  // NaN stays NaN
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}

void load(float* sum, const float* part, int64_t count) { std::memcpy(sum, part, static_cast<size_t>(count) * sizeof(float)); }
void load(float* sum, const uint16_t* part, int64_t count) {
  for (int64_t i = 0; i < count; i++) sum[i] = widen(part[i]);
}
void add(float* sum, const float* part, int64_t count) {
  for (int64_t i = 0; i < count; i++) sum[i] += part[i];
}
void add(float* sum, const uint16_t* part, int64_t count) {
  for (int64_t i = 0; i < count; i++) sum[i] += widen(part[i]);
}
void store(float* destination, const float* sum, int64_t count) { std::memcpy(destination, sum, static_cast<size_t>(count) * sizeof(float)); }
void store(uint16_t* destination, const float* sum, int64_t count) {
  for (int64_t i = 0; i < count; i++) destination[i] = round_to_bfloat16(sum[i]);
}

template <class Source, class Destination>
void sum(std::span<const std::byte* const> parts, std::byte* destination, int64_t element_count, const std::atomic<bool>& stop) {
  float running[kBlock];
  for (int64_t at = 0; at < element_count && !stop.load(std::memory_order_relaxed); at += kBlock) {
    const int64_t count = std::min(kBlock, element_count - at);
    load(running, reinterpret_cast<const Source*>(parts[0]) + at, count);
    for (size_t p = 1; p < parts.size(); p++) add(running, reinterpret_cast<const Source*>(parts[p]) + at, count);
    store(reinterpret_cast<Destination*>(destination) + at, running, count);
  }
}

}  // namespace

void sum_in_order(std::span<const std::byte* const> parts, ar_dtype source_dtype, std::byte* destination, ar_dtype destination_dtype, int64_t element_count, const std::atomic<bool>& stop) {
  if (source_dtype == AR_FLOAT32) {
    sum<float, float>(parts, destination, element_count, stop);
  } else if (destination_dtype == AR_FLOAT32) {
    sum<uint16_t, float>(parts, destination, element_count, stop);
  } else {
    sum<uint16_t, uint16_t>(parts, destination, element_count, stop);
  }
}

}  // namespace actorring::comm
