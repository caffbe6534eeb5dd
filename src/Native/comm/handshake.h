// How two ranks admit each other, whatever carries the four messages: the connecting side says hello, the accepting side challenges, both prove the secret
// over both nonces, the accepting side admits. Nothing else is read from a peer before that. The secret itself is never sent.
#pragma once
#include <cstdint>

#include "sha256.h"

namespace actorring::comm {

/// This rank's place in its group, and what it must prove.
struct Identity {
  int32_t transport;
  int32_t rank;
  int32_t size;
  int64_t epoch;
  std::array<uint8_t, 32> secret;
};

enum class GreetingKind : uint16_t { kHello = 1, kChallenge = 2, kProof = 3, kAdmitted = 4, kRefused = 5 };
enum class Refusal : int32_t { kNone = 0, kVersion = 1, kEpoch = 2, kSize = 3, kRank = 4, kSecret = 5, kTaken = 6, kUser = 7, kGarbage = 8 };

struct Greeting {
  uint32_t magic;
  uint16_t version;
  GreetingKind kind;
  int32_t from, to, size;
  Refusal refusal;
  int64_t epoch;
  Digest nonce;
  Digest proof;
};
static_assert(sizeof(Greeting) == 96);

const char* refusal_text(Refusal refusal);
void fill_random(void* destination, size_t byte_count);

/// One side of one handshake.
class Handshake {
 public:
  explicit Handshake(const Identity& self) : self_(self) {}

  /// Connecting side: the first message to `peer`.
  Greeting hello(int peer);
  /// Connecting side: the answer to a challenge; refused with kSecret if the other side does not know the secret.
  Greeting prove(const Greeting& challenge);
  /// Accepting side: the answer to a hello, a challenge or a refusal. `peer` is known afterwards, though not yet proven.
  Greeting challenge(const Greeting& hello);
  /// Accepting side: admits or refuses.
  Greeting judge(const Greeting& proof);
  Greeting refuse(Refusal refusal) const;

  int peer() const { return peer_; }
  int64_t peer_epoch() const { return peer_epoch_; }

 private:
  Greeting start(GreetingKind kind) const;
  Digest proof_of(bool connecting) const;

  const Identity& self_;
  int peer_ = -1;
  int64_t peer_epoch_ = 0;
  bool connecting_ = false;
  Digest hello_nonce_{};
  Digest challenge_nonce_{};
};

}  // namespace actorring::comm
