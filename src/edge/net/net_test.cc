// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "edge/net/dial.h"
#include "edge/net/listen.h"
#include "tests/run_coroutine.h"

namespace postseal::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const IpAddress kHere = *IpAddress::parse("127.0.0.1");

Awaitable<std::string> echo_once() {
  auto listener = co_await listen_tcp(kHere, 0);
  if (!listener) co_return listener.error().context;
  auto dialled = co_await dial_tcp({kHere}, (*listener)->port(), {}, Deadline::in(seconds(5)));
  if (!dialled) co_return "dial failed";
  auto accepted = co_await (*listener)->accept();
  co_await dialled->stream->write_all("hello", Deadline::in(seconds(5)));
  char buffer[16];
  auto count = co_await accepted->stream->read_some(buffer, Deadline::in(seconds(5)));
  co_return std::string(buffer, count.value_or(0));
}

TEST(Tcp, what_one_side_writes_the_other_reads) { EXPECT_EQ(tests::run_coroutine(echo_once()), "hello"); }

Awaitable<IoErrorCode> read_from_a_silent_peer() {
  auto listener = co_await listen_tcp(kHere, 0);
  auto dialled = co_await dial_tcp({kHere}, (*listener)->port(), {}, Deadline::in(seconds(5)));
  auto accepted = co_await (*listener)->accept();
  char buffer[16];
  auto count = co_await dialled->stream->read_some(buffer, Deadline::in(milliseconds(20)));
  co_return count ? IoErrorCode::Other : count.error().code;
}

TEST(Tcp, a_read_ends_at_its_deadline) {
  EXPECT_EQ(tests::run_coroutine(read_from_a_silent_peer()), IoErrorCode::Timeout);
}

/// The peer has bytes ready all the time, and the time is up.
Awaitable<IoErrorCode> read_from_a_flood_too_late() {
  auto listener = co_await listen_tcp(kHere, 0);
  auto dialled = co_await dial_tcp({kHere}, (*listener)->port(), {}, Deadline::in(seconds(5)));
  auto accepted = co_await (*listener)->accept();
  co_await accepted->stream->write_all("flood", Deadline::in(seconds(5)));
  char one[1];
  co_await dialled->stream->read_some(one, Deadline::in(seconds(5)));
  auto count = co_await dialled->stream->read_some(one, Deadline::in(milliseconds(-1)));
  co_return count ? IoErrorCode::Other : count.error().code;
}

TEST(Tcp, bytes_that_are_ready_do_not_outlast_the_deadline) {
  EXPECT_EQ(tests::run_coroutine(read_from_a_flood_too_late()), IoErrorCode::Timeout);
}

Awaitable<std::size_t> dial_without_time() {
  auto dialled = co_await dial_tcp({kHere}, 9, {}, Deadline::in(milliseconds(-1)));
  co_return dialled ? 0 : dialled.error().size();
}

TEST(Dial, without_time_for_a_first_try_there_is_a_reason_all_the_same) {
  EXPECT_EQ(tests::run_coroutine(dial_without_time()), 1u);
}

Awaitable<IoErrorCode> read_after(bool reset) {
  auto listener = co_await listen_tcp(kHere, 0);
  auto dialled = co_await dial_tcp({kHere}, (*listener)->port(), {}, Deadline::in(seconds(5)));
  auto accepted = co_await (*listener)->accept();
  if (reset) {
    accepted->stream->reset();
  } else {
    accepted->stream->close();
  }
  char buffer[16];
  auto count = co_await dialled->stream->read_some(buffer, Deadline::in(seconds(5)));
  co_return count ? IoErrorCode::Other : count.error().code;
}

TEST(Tcp, an_orderly_end_and_a_reset_are_told_apart) {
  EXPECT_EQ(tests::run_coroutine(read_after(false)), IoErrorCode::Closed);
  EXPECT_EQ(tests::run_coroutine(read_after(true)), IoErrorCode::Reset);
}

Awaitable<std::vector<DialFailure>> dial_nobody(std::vector<IpAddress> addresses) {
  std::uint16_t free_port = 0;
  {
    auto listener = co_await listen_tcp(kHere, 0);
    free_port = (*listener)->port();
  }
  auto dialled = co_await dial_tcp(addresses, free_port, {}, Deadline::in(seconds(5)));
  co_return dialled ? std::vector<DialFailure>{} : dialled.error();
}

TEST(Dial, every_address_that_was_tried_says_why_it_failed) {
  const auto failed = tests::run_coroutine(dial_nobody({kHere, *IpAddress::parse("127.0.0.2")}));
  ASSERT_EQ(failed.size(), 2u);
  EXPECT_EQ(failed[0].error.code, IoErrorCode::Refused);
  EXPECT_EQ(failed[1].address.to_string(), "127.0.0.2");
}

Awaitable<std::string> dial_past_a_refusal() {
  auto listener = co_await listen_tcp(*IpAddress::parse("127.0.0.2"), 0);
  auto dialled =
      co_await dial_tcp({kHere, *IpAddress::parse("127.0.0.2")}, (*listener)->port(), {}, Deadline::in(seconds(5)));
  co_return dialled ? dialled->address.to_string() : "nobody";
}

TEST(Dial, the_next_address_is_tried_when_one_refuses) {
  EXPECT_EQ(tests::run_coroutine(dial_past_a_refusal()), "127.0.0.2");
}

Awaitable<std::string> listen_twice() {
  auto first = co_await listen_tcp(kHere, 0);
  auto second = co_await listen_tcp(kHere, (*first)->port());
  co_return second ? "both" : second.error().context;
}

TEST(Listen, a_taken_port_is_named_in_the_error) {
  EXPECT_NE(tests::run_coroutine(listen_twice()).find("cannot listen on 127.0.0.1 port"), std::string::npos);
}

}  // namespace
}  // namespace postseal::net
