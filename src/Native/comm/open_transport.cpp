// Which transport an ar_transport means, and what is missing where one cannot be had.
#include <cinttypes>

#include "gloo_transport.h"
#include "hand_over.h"
#include "nccl_transport.h"

namespace actorring::comm {

void require_transport(int32_t transport) {
  switch (transport) {
    case AR_TRANSPORT_LOOPBACK:
    case AR_TRANSPORT_SHM: return;
    case AR_TRANSPORT_GLOO: return require_gloo();
    case AR_TRANSPORT_NCCL: return require_nccl();
    default: fail(AR_INVALID_ARGUMENT, "transport is %" PRId32 ", allowed are 0 (loopback), 1 (shm), 2 (gloo) and 3 (nccl)", transport);
  }
}

std::unique_ptr<Transport> open_transport(const ar_comm_options& options, const Identity& self, Events& events) {
  require_transport(options.transport);
  if (options.verify != 0 && options.transport == AR_TRANSPORT_NCCL) fail(AR_UNSUPPORTED, "transfers over NCCL cannot be verified: the processor does not see their bytes");
  switch (options.transport) {
    case AR_TRANSPORT_GLOO: return open_gloo(options, self, events);
    case AR_TRANSPORT_NCCL: return open_nccl(options, self, events);
    default: return std::make_unique<HandOver>(self, events);
  }
}

}  // namespace actorring::comm
