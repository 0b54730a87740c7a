// SPDX-License-Identifier: Apache-2.0
#include "face/daemon/arithmetic.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
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

Loops loops([] {});

TEST(Arithmetic, is_done_elsewhere_and_everybody_goes_on_at_home) {
  asio::thread_pool pool(2);
  const Offload offload = offload_to(pool, loops);
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
  const Offload offload = offload_to(pool, loops);
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

TEST(Arithmetic, a_loop_does_not_rest_before_it_is_back) {
  asio::thread_pool pool(1);
  asio::io_context context(1);
  Seen seen;
  std::vector<int> resumed;
  Loops waited_for([&] {
    resumed.push_back(seen.resumed);
    context.stop();
  });
  const auto more_may_come = asio::make_work_guard(context);
  asio::co_spawn(context, calculate(offload_to(pool, waited_for), &seen), asio::detached);
  waited_for.run(context);
  pool.join();  // stopped, the context does not wait for it
  EXPECT_EQ(resumed, std::vector{1});
}

TEST(Arithmetic, what_waits_in_a_loop_that_ends_is_freed_with_it) {
  asio::thread_pool pool(1);
  const Offload offload = offload_to(pool, loops);
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
  asio::co_spawn(context, calculate(offload_to(another, loops), &later), asio::detached);
  context.run();
  EXPECT_EQ(later.resumed, 1);
}

}  // namespace
}  // namespace postseal::daemon
