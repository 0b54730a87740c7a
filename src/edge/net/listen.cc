// SPDX-License-Identifier: Apache-2.0
#include "edge/net/listen.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "edge/net/tcp_stream.h"

namespace postseal::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

namespace {

class TcpListener final : public Listener {
 public:
  explicit TcpListener(tcp::acceptor acceptor) : acceptor_(std::move(acceptor)) {}

  Awaitable<std::expected<Accepted, IoError>> accept() override {
    tcp::endpoint peer;
    auto [error, socket] = co_await acceptor_.async_accept(peer, asio::as_tuple(asio::use_awaitable));
    if (error) co_return std::unexpected(to_io_error(error));
    boost::system::error_code ignored;
    const tcp::endpoint local = socket.local_endpoint(ignored);
    co_return Accepted{std::make_unique<TcpStream>(std::move(socket)), from_asio(peer.address()), peer.port(),
                       from_asio(local.address()), local.port()};
  }

  std::uint16_t port() const override { return local().port(); }
  IpAddress address() const override { return from_asio(local().address()); }

  void close() noexcept override {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  tcp::endpoint local() const {
    boost::system::error_code ignored;
    return acceptor_.local_endpoint(ignored);
  }

  tcp::acceptor acceptor_;
};

constexpr int kBacklog = 4096;

std::expected<std::unique_ptr<Listener>, IoError> open_listener(const asio::any_io_executor& executor,
                                                                const tcp::endpoint& endpoint, ListenOptions options,
                                                                bool dual_stack) {
  tcp::acceptor acceptor(executor);
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && options.reuse_port) acceptor.set_option(ReusePort(true), error);
  if (!error && endpoint.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(!dual_stack), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error) {
    IoError failure = to_io_error(error);
    failure.context = fmt::format("cannot listen on {} port {}: {}", from_asio(endpoint.address()).to_string(),
                                  endpoint.port(), error.message());
    return std::unexpected(std::move(failure));
  }
  return std::make_unique<TcpListener>(std::move(acceptor));
}

bool system_lacks_ipv6() {
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return true;
  ::close(fd);
  return false;
}

}  // namespace

Awaitable<std::expected<std::unique_ptr<Listener>, IoError>> listen_tcp(IpAddress address, std::uint16_t port) {
  co_return open_listener(co_await asio::this_coro::executor, to_endpoint(address, port), {}, false);
}

Awaitable<std::expected<std::unique_ptr<Listener>, IoError>> listen_tcp(IpAddress address, std::uint16_t port,
                                                                        ListenOptions options) {
  co_return open_listener(co_await asio::this_coro::executor, to_endpoint(address, port), options, false);
}

Awaitable<std::expected<std::unique_ptr<Listener>, IoError>> listen_everywhere(std::uint16_t port,
                                                                               ListenOptions options) {
  const auto executor = co_await asio::this_coro::executor;
  if (system_lacks_ipv6()) co_return open_listener(executor, tcp::endpoint(tcp::v4(), port), options, false);
  co_return open_listener(executor, tcp::endpoint(tcp::v6(), port), options, true);
}

Awaitable<std::expected<std::unique_ptr<Listener>, IoError>> adopt_listener(int fd) {
  const auto executor = co_await asio::this_coro::executor;
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0)
    co_return std::unexpected(IoError{IoErrorCode::Other, fmt::format("descriptor {} is no listening socket", fd)});
  sockaddr_storage local{};
  size = sizeof local;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) != 0 ||
      (local.ss_family != AF_INET && local.ss_family != AF_INET6))
    co_return std::unexpected(IoError{IoErrorCode::Other, fmt::format("descriptor {} is no TCP socket", fd)});
  const int own = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0) co_return std::unexpected(from_errno(errno));
  tcp::acceptor acceptor(executor);
  boost::system::error_code error;
  acceptor.assign(local.ss_family == AF_INET ? tcp::v4() : tcp::v6(), own, error);
  if (error) {
    ::close(own);
    co_return std::unexpected(to_io_error(error));
  }
  co_return std::make_unique<TcpListener>(std::move(acceptor));
}

}  // namespace postseal::net
