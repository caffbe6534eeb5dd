/* actorring_comm.h - communicators: buffers, peers and transfers between the ranks of one group. Exported by libar_comm.
 *
 * The contract is that of actorring.h (status back, results out, nothing thrown across, out parameters untouched on failure), and
 *   - ar_comm_last_error() describes the last failure on this thread in one line; ar_comm_last_failure() gives it in parts.
 *   - A communicator may be used by several threads at once. Handles are never reused: a freed one is AR_INVALID_ARGUMENT for ever.
 *   - Every transfer is asynchronous: the call starts it and returns an operation; ar_comm_wait ends it, once. Memory named in a call belongs to the operation until then:
 *     it must neither be freed nor written, and what is received into must not be read.
 *   - The low 24 bits of an operation number those that are outstanding at the same time, from 0: an index for a table of the caller's.
 *   - Transfers between two ranks are matched in the order in which each side started them, per pair and direction. Byte counts must agree: if they do not,
 *     both sides fail with AR_MISMATCH.
 *   - An operation that is not complete `deadline_ms` after its start fails with AR_TIMEOUT, naming the peer it waited for and the caller's label.
 *   - After any failure of a transfer the communicator is broken: everything that waits on it is freed with the first reason, and every later call returns that reason.
 *     Free it and make another under a new epoch. Peers are told why the connection ended, and fail in turn.
 *   - Same inputs, same group size: same bits on every rank, run and transport. Sums are formed in ascending rank order.
 *   - Each communicator has one thread of its own that moves data while the caller computes. It sleeps in the kernel when there is nothing to do.
 *
 * Letters: P ranks in the group. Counts are of bytes unless they are named *_elements.
 */
#ifndef ACTORRING_COMM_H
#define ACTORRING_COMM_H
#include "actorring.h"
#ifdef __cplusplus
extern "C" {
#endif

#define AR_COMM_ABI_VERSION 3
#define AR_COMM_SECRET_BYTES 32

typedef enum ar_transport {
  AR_TRANSPORT_LOOPBACK = 0, /* ranks are threads of one process */
  AR_TRANSPORT_SHM = 1,      /* ranks are processes (or threads) of one user on one host: bytes stay in the sender's slab until the receiver has copied them */
  AR_TRANSPORT_GLOO = 2,     /* ranks on several hosts, TCP; built where libgloo-dev is found. Not encrypted: for private networks. */
  AR_TRANSPORT_NCCL = 3      /* GPUs; libnccl.so.2 is opened at run time. Not run on a GPU so far. Needs a private network. */
} ar_transport;

typedef enum ar_comm_operation {
  AR_COMM_CONNECT = 0,
  AR_COMM_SEND = 1,
  AR_COMM_RECEIVE = 2,
  AR_COMM_ROTATE = 3,
  AR_COMM_BORROW = 4,
  AR_COMM_ALL_TO_ALL = 5,
  AR_COMM_ALL_GATHER = 6,
  AR_COMM_REDUCE_SCATTER = 7,
  AR_COMM_ALL_REDUCE = 8,
  AR_COMM_BROADCAST = 9,
  AR_COMM_BARRIER = 10
} ar_comm_operation;

typedef struct ar_comm ar_comm; /* opaque: one rank's place in one group */

/* ---- library ------------------------------------------------------------------------------------------------------------------------ */

AR_API int32_t ar_comm_abi_version(void);
/* The last failure on this thread, UTF-8, valid until the next call on this thread; never null. */
AR_API const char* ar_comm_last_error(void);
/* AR_OK if the transport (ar_transport) can be asked for here; AR_UNSUPPORTED if not, the message naming what to install. */
AR_API ar_status ar_comm_transport_check(int32_t transport);

typedef struct ar_comm_failure {
  int32_t status;    /* ar_status of the last failed call on this thread that concerned a transfer */
  int32_t operation; /* ar_comm_operation */
  int32_t peer;      /* the rank that is to blame as far as is known, this one included, or -1; ranks of one host that answer that they wait themselves are not */
  int32_t reserved;
  int64_t label;     /* the caller's */
} ar_comm_failure;
AR_API ar_status ar_comm_last_failure(ar_comm_failure* out_failure);

/* ---- life --------------------------------------------------------------------------------------------------------------------------- */

typedef struct ar_comm_options {
  int32_t transport;    /* ar_transport */
  int32_t rank, size;   /* 0 <= rank < size <= 1024 */
  int32_t device_index; /* NCCL: which GPU; else 0 */
  int64_t epoch;        /* a peer of another epoch is refused */
  const char* host;     /* Gloo: the local address or host name to bind; null binds 127.0.0.1. Else null. */
  uint8_t secret[AR_COMM_SECRET_BYTES]; /* the same on every rank of the group, known to nobody else; proven by both sides, never sent */
  int32_t verify;       /* not 0: every transfer carries a checksum, formed when it starts; bytes that are others when they are used, or let go of, break the communicator with
                           AR_DAMAGED, naming the rank in whose memory, or on the way from which, they changed. Each side for itself. Not over NCCL: AR_UNSUPPORTED. */
  int32_t reserved;
} ar_comm_options;

/* Phase one: opens this rank's endpoint. Nobody is admitted before ar_comm_connect. */
AR_API ar_status ar_comm_listen(const ar_comm_options* options, ar_comm** out_comm);
/* The endpoint as opaque bytes (at most 64 KiB) for the caller to give to all ranks. `capacity` 0 asks for the count alone (buffer may be null). */
AR_API ar_status ar_comm_endpoint(ar_comm* comm, void* buffer, int64_t capacity, int64_t* out_byte_count);
/* Another secret than that of the options, for callers that learn it once endpoints have been exchanged. AR_INVALID_ARGUMENT after ar_comm_connect was called. */
AR_API ar_status ar_comm_set_secret(ar_comm* comm, const uint8_t* secret);
/* Phase two: connects to all. `endpoints` holds those of ranks 0 to P-1 one after the other, `endpoint_bytes` their P sizes. Returns when every pair has proven the secret.
 * AR_REFUSED: a peer is of another epoch, size, rank or secret, or refused this rank; AR_TIMEOUT: a rank did not come. Either way: free the communicator. */
AR_API ar_status ar_comm_connect(ar_comm* comm, const void* endpoints, const int64_t* endpoint_bytes, int64_t deadline_ms);
/* Frees everyone who waits on this communicator, now, with AR_ABORTED; from any thread. Aborting twice, or a broken communicator, changes nothing. `reason` may be null. */
AR_API ar_status ar_comm_abort(ar_comm* comm, const char* reason);
/* Leaves the group, waits until this communicator's thread has ended, closes and unmaps everything. Operations that are not complete fail with AR_ABORTED. Null is allowed. */
AR_API ar_status ar_comm_free(ar_comm* comm);

/* ---- memory ------------------------------------------------------------------------------------------------------------------------- */

/* Announces a shared-memory slab (ar_buffer_file_descriptor) so that peers may read from it in place. `address` is where it is mapped here. The descriptor is duplicated.
 * What is sent from memory that is not in a slab is copied once more, through a slab of the communicator's own; what lies in borrowed bytes is lent on, see ar_comm_borrow. */
AR_API ar_status ar_comm_slab_register(ar_comm* comm, int32_t descriptor, void* address, int64_t byte_count, int64_t* out_slab);
/* AR_INVALID_ARGUMENT while a transfer from it is not complete. Peers unmap it. */
AR_API ar_status ar_comm_slab_unregister(ar_comm* comm, int64_t slab);

typedef struct ar_comm_memory {
  void* address;      /* may be null when byte_count is 0 */
  int64_t byte_count;
  int64_t slab;       /* the registered slab in which all of it lies, or 0 */
} ar_comm_memory;

/* ---- transfers ---------------------------------------------------------------------------------------------------------------------- */

typedef struct ar_comm_call {
  int64_t label;       /* comes back in failures */
  int64_t deadline_ms; /* > 0, counted from the call */
} ar_comm_call;

/* Complete when the receiver has let go of the bytes. */
AR_API ar_status ar_comm_send(ar_comm* comm, const ar_comm_call* call, int32_t peer, const ar_comm_memory* source, int64_t* out_operation);
AR_API ar_status ar_comm_receive(ar_comm* comm, const ar_comm_call* call, int32_t peer, const ar_comm_memory* destination, int64_t* out_operation);
/* A send to `to` and a receive from `from` as one operation; both may be the same peer, and on both counts this rank itself (a copy). The peer may match either half with
 * a plain send or receive. No overlap of source and destination. One step; each rank sends and receives its byte count. */
AR_API ar_status ar_comm_rotate(ar_comm* comm, const ar_comm_call* call, int32_t to, const ar_comm_memory* source, int32_t from, const ar_comm_memory* destination, int64_t* out_operation);
/* A receive without a copy: ar_comm_wait_borrowed gives the address of the sender's bytes, read-only, until ar_comm_release. Matches a send or the first half of a rotate.
 * A send of the communicator's from borrowed bytes (slab 0) lends them on where they lie: nothing is copied, and the sender's operation completes when the last rank that they
 * were lent on to has let go. Bytes that
 * pass through several ranks so are not late as long as each rank lends them on, and the last lets go of them, within half a deadline. */
AR_API ar_status ar_comm_borrow(ar_comm* comm, const ar_comm_call* call, int32_t peer, int64_t byte_count, int64_t* out_operation);

/* source holds P parts in rank order, part p for rank p; destination receives P parts in rank order. source_bytes, destination_bytes: P counts, sums = the memories'.
 * One step: each part goes directly. No overlap. */
AR_API ar_status ar_comm_all_to_all(ar_comm* comm, const ar_comm_call* call, const ar_comm_memory* source, const int64_t* source_bytes, const ar_comm_memory* destination,
                                    const int64_t* destination_bytes, int64_t* out_operation);
/* destination = the P parts in rank order; part_bytes: P counts, the same on every rank. source may be this rank's part of destination itself, else no overlap. One step. */
AR_API ar_status ar_comm_all_gather(ar_comm* comm, const ar_comm_call* call, const ar_comm_memory* source, const ar_comm_memory* destination, const int64_t* part_bytes, int64_t* out_operation);
/* source (the same shape on every rank) holds P parts in rank order, part_elements their counts; destination = the sum over ranks of part `rank`, formed in float32 in ascending
 * rank order. source_dtype float32 or bfloat16; destination_dtype the same or float32. destination may be this rank's own part of source if the types are equal.
 * One step; each rank sends (P-1)/P of the data. */
AR_API ar_status ar_comm_reduce_scatter(ar_comm* comm, const ar_comm_call* call, const ar_comm_memory* source, int32_t source_dtype, const ar_comm_memory* destination,
                                        int32_t destination_dtype, const int64_t* part_elements, int64_t* out_operation);
/* destination = the sum over ranks of source, bit-equal on every rank. Reduce-scatter in equal parts, then all-gather: two steps, each rank sends 2 (P-1)/P of the data.
 * destination may be source itself if the types are equal, else no overlap. */
AR_API ar_status ar_comm_all_reduce(ar_comm* comm, const ar_comm_call* call, const ar_comm_memory* source, int32_t source_dtype, const ar_comm_memory* destination, int32_t destination_dtype,
                                    int64_t* out_operation);
/* memory on every rank = memory on rank `root`. One step; the root sends P-1 times. */
AR_API ar_status ar_comm_broadcast(ar_comm* comm, const ar_comm_call* call, int32_t root, const ar_comm_memory* memory, int64_t* out_operation);
/* Complete when every rank has called it. */
AR_API ar_status ar_comm_barrier(ar_comm* comm, const ar_comm_call* call, int64_t* out_operation);

/* Waits for an operation and ends it, whatever the outcome; a second wait is AR_INVALID_ARGUMENT. */
AR_API ar_status ar_comm_wait(ar_comm* comm, int64_t operation);
/* Waits for a borrow; the operation lives on until ar_comm_release. After a failure it is ended. */
AR_API ar_status ar_comm_wait_borrowed(ar_comm* comm, int64_t operation, const void** out_address);
/* Lets go of borrowed bytes: the sender's operation completes, once whoever they were lent on to has let go as well. A failure says that what was read may not have been
 * what was sent: the rank that owns the bytes, or one that lent them on, gave up before. */
AR_API ar_status ar_comm_release(ar_comm* comm, int64_t operation);
/* Whether ar_comm_wait would return at once. */
AR_API ar_status ar_comm_is_complete(ar_comm* comm, int64_t operation, int32_t* out_complete);

/* ---- counters ----------------------------------------------------------------------------------------------------------------------- */

typedef struct ar_comm_info {
  int32_t transport, rank, size;
  int32_t state;               /* 0 listening, 1 connected, 2 broken or aborted */
  int64_t epoch;
  int64_t operation_count;     /* started */
  int64_t outstanding_count;   /* started and not ended by a wait */
  int64_t sent_bytes;          /* payload that receivers acknowledged */
  int64_t received_bytes;      /* payload */
  int64_t wait_nanoseconds;    /* spent in waits, all threads */
} ar_comm_info;
AR_API ar_status ar_comm_query(ar_comm* comm, ar_comm_info* out_info);

typedef struct ar_comm_peer_info {
  int64_t sent_bytes, received_bytes; /* payload */
} ar_comm_peer_info;
AR_API ar_status ar_comm_peer_query(ar_comm* comm, int32_t peer, ar_comm_peer_info* out_info);

typedef struct ar_comm_wait_info {
  int32_t operation;   /* ar_comm_operation that a wait of some thread stands in now, or -1: no thread waits */
  int32_t peer;        /* whose part is missing, or -1 where none is known */
  int64_t label;       /* the caller's */
  int64_t nanoseconds; /* so far */
} ar_comm_wait_info;
/* What is being waited for at this moment; from another thread than that which waits. */
AR_API ar_status ar_comm_wait_query(ar_comm* comm, ar_comm_wait_info* out_info);

#ifdef __cplusplus
}
#endif
#endif
