// Sums over ranks, formed in float32 in ascending rank order: the same bits wherever and however often they are formed.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "actorring_comm.h"

namespace actorring::comm {

/// destination[i] = parts[0][i] + parts[1][i] + ...; destination may be one of the parts if the types are equal. Returns early when `stop` becomes true.
void sum_in_order(std::span<const std::byte* const> parts, ar_dtype source_dtype, std::byte* destination, ar_dtype destination_dtype, int64_t element_count, const std::atomic<bool>& stop);

}  // namespace actorring::comm
