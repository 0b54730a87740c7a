// SPDX-License-Identifier: Apache-2.0
#include "face/daemon/arithmetic.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace postseal::daemon {

namespace asio = boost::asio;

namespace {

/// Starts the work, and remembers whom to resume where.
struct Submit {
  asio::thread_pool* pool;
  template <class Handler>
  void operator()(Handler handler, std::function<void()> work) const {
    // The guard stays until post() has returned: else the io_context could run the handler, end and be destroyed while
    // the pool's thread is still inside it.
    auto guard = asio::make_work_guard(asio::get_associated_executor(handler));
    asio::post(*pool, [handler = std::move(handler), guard = std::move(guard), work = std::move(work)]() mutable {
      work();
      asio::post(guard.get_executor(), [handler = std::move(handler)]() mutable { handler(); });
    });
  }
};

Awaitable<void> run_in(asio::thread_pool* pool, std::function<void()> work) {
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(Submit{pool}, asio::use_awaitable,
                                                                        std::move(work));
}

}  // namespace

Offload offload_to(asio::thread_pool& pool) {
  return [&pool](std::function<void()> work) { return run_in(&pool, std::move(work)); };
}

}  // namespace postseal::daemon
