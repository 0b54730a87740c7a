// SPDX-License-Identifier: Apache-2.0
#include "lab/compare.h"

#include <gtest/gtest.h>

#include <functional>

#include "lab/report.h"

namespace postseal::lab {
namespace {

using outbound::ProofShown;

const Domain kHost = *Domain::parse("mx.d01.test");
const std::string kWire = "Message-ID: <run.D01@sender.lab.test>\r\n\r\nhello\r\n";

/// A case whose letter was delivered as expected; tests change one thing each.
struct Scene {
  CaseSpec spec;
  Observation seen;

  Scene() {
    spec.name = "D01";
    spec.recipients = {"user@d01.test"};
    spec.expect.host = "mx.d01.test";
    spec.expect.proof = "dane-ee 3 1 1";
    spec.expect.status = "2.0.0";
    spec.expect.reasons = {"tlsa-usable"};
    seen.wire = kWire;
    outbound::DeliveryRecord record;
    record.next_hop = *Domain::parse("d01.test");
    record.decision.reasons = {{policy::ReasonCode::TlsaUsable, "usable"}};
    outbound::RecipientVerdict verdict{.recipient = *Mailbox::parse("user@d01.test")};
    verdict.outcome = DeliveryOutcome::Delivered;
    verdict.status = {2, 0, 0};
    verdict.host = kHost;
    verdict.proof = ProofShown::Dane;
    verdict.proof_name = "DANE-EE 3 1 1";
    record.recipients = {verdict};
    seen.records = {record};
    SessionLog session;
    session.host = kHost;
    session.under_tls = kWire;
    session.body_bytes = kWire.size();
    session.recipients = {"user@d01.test"};
    ReceivedLetter letter;
    letter.recipients = {"user@d01.test"};
    letter.body = kWire;
    letter.accepted = true;
    session.letters = {letter};
    seen.sessions = {session};
  }

  outbound::RecipientVerdict& verdict() { return seen.records[0].recipients[0]; }

  /// The words of everything that does not fit.
  std::vector<std::string> complaints() {
    const CaseResult result = compare(spec, seen);
    std::vector<std::string> words;
    for (const auto& mismatch : result.mismatches) words.push_back(mismatch.what);
    for (const auto& row : result.rows) {
      for (const auto& mismatch : row.mismatches) words.push_back(mismatch.what);
    }
    EXPECT_EQ(result.as_expected(), words.empty());
    return words;
  }

  void deferred() {
    spec.expect = {};
    spec.expect.outcome = "deferred";
    spec.no_body_at = {"mx.d01.test"};
    verdict().outcome = DeliveryOutcome::Deferred;
    seen.sessions[0].letters.clear();
    seen.sessions[0].under_tls.clear();
    seen.sessions[0].body_bytes = 0;
  }
};

using Words = std::vector<std::string>;

struct Deviation {
  std::string name;
  std::function<void(Scene&)> change;
  Words complaints;
};
void PrintTo(const Deviation& deviation, std::ostream* out) { *out << deviation.name; }

class Compare : public testing::TestWithParam<Deviation> {};

TEST_P(Compare, says_what_does_not_fit) {
  Scene scene;
  GetParam().change(scene);
  EXPECT_EQ(scene.complaints(), GetParam().complaints);
}

INSTANTIATE_TEST_SUITE_P(
    Deviations, Compare,
    testing::Values(
        Deviation{"none", [](Scene&) {}, {}},
        Deviation{"another_outcome", [](Scene& s) { s.spec.expect.outcome = "bounced"; }, {"outcome", "letter"}},
        Deviation{"another_proof", [](Scene& s) { s.verdict().proof = ProofShown::Encrypted; }, {"proof"}},
        Deviation{"a_proof_may_be_named_in_part", [](Scene& s) { s.spec.expect.proof = "dane-ee"; }, {}},
        Deviation{"but_not_in_half_words", [](Scene& s) { s.spec.expect.proof = "dane"; }, {"proof"}},
        Deviation{"another_host", [](Scene& s) { s.verdict().host = *Domain::parse("mx2.d01.test"); }, {"host"}},
        Deviation{"arrived_elsewhere",
                  [](Scene& s) { s.seen.sessions[0].host = *Domain::parse("mx2.d01.test"); },
                  {"letter"}},
        Deviation{"another_status", [](Scene& s) { s.verdict().status = {2, 1, 5}; }, {"status"}},
        Deviation{"a_reason_is_missing", [](Scene& s) { s.spec.expect.reasons = {"tlsa-unknown"}; }, {"reasons"}},
        Deviation{"a_result_type_is_missing", [](Scene& s) { s.spec.expect.tlsrpt = {"tlsa-invalid"}; }, {"tlsrpt"}},
        Deviation{"altered_on_the_way",
                  [](Scene& s) { s.seen.sessions[0].letters[0].body += "x\r\n"; },
                  {"letter", "letter"}},
        Deviation{"arrived_twice", [](Scene& s) { s.seen.sessions.push_back(s.seen.sessions[0]); }, {"letter"}},
        Deviation{"never_arrived", [](Scene& s) { s.seen.sessions.clear(); }, {"letter"}},
        Deviation{"received_and_refused_is_no_arrival",
                  [](Scene& s) { s.seen.sessions[0].letters[0].accepted = false; },
                  {"letter"}},
        Deviation{"no_record", [](Scene& s) { s.seen.records.clear(); }, {"outcome"}},
        Deviation{"deferred_as_expected", [](Scene& s) { s.deferred(); }, {}},
        Deviation{"deferred_and_yet_taken",
                  [](Scene& s) {
                    const auto sessions = s.seen.sessions;
                    s.deferred();
                    s.seen.sessions = sessions;
                  },
                  {"no_body_at", "letter"}},
        Deviation{"body_octets_where_none_may_be",
                  [](Scene& s) {
                    s.deferred();
                    s.seen.sessions[0].body_bytes = 1;
                  },
                  {"no_body_at"}},
        Deviation{"the_letter_in_what_is_no_body",
                  [](Scene& s) {
                    s.deferred();
                    s.seen.sessions[0].before_tls = "EHLO x\r\n" + kWire;
                  },
                  {"no_body_at"}},
        Deviation{"another_case_at_the_same_host",
                  [](Scene& s) {
                    s.deferred();
                    s.seen.sessions[0].recipients = {"other@else.test"};
                    s.seen.sessions[0].body_bytes = 99;
                  },
                  {}},
        Deviation{"asked_what_nobody_may_ask",
                  [](Scene& s) {
                    s.spec.expect.not_asked = {"TLSA _25._tcp.mx.d01.test"};
                    s.seen.asked = {"A mx.d01.test", "TLSA _20025._tcp.MX.d01.test."};
                  },
                  {"not_asked"}},
        Deviation{"asked_something_else",
                  [](Scene& s) {
                    s.spec.expect.not_asked = {"TLSA _25._tcp.mx.d01.test"};
                    s.seen.asked = {"A mx.d01.test", "TLSA _25._tcp.mx2.d01.test"};
                  },
                  {}},
        Deviation{"asked_too_often_below_a_name",
                  [](Scene& s) {
                    s.spec.expect.asked_at_most = {{*Domain::parse("victim.test"), 1}};
                    s.seen.asked = {"A victim.test", "A n1.victim.test", "A my-victim.test"};
                  },
                  {"asked_at_most"}},
        Deviation{"asked_just_often_enough_below_a_name",
                  [](Scene& s) {
                    s.spec.expect.asked_at_most = {{*Domain::parse("victim.test"), 2}};
                    s.seen.asked = {"A victim.test", "TLSA _25._tcp.victim.test", "A my-victim.test", "NS "};
                  },
                  {}},
        Deviation{"a_real_server_adds_fields_on_top",
                  [](Scene& s) {
                    s.seen.sessions.clear();
                    s.seen.real_letters[kHost] = {
                        "Delivered-To: user@d01.test\n"
                        "Message-ID: <run.D01@sender.lab.test>\n\nhello\n"};
                  },
                  {}},
        Deviation{"a_real_server_has_it_for_somebody_else",
                  [](Scene& s) {
                    s.seen.sessions.clear();
                    s.seen.real_letters[kHost] = {
                        "Delivered-To: other@d01.test\n"
                        "Message-ID: <run.D01@sender.lab.test>\n\nhello\n"};
                  },
                  {"letter"}}),
    [](const auto& info) { return info.param.name; });

TEST(CompareCase, what_could_not_run_is_not_as_expected) {
  Scene scene;
  scene.seen.trouble = "cannot read letter.eml";
  const CaseResult result = compare(scene.spec, scene.seen);
  EXPECT_FALSE(result.as_expected());
  EXPECT_NE(format_table({result}, {}).find("cannot read letter.eml"), std::string::npos);
}

TEST(CompareCase, one_recipient_may_fare_differently) {
  Scene scene;
  scene.spec.expect_for["user@d01.test"].outcome = "deferred";
  EXPECT_EQ(scene.complaints(), (Words{"outcome", "letter"}));
}

TEST(Report, counts_and_explains) {
  Scene good, bad;
  bad.spec.name = "D02";
  bad.spec.about = "TLSA does not match";
  bad.verdict().status = {4, 7, 5};
  bad.verdict().explanation = "mx.d01.test: no record matches";
  const std::vector<CaseResult> results = {compare(good.spec, good.seen), compare(bad.spec, bad.seen)};
  const std::string text = format_table(results, {});
  EXPECT_NE(text.find("2 cases, 1 as expected, 1 not\n"), std::string::npos) << text;
  EXPECT_NE(text.find("D02: TLSA does not match\n"), std::string::npos) << text;
  EXPECT_NE(text.find("status: expected 2.0.0, observed 4.7.5"), std::string::npos) << text;
  EXPECT_NE(text.find("mx.d01.test: no record matches"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(format_table(results, {.colour = true}).find("\x1b[32mok"), std::string::npos);
}

TEST(Report, the_columns_of_all_lines_begin_at_the_same_place) {
  Scene first, second;
  second.spec.name = "a-much-longer-name";
  const std::string text =
      format_table({compare(first.spec, first.seen), compare(second.spec, second.seen)}, {.colour = false});
  std::vector<std::size_t> columns;
  for (std::size_t at = 0; (at = text.find("user@d01.test", at)) != std::string::npos; ++at) {
    columns.push_back(at - text.rfind('\n', at));
  }
  ASSERT_EQ(columns.size(), 2u);
  EXPECT_EQ(columns[0], columns[1]);
}

TEST(Report, json_carries_the_count_and_the_mismatches) {
  Scene scene;
  scene.spec.expect.outcome = "bounced";
  CaseResult result = compare(scene.spec, scene.seen);
  const std::string json = format_json("a world", {result});
  EXPECT_NE(json.find("\"not_as_expected\":1"), std::string::npos) << json;
  EXPECT_NE(json.find("\"expected\":\"bounced\",\"observed\":\"delivered\""), std::string::npos) << json;
}

}  // namespace
}  // namespace postseal::lab
