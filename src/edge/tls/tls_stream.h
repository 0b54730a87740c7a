#pragma once
// SPDX-License-Identifier: Apache-2.0
// An SSL object that talks through an inner Stream: OpenSSL reads and writes memory, this file carries the bytes.
// Client and server share it. Only this room's own files include it: it shows OpenSSL.
#include <memory>
#include <string>

#include "edge/net/stream.h"
#include "edge/tls/openssl_ptr.h"

namespace postseal::tls {

class TlsStream final : public net::Stream {
 public:
  /// REQUIRES: ssl is set to connect or accept state. kept: lives as long as the SSL does (its callbacks' data).
  TlsStream(SslPtr ssl, std::unique_ptr<net::Stream> inner, std::shared_ptr<void> kept = nullptr);
  ~TlsStream() override;

  struct HandshakeFailure {
    net::IoError error;
    unsigned long openssl_error = 0;  ///< meaningful for code Tls
  };
  /// A failure has sent its alert. The inner stream's own errors are passed on with "during the TLS handshake".
  /// A server's session ticket waits for what is written next.
  Awaitable<std::expected<void, HandshakeFailure>> handshake(Deadline deadline);

  Awaitable<std::expected<std::size_t, net::IoError>> read_some(std::span<char> buffer, Deadline deadline) override;
  /// Gives its buffers back while it waits.
  Awaitable<std::expected<void, net::IoError>> wait_readable(Deadline deadline) override;
  void interrupt() noexcept override;
  Awaitable<std::expected<void, net::IoError>> write_all(std::string_view bytes, Deadline deadline) override;
  Awaitable<std::expected<void, net::IoError>> write_last(std::string_view bytes, Deadline deadline) override;
  /// Says close_notify as far as that goes without waiting.
  void close() noexcept override;
  void reset() noexcept override;

  SSL* ssl() const;

 private:
  // Shared with the coroutines that wait: the stream may be closed and gone when they wake.
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace postseal::tls
