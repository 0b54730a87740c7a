// SPDX-License-Identifier: Apache-2.0
#include "face/daemon/loops.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <string>
#include <thread>

namespace postseal::daemon {
namespace {

namespace asio = boost::asio;

TEST(Loops, rest_when_nothing_is_left_to_do) {
  asio::io_context context(1);
  std::string seen;
  Loops loops([&] {
    seen += " rest";
    context.stop();
  });
  asio::post(context, [&] {
    seen += "a";
    asio::post(context, [&] { seen += "c"; });
  });
  asio::post(context, [&] { seen += "b"; });
  loops.run(context);
  EXPECT_EQ(seen, "abc rest");
}

TEST(Loops, do_not_rest_while_another_thread_is_at_work) {
  asio::io_context busy(1), idle(1);
  std::atomic<bool> working = true;
  int rests = 0;
  Loops loops([&] {
    EXPECT_FALSE(working);
    ++rests;
    busy.stop();
  });
  asio::post(idle, [] {});
  asio::post(busy, [&] {
    // With nothing left to do and nothing to wait for, it ends: by then it has said all that it will ever say.
    std::thread([&] { loops.run(idle); }).join();
    working = false;
  });
  loops.run(busy);
  EXPECT_EQ(rests, 1);
}

}  // namespace
}  // namespace postseal::daemon
