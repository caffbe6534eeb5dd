// The parts of NCCL's and the CUDA runtime's C interfaces that are used here, declared by hand: neither is needed to build. Values are those of nccl.h 2.18 and
// cuda_runtime_api.h 12, which later versions keep.
#pragma once
#include <cstddef>
#include <cstdint>

namespace actorring::comm::nccl {

using Result = int;  // ncclResult_t
inline constexpr Result kSuccess = 0;
inline constexpr Result kInProgress = 7;
inline constexpr int kInt8 = 0;  // ncclDataType_t

using Comm = struct ncclComm*;
using Stream = struct CUstream_st*;
using Event = struct CUevent_st*;

struct UniqueId {
  char internal[128];
};

// The prefix of ncclConfig_t that 2.14 knows; `size` and `version` tell later ones to fill in the rest.
struct Config {
  size_t size = sizeof(Config);
  unsigned int magic = 0xcafebeef;
  unsigned int version = 21400;
  int blocking = 0;
};

inline constexpr int kCudaSuccess = 0;
inline constexpr int kCudaNotReady = 600;
inline constexpr unsigned kStreamNonBlocking = 1;
inline constexpr unsigned kEventDisableTiming = 2;

/// Function pointers of both libraries, opened once per communicator; the loader counts references.
struct Api {
  Result (*ncclGetUniqueId)(UniqueId*);
  Result (*ncclCommInitRankConfig)(Comm*, int, UniqueId, int, Config*);
  Result (*ncclCommGetAsyncError)(Comm, Result*);
  Result (*ncclCommAbort)(Comm);
  Result (*ncclGroupStart)();
  Result (*ncclGroupEnd)();
  Result (*ncclSend)(const void*, size_t, int, int, Comm, Stream);
  Result (*ncclRecv)(void*, size_t, int, int, Comm, Stream);
  const char* (*ncclGetErrorString)(Result);

  int (*cudaSetDevice)(int);
  int (*cudaMalloc)(void**, size_t);
  int (*cudaFree)(void*);
  int (*cudaStreamCreateWithFlags)(Stream*, unsigned);
  int (*cudaStreamDestroy)(Stream);
  int (*cudaEventCreateWithFlags)(Event*, unsigned);
  int (*cudaEventRecord)(Event, Stream);
  int (*cudaEventQuery)(Event);
  int (*cudaEventDestroy)(Event);
};

}  // namespace actorring::comm::nccl
