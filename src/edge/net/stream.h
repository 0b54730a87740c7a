#pragma once
// SPDX-License-Identifier: Apache-2.0
// A byte stream with deadlines. Everything above the sockets reads and writes through this interface, so that Asio's
// operations are instantiated in two files only, and a dialogue runs the same on TCP, on TLS and in memory.
#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "vocab/awaitable.h"
#include "vocab/clock.h"

namespace postseal::net {

enum class IoErrorCode { Timeout, Closed, Reset, Refused, Unreachable, Tls, Cancelled, Other };
std::string_view to_string(IoErrorCode code);

struct IoError {
  IoErrorCode code = IoErrorCode::Other;
  std::string context;  ///< in words for people
};

class Stream {
 public:
  virtual ~Stream() = default;
  /// At least one byte into the buffer, or an error; the peer's orderly end is Closed.
  /// REQUIRES: the buffer outlives the wait; one read and one write at a time.
  virtual Awaitable<std::expected<std::size_t, IoError>> read_some(std::span<char> buffer, Deadline deadline) = 0;
  /// Until read_some() has something: bytes, the peer's end, an error. Holds no buffer meanwhile, so that thousands of
  /// idle sessions cost little. May return early; a stream that cannot tell does so at once.
  virtual Awaitable<std::expected<void, IoError>> wait_readable(Deadline deadline);
  /// Ends a wait_readable() with Cancelled; the stream stays good. REQUIRES: no write is waiting.
  virtual void interrupt() noexcept {}
  /// All of it, or an error. REQUIRES: the bytes outlive the wait.
  virtual Awaitable<std::expected<void, IoError>> write_all(std::string_view bytes, Deadline deadline) = 0;
  /// As write_all, with what ends a session behind it (TLS's close_notify): one packet in place of two, the second of
  /// which would find the peer gone. REQUIRES: nothing but close() follows.
  virtual Awaitable<std::expected<void, IoError>> write_last(std::string_view bytes, Deadline deadline) {
    return write_all(bytes, deadline);
  }
  /// Ends both directions at once; waiting calls fail with Cancelled or Closed.
  virtual void close() noexcept = 0;
  /// Ends the connection with a reset where the transport knows one: what a hostile server does. Else as close().
  virtual void reset() noexcept { close(); }
  /// Sends what fits without waiting (TLS's close_notify), then closes. REQUIRES: no write is waiting.
  virtual void close_with(std::string_view /*farewell*/) noexcept { close(); }
};

}  // namespace postseal::net
