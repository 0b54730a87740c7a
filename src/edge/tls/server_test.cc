// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "edge/tls/ticket_keys.h"
#include "edge/tls/tls_stream.h"
#include "tests/certificates.h"
#include "tests/pipe_stream.h"
#include "tests/run_coroutine.h"

namespace postseal::tls {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using tests::Certificate;
using tests::issue;

Deadline soon() { return Deadline::in(std::chrono::seconds(20)); }

Identity identity(const Certificate& certificate) { return {certificate.pem, certificate.key_pem}; }

/// The other side, plain OpenSSL, so that it can ask for what our own client never would.
struct ClientWish {
  std::string sni;
  int lowest = 0, highest = 0;
  std::string ciphers;
  std::string groups;
  const Certificate* certificate = nullptr;
  SSL_SESSION* resume = nullptr;
  std::optional<IpAddress> address;  ///< as the server sees it
};

struct Met {
  std::optional<std::expected<ServerContext::Session, net::IoError>> server;
  bool client_shaken = false;
  Bytes shown;  ///< the server's certificate
  std::string exported;
  std::string heard;  ///< by the client
  SslSessionPtr ticket;
  bool told_the_end = false;  ///< by close_notify
};

SslPtr client_for(const ClientWish& wish) {
  SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), wish.lowest);
  SSL_CTX_set_max_proto_version(context.get(), wish.highest);
  if (!wish.ciphers.empty()) SSL_CTX_set_cipher_list(context.get(), wish.ciphers.c_str());
  if (!wish.groups.empty()) SSL_CTX_set1_groups_list(context.get(), wish.groups.c_str());
  if (wish.certificate != nullptr) {
    const BioPtr chain(BIO_new_mem_buf(wish.certificate->pem.data(), static_cast<int>(wish.certificate->pem.size())));
    const BioPtr key(
        BIO_new_mem_buf(wish.certificate->key_pem.data(), static_cast<int>(wish.certificate->key_pem.size())));
    const X509Ptr leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
    const PkeyPtr secret(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
    SSL_CTX_use_certificate(context.get(), leaf.get());
    SSL_CTX_use_PrivateKey(context.get(), secret.get());
  }
  SslPtr ssl(SSL_new(context.get()));
  SSL_set_connect_state(ssl.get());
  if (!wish.sni.empty()) SSL_set_tlsext_host_name(ssl.get(), wish.sni.c_str());
  if (wish.resume != nullptr) SSL_set_session(ssl.get(), wish.resume);
  return ssl;
}

Awaitable<void> serve(const ServerContext* context, std::unique_ptr<net::Stream> plain, std::shared_ptr<Met> met,
                      std::optional<IpAddress> client) {
  met->server = co_await context->start(std::move(plain), soon(), {.address = client, .binding = true});
  if (!*met->server) co_return;
  (void)co_await (**met->server).stream->write_all("220 hello\r\n", soon());
  (**met->server).stream.reset();
}

Awaitable<void> serve_last(const ServerContext* context, std::unique_ptr<net::Stream> plain, std::shared_ptr<Met> met,
                           std::optional<IpAddress>) {
  met->server = co_await context->start(std::move(plain), soon());
  if (!*met->server) co_return;
  (void)co_await (**met->server).stream->write_last("221 bye\r\n", soon());
  (**met->server).stream.reset();
}

Awaitable<std::shared_ptr<Met>> meet(const ServerContext* server, ClientWish wish) {
  auto met = std::make_shared<Met>();
  auto pipe = co_await tests::make_pipe({});
  boost::asio::co_spawn(co_await boost::asio::this_coro::executor,
                        serve(server, std::move(pipe.second), met, wish.address), boost::asio::detached);
  TlsStream stream(client_for(wish), std::move(pipe.first));
  const auto shaken = co_await stream.handshake(soon());
  met->client_shaken = shaken.has_value();
  if (!shaken) co_return met;
  std::array<char, 100> buffer;
  auto count = co_await stream.read_some(buffer, soon());
  if (count) met->heard.assign(buffer.data(), *count);
  if (const X509* certificate = SSL_get0_peer_certificate(stream.ssl())) {
    unsigned char* der = nullptr;
    const int length = i2d_X509(certificate, &der);
    met->shown.assign(der, der + length);
    OPENSSL_free(der);
  }
  std::array<unsigned char, 32> exported{};
  SSL_export_keying_material(stream.ssl(), exported.data(), exported.size(), "EXPORTER-Channel-Binding", 24,
                             exported.data(), 0, 1);
  met->exported.assign(reinterpret_cast<const char*>(exported.data()), exported.size());
  met->ticket.reset(SSL_get1_session(stream.ssl()));
  co_return met;
}

std::shared_ptr<Met> meet(const ServerContext& server, ClientWish wish = {}) {
  auto met = tests::run_coroutine(meet(&server, std::move(wish)));
  ERR_clear_error();
  return met;
}

Certificate certificate_for(std::string name) { return issue({.common_name = name, .dns_names = {name}}); }

ServerContext make(const ServerSettings& settings) {
  auto made = ServerContext::create(settings);
  EXPECT_TRUE(made.has_value()) << made.error();
  return std::move(*made);
}

TEST(TlsServer, says_what_the_handshake_came_to) {
  const auto server = make(ServerSettings::for_mail(identity(certificate_for("mx.test"))));
  const auto met = meet(server, {.sni = "mx.test"});
  ASSERT_TRUE(met->server && *met->server) << (*met->server).error().context;
  const auto& session = **met->server;
  EXPECT_EQ(session.version, "TLSv1.3");
  EXPECT_THAT(session.cipher, HasSubstr("TLS_"));
  EXPECT_THAT(session.group, AnyOf("X25519", "X25519MLKEM768"));
  EXPECT_EQ(session.sni, "mx.test");
  EXPECT_EQ(session.client_name, "");
  EXPECT_FALSE(session.client_verified);
  EXPECT_EQ(met->heard, "220 hello\r\n");
}

TEST(TlsServer, prefers_the_hash_that_processors_know) {
  const auto server = make(ServerSettings::for_mail(identity(certificate_for("mx.test"))));
  EXPECT_EQ((**meet(server)->server).cipher, "TLS_AES_128_GCM_SHA256");
}

/// How often bytes are sent.
class CountedStream final : public net::Stream {
 public:
  CountedStream(std::unique_ptr<net::Stream> inner, int* writes) : inner_(std::move(inner)), writes_(writes) {}
  Awaitable<std::expected<std::size_t, net::IoError>> read_some(std::span<char> buffer, Deadline deadline) override {
    return inner_->read_some(buffer, deadline);
  }
  Awaitable<std::expected<void, net::IoError>> write_all(std::string_view bytes, Deadline deadline) override {
    ++*writes_;
    return inner_->write_all(bytes, deadline);
  }
  void close() noexcept override { inner_->close(); }
  void close_with(std::string_view farewell) noexcept override {
    ++*writes_;
    inner_->close_with(farewell);
  }

 private:
  std::unique_ptr<net::Stream> inner_;
  int* writes_;
};

Awaitable<std::shared_ptr<Met>> meet_counted(const ServerContext* server, decltype(&serve) serving, int* writes) {
  auto met = std::make_shared<Met>();
  auto pipe = co_await tests::make_pipe({});
  boost::asio::co_spawn(co_await boost::asio::this_coro::executor,
                        serving(server, std::make_unique<CountedStream>(std::move(pipe.second), writes), met, {}),
                        boost::asio::detached);
  TlsStream stream(client_for({}), std::move(pipe.first));
  met->client_shaken = (co_await stream.handshake(soon())).has_value();
  std::array<char, 100> buffer;
  auto count = co_await stream.read_some(buffer, soon());
  if (count) met->heard.assign(buffer.data(), *count);
  met->ticket.reset(SSL_get1_session(stream.ssl()));
  (void)co_await stream.read_some(buffer, soon());
  met->told_the_end = (SSL_get_shutdown(stream.ssl()) & SSL_RECEIVED_SHUTDOWN) != 0;
  co_return met;
}

// RFC 8446 §4.6.1
TEST(TlsServer, a_ticket_goes_out_with_the_first_reply) {
  const auto server = make(ServerSettings::for_mail(identity(certificate_for("mx.test"))));
  int writes = 0;
  const auto met = tests::run_coroutine(meet_counted(&server, serve, &writes));
  EXPECT_EQ(met->heard, "220 hello\r\n");
  EXPECT_EQ(SSL_SESSION_has_ticket(met->ticket.get()), 1);
  EXPECT_EQ(writes, 3) << "the flight, the reply, the end";
  EXPECT_TRUE(met->told_the_end);
}

// RFC 8446 §6.1 MUST
TEST(TlsServer, the_last_reply_and_close_notify_go_out_together) {
  const auto server = make(ServerSettings::for_mail(identity(certificate_for("mx.test"))));
  int writes = 0;
  const auto met = tests::run_coroutine(meet_counted(&server, serve_last, &writes));
  EXPECT_EQ(met->heard, "221 bye\r\n");
  EXPECT_EQ(writes, 2) << "the flight, the reply";
  EXPECT_TRUE(met->told_the_end);
}

// A14, A18 and the security floor: what a client may ask for.
TEST(TlsServer, keeps_to_the_floor) {
  const auto server = make(ServerSettings::for_mail(identity(certificate_for("mx.test"))));
  struct Row {
    const char* name;
    ClientWish wish;
    bool served;
  };
  const Row rows[] = {
      {"TLS 1.3", {.lowest = TLS1_3_VERSION}, true},
      {"TLS 1.2 with ECDHE and GCM", {.highest = TLS1_2_VERSION, .ciphers = "ECDHE+AESGCM"}, true},
      {"TLS 1.2 with ECDHE and ChaCha20", {.highest = TLS1_2_VERSION, .ciphers = "ECDHE+CHACHA20"}, true},
      {"TLS 1.1", {.highest = TLS1_1_VERSION}, false},
      {"TLS 1.0", {.highest = TLS1_VERSION}, false},
      {"ECDHE with CBC", {.highest = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES256-SHA384"}, false},
      {"no forward secrecy", {.highest = TLS1_2_VERSION, .ciphers = "AES256-GCM-SHA384"}, false},
      {"DHE", {.highest = TLS1_2_VERSION, .ciphers = "DHE+AESGCM"}, false},
      {"anonymous", {.highest = TLS1_2_VERSION, .ciphers = "aNULL"}, false},
      {"a group that is not on the list", {.groups = "X448"}, false},
      {"P-256", {.groups = "P-256"}, true},
  };
  for (const auto& row : rows) EXPECT_EQ(meet(server, row.wish)->client_shaken, row.served) << row.name;
}

TEST(TlsServer, A18_the_certificate_is_chosen_by_sni_and_an_unknown_name_gets_the_first) {
  const Certificate first = certificate_for("mx.test"), second = certificate_for("mail.other.test"),
                    wildcard = certificate_for("*.wild.test");
  const auto server = make(ServerSettings::for_mail(identity(first), {identity(second), identity(wildcard)}));
  const std::pair<std::string, const Certificate*> rows[] = {
      {"", &first},
      {"mx.test", &first},
      {"mail.other.test", &second},
      {"MAIL.Other.Test", &second},
      {"a.wild.test", &wildcard},
      {"a.b.wild.test", &first},
      {"wild.test", &first},
      {"nobody.test", &first},
      {"x.mail.other.test", &first},
  };
  for (const auto& [sni, expected] : rows) EXPECT_EQ(meet(server, {.sni = sni})->shown, expected->der) << sni;
}

TEST(TlsServer, a_client_certificate_is_noted_and_never_demanded) {
  const Certificate own = certificate_for("mx.test"), theirs = certificate_for("client.test");
  auto settings = ServerSettings::for_mail(identity(own));
  settings.ask_client_certificate = true;
  const auto asking = make(settings);
  const auto without = meet(asking);
  ASSERT_TRUE(*without->server);
  EXPECT_EQ((**without->server).client_name, "");
  const auto with = meet(asking, {.certificate = &theirs});
  ASSERT_TRUE(*with->server);
  EXPECT_EQ((**with->server).client_name, "CN=client.test");
  EXPECT_FALSE((**with->server).client_verified) << "nobody vouches for it";
  EXPECT_EQ(with->heard, "220 hello\r\n");
  settings.ask_client_certificate = false;
  const auto silent = meet(make(settings), {.certificate = &theirs});
  EXPECT_EQ((**silent->server).client_name, "");
}

TEST(TlsServer, both_sides_export_the_same_channel_binding_RFC9266) {
  const auto server = make(ServerSettings::for_mail(identity(certificate_for("mx.test"))));
  const auto met = meet(server);
  ASSERT_TRUE(*met->server);
  EXPECT_EQ((**met->server).binding_type, "tls-exporter");
  EXPECT_EQ((**met->server).binding, met->exported);
  EXPECT_NE(meet(server)->exported, met->exported) << "of one session only";
}

TEST(TlsServer, before_tls13_the_binding_is_the_hash_of_the_certificate_RFC5929) {
  const Certificate certificate = certificate_for("mx.test");
  const auto server = make(ServerSettings::for_mail(identity(certificate)));
  const auto met = meet(server, {.highest = TLS1_2_VERSION});
  ASSERT_TRUE(*met->server);
  std::array<unsigned char, 32> hash{};
  EVP_Digest(certificate.der.data(), certificate.der.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
  EXPECT_EQ((**met->server).binding_type, "tls-server-end-point");
  EXPECT_EQ((**met->server).binding, std::string(hash.begin(), hash.end()));
}

bool resumes(const ServerContext& first, const ServerContext& second, int version = 0,
             std::optional<IpAddress> client = std::nullopt) {
  const auto met = meet(first, {.highest = version, .address = client});
  const auto again = meet(second, {.highest = version, .resume = met->ticket.get(), .address = client});
  return again->server && *again->server && (**again->server).resumed;
}

TEST(TlsServer, sessions_resume_also_across_a_reload_that_keeps_the_ticket_keys) {
  const auto keys = make_ticket_keys();
  auto settings = ServerSettings::for_mail(identity(certificate_for("mx.test")));
  settings.tickets = keys;
  const auto before = make(settings);
  const auto after = make(settings);
  EXPECT_TRUE(resumes(before, before));
  EXPECT_TRUE(resumes(before, before, TLS1_2_VERSION));
  EXPECT_TRUE(resumes(before, after));
  settings.tickets = nullptr;
  EXPECT_FALSE(resumes(before, make(settings))) << "A16: a ticket of another server";
}

// RFC 8446 §4.6.1: tickets are given to those who use them.
// RFC 8446 §C.4 SHOULD: and a new one each time.
TEST(TlsServer, who_never_resumes_is_given_few_tickets_and_who_does_always_one) {
  const auto server = make(ServerSettings::for_mail(identity(certificate_for("mx.test"))));
  const auto stranger = IpAddress::parse("192.0.2.1"), other = IpAddress::parse("2001:db8::1");
  const auto ticket_of = [](const Met& met) {
    const unsigned char* octets = nullptr;
    std::size_t size = 0;
    SSL_SESSION_get0_ticket(met.ticket.get(), &octets, &size);
    return Bytes(octets, octets + size);
  };
  std::vector<int> brought;
  std::shared_ptr<Met> last;
  for (int handshake = 0; handshake < 40; ++handshake) {
    const auto met = meet(server, {.address = stranger});
    if (ticket_of(*met).empty()) continue;
    brought.push_back(handshake);
    last = met;
  }
  EXPECT_THAT(brought, testing::ElementsAre(0, 1, 2, 3, 16, 32));
  EXPECT_FALSE(ticket_of(*meet(server, {.address = other})).empty()) << "another client";

  const auto again = meet(server, {.resume = last->ticket.get(), .address = stranger});
  EXPECT_TRUE((**again->server).resumed);
  EXPECT_NE(ticket_of(*again), ticket_of(*last)) << "one for the next time";
  EXPECT_TRUE(resumes(server, server, 0, stranger)) << "and a full handshake brings one again";
}

TEST(TlsServer, a_session_outlives_the_context_it_began_with) {
  auto owner = std::make_unique<ServerContext>(make(ServerSettings::for_mail(identity(certificate_for("mx.test")))));
  const auto run = [](std::unique_ptr<ServerContext>* context) -> Awaitable<std::string> {
    auto pipe = co_await tests::make_pipe({});
    auto met = std::make_shared<Met>();
    boost::asio::co_spawn(co_await boost::asio::this_coro::executor,
                          serve(context->get(), std::move(pipe.second), met, {}), boost::asio::detached);
    context->reset();  // in the middle of the handshake
    TlsStream stream(client_for({}), std::move(pipe.first));
    if (!co_await stream.handshake(soon())) co_return "no handshake";
    std::array<char, 100> buffer;
    auto count = co_await stream.read_some(buffer, soon());
    co_return std::string(buffer.data(), count.value_or(0));
  };
  EXPECT_EQ(tests::run_coroutine(run(&owner)), "220 hello\r\n");
}

TEST(TicketKeys, keys_are_made_anew_and_the_last_ones_still_open) {
  SteadyTime now{};
  TicketKeys keys([&] { return now; });
  const auto first = keys.current();
  ASSERT_TRUE(first);
  EXPECT_EQ(keys.current()->name, first->name);
  now += TicketKeys::kRotation;
  EXPECT_FALSE(keys.find(first->name)->current) << "a new ticket is due";
  EXPECT_NE(keys.current()->name, first->name);
  EXPECT_TRUE(keys.find(first->name));
  now += TicketKeys::kRotation;
  EXPECT_FALSE(keys.find(first->name)) << "too old, also before the next key is made";
  (void)keys.current();
  EXPECT_FALSE(keys.find(first->name));
}

}  // namespace
}  // namespace postseal::tls
