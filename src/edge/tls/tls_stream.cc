// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/tls_stream.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <new>

#include "edge/tls/tls_error.h"

namespace postseal::tls {

using net::IoError;
using net::IoErrorCode;

namespace {

constexpr std::size_t kMaxUnsent = 64 * 1024;
constexpr std::size_t kInputBytes = std::size_t{16} * 1024;
/// Plaintext encrypted before it is carried away: bounds the copy in memory while a large message is sent.
constexpr std::size_t kOutputBytes = std::size_t{64} * 1024;
/// An alert is a courtesy: it may not hold up the failure that it announces.
constexpr std::chrono::milliseconds kAlertWait{2000};

IoError during_handshake(IoError error) {
  switch (error.code) {
    case IoErrorCode::Closed:
      error.context = "the peer closed the connection during the TLS handshake";
      break;
    case IoErrorCode::Reset:
      error.context = "the connection was reset during the TLS handshake";
      break;
    case IoErrorCode::Timeout:
      error.context = "the TLS handshake did not end in time";
      break;
    case IoErrorCode::Refused:
    case IoErrorCode::Unreachable:
    case IoErrorCode::Tls:
    case IoErrorCode::Cancelled:
    case IoErrorCode::Other:
      error.context = "during the TLS handshake: " + error.context;
      break;
  }
  return error;
}

}  // namespace

struct TlsStream::State {
  std::shared_ptr<void> kept;  // declared first: goes last
  SslPtr ssl;
  std::unique_ptr<net::Stream> inner;
  BIO* incoming = nullptr;  // owned by ssl
  BIO* outgoing = nullptr;  // owned by ssl
  std::array<char, kInputBytes> input;
  std::string output;  // being carried away; the BIO may grow meanwhile
  bool established = false;
  bool writing = false;
  bool protocol_failed = false;   // OpenSSL refused something; nothing more may be encrypted
  bool transport_failed = false;  // bytes are missing on the wire; nothing more may be sent
  bool closed = false;

  void take_output() {
    char* bytes = nullptr;
    const long count = BIO_get_mem_data(outgoing, &bytes);
    output.assign(bytes, count > 0 ? static_cast<std::size_t>(count) : 0);
    (void)BIO_reset(outgoing);
  }

  Awaitable<std::expected<void, IoError>> flush(Deadline deadline) {
    take_output();
    if (output.empty()) co_return std::expected<void, IoError>{};
    writing = true;
    auto sent = co_await inner->write_all(output, deadline);
    writing = false;
    if (!sent) transport_failed = true;
    co_return sent;
  }

  Awaitable<std::expected<void, IoError>> fill(Deadline deadline) {
    // What reading makes OpenSSL say (alerts against renegotiation, say) goes out with the next write; a peer that
    // provokes it without end is not waited for.
    if (BIO_ctrl_pending(outgoing) > kMaxUnsent) {
      co_return std::unexpected(IoError{IoErrorCode::Tls, "the peer keeps provoking TLS alerts"});
    }
    auto count = co_await inner->read_some(input, deadline);
    if (!count) co_return std::unexpected(count.error());
    if (BIO_write(incoming, input.data(), static_cast<int>(*count)) != static_cast<int>(*count)) throw std::bad_alloc();
    co_return std::expected<void, IoError>{};
  }

  IoError closed_error() const { return {IoErrorCode::Cancelled, "the connection was closed here"}; }
};

TlsStream::TlsStream(SslPtr ssl, std::unique_ptr<net::Stream> inner, std::shared_ptr<void> kept)
    : state_(std::make_shared<State>()) {
  state_->kept = std::move(kept);
  state_->ssl = std::move(ssl);
  state_->inner = std::move(inner);
  state_->incoming = BIO_new(BIO_s_mem());
  state_->outgoing = BIO_new(BIO_s_mem());
  if (state_->incoming == nullptr || state_->outgoing == nullptr) throw std::bad_alloc();
  BIO_set_mem_eof_return(state_->incoming, -1);
  BIO_set_mem_eof_return(state_->outgoing, -1);
  SSL_set_bio(state_->ssl.get(), state_->incoming, state_->outgoing);
}

TlsStream::~TlsStream() { close(); }

SSL* TlsStream::ssl() const { return state_->ssl.get(); }

Awaitable<std::expected<void, TlsStream::HandshakeFailure>> TlsStream::handshake(Deadline deadline) {
  auto state = state_;
  for (;;) {
    if (state->closed) co_return std::unexpected(HandshakeFailure{state->closed_error()});
    ERR_clear_error();
    const int done = SSL_do_handshake(state->ssl.get());
    const int wanted = done == 1 ? SSL_ERROR_NONE : SSL_get_error(state->ssl.get(), done);
    if (wanted != SSL_ERROR_NONE && wanted != SSL_ERROR_WANT_READ) {
      const unsigned long error = take_openssl_error();
      state->protocol_failed = true;
      (void)co_await state->flush(deadline.earlier(Deadline::in(kAlertWait)));
      co_return std::unexpected(HandshakeFailure{{IoErrorCode::Tls, describe_handshake_error(error, "TLS")}, error});
    }
    auto sent = co_await state->flush(deadline);
    if (wanted == SSL_ERROR_NONE && sent) break;
    // A peer that gave up may have said why: its alert is still to be read although we cannot write any more.
    if (!sent && (wanted == SSL_ERROR_NONE || sent.error().code != IoErrorCode::Reset))
      co_return std::unexpected(HandshakeFailure{during_handshake(sent.error())});
    auto filled = co_await state->fill(deadline);
    if (!filled) co_return std::unexpected(HandshakeFailure{during_handshake(filled.error())});
  }
  state->established = true;
  co_return std::expected<void, HandshakeFailure>{};
}

Awaitable<std::expected<std::size_t, IoError>> TlsStream::read_some(std::span<char> buffer, Deadline deadline) {
  auto state = state_;
  for (;;) {
    if (state->closed) co_return std::unexpected(state->closed_error());
    ERR_clear_error();
    std::size_t count = 0;
    const int done = SSL_read_ex(state->ssl.get(), buffer.data(), buffer.size(), &count);
    if (done == 1) co_return count;
    switch (SSL_get_error(state->ssl.get(), done)) {
      case SSL_ERROR_WANT_READ:
        break;
      case SSL_ERROR_ZERO_RETURN:
        co_return std::unexpected(IoError{IoErrorCode::Closed, "the other side closed the connection"});
      default:
        // What we answer (an alert) waits in memory for close(); a write in flight must not be cut in two.
        state->protocol_failed = true;
        co_return std::unexpected(
            IoError{IoErrorCode::Tls, "the TLS session broke: " + describe_openssl_error(take_openssl_error())});
    }
    auto filled = co_await state->fill(deadline);
    // An end without close_notify counts as an end too: SMTP replies and messages say themselves where they end.
    if (!filled) co_return std::unexpected(filled.error());
  }
}

Awaitable<std::expected<void, IoError>> TlsStream::write_all(std::string_view bytes, Deadline deadline) {
  auto state = state_;
  while (!bytes.empty()) {
    if (state->closed) co_return std::unexpected(state->closed_error());
    if (state->protocol_failed || state->transport_failed)
      co_return std::unexpected(IoError{IoErrorCode::Tls, "the TLS session broke earlier"});
    ERR_clear_error();
    std::size_t count = 0;
    const int done = SSL_write_ex(state->ssl.get(), bytes.data(), std::min(bytes.size(), kOutputBytes), &count);
    if (done != 1) {
      state->protocol_failed = true;
      co_return std::unexpected(
          IoError{IoErrorCode::Tls, "the TLS session broke: " + describe_openssl_error(take_openssl_error())});
    }
    bytes.remove_prefix(count);
    auto sent = co_await state->flush(deadline);
    if (!sent) co_return std::unexpected(sent.error());
  }
  co_return std::expected<void, IoError>{};
}

void TlsStream::close() noexcept {
  if (state_->closed) return;
  state_->closed = true;
  if (state_->writing || state_->transport_failed) {
    state_->inner->close();
    return;
  }
  ERR_clear_error();
  if (state_->established && !state_->protocol_failed) SSL_shutdown(state_->ssl.get());
  ERR_clear_error();
  char* farewell = nullptr;
  const long count = BIO_get_mem_data(state_->outgoing, &farewell);
  if (count > 0)
    state_->inner->close_with({farewell, static_cast<std::size_t>(count)});
  else
    state_->inner->close();
}

void TlsStream::reset() noexcept {
  state_->closed = true;
  state_->inner->reset();
}

}  // namespace postseal::tls
