// Times block attention against the multiply-add peak of the same seconds: attention_check bench [tokens head_size heads kv_heads dtype(f32|bf16) threads repeats window]
// A machine that is shared changes its speed by the second, so every run stands between two probes of the peak; medians over the runs.
#include <algorithm>
#include <string>

#include "attention_check.h"

namespace check {
namespace {

struct Run {
  double cpu_rate, wall_rate, peak;  // the peak is one thread's
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double peak_of(const Context& context, ar_dtype dtype, int threads) {
  double gflops;
  require(ar_context_measure_peak(context.handle, dtype, 0.02, &gflops));
  return gflops / threads;
}

template <class Body>
Run measure(const Context& context, ar_dtype dtype, int threads, double flops, Body&& body) {
  const double before = peak_of(context, dtype, threads);
  const double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
  body();
  const double cpu_seconds = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, wall_seconds = seconds(CLOCK_MONOTONIC) - wall;
  return {flops / cpu_seconds * 1e-9, flops / wall_seconds * 1e-9, std::max(before, peak_of(context, dtype, threads))};
}

void report(const char* name, const std::vector<Run>& runs, int threads) {
  std::vector<double> cpu, wall, rate, peak;
  for (const Run& run : runs) {
    cpu.push_back(run.cpu_rate / run.peak);
    wall.push_back(run.wall_rate / run.peak / threads);
    rate.push_back(run.wall_rate);
    peak.push_back(run.peak);
  }
  std::printf("  %s: %.1f%% of peak by CPU time, %.1f%% by the clock, best %.1f%%, %.1f GFLOP/s (peak of a thread %.1f)\n", name, 100 * median(cpu), 100 * median(wall),
              100 * *std::max_element(wall.begin(), wall.end()), median(rate), median(peak));
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
    runs[0].push_back(measure(context, dtype, threads, flops, forward));
    runs[1].push_back(measure(context, dtype, threads, 2.5 * flops, backward));
  }
  int64_t scratch;
  require(ar_attention_scratch_bytes(context.handle, &q.tensor, &k.tensor, &scratch));
  std::printf("%s T %lld H %lld N %lld K %lld threads %d window %lld, scratch %.1f MiB\n", half ? "bf16" : "f32", (long long)tokens, (long long)head_size, (long long)heads, (long long)kv_heads, threads,
              (long long)window, static_cast<double>(scratch) / 1048576);
  report("forward ", runs[0], threads);
  report("backward", runs[1], threads);
  return 0;
}

}  // namespace check
