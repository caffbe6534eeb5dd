// A fixed pool: thread_count - 1 workers and the calling thread. Idle workers sleep in the kernel; nothing spins, because ranks share cores.
#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <condition_variable>
#include <thread>
#include <vector>

namespace actorring::cpu {

class ThreadPool {
 public:
  /// `cpus`: thread_count processor numbers to pin the workers to (entry 0, the caller's, is ignored), or null.
  ThreadPool(int thread_count, const int32_t* cpus);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int thread_count() const { return static_cast<int>(workers_.size()) + 1; }

  /// Runs body(task, thread) for every task in [0, task_count), handed out in ascending order to whichever thread is free; returns when all are done.
  /// `thread` is below thread_count() and belongs to one task at a time. A result must not depend on which thread ran a task: that keeps runs bit-equal.
  template <class Body>
  void run(int64_t task_count, Body&& body) {
    if (task_count <= 0) return;
    if (workers_.empty() || task_count == 1) {
      for (int64_t task = 0; task < task_count; task++) body(task, 0);
      return;
    }
    run_erased(task_count, [](void* state, int64_t task, int thread) { (*static_cast<std::remove_reference_t<Body>*>(state))(task, thread); }, &body);
  }

 private:
  using Call = void (*)(void* state, int64_t task, int thread);
  void run_erased(int64_t task_count, Call call, void* state);
  void work(int thread);
  void drain(int thread);
  void stop();

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable start_;
  std::condition_variable done_;
  uint64_t generation_ = 0;  // guarded by mutex_, like the four below
  int busy_ = 0;
  bool stopping_ = false;
  std::exception_ptr failure_;
  Call call_ = nullptr;
  void* state_ = nullptr;
  int64_t task_count_ = 0;
  std::atomic<int64_t> next_{0};
};

}  // namespace actorring::cpu
