// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstdlib>

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

// ---- waiting without a buffer ----

struct Pair {
  std::unique_ptr<Stream> near, far;
};

Awaitable<Pair> connected() {
  auto listener = co_await listen_tcp(kHere, 0);
  auto dialled = co_await dial_tcp({kHere}, (*listener)->port(), {}, Deadline::in(seconds(5)));
  auto accepted = co_await (*listener)->accept();
  co_return Pair{std::move(accepted->stream), std::move(dialled->stream)};
}

Awaitable<std::string> wait_then_read() {
  auto pair = co_await connected();
  auto silent = co_await pair.near->wait_readable(Deadline::in(milliseconds(20)));
  if (silent || silent.error().code != IoErrorCode::Timeout) co_return "silence is readable";
  co_await pair.far->write_all("hello", Deadline::in(seconds(5)));
  // Twice: what is not read is still there.
  for (int i = 0; i < 2; ++i) {
    if (!co_await pair.near->wait_readable(Deadline::in(seconds(5)))) co_return "not readable";
  }
  char buffer[16];
  auto count = co_await pair.near->read_some(buffer, Deadline::in(seconds(5)));
  co_return std::string(buffer, count.value_or(0));
}

TEST(Tcp, waiting_takes_no_byte) { EXPECT_EQ(tests::run_coroutine(wait_then_read()), "hello"); }

/// What was waited for, read piece by piece into a buffer of this size.
Awaitable<std::string> wait_then_read_all(std::string text, std::size_t piece) {
  auto pair = co_await connected();
  co_await pair.far->write_all(text, Deadline::in(seconds(5)));
  pair.far->close();
  std::string read;
  std::string buffer(piece, 0);
  for (;;) {
    if (!co_await pair.near->wait_readable(Deadline::in(seconds(5)))) co_return "not readable";
    auto count = co_await pair.near->read_some(buffer, Deadline::in(seconds(5)));
    if (!count) co_return read + std::string(to_string(count.error().code));
    read.append(buffer, 0, *count);
  }
}

TEST(Tcp, every_byte_that_was_waited_for_comes_once_and_in_order) {
  for (const std::size_t length : {1, 511, 512, 513, 1024, 40000}) {
    std::string text;
    while (text.size() < length) text += std::to_string(text.size()) + " ";
    text.resize(length);
    for (const std::size_t piece : {1, 7, 512, 513, 16384}) {
      if (length / piece > 5000) continue;
      EXPECT_EQ(tests::run_coroutine(wait_then_read_all(text, piece)), text + "closed") << length << " by " << piece;
    }
  }
}

Awaitable<IoErrorCode> wait_for_a_reset() {
  auto pair = co_await connected();
  pair.far->reset();
  if (!co_await pair.near->wait_readable(Deadline::in(seconds(5)))) co_return IoErrorCode::Other;
  char buffer[16];
  auto count = co_await pair.near->read_some(buffer, Deadline::in(seconds(5)));
  co_return count ? IoErrorCode::Other : count.error().code;
}

TEST(Tcp, a_reset_that_was_waited_for_is_no_orderly_end) {
  EXPECT_EQ(tests::run_coroutine(wait_for_a_reset()), IoErrorCode::Reset);
}

/// Read at once after a write, so that the bytes come into the buffer that is waited with.
Awaitable<std::string> read_the_answer() {
  auto pair = co_await connected();
  co_await pair.near->write_all("354 go\r\n", Deadline::in(seconds(5)));
  char buffer[16];
  auto late = co_await pair.near->read_some(buffer, Deadline::in(milliseconds(20)));
  if (late || late.error().code != IoErrorCode::Timeout) co_return "silence is an answer";
  co_await pair.far->write_all("letter", Deadline::in(seconds(5)));
  auto count = co_await pair.near->read_some(buffer, Deadline::in(seconds(5)));
  co_return std::string(buffer, count.value_or(0));
}

TEST(Tcp, a_read_that_timed_out_takes_nothing_with_it) { EXPECT_EQ(tests::run_coroutine(read_the_answer()), "letter"); }

Awaitable<bool> wait_for_the_end() {
  auto pair = co_await connected();
  pair.far->close();
  const bool readable = (co_await pair.near->wait_readable(Deadline::in(seconds(5)))).has_value();
  char buffer[16];
  auto count = co_await pair.near->read_some(buffer, Deadline::in(seconds(5)));
  co_return readable && !count && count.error().code == IoErrorCode::Closed;
}

TEST(Tcp, the_peers_end_can_be_read) { EXPECT_TRUE(tests::run_coroutine(wait_for_the_end())); }

Awaitable<std::string> go_on_after_an_interrupt() {
  auto pair = co_await connected();
  boost::asio::post(co_await boost::asio::this_coro::executor, [&] { pair.near->interrupt(); });
  auto waited = co_await pair.near->wait_readable(Deadline::in(seconds(5)));
  if (waited || waited.error().code != IoErrorCode::Cancelled) co_return "not interrupted";
  co_await pair.near->write_all("421 bye", Deadline::in(seconds(5)));
  char buffer[16];
  auto count = co_await pair.far->read_some(buffer, Deadline::in(seconds(5)));
  co_return std::string(buffer, count.value_or(0));
}

TEST(Tcp, an_interrupted_wait_leaves_the_stream_good) {
  EXPECT_EQ(tests::run_coroutine(go_on_after_an_interrupt()), "421 bye");
}

Awaitable<std::string> last_words_past_unread_bytes() {
  auto pair = co_await connected();
  co_await pair.far->write_all(std::string(10000, 'x'), Deadline::in(seconds(5)));
  (void)co_await pair.near->wait_readable(Deadline::in(seconds(5)));
  pair.near->close_with("421 enough\r\n");
  std::string heard;
  char buffer[64];
  for (;;) {
    auto count = co_await pair.far->read_some(buffer, Deadline::in(seconds(5)));
    if (!count) co_return heard + std::string(to_string(count.error().code));
    heard.append(buffer, *count);
  }
}

TEST(Tcp, the_last_words_reach_a_peer_that_was_still_talking) {
  EXPECT_EQ(tests::run_coroutine(last_words_past_unread_bytes()), "421 enough\r\nclosed");
}

Awaitable<int> read_a_long_text_beside_another_task() {
  auto pair = co_await connected();
  auto turns = std::make_shared<int>(0);
  co_await pair.far->write_all(std::string(200, 'x'), Deadline::in(seconds(5)));
  (void)co_await pair.near->wait_readable(Deadline::in(seconds(5)));
  boost::asio::post(co_await boost::asio::this_coro::executor, [turns] { ++*turns; });
  char one[1];
  for (int i = 0; i < 200; ++i) (void)co_await pair.near->read_some(one, Deadline::in(seconds(5)));
  co_return *turns;
}

TEST(Tcp, a_peer_that_is_always_ready_gives_others_their_turn_A23) {
  EXPECT_EQ(tests::run_coroutine(read_a_long_text_beside_another_task()), 1);
}

// ---- listening ----

Awaitable<std::string> accept_over(IpAddress through) {
  auto listener = co_await listen_everywhere(0, {});
  if (!listener) co_return listener.error().context;
  auto dialled = co_await dial_tcp({through}, (*listener)->port(), {}, Deadline::in(seconds(5)));
  if (!dialled) co_return "dial failed";
  auto accepted = co_await (*listener)->accept();
  if (!accepted) co_return accepted.error().context;
  const bool ours =
      accepted->local == through && accepted->local_port == (*listener)->port() && accepted->peer_port != 0;
  co_return ours ? accepted->peer.to_string() : "another end than was dialled";
}

TEST(Listen, one_socket_takes_ipv4_and_shows_it_as_ipv4_A38) {
  EXPECT_EQ(tests::run_coroutine(accept_over(kHere)), "127.0.0.1");
}

Awaitable<bool> share_a_port(bool second_shares) {
  auto first = co_await listen_tcp(kHere, 0, {.reuse_port = true});
  auto second = co_await listen_tcp(kHere, (*first)->port(), {.reuse_port = second_shares});
  co_return second.has_value();
}

TEST(Listen, threads_can_share_a_port_when_both_say_so) {
  EXPECT_TRUE(tests::run_coroutine(share_a_port(true)));
  EXPECT_FALSE(tests::run_coroutine(share_a_port(false)));
}

Awaitable<std::string> adopt(bool listening) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listening) ::listen(fd, 5);
  auto listener = co_await adopt_listener(fd);
  ::close(fd);  // the listener has its own
  if (!listener) co_return "refused";
  auto dialled = co_await dial_tcp({kHere}, (*listener)->port(), {}, Deadline::in(seconds(5)));
  auto accepted = co_await (*listener)->accept();
  co_return accepted ? accepted->peer.to_string() : "nobody";
}

TEST(Listen, a_passed_socket_is_used_if_it_listens) {
  EXPECT_EQ(tests::run_coroutine(adopt(true)), "127.0.0.1");
  EXPECT_EQ(tests::run_coroutine(adopt(false)), "refused");
}

}  // namespace
}  // namespace postseal::net
