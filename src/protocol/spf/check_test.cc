// SPDX-License-Identifier: Apache-2.0
#include "protocol/spf/check.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "protocol/spf/macro.h"
#include "tests/fake_resolver.h"
#include "tests/run_coroutine.h"

namespace postseal::spf {
namespace {

using namespace std::chrono_literals;
using dns::AnswerState;
using dns::RecordType;
using tests::FakeResolver;
using tests::wire_name;

constexpr const char* kClient = "192.0.2.1";

/// A world of zones, one client, one sender.
struct World {
  FakeResolver dns;
  Question question{IpAddress::parse(kClient).value(), "user@example.com", "mail.example.com", "receiver.example"};
  Deadline deadline = Deadline::in(10s);

  World& spf(const std::string& name, const std::string& record) {
    dns.txt(name, {{record}});
    return *this;
  }
  World& from(const char* ip) {
    question.ip = IpAddress::parse(ip).value();
    return *this;
  }
  void ptr(const std::string& ip, const std::vector<std::string>& names) {
    std::vector<Bytes> rdata;
    for (const auto& name : names) rdata.push_back(wire_name(name));
    dns.found(reverse_name(IpAddress::parse(ip).value()), RecordType::PTR, rdata);
  }
  Verdict check() { return tests::run_coroutine(spf::check(dns, question, deadline)); }
  bool asked(const std::string& name, RecordType type) const {
    return std::ranges::find(dns.asked, std::pair(name, type)) != dns.asked.end();
  }
};

/// The result of a record of example.com, in a world that has a few names.
Verdict judge(const std::string& record, const char* ip = kClient) {
  World world;
  world.from(ip).spf("example.com", record);
  world.dns.a("example.com", {kClient, "2001:db8::1"});
  world.dns.a("other.example", {"198.51.100.1", "198.51.100.2", "2001:db8:ffff::1"});
  world.dns.a("v4.example", {"192.0.2.9"});
  world.dns.mx("example.com", {{10, "mx.example.com"}});
  world.dns.a("mx.example.com", {"192.0.2.25", "2001:db8::25"});
  world.dns.mx("null.example", {{0, "."}});
  world.dns.mx("hosts.example", {{10, "nowhere.example"}, {20, "other.example"}});
  world.spf("pass.example", "v=spf1 +all").spf("fail.example", "v=spf1 -all").spf("soft.example", "v=spf1 ~all");
  world.spf("neutral.example", "v=spf1 ?all").spf("broken.example", "v=spf1 moo").spf("text.example", "hello");
  world.dns.state("down.example", RecordType::TXT, AnswerState::Failed);
  world.dns.state("down.example", RecordType::A, AnswerState::Failed);
  world.dns.state("down.example", RecordType::AAAA, AnswerState::Bogus);
  world.dns.state("down.example", RecordType::MX, AnswerState::Bogus);
  world.dns.mx("downhost.example", {{10, "down.example"}});
  return world.check();
}

struct Case {
  const char* record;
  Result result;
  const char* why;
  const char* ip = kClient;
};

// RFC 7208 §4.6, RFC 7208 §4.6.2, RFC 7208 §4.7, RFC 7208 §5.
TEST(SpfCheck, directives_are_evaluated_in_order_and_the_first_match_decides) {
  for (const Case& each : {
           Case{"v=spf1 all", Result::Pass, "§4.6.2: no qualifier is +"},
           Case{"v=spf1 -all +all", Result::Fail, "the first match decides"},
           Case{"v=spf1 ip4:198.51.100.1 ~all", Result::SoftFail, "what does not match is passed over"},
           Case{"v=spf1", Result::Neutral, "§4.7: an empty record is neutral"},
           Case{"v=spf1 ip4:198.51.100.1", Result::Neutral, "§4.7: so is one that has nothing to say"},
           Case{"v=spf1 -ip4:192.0.2.0/24 +all", Result::Fail, "§5.6"},
           Case{"v=spf1 ip6:2001:db8::/32 -all", Result::Pass, "§5.6", "2001:db8::77"},
           Case{"v=spf1 ip6:::/0 -all", Result::Fail, "§5: IPv4 is not IPv6"},
           Case{"v=spf1 ip4:0.0.0.0/0 -all", Result::Fail, "§5: nor the other way round", "2001:db8::77"},
           Case{"v=spf1 ip4:192.0.2.1 -all", Result::Pass, "§5: IPv4-mapped is IPv4", "::ffff:192.0.2.1"},
           Case{"v=spf1 ip6:::ffff:192.0.2.1 -all", Result::Fail, "§5: and IPv4 alone", "::ffff:192.0.2.1"},
           Case{"v=spf1 a -all moo", Result::PermError, "§4.6: errors are found before anything matches"},
       }) {
    EXPECT_EQ(to_string(judge(each.record, each.ip).result), to_string(each.result)) << each.record << ": " << each.why;
  }
}

// RFC 7208 §5.3, RFC 7208 §5.4, RFC 7208 §4.8.
TEST(SpfCheck, a_and_mx_compare_addresses_of_the_clients_family) {
  for (const Case& each : {
           Case{"v=spf1 a -all", Result::Pass, "§5.3: the domain itself"},
           Case{"v=spf1 a -all", Result::Pass, "§5.3: AAAA for IPv6", "2001:db8::1"},
           Case{"v=spf1 a:other.example -all", Result::Pass, "any of the addresses", "198.51.100.2"},
           Case{"v=spf1 a:other.example -all", Result::Fail, "none of them"},
           Case{"v=spf1 a:other.example/24 -all", Result::Pass, "within the length", "198.51.100.77"},
           Case{"v=spf1 a:other.example/25 -all", Result::Fail, "not within it", "198.51.100.200"},
           Case{"v=spf1 a:other.example//48 -all", Result::Pass, "the length of IPv6", "2001:db8:ffff:1::2"},
           Case{"v=spf1 a:other.example/0 -all", Result::Fail, "which is not that of IPv4", "2001:db8:ffff:1::2"},
           Case{"v=spf1 a:v4.example//0 -all", Result::Fail, "no AAAA, no match", "2001:db8::1"},
           Case{"v=spf1 a:missing.example/0 -all", Result::Fail, "no address, no match"},
           Case{"v=spf1 mx -all", Result::Pass, "§5.4", "192.0.2.25"},
           Case{"v=spf1 mx -all", Result::Pass, "§5.4", "2001:db8::25"},
           Case{"v=spf1 mx/24 -all", Result::Pass, "§5.4", "192.0.2.200"},
           Case{"v=spf1 mx -all", Result::Fail, "§5.4"},
           Case{"v=spf1 mx:v4.example -all", Result::Fail, "§5.4 MUST NOT: the domain is not its own MX", "192.0.2.9"},
           Case{"v=spf1 mx:null.example -all", Result::Fail, "RFC 7505: a null MX is nobody"},
           Case{"v=spf1 mx:hosts.example -all", Result::Pass, "a host without address is passed", "198.51.100.1"},
           Case{"v=spf1 a:down.example -all", Result::TempError, "§5: unknown is no answer"},
           Case{"v=spf1 a:down.example -all", Result::TempError, "bogus neither", "2001:db8::1"},
           Case{"v=spf1 mx:down.example -all", Result::TempError, "§5"},
           Case{"v=spf1 mx:downhost.example -all", Result::TempError, "§5"},
           Case{"v=spf1 a:two..dots.example -all", Result::Fail, "§4.8: what is no name matches nothing"},
       }) {
    EXPECT_EQ(to_string(judge(each.record, each.ip).result), to_string(each.result)) << each.record << ": " << each.why;
  }
}

// RFC 7208 §5.7.
TEST(SpfCheck, exists_asks_for_a_records_whatever_the_client_is) {
  for (const Case& each : {
           Case{"v=spf1 exists:v4.example -all", Result::Pass, "§5.7"},
           Case{"v=spf1 exists:v4.example -all", Result::Pass, "§5.7: A for IPv6, too", "2001:db8::1"},
           Case{"v=spf1 exists:missing.example -all", Result::Fail, "§5.7"},
           Case{"v=spf1 exists:down.example -all", Result::TempError, "§5"},
       }) {
    EXPECT_EQ(to_string(judge(each.record, each.ip).result), to_string(each.result)) << each.record << ": " << each.why;
  }
}

// RFC 7208 §5.2, RFC 7208 §6.1.
TEST(SpfCheck, include_and_redirect_follow_the_tables_of_the_rfc) {
  for (const Case& each : {
           Case{"v=spf1 ~include:pass.example -all", Result::SoftFail, "§5.2: pass matches"},
           Case{"v=spf1 include:fail.example ?all", Result::Neutral, "§5.2: fail does not"},
           Case{"v=spf1 include:soft.example -all", Result::Fail, "§5.2: softfail does not"},
           Case{"v=spf1 include:neutral.example -all", Result::Fail, "§5.2: neutral does not"},
           Case{"v=spf1 include:down.example +all", Result::TempError, "§5.2"},
           Case{"v=spf1 include:broken.example +all", Result::PermError, "§5.2"},
           Case{"v=spf1 include:text.example +all", Result::PermError, "§5.2: none is an error"},
           Case{"v=spf1 include:missing.example +all", Result::PermError, "§5.2: so is NXDOMAIN"},
           Case{"v=spf1 include:two..dots.example +all", Result::PermError, "§5.2: and what is no name"},
           Case{"v=spf1 redirect=pass.example", Result::Pass, "§6.1"},
           Case{"v=spf1 redirect=soft.example", Result::SoftFail, "§6.1"},
           Case{"v=spf1 redirect=neutral.example", Result::Neutral, "§6.1"},
           Case{"v=spf1 redirect=down.example", Result::TempError, "§6.1"},
           Case{"v=spf1 redirect=broken.example", Result::PermError, "§6.1"},
           Case{"v=spf1 redirect=text.example", Result::PermError, "§6.1: none is an error"},
           Case{"v=spf1 redirect=two..dots.example", Result::PermError, "§6.1: malformed is an error"},
           Case{"v=spf1 redirect=pass.example -all", Result::Fail, "§6.1: only where nothing matched"},
           Case{"v=spf1 redirect=pass.example ip4:198.51.100.1", Result::Pass, "§6.1: wherever it stands"},
       }) {
    EXPECT_EQ(to_string(judge(each.record, each.ip).result), to_string(each.result)) << each.record << ": " << each.why;
  }
}

// RFC 7208 §4.3.
TEST(SpfCheck, a_single_label_has_no_policy_wherever_a_macro_leads) {
  World world;
  world.question.helo = "localhost";
  world.spf("localhost", "v=spf1 +all").spf("example.com", "v=spf1 include:%{h} -all");
  EXPECT_EQ(world.check().result, Result::PermError);
  EXPECT_FALSE(world.asked("localhost", RecordType::TXT));
}

TEST(SpfCheck, redirect_changes_the_domain_and_include_does_too) {
  World world;
  world.spf("example.com", "v=spf1 include:inc.example redirect=red.example");
  world.spf("inc.example", "v=spf1 exists:%{d}.%{o}.list.example -all");
  world.spf("red.example", "v=spf1 a -all");
  world.dns.a("red.example", {kClient});
  EXPECT_EQ(world.check().result, Result::Pass);
  EXPECT_TRUE(world.asked("inc.example.example.com.list.example", RecordType::A)) << "%{o} stays, %{d} changes";
}

// RFC 7208 §3.3, RFC 7208 §4.4, RFC 7208 §4.5.
TEST(SpfCheck, a_domain_without_exactly_one_record_has_no_policy_or_an_error) {
  struct {
    std::vector<std::vector<std::string>> records;
    Result result;
    const char* why;
  } cases[] = {
      {{{"v=spf1 -all"}}, Result::Fail, "one"},
      {{{"v=spf1 -all"}, {"other text"}, {"v=spf10 +all"}}, Result::Fail, "§4.5: one among others"},
      {{{"v=spf1", " -a", "ll"}}, Result::Fail, "§3.3: strings are joined without blanks"},
      {{{"v=spf1", "-all"}}, Result::None, "§3.3: which may spoil the version"},
      {{{"other text"}}, Result::None, "§4.5: none"},
      {{{"v=spf1 -all"}, {"V=SPF1 -all"}}, Result::PermError, "§3.2, §4.5: two"},
      {{{"v=spf1 -all"}, {"\x96"}}, Result::Fail, "what is no record may have any octets"},
      {{{"v=spf1 \x96"}}, Result::PermError, "§3.1: a record may not"},
  };
  for (const auto& [records, result, why] : cases) {
    World world;
    world.dns.txt("example.com", records);
    EXPECT_EQ(to_string(world.check().result), to_string(result)) << why;
  }
  World absent;
  EXPECT_EQ(absent.check().result, Result::None) << "§4.3: NXDOMAIN";
  World no_text;
  no_text.dns.a("example.com", {kClient});
  EXPECT_EQ(no_text.check().result, Result::None) << "§4.5: no TXT record";
  for (const AnswerState state : {AnswerState::Failed, AnswerState::Bogus}) {
    World down;
    down.dns.state("example.com", RecordType::TXT, state);
    EXPECT_EQ(down.check().result, Result::TempError) << "§4.4";
  }
  World empty_record;
  empty_record.dns.found("example.com", RecordType::TXT,
                         {{}, {11, 'v', '=', 's', 'p', 'f', '1', ' ', '-', 'a', 'l', 'l'}});
  EXPECT_EQ(empty_record.check().result, Result::Fail) << "a record without strings is none of ours";
}

// RFC 7208 §2.4, RFC 7208 §4.3, RFC 8616 §4.
TEST(SpfCheck, senders_are_read_as_smtp_gives_them) {
  struct {
    const char* mail_from;
    const char* helo;
    Result result;
    const char* local;
    const char* why;
  } cases[] = {
      {"user@example.com", "x", Result::Fail, "user", "§4.1"},
      {"user@EXAMPLE.com.", "x", Result::Fail, "user", "case and a final dot"},
      {"@example.com", "x", Result::Fail, "postmaster", "§4.3: no local part"},
      {"example.com", "x", Result::Fail, "postmaster", "§4.3: no @ either"},
      {"\"a@b\"@example.com", "x", Result::Fail, "\"a@b\"", "the last @ counts"},
      {"", "example.com", Result::Fail, "postmaster", "§2.4: <> is postmaster at HELO"},
      {"user@b\xc3\xbc"
       "cher.example",
       "x", Result::Fail, "user", "RFC 8616 §4: U-labels"},
      {"", "localhost", Result::None, "", "§4.3: one label"},
      {"", "[192.0.2.1]", Result::None, "", "§4.3: an address literal"},
      {"", "192.0.2.1", Result::None, "", "an address"},
      {"", "-?*", Result::None, "", "HELO may be anything"},
      {"user@[192.0.2.1]", "example.com", Result::None, "", "a literal is not replaced by HELO"},
      {"user@", "example.com", Result::None, "", "an empty domain"},
      {"user@a..example", "x", Result::None, "", "§4.3: an empty label"},
      {"user@two words.example", "x", Result::None, "", "blanks"},
      {"user@\xff.example", "x", Result::None, "", "no UTF-8"},
  };
  for (const auto& [mail_from, helo, result, local, why] : cases) {
    World world;
    world.spf("example.com", "v=spf1 exp=exp.example -all").spf("xn--bcher-kva.example", "v=spf1 exp=exp.example -all");
    world.dns.txt("exp.example", {{"%{l}"}});
    world.question.mail_from = mail_from;
    world.question.helo = helo;
    const Verdict verdict = world.check();
    EXPECT_EQ(to_string(verdict.result), to_string(result)) << why;
    EXPECT_EQ(verdict.explanation, local) << why;
    EXPECT_EQ(verdict.from_helo, *mail_from == '\0') << why;
    if (result == Result::None) {
      EXPECT_TRUE(world.dns.asked.empty()) << why << ": nothing to ask DNS for";
      EXPECT_FALSE(verdict.reason.empty());
    }
  }
  const std::string label64 = std::string(64, 'a') + ".example";
  World world;
  world.question.mail_from = "user@" + label64;
  EXPECT_EQ(world.check().result, Result::None) << "§4.3: a label of 64 octets";
}

TEST(SpfCheck, helo_can_be_checked_by_itself) {
  World world;
  world.spf("mail.example.com", "v=spf1 a -all").spf("example.com", "v=spf1 -all");
  world.dns.a("mail.example.com", {kClient});
  const Verdict verdict = tests::run_coroutine(check_helo(world.dns, world.question, world.deadline));
  EXPECT_EQ(verdict.result, Result::Pass);
  EXPECT_EQ(verdict.domain, "mail.example.com");
  EXPECT_TRUE(verdict.from_helo);
}

TEST(SpfCheck, macros_that_make_odd_names_ask_dns_for_them_and_match_nothing) {
  World world;
  world.spf("example.com", "v=spf1 exists:%{s}.list.example a:%{h} -all");
  world.question.mail_from = "two words\"@example.com";
  world.question.helo = "JUMPIN' JUPITER";
  EXPECT_EQ(world.check().result, Result::Fail);
  EXPECT_TRUE(world.asked("two\\032words\\034\\064example.com.list.example", RecordType::A));
  EXPECT_TRUE(world.asked("jumpin'\\032jupiter", RecordType::A));
}

TEST(SpfCheck, a_local_part_outside_ascii_matches_nothing) {
  // RFC 8616 §4.
  World world;
  world.question.mail_from = "m\xc3\xbcller@example.com";
  world.spf("example.com",
            "v=spf1 exists:%{l}.list.example include:%{s}.list.example a:%{l1r-}.example -all exp=e.example");
  world.dns.txt("e.example", {{"%{l} is not known"}});
  const Verdict verdict = world.check();
  EXPECT_EQ(verdict.result, Result::Fail) << verdict.reason;
  EXPECT_EQ(verdict.explanation, "m??ller is not known");
  EXPECT_EQ(world.dns.asked.size(), 2u) << "the record and its explanation";
  world.spf("example.com", "v=spf1 exists:%{d}.list.example -all");
  world.dns.a("example.com.list.example", {"127.0.0.2"});
  EXPECT_EQ(world.check().result, Result::Pass) << "terms without it are as ever";
}

TEST(SpfCheck, the_verdict_names_term_domain_and_dnssec) {
  World world;
  world.spf("example.com", "v=spf1 a:v4.example -include:inc.example ?all").spf("inc.example", "v=spf1 +all");
  world.dns.a("v4.example", {"192.0.2.9"});
  Verdict verdict = world.check();
  EXPECT_EQ(verdict.result, Result::Fail);
  EXPECT_EQ(verdict.mechanism, "-include:inc.example") << "the directive of the domain itself";
  EXPECT_EQ(verdict.domain, "example.com");
  EXPECT_EQ(verdict.lookups, 2u);
  EXPECT_EQ(verdict.void_lookups, 0u);
  EXPECT_TRUE(verdict.secure);
  world.dns.a("v4.example", {"192.0.2.9"}, false);
  EXPECT_FALSE(world.check().secure) << "one insecure answer is enough";
  world.spf("example.com", "v=spf1");
  EXPECT_EQ(world.check().mechanism, "default");
}

}  // namespace
}  // namespace postseal::spf
