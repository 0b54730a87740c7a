// SPDX-License-Identifier: Apache-2.0
// What the sender of a fail is told: RFC 7208 §6.2.
#include <gtest/gtest.h>

#include "protocol/spf/check.h"
#include "tests/fake_resolver.h"
#include "tests/run_coroutine.h"

namespace postseal::spf {
namespace {

using namespace std::chrono_literals;
using dns::AnswerState;
using dns::RecordType;
using tests::FakeResolver;

Verdict check(FakeResolver& dns, const std::string& mail_from = "user@example.com") {
  Question question{IpAddress::parse("192.0.2.1").value(), mail_from, "helo.example", "receiver.example"};
  question.now = WallTime(Seconds(1'700'000'000));
  return tests::run_coroutine(spf::check(dns, question, Deadline::in(10s)));
}

FakeResolver world(const std::string& record, std::vector<std::vector<std::string>> text) {
  FakeResolver dns;
  dns.txt("example.com", {{record}});
  dns.txt("why.example.com", std::move(text));
  return dns;
}

constexpr const char* kRecord = "v=spf1 -all exp=why.%{d}";

TEST(Explanation, the_text_of_the_domain_is_expanded) {
  FakeResolver dns =
      world(kRecord, {{"%{c} is no host of %{d}: ", "see http://why.%{o}/?s=%{S};ip=%{I};r=%{r};t=%{t}"}});
  EXPECT_EQ(check(dns).explanation,
            "192.0.2.1 is no host of example.com: see "
            "http://why.example.com/?s=user%40example.com;ip=192.0.2.1;r=receiver.example;t=1700000000");
}

// RFC 7208 §6.2.
TEST(Explanation, without_exactly_one_good_text_there_is_none) {
  struct {
    std::vector<std::vector<std::string>> text;
    const char* why;
  } cases[] = {{{{"one"}, {"two"}}, "two records"},
               {{{"The %{x} files"}}, "a macro that does not exist"},
               {{{"100%"}}, "a lone percent sign"},
               {{{"\xc3\xbc"}}, "not US-ASCII"},
               {{{"two\r\nlines"}}, "control characters"}};
  for (const auto& [text, why] : cases) {
    FakeResolver dns = world(kRecord, text);
    const Verdict verdict = check(dns);
    EXPECT_EQ(verdict.result, Result::Fail) << why;
    EXPECT_EQ(verdict.explanation, "") << why;
  }
  FakeResolver none;
  none.txt("example.com", {{kRecord}});
  EXPECT_EQ(check(none).explanation, "") << "no such name";
  none.state("why.example.com", RecordType::TXT, AnswerState::Failed);
  EXPECT_EQ(check(none).result, Result::Fail) << "a DNS error changes no result";
  FakeResolver malformed = world("v=spf1 -all exp=why..%{d}", {{"never"}});
  EXPECT_EQ(check(malformed).result, Result::Fail);
}

TEST(Explanation, only_a_fail_of_the_domain_or_of_its_redirect_is_explained) {
  struct {
    const char* record;
    const char* explanation;
    const char* why;
  } cases[] = {
      {"v=spf1 ~all exp=why.example.com", "", "softfail"},
      {"v=spf1 +all exp=why.example.com", "", "pass"},
      {"v=spf1 exp=why.example.com redirect=plain.example", "", "a redirect takes its own"},
      {"v=spf1 exp=why.example.com redirect=red.example", "red", "a redirect takes its own"},
      {"v=spf1 include:red.example -all", "", "an include gives none"},
      {"v=spf1 -include:pass.example exp=why.example.com", "why", "it fails by our own directive"},
      {"v=spf1 -all", "", "no exp at all"},
  };
  for (const auto& [record, explanation, why] : cases) {
    FakeResolver dns = world(record, {{"why"}});
    dns.txt("plain.example", {{"v=spf1 -all"}});
    dns.txt("pass.example", {{"v=spf1 +all exp=red-why.example"}});
    dns.txt("red.example", {{"v=spf1 -all exp=red-why.example"}});
    dns.txt("red-why.example", {{"red"}});
    EXPECT_EQ(check(dns).explanation, explanation) << why;
  }
}

TEST(Explanation, A26_what_clients_say_comes_out_printable_and_bounded) {
  FakeResolver dns = world(kRecord, {{"%{l}"}});
  EXPECT_EQ(check(dns, "a\r\n250 ok\x7f\xff@example.com").explanation, "a??250 ok??") << "a reply of its own, or EAI";
  EXPECT_EQ(check(dns, std::string(5000, 'x') + "@example.com").explanation, std::string(kMaxExplanation, 'x'));
}

}  // namespace
}  // namespace postseal::spf
