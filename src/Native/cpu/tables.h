// Which compiled copy of the kernels serves an instruction set. Every kernel file is compiled once per set, in a namespace of its own (AR_ISA).
#pragma once
#include "attention.h"
#include "layers.h"

namespace actorring::cpu {

namespace portable { extern const AttentionKernels attention_table; extern const LayerKernels layer_table; }
namespace avx2 { extern const AttentionKernels attention_table; extern const LayerKernels layer_table; }
namespace avx512 { extern const AttentionKernels attention_table; extern const LayerKernels layer_table; }
namespace avx512_bf16 { extern const AttentionKernels attention_table; extern const LayerKernels layer_table; }
namespace avx512_bf16_emulated { extern const AttentionKernels attention_table; extern const LayerKernels layer_table; }

inline const AttentionKernels& attention_kernels(ar_isa isa) {
  switch (isa) {
    case AR_ISA_AVX2: return avx2::attention_table;
    case AR_ISA_AVX512: return avx512::attention_table;
    case AR_ISA_AVX512_BF16: return avx512_bf16::attention_table;
    case AR_ISA_AVX512_BF16_EMULATED: return avx512_bf16_emulated::attention_table;
    default: return portable::attention_table;
  }
}

inline const LayerKernels& layer_kernels(ar_isa isa) {
  switch (isa) {
    case AR_ISA_AVX2: return avx2::layer_table;
    case AR_ISA_AVX512: return avx512::layer_table;
    case AR_ISA_AVX512_BF16: return avx512_bf16::layer_table;
    case AR_ISA_AVX512_BF16_EMULATED: return avx512_bf16_emulated::layer_table;
    default: return portable::layer_table;
  }
}

}  // namespace actorring::cpu
