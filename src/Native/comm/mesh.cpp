#include "mesh.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "transport.h"

namespace actorring::comm {
namespace {

constexpr size_t kNameBytes = 16;
constexpr size_t kMostStrangers = 64;  // connections that have not been admitted yet
constexpr int64_t kRetryNanoseconds = 2'000'000;

int open_socket() {
  const int descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail(AR_INTERNAL, "no socket: %s", std::strerror(errno));
  return descriptor;
}

socklen_t abstract_address(const std::string& name, sockaddr_un* out_address) {
  *out_address = {};
  out_address->sun_family = AF_UNIX;
  std::memcpy(out_address->sun_path + 1, name.data(), name.size());
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
}

// One connection until it is admitted.
struct Candidate {
  int socket = -1;
  Handshake handshake;
  int peer = -1;       // known from the start where this side connects
  bool proving = false;
  bool greeted = false;  // connecting side: hello is sent

  explicit Candidate(const Identity& self) : handshake(self) {}
  ~Candidate() {
    if (socket >= 0) close(socket);
  }
  Candidate(const Candidate&) = delete;
  Candidate& operator=(const Candidate&) = delete;

  bool say(const Greeting& greeting) const { return send(socket, &greeting, sizeof greeting, MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(sizeof greeting); }
};

// Same user always; ranks that are threads of one process prove that too, because they will read each other's memory by address.
bool may_enter(int socket, const Identity& self) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == geteuid() && (self.transport != AR_TRANSPORT_LOOPBACK || peer.pid == getpid());
}

class Meeting {
 public:
  Meeting(const Identity& self, int listener, const std::vector<std::span<const std::byte>>& names)
      : self_(self), listener_(listener), sockets_(static_cast<size_t>(self.size), -1), refusals_(static_cast<size_t>(self.size)) {
    for (int peer = 0; peer < self.rank; peer++) {
      const auto bytes = names[static_cast<size_t>(peer)];
      if (bytes.empty() || bytes.size() > 100) fail(AR_INVALID_ARGUMENT, "endpoint of rank %d has a name of %zu bytes", peer, bytes.size());
      auto candidate = std::make_unique<Candidate>(self);
      candidate->peer = peer;
      candidates_.push_back(std::move(candidate));
      names_.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
  }
  ~Meeting() {
    for (int socket : sockets_) {
      if (socket >= 0) close(socket);
    }
  }

  std::vector<int> run(int64_t deadline, int wake_descriptor, bool (*cancelled)(void*), void* state) {
    while (admitted_ < self_.size - 1) {
      bool retry = false;
      for (auto& candidate : candidates_) {
        if (candidate->peer >= 0 && candidate->peer < self_.rank && !candidate->greeted) retry = !greet(*candidate) || retry;
      }
      const int64_t now = now_nanoseconds();
      if (now >= deadline) give_up();
      std::vector<pollfd> waits{{wake_descriptor, POLLIN, 0}, {listener_, static_cast<short>(candidates_.size() < kMostStrangers + sockets_.size() ? POLLIN : 0), 0}};
      for (auto& candidate : candidates_) waits.push_back({candidate->socket, POLLIN, 0});
      const int64_t nap = retry ? std::min(kRetryNanoseconds, deadline - now) : deadline - now;
      const timespec time{nap / 1'000'000'000, nap % 1'000'000'000};
      ppoll(waits.data(), waits.size(), &time, nullptr);
      if (waits[0].revents != 0) {
        uint64_t count;
        [[maybe_unused]] const ssize_t ignored = read(wake_descriptor, &count, sizeof count);
      }
      if (cancelled(state)) fail(AR_ABORTED, "aborted while connecting");
      // From the end: an answered candidate is removed from its place.
      for (size_t i = waits.size(); i-- > 2;) {
        if (waits[i].revents != 0 && !answer(*candidates_[i - 2])) candidates_.erase(candidates_.begin() + static_cast<std::ptrdiff_t>(i) - 2);
      }
      if (waits[1].revents != 0) admit_strangers();
    }
    return std::exchange(sockets_, {});
  }

 private:
  // False: the other side's queue is full, try again.
  bool greet(Candidate& candidate) {
    if (candidate.socket < 0) candidate.socket = open_socket();
    sockaddr_un address;
    const socklen_t size = abstract_address(names_[static_cast<size_t>(candidate.peer)], &address);
    if (connect(candidate.socket, reinterpret_cast<sockaddr*>(&address), size) != 0) {
      if (errno == EAGAIN || errno == EINTR) return false;
      fail(errno == ECONNREFUSED ? AR_PEER_LOST : AR_INTERNAL, "rank %d cannot be reached: %s", candidate.peer, std::strerror(errno));
    }
    if (!may_enter(candidate.socket, self_)) fail(AR_REFUSED, "rank %d was not admitted: %s", candidate.peer, refusal_text(Refusal::kUser));
    candidate.greeted = true;
    if (!candidate.say(candidate.handshake.hello(candidate.peer))) fail(AR_PEER_LOST, "rank %d closed the connection", candidate.peer);
    return true;
  }

  void admit_strangers() {
    while (candidates_.size() < kMostStrangers + sockets_.size()) {
      const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0) return;
      auto candidate = std::make_unique<Candidate>(self_);
      candidate->socket = socket;
      if (may_enter(socket, self_)) {
        candidates_.push_back(std::move(candidate));
      } else {
        candidate->say(candidate->handshake.refuse(Refusal::kUser));
      }
    }
  }

  // False: the candidate is admitted or turned away.
  bool answer(Candidate& candidate) {
    Greeting greeting;
    const ssize_t count = recv(candidate.socket, &greeting, sizeof greeting, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    const bool complete = count == static_cast<ssize_t>(sizeof greeting);
    if (candidate.peer >= 0 && candidate.peer < self_.rank) {
      if (!complete) fail(AR_PEER_LOST, "rank %d closed the connection before it admitted this rank", candidate.peer);
      return answer_as_guest(candidate, greeting);
    }
    return complete && answer_as_host(candidate, greeting);
  }

  bool answer_as_guest(Candidate& candidate, const Greeting& greeting) {
    if (greeting.kind == GreetingKind::kRefused) fail(AR_REFUSED, "rank %d refused this rank: %s", candidate.peer, refusal_text(greeting.refusal));
    if (!candidate.proving) {
      candidate.proving = true;
      const Greeting proof = candidate.handshake.prove(greeting);
      candidate.say(proof);
      if (proof.kind == GreetingKind::kRefused) fail(AR_REFUSED, "rank %d was not admitted: %s", candidate.peer, refusal_text(proof.refusal));
      return true;
    }
    if (greeting.kind != GreetingKind::kAdmitted) fail(AR_REFUSED, "rank %d was not admitted: %s", candidate.peer, refusal_text(Refusal::kGarbage));
    keep(candidate, candidate.peer);
    return false;
  }

  bool answer_as_host(Candidate& candidate, const Greeting& greeting) {
    Greeting reply = candidate.proving ? candidate.handshake.judge(greeting) : candidate.handshake.challenge(greeting);
    const int peer = candidate.handshake.peer();
    if (reply.kind != GreetingKind::kRefused && sockets_[static_cast<size_t>(peer)] >= 0) reply = candidate.handshake.refuse(Refusal::kTaken);
    candidate.say(reply);
    if (reply.kind == GreetingKind::kRefused) {
      if (peer >= 0) refusals_[static_cast<size_t>(peer)] = refusal_text(reply.refusal);
      return false;
    }
    candidate.proving = true;
    if (reply.kind == GreetingKind::kChallenge) return true;
    keep(candidate, peer);
    return false;
  }

  void keep(Candidate& candidate, int peer) {
    sockets_[static_cast<size_t>(peer)] = std::exchange(candidate.socket, -1);
    admitted_++;
  }

  [[noreturn]] void give_up() const {
    for (int peer = 0; peer < self_.size; peer++) {
      if (peer == self_.rank || sockets_[static_cast<size_t>(peer)] >= 0) continue;
      const std::string& refusal = refusals_[static_cast<size_t>(peer)];
      if (!refusal.empty()) fail(AR_REFUSED, "rank %d was refused: %s", peer, refusal.c_str());
      fail(AR_TIMEOUT, "rank %d did not connect in time", peer);
    }
    fail(AR_INTERNAL, "a rank is missing");
  }

  const Identity& self_;
  const int listener_;
  int admitted_ = 0;
  std::vector<int> sockets_;
  std::vector<std::string> refusals_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<Candidate>> candidates_;
};

}  // namespace

MeshListener::MeshListener(const Identity& self) : self_(self) {
  uint8_t random[kNameBytes];
  fill_random(random, sizeof random);
  name_ = "actorring-";
  for (uint8_t byte : random) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    name_ += digits;
  }
  socket_ = open_socket();
  sockaddr_un address;
  const socklen_t size = abstract_address(name_, &address);
  if (bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(socket_, self.size + static_cast<int>(kMostStrangers)) != 0) {
    const int error = errno;
    close(socket_);
    fail(AR_INTERNAL, "no listening socket: %s", std::strerror(error));
  }
}

MeshListener::~MeshListener() { close(socket_); }

std::vector<int> MeshListener::connect(const std::vector<std::span<const std::byte>>& names, int64_t deadline_nanoseconds, int wake_descriptor, bool (*cancelled)(void*), void* state) {
  return Meeting(self_, socket_, names).run(deadline_nanoseconds, wake_descriptor, cancelled, state);
}

}  // namespace actorring::comm
