// GPUs, over NCCL's own C API, opened at run time. Compiled everywhere; not run on a GPU so far.
#pragma once
#include "transport.h"

namespace actorring::comm {

/// Throws AR_UNSUPPORTED, naming the library, where it cannot be opened.
void require_nccl();
std::unique_ptr<Transport> open_nccl(const ar_comm_options& options, const Identity& self, Events& events);

}  // namespace actorring::comm
