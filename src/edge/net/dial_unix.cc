// SPDX-License-Identifier: Apache-2.0
#include "edge/net/dial_unix.h"

#include <sys/un.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "edge/net/tcp_stream.h"

namespace postseal::net {

namespace asio = boost::asio;
using asio::local::stream_protocol;

namespace {

/// Shared with the timer's handler, which may run once more after the dial is over.
struct Attempt {
  explicit Attempt(const asio::any_io_executor& executor) : socket(executor), timer(executor) {}
  stream_protocol::socket socket;
  asio::steady_timer timer;
  bool expired = false;
};

}  // namespace

Awaitable<std::expected<std::unique_ptr<Stream>, IoError>> dial_unix(std::string path, Deadline deadline) {
  if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
    co_return std::unexpected(IoError{IoErrorCode::Other, "the path of a socket has 1 to 107 octets"});
  }
  const auto executor = co_await asio::this_coro::executor;
  auto attempt = std::make_shared<Attempt>(executor);
  attempt->timer.expires_at(deadline.at);
  attempt->timer.async_wait([attempt](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    attempt->expired = true;
    boost::system::error_code ignored;
    attempt->socket.close(ignored);
  });
  auto [error] =
      co_await attempt->socket.async_connect(stream_protocol::endpoint(path), asio::as_tuple(asio::use_awaitable));
  attempt->timer.cancel();
  if (attempt->expired) co_return std::unexpected(IoError{IoErrorCode::Timeout, "no answer in time"});
  // A listener whose queue is full makes the socket look writable without being connected.
  if (!error) attempt->socket.remote_endpoint(error);
  if (error) co_return std::unexpected(to_io_error(error));
  // Once connected, bytes move through any stream socket in the same way: TcpStream does the rest.
  const auto handle = attempt->socket.release(error);
  asio::ip::tcp::socket socket(executor);
  if (!error) socket.assign(asio::ip::tcp::v4(), handle, error);
  if (error) co_return std::unexpected(to_io_error(error));
  co_return std::make_unique<TcpStream>(std::move(socket));
}

}  // namespace postseal::net
