#include "context.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "attention.h"
#include "backend.h"
#include "failure.h"
#include "layers.h"
#include "slab.h"
#include "tables.h"

namespace actorring::cpu {
namespace {

const char* isa_name(int isa) {
  switch (isa) {
    case AR_ISA_PORTABLE: return "portable";
    case AR_ISA_AVX2: return "avx2";
    case AR_ISA_AVX512: return "avx512";
    case AR_ISA_AVX512_BF16: return "avx512bf16";
    case AR_ISA_AVX512_BF16_EMULATED: return "avx512bf16-emulated";
    default: return "auto";
  }
}

bool machine_has(int isa) {
  switch (isa) {
    case AR_ISA_PORTABLE: return true;
    case AR_ISA_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case AR_ISA_AVX512:
    case AR_ISA_AVX512_BF16_EMULATED:
      return machine_has(AR_ISA_AVX2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    case AR_ISA_AVX512_BF16: return machine_has(AR_ISA_AVX512) && __builtin_cpu_supports("avx512bf16");
    default: return false;
  }
}

ar_isa choose(int asked) {
  if (asked != AR_ISA_AUTO) {
    if (!machine_has(asked)) fail(AR_UNSUPPORTED, "isa %s is asked for, this machine lacks it", isa_name(asked));
    return static_cast<ar_isa>(asked);
  }
  for (int isa : {AR_ISA_AVX512_BF16, AR_ISA_AVX512, AR_ISA_AVX2}) {
    if (machine_has(isa)) return static_cast<ar_isa>(isa);
  }
  return AR_ISA_PORTABLE;
}

}  // namespace

constexpr int64_t kHugePage = 2 << 20;

Scratch::~Scratch() { std::free(address_); }

std::byte* Scratch::request(int64_t byte_count) {
  if (byte_count > byte_count_) {
    // Huge pages where the kernel offers them: packed panels are read in an order that costs a page walk every few lines otherwise.
    const int64_t unit = byte_count < kHugePage ? 4096 : kHugePage;
    const int64_t rounded = (byte_count + unit - 1) / unit * unit;
    void* grown = std::aligned_alloc(static_cast<size_t>(unit), static_cast<size_t>(rounded));
    if (grown == nullptr) throw std::bad_alloc();
    if (unit == kHugePage) madvise(grown, static_cast<size_t>(rounded), MADV_HUGEPAGE);
    std::free(address_);
    address_ = static_cast<std::byte*>(grown);
    byte_count_ = rounded;
  }
  return address_;
}

CpuContext::CpuContext(const ar_context_options& options, ar_isa chosen)
    : pool(options.thread_count, options.cpus), attention(&attention_kernels(chosen)), layers(&layer_kernels(chosen)) {
  device = AR_DEVICE_CPU;
  isa = chosen;
  thread_count = options.thread_count;
}

}  // namespace actorring::cpu

namespace actorring::backend {

const char* name() { return "cpu"; }

ar_context* create_context(const ar_context_options& options) {
  if (options.device != AR_DEVICE_CPU || options.device_index != 0) fail(AR_UNSUPPORTED, "device %d:%d is asked for, this library computes on the CPU only", options.device, options.device_index);
  return new cpu::CpuContext(options, cpu::choose(options.isa));
}

void describe(const ar_context& context, ar_context_info& info) {
  const auto& self = static_cast<const cpu::CpuContext&>(context);
  info.scratch_bytes = self.scratch.byte_count();
  std::snprintf(info.name, sizeof info.name, "%s, %d thread%s", cpu::isa_name(self.isa), self.thread_count, self.thread_count == 1 ? "" : "s");
}

void synchronize(ar_context&) {}

ar_buffer* create_buffer(ar_context&, int64_t byte_count) { return new Slab(byte_count); }

void write(ar_context&, ar_buffer& buffer, int64_t offset_bytes, const void* source, int64_t byte_count) {
  std::memcpy(buffer.address + offset_bytes, source, static_cast<size_t>(byte_count));
}

void read(ar_context&, const ar_buffer& buffer, int64_t offset_bytes, void* destination, int64_t byte_count) {
  std::memcpy(destination, buffer.address + offset_bytes, static_cast<size_t>(byte_count));
}

}  // namespace actorring::backend
