// A connected pair of sockets with every other rank of this host, each admitted by handshake.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "handshake.h"

namespace actorring::comm {

/// A listening unix-domain socket with a random abstract name: nothing in the file system, gone with the process.
class MeshListener {
 public:
  explicit MeshListener(const Identity& self);
  ~MeshListener();
  MeshListener(const MeshListener&) = delete;
  MeshListener& operator=(const MeshListener&) = delete;

  const std::string& name() const { return name_; }

  /// Sockets by rank, -1 for this one. `wake_descriptor` becomes readable when `cancelled` should be asked. Throws Failure; then everything opened here is closed.
  std::vector<int> connect(const std::vector<std::span<const std::byte>>& names, int64_t deadline_nanoseconds, int wake_descriptor, bool (*cancelled)(void*), void* state);

 private:
  const Identity& self_;
  std::string name_;
  int socket_ = -1;
};

}  // namespace actorring::comm
