// SPDX-License-Identifier: Apache-2.0
#include "edge/net/tcp_stream.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace postseal::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

/// Cancels the socket's waits when the time is up. The generation tells a late expiry that its wait is long over.
struct Watch {
  explicit Watch(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;
  std::uint64_t generation = 0;
  bool expired = false;
};

}  // namespace

struct TcpStream::State : std::enable_shared_from_this<State> {
  explicit State(tcp::socket connected)
      : socket(std::move(connected)), reading(socket.get_executor()), writing(socket.get_executor()) {}

  void arm(Watch State::* which, Deadline deadline) {
    Watch& watch = this->*which;
    watch.expired = false;
    const std::uint64_t generation = ++watch.generation;
    watch.timer.expires_at(deadline.at);
    watch.timer.async_wait([self = shared_from_this(), which, generation](const boost::system::error_code& error) {
      Watch& late = (*self).*which;
      if (error || late.generation != generation) return;
      late.expired = true;
      boost::system::error_code ignored;
      self->socket.cancel(ignored);
    });
  }

  /// Ends the watch and turns an error of the operation into ours.
  IoError finish(Watch State::* which, const boost::system::error_code& error) {
    Watch& watch = this->*which;
    if (watch.expired) return {IoErrorCode::Timeout, "no answer in time"};
    return to_io_error(error);
  }

  void disarm(Watch State::* which) {
    Watch& watch = this->*which;
    ++watch.generation;
    watch.timer.cancel();
  }

  tcp::socket socket;
  Watch reading;
  Watch writing;
};

TcpStream::TcpStream(tcp::socket socket) : state_(std::make_shared<State>(std::move(socket))) {
  boost::system::error_code ignored;
  state_->socket.set_option(tcp::no_delay(true), ignored);
}

TcpStream::~TcpStream() { close(); }

Awaitable<std::expected<std::size_t, IoError>> TcpStream::read_some(std::span<char> buffer, Deadline deadline) {
  auto state = state_;
  // A peer that always has bytes ready, or room for them, would keep winning against the timer.
  if (deadline.passed()) co_return std::unexpected(IoError{IoErrorCode::Timeout, "no answer in time"});
  state->arm(&State::reading, deadline);
  auto [error, count] = co_await state->socket.async_read_some(asio::buffer(buffer.data(), buffer.size()), kNoThrow);
  state->disarm(&State::reading);
  if (error) co_return std::unexpected(state->finish(&State::reading, error));
  co_return count;
}

Awaitable<std::expected<void, IoError>> TcpStream::write_all(std::string_view bytes, Deadline deadline) {
  auto state = state_;
  // A peer that always has bytes ready, or room for them, would keep winning against the timer.
  if (deadline.passed()) co_return std::unexpected(IoError{IoErrorCode::Timeout, "no answer in time"});
  state->arm(&State::writing, deadline);
  auto [error, count] = co_await asio::async_write(state->socket, asio::buffer(bytes.data(), bytes.size()), kNoThrow);
  state->disarm(&State::writing);
  if (error) co_return std::unexpected(state->finish(&State::writing, error));
  co_return std::expected<void, IoError>{};
}

void TcpStream::close() noexcept {
  boost::system::error_code ignored;
  state_->socket.shutdown(tcp::socket::shutdown_both, ignored);
  state_->socket.close(ignored);
}

void TcpStream::reset() noexcept {
  boost::system::error_code ignored;
  state_->socket.set_option(asio::socket_base::linger(true, 0), ignored);
  state_->socket.close(ignored);
}

void TcpStream::close_with(std::string_view farewell) noexcept {
  boost::system::error_code ignored;
  state_->socket.non_blocking(true, ignored);
  if (!ignored) state_->socket.write_some(asio::buffer(farewell.data(), farewell.size()), ignored);
  close();
}

IoError to_io_error(const boost::system::error_code& error) {
  using boost::asio::error::basic_errors;
  if (error == asio::error::eof) return {IoErrorCode::Closed, "the other side closed the connection"};
  if (error == asio::error::connection_reset || error == asio::error::broken_pipe)
    return {IoErrorCode::Reset, "the other side reset the connection"};
  if (error == asio::error::connection_refused) return {IoErrorCode::Refused, "connection refused"};
  if (error == asio::error::host_unreachable || error == asio::error::network_unreachable)
    return {IoErrorCode::Unreachable, error.message()};
  if (error == asio::error::timed_out) return {IoErrorCode::Timeout, "no answer in time"};
  if (error == asio::error::operation_aborted) return {IoErrorCode::Cancelled, "cancelled"};
  return {IoErrorCode::Other, error.message()};
}

tcp::endpoint to_endpoint(const IpAddress& address, std::uint16_t port) {
  const auto bytes = address.bytes();
  if (address.is_v4()) {
    asio::ip::address_v4::bytes_type octets;
    std::copy(bytes.begin(), bytes.end(), octets.begin());
    return {asio::ip::address_v4(octets), port};
  }
  asio::ip::address_v6::bytes_type octets;
  std::copy(bytes.begin(), bytes.end(), octets.begin());
  return {asio::ip::address_v6(octets), port};
}

IpAddress from_asio(const asio::ip::address& address) {
  return address.is_v4() ? IpAddress::v4(address.to_v4().to_bytes()) : IpAddress::v6(address.to_v6().to_bytes());
}

std::string_view to_string(IoErrorCode code) {
  switch (code) {
    case IoErrorCode::Timeout:
      return "timeout";
    case IoErrorCode::Closed:
      return "closed";
    case IoErrorCode::Reset:
      return "reset";
    case IoErrorCode::Refused:
      return "refused";
    case IoErrorCode::Unreachable:
      return "unreachable";
    case IoErrorCode::Tls:
      return "tls";
    case IoErrorCode::Cancelled:
      return "cancelled";
    case IoErrorCode::Other:
      return "other";
  }
  return "other";
}

}  // namespace postseal::net
