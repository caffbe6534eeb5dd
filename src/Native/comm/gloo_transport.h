// Ranks on several hosts, over Gloo's TCP pairs.
#pragma once
#include "transport.h"

namespace actorring::comm {

/// Throws AR_UNSUPPORTED, naming the package, where this library was built without Gloo.
void require_gloo();
std::unique_ptr<Transport> open_gloo(const ar_comm_options& options, const Identity& self, Events& events);

}  // namespace actorring::comm
