// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/tls_stream.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>
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
/// A larger buffer is given back as soon as it is sent.
constexpr std::size_t kOutputKept = std::size_t{4} * 1024;
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

/// What has come for OpenSSL and what it has to say. Two spans of memory that the stream fills and carries away:
/// OpenSSL's own memory BIOs would keep a copy of the largest flight for as long as the session lives.
struct Wire {
  std::unique_ptr<char[]> input;  ///< kInputBytes while there is something to read
  std::size_t begin = 0, end = 0;
  std::string unsent;

  bool empty() const { return begin == end; }
};

Wire& wire_of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

int take_bytes(BIO* bio, char* buffer, std::size_t room, std::size_t* count) {
  Wire& wire = wire_of(bio);
  BIO_clear_retry_flags(bio);
  *count = std::min(room, wire.end - wire.begin);
  if (*count == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  std::memcpy(buffer, wire.input.get() + wire.begin, *count);
  wire.begin += *count;
  return 1;
}

int put_bytes(BIO* bio, const char* bytes, std::size_t length, std::size_t* count) {
  try {
    wire_of(bio).unsent.append(bytes, length);
  } catch (...) {  // C code calls this
    return 0;
  }
  *count = length;
  return 1;
}

long answer_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* wire_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "postseal wire");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_read_ex(made, take_bytes);
    BIO_meth_set_write_ex(made, put_bytes);
    BIO_meth_set_ctrl(made, answer_control);
    return made;
  }();
  return method;
}

}  // namespace

struct TlsStream::State {
  std::shared_ptr<void> kept;  // declared first: goes last
  Wire wire;                   // goes after the SSL, whose BIO looks at it
  SslPtr ssl;
  std::unique_ptr<net::Stream> inner;
  std::string output;  // being carried away; OpenSSL may have more to say meanwhile
  bool established = false;
  bool writing = false;
  bool protocol_failed = false;   // OpenSSL refused something; nothing more may be encrypted
  bool transport_failed = false;  // bytes are missing on the wire; nothing more may be sent
  bool closed = false;

  Awaitable<std::expected<void, IoError>> flush(Deadline deadline) {
    output.clear();
    output.swap(wire.unsent);
    if (output.empty()) co_return std::expected<void, IoError>{};
    writing = true;
    auto sent = co_await inner->write_all(output, deadline);
    writing = false;
    if (!sent) transport_failed = true;
    if (output.capacity() > kOutputKept) std::string().swap(output);
    co_return sent;
  }

  Awaitable<std::expected<void, IoError>> fill(Deadline deadline) {
    // What reading makes OpenSSL say (alerts against renegotiation, say) goes out with the next write; a peer that
    // provokes it without end is not waited for.
    if (wire.unsent.size() > kMaxUnsent) {
      co_return std::unexpected(IoError{IoErrorCode::Tls, "the peer keeps provoking TLS alerts or new keys"});
    }
    if (!wire.input) wire.input = std::make_unique_for_overwrite<char[]>(kInputBytes);
    wire.begin = wire.end = 0;
    auto count = co_await inner->read_some({wire.input.get(), kInputBytes}, deadline);
    if (!count) co_return std::unexpected(count.error());
    wire.end = *count;
    co_return std::expected<void, IoError>{};
  }

  /// RFC 8446 §4.6.1: with the client's Finished a server has said all that the client waits for. The ticket that
  /// follows goes out with the first bytes of the session and saves a packet.
  bool only_a_ticket_is_unsent() const {
    return SSL_is_server(ssl.get()) == 1 && SSL_version(ssl.get()) >= TLS1_3_VERSION;
  }

  static Awaitable<std::expected<void, IoError>> write(std::shared_ptr<State> state, std::string_view bytes,
                                                       Deadline deadline, bool last) {
    while (!bytes.empty()) {
      if (state->closed) co_return std::unexpected(state->closed_error());
      if (state->protocol_failed || state->transport_failed)
        co_return std::unexpected(IoError{IoErrorCode::Tls, "the TLS session broke earlier"});
      forget_openssl_errors();
      std::size_t count = 0;
      const int done = SSL_write_ex(state->ssl.get(), bytes.data(), std::min(bytes.size(), kOutputBytes), &count);
      if (done != 1) {
        state->protocol_failed = true;
        co_return std::unexpected(
            IoError{IoErrorCode::Tls, "the TLS session broke: " + describe_openssl_error(take_openssl_error())});
      }
      bytes.remove_prefix(count);
      if (last && bytes.empty()) state->say_goodbye();
      auto sent = co_await state->flush(deadline);
      if (!sent) co_return std::unexpected(sent.error());
    }
    co_return std::expected<void, IoError>{};
  }

  /// Once: asked again, OpenSSL would wait for the peer's.
  void say_goodbye() {
    forget_openssl_errors();
    if (established && !protocol_failed && (SSL_get_shutdown(ssl.get()) & SSL_SENT_SHUTDOWN) == 0)
      SSL_shutdown(ssl.get());
    forget_openssl_errors();
  }

  void give_buffers_back() {
    if (wire.empty()) wire.input.reset();
    if (!writing) std::string().swap(output);
    wire.unsent.shrink_to_fit();
  }

  IoError closed_error() const { return {IoErrorCode::Cancelled, "the connection was closed here"}; }
};

TlsStream::TlsStream(SslPtr ssl, std::unique_ptr<net::Stream> inner, std::shared_ptr<void> kept)
    : state_(std::make_shared<State>()) {
  state_->kept = std::move(kept);
  state_->ssl = std::move(ssl);
  state_->inner = std::move(inner);
  BIO* bio = BIO_new(wire_method());
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, &state_->wire);
  BIO_set_init(bio, 1);
  SSL_set_bio(state_->ssl.get(), bio, bio);
}

TlsStream::~TlsStream() { close(); }

SSL* TlsStream::ssl() const { return state_->ssl.get(); }

Awaitable<std::expected<void, TlsStream::HandshakeFailure>> TlsStream::handshake(Deadline deadline) {
  auto state = state_;
  for (;;) {
    if (state->closed) co_return std::unexpected(HandshakeFailure{state->closed_error()});
    forget_openssl_errors();
    const int done = SSL_do_handshake(state->ssl.get());
    const int wanted = done == 1 ? SSL_ERROR_NONE : SSL_get_error(state->ssl.get(), done);
    if (wanted != SSL_ERROR_NONE && wanted != SSL_ERROR_WANT_READ) {
      const unsigned long error = take_openssl_error();
      state->protocol_failed = true;
      (void)co_await state->flush(deadline.earlier(Deadline::in(kAlertWait)));
      co_return std::unexpected(HandshakeFailure{{IoErrorCode::Tls, describe_handshake_error(error, "TLS")}, error});
    }
    if (wanted == SSL_ERROR_NONE && state->only_a_ticket_is_unsent()) break;
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
    forget_openssl_errors();
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

Awaitable<std::expected<void, IoError>> TlsStream::wait_readable(Deadline deadline) {
  auto state = state_;
  if (state->closed) co_return std::unexpected(state->closed_error());
  if (!state->wire.empty() || SSL_pending(state->ssl.get()) > 0) co_return std::expected<void, IoError>{};
  state->give_buffers_back();
  co_return co_await state->inner->wait_readable(deadline);
}

void TlsStream::interrupt() noexcept { state_->inner->interrupt(); }

Awaitable<std::expected<void, IoError>> TlsStream::write_all(std::string_view bytes, Deadline deadline) {
  return State::write(state_, bytes, deadline, false);
}

Awaitable<std::expected<void, IoError>> TlsStream::write_last(std::string_view bytes, Deadline deadline) {
  return State::write(state_, bytes, deadline, true);
}

void TlsStream::close() noexcept {
  if (state_->closed) return;
  state_->closed = true;
  if (state_->writing || state_->transport_failed) {
    state_->inner->close();
    return;
  }
  state_->say_goodbye();
  if (!state_->wire.unsent.empty())
    state_->inner->close_with(state_->wire.unsent);
  else
    state_->inner->close();
}

void TlsStream::reset() noexcept {
  state_->closed = true;
  state_->inner->reset();
}

}  // namespace postseal::tls
