// SPDX-License-Identifier: Apache-2.0
#include "lab/pause.h"

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace postseal::lab {

Awaitable<void> pause(std::chrono::milliseconds duration) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, duration);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

Awaitable<void> swallow(net::Stream* stream) {
  std::array<char, 4096> buffer;
  while (co_await stream->read_some(buffer, no_hurry())) {
  }
}

Deadline no_hurry() { return Deadline::in(std::chrono::hours(24)); }

}  // namespace postseal::lab
