// SPDX-License-Identifier: Apache-2.0
// The rows of the decision matrix that are the decision's own, one by one.
#include "protocol/policy/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/facts_builder.h"

namespace postseal::policy {
namespace {

using namespace tests;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::UnorderedElementsAre;

HostDecision decide_one(const State& state) { return decide(facts_of(state)).hosts.at(0); }
auto has(ReasonCode code) { return Contains(Field(&Reason::code, code)); }

struct Row {
  const char* row;
  State state;
  HostUse use;
  TlsUse tls;
  Proof proof;
  ReasonCode reason;
};

class DecideRow : public ::testing::TestWithParam<Row> {};

TEST_P(DecideRow, leads_to_what_the_matrix_says) {
  const Row& row = GetParam();
  const HostDecision host = decide_one(row.state);
  EXPECT_EQ(host.use, row.use) << row.row;
  if (row.use == HostUse::Dial) {
    EXPECT_EQ(host.requirement.tls, row.tls) << row.row;
    EXPECT_EQ(host.requirement.proof, row.proof) << row.row;
  }
  EXPECT_THAT(host.reasons, has(row.reason)) << row.row;
}

constexpr auto kIfOffered = TlsUse::IfOffered;
constexpr auto kRequired = TlsUse::Required;

INSTANTIATE_TEST_SUITE_P(
    Matrix, DecideRow,
    ::testing::Values(
        Row{"D01", {}, HostUse::Dial, kRequired, Proof::Dane, ReasonCode::TlsaUsable},
        Row{"D05", {.tlsa = Tlsa::Insecure}, HostUse::Dial, kIfOffered, Proof::None, ReasonCode::TlsaAbsent},
        Row{"D06", {.tlsa = Tlsa::Absent}, HostUse::Dial, kIfOffered, Proof::None, ReasonCode::TlsaAbsent},
        Row{"D08 bogus", {.tlsa = Tlsa::Bogus}, HostUse::Skip, kRequired, Proof::None, ReasonCode::TlsaUnknown},
        Row{"D08 servfail", {.tlsa = Tlsa::ServFail}, HostUse::Skip, kRequired, Proof::None, ReasonCode::TlsaUnknown},
        Row{"D09", {.tlsa = Tlsa::Unusable}, HostUse::Dial, kRequired, Proof::None, ReasonCode::TlsaUnusable},
        Row{"D10", {.tlsa = Tlsa::Mixed}, HostUse::Dial, kRequired, Proof::Dane, ReasonCode::TlsaUsable},
        Row{"D25", {.mx = Mx::Insecure}, HostUse::Dial, kRequired, Proof::Dane, ReasonCode::TlsaMxInsecure},
        Row{"D26",
            {.mx = Mx::Insecure, .local = Local::DaneOnly},
            HostUse::Skip,
            kRequired,
            Proof::None,
            ReasonCode::DaneRequiredAbsent},
        Row{"D28", {.address = Address::ServFail}, HostUse::Skip, kRequired, Proof::None, ReasonCode::AddressUnknown},
        Row{"D29", {.address = Address::Insecure}, HostUse::Dial, kIfOffered, Proof::None, ReasonCode::AddressInsecure},
        Row{"D31", {.address = Address::NoData}, HostUse::Skip, kRequired, Proof::None, ReasonCode::AddressAbsent},
        Row{"D38", {.mx = Mx::ImplicitSecure}, HostUse::Dial, kRequired, Proof::Dane, ReasonCode::TlsaUsable},
        Row{"D40 host",
            {.address = Address::NxDomain},
            HostUse::Dead,
            kRequired,
            Proof::None,
            ReasonCode::HostNotFound},
        Row{"D43",
            {.tlsa = Tlsa::Absent, .local = Local::DaneOnly},
            HostUse::Skip,
            kRequired,
            Proof::None,
            ReasonCode::DaneRequiredAbsent},
        Row{"S01", {.tlsa = Tlsa::Absent}, HostUse::Dial, kIfOffered, Proof::None, ReasonCode::StsAbsent},
        Row{"S03",
            {.tlsa = Tlsa::Absent, .sts = Sts::Unknown},
            HostUse::Dial,
            kIfOffered,
            Proof::None,
            ReasonCode::StsUnknown},
        Row{"S10",
            {.tlsa = Tlsa::Absent, .sts = Sts::FetchFailed},
            HostUse::Dial,
            kIfOffered,
            Proof::None,
            ReasonCode::StsUnknown},
        Row{"I2",
            {.tlsa = Tlsa::Absent, .sts = Sts::NotAsked},
            HostUse::Skip,
            kIfOffered,
            Proof::None,
            ReasonCode::StsNotAsked},
        Row{"S28",
            {.tlsa = Tlsa::Absent, .sts = Sts::EnforceMismatch},
            HostUse::Skip,
            kRequired,
            Proof::None,
            ReasonCode::StsMxMismatch},
        Row{"S29",
            {.tlsa = Tlsa::Absent, .sts = Sts::TestingMismatch},
            HostUse::Dial,
            kIfOffered,
            Proof::None,
            ReasonCode::StsTestingMismatch},
        Row{"S30",
            {.tlsa = Tlsa::Absent, .sts = Sts::None},
            HostUse::Dial,
            kIfOffered,
            Proof::None,
            ReasonCode::StsModeNone},
        Row{"S31",
            {.tlsa = Tlsa::Absent, .sts = Sts::EnforceMatch},
            HostUse::Dial,
            kRequired,
            Proof::Pkix,
            ReasonCode::StsEnforce},
        Row{"S38",
            {.mx = Mx::ImplicitInsecure, .tlsa = Tlsa::Absent, .sts = Sts::EnforceMismatch},
            HostUse::Skip,
            kRequired,
            Proof::None,
            ReasonCode::StsMxMismatch},
        Row{"X01", {.sts = Sts::EnforceMatch}, HostUse::Dial, kRequired, Proof::Dane, ReasonCode::StsEnforce},
        Row{"X02", {.sts = Sts::EnforceMismatch}, HostUse::Skip, kRequired, Proof::None, ReasonCode::StsMxMismatch},
        Row{"X03",
            {.tlsa = Tlsa::Insecure, .sts = Sts::EnforceMatch},
            HostUse::Dial,
            kRequired,
            Proof::Pkix,
            ReasonCode::StsEnforce},
        Row{"X04",
            {.tlsa = Tlsa::ServFail, .sts = Sts::EnforceMatch},
            HostUse::Skip,
            kRequired,
            Proof::None,
            ReasonCode::TlsaUnknown},
        Row{"X05",
            {.mx = Mx::Insecure, .tlsa = Tlsa::Absent, .requiretls = true},
            HostUse::Skip,
            kRequired,
            Proof::None,
            ReasonCode::RequireTlsUnauthenticMx},
        Row{"X07",
            {.sts = Sts::EnforceMismatch, .tls_required_no = true},
            HostUse::Dial,
            kIfOffered,
            Proof::None,
            ReasonCode::TlsRequiredNo},
        Row{"X07 with REQUIRETLS",
            {.requiretls = true, .tls_required_no = true},
            HostUse::Dial,
            kRequired,
            Proof::Dane,
            ReasonCode::RequireTls},
        Row{"encrypt",
            {.tlsa = Tlsa::Absent, .local = Local::Encrypt},
            HostUse::Dial,
            kRequired,
            Proof::None,
            ReasonCode::LocalEncrypt},
        Row{"none",
            {.tlsa = Tlsa::Absent, .local = Local::None},
            HostUse::Dial,
            TlsUse::Never,
            Proof::None,
            ReasonCode::LocalNone},
        Row{"secure",
            {.tlsa = Tlsa::Absent, .local = Local::Secure},
            HostUse::Dial,
            kRequired,
            Proof::Pkix,
            ReasonCode::LocalSecure},
        Row{"expired rule",
            {.tlsa = Tlsa::Absent, .local = Local::ExpiredDaneOnly},
            HostUse::Dial,
            kIfOffered,
            Proof::None,
            ReasonCode::TlsaAbsent}));

struct Ending {
  const char* row;
  State state;
  Course course;
  const char* status;
};

TEST(Decide, domains_that_cannot_be_reached_end_as_the_matrix_says) {
  const Ending endings[] = {
      {"D27 bogus", {.mx = Mx::Bogus}, Course::Defer, "4.4.3"},
      {"D27 servfail", {.mx = Mx::ServFail}, Course::Defer, "4.4.3"},
      {"A07", {.mx = Mx::Bogus, .sts = Sts::EnforceMatch}, Course::Defer, "4.4.3"},
      {"D39", {.mx = Mx::NullSecure}, Course::Bounce, "5.1.10"},
      {"S39", {.mx = Mx::NullInsecure, .sts = Sts::EnforceMatch}, Course::Bounce, "5.1.10"},
      {"D40 domain", {.mx = Mx::NxSecure}, Course::Bounce, "5.1.2"},
      {"D40 all hosts", {.address = Address::NxDomain}, Course::Bounce, "5.1.2"},
      {"E4", {.mx = Mx::NxInsecure, .sts = Sts::EnforceMatch}, Course::Defer, "4.4.3"},
      {"E4 hosts",
       {.mx = Mx::Insecure, .address = Address::NxDomain, .sts = Sts::EnforceMatch},
       Course::Defer,
       "4.4.4"},
      {"D40 secure", {.address = Address::NxDomain, .sts = Sts::EnforceMatch}, Course::Bounce, "5.1.2"},
      {"S28 all unmatched", {.sts = Sts::EnforceMismatch}, Course::Defer, "4.7.5"},
      {"X05", {.mx = Mx::Insecure, .tlsa = Tlsa::Absent, .requiretls = true}, Course::Bounce, "5.7.30"},
      {"X05 policy unknown",
       {.mx = Mx::Insecure, .tlsa = Tlsa::Absent, .sts = Sts::Unknown, .requiretls = true},
       Course::Defer,
       "4.4.3"},
      {"X05 unknown", {.tlsa = Tlsa::ServFail, .requiretls = true}, Course::Defer, "4.4.3"},
  };
  for (const Ending& ending : endings) {
    const Decision decision = decide(facts_of(ending.state));
    EXPECT_EQ(decision.course, ending.course) << ending.row;
    EXPECT_EQ(decision.status.to_string(), ending.status) << ending.row;
  }
}

TEST(Decide, D28_one_host_without_known_address_does_not_hold_up_the_other) {
  Facts facts = facts_of({.address = Address::ServFail});
  facts.hosts.push_back(host_facts("mx2.example.test", 20, Address::Secure, Tlsa::Usable));
  const Decision decision = decide(facts);
  EXPECT_EQ(decision.course, Course::Dial);
  EXPECT_EQ(decision.hosts.at(0).use, HostUse::Skip);
  EXPECT_EQ(decision.hosts.at(1).use, HostUse::Dial);
}

TEST(Decide, D40_one_dead_host_is_skipped_and_does_not_bounce_the_mail) {
  Facts facts = facts_of({.address = Address::NxDomain});
  facts.hosts.push_back(host_facts("mx2.example.test", 20, Address::Bogus, Tlsa::Usable));
  EXPECT_EQ(decide(facts).course, Course::Defer);
}

TEST(Decide, D31_one_family_without_address_leaves_the_other) {
  Facts facts = facts_of({});
  EXPECT_EQ(facts.hosts.at(0).addresses.aaaa.state, dns::AnswerState::NoData);
  EXPECT_EQ(decide(facts).hosts.at(0).addresses.size(), 1u);
}

TEST(Decide, D17_names_for_dane_ta_are_base_domain_next_hop_and_its_alias_target) {
  Facts facts = facts_of({});
  facts.mx.canonical = domain("target.test");
  EXPECT_THAT(decide(facts).hosts.at(0).requirement.names,
              UnorderedElementsAre(ReferenceName{domain("mx.example.test")}, ReferenceName{domain("example.test")},
                                   ReferenceName{domain("target.test")}));
}

TEST(Decide, D17_an_unsigned_mx_answer_lends_no_names) {
  EXPECT_THAT(decide_one({.mx = Mx::Insecure}).requirement.names,
              ElementsAre(ReferenceName{domain("mx.example.test")}));
}

TEST(Decide, D44_sni_is_the_tlsa_base_domain) {
  Facts facts = facts_of({});
  facts.hosts.at(0).tlsa.base_domain = domain("base.test");
  EXPECT_EQ(decide(facts).hosts.at(0).requirement.sni, domain("base.test"));
}

TEST(Decide, S32_S33_mta_sts_checks_and_announces_the_mx_host_not_the_pattern_or_the_next_hop) {
  Facts facts = facts_of({.tlsa = Tlsa::Absent, .sts = Sts::EnforceMatch});
  facts.sts.policy->mx = {{domain("example.test"), true}};
  const Requirement need = decide(facts).hosts.at(0).requirement;
  EXPECT_THAT(need.names, ElementsAre(ReferenceName{domain("mx.example.test")}));
  EXPECT_EQ(need.sni, domain("mx.example.test"));
  EXPECT_EQ(need.floor, TlsFloor::Tls12);
}

TEST(Decide, D41_an_exchange_that_is_an_address_is_not_dialled) {
  Facts facts = facts_of({});
  facts.hosts.at(0).name_valid = false;
  EXPECT_THAT(decide(facts).hosts.at(0).reasons, has(ReasonCode::HostNameInvalid));
}

TEST(Decide, D41_S37_an_address_literal_has_neither_dane_nor_policy_but_local_rules) {
  Facts facts = facts_of({.local = Local::Encrypt});
  facts.next_hop = *IpAddress::parse("127.0.0.25");
  facts.mx_lookup = false;
  facts.hosts.at(0).name = Domain();
  const HostDecision host = decide(facts).hosts.at(0);
  EXPECT_EQ(host.use, HostUse::Dial);
  EXPECT_EQ(host.requirement.proof, Proof::None);
  EXPECT_EQ(host.requirement.tls, TlsUse::Required);
  EXPECT_THAT(host.reasons, has(ReasonCode::AddressLiteral));
}

TEST(Decide, secure_believes_the_mx_hosts_own_name_only_where_the_mx_is_authentic) {
  const State unsigned_mx{.mx = Mx::Insecure, .tlsa = Tlsa::Absent, .local = Local::Secure};
  EXPECT_THAT(decide_one(unsigned_mx).requirement.names,
              UnorderedElementsAre(ReferenceName{domain("example.test")}, ReferenceName{domain("example.test"), true}));
  const State signed_mx{.tlsa = Tlsa::Absent, .local = Local::Secure};
  EXPECT_THAT(decide_one(signed_mx).requirement.names, Contains(ReferenceName{domain("mx.example.test")}));
}

TEST(Decide, secure_does_not_take_dane_at_a_host_that_an_unsigned_mx_names) {
  const HostDecision host = decide_one({.mx = Mx::Insecure, .local = Local::Secure});
  EXPECT_EQ(host.use, HostUse::Skip);
  EXPECT_THAT(host.reasons, has(ReasonCode::LocalSecure));
}

TEST(Decide, D48_tls_that_is_required_is_1_2_at_least) {
  EXPECT_EQ(decide_one({.tlsa = Tlsa::Unusable}).requirement.floor, TlsFloor::Tls12);
  EXPECT_EQ(decide_one({.tlsa = Tlsa::Absent, .local = Local::Encrypt}).requirement.floor, TlsFloor::Tls12);
}

TEST(Decide, D40_hosts_that_were_not_looked_at_may_exist) {
  Facts facts = facts_of({.address = Address::NxDomain});
  facts.hosts_left_out = true;
  EXPECT_EQ(decide(facts).course, Course::Defer);
}

TEST(Decide, a_testing_policy_does_not_lower_a_local_rule) {  // pitfall 4
  const HostDecision host = decide_one({.tlsa = Tlsa::Absent, .sts = Sts::TestingMismatch, .local = Local::Encrypt});
  EXPECT_EQ(host.requirement.tls, TlsUse::Required);
}

TEST(Decide, X06_requiretls_asks_for_the_promise_inside_tls) {
  EXPECT_TRUE(decide_one({.requiretls = true}).requirement.requiretls_keyword);
}

}  // namespace
}  // namespace postseal::policy
