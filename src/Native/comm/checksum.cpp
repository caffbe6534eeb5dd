#include "checksum.h"

#include <bit>
#include <cstring>

namespace actorring::comm {
namespace {

constexpr int kLanes = 8;
constexpr uint64_t kOdd = 0x9E3779B185EBCA87ull;
constexpr uint64_t kOther = 0xC2B2AE3D27D4EB4Full;

// For a given word one-to-one in the lane, for a given lane one-to-one in the word: a difference never goes away.
uint64_t mix(uint64_t lane, uint64_t word) { return std::rotl((lane ^ word) * kOdd, 29) + kOther; }

uint64_t word_at(const std::byte* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

}  // namespace

uint64_t checksum_of(const std::byte* bytes, int64_t byte_count) {
  uint64_t lanes[kLanes];
  for (int i = 0; i < kLanes; i++) lanes[i] = kOther * static_cast<uint64_t>(i + 1);
  constexpr int64_t kStripe = kLanes * static_cast<int64_t>(sizeof(uint64_t));
  int64_t at = 0;
  for (; at + kStripe <= byte_count; at += kStripe) {
    for (int i = 0; i < kLanes; i++) lanes[i] = mix(lanes[i], word_at(bytes + at + 8 * i));
  }
  uint64_t sum = static_cast<uint64_t>(byte_count);
  for (const uint64_t lane : lanes) sum = mix(sum, lane);
  for (; at + 8 <= byte_count; at += 8) sum = mix(sum, word_at(bytes + at));
  uint64_t rest = 0;
  std::memcpy(&rest, bytes + at, static_cast<size_t>(byte_count - at));
  sum = mix(sum, rest);
  sum ^= sum >> 32;
  sum *= kOther;
  sum ^= sum >> 29;
  return sum != 0 ? sum : 1;
}

}  // namespace actorring::comm
