#pragma once
// SPDX-License-Identifier: Apache-2.0
// Runs several waits at once on the caller's executor and returns their results in order. The caller owns them: it does
// not go on before the last one has ended, so each of them needs a deadline of its own.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "vocab/awaitable.h"

namespace postseal {

template <class T>
Awaitable<std::vector<T>> await_all(std::vector<Awaitable<T>> tasks) {
  struct State {
    explicit State(const boost::asio::any_io_executor& executor) : bell(executor, SteadyTimer::max()) {}
    using SteadyTimer = boost::asio::steady_timer::time_point;
    std::vector<std::optional<T>> results;
    std::size_t left = 0;
    std::exception_ptr bug;
    boost::asio::steady_timer bell;
  };
  const auto executor = co_await boost::asio::this_coro::executor;
  auto state = std::make_shared<State>(executor);
  state->left = tasks.size();
  state->results.resize(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    boost::asio::co_spawn(executor, std::move(tasks[i]), [state, i](std::exception_ptr bug, T result) {
      if (bug) {
        state->bug = bug;
      } else {
        state->results[i].emplace(std::move(result));
      }
      if (--state->left == 0) state->bell.cancel();
    });
  }
  while (state->left > 0) co_await state->bell.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  if (state->bug) std::rethrow_exception(state->bug);
  std::vector<T> results;
  results.reserve(state->results.size());
  for (auto& result : state->results) results.push_back(std::move(*result));
  co_return results;
}

}  // namespace postseal
