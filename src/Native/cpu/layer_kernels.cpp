#include "layers.h"
namespace actorring::cpu::AR_ISA {
extern const LayerKernels layer_table;
const LayerKernels layer_table{};
}
