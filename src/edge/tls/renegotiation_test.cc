// SPDX-License-Identifier: Apache-2.0
// A16: what a server may try once it talks TLS with us, and what we do not even offer. The server is plain OpenSSL, so
// that it can misbehave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "edge/tls/client.h"
#include "edge/tls/openssl_ptr.h"
#include "tests/certificates.h"
#include "tests/pipe_stream.h"
#include "tests/run_coroutine.h"
#include "tests/still_clock.h"

namespace postseal::tls {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

constexpr int kAlert = 21, kHandshake = 22, kApplicationData = 23;

Deadline soon() { return Deadline::in(std::chrono::seconds(20)); }

/// What the server does when the handshake is over, before it greets.
enum class Provocation { None, HelloRequest, KeyUpdate };

struct Play {
  int version = TLS1_2_VERSION;
  Provocation provocation = Provocation::None;
  int times = 0;
};

struct Seen {
  bool shaken = false;
  std::string greeting;                            ///< as the client read it
  net::IoError read_error;                         ///< of the client, instead
  std::string sent;                                ///< on the wire by the client
  std::size_t hello_size = 0, handshake_size = 0;  ///< how much of it was the first write, and the handshake
  int server_reason = 0;                           ///< why OpenSSL ended the server's session
  std::string heard;                               ///< by the server, decrypted

  /// The types of the records that the client sent after the handshake.
  std::vector<int> later_records() const {
    std::vector<int> types;
    const auto octet = [&](std::size_t at) { return std::size_t{static_cast<unsigned char>(sent[at])}; };
    for (std::size_t at = handshake_size; at + 5 <= sent.size(); at += 5 + octet(at + 3) * 256 + octet(at + 4))
      types.push_back(static_cast<int>(octet(at)));
    return types;
  }
};

class HostileServer {
 public:
  HostileServer(Play play, std::unique_ptr<net::Stream> stream) : play_(play), stream_(std::move(stream)) {
    const tests::Certificate certificate = tests::issue({.dns_names = {"mx.test"}});
    const BioPtr chain(BIO_new_mem_buf(certificate.pem.data(), static_cast<int>(certificate.pem.size())));
    const BioPtr key(BIO_new_mem_buf(certificate.key_pem.data(), static_cast<int>(certificate.key_pem.size())));
    const X509Ptr leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
    const PkeyPtr secret(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
    SSL_CTX_use_certificate(context_.get(), leaf.get());
    SSL_CTX_use_PrivateKey(context_.get(), secret.get());
    SSL_CTX_set_max_proto_version(context_.get(), play.version);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_accept_state(ssl_.get());
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(ssl_.get(), in_, out_);
  }

  Awaitable<void> serve(std::shared_ptr<Seen> seen) {
    while (SSL_do_handshake(ssl_.get()) != 1) {
      if (!co_await carry_out() || !co_await carry_in()) co_return;
    }
    for (int i = 0; i < play_.times; ++i) provoke();
    SSL_write(ssl_.get(), "220 hello\r\n", 11);
    std::array<char, 1000> text;
    while (co_await carry_out() && co_await carry_in()) {
      int count = 0;
      while ((count = SSL_read(ssl_.get(), text.data(), text.size())) > 0)
        seen->heard.append(text.data(), static_cast<std::size_t>(count));
      if (seen->heard.ends_with('\n')) co_return;
      if (SSL_get_error(ssl_.get(), count) == SSL_ERROR_WANT_READ) continue;
      seen->server_reason = ERR_GET_REASON(ERR_get_error());
      ERR_clear_error();
      co_return;
    }
  }

 private:
  void provoke() {
    switch (play_.provocation) {
      case Provocation::None:
        break;
      case Provocation::HelloRequest:
        EXPECT_EQ(SSL_renegotiate(ssl_.get()), 1);
        break;
      case Provocation::KeyUpdate:
        EXPECT_EQ(SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED), 1);
        break;
    }
    EXPECT_EQ(SSL_do_handshake(ssl_.get()), 1);
  }
  Awaitable<bool> carry_out() {
    std::string octets(BIO_ctrl_pending(out_), '\0');
    if (octets.empty()) co_return true;
    BIO_read(out_, octets.data(), static_cast<int>(octets.size()));
    co_return (co_await stream_->write_all(octets, soon())).has_value();
  }
  Awaitable<bool> carry_in() {
    std::array<char, 8000> piece;
    const auto count = co_await stream_->read_some(piece, soon());
    if (!count) co_return false;
    BIO_write(in_, piece.data(), static_cast<int>(*count));
    co_return true;
  }

  Play play_;
  std::unique_ptr<net::Stream> stream_;
  SslCtxPtr context_{SSL_CTX_new(TLS_server_method())};
  SslPtr ssl_;
  BIO* in_ = nullptr;   // owned by ssl_
  BIO* out_ = nullptr;  // owned by ssl_
};

Awaitable<void> serve(std::unique_ptr<HostileServer> server, std::shared_ptr<Seen> seen) {
  co_await server->serve(seen);
}

Awaitable<std::shared_ptr<Seen>> meet(ClientContext* client, Play play) {
  auto seen = std::make_shared<Seen>();
  tests::PipeSettings settings;
  settings.wiretap = [seen](bool first, std::string_view octets) {
    if (!first) return;
    if (seen->sent.empty()) seen->hello_size = octets.size();
    seen->sent += octets;
  };
  auto pipe = co_await tests::make_pipe(settings);
  auto server = std::make_unique<HostileServer>(play, std::move(pipe.second));
  boost::asio::co_spawn(co_await boost::asio::this_coro::executor, serve(std::move(server), seen),
                        boost::asio::detached);
  policy::Requirement requirement;
  requirement.sni = *Domain::parse("mx.test");
  auto session = co_await client->start(std::move(pipe.first), requirement, soon());
  seen->shaken = session.has_value();
  if (!session) co_return seen;
  seen->handshake_size = seen->sent.size();
  std::array<char, 100> buffer;
  const auto count = co_await session->stream->read_some(buffer, soon());
  if (count) {
    seen->greeting.assign(buffer.data(), *count);
    (void)co_await session->stream->write_all("EHLO secret.test\r\n", soon());
    (void)co_await session->stream->read_some(buffer, soon());  // until the server has had enough of it
  } else {
    seen->read_error = count.error();
  }
  session->stream->close();
  co_return seen;
}

struct Renegotiation : testing::Test {
  TrustStore trust = TrustStore::empty();
  tests::StillClock clock{tests::kNoon};
  ClientContext client{trust, clock};
  Seen play(Play play) { return *tests::run_coroutine(meet(&client, play)); }
};

TEST_F(Renegotiation, A16_a_server_that_asks_for_it_is_refused_and_the_session_goes_on) {
  const Seen seen = play({TLS1_2_VERSION, Provocation::HelloRequest, 1});
  ASSERT_TRUE(seen.shaken);
  EXPECT_EQ(seen.greeting, "220 hello\r\n");
  EXPECT_EQ(seen.server_reason, SSL_R_NO_RENEGOTIATION) << "the client's alert";
  EXPECT_THAT(seen.later_records(), AllOf(Contains(kAlert), Not(Contains(kHandshake))));
  EXPECT_THAT(seen.sent, Not(HasSubstr("secret")));
}

TEST_F(Renegotiation, A16_a_server_that_asks_without_end_loses_the_session) {
  const Seen seen = play({TLS1_2_VERSION, Provocation::HelloRequest, 5000});
  ASSERT_TRUE(seen.shaken);
  EXPECT_EQ(seen.greeting, "");
  EXPECT_EQ(seen.read_error.code, net::IoErrorCode::Tls);
  EXPECT_THAT(seen.read_error.context, HasSubstr("keeps provoking"));
  EXPECT_THAT(seen.later_records(), Not(Contains(kHandshake)));
  EXPECT_THAT(seen.later_records(), Not(Contains(kApplicationData)));
}

// TLS 1.3 has new keys in place of renegotiation. A few are the server's right.
TEST_F(Renegotiation, A16_new_keys_are_taken_but_not_without_end) {
  const Seen few = play({TLS1_3_VERSION, Provocation::KeyUpdate, 3});
  ASSERT_TRUE(few.shaken);
  EXPECT_EQ(few.greeting, "220 hello\r\n");
  EXPECT_EQ(few.heard, "EHLO secret.test\r\n");
  EXPECT_THAT(few.later_records(), Each(kApplicationData));

  const Seen many = play({TLS1_3_VERSION, Provocation::KeyUpdate, 5000});
  ASSERT_TRUE(many.shaken);
  EXPECT_EQ(many.read_error.code, net::IoErrorCode::Tls);
  EXPECT_THAT(many.read_error.context, HasSubstr("keeps provoking"));
}

/// RFC 5246 §7.4.1.2, RFC 8446 §4.1.2: compression methods and extension types of a ClientHello.
struct Offer {
  std::string compression;
  std::vector<int> extensions;
};

Offer offer_of(std::string_view hello) {
  std::size_t at = 5 + 4 + 2 + 32;  // record, message, version, random
  const auto number = [&](std::size_t octets) {
    std::size_t value = 0;
    for (; octets > 0; --octets) value = value * 256 + static_cast<unsigned char>(hello.at(at++));
    return value;
  };
  at += number(1);  // session id
  at += number(2);  // suites
  Offer offer;
  const std::size_t methods = number(1);
  offer.compression = hello.substr(at, methods);
  at += methods;
  const std::size_t end = at + 2 + number(2);
  while (at < end) {
    offer.extensions.push_back(static_cast<int>(number(2)));
    const std::size_t size = number(2);
    at += size;
  }
  return offer;
}

TEST_F(Renegotiation, A16_no_compression_heartbeat_or_early_data_is_offered_not_even_with_a_ticket) {
  constexpr int kHeartbeat = 15, kPreSharedKey = 41, kEarlyData = 42, kPostHandshakeAuth = 49;
  bool ticket = false;
  for (int visit = 0; visit < 2; ++visit) {
    const Seen seen = play({.version = TLS1_3_VERSION});
    ASSERT_TRUE(seen.shaken);
    const Offer offer = offer_of(seen.sent.substr(0, seen.hello_size));
    EXPECT_EQ(offer.compression, std::string(1, '\0'));
    for (const int extension : {kHeartbeat, kEarlyData, kPostHandshakeAuth})
      EXPECT_THAT(offer.extensions, Not(Contains(extension)));
    ticket = testing::Value(offer.extensions, Contains(kPreSharedKey));
  }
  EXPECT_TRUE(ticket) << "the second visit brought the ticket of the first";
}

}  // namespace
}  // namespace postseal::tls
