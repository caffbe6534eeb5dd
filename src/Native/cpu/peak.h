// The multiply-add rate that the kernels are measured against: registers only.
#pragma once
#include <time.h>

#include "context.h"
#include "gemm_tile.h"

namespace actorring::cpu::AR_ISA {

constexpr int kPeakChains = W == 16 ? 24 : 12;  // independent sums: enough to fill two pipelines, few enough to stay in registers

template <bool DOT>
__attribute__((noinline)) static void multiply_in_registers(int64_t turns) {
  F sum[kPeakChains];
#pragma GCC unroll 24
  for (int i = 0; i < kPeakChains; i++) sum[i] = set1(static_cast<float>(i));
  F a = set1(0.5f), b = set1(0.25f);
  for (int64_t turn = 0; turn < turns; turn++) {
#pragma GCC unroll 24
    for (int i = 0; i < kPeakChains; i++) multiply_add<DOT>(a, b, sum[i]);
    // The operands may have changed as far as the compiler knows, so that no turn can be left out.
#if defined(__AVX512F__)
    __asm__ volatile("" : "+v"(a), "+v"(b));
#elif defined(__x86_64__)
    __asm__ volatile("" : "+x"(a), "+x"(b));
#endif
  }
  F total = zero();
#pragma GCC unroll 24
  for (int i = 0; i < kPeakChains; i++) total = add(total, sum[i]);
  volatile float kept = reduce_add(total);
  (void)kept;
}

AR_INLINE double wall_seconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Best of rounds of about 10 ms: what the machine can do, not what its other users left of it.
static double measure_peak(CpuContext& context, ar_dtype dtype, double seconds) {
#if defined(AR_BF16_DOT) && !defined(AR_BF16_DOT_EMULATED)
  const bool dot = dtype == AR_BFLOAT16;
#else
  const bool dot = false;
  (void)dtype;
#endif
  const int64_t threads = context.pool.thread_count();
  const auto round = [&](int64_t turns) {
    const double start = wall_seconds();
    context.pool.run(threads, [&](int64_t, int) {
      if (dot) {
        multiply_in_registers<kHasDot>(turns);
      } else {
        multiply_in_registers<false>(turns);
      }
    });
    return static_cast<double>(turns * threads * kPeakChains * W * 2 * (dot ? 2 : 1)) / (wall_seconds() - start) * 1e-9;
  };
  const double end = wall_seconds() + seconds;
  int64_t turns = 1000;
  while (turns < (int64_t{1} << 30)) {
    const double start = wall_seconds();
    round(turns);
    if (wall_seconds() - start > 0.008) break;
    turns *= 2;
  }
  double best = 0;
  do {
    const double rate = round(turns);
    if (rate > best) best = rate;
  } while (wall_seconds() < end);
  return best;
}

}  // namespace actorring::cpu::AR_ISA
