// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "edge/resolver/resolver.h"
#include "tests/fake_resolver.h"
#include "tests/run_coroutine.h"

namespace postseal::resolver {
namespace {

using dns::AnswerState;
using dns::Failure;
using dns::RecordType;

/// The Internet as it should look.
void healthy(tests::FakeResolver& dns) {
  dns.found("", RecordType::NS, {tests::wire_name("a.root-servers.net")});
  dns.found("", RecordType::DNSKEY, {{1, 1, 3, 8, 0}});
  dns.state("dnssec-failed.org", RecordType::A, AnswerState::Bogus);
  dns.txt("microsoft.com", std::vector<std::vector<std::string>>(10, {std::string(200, 'x')}), false);
}

std::vector<SelfCheckLine> run(tests::FakeResolver& dns, bool anchors = true) {
  return tests::run_coroutine(self_check(dns, anchors, Deadline::in(std::chrono::seconds(5))));
}

TEST(SelfTest, a_healthy_machine_passes_every_line) {
  tests::FakeResolver dns;
  healthy(dns);
  const auto lines = run(dns);
  EXPECT_EQ(lines.size(), 4u);
  for (const auto& line : lines) EXPECT_TRUE(line.good) << line.check << ": " << line.result;
}

TEST(SelfTest, without_a_network_every_line_is_bad_and_names_a_remedy) {
  tests::FakeResolver dns;
  for (const auto& [name, type] :
       {std::pair{"", RecordType::NS}, std::pair{"", RecordType::DNSKEY}, std::pair{"dnssec-failed.org", RecordType::A},
        std::pair{"microsoft.com", RecordType::TXT}}) {
    dns.state(name, type, AnswerState::Failed, false, Failure::Timeout);
  }
  for (const auto& line : run(dns)) {
    EXPECT_FALSE(line.good) << line.check;
    EXPECT_NE(line.result.find("timeout"), std::string::npos) << line.result;
    EXPECT_TRUE(line.result.find("network") != std::string::npos || line.result.find("firewall") != std::string::npos)
        << line.result;
  }
}

TEST(SelfTest, each_fault_fails_its_own_line_with_its_own_words) {
  struct Row {
    const char* name;
    RecordType type;
    AnswerState state;
    bool secure;
    std::size_t line;
    const char* words;
  };
  for (const Row& row : {Row{"", RecordType::DNSKEY, AnswerState::Bogus, false, 1, "strips"},
                         Row{"", RecordType::DNSKEY, AnswerState::NoData, false, 1, "not one of the root"},
                         Row{"dnssec-failed.org", RecordType::A, AnswerState::Failed, false, 2, "iterate"},
                         Row{"dnssec-failed.org", RecordType::A, AnswerState::NxDomain, true, 2, "in its place"},
                         Row{"microsoft.com", RecordType::TXT, AnswerState::Failed, false, 3, "TCP port 53"}}) {
    tests::FakeResolver dns;
    healthy(dns);
    dns.state(row.name, row.type, row.state, row.secure);
    const auto lines = run(dns);
    for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i].good, i != row.line) << lines[i].check;
    EXPECT_NE(lines[row.line].result.find(row.words), std::string::npos) << lines[row.line].result;
  }
}

TEST(SelfTest, a_forgery_that_passes_is_said) {
  tests::FakeResolver dns;
  healthy(dns);
  dns.a("dnssec-failed.org", {"192.0.2.1"}, false);
  EXPECT_NE(run(dns)[2].result.find("unnoticed"), std::string::npos);
}

TEST(SelfTest, a_short_answer_does_not_prove_tcp) {
  tests::FakeResolver dns;
  healthy(dns);
  dns.txt("microsoft.com", {{"v=spf1 -all"}}, false);
  EXPECT_FALSE(run(dns)[3].good);
}

TEST(SelfTest, without_anchors_it_says_that_nothing_is_validated) {
  tests::FakeResolver dns;
  healthy(dns);
  const auto lines = run(dns, false);
  EXPECT_FALSE(lines[1].good);
  EXPECT_NE(lines[1].result.find("no trust anchor"), std::string::npos);
}

}  // namespace
}  // namespace postseal::resolver
