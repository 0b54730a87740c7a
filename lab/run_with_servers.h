#pragma once
// SPDX-License-Identifier: Apache-2.0
// For tests: runs one coroutine to its end on an io_context of its own, which servers launched meanwhile share; they go
// down with it. Server objects must outlive the call.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>

#include "vocab/awaitable.h"

namespace postseal::lab {

template <class T>
T run_with_servers(Awaitable<T> client) {
  std::optional<T> result;
  std::exception_ptr failure;
  {
    boost::asio::io_context io;
    boost::asio::co_spawn(io, std::move(client), [&](std::exception_ptr error, T value) {
      failure = error;
      if (!error) result.emplace(std::move(value));
      io.stop();
    });
    io.run();
  }
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

}  // namespace postseal::lab
