// SPDX-License-Identifier: Apache-2.0
// What becomes of a letter: a table of findings and settings.
#include "flow/authenticate/ruling.h"

#include "flow/authenticate/authenticate_fixture.h"

namespace postseal::authenticate {
namespace {

using settings::AuthenticationSettings;
using settings::Treatment;

Findings failing(dmarc::Policy asked, std::string_view author = "mail.example.org") {
  Findings findings;
  findings.client.ip = address("192.0.2.1");
  findings.author = message::Author{domain(author), "a@" + std::string(author)};
  findings.dmarc.emplace();
  findings.dmarc->result = dmarc::Result::Fail;
  findings.dmarc->policy = asked;
  findings.dmarc->disposition = asked;
  return findings;
}

// RFC 9989 §5.3.6
TEST(Ruling, the_authors_domain_says_what_becomes_of_a_failure) {
  const AuthenticationSettings settings;
  EXPECT_EQ(rule(failing(dmarc::Policy::None), settings).course, Course::Accept);
  EXPECT_EQ(rule(failing(dmarc::Policy::Quarantine), settings).course, Course::Quarantine);
  EXPECT_EQ(rule(failing(dmarc::Policy::Reject), settings).course, Course::Reject);
}

TEST(Ruling, t_y_is_no_reason_to_do_anything) {
  auto findings = failing(dmarc::Policy::Reject);
  findings.dmarc->disposition = dmarc::Policy::Quarantine;  // what the check makes of reject with t=y
  EXPECT_EQ(rule(findings, {}).course, Course::Quarantine);
}

TEST(Ruling, the_operator_may_have_it_otherwise_for_a_domain_and_those_below_it) {
  AuthenticationSettings settings;
  settings.exceptions = {{domain("example.org"), Treatment::Accept},
                         {domain("mail.example.org"), Treatment::Quarantine}};
  EXPECT_EQ(rule(failing(dmarc::Policy::Reject), settings).course, Course::Quarantine) << "the nearest counts";
  EXPECT_EQ(rule(failing(dmarc::Policy::Reject, "a.example.org"), settings).course, Course::Accept);
  EXPECT_EQ(rule(failing(dmarc::Policy::Reject, "notexample.org"), settings).course, Course::Reject);
  EXPECT_EQ(rule(failing(dmarc::Policy::Reject, "a.example.org"), settings).local_policy, "exception");
  settings.exceptions = {{domain("example.org"), Treatment::Reject}};
  const auto harder = rule(failing(dmarc::Policy::None), settings);
  EXPECT_EQ(harder.course, Course::Reject);
  EXPECT_THAT(harder.reply->to_string(), testing::HasSubstr("our local policy"));
}

// A24
TEST(Ruling, who_has_us_ask_what_nobody_answers_gets_nothing_for_it) {
  AuthenticationSettings settings;
  auto findings = failing(dmarc::Policy::Reject);
  findings.dmarc->result = dmarc::Result::TempError;
  EXPECT_EQ(rule(findings, settings).course, Course::Defer);
  EXPECT_EQ(rule(findings, settings).cause, Cause::Unknown);
  settings.exceptions = {{domain("example.org"), Treatment::Accept}};
  EXPECT_EQ(rule(findings, settings).course, Course::Accept) << "the operator has said so";
  settings.exceptions.clear();
  findings.voucher = Voucher{domain("lists.example"), 1};
  EXPECT_EQ(rule(findings, settings).course, Course::Accept) << "so it would be after a failure";
  findings.voucher.reset();
  findings.dmarc->policy = dmarc::Policy::Quarantine;
  EXPECT_EQ(rule(findings, settings).course, Course::Defer);
  findings.dmarc->record.emplace().testing = true;
  EXPECT_EQ(rule(findings, settings).course, Course::Accept) << "it is only tested";
  findings.dmarc->policy = dmarc::Policy::Reject;
  EXPECT_EQ(rule(findings, settings).course, Course::Defer) << "which leaves quarantine";
  findings.dmarc->policy = dmarc::Policy::None;
  EXPECT_EQ(rule(findings, settings).course, Course::Accept) << "nothing is at stake";
  findings.dmarc->policy.reset();
  EXPECT_EQ(rule(findings, settings).course, Course::Accept) << "what is at stake is not known";
}

// A24
TEST(Ruling, an_spf_record_that_nobody_can_ask_for_is_no_way_around_the_authors_policy) {
  AuthenticationSettings settings;
  settings.spf_fail = Treatment::Reject;
  auto findings = failing(dmarc::Policy::Reject);
  findings.spf.result = spf::Result::TempError;
  EXPECT_EQ(rule(findings, settings).course, Course::Reject);
  findings.dmarc.reset();
  findings.author = std::unexpected(message::AuthorProblem::Confusing);
  EXPECT_EQ(rule(findings, settings).course, Course::Reject) << "nor around having an author";
}

TEST(Ruling, report_only_takes_everything_and_says_why_not) {
  AuthenticationSettings settings;
  settings.dmarc = settings::DmarcUse::Report;
  const auto ruling = rule(failing(dmarc::Policy::Reject), settings);
  EXPECT_EQ(ruling.course, Course::Accept);
  EXPECT_EQ(ruling.cause, Cause::Dmarc);
  EXPECT_EQ(ruling.local_policy, "report only");
  EXPECT_FALSE(ruling.reply);
}

// RFC 9989 §7.1
TEST(Ruling, spf_fail_alone_refuses_nothing_unless_the_operator_says_so) {
  auto findings = failing(dmarc::Policy::None);
  findings.spf.result = spf::Result::Fail;
  findings.spf.domain = "example.net";
  findings.spf.mechanism = "-all";
  findings.spf.explanation = "look at our page";
  EXPECT_EQ(rule(findings, {}).course, Course::Accept);
  AuthenticationSettings settings;
  settings.spf_fail = Treatment::Reject;
  const auto ruling = rule(findings, settings);
  EXPECT_EQ(ruling.course, Course::Reject);
  EXPECT_EQ(ruling.cause, Cause::SpfFail);
  // RFC 7208 §6.2: the explanation is shown as the domain's words, not ours.
  EXPECT_THAT(ruling.reply->to_string(), testing::HasSubstr("example.net explains: look at our page"));
  findings.dmarc->result = dmarc::Result::Pass;
  EXPECT_EQ(rule(findings, settings).course, Course::Accept) << "the author is known all the same";
}

TEST(Ruling, spf_that_nobody_can_ask_for_matters_only_where_its_fail_would) {
  auto findings = failing(dmarc::Policy::None);
  findings.spf.result = spf::Result::TempError;
  AuthenticationSettings settings;
  settings.temperror = settings::Unknown::Defer;
  EXPECT_EQ(rule(findings, settings).course, Course::Accept);
  settings.spf_fail = Treatment::Reject;
  EXPECT_EQ(rule(findings, settings).course, Course::Defer);
}

TEST(Ruling, words_are_there_for_each_course_and_cause) {
  for (const auto course : {Course::Accept, Course::Quarantine, Course::Reject, Course::Defer})
    EXPECT_FALSE(to_string(course).empty());
  for (const auto cause : {Cause::None, Cause::Dmarc, Cause::UnclearFrom, Cause::SpfFail, Cause::Unknown})
    EXPECT_FALSE(to_string(cause).empty());
}

// RFC 5321 §4.5.3.1.5
TEST(Ruling, no_line_of_a_reply_is_too_long_whatever_strangers_write) {
  auto findings = failing(dmarc::Policy::Reject);
  findings.spf = {spf::Result::Fail, std::string(4000, 'e'), std::string(4000, 'm'), {}, 0, 0, std::string(4000, 'd')};
  for (int i = 0; i < 50; ++i) {
    findings.dkim.push_back({.domain = std::string(4000, 'd'),
                             .selector = std::string(4000, 's'),
                             .algorithm = {},
                             .identity = {},
                             .result = dkim::Result::Fail,
                             .reason = std::string(4000, 'r') + "\r\n\x1b",
                             .b_prefix = {}});
  }
  const auto reply = rule(findings, {}).reply.value();
  EXPECT_LE(reply.lines.size(), 8u);
  for (const auto& line : reply.lines) {
    EXPECT_LE(line.size(), 490u);
    for (const char c : line) EXPECT_TRUE(c >= ' ' && c < 127);
  }
}

}  // namespace
}  // namespace postseal::authenticate
