// SPDX-License-Identifier: Apache-2.0
// RFC 7208 §4.6.4 and §11: what a domain may cost the receiver. Adversaries A26.
#include <gtest/gtest.h>

#include "protocol/spf/check.h"
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

Verdict check(FakeResolver& dns, const char* ip = "192.0.2.1", Deadline deadline = Deadline::in(10s)) {
  const Question question{IpAddress::parse(ip).value(), "user@example.com", "mail.example.com", ""};
  return tests::run_coroutine(spf::check(dns, question, deadline));
}

std::string times(int count, const std::string& term) {
  std::string text;
  for (int i = 0; i < count; ++i) text += " " + term;
  return text;
}

TEST(SpfLimits, A26_the_eleventh_lookup_is_a_permanent_error) {
  struct {
    std::string record;
    Result result;
    unsigned lookups;
    const char* why;
  } cases[] = {
      {"v=spf1" + times(10, "a:other.example") + " -all", Result::Fail, 10, "ten are allowed"},
      {"v=spf1" + times(11, "a:other.example") + " -all", Result::PermError, 10, "eleven are not"},
      {"v=spf1" + times(10, "a:other.example") + " ip4:192.0.2.1 a -all", Result::Pass, 10, "what is not reached"},
      {"v=spf1" + times(10, "a:other.example") + " redirect=end.example", Result::PermError, 10, "redirect counts"},
      {"v=spf1" + times(9, "a:other.example") + " redirect=end.example", Result::Fail, 10, "and may be the tenth"},
      {"v=spf1" + times(9, "mx:mxes.example") + " exists:other.example -all", Result::Pass, 10, "mx and exists count"},
      {"v=spf1" + times(10, "ptr") + " include:end.example -all", Result::PermError, 10, "ptr and include count"},
      {"v=spf1 include:five.example include:five.example -all", Result::PermError, 10, "in the whole evaluation"},
      {"v=spf1" + times(50, "ip4:198.51.100.7") + times(50, "ip6:::1") + " -all", Result::Fail, 0, "networks do not"},
      {"v=spf1" + times(10, "a:other.example") + " -all exp=exp.example", Result::Fail, 10, "explanations do not"},
      {"v=spf1 redirect=example.com", Result::PermError, 10, "a loop"},
      {"v=spf1 include:example.com", Result::PermError, 10, "a loop of includes"},
      {"v=spf1" + times(9, "a:other.example") + " exists:%{p}.list.example -all", Result::PermError, 10,
       "%{p} is a lookup of its own"},
  };
  for (const auto& [record, result, lookups, why] : cases) {
    FakeResolver dns;
    dns.txt("example.com",
            {{record.substr(0, 250), record.size() > 250 ? record.substr(250, 250) : "",
              record.size() > 500 ? record.substr(500, 250) : "", record.size() > 750 ? record.substr(750, 250) : "",
              record.size() > 1000 ? record.substr(1000, 250) : "", record.size() > 1250 ? record.substr(1250) : ""}});
    dns.txt("end.example", {{"v=spf1 -all"}});
    dns.txt("five.example", {{"v=spf1" + times(5, "a:other.example")}});
    dns.txt("exp.example", {{"no"}});
    dns.a("other.example", {"198.51.100.1"});
    dns.mx("mxes.example", {{10, "other.example"}});
    dns.found("1.2.0.192.in-addr.arpa", RecordType::PTR, {wire_name("other.example")});
    const Verdict verdict = check(dns);
    EXPECT_EQ(to_string(verdict.result), to_string(result)) << why << ": " << verdict.reason;
    EXPECT_EQ(verdict.lookups, lookups) << why;
    EXPECT_LT(dns.asked.size(), 30u) << why;
  }
}

TEST(SpfLimits, A26_the_third_lookup_that_finds_nothing_is_a_permanent_error) {
  struct {
    const char* record;
    Result result;
    unsigned voids;
    const char* why;
  } cases[] = {
      {"v=spf1 a:x.example exists:y.example -all", Result::Fail, 2, "two are allowed"},
      {"v=spf1 a:x.example a:y.example a:z.example -all", Result::PermError, 3, "three are not"},
      {"v=spf1 mx:x.example exists:y.example ptr -all", Result::PermError, 3, "mx, exists and ptr"},
      {"v=spf1 a:x.example a:y.example exists:six.example -all", Result::PermError, 3, "no data is nothing, too"},
      {"v=spf1 mx:empty.example mx:empty.example mx:empty.example -all", Result::PermError, 3, "hosts without address"},
      {"v=spf1 mx:half.example mx:half.example mx:half.example -all", Result::Fail, 0, "one host with an address"},
      {"v=spf1 mx:null.example mx:null.example mx:null.example -all", Result::Fail, 0,
       "RFC 7505: a null MX is an answer"},
      {"v=spf1 a:x.example a:y.example exp=z.example -all", Result::Fail, 2, "explanations do not count"},
  };
  for (const auto& [record, result, voids, why] : cases) {
    FakeResolver dns;
    dns.txt("example.com", {{record}});
    dns.a("six.example", {"2001:db8::1"});
    dns.a("four.example", {"198.51.100.1"});
    dns.mx("null.example", {{0, "."}});
    dns.mx("empty.example", {{10, "a.example"}, {20, "b.example"}, {30, "c.example"}});
    dns.mx("half.example", {{10, "a.example"}, {20, "b.example"}, {30, "c.example"}, {40, "four.example"}});
    const Verdict verdict = check(dns);
    EXPECT_EQ(to_string(verdict.result), to_string(result)) << why << ": " << verdict.reason;
    EXPECT_EQ(verdict.void_lookups, voids) << why;
  }
}

TEST(SpfLimits, A26_an_mx_of_eleven_hosts_is_a_permanent_error_whoever_is_first) {
  for (const int count : {10, 11}) {
    FakeResolver dns;
    dns.txt("example.com", {{"v=spf1 mx -all"}});
    std::vector<std::pair<int, std::string>> hosts;
    for (int i = 0; i < count; ++i) hosts.emplace_back(i, "mx" + std::to_string(i) + ".example");
    dns.mx("example.com", hosts);
    dns.a("mx0.example", {"192.0.2.1"});
    EXPECT_EQ(to_string(check(dns).result), to_string(count == 10 ? Result::Pass : Result::PermError));
  }
}

TEST(SpfLimits, A26_of_more_than_ten_names_ptr_looks_at_ten) {
  FakeResolver dns;
  dns.txt("example.com", {{"v=spf1 ptr -all"}});
  std::vector<Bytes> names;
  for (int i = 0; i < 40; ++i) names.push_back(wire_name("n" + std::to_string(i) + ".example.com"));
  dns.found("1.2.0.192.in-addr.arpa", RecordType::PTR, names);
  dns.a("n10.example.com", {"192.0.2.1"});
  EXPECT_EQ(check(dns).result, Result::Fail) << "the eleventh is not looked at";
  EXPECT_EQ(dns.asked.size(), 12u) << "the record, the names, ten addresses";
  dns.a("n9.example.com", {"192.0.2.1"});
  EXPECT_EQ(check(dns).result, Result::Pass) << "the tenth is";
}

TEST(SpfLimits, a_check_that_takes_too_long_is_a_temporary_error) {
  FakeResolver dns;
  dns.txt("example.com", {{"v=spf1 ptr -all"}});
  EXPECT_EQ(check(dns, "192.0.2.1", Deadline::in(-1s)).result, Result::TempError)
      << "even where each lookup that failed would be passed over";
}

TEST(SpfLimits, A26_a_record_of_64_kib_is_judged_at_once) {
  FakeResolver dns;
  std::vector<std::string> strings{"v=spf1"};
  for (int i = 0; i < 4000; ++i) strings.push_back(" ip4:198.51.100.1");
  strings.push_back(" -all");
  dns.txt("example.com", {strings});
  EXPECT_EQ(check(dns).result, Result::Fail);
}

}  // namespace
}  // namespace postseal::spf
