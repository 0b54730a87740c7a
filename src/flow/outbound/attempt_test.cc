// SPDX-License-Identifier: Apache-2.0
// What an attempt says to servers, and whom it asks next. The sessions are open already, over pipes.
#include "flow/outbound/attempt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <map>

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
using testing::Contains;

using testing::Not;

struct Attempting : ::testing::Test {
  tls::TrustStore trust = tls::TrustStore::empty();
  StillClock clock{kNoon};
  tls::ClientContext tls{trust, clock};
  SessionPool pool{trust, clock};
  settings::Settings settings;
  Certificate certificate = issue({.dns_names = {"mx.example.test"}});
  bool broken = false;
  Letter letter;
  DeliveryRecord record;
  std::map<std::string, std::shared_ptr<Server>> servers;

  Attempting() {
    letter.from = Mailbox::parse("a@here.test").value();
    letter.open = [this] { return std::make_unique<Text>(broken); };
    letter.facts.wire_size = 11;
  }

  /// mx.example.test and mx2.example.test, both with sessions in the pool.
  void decide_for(const State& state, std::vector<const char*> recipients = {"b@example.test"}) {
    record.facts = facts_of(state);
    record.facts.port = 1;  // where nobody listens: a session that is not in the pool cannot be had
    record.facts.hosts.push_back(host_facts("mx2.example.test", 20, Address::Secure, state.tlsa));
    record.decision = policy::decide(record.facts);
    for (auto& host : record.decision.hosts) {
      if (!host.requirement.tlsa.empty()) host.requirement.tlsa = {tlsa_of(certificate, 3, 1, 1)};
      servers[host.host.ascii()] = std::make_shared<Server>();
    }
    for (const char* recipient : recipients) record.recipients.push_back({.recipient = *Mailbox::parse(recipient)});
  }
  Server& mx() { return *servers.at("mx.example.test"); }
  Server& mx2() { return *servers.at("mx2.example.test"); }

  Awaitable<bool> play() {
    const Deadline soon = Deadline::in(std::chrono::seconds(10));
    for (const auto& [name, server] : servers) {
      auto pipe = co_await make_pipe();
      boost::asio::co_spawn(co_await boost::asio::this_coro::executor, serve(std::move(pipe.second), server),
                            boost::asio::detached);
      auto session = std::make_unique<Session>();
      session->evidence.mx_host = domain(name.c_str());
      session->evidence.port = record.facts.port;
      session->evidence.address = *IpAddress::parse("127.0.0.25");
      session->evidence.tls = policy::TlsEvidence{};
      session->evidence.tls->strong = true;
      session->evidence.tls->chain = {certificate.der};
      session->talk = std::make_unique<Conversation>(
          std::move(pipe.first), smtp::ClientSettings{.helo_name = "me.test"}, domain(name.c_str()), nullptr);
      (void)co_await session->talk->next_event(soon);
      session->evidence.requiretls_offered = session->talk->engine().capabilities().requiretls;
      (void)pool.put(std::move(session));
    }
    Attempt attempt({&tls, &settings, nullptr}, pool, letter, {&record}, soon);
    co_await attempt.run();
    for (auto& session : pool.drain()) session->talk->close();
    co_return true;
  }
  void run() { tests::run_coroutine(play()); }

  std::vector<std::string> mails(const Server& server) const {
    std::vector<std::string> found;
    std::ranges::copy_if(server.heard, std::back_inserter(found),
                         [](const auto& line) { return line.starts_with("MAIL"); });
    return found;
  }
};

// RFC 8689 §4.2.1, pitfall 17: a message that asked for it must not arrive at the next server without it.
TEST_F(Attempting, X05_requiretls_travels_on) {
  decide_for({.requiretls = true});
  letter.requiretls = true;
  mx().ehlo = "250-x\r\n250 REQUIRETLS\r\n";
  run();
  EXPECT_THAT(mx().heard, Contains("MAIL FROM:<a@here.test> REQUIRETLS"));
  EXPECT_EQ(record.recipients.at(0).outcome, DeliveryOutcome::Delivered);
}

// RFC 8689 §5: losing a notification would be worse than a hop without the promise.
TEST_F(Attempting, X05_a_notification_takes_requiretls_along_only_where_it_is_offered) {
  for (const bool offered : {true, false}) {
    record = {};
    decide_for({});
    letter.from.reset();
    letter.requiretls = true;
    if (offered) mx().ehlo = "250-x\r\n250 REQUIRETLS\r\n";
    run();
    EXPECT_THAT(mails(mx()), testing::ElementsAre(offered ? "MAIL FROM:<> REQUIRETLS" : "MAIL FROM:<>"));
    EXPECT_EQ(record.recipients.at(0).outcome, DeliveryOutcome::Delivered);
  }
}

// RFC 8689 §2: the keyword stands for a proved server; elsewhere it would be an empty word.
TEST_F(Attempting, X05_a_notification_to_an_unproved_server_goes_without_requiretls) {
  decide_for({.tlsa = Tlsa::Absent});
  letter.from.reset();
  letter.requiretls = true;
  mx().ehlo = "250-x\r\n250 REQUIRETLS\r\n";
  run();
  EXPECT_THAT(mails(mx()), testing::ElementsAre("MAIL FROM:<>"));
}

TEST_F(Attempting, the_server_is_told_what_the_message_needs) {
  decide_for({.tlsa = Tlsa::Absent});
  letter.facts.eight_bit = letter.facts.utf8_headers = true;
  letter.dsn.ret = "HDRS";
  mx().ehlo = "250-x\r\n250-SIZE\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN\r\n";
  run();
  EXPECT_THAT(mx().heard, Contains("MAIL FROM:<a@here.test> SIZE=11 BODY=8BITMIME SMTPUTF8 RET=HDRS"));
}

// RFC 5321 §4.5.3.2.6: the server may have the letter; another host now would make it two.
TEST_F(Attempting, in_doubt_no_other_host_is_asked) {
  decide_for({.tlsa = Tlsa::Absent});
  mx().replies["."] = "drop";
  run();
  EXPECT_THAT(mx().heard, Contains("."));
  EXPECT_THAT(mails(mx2()), testing::IsEmpty());
  EXPECT_EQ(record.recipients.at(0).outcome, DeliveryOutcome::Deferred);
}

// RFC 5321 §4.1.1.4: the mark would make a part of the letter look whole.
TEST_F(Attempting, a_message_that_cannot_be_read_gets_no_end_mark) {
  decide_for({.tlsa = Tlsa::Absent});
  broken = true;
  letter.facts.wire_size = 0;  // else the engine would miss octets, too
  run();
  EXPECT_THAT(mx().heard, Contains("DATA"));
  EXPECT_THAT(mx().heard, Not(Contains(".")));
  EXPECT_EQ(record.recipients.at(0).outcome, DeliveryOutcome::Deferred);
}

TEST_F(Attempting, a_temporary_refusal_is_tried_at_the_next_host) {  // D42
  decide_for({.tlsa = Tlsa::Absent});
  mx().replies["RCPT"] = "451 4.3.0 later\r\n";
  run();
  EXPECT_EQ(record.recipients.at(0).outcome, DeliveryOutcome::Delivered);
  EXPECT_EQ(record.recipients.at(0).host, domain("mx2.example.test"));
}

TEST_F(Attempting, a_session_that_had_gone_stale_is_replaced_by_a_new_one_at_the_same_host) {
  decide_for({.tlsa = Tlsa::Absent});
  record.decision.hosts.resize(1);
  mx().replies["MAIL"] = "drop";
  run();
  ASSERT_EQ(record.attempts.size(), 2U);
  EXPECT_TRUE(record.attempts.at(0).shared_session);
  EXPECT_FALSE(record.attempts.at(1).shared_session);
}

// RFC 5321 §3.8: it may be a server's farewell to a session that was idle for too long, with a code of its choice.
TEST_F(Attempting, a_refusal_of_the_first_mail_after_a_pause_is_asked_for_again_in_a_new_session) {
  struct Case {
    const char *mail, *rcpt;
  };
  const Case cases[] = {{"550 5.4.2 idle for too long\r\n", "drop"},
                        {"451 4.7.0 Timeout waiting for client input\r\n", "drop"},
                        {"550 5.7.1 not you\r\n", "421 4.3.2 bye\r\n"},
                        {"550 5.7.1 not you\r\n", "503 5.5.1 MAIL first\r\n"}};
  for (const auto& [mail, rcpt] : cases) {
    for (const char* extensions : {"250-x\r\n250 PIPELINING\r\n", "250 x\r\n"}) {
      record = {};
      decide_for({.tlsa = Tlsa::Absent});
      record.decision.hosts.resize(1);
      mx().ehlo = extensions;
      mx().replies["MAIL"] = mail;
      mx().replies["RCPT"] = rcpt;
      run();
      ASSERT_EQ(record.attempts.size(), 2U) << mail;
      EXPECT_TRUE(record.attempts.at(0).shared_session);
      EXPECT_FALSE(record.attempts.at(1).shared_session);
      EXPECT_EQ(record.recipients.at(0).outcome, DeliveryOutcome::Deferred) << mail;
    }
  }
}

// RFC 1870 §4: the limit is the one that this session's EHLO named, and the session is an old one.
TEST_F(Attempting, what_a_kept_session_could_not_take_is_offered_to_a_new_one) {
  decide_for({.tlsa = Tlsa::Absent});
  record.decision.hosts.resize(1);
  mx().ehlo = "250-x\r\n250 SIZE 10\r\n";
  run();
  ASSERT_EQ(record.attempts.size(), 2U);
  EXPECT_FALSE(record.attempts.at(1).shared_session);
  EXPECT_EQ(record.recipients.at(0).outcome, DeliveryOutcome::Deferred);
}

// RFC 9422 §4.1, §4.2
TEST_F(Attempting, recipients_beyond_rcptmax_go_in_another_transaction) {
  decide_for({.tlsa = Tlsa::Absent}, {"b@example.test", "c@example.test"});
  mx().ehlo = "250-x\r\n250 LIMITS RCPTMAX=1\r\n";
  run();
  EXPECT_EQ(mails(mx()).size(), 2U);
  for (const auto& verdict : record.recipients) EXPECT_EQ(verdict.outcome, DeliveryOutcome::Delivered);
}

TEST_F(Attempting, X07_a_weakened_message_opens_a_session_of_its_own) {
  decide_for({.tls_required_no = true});
  record.decision.hosts.resize(1);
  run();
  EXPECT_THAT(mails(mx()), testing::IsEmpty());
  EXPECT_FALSE(record.attempts.at(0).shared_session);
}

}  // namespace
}  // namespace postseal::outbound
