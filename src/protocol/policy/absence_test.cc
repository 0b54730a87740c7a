// SPDX-License-Identifier: Apache-2.0
// What does not exist, what is only not known, and which of the two is believed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/policy/decide.h"
#include "tests/facts_builder.h"

namespace postseal::policy {
namespace {

using namespace tests;
using ::testing::Contains;
using ::testing::Field;

auto has(ReasonCode code) { return Contains(Field(&Reason::code, code)); }

TEST(Absence, E4_only_an_enforced_policy_makes_an_unsigned_absence_doubtful) {
  struct Row {
    State state;
    Course course;
    const char* status;
    const char* why;
  };
  const Row rows[] = {
      {{.mx = Mx::NxInsecure, .sts = Sts::EnforceMatch}, Course::Defer, "4.4.3", "enforced: it had mail servers"},
      {{.mx = Mx::NxInsecure, .sts = Sts::TestingMatch}, Course::Bounce, "5.1.2", "testing: proves nothing yet"},
      {{.mx = Mx::NxSecure, .sts = Sts::EnforceMatch}, Course::Bounce, "5.1.2", "a signed absence cannot be forged"},
  };
  for (const Row& row : rows) {
    const Decision decision = decide(facts_of(row.state));
    EXPECT_EQ(decision.course, row.course) << row.why;
    EXPECT_EQ(decision.status.to_string(), row.status) << row.why;
  }
}

TEST(Absence, D28_hosts_without_known_address_wait_for_dns) {
  const Decision decision = decide(facts_of({.address = Address::ServFail}));
  EXPECT_EQ(decision.course, Course::Defer);
  EXPECT_EQ(decision.status.to_string(), "4.4.3");
}

TEST(Absence, D28_one_family_without_address_does_not_make_the_unknown_other_one_absent) {
  for (const auto family : {&dane::HostAddresses::a, &dane::HostAddresses::aaaa}) {
    Facts facts = facts_of({.address = Address::NoData});
    auto& answer = facts.hosts.at(0).addresses.*family;
    answer.state = dns::AnswerState::Failed;
    answer.failure = dns::Failure::ServFail;
    EXPECT_THAT(decide(facts).hosts.at(0).reasons, has(ReasonCode::AddressUnknown));
  }
}

TEST(Absence, D39_a_root_exchange_beside_others_is_no_null_mx) {
  Facts facts = facts_of({});
  facts.mx.records.insert(facts.mx.records.begin(), {0, Domain()});
  EXPECT_EQ(decide(facts).course, Course::Dial);
}

TEST(Absence, D40_a_domain_with_neither_mx_nor_address_is_no_mail_domain) {
  const Decision decision = decide(facts_of({.mx = Mx::ImplicitSecure, .address = Address::NoData}));
  EXPECT_EQ(decision.course, Course::Bounce);
  EXPECT_EQ(decision.status.to_string(), "5.1.2");
}

TEST(Absence, mx_records_without_a_usable_host_are_kept_for_later) {
  Facts facts = facts_of({});
  facts.hosts.clear();
  const Decision decision = decide(facts);
  EXPECT_EQ(decision.course, Course::Defer);
  EXPECT_EQ(decision.status.to_string(), "4.4.4");
}

}  // namespace
}  // namespace postseal::policy
