// SPDX-License-Identifier: Apache-2.0
#include "edge/tls/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "edge/tls/server.h"
#include "edge/tls/session_cache.h"
#include "tests/certificates.h"
#include "tests/pipe_stream.h"
#include "tests/run_coroutine.h"
#include "tests/still_clock.h"

namespace postseal::tls {
namespace {

using policy::Proof;
using policy::ProofFailure;
using policy::ProofResult;
using policy::Requirement;
using policy::TlsFloor;
using testing::AnyOf;
using testing::HasSubstr;
using tests::Certificate;
using tests::issue;

Domain domain(std::string_view text) { return *Domain::parse(text); }

Requirement opportunistic(std::string_view host = "mx.test") {
  Requirement requirement;
  requirement.sni = domain(host);
  return requirement;
}

Requirement dane(std::vector<dane::TlsaRecord> records, std::string_view host = "mx.test") {
  Requirement requirement = opportunistic(host);
  requirement.tls = policy::TlsUse::Required;
  requirement.floor = TlsFloor::Tls12;
  requirement.proof = Proof::Dane;
  requirement.names = {{domain(host), false}};
  requirement.tlsa = std::move(records);
  return requirement;
}

/// What one server saw and what one client got.
struct Meeting {
  std::optional<std::expected<ServerContext::Session, net::IoError>> server;
  std::optional<std::expected<TlsSession, TlsFailure>> client;
  std::string said_to_server, said_to_client;
  std::optional<net::IoErrorCode> server_end;
};

struct Tls {
  TrustStore trust = TrustStore::empty();
  tests::StillClock clock{tests::kNoon};
  ClientContext client{trust, clock};
};

const Deadline kSoon = Deadline::in(std::chrono::seconds(30));

Awaitable<void> serve(const ServerContext* context, std::unique_ptr<net::Stream> plain,
                      std::shared_ptr<Meeting> meeting) {
  meeting->server = co_await context->start(std::move(plain), kSoon);
  if (!*meeting->server) co_return;
  net::Stream& stream = *(**meeting->server).stream;
  (void)co_await stream.write_all("220 hello\r\n", kSoon);
  std::array<char, 100> buffer;
  for (;;) {
    auto count = co_await stream.read_some(buffer, kSoon);
    if (!count) {
      meeting->server_end = count.error().code;
      break;
    }
    meeting->said_to_server.append(buffer.data(), *count);
  }
  (**meeting->server).stream.reset();  // it belongs to the executor, the meeting outlives that
}

Awaitable<std::shared_ptr<Meeting>> meet(const ServerContext* server, ClientContext* client, Requirement requirement,
                                         tests::PipeSettings settings) {
  auto meeting = std::make_shared<Meeting>();
  auto pipe = co_await tests::make_pipe(settings);
  boost::asio::co_spawn(co_await boost::asio::this_coro::executor, serve(server, std::move(pipe.second), meeting),
                        boost::asio::detached);
  meeting->client = co_await client->start(std::move(pipe.first), std::move(requirement), kSoon);
  if (!*meeting->client) co_return meeting;
  net::Stream& stream = *(**meeting->client).stream;
  std::array<char, 100> buffer;
  auto count = co_await stream.read_some(buffer, kSoon);
  if (count) meeting->said_to_client.assign(buffer.data(), *count);
  (void)co_await stream.write_all("EHLO client.test\r\n", kSoon);
  stream.close();
  (**meeting->client).stream.reset();
  co_return meeting;
}

std::shared_ptr<Meeting> meet(const ServerContext& server, ClientContext& client, Requirement requirement,
                              tests::PipeSettings settings = {}) {
  return tests::run_coroutine(meet(&server, &client, std::move(requirement), std::move(settings)));
}

Certificate leaf(std::string name = "mx.test") { return issue({.common_name = name, .dns_names = {name}}); }

ServerContext server_with(const Certificate& certificate, std::string min = "TLSv1.2", std::string max = "TLSv1.3",
                          std::string ciphers = "", int level = 2) {
  auto made = ServerContext::create({.chain_pem = certificate.pem,
                                     .key_pem = certificate.key_pem,
                                     .min_version = min,
                                     .max_version = max,
                                     .ciphers = ciphers,
                                     .security_level = level});
  EXPECT_TRUE(made.has_value()) << made.error();
  return std::move(*made);
}

// ---- sessions ----

TEST(TlsClient, both_sides_talk_and_evidence_says_how) {
  Tls tls;
  const Certificate certificate = leaf();
  const auto server = server_with(certificate);
  const auto meeting = meet(server, tls.client, opportunistic());
  ASSERT_TRUE(meeting->client->has_value()) << meeting->client->error().error.context;
  const auto& evidence = (**meeting->client).evidence;
  EXPECT_EQ(evidence.version, "TLSv1.3");
  EXPECT_THAT(evidence.cipher, HasSubstr("TLS_"));
  EXPECT_THAT(evidence.group, AnyOf(HasSubstr("25519"), HasSubstr("x25519")));
  EXPECT_EQ(evidence.chain, std::vector<Bytes>{certificate.der});
  EXPECT_EQ(evidence.sni, domain("mx.test"));
  EXPECT_FALSE(evidence.resumed);
  EXPECT_EQ((**meeting->client).verdict.result, ProofResult::NotAsked);
  EXPECT_EQ(meeting->said_to_client, "220 hello\r\n");
  EXPECT_EQ(meeting->said_to_server, "EHLO client.test\r\n");
  EXPECT_EQ(meeting->server_end, net::IoErrorCode::Closed);
}

TEST(TlsClient, needs_no_packet_boundaries) {
  Tls tls;
  const auto server = server_with(leaf());
  const auto meeting = meet(server, tls.client, opportunistic(), {.capacity = 7, .largest_read = 1, .wiretap = {}});
  ASSERT_TRUE(meeting->client->has_value()) << meeting->client->error().error.context;
  EXPECT_EQ(meeting->said_to_server, "EHLO client.test\r\n");
}

TEST(TlsClient, sends_the_requirements_sni_D44_S33) {
  Tls tls;
  const auto server = server_with(leaf());
  const auto meeting = meet(server, tls.client, opportunistic("base.mx.test"));
  ASSERT_TRUE(meeting->server->has_value());
  EXPECT_EQ((**meeting->server).sni, "base.mx.test");
}

TEST(TlsClient, sends_no_sni_to_an_address_literal) {
  Tls tls;
  const auto server = server_with(leaf());
  Requirement requirement;
  const auto meeting = meet(server, tls.client, requirement);
  ASSERT_TRUE(meeting->server->has_value());
  EXPECT_EQ((**meeting->server).sni, "");
}

// ---- proofs ----

TEST(TlsClient, takes_a_server_that_proves_itself_D01) {
  Tls tls;
  const Certificate certificate = leaf();
  const auto server = server_with(certificate);
  const auto meeting = meet(server, tls.client, dane({tlsa_of(certificate, 3, 1, 1)}));
  ASSERT_TRUE(meeting->client->has_value()) << meeting->client->error().error.context;
  EXPECT_EQ((**meeting->client).verdict.result, ProofResult::Verified);
  EXPECT_EQ((**meeting->client).verdict.depth, 0);
}

TEST(TlsClient, a_rejected_proof_fails_the_handshake_before_any_data_D02) {
  for (const std::string version : {"TLSv1.2", "TLSv1.3"}) {
    Tls tls;
    const Certificate certificate = leaf();
    const auto server = server_with(certificate, version, version);
    const auto meeting = meet(server, tls.client, dane({tests::wrong_tlsa(3, 1, 1)}));
    ASSERT_FALSE(meeting->client->has_value()) << version;
    const TlsFailure& failure = meeting->client->error();
    EXPECT_EQ(failure.error.code, net::IoErrorCode::Tls);
    EXPECT_EQ(failure.verdict.result, ProofResult::Rejected);
    EXPECT_EQ(failure.verdict.failure, ProofFailure::TlsaMismatch);
    ASSERT_TRUE(failure.evidence);
    EXPECT_EQ(failure.evidence->chain, std::vector<Bytes>{certificate.der});
    ASSERT_TRUE(meeting->server.has_value());
    ASSERT_FALSE(meeting->server->has_value()) << "the server must see an alert, not a session";
    EXPECT_THAT(meeting->server->error().context, HasSubstr("alert"));
  }
}

TEST(TlsClient, without_a_proof_any_certificate_will_do) {
  Tls tls;
  const auto server = server_with(issue({.dns_names = {"other.test"},
                                         .from = tests::kNoon - std::chrono::days(9),
                                         .until = tests::kNoon - std::chrono::days(5)}));
  EXPECT_TRUE(meet(server, tls.client, opportunistic())->client->has_value());
}

TEST(TlsClient, dane_ee_takes_rsa_1024_A13) {
  Tls tls;
  const Certificate certificate = issue({.dns_names = {"mx.test"}, .key = tests::KeyKind::Rsa1024});
  const auto server = server_with(certificate, "TLSv1.2", "TLSv1.3", "", 0);
  const auto meeting = meet(server, tls.client, dane({tlsa_of(certificate, 3, 1, 1)}));
  EXPECT_TRUE(meeting->client->has_value()) << meeting->client->error().error.context;
}

// ---- versions and ciphers ----

TEST(TlsClient, old_versions_are_for_opportunistic_sessions_only_D48_A14) {
  for (const std::string version : {"TLSv1", "TLSv1.1"}) {
    Tls tls;
    const Certificate certificate = leaf();
    const auto server = server_with(certificate, version, version);
    const auto may = meet(server, tls.client, opportunistic());
    ASSERT_TRUE(may->client->has_value()) << may->client->error().error.context;
    EXPECT_EQ((**may->client).evidence.version, version);

    const auto must = meet(server, tls.client, dane({tlsa_of(certificate, 3, 1, 1)}));
    ASSERT_FALSE(must->client->has_value());
    EXPECT_THAT(must->client->error().error.context, HasSubstr("TLSv1.2"));
    EXPECT_EQ(must->client->error().verdict.result, ProofResult::NotAsked);

    Requirement floor = opportunistic();
    floor.floor = TlsFloor::Tls12;
    EXPECT_FALSE(meet(server, tls.client, floor)->client->has_value());
  }
}

TEST(TlsClient, a_proof_needs_forward_secrecy_and_an_aead) {
  struct Row {
    const char* ciphers;
    bool enough;
    const char* why;
  };
  const Row rows[] = {
      {"ECDHE-RSA-AES128-GCM-SHA256", true, "ECDHE with an AEAD"},
      {"ECDHE-RSA-CHACHA20-POLY1305", true, "ECDHE with an AEAD"},
      {"ECDHE-RSA-AES128-SHA256", false, "CBC"},
      {"AES128-GCM-SHA256", false, "no forward secrecy"},
  };
  const Certificate certificate = issue({.dns_names = {"mx.test"}, .key = tests::KeyKind::Rsa2048});
  for (const Row& row : rows) {
    Tls tls;
    const auto server = server_with(certificate, "TLSv1.2", "TLSv1.2", row.ciphers);
    EXPECT_TRUE(meet(server, tls.client, opportunistic())->client->has_value()) << row.ciphers;
    const auto proved = meet(server, tls.client, dane({tlsa_of(certificate, 3, 1, 1)}));
    EXPECT_EQ(proved->client->has_value(), row.enough) << row.ciphers << ": " << row.why;
  }
}

TEST(TlsClient, never_takes_a_cipher_that_is_no_cipher_A14) {
  const Certificate certificate = issue({.dns_names = {"mx.test"}, .key = tests::KeyKind::Rsa2048});
  for (const char* ciphers : {"aNULL@SECLEVEL=0", "eNULL@SECLEVEL=0"}) {
    Tls tls;
    const auto server = server_with(certificate, "TLSv1", "TLSv1.2", ciphers, 0);
    EXPECT_FALSE(meet(server, tls.client, opportunistic())->client->has_value()) << ciphers;
  }
}

/// RFC 5246 §7.4.1.2: the suites in the ClientHello, the first thing that a client writes.
std::vector<int> offered_suites(std::string_view record) {
  const auto octet = [&](std::size_t at) { return static_cast<int>(static_cast<std::uint8_t>(record.at(at))); };
  const std::size_t session_id = 5 + 4 + 2 + 32;  // record, handshake, version, random
  const std::size_t suites = session_id + 1 + static_cast<std::size_t>(octet(session_id));
  const std::size_t end = suites + 2 + static_cast<std::size_t>(octet(suites) << 8 | octet(suites + 1));
  std::vector<int> found;
  for (std::size_t at = suites + 2; at < end; at += 2) found.push_back(octet(at) << 8 | octet(at + 1));
  return found;
}

TEST(TlsClient, never_offers_a_group_of_1024_bits_or_a_broken_cipher_A14) {
  Tls tls;
  std::string said;
  const auto listen = [&](bool first, std::string_view bytes) { said += first ? bytes : std::string_view(); };
  meet(server_with(leaf()), tls.client, opportunistic(), {.wiretap = listen});
  const auto offered = offered_suites(said);
  EXPECT_THAT(offered, testing::Contains(0xc02f)) << "ECDHE-RSA-AES128-GCM-SHA256";
  for (const int suite : {0x0033, 0x0039, 0x0067, 0x006b, 0x009e, 0x009f, 0xccaa})
    EXPECT_THAT(offered, testing::Not(testing::Contains(suite))) << "kDHE: OpenSSL takes 1024 bits at this level";
  for (const int suite : {0x0001, 0x0002, 0x0004, 0x0005, 0x000a, 0x0018, 0x0034, 0xc012})
    EXPECT_THAT(offered, testing::Not(testing::Contains(suite))) << "NULL, RC4, 3DES, anonymous";
}

// ---- what goes wrong on the way ----

Awaitable<std::expected<TlsSession, TlsFailure>> start_against(ClientContext* client, std::string answer, bool close,
                                                               bool reset, std::chrono::milliseconds patience) {
  auto pipe = co_await tests::make_pipe();
  if (!answer.empty()) (void)co_await pipe.second->write_all(answer, kSoon);
  if (close) pipe.second->close();
  if (reset) pipe.second->reset();
  co_return co_await client->start(std::move(pipe.first), opportunistic(), Deadline::in(patience));
}

TEST(TlsClient, says_what_became_of_the_handshake_D04) {
  struct Row {
    std::string answer;
    bool close, reset;
    int patience_ms;
    net::IoErrorCode code;
    const char* words;
  };
  const Row rows[] = {
      {"", true, false, 30000, net::IoErrorCode::Closed, "during the TLS handshake"},
      {"", false, true, 30000, net::IoErrorCode::Reset, "during the TLS handshake"},
      {"", false, false, 1, net::IoErrorCode::Timeout, "did not end in time"},
      {"220 what is this\r\n", false, false, 30000, net::IoErrorCode::Tls, "not TLS"},
      {std::string("\x15\x03\x01\x00\x02\x02\x28", 7), false, false, 30000, net::IoErrorCode::Tls, "alert"},
      {std::string("\x15\x03\x01\x00\x02\x02\x46", 7), false, false, 30000, net::IoErrorCode::Tls, "offers no TLS"},
  };
  for (const Row& row : rows) {
    Tls tls;
    auto started = tests::run_coroutine(
        start_against(&tls.client, row.answer, row.close, row.reset, std::chrono::milliseconds(row.patience_ms)));
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().error.code, row.code) << started.error().error.context;
    EXPECT_THAT(started.error().error.context, HasSubstr(row.words));
  }
}

// ---- resumption ----

TEST(TlsClient, resumes_for_the_same_requirement_and_keeps_the_evidence) {
  for (const std::string version : {"TLSv1.2", "TLSv1.3"}) {
    Tls tls;
    const Certificate certificate = leaf();
    const auto server = server_with(certificate, version, version);
    const auto requirement = dane({tlsa_of(certificate, 3, 1, 1)});
    EXPECT_FALSE((**meet(server, tls.client, requirement)->client).evidence.resumed);
    const auto again = meet(server, tls.client, requirement);
    ASSERT_TRUE(again->client->has_value()) << again->client->error().error.context;
    EXPECT_TRUE((**again->client).evidence.resumed) << version;
    EXPECT_EQ((**again->client).evidence.chain, std::vector<Bytes>{certificate.der});
    EXPECT_EQ((**again->client).verdict.result, ProofResult::Verified);
  }
}

TEST(TlsClient, a_ticket_never_carries_a_proof_to_another_requirement_A16) {
  const Certificate certificate = leaf();
  const auto server = server_with(certificate);
  const auto first = dane({tlsa_of(certificate, 3, 1, 1)});
  Requirement other_names = first;
  other_names.names.push_back({domain("test"), false});
  Requirement other_tlsa = first;
  other_tlsa.tlsa.push_back(tests::wrong_tlsa(3, 1, 1));
  Requirement other_sni = first;
  other_sni.sni = domain("mx2.test");
  for (const Requirement& second : {other_names, other_tlsa, other_sni, opportunistic()}) {
    Tls tls;
    ASSERT_TRUE(meet(server, tls.client, first)->client->has_value());
    const auto meeting = meet(server, tls.client, second);
    ASSERT_TRUE(meeting->client->has_value());
    EXPECT_FALSE((**meeting->client).evidence.resumed);
  }
}

TEST(TlsClient, an_unproved_ticket_does_not_open_a_session_that_needs_proof_D47) {
  Tls tls;
  const Certificate certificate = leaf();
  const auto server = server_with(certificate);
  ASSERT_TRUE(meet(server, tls.client, opportunistic())->client->has_value());
  const auto meeting = meet(server, tls.client, dane({tests::wrong_tlsa(3, 1, 1)}));
  ASSERT_FALSE(meeting->client->has_value());
  EXPECT_EQ(meeting->client->error().verdict.failure, ProofFailure::TlsaMismatch);
}

TEST(TlsClient, a_ticket_dies_when_its_certificate_would_fail_now) {
  Tls tls;
  const Certificate ca = issue({.common_name = "CA", .ca = true});
  const Certificate short_lived =
      issue({.dns_names = {"mx.test"}, .until = tests::kNoon + std::chrono::minutes(10)}, &ca);
  Certificate shown = short_lived;
  shown.pem += ca.pem;
  const auto server = server_with(shown);
  const auto requirement = dane({tlsa_of(ca, 2, 0, 1)});
  ASSERT_TRUE(meet(server, tls.client, requirement)->client->has_value());
  tls.clock.advance(std::chrono::minutes(20));
  const auto meeting = meet(server, tls.client, requirement);
  ASSERT_FALSE(meeting->client->has_value());
  EXPECT_EQ(meeting->client->error().verdict.failure, ProofFailure::Expired);
}

TEST(SessionKey, differs_with_every_field_of_the_requirement) {
  const auto base = dane({tests::wrong_tlsa(3, 1, 1)});
  std::vector<Requirement> others(7, base);
  others[0].tls = policy::TlsUse::IfOffered;
  others[1].floor = TlsFloor::LibraryDefault;
  others[2].proof = Proof::Pkix;
  others[3].names[0].below = true;
  others[4].tlsa[0].data[0] ^= 1;
  others[5].sni = domain("elsewhere.test");
  others[6].requiretls_keyword = true;
  for (const auto& other : others) EXPECT_NE(session_key(other), session_key(base));
  EXPECT_EQ(session_key(base), session_key(Requirement(base)));
}

TEST(SessionCache, holds_a_bounded_number_for_a_bounded_time_and_gives_each_once) {
  SessionCache cache;
  for (std::size_t at = 0; at <= SessionCache::kMaxSessions; ++at)
    cache.put(std::to_string(at), {nullptr, {}, tests::kNoon});
  EXPECT_FALSE(cache.take("0", tests::kNoon)) << "the oldest made room";
  EXPECT_TRUE(cache.take("1", tests::kNoon));
  EXPECT_FALSE(cache.take("1", tests::kNoon)) << "a ticket is used once";
  EXPECT_FALSE(cache.take("2", tests::kNoon + SessionCache::kLifetime));
  cache.put("later", {nullptr, {}, tests::kNoon});
  EXPECT_FALSE(cache.take("later", tests::kNoon - Seconds(1))) << "the clock went back";
}

// ---- the server's settings ----

TEST(TlsServer, says_what_it_refuses) {
  const Certificate certificate = leaf();
  const Certificate other = leaf();
  const Certificate weak = issue({.dns_names = {"mx.test"}, .key = tests::KeyKind::Rsa1024});
  struct Row {
    ServerSettings settings;
    const char* words;
  };
  const Row rows[] = {
      {{.chain_pem = "", .key_pem = certificate.key_pem}, "no certificate"},
      {{.chain_pem = certificate.pem, .key_pem = ""}, "no private key"},
      {{.chain_pem = certificate.pem, .key_pem = other.key_pem}, "does not fit"},
      {{.chain_pem = certificate.pem, .key_pem = certificate.key_pem, .min_version = "SSLv3"}, "SSLv3"},
      {{.chain_pem = certificate.pem, .key_pem = certificate.key_pem, .ciphers = "nonsense"}, "nonsense"},
      {{.chain_pem = certificate.pem + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        .key_pem = certificate.key_pem},
       "broken"},
      {{.chain_pem = weak.pem, .key_pem = weak.key_pem}, "refused"},
  };
  for (const Row& row : rows) {
    const auto made = ServerContext::create(row.settings);
    ASSERT_FALSE(made.has_value()) << row.words;
    EXPECT_THAT(made.error(), HasSubstr(row.words));
  }
}

}  // namespace
}  // namespace postseal::tls
