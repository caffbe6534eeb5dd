// A CPU context: the instruction set pinned at creation, its threads and its scratch memory.
#pragma once
#include "handles.h"
#include "scratch.h"
#include "thread_pool.h"

namespace actorring::cpu {

struct AttentionKernels;  // attention.h
struct LayerKernels;      // layers.h

struct CpuContext final : ar_context {
  CpuContext(const ar_context_options& options, ar_isa chosen);

  ThreadPool pool;
  Scratch scratch;  // one operation at a time uses it
  const AttentionKernels* attention;
  const LayerKernels* layers;
};

inline CpuContext& self(ar_context& context) { return static_cast<CpuContext&>(context); }

}  // namespace actorring::cpu
