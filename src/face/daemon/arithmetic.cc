// SPDX-License-Identifier: Apache-2.0
#include "face/daemon/arithmetic.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <vector>

namespace postseal::daemon {

namespace asio = boost::asio;

namespace {

/// So many go together at most: the others need not wait while another thread of the pool has nothing to do.
constexpr std::size_t kTogether = 4;

/// What one thread has to be calculated in one round of its loop. To wake another thread and to be woken by it costs as
/// much as a signature, so it is done once for all of them.
struct Batch {
  Batch(asio::any_io_executor whose, Loops& loops) : executor(std::move(whose)), guard(executor), errand(loops) {}
  struct Job {
    std::function<void()> work;
    std::move_only_function<void()> resume;
  };
  asio::any_io_executor executor;
  asio::executor_work_guard<asio::any_io_executor> guard;
  Loops::Errand errand;
  std::vector<Job> jobs;
};

/// The one that still takes more. Owned by a handler that waits in its executor: when that never runs, both are freed.
thread_local std::weak_ptr<Batch> open_batch;

/// The guard stays until post() has returned: else the io_context could run the handler, end and be destroyed while the
/// pool's thread is still inside it.
void calculate(asio::thread_pool& pool, std::shared_ptr<Batch> batch) {
  asio::post(pool, [batch = std::move(batch)]() mutable {
    for (auto& job : batch->jobs) job.work();
    const auto guard = std::move(batch->guard);
    asio::post(guard.get_executor(), [batch = std::move(batch)] {
      for (auto& job : batch->jobs) job.resume();
    });
  });
}

/// Starts the work, and remembers whom to resume where.
struct Submit {
  asio::thread_pool* pool;
  Loops* loops;
  template <class Handler>
  void operator()(Handler handler, std::function<void()> work) const {
    const asio::any_io_executor executor = asio::get_associated_executor(handler);
    auto batch = open_batch.lock();
    if (!batch || batch->executor != executor || batch->jobs.size() == kTogether) {
      batch = std::make_shared<Batch>(executor, *loops);
      open_batch = batch;
      asio::post(executor, [pool = pool, batch] {
        if (open_batch.lock() == batch) open_batch.reset();
        calculate(*pool, batch);
      });
    }
    batch->jobs.push_back({std::move(work), [handler = std::move(handler)]() mutable { handler(); }});
  }
};

Awaitable<void> run_in(asio::thread_pool* pool, Loops* loops, std::function<void()> work) {
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(Submit{pool, loops}, asio::use_awaitable,
                                                                        std::move(work));
}

}  // namespace

Offload offload_to(asio::thread_pool& pool, Loops& loops) {
  return [&pool, &loops](std::function<void()> work) { return run_in(&pool, &loops, std::move(work)); };
}

}  // namespace postseal::daemon
