// SPDX-License-Identifier: Apache-2.0
// D47, pitfall 14: many destinations over shared sessions, and none of them ever on evidence that its own decision
// would refuse. The oracle below does not ask the engine: it knows what it dealt out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <random>

#include "flow/outbound/attempt.h"
#include "flow/outbound/scripted_peer_test.h"
#include "protocol/policy/decide.h"
#include "tests/certificates.h"
#include "tests/facts_builder.h"
#include "tests/pipe_stream.h"
#include "tests/run_coroutine.h"
#include "tests/still_clock.h"

namespace postseal::outbound {
namespace {

using namespace tests;

/// What a destination's own facts ask of mx.example.test.
enum class Asks { Nothing, Tls, ThisKey, OtherKey, Verified, ElsewhereOnly };
constexpr std::array kAsks{Asks::Nothing,  Asks::Tls,      Asks::ThisKey,
                           Asks::OtherKey, Asks::Verified, Asks::ElsewhereOnly};
/// What an open session has shown.
enum class Shows { Plaintext, Stripped, WeakTls, Tls, OtherChain };
constexpr std::array kShows{Shows::Plaintext, Shows::Stripped, Shows::WeakTls, Shows::Tls, Shows::OtherChain};

bool may_share(Asks asks, Shows shows) {
  switch (asks) {
    case Asks::Nothing:
      return shows != Shows::Stripped;
    case Asks::Tls:
      return shows == Shows::Tls || shows == Shows::OtherChain;
    case Asks::ThisKey:
    case Asks::Verified:
      return shows == Shows::Tls;
    case Asks::OtherKey:
      return shows == Shows::OtherChain;
    case Asks::ElsewhereOnly:
      return false;
  }
  return false;
}

struct Sharing : ::testing::Test {
  tls::TrustStore trust = tls::TrustStore::empty();
  StillClock clock{kNoon};
  tls::ClientContext tls{trust, clock};
  SessionPool pool{trust, clock};
  settings::Settings settings;
  Certificate certificate = issue({.dns_names = {"mx.example.test"}});
  Certificate other = issue({.dns_names = {"mx.example.test"}});
  Letter letter;

  Sharing() {
    letter.from = Mailbox::parse("a@here.test").value();
    letter.open = [] { return std::make_unique<Text>(false); };
    letter.facts.wire_size = 11;
  }

  DeliveryRecord destination(const std::string& name, Asks asks) {
    DeliveryRecord record;
    State state;
    if (asks == Asks::Nothing || asks == Asks::ElsewhereOnly) state.tlsa = Tlsa::Absent;
    if (asks == Asks::Tls) state.tlsa = Tlsa::Unusable;
    record.facts = facts_of(state);
    record.facts.port = 1;  // where nobody listens: only what is open already can carry it
    record.facts.message.only_if_verified = asks == Asks::Verified;
    record.next_hop = *Domain::parse(name);
    record.decision = policy::decide(record.facts);
    auto& host = record.decision.hosts.at(0);
    if (!host.requirement.tlsa.empty()) {
      host.requirement.tlsa = {tlsa_of(asks == Asks::OtherKey ? other : certificate, 3, 1, 1)};
      host.requirement.names.push_back({*Domain::parse(name)});
    }
    if (asks == Asks::ElsewhereOnly) host.addresses = {*IpAddress::parse("127.0.0.77")};
    record.recipients.push_back({.recipient = *Mailbox::parse("b@" + name)});
    return record;
  }

  std::unique_ptr<Session> session(Shows shows) {
    auto made = std::make_unique<Session>();
    auto& evidence = made->evidence;
    evidence.mx_host = domain("mx.example.test");
    evidence.port = 1;
    evidence.address = *IpAddress::parse("127.0.0.25");
    evidence.starttls_offered = shows != Shows::Plaintext;
    if (shows == Shows::Plaintext || shows == Shows::Stripped) return made;
    evidence.tls = policy::TlsEvidence{};
    evidence.tls->strong = shows != Shows::WeakTls;
    // A weak handshake may show the right key: it proves nothing of the transport.
    evidence.tls->chain = {(shows == Shows::OtherChain ? other : certificate).der};
    return made;
  }

  Awaitable<bool> open_all(std::vector<Shows> shown, std::vector<std::shared_ptr<Server>> servers) {
    for (std::size_t i = 0; i < shown.size(); ++i) {
      auto pipe = co_await make_pipe();
      boost::asio::co_spawn(co_await boost::asio::this_coro::executor, serve(std::move(pipe.second), servers[i]),
                            boost::asio::detached);
      auto made = session(shown[i]);
      made->talk = std::make_unique<Conversation>(std::move(pipe.first), smtp::ClientSettings{.helo_name = "me.test"},
                                                  domain("mx.example.test"), nullptr);
      (void)co_await made->talk->next_event(Deadline::in(std::chrono::seconds(10)));
      (void)pool.put(std::move(made));
    }
    co_return true;
  }

  Awaitable<bool> deliver(std::vector<DeliveryRecord*> records) {
    Attempt attempt({&tls, &settings, nullptr}, pool, letter, records, Deadline::in(std::chrono::seconds(10)));
    co_await attempt.run();
    co_return true;
  }

  Awaitable<bool> play(std::vector<Shows> shown, std::vector<std::shared_ptr<Server>> servers,
                       std::vector<std::vector<DeliveryRecord*>> letters) {
    co_await open_all(shown, servers);
    for (auto& records : letters) co_await deliver(std::move(records));
    for (auto& left : pool.drain()) left->talk->close();
    co_return true;
  }
};

std::size_t count_of(const Server& server, const std::string& command) {
  return static_cast<std::size_t>(std::ranges::count(server.heard, command));
}

TEST_F(Sharing, recipients_of_several_domains_on_one_host_go_in_one_transaction) {
  auto server = std::make_shared<Server>();
  auto a = destination("a.test", Asks::ThisKey), b = destination("b.test", Asks::Tls),
       c = destination("c.test", Asks::Nothing);
  run_coroutine(play({Shows::Tls}, {server}, {{&a, &b, &c}}));
  for (const auto* record : {&a, &b, &c}) EXPECT_EQ(record->recipients.at(0).outcome, DeliveryOutcome::Delivered);
  EXPECT_EQ(count_of(*server, "MAIL FROM:<a@here.test>"), 1u);
  EXPECT_EQ(count_of(*server, "."), 1u);
  // Each has a record of its own, with the verdict that its own decision asks for.
  EXPECT_EQ(a.recipients.at(0).proof, ProofShown::Dane);
  EXPECT_EQ(c.recipients.at(0).proof, ProofShown::Encrypted);
  EXPECT_TRUE(b.attempts.at(0).shared_session);
}

TEST_F(Sharing, who_asks_for_more_than_the_session_shows_stays_out_of_the_transaction) {
  auto server = std::make_shared<Server>();
  auto easy = destination("a.test", Asks::Nothing), strict = destination("b.test", Asks::OtherKey);
  run_coroutine(play({Shows::Tls}, {server}, {{&easy, &strict}}));
  EXPECT_EQ(easy.recipients.at(0).outcome, DeliveryOutcome::Delivered);
  EXPECT_EQ(strict.recipients.at(0).outcome, DeliveryOutcome::Deferred);
  EXPECT_EQ(count_of(*server, "RCPT TO:<b@b.test>"), 0u);
}

TEST_F(Sharing, a_refusal_of_one_recipient_is_nobody_elses) {
  auto server = std::make_shared<Server>();
  server->by_line["RCPT TO:<b@b.test>"] = "550 5.1.1 who?\r\n";
  auto a = destination("a.test", Asks::ThisKey), b = destination("b.test", Asks::ThisKey);
  run_coroutine(play({Shows::Tls}, {server}, {{&a, &b}}));
  EXPECT_EQ(a.recipients.at(0).outcome, DeliveryOutcome::Delivered);
  EXPECT_EQ(b.recipients.at(0).outcome, DeliveryOutcome::Bounced);
}

TEST_F(Sharing, D47_no_domain_ever_rides_on_evidence_that_its_own_decision_would_refuse) {
  std::mt19937 dice(20261122);
  const auto roll = [&](std::size_t sides) { return std::uniform_int_distribution<std::size_t>(0, sides - 1)(dice); };
  std::size_t carried = 0, refused = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<Shows> shown;
    std::vector<std::shared_ptr<Server>> servers;
    for (std::size_t i = roll(4); i + 1 > 0; --i) {
      shown.push_back(kShows[roll(kShows.size())]);
      servers.push_back(std::make_shared<Server>());
      if (i == 0) break;
    }
    std::vector<std::unique_ptr<DeliveryRecord>> records;
    std::vector<Asks> asks;
    std::vector<std::vector<DeliveryRecord*>> letters(1 + roll(4));
    for (auto& letter_records : letters) {
      for (std::size_t i = 1 + roll(4); i > 0; --i) {
        asks.push_back(kAsks[roll(kAsks.size())]);
        const auto name = "d" + std::to_string(records.size()) + ".test";
        records.push_back(std::make_unique<DeliveryRecord>(destination(name, asks.back())));
        letter_records.push_back(records.back().get());
      }
    }
    run_coroutine(play(shown, servers, letters));
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto& verdict = records[i]->recipients.at(0);
      bool can = false;
      for (std::size_t s = 0; s < shown.size(); ++s) {
        const bool may = may_share(asks[i], shown[s]);
        can |= may;
        const auto heard = count_of(*servers[s], "RCPT TO:<" + verdict.recipient.to_string() + ">");
        ASSERT_TRUE(may || heard == 0) << "round " << round << ": asks " << static_cast<int>(asks[i]) << ", shows "
                                       << static_cast<int>(shown[s]);
      }
      ASSERT_EQ(verdict.outcome, can ? DeliveryOutcome::Delivered : DeliveryOutcome::Deferred) << "round " << round;
      ++(can ? carried : refused);
    }
  }
  EXPECT_GT(carried, 300u);
  EXPECT_GT(refused, 300u);
}

}  // namespace
}  // namespace postseal::outbound
