#include "copy.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace actorring::comm {
namespace {

#if defined(__x86_64__)
constexpr int64_t kVector = 32;
constexpr int64_t kStep = 4 * kVector;

__attribute__((target("avx2"))) void stream(std::byte* destination, const std::byte* source, int64_t byte_count) {
  const int64_t head = std::min<int64_t>(byte_count, static_cast<int64_t>(-reinterpret_cast<uintptr_t>(destination) & (kVector - 1)));
  std::memcpy(destination, source, static_cast<size_t>(head));
  int64_t at = head;
  for (; at + kStep <= byte_count; at += kStep) {
    const auto* from = reinterpret_cast<const __m256i*>(source + at);
    auto* to = reinterpret_cast<__m256i*>(destination + at);
    const __m256i a = _mm256_loadu_si256(from), b = _mm256_loadu_si256(from + 1), c = _mm256_loadu_si256(from + 2), d = _mm256_loadu_si256(from + 3);
    _mm256_stream_si256(to, a);
    _mm256_stream_si256(to + 1, b);
    _mm256_stream_si256(to + 2, c);
    _mm256_stream_si256(to + 3, d);
  }
  // Streamed stores are not ordered with what follows, such as the acknowledgement.
  _mm_sfence();
  std::memcpy(destination + at, source + at, static_cast<size_t>(byte_count - at));
}
#endif

}  // namespace

int64_t streaming_threshold() {
  const long cache_bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
  return cache_bytes > 0 ? cache_bytes / 2 : 16 << 20;
}

void copy_bytes(std::byte* destination, const std::byte* source, int64_t byte_count, bool streaming) {
#if defined(__x86_64__)
  if (streaming && __builtin_cpu_supports("avx2")) return stream(destination, source, byte_count);
#endif
  static_cast<void>(streaming);
  std::memcpy(destination, source, static_cast<size_t>(byte_count));
}

}  // namespace actorring::comm
