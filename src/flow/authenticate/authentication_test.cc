// SPDX-License-Identifier: Apache-2.0
// Whole letters, judged against a DNS of a table.
#include "flow/authenticate/authentication.h"

#include <boost/json/parse.hpp>

#include "flow/authenticate/authenticate_fixture.h"
#include "flow/authenticate/outcome_json.h"
#include "flow/authenticate/trust.h"

namespace postseal::authenticate {
namespace {

using dns::AnswerState;
using dns::RecordType;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// Without folds.
std::string flat(std::string header) {
  std::string text;
  for (const char c : header) {
    if (c == '\r' || c == '\n') continue;
    if ((c == ' ' || c == '\t') && text.ends_with(' ')) continue;
    text += c == '\t' ? ' ' : c;
  }
  return text;
}

TEST(Authentication, a_letter_by_its_author_says_so_in_one_field_RFC8601) {
  World world;
  world.client.tls = {"TLSv1.3", "TLS_AES_256_GCM_SHA384"};
  const auto outcome = world.judge(world.sign(kLetter));
  EXPECT_EQ(outcome.ruling.course, Course::Accept);
  EXPECT_EQ(outcome.ruling.cause, Cause::None);
  const std::string header = flat(outcome.header);
  EXPECT_THAT(header, StartsWith("Authentication-Results: mx.here.example; dmarc=pass"));
  EXPECT_THAT(header, HasSubstr("header.from=example.org"));
  EXPECT_THAT(header, HasSubstr("spf=pass smtp.mailfrom=alice@example.org"));
  EXPECT_THAT(header, HasSubstr("smtp.helo=mx.example.org"));
  EXPECT_THAT(header, HasSubstr("dkim=pass"));
  EXPECT_THAT(header, HasSubstr("header.d=example.org"));
  EXPECT_THAT(header, HasSubstr("header.s=s"));
  EXPECT_THAT(header, HasSubstr("arc=none"));
  EXPECT_THAT(header, HasSubstr("policy.iprev=192.0.2.1"));
  EXPECT_THAT(header, HasSubstr("x-tls=pass smtp.tls-version=TLSv1.3 smtp.tls-cipher=TLS_AES_256_GCM_SHA384"));
  EXPECT_THAT(header, HasSubstr("dns.sec=yes"));
  EXPECT_TRUE(outcome.header.ends_with("\r\n"));
}

TEST(Authentication, what_it_writes_can_be_read_back) {
  World world;
  const auto outcome = world.judge(world.sign(kLetter));
  const auto read = authres::parse(outcome.header.substr(outcome.header.find(':') + 1));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->authserv_id, "mx.here.example");
  EXPECT_EQ(read->results.size(), outcome.results.size());
}

TEST(Authentication, the_authserv_id_is_the_host_name_or_the_operators_RFC8601_2_5) {
  World world;
  world.rules.settings.authserv_id = "here.example";
  EXPECT_THAT(world.judge(kLetter).header, StartsWith("Authentication-Results: here.example;"));
}

// RFC 9989 §5.3.6; the reply names the domain, what failed, what the policy says and what mends it.
TEST(Authentication, a_forgery_is_refused_with_reasons_and_remedy) {
  World world;
  world.client = {address("198.51.100.9"), "evil.example", "x@evil.example", {}};
  const auto outcome = world.judge(kLetter);
  EXPECT_EQ(outcome.ruling.course, Course::Reject);
  ASSERT_TRUE(outcome.ruling.reply);
  EXPECT_EQ(outcome.ruling.reply->code, 550);
  EXPECT_EQ(outcome.ruling.reply->status, (EnhancedStatus{5, 7, 1}));
  const std::string words = outcome.ruling.reply->to_string();
  EXPECT_THAT(words, HasSubstr("example.org does not stand behind this letter: DMARC fails"));
  EXPECT_THAT(words, HasSubstr("its policy says reject (_dmarc.example.org)"));
  EXPECT_THAT(words, HasSubstr("SPF: none for evil.example from 198.51.100.9"));
  EXPECT_THAT(words, HasSubstr("DKIM: no signature"));
  EXPECT_THAT(words, HasSubstr("To mend it, sign with DKIM as d=example.org"));
  for (const auto& line : outcome.ruling.reply->lines) EXPECT_LE(line.size(), 490u);
}

TEST(Authentication, a_signature_that_breaks_is_named_in_the_refusal) {
  World world;
  world.client.ip = address("198.51.100.9");
  std::string letter = world.sign(kLetter);
  letter.replace(letter.find("body"), 4, "else");
  const auto outcome = world.judge(letter);
  EXPECT_EQ(outcome.ruling.course, Course::Reject);
  EXPECT_THAT(outcome.ruling.reply->to_string(), HasSubstr("DKIM: fail for d=example.org s=s: "));
  EXPECT_THAT(outcome.ruling.reply->to_string(), HasSubstr("SPF: fail for example.org from 198.51.100.9 (-all)"));
}

// What passes for somebody else is no excuse: alignment (RFC 9989 §3.2.10).
TEST(Authentication, passing_for_another_domain_is_not_enough) {
  World world;
  world.dns.txt("evil.example", {{"v=spf1 ip4:198.51.100.9 -all"}});
  world.dns.txt("s._domainkey.evil.example", {{world.key->record()}});
  world.client = {address("198.51.100.9"), "evil.example", "x@evil.example", {}};
  const auto outcome = world.judge(world.sign(kLetter, "evil.example"));
  EXPECT_EQ(outcome.findings.spf.result, spf::Result::Pass);
  EXPECT_EQ(outcome.findings.dkim.at(0).result, dkim::Result::Pass);
  EXPECT_EQ(outcome.ruling.course, Course::Reject);
  EXPECT_THAT(outcome.ruling.reply->to_string(), HasSubstr("which is not the domain in From"));
}

TEST(Authentication, quarantine_is_a_field_that_filters_can_read) {
  World world;
  world.dns.txt("_dmarc.example.org", {{"v=DMARC1; p=quarantine"}});
  world.client.ip = address("198.51.100.9");
  const auto outcome = world.judge(kLetter);
  EXPECT_EQ(outcome.ruling.course, Course::Quarantine);
  EXPECT_FALSE(outcome.ruling.reply);
  EXPECT_THAT(outcome.header, HasSubstr("\r\nPostseal-Quarantine: dmarc\r\n"));
}

TEST(Authentication, an_accepted_letter_has_no_such_field) {
  World world;
  EXPECT_THAT(world.judge(world.sign(kLetter)).header, Not(HasSubstr("Postseal-Quarantine")));
}

// RFC 7208 §2.4, RFC 9989 §3.2.4: with <>, HELO stands in for the sender.
TEST(Authentication, a_notification_is_judged_by_helo) {
  World world;
  world.dns.txt("mx.example.org", {{"v=spf1 ip4:192.0.2.1 -all"}});
  world.client.mail_from = "";
  const auto outcome = world.judge(kLetter);
  EXPECT_TRUE(outcome.findings.spf.from_helo);
  EXPECT_FALSE(outcome.findings.helo) << "once is enough";
  EXPECT_EQ(outcome.findings.dmarc->result, dmarc::Result::Pass);
}

// RFC 9989 §3.2.4: a name is what DNS can hold; SPF has passed for it.
TEST(Authentication, a_sender_domain_with_an_underscore_is_aligned_as_any_other) {
  World world;
  world.dns.txt("my_bounces.example.org", {{"v=spf1 ip4:192.0.2.1 -all"}});
  world.client.mail_from = "x@my_bounces.example.org";
  const auto outcome = world.judge(kLetter);
  EXPECT_EQ(outcome.findings.spf.result, spf::Result::Pass);
  EXPECT_EQ(outcome.findings.dmarc->result, dmarc::Result::Pass);
  EXPECT_EQ(outcome.ruling.course, Course::Accept);
}

// A DNS that does not answer is a temperror, never a fail; a bogus answer is never used.
TEST(Authentication, what_dns_does_not_say_is_temperror_by_every_method) {
  struct Row {
    const char* name;
    RecordType type;
    AnswerState state;
  };
  for (const Row& row : {Row{"example.org", RecordType::TXT, AnswerState::Failed},
                         Row{"example.org", RecordType::TXT, AnswerState::Bogus},
                         Row{"_dmarc.example.org", RecordType::TXT, AnswerState::Failed},
                         Row{"_dmarc.example.org", RecordType::TXT, AnswerState::Bogus}}) {
    for (const bool asked : {false, true}) {
      World world;
      world.dns.state(row.name, row.type, row.state, false);
      world.rules.settings.temperror = asked ? settings::Unknown::Defer : settings::Unknown::Accept;
      const auto outcome = world.judge(kLetter);
      // A24: where p=reject was found, it is not for the setting.
      const bool defer = asked || outcome.findings.dmarc->policy;
      EXPECT_EQ(outcome.findings.dmarc->result, dmarc::Result::TempError) << row.name;
      EXPECT_EQ(outcome.ruling.course, defer ? Course::Defer : Course::Accept) << row.name;
      EXPECT_EQ(outcome.ruling.cause, Cause::Unknown);
      EXPECT_THAT(flat(outcome.header), HasSubstr("dmarc=temperror"));
      ASSERT_EQ(outcome.ruling.reply.has_value(), defer);
      if (defer) EXPECT_EQ(outcome.ruling.reply->code, 451);
      if (defer) EXPECT_EQ(outcome.ruling.reply->status, (EnhancedStatus{4, 7, 0}));
    }
  }
}

TEST(Authentication, one_check_that_holds_outweighs_one_that_nobody_can_make) {
  World world;
  world.dns.state("example.org", RecordType::TXT, AnswerState::Failed, false);
  world.rules.settings.temperror = settings::Unknown::Defer;
  EXPECT_EQ(world.judge(world.sign(kLetter)).ruling.course, Course::Accept);
}

TEST(Authentication, a_key_that_cannot_be_asked_for_is_temperror_and_defers) {
  World world;
  world.client.ip = address("198.51.100.9");
  world.rules.settings.temperror = settings::Unknown::Defer;
  world.dns.state("s._domainkey.example.org", RecordType::TXT, AnswerState::Failed, false);
  const auto outcome = world.judge(world.sign(kLetter));
  EXPECT_EQ(outcome.findings.dkim.at(0).result, dkim::Result::TempError);
  EXPECT_EQ(outcome.ruling.course, Course::Defer);
}

// RFC 9989 §5.3.1
TEST(Authentication, who_hides_the_author_is_refused) {
  for (const char* from : {"", "From: a@example.org\r\nFrom: b@other.example\r\n",
                           "From: a@example.org, b@other.example\r\n", "From: undisclosed:;\r\n"}) {
    World world;
    const auto outcome = world.judge(std::string(from) + "To: x\r\n\r\nbody\r\n");
    EXPECT_EQ(outcome.ruling.course, Course::Reject) << from;
    EXPECT_EQ(outcome.ruling.cause, Cause::UnclearFrom) << from;
    EXPECT_THAT(outcome.ruling.reply->to_string(), HasSubstr("one From field with one address"));
    EXPECT_THAT(flat(outcome.header), HasSubstr("dmarc=permerror"));
    world.rules.settings.unclear_from = settings::Treatment::Accept;
    EXPECT_EQ(world.judge(std::string(from) + "To: x\r\n\r\nbody\r\n").ruling.course, Course::Accept) << from;
  }
}

// A24: what was not read may have a second From in it.
TEST(Authentication, A24_a_header_over_its_limits_has_no_clear_author) {
  World world;
  std::string letter = kLetter.substr(0, kLetter.find("\r\n\r\n") + 2);
  for (int i = 0; i < 20'000; ++i) letter += "X: y\r\n";
  const auto outcome = world.judge(letter + "\r\nbody\r\n");
  EXPECT_EQ(outcome.ruling.cause, Cause::UnclearFrom);
  EXPECT_THAT(outcome.ruling.reply->to_string(), HasSubstr("the header is larger than what is looked at"));
  EXPECT_THAT(outcome.ruling.reply->to_string(), HasSubstr("send fewer and shorter header fields"));
  EXPECT_THAT(flat(outcome.header), HasSubstr("arc=none")) << "no field of a chain has been seen";
  const auto sealed = world.judge("ARC-Seal: i=1\r\n" + letter + "\r\nbody\r\n");
  EXPECT_THAT(flat(sealed.header), HasSubstr("arc=fail"));
}

TEST(Authentication, A24_the_field_does_not_grow_with_the_signatures) {
  World world;
  std::string letter = kLetter;
  for (int i = 0; i < 5'000; ++i) letter.insert(0, "DKIM-Signature: x\r\n");
  const auto outcome = world.judge(letter);
  EXPECT_LT(outcome.header.size(), 4'000u);
  EXPECT_THAT(flat(outcome.header), HasSubstr("4990 further signatures were not looked at"));
  EXPECT_LT(to_json(outcome).size(), 40'000u);
}

// A21: nothing that a stranger writes ends the field or adds a result.
TEST(Authentication, A21_values_of_strangers_stay_values) {
  World world;
  world.client.helo = "x; dmarc=pass\r\nEvil: yes";
  world.client.mail_from = "\"a; spf=pass (\"@example.org";
  const auto outcome = world.judge(kLetter);
  EXPECT_THAT(outcome.header, Not(HasSubstr("\nEvil")));
  const auto read = authres::parse(outcome.header.substr(outcome.header.find(':') + 1));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->results.size(), outcome.results.size());
}

// RFC 8601 §5
TEST(Authentication, A21_fields_in_our_name_are_known_as_forged) {
  const auto forged = [](std::string field) { return is_forged(message::HeaderField(field), "mx.here.example"); };
  EXPECT_TRUE(forged("Authentication-Results: mx.here.example; spf=pass\r\n"));
  EXPECT_TRUE(forged("Authentication-Results: (x) MX.here.example 1; none\r\n"));
  EXPECT_TRUE(forged("Postseal-Quarantine: no\r\n"));
  EXPECT_FALSE(forged("Authentication-Results: mx.there.example; spf=pass\r\n"));
  EXPECT_FALSE(forged("Subject: mx.here.example\r\n"));
}

// ---- sealed letters ----

/// What a list made of a letter: signature and sender do not fit any more.
std::string through_a_list(World& world, const std::string& results, std::string_view sealer = "forwarder.example",
                           std::string_view version = "") {
  std::string letter = world.sign(kLetter);
  letter.replace(letter.find("body"), 4, "body and a footer");
  world.client = {address("203.0.113.5"), "mx.forwarder.example", "list@forwarder.example", {}};
  return world.seal(letter, sealer, results, version);
}

// RFC 8617 §7.2.1
TEST(Authentication, a_trusted_sealer_lifts_a_failure_and_the_field_says_so) {
  World world;
  const std::string letter = through_a_list(world, "dmarc=pass header.from=example.org");
  EXPECT_EQ(world.judge(letter).ruling.course, Course::Reject) << "nobody trusts him";
  world.rules.settings.trusted_sealers = {domain("forwarder.example")};
  const auto outcome = world.judge(letter);
  EXPECT_EQ(outcome.findings.arc.result, arc::Result::Pass) << outcome.findings.arc.reason;
  EXPECT_EQ(outcome.ruling.course, Course::Accept);
  EXPECT_EQ(outcome.ruling.local_policy, "trusted sealer");
  const std::string header = flat(outcome.header);
  EXPECT_THAT(header, HasSubstr("dmarc=fail"));
  EXPECT_THAT(header, HasSubstr("local policy: forwarder.example sealed the letter when DMARC passed"));
  EXPECT_THAT(header, HasSubstr("policy.arc=forwarder.example"));
  EXPECT_THAT(header, HasSubstr("policy.dmarc=none"));
  EXPECT_THAT(header, HasSubstr("arc=pass"));
  EXPECT_THAT(header, HasSubstr("smtp.remote-ip=203.0.113.5"));
}

TEST(Authentication, a_trusted_sealer_vouches_for_authors_with_underscores) {
  World world;
  world.dns.txt("_dmarc.my_co.test", {{"v=DMARC1; p=reject"}});
  world.client = {address("203.0.113.5"), "mx.forwarder.example", "list@forwarder.example", {}};
  const std::string letter = world.seal("From: a@my_co.test\r\nSubject: s\r\n\r\nbody\r\n", "forwarder.example",
                                        "dmarc=pass header.from=my_co.test");
  EXPECT_EQ(world.judge(letter).ruling.cause, Cause::Dmarc);
  EXPECT_EQ(world.judge(letter).ruling.course, Course::Reject);
  world.rules.settings.trusted_sealers = {domain("forwarder.example")};
  EXPECT_EQ(world.judge(letter).ruling.course, Course::Accept);
}

// RFC 8601 §2.2
TEST(Authentication, results_of_another_version_vouch_for_nothing) {
  for (const char* version : {"1", "2"}) {
    World world;
    const std::string letter =
        through_a_list(world, "dmarc=pass header.from=example.org", "forwarder.example", version);
    world.rules.settings.trusted_sealers = {domain("forwarder.example")};
    const auto outcome = world.judge(letter);
    EXPECT_EQ(outcome.findings.arc.result, arc::Result::Pass) << outcome.findings.arc.reason;
    EXPECT_EQ(outcome.ruling.course, *version == '1' ? Course::Accept : Course::Reject) << version;
  }
}

// RFC 6376 §8.15
TEST(Authentication, A25_a_trusted_seal_does_not_vouch_for_a_field_put_in_front) {
  World world;
  const std::string letter = through_a_list(world, "dmarc=pass header.from=example.org");
  world.rules.settings.trusted_sealers = {domain("forwarder.example")};
  EXPECT_EQ(world.judge("Subject: You have won\r\n" + letter).ruling.course, Course::Reject);
  EXPECT_EQ(world.judge("Reply-To: mallory@example.com\r\n" + letter).ruling.course, Course::Reject);
}

TEST(Authentication, a_trusted_sealer_vouches_for_no_more_than_he_has_seen) {
  for (const char* results :
       {"dmarc=fail header.from=example.org", "spf=pass smtp.mailfrom=alice@example.org",
        "dmarc=pass header.from=other.example", "dmarc=pass", "none", "dmarc/2=pass header.from=example.org"}) {
    World world;
    const std::string letter = through_a_list(world, results);
    world.rules.settings.trusted_sealers = {domain("forwarder.example")};
    EXPECT_EQ(world.judge(letter).ruling.course, Course::Reject) << results;
  }
}

// RFC 6376 §5.4
TEST(Authentication, a_seal_that_leaves_the_author_out_vouches_for_nobody) {
  World world;
  const std::string letter = through_a_list(world, "dmarc=pass header.from=example.org");
  auto chain = world.judge(letter).findings.arc;
  ASSERT_EQ(chain.result, arc::Result::Pass);
  EXPECT_TRUE(find_voucher(chain, domain("example.org"), {domain("forwarder.example")}));
  chain.instances.back().signs_author = false;
  EXPECT_FALSE(find_voucher(chain, domain("example.org"), {domain("forwarder.example")}));
}

// RFC 6376 §3.6.1
TEST(Authentication, a_seal_that_is_only_tried_out_vouches_for_nothing) {
  World world;
  const std::string letter = through_a_list(world, "dmarc=pass header.from=example.org");
  world.rules.settings.trusted_sealers = {domain("forwarder.example")};
  world.dns.txt("f._domainkey.forwarder.example", {{world.key->record() + "; t=y"}});
  const auto outcome = world.judge(letter);
  EXPECT_EQ(outcome.findings.arc.result, arc::Result::Pass) << outcome.findings.arc.reason;
  EXPECT_TRUE(outcome.findings.arc.instances.back().testing);
  EXPECT_EQ(outcome.ruling.course, Course::Reject);
}

TEST(Authentication, a_seal_that_does_not_hold_vouches_for_nothing) {
  World world;
  std::string letter = through_a_list(world, "dmarc=pass header.from=example.org");
  letter.replace(letter.find("footer"), 6, "poison");
  world.rules.settings.trusted_sealers = {domain("forwarder.example")};
  const auto outcome = world.judge(letter);
  EXPECT_EQ(outcome.findings.arc.result, arc::Result::Fail);
  EXPECT_EQ(outcome.ruling.course, Course::Reject);
}

// Whoever seals later can put any letter under an older seal (RFC 8617 §9).
TEST(Authentication, a_stranger_behind_a_trusted_sealer_spoils_his_word) {
  World world;
  world.dns.txt("f._domainkey.stranger.example", {{world.key->record()}});
  world.client = {address("203.0.113.5"), "mx.stranger.example", "x@stranger.example", {}};
  std::string letter = world.seal(kLetter, "forwarder.example", "dmarc=pass header.from=example.org");
  letter = world.seal(letter, "stranger.example", "arc=pass; dmarc=pass header.from=example.org");
  world.rules.settings.trusted_sealers = {domain("forwarder.example")};
  const auto outcome = world.judge(letter);
  EXPECT_EQ(outcome.findings.arc.result, arc::Result::Pass) << outcome.findings.arc.reason;
  EXPECT_EQ(outcome.ruling.course, Course::Reject);
  world.rules.settings.trusted_sealers.push_back(domain("stranger.example"));
  EXPECT_EQ(world.judge(letter).ruling.course, Course::Accept) << "both are trusted";
}

TEST(Authentication, a_trusted_seal_that_dns_cannot_tell_of_waits) {
  World world;
  const std::string letter = through_a_list(world, "dmarc=pass header.from=example.org");
  world.rules.settings.trusted_sealers = {domain("forwarder.example")};
  world.dns.state("f._domainkey.forwarder.example", RecordType::TXT, AnswerState::Failed, false);
  const auto outcome = world.judge(letter);
  EXPECT_EQ(outcome.ruling.course, Course::Defer);
  EXPECT_EQ(outcome.ruling.reply->code, 451);
}

TEST(Authentication, the_outcome_as_json_has_every_verdict) {
  World world;
  const auto object = boost::json::parse(to_json(world.judge(world.sign(kLetter))));
  EXPECT_EQ(object.at("result").as_string(), "pass");
  EXPECT_EQ(object.at("disposition").as_string(), "accept");
  EXPECT_EQ(object.at("spf").as_object().at("result").as_string(), "pass");
  EXPECT_EQ(object.at("dkim").as_array().at(0).as_object().at("result").as_string(), "pass");
  EXPECT_EQ(object.at("arc").as_object().at("result").as_string(), "none");
  EXPECT_EQ(object.at("dmarc").as_object().at("policy").as_string(), "reject");
  EXPECT_EQ(object.at("author").as_string(), "alice@example.org");
}

}  // namespace
}  // namespace postseal::authenticate
