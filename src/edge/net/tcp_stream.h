#pragma once
// SPDX-License-Identifier: Apache-2.0
// A connected TCP socket as a Stream. Only this room's own files include it: it shows Asio's sockets.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "edge/net/stream.h"
#include "vocab/ip_address.h"

namespace postseal::net {

class TcpStream final : public Stream {
 public:
  /// REQUIRES: connected.
  explicit TcpStream(boost::asio::ip::tcp::socket socket);
  ~TcpStream() override;

  Awaitable<std::expected<std::size_t, IoError>> read_some(std::span<char> buffer, Deadline deadline) override;
  Awaitable<std::expected<void, IoError>> wait_readable(Deadline deadline) override;
  void interrupt() noexcept override;
  Awaitable<std::expected<void, IoError>> write_all(std::string_view bytes, Deadline deadline) override;
  void close() noexcept override;
  void reset() noexcept override;
  void close_with(std::string_view farewell) noexcept override;

 private:
  // Shared with the timers' handlers, which may run once more after the stream is gone.
  struct State;
  std::shared_ptr<State> state_;
};

/// The error of a system call.
IoError from_errno(int number);
IoError to_io_error(const boost::system::error_code& error);
boost::asio::ip::tcp::endpoint to_endpoint(const IpAddress& address, std::uint16_t port);
/// An IPv4 address stays one, also where a dual-stack socket shows it mapped into IPv6 (A38).
IpAddress from_asio(const boost::asio::ip::address& address);

}  // namespace postseal::net
