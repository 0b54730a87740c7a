// SPDX-License-Identifier: Apache-2.0
// What the queue makes wait after a failure: this recipient, the destination, or everything for these hosts.
#include "flow/dispatch/verdict_words.h"

#include <gtest/gtest.h>

#include "tests/facts_builder.h"

namespace postseal::dispatch {
namespace {

using namespace tests;

outbound::DeliveryRecord record_of(const State& state) {
  outbound::DeliveryRecord record;
  record.facts = facts_of(state);
  record.decision = policy::decide(record.facts);
  record.recipients.push_back({.recipient = *Mailbox::parse("b@example.test"), .index = 7});
  return record;
}

outbound::HostAttempt attempt_at_mx() { return {.host = domain("mx.example.test")}; }

queue::RecipientResult only(const outbound::DeliveryRecord& record) { return results_of(record).at(0); }

TEST(VerdictWords, the_index_is_that_of_the_letter) { EXPECT_EQ(only(record_of({})).index, 7u); }

TEST(VerdictWords, a_servers_own_word_is_about_the_recipient) {
  auto record = record_of({});
  record.attempts.push_back(attempt_at_mx());
  record.attempts.back().opened = true;
  record.recipients.at(0).answered = true;
  EXPECT_EQ(only(record).scope, queue::Scope::Recipient);
}

// RFC 3461 §5.2.2
TEST(VerdictWords, notifications_are_passed_on_by_the_host_that_took_the_letter_not_by_the_one_tried_last) {
  auto record = record_of({});
  record.attempts.push_back(attempt_at_mx());
  record.attempts.push_back({.host = domain("mx2.example.test")});
  record.attempts.back().dsn_offered = true;
  record.recipients.at(0).outcome = DeliveryOutcome::Delivered;
  record.recipients.at(0).host = domain("mx.example.test");
  EXPECT_FALSE(only(record).dsn_passed_on);
  record.attempts.front().dsn_offered = true;
  record.attempts.back().dsn_offered = false;
  EXPECT_TRUE(only(record).dsn_passed_on);
}

TEST(VerdictWords, a_session_that_breaks_in_the_letter_is_about_the_letter) {
  auto record = record_of({});
  record.attempts.push_back(attempt_at_mx());
  record.attempts.back().opened = true;
  EXPECT_EQ(only(record).scope, queue::Scope::Recipient);
}

TEST(VerdictWords, unknown_dns_is_about_the_destination) {
  EXPECT_EQ(only(record_of({.mx = Mx::ServFail})).scope, queue::Scope::Destination);
  EXPECT_EQ(only(record_of({.tlsa = Tlsa::Bogus})).scope, queue::Scope::Destination);
}

TEST(VerdictWords, a_failed_proof_is_about_the_destination_and_never_holds_up_the_host) {
  auto record = record_of({});
  record.attempts.push_back(attempt_at_mx());
  record.attempts.back().tls_result = tlsrpt::ResultType::ValidationFailure;
  EXPECT_EQ(only(record).scope, queue::Scope::Destination);
}

TEST(VerdictWords, hosts_that_cannot_be_reached_are_about_the_site) {
  auto record = record_of({});
  record.attempts.push_back(attempt_at_mx());
  record.attempts.back().dial_failures.push_back({*IpAddress::parse("127.0.0.25"), {}});
  EXPECT_EQ(only(record).scope, queue::Scope::Site);
}

TEST(VerdictWords, desired_is_what_the_first_host_had_to_prove) {
  const std::pair<State, std::string_view> cases[] = {
      {{}, "dane"},
      {{.tlsa = Tlsa::Absent, .sts = Sts::EnforceMatch}, "mta-sts"},
      {{.tlsa = Tlsa::Absent, .local = Local::Secure}, "secure"},
      {{.tlsa = Tlsa::Unusable}, "encrypt"},
      {{.tlsa = Tlsa::Absent}, "may"},
      {{.tlsa = Tlsa::Absent, .local = Local::None}, "none"},
      {{.mx = Mx::Bogus}, "none"},
  };
  for (const auto& [state, word] : cases) {
    EXPECT_EQ(desired_security(policy::decide(facts_of(state))), word) << describe(state);
  }
}

TEST(VerdictWords, missing_tls_is_said_only_where_memory_alone_asked_for_it) {
  for (const auto& [tlsa, missing] : {std::pair{Tlsa::Absent, true}, std::pair{Tlsa::Usable, false}}) {
    auto record = record_of({.tlsa = tlsa});
    record.facts.remembered_tls = true;
    record.decision = policy::decide(record.facts);
    record.attempts.push_back(attempt_at_mx());
    record.attempts.back().tls_result = tlsrpt::ResultType::StarttlsNotSupported;
    EXPECT_EQ(only(record).tls_missing, missing);
  }
}

}  // namespace
}  // namespace postseal::dispatch
