/* actorring.h - the whole C ABI of ActorRing's native room, in reading order.
 *
 * One header, several libraries: libar_cpu (own kernels, no dependency) and libar_torch (ATen; CPU and CUDA tensors) export exactly these names.
 *
 * Contract of every function
 *   - Returns ar_status; results go through out parameters, which come last. On any status but AR_OK the out parameters are untouched and
 *     ar_last_error() describes the failure on this thread. Tensors named in a failed call are untouched where the status is
 *     AR_INVALID_ARGUMENT; after any other failure their contents are undefined.
 *   - Nothing is thrown across. No function keeps a pointer to a struct that it was passed.
 *   - A handle made by ar_*_create is owned by the caller and freed by the matching ar_*_free, once; a second free is AR_INVALID_ARGUMENT.
 *   - A context is used by one thread at a time; several contexts in one process do not disturb each other.
 *   - On a CPU a call returns when the work is done. On a GPU it returns when the work is queued on the context's stream; ar_buffer_read, ar_buffer_write and
 *     ar_context_synchronize wait for it.
 *   - Same inputs, same library, same instruction set, same thread count: same bits.
 *
 * Shape letters: B batch, T tokens on this rank, D model dim, N query heads, K KV heads, H head dim, F MLP dim, V vocabulary.
 * Fields named *_bytes count bytes; *_count count elements.
 */
#ifndef ACTORRING_H
#define ACTORRING_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define AR_ABI_VERSION 1
#define AR_API __attribute__((visibility("default")))

/* Limits. Beyond one of them a call is AR_INVALID_ARGUMENT and ar_last_error() names the argument, its value and what is allowed. Positions times steps plus
 * lengths stay far below 2^63, so that no arithmetic on them can overflow. */
#define AR_MAX_THREADS 1024                          /* of one context */
#define AR_MAX_RANK 4                                /* dims of a tensor */
#define AR_MAX_POSITION ((INT64_C(1) << 48) - 1)     /* of the first query or key of an attention call */
#define AR_MAX_POSITION_STEP (INT64_C(1) << 20)      /* between neighbouring queries or keys */
#define AR_MAX_BLOCK_TOKENS (INT64_C(1) << 27)       /* queries or keys in one attention call */
#define AR_MIN_HEAD_SIZE 32                          /* of attention */
#define AR_MAX_HEAD_SIZE 256
#define AR_HEAD_SIZE_STEP 8                          /* head sizes are its multiples */

typedef enum ar_status {
  AR_OK = 0,
  AR_INVALID_ARGUMENT = 1, /* the caller broke the contract; nothing was done */
  AR_OUT_OF_MEMORY = 2,    /* safe to retry after freeing */
  AR_TIMEOUT = 3,          /* the communicator is broken: free it */
  AR_INTERNAL = 4,         /* a bug or a device fault; see ar_last_error */
  AR_UNSUPPORTED = 5,      /* this library or machine cannot do it; nothing was done */
  /* Communicators only (actorring_comm.h); like AR_TIMEOUT they leave the communicator broken. */
  AR_PEER_LOST = 6, /* a peer's connection ended */
  AR_ABORTED = 7,   /* ar_comm_abort or ar_comm_free was called */
  AR_MISMATCH = 8,  /* two ranks disagree about the same transfer */
  AR_REFUSED = 9,   /* a peer was not admitted, or did not admit this rank */
  AR_DAMAGED = 10   /* bytes of a transfer are not those that were sent */
} ar_status;

typedef enum ar_dtype { AR_FLOAT32 = 0, AR_BFLOAT16 = 1, AR_INT32 = 2, AR_INT64 = 3 } ar_dtype;
typedef enum ar_device { AR_DEVICE_CPU = 0, AR_DEVICE_CUDA = 1 } ar_device;

/* Instruction sets of libar_cpu. AR_ISA_AVX512_BF16_EMULATED runs the bf16 dot-product kernels with float32 multiply-adds in place of the instruction: slow, for
 * tests on machines without it. libar_torch takes AR_ISA_AUTO only. */
typedef enum ar_isa {
  AR_ISA_AUTO = 0,
  AR_ISA_PORTABLE = 1,
  AR_ISA_AVX2 = 2,
  AR_ISA_AVX512 = 3,
  AR_ISA_AVX512_BF16 = 4,
  AR_ISA_AVX512_BF16_EMULATED = 5
} ar_isa;

typedef struct ar_context ar_context; /* opaque: a device, its threads or stream, scratch memory */
typedef struct ar_buffer ar_buffer;   /* opaque: a slab of memory on one device */

/* A view into a buffer of the context's device. Strides count elements. The whole view must lie inside the buffer. Borrowed, never kept. */
typedef struct ar_tensor {
  ar_buffer* buffer;
  int64_t offset_bytes; /* >= 0, a multiple of the element size */
  int32_t dtype;        /* ar_dtype; each function says which it takes */
  int32_t rank;         /* 1 to AR_MAX_RANK; unused dims are ignored */
  int64_t shape[4];     /* >= 1 */
  int64_t stride[4];    /* >= 0 (0 repeats); the last is 1 */
} ar_tensor;

/* ---- library ------------------------------------------------------------------------------------------------------------------------ */

AR_API int32_t ar_abi_version(void);
/* "cpu" or "torch"; static storage. */
AR_API const char* ar_backend_name(void);
/* The last failure on this thread, UTF-8, valid until the next call on this thread; never null. */
AR_API const char* ar_last_error(void);

/* ---- context ------------------------------------------------------------------------------------------------------------------------ */

typedef struct ar_context_options {
  int32_t device;         /* ar_device */
  int32_t device_index;   /* >= 0; 0 on a CPU */
  int32_t thread_count;   /* 1 to AR_MAX_THREADS: threads that compute, the calling thread included. Holds for every library underneath. */
  int32_t isa;            /* ar_isa; asking for one that this machine lacks is AR_UNSUPPORTED */
  const int32_t* cpus;    /* thread_count processor numbers to pin to, or null: not pinned. cpus[0] is the caller's and is not applied to it. */
} ar_context_options;

typedef struct ar_context_info {
  int32_t isa;               /* what AR_ISA_AUTO became */
  int32_t thread_count;
  int64_t buffer_bytes;      /* live bytes in buffers made through this context */
  int64_t scratch_bytes;     /* bytes the context holds for its own use; only grows */
  char name[64];             /* e.g. "avx512, 2 threads" or the name of the GPU; NUL-terminated */
} ar_context_info;

/* Starts the context's threads (thread_count - 1 of them; idle ones sleep, they do not spin). */
AR_API ar_status ar_context_create(const ar_context_options* options, ar_context** out_context);
AR_API ar_status ar_context_free(ar_context* context); /* null is allowed. Its buffers stay valid. */
AR_API ar_status ar_context_query(const ar_context* context, ar_context_info* out_info);
AR_API ar_status ar_context_synchronize(ar_context* context);
/* Does nothing: what a call costs. */
AR_API ar_status ar_context_noop(ar_context* context);
/* The multiply-add rate of this machine with the context's instruction set and all its threads, GFLOP/s, register to register, over `seconds` (above 0, up to 60) of work.
 * dtype AR_BFLOAT16 uses the dot-product instruction where the instruction set has it and float32 multiply-adds where not. */
AR_API ar_status ar_context_measure_peak(ar_context* context, int32_t dtype, double seconds, double* out_gflops);

/* ---- buffers ------------------------------------------------------------------------------------------------------------------------ */

/* A zeroed buffer of `byte_count` bytes (> 0), 64-byte aligned or better. On a CPU it is a shared-memory slab (memfd). */
AR_API ar_status ar_buffer_create(ar_context* context, int64_t byte_count, ar_buffer** out_buffer);
/* A buffer over memory that is not its own, such as bytes lent by another rank: it must stay mapped until ar_buffer_free, which leaves it alone. It has no descriptor and does not
 * count in buffer_bytes. Where the memory is read-only, a tensor of it must only be read. AR_UNSUPPORTED on a GPU. */
AR_API ar_status ar_buffer_wrap(ar_context* context, void* address, int64_t byte_count, ar_buffer** out_buffer);
AR_API ar_status ar_buffer_free(ar_buffer* buffer); /* null is allowed */
AR_API ar_status ar_buffer_byte_count(const ar_buffer* buffer, int64_t* out_byte_count);
/* Address that the CPU may read and write; AR_UNSUPPORTED for device memory. */
AR_API ar_status ar_buffer_host_address(const ar_buffer* buffer, void** out_address);
/* The slab's file descriptor, owned by the buffer; AR_UNSUPPORTED where it has none. */
AR_API ar_status ar_buffer_file_descriptor(const ar_buffer* buffer, int32_t* out_descriptor);
/* Copy between host memory and a buffer; waits for the context's queued work. The range must lie inside the buffer; 0 bytes are allowed, and then any address. */
AR_API ar_status ar_buffer_write(ar_context* context, ar_buffer* buffer, int64_t offset_bytes, const void* source, int64_t byte_count);
AR_API ar_status ar_buffer_read(ar_context* context, const ar_buffer* buffer, int64_t offset_bytes, void* destination, int64_t byte_count);

/* ---- element-wise ------------------------------------------------------------------------------------------------------------------- */

/* x = value. Float types. */
AR_API ar_status ar_fill(ar_context* context, double value, const ar_tensor* x);
/* y = x, same shape, any strides, float32 <-> bfloat16 converted (round to nearest even). x and y must not overlap unless they are the same view. */
AR_API ar_status ar_copy(ar_context* context, const ar_tensor* x, const ar_tensor* y);
/* y += alpha * x, same shape; the sum is formed in float32. */
AR_API ar_status ar_add(ar_context* context, double alpha, const ar_tensor* x, const ar_tensor* y);
/* Sum of squares of all elements in double precision, in an order that does not depend on the thread count. Non-finite input gives a non-finite sum. */
AR_API ar_status ar_square_sum(ar_context* context, const ar_tensor* x, double* out_sum);

/* ---- linear layers ------------------------------------------------------------------------------------------------------------------ */
/* Rows are tokens. x [R, I], w [O, I] (as Hugging Face stores it), y [R, O]; dtype of x and w equal, float32 or bfloat16; y in that type or float32.
 * Products are summed in float32. `accumulate` != 0 adds to what the result holds. The row stride is free, the last stride is 1. No aliasing of inputs and results. */

/* y = x w^T + bias (bias [O] or null, dtype of w). */
AR_API ar_status ar_linear_forward(ar_context* context, const ar_tensor* x, const ar_tensor* w, const ar_tensor* bias, int32_t accumulate, const ar_tensor* y);
/* dx = dy w. */
AR_API ar_status ar_linear_backward_input(ar_context* context, const ar_tensor* dy, const ar_tensor* w, int32_t accumulate, const ar_tensor* dx);
/* dw = dy^T x (float32 [O, I]); dbias = column sums of dy (float32 [O], or null). */
AR_API ar_status ar_linear_backward_weight(ar_context* context, const ar_tensor* dy, const ar_tensor* x, int32_t accumulate, const ar_tensor* dw, const ar_tensor* dbias);

/* ---- fused layers ------------------------------------------------------------------------------------------------------------------- */

/* y[r] = table[ids[r]]. ids int32 [R], table [V, D], y [R, D], same dtype. An id outside [0, V) is AR_INVALID_ARGUMENT and names its row (on a GPU: not checked). */
AR_API ar_status ar_embedding_forward(ar_context* context, const ar_tensor* ids, const ar_tensor* table, const ar_tensor* y);
/* dtable[ids[r]] += dy[r]; dtable float32 [V, D]; rows with the same id are added in ascending r. */
AR_API ar_status ar_embedding_backward(ar_context* context, const ar_tensor* ids, const ar_tensor* dy, const ar_tensor* dtable);

/* y = x * rstd * w, rstd = 1 / sqrt(mean(x^2) + epsilon), 0 <= epsilon < 1. x, y [R, D] and w [D] same dtype; rstd float32 [R]. Source: arXiv:1910.07467. */
AR_API ar_status ar_rms_norm_forward(ar_context* context, const ar_tensor* x, const ar_tensor* w, double epsilon, const ar_tensor* y, const ar_tensor* rstd);
/* dx (dtype of x; added to if `accumulate`) and dw += (float32 [D]; always added to). */
AR_API ar_status ar_rms_norm_backward(ar_context* context, const ar_tensor* x, const ar_tensor* w, const ar_tensor* rstd, const ar_tensor* dy, int32_t accumulate, const ar_tensor* dx, const ar_tensor* dw);

/* Rotates pairs (x[h], x[h + H/2]) by the angle of their token: y[h] = x[h] cos - x[h + H/2] sin, y[h + H/2] = x[h + H/2] cos + x[h] sin.
 * x, y [B, T, N, H], H even, float types may differ; cos, sin float32 [T, H/2]. `inverse` != 0 rotates back with the transposed matrix (the backward pass).
 * y may be the same view as x. Source: arXiv:2104.09864, half-split layout of Hugging Face Llama. */
AR_API ar_status ar_rotary(ar_context* context, const ar_tensor* x, const ar_tensor* cos, const ar_tensor* sin, int32_t inverse, const ar_tensor* y);

/* y = silu(gate) * up, where gate = gate_up[:, :F] and up = gate_up[:, F:]. gate_up [R, 2F], y [R, F], same dtype. */
AR_API ar_status ar_swiglu_forward(ar_context* context, const ar_tensor* gate_up, const ar_tensor* y);
/* d_gate_up from dy [R, F]; d_gate_up may be the same view as gate_up. If `y` is not null it receives silu(gate) * up again (for recompute). */
AR_API ar_status ar_swiglu_backward(ar_context* context, const ar_tensor* gate_up, const ar_tensor* dy, const ar_tensor* d_gate_up, const ar_tensor* y);

/* ---- block attention ---------------------------------------------------------------------------------------------------------------- */
/* One block of queries against one block of keys and values, flash-attention-2 tiling (arXiv:2307.08691). q, out, dout [B, Tq, N, H]; k, v [B, Tk, K, H]; N a multiple
 * of K (query head n reads KV head n / (N/K)); H from AR_MIN_HEAD_SIZE to AR_MAX_HEAD_SIZE, a multiple of AR_HEAD_SIZE_STEP; any Tq, Tk from 1 to AR_MAX_BLOCK_TOKENS;
 * any strides with the last 1 (fastest when a head's rows are contiguous). q, k, v same dtype; partial results, lse, delta and gradients are float32. `scale` is finite
 * and above 0.
 *
 * Query row i stands at position q_position + i * q_step, key j at k_position + j * k_step. Key j is visible to query i iff ALL of
 *   causal == 0            or  key position <= query position
 *   window == 0            or  key position >  query position - window   or  (sink > 0 and the key is a sink)
 *   documents absent       or  both lie in the same document
 *   block list absent      or  the pair (query position / block_size, key position / block_size) is listed
 * where a key is a sink if its position < (start of the query's document, or 0 without documents) + sink. window > 0 needs causal.
 * Tiles that the mask hides are skipped; a row that sees no key contributes nothing (out 0, lse -infinity, gradients 0). */
typedef struct ar_attention_mask {
  int32_t causal;
  int32_t reserved;                     /* 0 */
  int64_t q_position, q_step;           /* 0 to AR_MAX_POSITION; 1 to AR_MAX_POSITION_STEP */
  int64_t k_position, k_step;           /* the same */
  int64_t window;                       /* >= 0; 0: none */
  int64_t sink;                         /* >= 0; 0: none */
  const int64_t* document_starts;       /* strictly ascending positions at which documents start, the first <= every position used; or null: no documents */
  int64_t document_count;               /* >= 1; ignored when document_starts is null */
  const int64_t* block_row_offsets;     /* block_row_count + 1 offsets into block_columns, the first 0, never descending; or null: no block list */
  const int64_t* block_columns;         /* strictly ascending within a row; null is allowed when no block is listed. Its length cannot be checked here. */
  int64_t block_row_count;              /* enough for the last query: at least (its position / block_size) + 1 */
  int64_t block_size;                   /* >= 1 */
} ar_attention_mask;

enum {
  AR_ATTENTION_FIRST = 1, /* the running state is empty: do not read it */
  AR_ATTENTION_LAST = 2   /* finish: write out and lse; the running state is not written */
};

/* Folds one KV block into the running state and, with AR_ATTENTION_LAST, finishes.
 * state_out float32 [B, Tq, N, H]: sum of exp(score - row_max) v; row_max, row_sum float32 [B, Tq, N] (row_max is the running maximum of scale * q.k in natural units).
 * They may be null with FIRST | LAST. out (dtype of q or float32) and lse float32 [B, Tq, N] (natural log) may be null without LAST. */
AR_API ar_status ar_attention_forward(ar_context* context, const ar_tensor* q, const ar_tensor* k, const ar_tensor* v, const ar_attention_mask* mask, double scale, int32_t flags,
                                      const ar_tensor* state_out, const ar_tensor* row_max, const ar_tensor* row_sum, const ar_tensor* out, const ar_tensor* lse);
/* Folds the running state of other keys (part_*) into a running state of the same queries: what somebody else computed for them. Shapes and types as in the call above. */
AR_API ar_status ar_attention_merge(ar_context* context, const ar_tensor* part_out, const ar_tensor* part_max, const ar_tensor* part_sum, const ar_tensor* state_out, const ar_tensor* row_max,
                                    const ar_tensor* row_sum);
/* out = state_out / row_sum and lse = row_max + ln(row_sum): what AR_ATTENTION_LAST would have written (out float32 or bfloat16). The state is not written. */
AR_API ar_status ar_attention_finish(ar_context* context, const ar_tensor* state_out, const ar_tensor* row_max, const ar_tensor* row_sum, const ar_tensor* out, const ar_tensor* lse);
/* delta[b, t, n] = sum over H of out * dout; float32. Once per layer, whatever the number of blocks. */
AR_API ar_status ar_attention_delta(ar_context* context, const ar_tensor* out, const ar_tensor* dout, const ar_tensor* delta);
/* Adds (accumulate != 0) or writes this block's dq, dk, dv (float32, shapes of q, k, v) from the GLOBAL lse and delta. dout has the dtype of q. */
AR_API ar_status ar_attention_backward(ar_context* context, const ar_tensor* q, const ar_tensor* k, const ar_tensor* v, const ar_tensor* dout, const ar_tensor* lse, const ar_tensor* delta,
                                       const ar_attention_mask* mask, double scale, int32_t accumulate, const ar_tensor* dq, const ar_tensor* dk, const ar_tensor* dv);
/* Scratch that the two calls above take from the context at these shapes (the larger of both). */
AR_API ar_status ar_attention_scratch_bytes(ar_context* context, const ar_tensor* q, const ar_tensor* k, int64_t* out_bytes);

/* ---- LM head and loss --------------------------------------------------------------------------------------------------------------- */

/* loss_sum = sum over labelled rows of (logsumexp(logits) - logits[label]), logits = x w^T, formed a tile at a time: [R, V] never exists.
 * x [R, D], w [V, D] same dtype; labels int32 [R], -100 marks an unlabelled row, any other value outside [0, V) is AR_INVALID_ARGUMENT naming its row.
 * If dx is not null: dx (dtype of x) = gradient_scale * d loss_sum / dx, and dw += the same for w (float32 [V, D]; null: frozen; never without dx).
 * gradient_scale is finite.
 * row_loss float32 [R] or null receives each row's loss (0 where unlabelled). */
AR_API ar_status ar_lm_head_cross_entropy(ar_context* context, const ar_tensor* x, const ar_tensor* w, const ar_tensor* labels, double gradient_scale, const ar_tensor* dx, const ar_tensor* dw,
                                          const ar_tensor* row_loss, double* out_loss_sum, int64_t* out_label_count);
/* Scratch of the call above. */
AR_API ar_status ar_lm_head_scratch_bytes(ar_context* context, const ar_tensor* x, const ar_tensor* w, int64_t* out_bytes);

/* ---- optimiser ---------------------------------------------------------------------------------------------------------------------- */

typedef struct ar_adamw_options {
  double learning_rate;  /* finite */
  double beta1, beta2;   /* 0 to below 1 */
  double epsilon;        /* above 0 */
  double weight_decay;   /* finite */
  double gradient_scale; /* finite; multiplied into the gradient first (clipping) */
  int64_t step;          /* >= 1; 1 for the first update: bias correction */
} ar_adamw_options;

/* One AdamW update (arXiv:1711.05101) of float32 w, m, v [n] from float32 gradient g [n]; all four the same element count, rank 1.
 * w_compute (bfloat16 [n] or null) receives the rounded new w. */
AR_API ar_status ar_adamw(ar_context* context, const ar_adamw_options* options, const ar_tensor* g, const ar_tensor* w, const ar_tensor* m, const ar_tensor* v, const ar_tensor* w_compute);

#ifdef __cplusplus
}
#endif
#endif
