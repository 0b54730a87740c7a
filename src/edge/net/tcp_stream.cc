// SPDX-License-Identifier: Apache-2.0
#include "edge/net/tcp_stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <optional>

namespace postseal::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

/// Cancels the socket's waits when the time is up. One timer serves many waits in turn: it is only set anew where a
/// wait ends earlier than what it is set to, so that a busy session does not touch the timer queue at every read.
struct Watch {
  explicit Watch(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;
  SteadyTime until{};          ///< of the wait that is going on
  std::uint32_t settings = 0;  ///< tells a late expiry that the timer was set anew
  bool waiting = false, set = false, expired = false;
};

/// So many reads or writes in a row may succeed at once before others on this thread have their turn.
constexpr unsigned kInARow = 32;
/// Commands fit in as a rule. What is waited for is read into it at once: where Asio waits for nothing but readiness,
/// it asks the kernel for it anew each time.
constexpr std::size_t kFirstBytes = 512;
/// What a closing peer is still sending is taken off its hands, or our last reply would be lost to a reset.
constexpr int kDrainedAtClose = 8;

}  // namespace

struct TcpStream::State : std::enable_shared_from_this<State> {
  explicit State(tcp::socket connected)
      : socket(std::move(connected)), reading(socket.get_executor()), writing(socket.get_executor()) {}

  void arm(Watch State::* which, Deadline deadline) {
    Watch& watch = this->*which;
    watch.expired = false;
    watch.waiting = true;
    watch.until = deadline.at;
    if (!watch.set || deadline.at < watch.timer.expiry()) set(which);
  }

  void set(Watch State::* which) {
    Watch& watch = this->*which;
    watch.set = true;
    const std::uint32_t settings = ++watch.settings;
    watch.timer.expires_at(watch.until);
    watch.timer.async_wait([self = shared_from_this(), which, settings](const boost::system::error_code& error) {
      Watch& late = (*self).*which;
      if (error || late.settings != settings) return;
      late.set = false;
      if (!late.waiting) return;
      if (!Deadline{late.until}.passed()) return self->set(which);
      late.expired = true;
      boost::system::error_code ignored;
      self->socket.cancel(ignored);
    });
  }

  void disarm(Watch State::* which) { (this->*which).waiting = false; }

  /// Turns an error of the operation into ours.
  IoError finish(const Watch& watch, const boost::system::error_code& error) const {
    if (watch.expired) return {IoErrorCode::Timeout, "no answer in time"};
    return to_io_error(error);
  }

  void cancel_timers() noexcept {
    reading.timer.cancel();
    writing.timer.cancel();
    reading.set = writing.set = false;
  }

  void drain() noexcept {
    char piece[4096];
    for (int i = 0; i < kDrainedAtClose; ++i) {
      if (::recv(socket.native_handle(), piece, sizeof piece, MSG_DONTWAIT) <= 0) return;
    }
  }

  Awaitable<std::expected<void, IoError>> wait(tcp::socket::wait_type direction, Watch State::* which,
                                               Deadline deadline) {
    auto self = shared_from_this();
    arm(which, deadline);
    auto [error] = co_await socket.async_wait(direction, kNoThrow);
    disarm(which);
    if (error) co_return std::unexpected(finish(this->*which, error));
    co_return std::expected<void, IoError>{};
  }

  Awaitable<std::expected<std::size_t, IoError>> receive(std::span<char> buffer, Deadline deadline) {
    auto self = shared_from_this();
    in_a_row = 0;
    awaits_answer = false;
    arm(&State::reading, deadline);
    auto [error, count] = co_await socket.async_receive(asio::buffer(buffer.data(), buffer.size()), kNoThrow);
    disarm(&State::reading);
    if (error) co_return std::unexpected(finish(reading, error));
    co_return count;
  }

  std::size_t take_first(std::span<char> buffer) {
    const std::size_t count = std::min(buffer.size(), first_end - first_begin);
    std::copy_n(first.data() + first_begin, count, buffer.data());
    first_begin += count;
    return count;
  }

  /// A peer that is always ready does not keep the thread to itself.
  Awaitable<void> give_way() {
    if (++in_a_row < kInARow) co_return;
    in_a_row = 0;
    co_await asio::post(socket.get_executor(), asio::use_awaitable);
  }

  tcp::socket socket;
  Watch reading;
  Watch writing;
  unsigned in_a_row = 0;
  bool awaits_answer = false;  ///< nothing has come since our last bytes, as far as we know
  std::array<char, kFirstBytes> first;
  std::size_t first_begin = 0, first_end = 0;
  std::optional<IoError> end;  ///< how the reading ended while nobody read
};

TcpStream::TcpStream(tcp::socket socket) : state_(std::make_shared<State>(std::move(socket))) {
  boost::system::error_code ignored;
  state_->socket.set_option(tcp::no_delay(true), ignored);
}

TcpStream::~TcpStream() { close(); }

Awaitable<std::expected<void, IoError>> TcpStream::wait_readable(Deadline deadline) {
  auto state = state_;
  if (!state->socket.is_open()) co_return std::unexpected(IoError{IoErrorCode::Cancelled, "cancelled"});
  if (deadline.passed()) co_return std::unexpected(IoError{IoErrorCode::Timeout, "no answer in time"});
  if (state->first_begin < state->first_end || state->end) co_return std::expected<void, IoError>{};
  auto count = co_await state->receive(state->first, deadline);
  state->first_begin = 0;
  state->first_end = count.value_or(0);
  if (count) co_return std::expected<void, IoError>{};
  if (count.error().code == IoErrorCode::Timeout || count.error().code == IoErrorCode::Cancelled)
    co_return std::unexpected(count.error());
  state->end = count.error();
  co_return std::expected<void, IoError>{};
}

void TcpStream::interrupt() noexcept {
  boost::system::error_code ignored;
  state_->socket.cancel(ignored);
}

Awaitable<std::expected<std::size_t, IoError>> TcpStream::read_some(std::span<char> buffer, Deadline deadline) {
  auto state = state_;
  if (state->in_a_row + 1 >= kInARow) co_await state->give_way();
  ++state->in_a_row;
  for (;;) {
    if (!state->socket.is_open()) co_return std::unexpected(IoError{IoErrorCode::Cancelled, "cancelled"});
    // A peer that always has bytes ready, or room for them, would keep winning against the timer.
    if (deadline.passed()) co_return std::unexpected(IoError{IoErrorCode::Timeout, "no answer in time"});
    const std::size_t had = state->take_first(buffer);
    if (had > 0 && (had == buffer.size() || state->first_end < kFirstBytes)) co_return had;
    if (state->end) {
      if (had > 0) co_return had;
      co_return std::unexpected(*state->end);
    }
    if (had == 0 && state->awaits_answer) co_return co_await state->receive(buffer, deadline);
    const ssize_t count = ::recv(state->socket.native_handle(), buffer.data() + had, buffer.size() - had, MSG_DONTWAIT);
    if (count > 0) co_return had + static_cast<std::size_t>(count);
    if (count < 0 && errno == EINTR && had == 0) continue;
    const bool later = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    if (had == 0 && later) co_return co_await state->receive(buffer, deadline);
    if (!later) state->end = count == 0 ? to_io_error(asio::error::eof) : from_errno(errno);
    if (had > 0) co_return had;
    co_return std::unexpected(*state->end);
  }
}

Awaitable<std::expected<void, IoError>> TcpStream::write_all(std::string_view bytes, Deadline deadline) {
  auto state = state_;
  if (state->in_a_row + 1 >= kInARow) co_await state->give_way();
  ++state->in_a_row;
  state->awaits_answer = true;
  while (!bytes.empty()) {
    if (!state->socket.is_open()) co_return std::unexpected(IoError{IoErrorCode::Cancelled, "cancelled"});
    if (deadline.passed()) co_return std::unexpected(IoError{IoErrorCode::Timeout, "no answer in time"});
    const ssize_t count =
        ::send(state->socket.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) co_return std::unexpected(from_errno(errno));
    state->in_a_row = 0;
    auto writable = co_await state->wait(tcp::socket::wait_write, &State::writing, deadline);
    if (!writable) co_return std::unexpected(writable.error());
  }
  co_return std::expected<void, IoError>{};
}

void TcpStream::close() noexcept {
  if (!state_->socket.is_open()) return;
  state_->cancel_timers();
  state_->drain();
  boost::system::error_code ignored;
  state_->socket.shutdown(tcp::socket::shutdown_both, ignored);
  state_->socket.close(ignored);
}

void TcpStream::reset() noexcept {
  state_->cancel_timers();
  boost::system::error_code ignored;
  state_->socket.set_option(asio::socket_base::linger(true, 0), ignored);
  state_->socket.close(ignored);
}

void TcpStream::close_with(std::string_view farewell) noexcept {
  if (state_->socket.is_open())
    (void)::send(state_->socket.native_handle(), farewell.data(), farewell.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  close();
}

IoError from_errno(int number) { return to_io_error({number, boost::system::system_category()}); }

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
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return IpAddress::v4(asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_bytes());
  return address.is_v4() ? IpAddress::v4(address.to_v4().to_bytes()) : IpAddress::v6(address.to_v6().to_bytes());
}

}  // namespace postseal::net
