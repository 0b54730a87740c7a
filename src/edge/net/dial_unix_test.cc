// SPDX-License-Identifier: Apache-2.0
#include "edge/net/dial_unix.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>

#include "tests/run_coroutine.h"

namespace postseal::net {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string socket_path() {
  const auto path = std::filesystem::temp_directory_path() / ("postseal-dial-" + std::to_string(::getpid()));
  std::filesystem::remove(path);
  return path;
}

Awaitable<std::string> talk() {
  const std::string path = socket_path();
  stream_protocol::acceptor acceptor(co_await asio::this_coro::executor, stream_protocol::endpoint(path));
  auto stream = co_await dial_unix(path, Deadline::in(seconds(5)));
  if (!stream) co_return stream.error().context;
  auto peer = co_await acceptor.async_accept(asio::use_awaitable);
  co_await (*stream)->write_all("ping\n", Deadline::in(seconds(5)));
  std::string heard;
  co_await asio::async_read_until(peer, asio::dynamic_buffer(heard), '\n', asio::use_awaitable);
  co_await asio::async_write(peer, asio::buffer("pong", 4), asio::use_awaitable);
  char buffer[16];
  auto count = co_await (*stream)->read_some(buffer, Deadline::in(seconds(5)));
  heard.append(buffer, count.value_or(0));
  auto silence = co_await (*stream)->read_some(buffer, Deadline::in(milliseconds(20)));
  if (!silence && silence.error().code == IoErrorCode::Timeout) heard += " timeout";
  peer.close();
  auto end = co_await (*stream)->read_some(buffer, Deadline::in(seconds(5)));
  if (!end && end.error().code == IoErrorCode::Closed) heard += " closed";
  std::filesystem::remove(path);
  co_return heard;
}

TEST(DialUnix, the_stream_is_like_any_other) { EXPECT_EQ(tests::run_coroutine(talk()), "ping\npong timeout closed"); }

Awaitable<std::string> failure(std::string path) {
  auto stream = co_await dial_unix(path, Deadline::in(seconds(5)));
  co_return stream ? "connected" : stream.error().context;
}

TEST(DialUnix, what_stands_in_the_way_is_said) {
  EXPECT_EQ(tests::run_coroutine(failure("/nonexistent/socket")), "No such file or directory");
  EXPECT_EQ(tests::run_coroutine(failure("")), "the path of a socket has 1 to 107 octets");
  EXPECT_EQ(tests::run_coroutine(failure(std::string(108, 'x'))), "the path of a socket has 1 to 107 octets");
}

}  // namespace
}  // namespace postseal::net
