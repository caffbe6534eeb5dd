#include "attention.h"
namespace actorring::cpu::AR_ISA {
extern const AttentionKernels attention_table;
const AttentionKernels attention_table{};
}
