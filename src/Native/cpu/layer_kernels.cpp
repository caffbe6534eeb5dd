// The layer kernels of one instruction set.
#include "layers.h"

#include "adamw.h"
#include "elementwise.h"
#include "embedding.h"
#include "linear.h"
#include "loss.h"
#include "norm.h"
#include "peak.h"
#include "rotary.h"
#include "swiglu.h"

namespace actorring::cpu::AR_ISA {

extern const LayerKernels layer_table;
const LayerKernels layer_table{
    .measure_peak = measure_peak,
    .fill = fill,
    .copy = copy,
    .add = add_scaled,
    .square_sum = square_sum,
    .linear_forward = linear_forward,
    .linear_backward_input = linear_backward_input,
    .linear_backward_weight = linear_backward_weight,
    .embedding_forward = embedding_forward,
    .embedding_backward = embedding_backward,
    .rms_norm_forward = rms_norm_forward,
    .rms_norm_backward = rms_norm_backward,
    .rotary = rotary,
    .swiglu_forward = swiglu_forward,
    .swiglu_backward = swiglu_backward,
    .lm_head_cross_entropy = lm_head_cross_entropy,
    .lm_head_scratch_bytes = lm_head_scratch_bytes,
    .adamw = adamw,
};

}  // namespace actorring::cpu::AR_ISA
