// Copies of what was received.
#pragma once
#include <cstddef>
#include <cstdint>

namespace actorring::comm {

/// Bytes from which source and destination together do not fit into the last-level cache, so that what is written should not displace it.
int64_t streaming_threshold();

/// `streaming`: past the caches. Saves a third of the time where the bytes come from memory anyway, and costs more than it saves where they would have stayed in a cache.
void copy_bytes(std::byte* destination, const std::byte* source, int64_t byte_count, bool streaming);

}  // namespace actorring::comm
