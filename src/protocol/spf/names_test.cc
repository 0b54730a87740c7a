// SPDX-License-Identifier: Apache-2.0
// What is read from the client's PTR records: "ptr" (RFC 7208 §5.5), %{p} (§7.3) and iprev (RFC 8601 §3).
#include <gtest/gtest.h>

#include "protocol/spf/check.h"
#include "protocol/spf/iprev.h"
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

/// The names of an address, and the addresses of the names.
FakeResolver world(const char* ip, const std::vector<std::string>& names, const std::vector<std::string>& validated) {
  FakeResolver dns;
  std::vector<Bytes> rdata;
  for (const auto& name : names) rdata.push_back(wire_name(name));
  dns.found(reverse_name(IpAddress::parse(ip).value()), RecordType::PTR, rdata);
  for (const auto& name : validated) dns.a(name, {ip});
  return dns;
}

Verdict check(FakeResolver& dns, const char* ip = "192.0.2.1") {
  const Question question{IpAddress::parse(ip).value(), "user@example.com", "helo.example", ""};
  return tests::run_coroutine(spf::check(dns, question, Deadline::in(10s)));
}

// RFC 7208 §5.5.
TEST(Ptr, a_validated_name_at_or_below_the_target_matches) {
  struct {
    const char* record;
    std::vector<std::string> names, validated;
    Result result;
    const char* why;
  } cases[] = {
      {"v=spf1 ptr -all", {"mx.example.com"}, {"mx.example.com"}, Result::Pass, "below"},
      {"v=spf1 ptr -all", {"example.com"}, {"example.com"}, Result::Pass, "at"},
      {"v=spf1 ptr -all", {"mx.Example.COM"}, {"mx.example.com"}, Result::Pass, "in any case"},
      {"v=spf1 ptr -all", {"mx.example.com"}, {}, Result::Fail, "it has no address: anybody may claim the name"},
      {"v=spf1 ptr -all", {"notexample.com"}, {"notexample.com"}, Result::Fail, "not a label's end"},
      {"v=spf1 ptr:other.example -all",
       {"a.example", "b.other.example"},
       {"a.example", "b.other.example"},
       Result::Pass,
       "any of the names"},
      {"v=spf1 ptr:other.example -all", {"mx.example.com"}, {"mx.example.com"}, Result::Fail, "the target's alone"},
  };
  for (const auto& [record, names, validated, result, why] : cases) {
    for (const char* ip : {"192.0.2.1", "2001:db8::1"}) {
      FakeResolver dns = world(ip, names, validated);
      dns.txt("example.com", {{record}});
      EXPECT_EQ(to_string(check(dns, ip).result), to_string(result)) << why;
    }
  }
}

TEST(Ptr, what_dns_does_not_answer_is_passed_over) {
  FakeResolver dns;
  dns.txt("example.com", {{"v=spf1 ptr -all"}});
  dns.state("1.2.0.192.in-addr.arpa", RecordType::PTR, AnswerState::Failed);
  EXPECT_EQ(check(dns).result, Result::Fail) << "§5.5: the lookup of names";
  dns = world("192.0.2.1", {"down.example.com", "mx.example.com"}, {"mx.example.com"});
  dns.txt("example.com", {{"v=spf1 ptr -all"}});
  dns.state("down.example.com", RecordType::A, AnswerState::Failed);
  EXPECT_EQ(check(dns).result, Result::Pass) << "§5.5: the lookup of an address";
}

// RFC 7208 §7.3.
TEST(MacroP, the_domain_itself_is_preferred_then_what_is_below_it_then_anything) {
  struct {
    std::vector<std::string> names, validated;
    const char* expansion;
    const char* why;
  } cases[] = {
      {{"a.example", "b.example.com", "example.com"},
       {"a.example", "b.example.com", "example.com"},
       "example.com",
       "it"},
      {{"a.example", "b.example.com"}, {"a.example", "b.example.com"}, "b.example.com", "below it"},
      {{"a.example", "c.example"}, {"a.example", "c.example"}, "a.example", "any"},
      {{"example.com", "c.example"}, {"c.example"}, "c.example", "validated ones alone"},
      {{"a.example"}, {}, "unknown", "none"},
  };
  for (const auto& [names, validated, expansion, why] : cases) {
    FakeResolver dns = world("192.0.2.1", names, validated);
    dns.txt("example.com", {{"v=spf1 exists:%{p}.list.example exp=e.example.net -all"}});
    dns.txt("e.example.net", {{"you are %{p}"}});
    const Verdict verdict = check(dns);
    EXPECT_EQ(verdict.explanation, std::string("you are ") + expansion) << why;
    EXPECT_EQ(dns.asked[dns.asked.size() - 2], std::pair(std::string(expansion) + ".list.example", RecordType::A));
    EXPECT_EQ(verdict.lookups, 2u) << "exists and the names: RFC 7208 §4.6.4";
  }
  FakeResolver down;
  down.txt("example.com", {{"v=spf1 exp=e.example.net -all"}});
  down.txt("e.example.net", {{"you are %{p}"}});
  down.state("1.2.0.192.in-addr.arpa", RecordType::PTR, AnswerState::Failed);
  EXPECT_EQ(check(down).explanation, "you are unknown") << "§7.3: a DNS error";
  EXPECT_EQ(check(down).lookups, 0u) << "explanations count nothing";
}

IprevVerdict iprev(FakeResolver& dns, const char* ip = "192.0.2.1") {
  return tests::run_coroutine(check_iprev(dns, IpAddress::parse(ip).value(), Deadline::in(10s)));
}

TEST(Iprev, a_name_that_leads_back_passes) {
  for (const char* ip : {"192.0.2.1", "2001:db8::1"}) {
    FakeResolver dns = world(ip, {"liar.example", "mx.example.com"}, {"mx.example.com"});
    const IprevVerdict verdict = iprev(dns, ip);
    EXPECT_EQ(verdict.result, IprevResult::Pass);
    EXPECT_EQ(verdict.name->ascii(), "mx.example.com");
    EXPECT_TRUE(verdict.secure);
  }
}

TEST(Iprev, an_ipv4_mapped_address_is_ipv4) {
  FakeResolver dns = world("192.0.2.1", {"mx.example.com"}, {"mx.example.com"});
  EXPECT_EQ(iprev(dns, "::ffff:192.0.2.1").result, IprevResult::Pass);
}

TEST(Iprev, each_way_of_having_no_name_is_its_own_result) {
  FakeResolver liar = world("192.0.2.1", {"liar.example"}, {});
  EXPECT_EQ(iprev(liar).result, IprevResult::Fail);
  EXPECT_EQ(iprev(liar).name->ascii(), "liar.example");
  FakeResolver nobody;
  EXPECT_EQ(iprev(nobody).result, IprevResult::PermError);
  FakeResolver down;
  down.state("1.2.0.192.in-addr.arpa", RecordType::PTR, AnswerState::Bogus);
  EXPECT_EQ(iprev(down).result, IprevResult::TempError);
  FakeResolver half = world("192.0.2.1", {"down.example"}, {});
  half.state("down.example", RecordType::A, AnswerState::Failed);
  EXPECT_EQ(iprev(half).result, IprevResult::TempError) << "unknown never becomes no";
  FakeResolver odd;
  odd.found("1.2.0.192.in-addr.arpa", RecordType::PTR, {wire_name("two words.example")});
  EXPECT_EQ(iprev(odd).result, IprevResult::Fail);
}

}  // namespace
}  // namespace postseal::spf
