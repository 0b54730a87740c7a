// SPDX-License-Identifier: Apache-2.0
#include "edge/net/listen.h"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "edge/net/tcp_stream.h"

namespace postseal::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

class TcpListener final : public Listener {
 public:
  explicit TcpListener(tcp::acceptor acceptor) : acceptor_(std::move(acceptor)) {}

  Awaitable<std::expected<Accepted, IoError>> accept() override {
    auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
    if (error) co_return std::unexpected(to_io_error(error));
    boost::system::error_code ignored;
    const IpAddress peer = from_asio(socket.remote_endpoint(ignored).address());
    co_return Accepted{std::make_unique<TcpStream>(std::move(socket)), peer};
  }

  std::uint16_t port() const override {
    boost::system::error_code ignored;
    return acceptor_.local_endpoint(ignored).port();
  }

  void close() noexcept override {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  tcp::acceptor acceptor_;
};

constexpr int kBacklog = 4096;

}  // namespace

Awaitable<std::expected<std::unique_ptr<Listener>, IoError>> listen_tcp(IpAddress address, std::uint16_t port) {
  const auto endpoint = to_endpoint(address, port);
  tcp::acceptor acceptor(co_await asio::this_coro::executor);
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error) {
    IoError failure = to_io_error(error);
    failure.context = fmt::format("cannot listen on {} port {}: {}", address.to_string(), port, error.message());
    co_return std::unexpected(std::move(failure));
  }
  co_return std::make_unique<TcpListener>(std::move(acceptor));
}

}  // namespace postseal::net
