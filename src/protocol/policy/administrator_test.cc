// SPDX-License-Identifier: Apache-2.0
// What the administrator says: local rules and their end, fixed routes, address literals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/policy/decide.h"
#include "protocol/policy/raise.h"
#include "tests/facts_builder.h"

namespace postseal::policy {
namespace {

using namespace tests;
using ::testing::ElementsAre;

Facts facts_of_literal(const State& state) {
  Facts facts = facts_of(state);
  facts.next_hop = *IpAddress::parse("127.0.0.25");
  facts.mx_lookup = false;
  facts.hosts.at(0).name = Domain();
  return facts;
}

TEST(Administrator, X07_tls_required_no_does_not_lift_dane_only) {
  const HostDecision host = decide(facts_of({.local = Local::DaneOnly, .tls_required_no = true})).hosts.at(0);
  EXPECT_EQ(host.use, HostUse::Dial);
  EXPECT_EQ(host.requirement.proof, Proof::Dane);
}

TEST(Administrator, a_local_rule_never_widens_the_names_that_mta_sts_allows) {  // S32
  const State state{.tlsa = Tlsa::Absent, .sts = Sts::EnforceMatch, .local = Local::Secure};
  EXPECT_THAT(decide(facts_of(state)).hosts.at(0).requirement.names,
              ElementsAre(ReferenceName{domain("mx.example.test")}));
}

TEST(Administrator, a_local_rule_ends_in_the_very_second_of_its_expiry) {
  Facts facts = facts_of({.tlsa = Tlsa::Absent, .local = Local::DaneOnly});
  facts.local->expires = facts.now;
  EXPECT_EQ(decide(facts).course, Course::Dial);
  facts.local->expires = facts.now + Seconds(1);
  EXPECT_EQ(decide(facts).course, Course::Defer);
}

TEST(Administrator, a_fixed_host_is_as_authentic_as_the_route_that_names_it) {
  Facts facts = facts_of({.local = Local::DaneOnly});
  facts.next_hop = domain("mx.example.test");
  facts.mx_lookup = false;
  facts.mx = {};
  const HostDecision host = decide(facts).hosts.at(0);
  EXPECT_EQ(host.use, HostUse::Dial);
  EXPECT_TRUE(host.mx_authentic);
}

TEST(Administrator, remembered_tls_makes_tls_mandatory_and_nothing_weaker) {
  for (const Local local : kLocal) {
    Facts facts = facts_of({.tlsa = Tlsa::Absent, .local = local});
    const HostDecision before = decide(facts).hosts.at(0);
    facts.remembered_tls = true;
    const HostDecision after = decide(facts).hosts.at(0);
    EXPECT_EQ(after.use, before.use);
    if (after.use != HostUse::Dial) continue;
    EXPECT_EQ(after.requirement.tls, TlsUse::Required);
    EXPECT_TRUE(at_least(after.requirement, before.requirement));
  }
}

TEST(Administrator, a_sender_who_asks_for_it_gets_a_proof_or_nothing) {
  for (const Mx mx : kMx)
    for (const Tlsa tlsa : kTlsa)
      for (const Sts sts : kSts)
        for (const Local local : kLocal)
          for (const bool no : {false, true}) {
            const State state{.mx = mx, .tlsa = tlsa, .sts = sts, .local = local, .tls_required_no = no};
            Facts facts = facts_of(state);
            facts.message.only_if_verified = true;
            const Decision decision = decide(facts);
            EXPECT_FALSE(decision.weakened) << describe(state);
            State unweakened = state;
            unweakened.tls_required_no = false;
            const Decision before = decide(facts_of(unweakened));
            for (std::size_t i = 0; i < decision.hosts.size(); ++i) {
              const HostDecision& host = decision.hosts[i];
              if (host.use != HostUse::Dial) continue;
              EXPECT_EQ(before.hosts.at(i).use, HostUse::Dial) << describe(state);
              EXPECT_NE(host.requirement.proof, Proof::None) << describe(state);
              EXPECT_TRUE(at_least(host.requirement, before.hosts.at(i).requirement)) << describe(state);
              // Names that a forged MX answer could choose prove nothing.
              if (!host.mx_authentic) {
                for (const auto& name : host.requirement.names) {
                  EXPECT_EQ(MailDestination(name.name), facts.next_hop) << describe(state);
                }
              }
            }
          }
}

/// mx.example.test (10), mx2 (20) and mx3 (20), of which one is we.
Facts facts_with_ourselves(const char* own_name) {
  Facts facts = facts_of({});
  facts.hosts.push_back(host_facts("mx2.example.test", 20, Address::Secure, Tlsa::Usable));
  facts.hosts.push_back(host_facts("mx3.example.test", 20, Address::Secure, Tlsa::Usable));
  facts.own_name = domain(own_name);
  return facts;
}

// RFC 5321 §5.1: no mail goes round in circles between the MX hosts of a domain.
TEST(Administrator, only_hosts_that_are_better_than_ourselves_are_tried) {
  const Decision decision = decide(facts_with_ourselves("mx3.example.test"));
  EXPECT_EQ(decision.course, Course::Dial);
  EXPECT_EQ(decision.hosts.at(0).use, HostUse::Dial);
  EXPECT_EQ(decision.hosts.at(1).use, HostUse::Skip);
  EXPECT_EQ(decision.hosts.at(2).use, HostUse::Skip);
}

TEST(Administrator, mail_that_would_come_back_to_ourselves_is_kept_and_not_bounced) {
  const Decision decision = decide(facts_with_ourselves("mx.example.test"));
  EXPECT_EQ(decision.course, Course::Defer);
  EXPECT_EQ(decision.status.to_string(), "4.4.6");
}

TEST(Administrator, a_route_to_ourselves_is_the_administrators_own_business) {
  Facts facts = facts_with_ourselves("mx.example.test");
  facts.mx_lookup = false;
  EXPECT_EQ(decide(facts).course, Course::Dial);
}

TEST(Administrator, S37_no_policy_binds_an_address_literal) {
  EXPECT_EQ(decide(facts_of_literal({.sts = Sts::EnforceMismatch})).hosts.at(0).use, HostUse::Dial);
}

TEST(Administrator, X05_an_address_literal_cannot_satisfy_requiretls) {
  EXPECT_EQ(decide(facts_of_literal({.requiretls = true})).status.to_string(), "5.7.30");
}

}  // namespace
}  // namespace postseal::policy
