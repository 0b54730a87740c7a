#pragma once
// SPDX-License-Identifier: Apache-2.0
// Drives the SMTP engine over a stream: moves bytes, watches the clock, feeds the body. Knows nothing of policy.
#include <expected>
#include <memory>

#include "edge/net/stream.h"
#include "flow/outbound/deliver.h"
#include "protocol/message/source.h"
#include "protocol/smtp/client.h"

namespace postseal::outbound {

/// One dialogue. Owns the stream; TLS swaps it for a stronger one.
class Conversation {
 public:
  Conversation(std::unique_ptr<net::Stream> stream, smtp::ClientSettings settings, Domain host,
               const Observer* observer);

  /// The engine's next event, or why the transport failed. RFC 5321 §4.5.3.2: each wait is bounded by the engine's
  /// timer and by the deadline, whichever comes first.
  Awaitable<std::expected<smtp::Event, net::IoError>> next_event(Deadline deadline);

  /// Runs one transaction to its end. A source that breaks ends the connection without the end mark.
  Awaitable<std::expected<smtp::Event, net::IoError>> transact(smtp::Transaction transaction, message::OpenSource open,
                                                               Deadline deadline);

  /// QUIT, a short wait for the answer, close.
  Awaitable<void> quit(Deadline deadline);
  void close();

  smtp::Client& engine() { return engine_; }
  /// For the handshake: hands the stream out, and takes the TLS stream in its place.
  std::unique_ptr<net::Stream> release_stream() { return std::move(stream_); }
  void adopt_stream(std::unique_ptr<net::Stream> stream);

 private:
  Awaitable<std::expected<void, net::IoError>> flush(Deadline deadline);
  Deadline wait_until(Deadline deadline) const;
  void trace(bool sent, std::string_view bytes) const;

  std::unique_ptr<net::Stream> stream_;
  smtp::Client engine_;
  Domain host_;  ///< for the trace
  const Observer* observer_;
  bool tls_ = false;
  bool in_body_ = false;
};

}  // namespace postseal::outbound
