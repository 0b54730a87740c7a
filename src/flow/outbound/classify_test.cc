// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/classify.h"

#include <gtest/gtest.h>

#include "tests/facts_builder.h"

namespace postseal::outbound {
namespace {

using namespace tests;
using smtp::RecipientOutcome;
using smtp::Stage;

Reply reply(int code, const char* text) { return {code, EnhancedStatus::parse_prefix(text), {text}}; }
RecipientOutcome refused(Stage stage, int code, const char* text) { return {false, stage, reply(code, text)}; }
const Mailbox kRecipient = Mailbox::parse("user@example.test").value();

TEST(Classify, a_reply_says_whether_to_go_on) {
  struct Case {
    RecipientOutcome outcome;
    Standing standing;
    const char* why;
  };
  const Case cases[] = {
      {{true, Stage::Body, reply(250, "2.0.0 ok")}, Standing::Delivered, "accepted"},
      {refused(Stage::Rcpt, 550, "5.1.1 no such user"), Standing::Bounced, "a proved server's word is final"},
      {refused(Stage::Body, 554, "5.7.1 spam"), Standing::Bounced, "likewise behind the message"},
      {refused(Stage::Mail, 451, "4.3.0 later"), Standing::NextHost, "another host may take it"},
      {refused(Stage::Rcpt, 452, "4.5.3 too many"), Standing::NextHost, "temporary"},
      {refused(Stage::Local, 554, "5.6.3 8BITMIME"), Standing::CannotHere, "only this host lacks the extension"},
      {refused(Stage::Local, 452, "4.5.3 too many"), Standing::NextHost, "our own limit is no verdict"},
  };
  for (const Case& test : cases) EXPECT_EQ(classify_reply(test.outcome, false), test.standing) << test.why;
}

// RFC 3207 §4, RFC 3463 §3.8: whoever only breaks TLS would else make the honest server's refusal of plaintext final.
TEST(Classify, a_refusal_that_may_be_for_want_of_tls_is_not_final_where_the_server_offers_it) {
  struct Case {
    RecipientOutcome outcome;
    Standing standing;
  };
  const Case cases[] = {
      {refused(Stage::Mail, 530, "5.7.0 Must issue a STARTTLS command first"), Standing::NextHost},
      {refused(Stage::Rcpt, 530, "STARTTLS first"), Standing::NextHost},
      {refused(Stage::Rcpt, 550, "5.7.1 encryption is needed"), Standing::NextHost},
      {refused(Stage::Mail, 554, "no plaintext here"), Standing::NextHost},
      {refused(Stage::Mail, 550, "5.1.8 no such sender"), Standing::Bounced},
      {refused(Stage::Rcpt, 550, "5.1.1 no such user"), Standing::Bounced},
      {refused(Stage::Rcpt, 550, "no such user"), Standing::Bounced},
      {refused(Stage::Body, 552, "5.3.4 too large"), Standing::Bounced},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(classify_reply(test.outcome, true), test.standing) << test.outcome.reply.to_string();
    EXPECT_EQ(classify_reply(test.outcome, false), Standing::Bounced) << test.outcome.reply.to_string();
  }
}

TEST(Classify, when_a_session_breaks_what_was_said_counts_and_the_rest_waits_only_in_doubt) {
  smtp::SessionEnd end{smtp::SessionFailure::PeerClosed, std::nullopt, "closed", {}};
  end.transaction = {refused(Stage::Rcpt, 550, "5.1.1 no"), refused(Stage::Local, 451, "4.4.2 closed")};
  EXPECT_EQ(classify_session_end(end, 0, false), Standing::Bounced);
  EXPECT_EQ(classify_session_end(end, 1, false), Standing::NextHost);
  // RFC 5321 §4.5.3.2.6: the server may have the letter; another host now would make it two.
  end.in_doubt = true;
  EXPECT_EQ(classify_session_end(end, 1, false), Standing::Wait);
  end.in_doubt = false;
  end.failure = smtp::SessionFailure::MessageBroken;
  EXPECT_EQ(classify_session_end(end, 1, false), Standing::Wait);
}

policy::Decision decision_of(const State& state) { return policy::decide(facts_of(state)); }

RecipientVerdict conclude_for(const policy::Facts& facts, const std::vector<HostAttempt>& attempts,
                              const Unsettled& left = {}) {
  return conclude(kRecipient, policy::decide(facts), attempts, left, facts);
}
RecipientVerdict conclude_for(const State& state, const std::vector<HostAttempt>& attempts,
                              const Unsettled& left = {}) {
  return conclude_for(facts_of(state), attempts, left);
}

TEST(Conclude, a_policy_failure_is_kept_never_bounced) {  // pitfall 5, D02, D03, S31
  HostAttempt attempt{.host = domain("mx.example.test")};
  attempt.problem = "the server does not offer STARTTLS";
  attempt.tls_result = tlsrpt::ResultType::StarttlsNotSupported;
  const auto verdict = conclude_for(State{}, {attempt});
  EXPECT_EQ(verdict.outcome, DeliveryOutcome::Deferred);
  EXPECT_EQ(verdict.status.to_string(), "4.7.5");
  EXPECT_NE(verdict.explanation.find("mx.example.test"), std::string::npos);
}

TEST(Conclude, a_failed_proof_names_the_rule_that_asked_for_it) {
  HostAttempt attempt{.host = domain("mx.example.test")};
  attempt.problem = "no certificate matches";
  attempt.tls_result = tlsrpt::ResultType::ValidationFailure;
  const auto explained = [&](const State& state) { return conclude_for(state, {attempt}).explanation; };
  EXPECT_NE(explained({.tlsa = Tlsa::Usable}).find("no certificate matches (RFC 7672 §2.2)"), std::string::npos)
      << explained({.tlsa = Tlsa::Usable});
  auto facts = facts_of({.tlsa = Tlsa::Absent});
  facts.message.only_if_verified = true;
  EXPECT_NE(conclude_for(facts, {attempt})
                .explanation.find(
                    "no certificate matches (the sender asks for a verified server: the server must prove its name)"),
            std::string::npos);
}

TEST(Conclude, a_host_without_a_name_is_called_by_its_address) {
  HostAttempt attempt{.host = Domain()};
  policy::SessionEvidence evidence;
  evidence.address = *IpAddress::parse("192.0.2.7");
  attempt.evidence = evidence;
  const Unsettled left{refused(Stage::Rcpt, 450, "4.2.1 busy"), {}};
  EXPECT_EQ(conclude_for(State{}, {attempt}, left).explanation, "192.0.2.7 at RCPT: 450 4.2.1 busy");
}

TEST(Conclude, a_host_that_cannot_be_reached_is_told_from_one_that_fell_silent) {
  HostAttempt attempt{.host = domain("mx.example.test")};
  attempt.problem = "closed";
  EXPECT_EQ(conclude_for(State{}, {attempt}).status.to_string(), "4.4.2");
  attempt.dial_failures = {{*IpAddress::parse("127.0.0.26"), {net::IoErrorCode::Timeout, "no answer in time"}}};
  EXPECT_EQ(conclude_for(State{}, {attempt}).status.to_string(), "4.4.1");
}

TEST(Conclude, X05_requiretls_bounces_when_every_host_was_seen_to_lack_it) {
  HostAttempt attempt{.host = domain("mx.example.test")};
  attempt.problem = "the server does not offer STARTTLS";
  attempt.tls_result = tlsrpt::ResultType::StarttlsNotSupported;
  attempt.lacks_demand = true;
  auto facts = facts_of({.requiretls = true});
  const auto verdict = conclude_for(facts, {attempt});
  EXPECT_EQ(verdict.outcome, DeliveryOutcome::Bounced);

  // A host that did not answer might have had it, and so might one whose turn never came.
  HostAttempt silent = attempt;
  silent.lacks_demand = false;
  EXPECT_EQ(conclude_for(facts, {silent}).outcome, DeliveryOutcome::Deferred);
  facts.hosts_left_out = true;
  EXPECT_EQ(conclude_for(facts, {attempt}).outcome, DeliveryOutcome::Deferred);
  facts.hosts_left_out = false;
  facts.hosts.push_back(host_facts("mx2.example.test", 20, Address::Secure, Tlsa::Usable));
  EXPECT_EQ(conclude_for(facts, {attempt}).outcome, DeliveryOutcome::Deferred);
}

// RFC 8689 §4.2.1 names a status for each.
TEST(Conclude, X05_a_missing_promise_is_told_from_missing_tls) {
  HostAttempt no_tls{.host = domain("mx.example.test")};
  no_tls.tls_result = tlsrpt::ResultType::StarttlsNotSupported;
  no_tls.lacks_demand = true;
  HostAttempt no_promise{.host = domain("mx2.example.test")};
  no_promise.lacks_demand = true;
  auto facts = facts_of({.requiretls = true});
  EXPECT_EQ(conclude_for(facts, {no_tls}).status.to_string(), "5.7.10");
  facts.hosts.push_back(host_facts("mx2.example.test", 20, Address::Secure, Tlsa::Usable));
  EXPECT_EQ(conclude_for(facts, {no_tls, no_promise}).status.to_string(), "5.7.30");
  no_promise.tls_result = tlsrpt::ResultType::CertificateHostMismatch;
  EXPECT_EQ(conclude_for(facts, {no_tls, no_promise}).status.to_string(), "5.7.10");
}

TEST(Conclude, X05_a_host_that_was_skipped_for_want_of_facts_might_have_had_it_too) {
  auto facts = facts_of({.requiretls = true});
  facts.hosts.push_back(host_facts("mx2.example.test", 20, Address::ServFail, Tlsa::Usable));
  HostAttempt attempt{.host = domain("mx.example.test")};
  attempt.lacks_demand = true;
  EXPECT_EQ(conclude_for(facts, {attempt}).outcome, DeliveryOutcome::Deferred);
}

TEST(Conclude, a_missing_extension_bounces_only_when_every_host_lacks_it) {
  HostAttempt attempt{.host = domain("mx.example.test")};
  const Unsettled left{refused(Stage::Local, 554, "5.6.3 needs 8BITMIME"), {domain("mx.example.test")}};
  const auto verdict = conclude_for(State{}, {attempt}, left);
  EXPECT_EQ(verdict.outcome, DeliveryOutcome::Bounced);
  EXPECT_EQ(verdict.status.to_string(), "5.6.3");
  EXPECT_FALSE(verdict.reply) << "no server has said that";

  auto facts = facts_of({});
  facts.hosts_left_out = true;
  EXPECT_EQ(conclude_for(facts, {attempt}, left).outcome, DeliveryOutcome::Deferred);
  facts.hosts_left_out = false;
  facts.hosts.push_back(host_facts("mx2.example.test", 20, Address::ServFail, Tlsa::Usable));
  const auto doubtful = conclude_for(facts, {attempt}, left);
  EXPECT_EQ(doubtful.outcome, DeliveryOutcome::Deferred);
  EXPECT_EQ(doubtful.status.to_string(), "4.6.3");
}

TEST(Conclude, a_decision_without_host_gives_its_own_reason_rule_and_remedy) {  // pitfall 24
  const auto verdict = conclude_for(State{.tlsa = Tlsa::ServFail}, {});
  EXPECT_EQ(verdict.outcome, DeliveryOutcome::Deferred);
  EXPECT_EQ(verdict.status.to_string(), "4.4.3");
  EXPECT_NE(verdict.explanation.find("mx.example.test"), std::string::npos);
  EXPECT_NE(verdict.explanation.find("RFC 7672 §2.1.2"), std::string::npos);
  EXPECT_NE(verdict.explanation.find("repair its DNS"), std::string::npos);
}

TEST(Proof, D25_a_proved_host_behind_an_unsigned_mx_is_not_shown_as_the_same_thing) {
  policy::SessionEvidence evidence;
  evidence.tls = policy::TlsEvidence{};
  evidence.verdict.result = policy::ProofResult::Verified;
  evidence.verdict.matched = tlsa_record();
  EXPECT_EQ(proof_name(evidence, decision_of({}).hosts.at(0)), "DANE-EE 3 1 1");
  EXPECT_EQ(proof_name(evidence, decision_of({.mx = Mx::Insecure}).hosts.at(0)),
            "DANE-EE 3 1 1 (host verified, MX not)");
}

TEST(Proof, tls_without_proof_is_called_what_it_is) {
  policy::SessionEvidence evidence;
  const auto host = decision_of({.tlsa = Tlsa::Absent}).hosts.at(0);
  EXPECT_EQ(proof_name(evidence, host), "plaintext");
  evidence.tls = policy::TlsEvidence{};
  EXPECT_EQ(proof_name(evidence, host), "TLS unauthenticated");
}

}  // namespace
}  // namespace postseal::outbound
