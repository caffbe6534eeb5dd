#include "nccl_transport.h"

namespace actorring::comm {

void require_nccl() { fail(AR_UNSUPPORTED, "libnccl.so.2 is not on this machine: install NCCL 2.18 or later"); }
std::unique_ptr<Transport> open_nccl(const ar_comm_options&, const Identity&, Events&) { require_nccl(); return nullptr; }

}  // namespace actorring::comm
