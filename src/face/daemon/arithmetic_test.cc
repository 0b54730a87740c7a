// SPDX-License-Identifier: Apache-2.0
#include "face/daemon/arithmetic.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

namespace postseal::daemon {
namespace {

namespace asio = boost::asio;

struct Seen {
  std::atomic<int> worked = 0, elsewhere = 0;
  int resumed = 0, at_home = 0;
};

Awaitable<void> calculate(Offload offload, Seen* seen) {
  const auto home = std::this_thread::get_id();
  co_await offload([seen, home] {
    ++seen->worked;
    if (std::this_thread::get_id() != home) ++seen->elsewhere;
  });
  ++seen->resumed;
  if (std::this_thread::get_id() == home) ++seen->at_home;
}

TEST(Arithmetic, is_done_elsewhere_and_everybody_goes_on_at_home) {
  asio::thread_pool pool(2);
  const Offload offload = offload_to(pool);
  asio::io_context context(1);
  Seen seen;
  // More than go together.
  for (int i = 0; i < 11; ++i) asio::co_spawn(context, calculate(offload, &seen), asio::detached);
  context.run();
  EXPECT_EQ(seen.worked, 11);
  EXPECT_EQ(seen.elsewhere, 11);
  EXPECT_EQ(seen.resumed, 11);
  EXPECT_EQ(seen.at_home, 11);
}

TEST(Arithmetic, two_loops_of_one_thread_are_not_mixed_up) {
  asio::thread_pool pool(1);
  const Offload offload = offload_to(pool);
  asio::io_context left(1), right(1);
  Seen in_left, in_right;
  asio::co_spawn(left, calculate(offload, &in_left), asio::detached);
  asio::co_spawn(right, calculate(offload, &in_right), asio::detached);
  left.run();
  EXPECT_EQ(in_left.resumed, 1);
  EXPECT_EQ(in_right.resumed, 0);
  right.run();
  EXPECT_EQ(in_right.resumed, 1);
}

TEST(Arithmetic, what_waits_in_a_loop_that_ends_is_freed_with_it) {
  asio::thread_pool pool(1);
  const Offload offload = offload_to(pool);
  Seen abandoned, later;
  {
    asio::io_context context(1);
    asio::co_spawn(context, calculate(offload, &abandoned), asio::detached);
    context.run_one();  // it has asked, and nothing has been handed over
  }
  pool.join();
  EXPECT_EQ(abandoned.worked, 0);
  EXPECT_EQ(abandoned.resumed, 0);
  asio::thread_pool another(1);
  asio::io_context context(1);
  asio::co_spawn(context, calculate(offload_to(another), &later), asio::detached);
  context.run();
  EXPECT_EQ(later.resumed, 1);
}

}  // namespace
}  // namespace postseal::daemon
