// Times block attention against the multiply-add peak of the same seconds: attention_check bench [tokens head_size heads kv_heads dtype(f32|bf16) threads repeats window]
// A machine that is shared changes its speed by the second, so every run stands between two probes of the peak; "quiet" are the runs between probes that a busy
// hyperthread sibling would have halved.
#include <algorithm>
#include <string>

#include "attention_check.h"

namespace check {
namespace {

#if defined(__x86_64__)
#define AR_FMA(i) "vfmadd231ps %%zmm30, %%zmm31, %%zmm" #i "\n\t"
#define AR_FMA_NOP(i) AR_FMA(i) "nop\n\t"
#define AR_TWELVE(x) x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9) x(10) x(11)
#define AR_ZEROED "vpxord %%zmm30, %%zmm30, %%zmm30\n\tvpxord %%zmm31, %%zmm31, %%zmm31\n\t"  // a leftover denormal would slow every product down
#define AR_CLEAR(i) "vpxord %%zmm" #i ", %%zmm" #i ", %%zmm" #i "\n\t"
#define AR_CLOBBERS "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11"
// GFLOP per CPU second. `dense` fills the front end with instructions that cost nothing else: it falls when another hyperthread takes its share.
__attribute__((noinline, target("avx512f"))) double peak(bool dense) {
  long turns = 400000;
  const double flops = static_cast<double>(turns) * 24 * 32;
  const double start = seconds(CLOCK_THREAD_CPUTIME_ID);
  if (dense) __asm__ volatile(AR_ZEROED AR_TWELVE(AR_CLEAR) "1:\n\t" AR_TWELVE(AR_FMA_NOP) AR_TWELVE(AR_FMA_NOP) "dec %0\n\tjnz 1b" : "+r"(turns)::AR_CLOBBERS);
  else __asm__ volatile(AR_ZEROED AR_TWELVE(AR_CLEAR) "1:\n\t" AR_TWELVE(AR_FMA) AR_TWELVE(AR_FMA) "dec %0\n\tjnz 1b" : "+r"(turns)::AR_CLOBBERS);
  return flops / (seconds(CLOCK_THREAD_CPUTIME_ID) - start) * 1e-9;
}
#endif

struct Run {
  double cpu_rate, wall_rate, plain, dense;
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <class Body>
Run measure(double flops, Body&& body) {
  const double plain0 = peak(false), dense0 = peak(true);
  const double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
  body();
  const double cpu_seconds = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, wall_seconds = seconds(CLOCK_MONOTONIC) - wall;
  const double dense1 = peak(true), plain1 = peak(false);
  return {flops / cpu_seconds * 1e-9, flops / wall_seconds * 1e-9, (plain0 + plain1) / 2, std::min(dense0, dense1)};
}

void report(const char* name, const std::vector<Run>& runs) {
  double best = 0;
  for (const Run& run : runs) best = std::max(best, run.plain);
  std::vector<double> all, quiet, wall;
  for (const Run& run : runs) {
    all.push_back(run.cpu_rate / run.plain);
    wall.push_back(run.wall_rate);
    if (run.dense > 0.93 * best) quiet.push_back(run.cpu_rate / run.plain);
  }
  std::printf("  %s: quiet %.1f%% of peak (%zu of %zu runs), all runs %.1f%%, best wall %.0f GFLOP/s (peak of a thread %.0f)\n", name, 100 * median(quiet), quiet.size(), runs.size(), 100 * median(all),
              *std::max_element(wall.begin(), wall.end()), best);
}

}  // namespace

int run_benchmark(int argc, char** argv) {
  auto number = [&](int i, int64_t otherwise) { return argc > i ? std::atoll(argv[i]) : otherwise; };
  const int64_t tokens = number(0, 8192), head_size = number(1, 128), heads = number(2, 2), kv_heads = number(3, 2);
  const bool half = argc > 4 && std::string(argv[4]) == "bf16";
  const int threads = static_cast<int>(number(5, 1)), repeats = static_cast<int>(number(6, 9));
  const int64_t window = number(7, 0);
  const ar_dtype dtype = half ? AR_BFLOAT16 : AR_FLOAT32;
  Context context(AR_ISA_AUTO, threads);
  require(context.status);
  std::mt19937 random(1);
  Tensor q(context, dtype, 1, tokens, heads, head_size), k(context, dtype, 1, tokens, kv_heads, head_size), v(context, dtype, 1, tokens, kv_heads, head_size);
  Tensor dout(context, dtype, 1, tokens, heads, head_size), out(context, dtype, 1, tokens, heads, head_size);
  Tensor dq(context, AR_FLOAT32, 1, tokens, heads, head_size), dk(context, AR_FLOAT32, 1, tokens, kv_heads, head_size), dv(context, AR_FLOAT32, 1, tokens, kv_heads, head_size);
  Tensor lse(context, AR_FLOAT32, 1, tokens, heads, 0), delta(context, AR_FLOAT32, 1, tokens, heads, 0);
  q.fill_normal(random), k.fill_normal(random), v.fill_normal(random), dout.fill_normal(random);
  ar_attention_mask mask{};
  mask.causal = mask.q_step = mask.k_step = 1;
  mask.window = window;
  double pairs = 0;  // visible (query, key) pairs
  for (int64_t i = 0; i < tokens; i++) pairs += static_cast<double>(window > 0 ? std::min(i + 1, window) : i + 1);
  const double flops = 4.0 * pairs * static_cast<double>(head_size * heads);
  const double scale = 1.0 / std::sqrt(static_cast<double>(head_size));
  auto forward = [&] {
    require(ar_attention_forward(context.handle, &q.tensor, &k.tensor, &v.tensor, &mask, scale, AR_ATTENTION_FIRST | AR_ATTENTION_LAST, nullptr, nullptr, nullptr, &out.tensor, &lse.tensor));
  };
  auto backward = [&] {
    require(ar_attention_backward(context.handle, &q.tensor, &k.tensor, &v.tensor, &dout.tensor, &lse.tensor, &delta.tensor, &mask, scale, 0, &dq.tensor, &dk.tensor, &dv.tensor));
  };
  forward();
  require(ar_attention_delta(context.handle, &out.tensor, &dout.tensor, &delta.tensor));
  std::vector<Run> runs[2];
  for (int repeat = 0; repeat < repeats; repeat++) {
    runs[0].push_back(measure(flops, forward));
    runs[1].push_back(measure(2.5 * flops, backward));
  }
  int64_t scratch;
  require(ar_attention_scratch_bytes(context.handle, &q.tensor, &k.tensor, &scratch));
  std::printf("%s T %lld H %lld N %lld K %lld threads %d window %lld, scratch %.1f MiB\n", half ? "bf16" : "f32", (long long)tokens, (long long)head_size, (long long)heads, (long long)kv_heads, threads,
              (long long)window, static_cast<double>(scratch) / 1048576);
  report("forward ", runs[0]);
  report("backward", runs[1]);
  return 0;
}

}  // namespace check
