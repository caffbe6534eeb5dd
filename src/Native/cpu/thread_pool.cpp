#include "thread_pool.h"

#include <pthread.h>
#include <sched.h>

#include "failure.h"

namespace actorring::cpu {

ThreadPool::ThreadPool(int thread_count, const int32_t* cpus) {
  workers_.reserve(static_cast<size_t>(thread_count - 1));
  try {
    for (int thread = 1; thread < thread_count; thread++) {
      workers_.emplace_back([this, thread] { work(thread); });
      if (cpus == nullptr) continue;
      cpu_set_t set;
      CPU_ZERO(&set);
      if (cpus[thread] >= 0 && cpus[thread] < CPU_SETSIZE) CPU_SET(cpus[thread], &set);
      if (pthread_setaffinity_np(workers_.back().native_handle(), sizeof set, &set) != 0)
        fail(AR_INVALID_ARGUMENT, "cpus[%d] is %d, which this process may not run on", thread, cpus[thread]);
    }
  } catch (...) {
    stop();  // a thread that is still joinable when it is destroyed ends the process
    throw;
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  start_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void ThreadPool::run_erased(int64_t task_count, Call call, void* state) {
  {
    std::lock_guard lock(mutex_);
    call_ = call;
    state_ = state;
    task_count_ = task_count;
    next_.store(0, std::memory_order_relaxed);
    busy_ = static_cast<int>(workers_.size());
    failure_ = nullptr;
    generation_++;
  }
  start_.notify_all();
  drain(0);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return busy_ == 0; });
  if (failure_) std::rethrow_exception(failure_);
}

void ThreadPool::drain(int thread) {
  try {
    for (;;) {
      const int64_t task = next_.fetch_add(1, std::memory_order_relaxed);
      if (task >= task_count_) return;
      call_(state_, task, thread);
    }
  } catch (...) {
    // The others stop at their next task; the caller rethrows.
    next_.store(task_count_, std::memory_order_relaxed);
    std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
  }
}

void ThreadPool::work(int thread) {
  uint64_t seen = 0;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      start_.wait(lock, [&] { return stopping_ || generation_ != seen; });
      if (stopping_) return;
      seen = generation_;
    }
    drain(thread);
    bool last;
    {
      std::lock_guard lock(mutex_);
      last = --busy_ == 0;
    }
    if (last) done_.notify_one();
  }
}

}  // namespace actorring::cpu
