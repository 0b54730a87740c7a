// SPDX-License-Identifier: Apache-2.0
// What a session remembers of its letters' checks, and what slow answers do to them.
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "flow/authenticate/authenticate_fixture.h"

namespace postseal::authenticate {
namespace {

using dns::AnswerState;
using dns::RecordType;

TEST(Authentication, a_session_asks_once_who_its_client_is) {
  World world;
  world.visitor = std::make_shared<Visitor>();
  const auto first = world.judge(kLetter);
  world.dns.asked.clear();
  const auto second = world.judge(kLetter);
  EXPECT_TRUE(second.findings.helo);
  EXPECT_EQ(second.findings.iprev.result, first.findings.iprev.result);
  EXPECT_EQ(second.findings.spf.result, spf::Result::Pass);
  EXPECT_EQ(second.findings.spf.mechanism, first.findings.spf.mechanism);
  for (const auto& [name, type] : world.dns.asked)
    EXPECT_TRUE(name != "mx.example.org" && name != "example.org" && type != RecordType::PTR) << name;
  world.client.helo = "mx2.example.org";
  (void)world.judge(kLetter);
  EXPECT_TRUE(std::ranges::any_of(world.dns.asked, [](const auto& one) { return one.first == "mx2.example.org"; }));
}

TEST(Authentication, each_sender_of_a_session_is_asked_about) {
  World world;
  world.visitor = std::make_shared<Visitor>();
  world.dns.txt("other.example", {{"v=spf1 -all"}});
  EXPECT_EQ(world.judge(kLetter).findings.spf.result, spf::Result::Pass);
  world.client.mail_from = "alice@other.example";
  EXPECT_EQ(world.judge(kLetter).findings.spf.result, spf::Result::Fail);
  world.client.mail_from = "bob@example.org";
  EXPECT_EQ(world.judge(kLetter).findings.spf.result, spf::Result::Pass);
  world.client.ip = address("192.0.2.2");
  EXPECT_EQ(world.judge(kLetter).findings.spf.result, spf::Result::Fail) << "another client, told by PROXY or XCLIENT";
}

TEST(Authentication, a_session_asks_once_what_an_author_wants) {
  World world;
  world.visitor = std::make_shared<Visitor>();
  const auto asked_for = [&](std::string_view policy) {
    const auto is = [&](const auto& one) { return one.first == policy; };
    return std::ranges::any_of(world.dns.asked, is);
  };
  const auto first = world.judge(kLetter);
  EXPECT_TRUE(asked_for("_dmarc.example.org"));
  world.dns.asked.clear();
  const auto second = world.judge(kLetter);
  EXPECT_FALSE(asked_for("_dmarc.example.org"));
  EXPECT_EQ(second.findings.dmarc->result, dmarc::Result::Pass);
  EXPECT_EQ(second.header, first.header);

  world.dns.txt("_dmarc.other.example", {{"v=DMARC1; p=reject"}});
  const auto other = world.judge("From: eve@other.example\r\n\r\nbody\r\n");
  EXPECT_EQ(other.findings.dmarc->result, dmarc::Result::Fail) << "what holds for one author is nothing to another";
  world.client.ip = address("192.0.2.2");
  EXPECT_EQ(world.judge(kLetter).findings.dmarc->result, dmarc::Result::Fail) << "and not to whom nobody vouches for";
  EXPECT_EQ(world.judge(world.sign(kLetter)).findings.dmarc->result, dmarc::Result::Pass) << "until his key does";
}

TEST(Authentication, a_session_without_end_asks_again) {
  World world;
  world.visitor = std::make_shared<Visitor>();
  EXPECT_EQ(world.judge(kLetter).findings.dmarc->result, dmarc::Result::Pass);
  world.dns.txt("example.org", {{"v=spf1 -all"}});
  EXPECT_EQ(world.judge(kLetter).findings.spf.result, spf::Result::Pass);
  world.visitor->until = {};  // as it is when it has passed
  const auto later = world.judge(kLetter);
  EXPECT_EQ(later.findings.spf.result, spf::Result::Fail);
  EXPECT_EQ(later.findings.dmarc->result, dmarc::Result::Fail);
}

TEST(Authentication, a_policy_that_was_not_known_is_asked_for_again) {
  World world;
  world.visitor = std::make_shared<Visitor>();
  world.dns.state("_dmarc.example.org", RecordType::TXT, AnswerState::Failed, false);
  EXPECT_EQ(world.judge(kLetter).findings.dmarc->result, dmarc::Result::TempError);
  world.dns.txt("_dmarc.example.org", {{"v=DMARC1; p=reject"}});
  EXPECT_EQ(world.judge(kLetter).findings.dmarc->result, dmarc::Result::Pass);
}

/// Feeds the letter, lets something happen, and takes the outcome.
Awaitable<std::unique_ptr<const Outcome>> judge_slowly(World* world, dns::Resolver* dns, std::string letter,
                                                       std::function<void()> meanwhile) {
  const Services services{*dns, work_here, world->clock};
  Authentication authentication(services, std::make_shared<const Rules>(world->rules), world->client,
                                co_await boost::asio::this_coro::executor,
                                world->visitor ? world->visitor : std::make_shared<Visitor>());
  authentication.feed(letter);
  meanwhile();
  co_return co_await authentication.finish(authres::Charset::Ascii);
}

TEST(Authentication, a_letter_that_comes_slowly_is_judged_by_what_holds_at_its_end) {
  World world;
  world.visitor = std::make_shared<Visitor>();
  world.client.ip = address("192.0.2.2");
  world.dns.txt("_dmarc.example.org", {{"v=DMARC1; p=none"}});
  EXPECT_EQ(world.judge(kLetter).ruling.course, Course::Accept);
  const auto outcome = tests::run_coroutine(judge_slowly(&world, &world.dns, kLetter, [&] {
    world.dns.txt("_dmarc.example.org", {{"v=DMARC1; p=reject"}});
    world.visitor->until = {};
  }));
  EXPECT_EQ(outcome->ruling.course, Course::Reject);
}

// RFC 7208 §5.5: a DNS error is no match there, so "fail" may have been a bad moment.
TEST(Authentication, a_fail_for_want_of_an_answer_is_not_remembered) {
  World world;
  world.visitor = std::make_shared<Visitor>();
  world.dns.txt("example.org", {{"v=spf1 ptr:example.org -all"}});
  world.dns.state("1.2.0.192.in-addr.arpa", RecordType::PTR, AnswerState::Failed, false);
  EXPECT_EQ(world.judge(kLetter).findings.spf.result, spf::Result::Fail);
  world.dns.found("1.2.0.192.in-addr.arpa", RecordType::PTR, {tests::wire_name("mx.example.org")});
  world.dns.a("mx.example.org", {"192.0.2.1"});
  const auto later = world.judge(kLetter);
  EXPECT_EQ(later.findings.spf.result, spf::Result::Pass);
  EXPECT_EQ(later.findings.dmarc->result, dmarc::Result::Pass);
}

// A24: who writes a signature chooses whose name servers are asked, and they may be slow.
TEST(Authentication, A24_the_authors_policy_has_time_that_no_signature_can_use_up) {
  struct Watched final : dns::Resolver {
    explicit Watched(dns::Resolver& real) : real_(real) {}
    Awaitable<dns::RawAnswer> lookup(Domain name, RecordType type, Deadline deadline) override {
      const bool policy = name.ascii().starts_with("_dmarc.");
      (policy ? for_policy : for_others).push_back(deadline.at);
      co_return co_await real_.lookup(std::move(name), type, deadline);
    }
    std::vector<SteadyTime> for_policy, for_others;
    dns::Resolver& real_;
  };
  World world;
  world.rules.settings.timeout = Seconds(20);
  Watched watched(world.dns);
  (void)tests::run_coroutine(judge_slowly(&world, &watched, world.sign(kLetter), [] {}));
  ASSERT_FALSE(watched.for_policy.empty());
  ASSERT_FALSE(watched.for_others.empty());
  EXPECT_GT(std::ranges::min(watched.for_policy) - std::ranges::max(watched.for_others), Seconds(4));
}

TEST(Authentication, A24_a_signature_whose_key_never_comes_gets_no_letter_in) {
  struct Slow final : dns::Resolver {
    explicit Slow(dns::Resolver& real) : real_(real) {}
    Awaitable<dns::RawAnswer> lookup(Domain name, RecordType type, Deadline deadline) override {
      if (name.ascii().contains("_domainkey")) {
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, deadline.at);
        co_await timer.async_wait(boost::asio::use_awaitable);
        co_return dns::RawAnswer{.failure = dns::Failure::Timeout, .question = name, .canonical = name, .why = "late"};
      }
      co_return co_await real_.lookup(std::move(name), type, deadline);
    }
    dns::Resolver& real_;
  };
  World world;
  world.rules.settings.timeout = Seconds(1);
  world.client.ip = address("192.0.2.2");
  Slow slow(world.dns);
  const std::string letter = world.sign(kLetter, "sub.example.org");
  const auto outcome = tests::run_coroutine(judge_slowly(&world, &slow, letter, [] {}));
  EXPECT_EQ(outcome->findings.dmarc->result, dmarc::Result::TempError);
  EXPECT_EQ(outcome->ruling.course, Course::Defer);
  EXPECT_EQ(outcome->ruling.cause, Cause::Unknown);
}

// A24: a name server that fails at once is no way around the policy either.
TEST(Authentication, A24_a_name_that_fails_at_once_gets_no_letter_in) {
  World world;
  world.client = {address("192.0.2.2"), "evil.example", "x@evil.example", {}};
  world.dns.state("s._domainkey.lame.example.org", RecordType::TXT, AnswerState::Failed, false);
  const auto by_signature = world.judge(world.sign(kLetter, "lame.example.org"));
  EXPECT_EQ(by_signature.findings.dmarc->result, dmarc::Result::TempError);
  EXPECT_EQ(by_signature.ruling.course, Course::Defer);
  world.client.mail_from = "x@lame.example.org";
  world.dns.state("lame.example.org", RecordType::TXT, AnswerState::Failed, false);
  const auto by_sender = world.judge(kLetter);
  EXPECT_EQ(by_sender.findings.dmarc->result, dmarc::Result::TempError);
  EXPECT_EQ(by_sender.ruling.course, Course::Defer);
}

TEST(Authentication, what_was_not_known_of_the_client_is_asked_again) {
  World world;
  world.visitor = std::make_shared<Visitor>();
  world.dns.state("mx.example.org", RecordType::TXT, AnswerState::Failed, false);
  world.dns.state("example.org", RecordType::TXT, AnswerState::Failed, false);
  const auto unknown = world.judge(kLetter);
  EXPECT_EQ(unknown.findings.helo->result, spf::Result::TempError);
  EXPECT_EQ(unknown.findings.spf.result, spf::Result::TempError);
  world.dns.txt("mx.example.org", {{"v=spf1 ip4:192.0.2.1 -all"}});
  world.dns.txt("example.org", {{"v=spf1 ip4:192.0.2.1 -all"}});
  const auto known = world.judge(kLetter);
  EXPECT_EQ(known.findings.helo->result, spf::Result::Pass);
  EXPECT_EQ(known.findings.spf.result, spf::Result::Pass);
}

}  // namespace
}  // namespace postseal::authenticate
