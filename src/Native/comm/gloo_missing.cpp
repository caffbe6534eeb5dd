#include "gloo_transport.h"

namespace actorring::comm {

void require_gloo() { fail(AR_UNSUPPORTED, "this library was built without Gloo: install libgloo-dev and build again"); }
std::unique_ptr<Transport> open_gloo(const ar_comm_options&, const Identity&, Events&) { require_gloo(); return nullptr; }

}  // namespace actorring::comm
