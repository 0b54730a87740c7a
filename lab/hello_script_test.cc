// SPDX-License-Identifier: Apache-2.0
#include "lab/hello_script.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/tls1.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "edge/tls/client.h"
#include "edge/tls/openssl_ptr.h"
#include "lab/authority.h"
#include "tests/certificates.h"
#include "tests/pipe_stream.h"
#include "tests/run_coroutine.h"

namespace postseal::lab {
namespace {

using namespace std::string_view_literals;

const Domain kHost = *Domain::parse("mx.lab.test");

Deadline soon() { return Deadline::in(std::chrono::seconds(20)); }

HelloScript script(std::string_view name) {
  static const Issued identity = Authority::create()->issue({.key = "rsa2048"}, kHost.ascii()).value();
  tls::ServerSettings settings;
  settings.chain_pem = identity.chain_pem;
  settings.key_pem = identity.key_pem;
  auto made = HelloScript::create(name, settings);
  EXPECT_TRUE(made) << made.error();
  return std::move(*made);
}

/// The records in octets as sent: type and content of each.
std::vector<std::pair<int, std::string>> records_of(std::string_view octets) {
  std::vector<std::pair<int, std::string>> records;
  while (octets.size() >= 5) {
    const auto at = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(octets[i])}; };
    const std::size_t size = at(3) * 256 + at(4);
    records.emplace_back(static_cast<int>(at(0)), std::string(octets.substr(5, size)));
    octets.remove_prefix(std::min(octets.size(), 5 + size));
  }
  return records;
}

Awaitable<void> serve(std::unique_ptr<net::Stream> stream, const HelloScript* script) {
  std::string hello;
  std::array<char, 4096> piece;
  while (!HelloScript::hello_size(hello)) {
    const auto count = co_await stream->read_some(piece, soon());
    if (!count) co_return;
    hello.append(piece.data(), *count);
  }
  (void)co_await stream->write_all(script->answer(hello), soon());
  while (co_await stream->read_some(piece, soon())) {
  }
}

struct Seen {
  bool shaken = false;
  std::string error;
  std::string sent;  ///< by the client
};

Awaitable<Seen> meet(const HelloScript* script, policy::Requirement requirement) {
  Seen seen;
  tests::PipeSettings settings;
  settings.wiretap = [&seen](bool first, std::string_view octets) {
    if (first) seen.sent += octets;
  };
  auto pipe = co_await tests::make_pipe(settings);
  boost::asio::co_spawn(co_await boost::asio::this_coro::executor, serve(std::move(pipe.second), script),
                        boost::asio::detached);
  const tls::TrustStore nobody = tls::TrustStore::empty();
  const SystemClock clock;
  tls::ClientContext context(nobody, clock);
  const auto session = co_await context.start(std::move(pipe.first), std::move(requirement), soon());
  seen.shaken = session.has_value();
  if (!session) seen.error = session.error().error.context;
  co_return seen;
}

policy::Requirement opportunistic() {
  policy::Requirement requirement;
  requirement.sni = kHost;
  return requirement;
}

policy::Requirement demanding() {
  policy::Requirement requirement = opportunistic();
  requirement.tls = policy::TlsUse::Required;
  requirement.floor = policy::TlsFloor::Tls12;
  requirement.proof = policy::Proof::Dane;
  requirement.names = {{kHost, false}};
  requirement.tlsa = {tests::wrong_tlsa(3, 1, 1)};
  return requirement;
}

struct Refusal {
  std::string script;
  int opportunistic, demanding;  ///< the alert that ends it (RFC 8446 §6)
  std::string reason;            ///< in the words for people, of the opportunistic client
};

constexpr int kUnexpectedMessage = 10, kIllegalParameter = 47, kProtocolVersion = 70, kUnsupportedExtension = 110;

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.script; }

class Refuses : public testing::TestWithParam<Refusal> {};

// A14: what nobody offered, and what only an attacker can have done, ends with an alert and not with a session.
TEST_P(Refuses, A14_the_client_ends_it_with_an_alert) {
  const HelloScript played = script(GetParam().script);
  for (const bool proving : {false, true}) {
    SCOPED_TRACE(proving ? "demanding" : "opportunistic");
    const Seen seen = tests::run_coroutine(meet(&played, proving ? demanding() : opportunistic()));
    EXPECT_FALSE(seen.shaken);
    if (!proving) EXPECT_NE(seen.error.find(GetParam().reason), std::string::npos) << seen.error;
    const auto records = records_of(seen.sent);
    ASSERT_EQ(records.size(), 2u) << "a ClientHello and an alert, nothing else";
    EXPECT_EQ(records[0].first, 22);
    EXPECT_EQ(records[1].first, 21);
    const int alert = proving ? GetParam().demanding : GetParam().opportunistic;
    EXPECT_EQ(records[1].second, std::string({'\x02', static_cast<char>(alert)}));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Scripts, Refuses,
    testing::Values(Refusal{"ssl3", kProtocolVersion, kProtocolVersion, "offers no TLSv1"},
                    Refusal{"rc4", kIllegalParameter, kIllegalParameter, "no TLS cipher suits"},
                    Refusal{"export", kIllegalParameter, kIllegalParameter, "no TLS cipher suits"},
                    Refusal{"null", kIllegalParameter, kIllegalParameter, "no TLS cipher suits"},
                    Refusal{"3des", kIllegalParameter, kIllegalParameter, "no TLS cipher suits"},
                    Refusal{"anonymous", kIllegalParameter, kIllegalParameter, "no TLS cipher suits"},
                    Refusal{"dhe-512", kIllegalParameter, kIllegalParameter, "no TLS cipher suits"},
                    Refusal{"dhe-1024", kIllegalParameter, kIllegalParameter, "no TLS cipher suits"},
                    Refusal{"downgrade-1.2", kIllegalParameter, kIllegalParameter, "downgrade sentinel"},
                    Refusal{"downgrade-1.1", kIllegalParameter, kProtocolVersion, "downgrade sentinel"},
                    Refusal{"compression", kIllegalParameter, kIllegalParameter, "compression"},
                    Refusal{"heartbeat", kUnsupportedExtension, kUnsupportedExtension, "extension"},
                    Refusal{"heartbeat-record", kUnexpectedMessage, kUnexpectedMessage, "unexpected"},
                    Refusal{"garbage", kUnexpectedMessage, kUnexpectedMessage, "unexpected"}),
    [](const auto& info) {
      std::string name = info.param.script;
      std::ranges::replace_if(name, [](char c) { return c == '-' || c == '.'; }, '_');
      return name;
    });

/// A client that takes all that OpenSSL still has, up to a version.
std::string gullible_answer(const HelloScript& script, int max_version) {
  const tls::SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), max_version);
  SSL_CTX_set_security_level(context.get(), 0);
  EXPECT_EQ(SSL_CTX_set_cipher_list(context.get(), "ALL:eNULL:aNULL@SECLEVEL=0"), 1);
  const tls::SslPtr ssl(SSL_new(context.get()));
  SSL_set_connect_state(ssl.get());
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(in, -1);
  SSL_set_bio(ssl.get(), in, out);
  const auto said = [&] {
    (void)SSL_do_handshake(ssl.get());
    std::string octets(BIO_ctrl_pending(out), '\0');
    (void)BIO_read(out, octets.data(), static_cast<int>(octets.size()));
    return octets;
  };
  const std::string flight = script.answer(said());
  BIO_write(in, flight.data(), static_cast<int>(flight.size()));
  return said();
}

// Otherwise the client might refuse them for being badly made.
TEST(HelloScript, a_client_that_takes_everything_takes_them) {
  for (const auto& [name, version] : {std::pair{"null", TLS1_2_VERSION},
                                      {"anonymous", TLS1_2_VERSION},
                                      {"downgrade-1.2", TLS1_2_VERSION},
                                      {"downgrade-1.1", TLS1_1_VERSION}}) {
    EXPECT_EQ(gullible_answer(script(name), version), "") << name << ": it waits for what comes next";
  }
  const auto records = records_of(gullible_answer(script("dhe-1024"), TLS1_2_VERSION));
  ASSERT_EQ(records.size(), 3u);  // ClientKeyExchange, ChangeCipherSpec, Finished
  EXPECT_EQ(records[0].first, 22);
}

TEST(HelloScript, a_group_of_512_bits_is_too_small_even_for_that_client) {
  const auto records = records_of(gullible_answer(script("dhe-512"), TLS1_2_VERSION));
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].second, "\x02\x28"sv);  // handshake_failure: its signature was good, its size was not
}

TEST(HelloScript, says_what_it_cannot_play) {
  tls::ServerSettings settings;
  settings.key_pem = Authority::create()->issue({}, kHost.ascii())->key_pem;
  EXPECT_NE(HelloScript::create("dhe-512", settings).error().find("rsa2048"), std::string::npos);
  EXPECT_FALSE(HelloScript::create("tls9", settings));
}

TEST(HelloScript, waits_for_a_whole_record_and_for_nothing_that_is_none) {
  EXPECT_EQ(HelloScript::hello_size("\x16\x03\x01\x00\x02x"sv), std::nullopt);
  EXPECT_EQ(HelloScript::hello_size("\x16\x03"sv), std::nullopt);
  EXPECT_EQ(HelloScript::hello_size("\x16\x03\x01\x00\x02xyz"sv), 7u);
  EXPECT_EQ(HelloScript::hello_size("EHLO"sv), 4u);
}

}  // namespace
}  // namespace postseal::lab
