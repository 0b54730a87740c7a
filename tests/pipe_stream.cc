// SPDX-License-Identifier: Apache-2.0
#include "tests/pipe_stream.h"

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace postseal::tests {

namespace asio = boost::asio;
using net::IoError;
using net::IoErrorCode;

namespace {

/// One direction. Each wait is a timer set to the deadline; whoever changes something cancels it.
struct Direction {
  explicit Direction(const asio::any_io_executor& executor) : for_reader(executor), for_writer(executor) {}

  std::string unread;
  bool ended = false;  ///< the writer closed
  bool reset = false;
  bool reader_gone = false;
  asio::steady_timer for_reader, for_writer;

  void wake() {
    for_reader.cancel();
    for_writer.cancel();
  }
};

struct Pipe {
  Pipe(const asio::any_io_executor& executor, PipeSettings with)
      : settings(std::move(with)), forth(executor), back(executor) {}
  PipeSettings settings;
  Direction forth, back;
};

Awaitable<void> wait(asio::steady_timer& timer, Deadline deadline) {
  timer.expires_at(deadline.at);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

class PipeEnd final : public net::Stream {
 public:
  PipeEnd(std::shared_ptr<Pipe> pipe, bool first) : pipe_(std::move(pipe)), first_(first) {}
  ~PipeEnd() override { close(); }

  Awaitable<std::expected<std::size_t, IoError>> read_some(std::span<char> buffer, Deadline deadline) override {
    auto pipe = pipe_;
    Direction& from = first_ ? pipe->back : pipe->forth;
    for (;;) {
      if (from.reader_gone) co_return std::unexpected(IoError{IoErrorCode::Cancelled, "cancelled"});
      if (!from.unread.empty()) {
        const std::size_t count = std::min({buffer.size(), from.unread.size(), pipe->settings.largest_read});
        std::copy_n(from.unread.begin(), count, buffer.begin());
        from.unread.erase(0, count);
        from.for_writer.cancel();
        co_return count;
      }
      if (from.reset) co_return std::unexpected(IoError{IoErrorCode::Reset, "the other side reset the connection"});
      if (from.ended) co_return std::unexpected(IoError{IoErrorCode::Closed, "the other side closed the connection"});
      if (deadline.passed()) co_return std::unexpected(IoError{IoErrorCode::Timeout, "no answer in time"});
      co_await wait(from.for_reader, deadline);
    }
  }

  Awaitable<std::expected<void, IoError>> write_all(std::string_view bytes, Deadline deadline) override {
    auto pipe = pipe_;
    Direction& to = first_ ? pipe->forth : pipe->back;
    if (pipe->settings.wiretap) pipe->settings.wiretap(first_, bytes);
    while (!bytes.empty()) {
      if (to.ended) co_return std::unexpected(IoError{IoErrorCode::Cancelled, "cancelled"});
      if (to.reader_gone) co_return std::unexpected(IoError{IoErrorCode::Reset, "the other side reset the connection"});
      const std::size_t room = pipe->settings.capacity - std::min(pipe->settings.capacity, to.unread.size());
      if (room > 0) {
        to.unread += bytes.substr(0, room);
        bytes.remove_prefix(std::min(room, bytes.size()));
        to.for_reader.cancel();
        continue;
      }
      if (deadline.passed()) co_return std::unexpected(IoError{IoErrorCode::Timeout, "no answer in time"});
      co_await wait(to.for_writer, deadline);
    }
    co_return std::expected<void, IoError>{};
  }

  void close() noexcept override { end(false); }
  void reset() noexcept override { end(true); }

  void close_with(std::string_view farewell) noexcept override {
    Direction& to = first_ ? pipe_->forth : pipe_->back;
    if (!to.ended && !to.reader_gone) to.unread += farewell;
    close();
  }

 private:
  void end(bool hard) noexcept {
    Direction& to = first_ ? pipe_->forth : pipe_->back;
    Direction& from = first_ ? pipe_->back : pipe_->forth;
    if (hard && !to.ended) {
      to.unread.clear();
      to.reset = true;
    }
    to.ended = true;
    from.reader_gone = true;
    to.wake();
    from.wake();
  }

  std::shared_ptr<Pipe> pipe_;
  bool first_;
};

}  // namespace

Awaitable<std::pair<std::unique_ptr<net::Stream>, std::unique_ptr<net::Stream>>> make_pipe(PipeSettings settings) {
  auto pipe = std::make_shared<Pipe>(co_await asio::this_coro::executor, std::move(settings));
  std::pair<std::unique_ptr<net::Stream>, std::unique_ptr<net::Stream>> ends;
  ends.first = std::make_unique<PipeEnd>(pipe, true);
  ends.second = std::make_unique<PipeEnd>(pipe, false);
  co_return ends;
}

}  // namespace postseal::tests
