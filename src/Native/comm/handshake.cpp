#include "handshake.h"

#include <sys/random.h>

#include <cstring>
#include <vector>

#include "failure.h"

namespace actorring::comm {
namespace {

constexpr uint32_t kMagic = 0x47525241;  // "ARRG"
constexpr uint16_t kVersion = 1;

}  // namespace

const char* refusal_text(Refusal refusal) {
  switch (refusal) {
    case Refusal::kVersion: return "another version of the library";
    case Refusal::kEpoch: return "wrong epoch";
    case Refusal::kSize: return "wrong group size";
    case Refusal::kRank: return "wrong rank";
    case Refusal::kSecret: return "wrong secret";
    case Refusal::kTaken: return "that rank is connected already";
    case Refusal::kUser: return "another user";
    default: return "not a rank of this library";
  }
}

void fill_random(void* destination, size_t byte_count) {
  if (getrandom(destination, byte_count, 0) != static_cast<ssize_t>(byte_count)) fail(AR_INTERNAL, "the kernel gave no random bytes");
}

Greeting Handshake::start(GreetingKind kind) const {
  Greeting greeting{};
  greeting.magic = kMagic;
  greeting.version = kVersion;
  greeting.kind = kind;
  greeting.from = self_.rank;
  greeting.to = peer_;
  greeting.size = self_.size;
  greeting.epoch = self_.epoch;
  return greeting;
}

Greeting Handshake::refuse(Refusal refusal) const {
  Greeting greeting = start(GreetingKind::kRefused);
  greeting.refusal = refusal;
  return greeting;
}

// The side that proves is part of what is proven: an answer cannot be reflected.
Digest Handshake::proof_of(bool connecting) const {
  struct {
    char purpose[16];
    int64_t epoch;
    int32_t connecting_side, connecting_rank, accepting_rank, size, transport, reserved;
    Digest hello, challenge;
  } text{};
  std::memcpy(text.purpose, "actorring-admit", 16);
  text.epoch = self_.epoch;
  text.connecting_side = connecting;
  text.connecting_rank = connecting_ ? self_.rank : peer_;
  text.accepting_rank = connecting_ ? peer_ : self_.rank;
  text.size = self_.size;
  text.transport = self_.transport;
  text.hello = hello_nonce_;
  text.challenge = challenge_nonce_;
  return hmac_sha256(self_.secret, {reinterpret_cast<const uint8_t*>(&text), sizeof text});
}

Greeting Handshake::hello(int peer) {
  connecting_ = true;
  peer_ = peer;
  fill_random(hello_nonce_.data(), hello_nonce_.size());
  Greeting greeting = start(GreetingKind::kHello);
  greeting.nonce = hello_nonce_;
  return greeting;
}

Greeting Handshake::challenge(const Greeting& hello) {
  if (hello.magic != kMagic || hello.kind != GreetingKind::kHello) return refuse(Refusal::kGarbage);
  if (hello.version != kVersion) return refuse(Refusal::kVersion);
  peer_epoch_ = hello.epoch;
  peer_ = hello.from > self_.rank && hello.from < self_.size ? hello.from : -1;
  if (hello.epoch != self_.epoch) return refuse(Refusal::kEpoch);
  if (hello.size != self_.size) return refuse(Refusal::kSize);
  if (hello.to != self_.rank || peer_ < 0) return refuse(Refusal::kRank);
  hello_nonce_ = hello.nonce;
  fill_random(challenge_nonce_.data(), challenge_nonce_.size());
  Greeting greeting = start(GreetingKind::kChallenge);
  greeting.nonce = challenge_nonce_;
  greeting.proof = proof_of(false);
  return greeting;
}

Greeting Handshake::prove(const Greeting& challenge) {
  if (challenge.magic != kMagic || challenge.version != kVersion || challenge.kind != GreetingKind::kChallenge) return refuse(Refusal::kGarbage);
  if (challenge.from != peer_ || challenge.to != self_.rank) return refuse(Refusal::kRank);
  challenge_nonce_ = challenge.nonce;
  if (!same_digest(challenge.proof, proof_of(false))) return refuse(Refusal::kSecret);
  Greeting greeting = start(GreetingKind::kProof);
  greeting.proof = proof_of(true);
  return greeting;
}

Greeting Handshake::judge(const Greeting& proof) {
  if (proof.magic != kMagic || proof.kind != GreetingKind::kProof) return refuse(proof.kind == GreetingKind::kRefused ? proof.refusal : Refusal::kGarbage);
  if (!same_digest(proof.proof, proof_of(true))) return refuse(Refusal::kSecret);
  return start(GreetingKind::kAdmitted);
}

}  // namespace actorring::comm
