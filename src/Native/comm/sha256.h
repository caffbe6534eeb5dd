// SHA-256 (FIPS 180-4) and HMAC (RFC 2104): what two ranks prove a secret with. Here because the room has no other use for a cryptographic library.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace actorring::comm {

using Digest = std::array<uint8_t, 32>;

Digest sha256(std::span<const uint8_t> data);
Digest hmac_sha256(std::span<const uint8_t> key, std::span<const uint8_t> data);

/// Equality in a time that does not depend on where the first difference lies.
bool same_digest(const Digest& a, const Digest& b);

}  // namespace actorring::comm
