// SPDX-License-Identifier: Apache-2.0
#include "protocol/dmarc/check.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/fake_resolver.h"
#include "tests/run_coroutine.h"

namespace postseal::dmarc {
namespace {

using namespace std::chrono_literals;
using dns::AnswerState;
using dns::RecordType;
using tests::FakeResolver;
using Names = std::vector<std::string>;

Domain name(const std::string& text) { return Domain::parse_dns(text).value(); }

struct World {
  FakeResolver dns;
  Question question;

  explicit World(const std::string& author) { question.author = name(author); }
  World& record(const std::string& domain, const std::string& tags) {
    dns.txt("_dmarc." + domain, {{"v=DMARC1; " + tags}});
    return *this;
  }
  World& spf(const std::string& domain, spf::Result result = spf::Result::Pass) {
    question.spf = SpfIdentity{name(domain), result};
    return *this;
  }
  World& dkim(const std::string& domain, dkim::Result result = dkim::Result::Pass) {
    question.dkim.push_back({name(domain), result});
    return *this;
  }
  World& exists(const std::string& domain) {
    dns.a(domain, {"192.0.2.1"});
    return *this;
  }
  World& down(const std::string& domain) {
    dns.state("_dmarc." + domain, RecordType::TXT, AnswerState::Failed);
    return *this;
  }
  Verdict check() { return tests::run_coroutine(dmarc::check(dns, question, Deadline::in(10s))); }
};

std::string_view word(std::optional<Policy> policy) { return policy ? to_string(*policy) : "-"; }
std::string text(const std::optional<Domain>& domain) { return domain ? domain->ascii() : "-"; }

// RFC 9989 §4.10.1.
TEST(DmarcCheck, the_policy_is_that_of_the_author_then_the_organization_then_the_public_suffix) {
  struct {
    const char* why;
    const char* author;
    std::vector<std::pair<const char*, const char*>> records;
    const char* policy;
    const char* record_domain;
    const char* organizational;
  } cases[] = {
      {"§4.10.1: the author's own, by p",
       "a.example.com",
       {{"a.example.com", "p=quarantine; sp=none"}, {"example.com", "p=reject"}},
       "quarantine",
       "a.example.com",
       "example.com"},
      {"§4.10.1: the organization's, by sp",
       "a.example.com",
       {{"example.com", "p=reject; sp=quarantine"}},
       "quarantine",
       "example.com",
       "example.com"},
      {"§4.7: p where there is no sp",
       "a.example.com",
       {{"example.com", "p=reject"}},
       "reject",
       "example.com",
       "example.com"},
      {"§4.10.1: records between do not count",
       "a.b.example.com",
       {{"b.example.com", "p=none"}, {"example.com", "p=reject"}},
       "reject",
       "example.com",
       "example.com"},
      {"§4.10.1: unless psd=n",
       "a.b.example.com",
       {{"b.example.com", "p=none; psd=n"}, {"example.com", "p=reject"}},
       "none",
       "b.example.com",
       "b.example.com"},
      {"§4.10.1: the public suffix's",
       "a.example.com",
       {{"com", "p=none; sp=quarantine; psd=y"}},
       "quarantine",
       "com",
       "example.com"},
      {"§4.10.1: the organization's goes before it",
       "a.example.com",
       {{"example.com", "p=none"}, {"com", "p=reject; psd=y"}},
       "none",
       "example.com",
       "example.com"},
      {"§4.10.1: a name between is neither",
       "a.b.example.com",
       {{"b.example.com", "p=none"}, {"com", "p=reject; psd=y"}},
       "reject",
       "com",
       "example.com"},
      {"§4.10.2: a top-level domain that says nothing of psd",
       "example.com",
       {{"com", "p=reject"}},
       "reject",
       "com",
       "com"},
  };
  for (const auto& [why, author, records, policy, record_domain, organizational] : cases) {
    World world(author);
    world.exists(author);
    for (const auto& [domain, tags] : records) world.record(domain, tags);
    const Verdict verdict = world.check();
    EXPECT_EQ(to_string(verdict.result), "fail") << why << ": " << verdict.reason;
    EXPECT_EQ(word(verdict.policy), policy) << why;
    EXPECT_EQ(to_string(verdict.disposition), policy) << why;
    EXPECT_EQ(text(verdict.record_domain), record_domain) << why;
    EXPECT_EQ(text(verdict.organizational_domain), organizational) << why;
  }
}

TEST(DmarcCheck, several_records_at_one_name_are_as_none_there) {
  World world("a.example.com");
  world.dns.txt("_dmarc.a.example.com", {{"v=DMARC1; p=none"}, {"v=DMARC1; p=quarantine"}});
  world.record("example.com", "p=reject");
  EXPECT_EQ(text(world.check().record_domain), "example.com");
}

TEST(DmarcCheck, without_a_record_dmarc_does_not_apply) {
  World world("a.example.com");
  world.spf("a.example.com").dkim("a.example.com");
  const Verdict verdict = world.check();
  EXPECT_EQ(verdict.result, Result::None);
  EXPECT_FALSE(verdict.policy || verdict.record_domain);
  EXPECT_EQ(verdict.disposition, Policy::None);
  EXPECT_FALSE(verdict.spf_aligned || verdict.dkim_aligned);
  EXPECT_EQ(verdict.queries, (Names{"_dmarc.a.example.com", "_dmarc.example.com", "_dmarc.com"}));
  EXPECT_TRUE(verdict.secure);
}

// RFC 9989 §4.7, RFC 9989 §3.2.13.
TEST(DmarcCheck, np_is_for_names_that_do_not_exist) {
  struct {
    const char* why;
    const char* tags;
    bool exists;
    const char* policy;
    bool asked;
  } cases[] = {
      {"§4.7: np", "p=none; sp=quarantine; np=reject", false, "reject", true},
      {"§4.7: sp for those that exist", "p=none; sp=quarantine; np=reject", true, "quarantine", true},
      {"§4.7: sp where there is no np", "p=none; sp=quarantine", false, "quarantine", false},
      {"§4.7: p where there is neither", "p=reject", false, "reject", false},
      {"§4.7: np beside p", "p=none; np=reject", false, "reject", true},
      {"§4.7: np beside p", "p=none; np=reject", true, "none", true},
      {"nothing depends on it", "p=none; sp=reject; np=reject", false, "reject", false},
  };
  for (const auto& [why, tags, exists, policy, asked] : cases) {
    World world("a.example.com");
    world.record("example.com", tags);
    if (exists) world.exists("a.example.com");
    const Verdict verdict = world.check();
    EXPECT_EQ(word(verdict.policy), policy) << why << " " << tags;
    EXPECT_EQ(std::ranges::count(world.dns.asked, std::pair(std::string("a.example.com"), RecordType::A)), asked)
        << why;
    EXPECT_EQ(verdict.queries.size(), 3u) << "names of records alone";
  }
  World own("a.example.com");
  own.record("a.example.com", "p=none; np=reject");
  EXPECT_EQ(word(own.check().policy), "none") << "§4.7: np is not for the domain that has the record";

  World empty("a.example.com");
  empty.record("example.com", "p=none; np=reject").exists("x._dmarc.a.example.com");
  empty.dns.state("_dmarc.a.example.com", RecordType::TXT, AnswerState::NoData);
  EXPECT_EQ(word(empty.check().policy), "none") << "RFC 8020: a name exists if one below it does";

  // "_dmarc." in front of it would be too long for DNS; the name itself is not.
  const std::string label = std::string(58, 'a') + '.';
  World longest(label + label + label + label + "example.com");
  longest.record("example.com", "p=reject; sp=none; np=reject");
  EXPECT_EQ(word(longest.check().policy), "reject");

  // RFC 6604 §2: the NXDOMAIN is that of where the alias leads.
  for (const char* alias : {"a.example.com", "_dmarc.a.example.com"}) {
    World aliased("a.example.com");
    aliased.record("example.com", "p=none; np=reject");
    const auto type = std::string_view(alias).starts_with('_') ? RecordType::TXT : RecordType::A;
    aliased.dns.set(alias, type,
                    {.state = AnswerState::NxDomain,
                     .secure = true,
                     .question = {},
                     .canonical = name("gone.example"),
                     .records = {},
                     .why = {}});
    EXPECT_EQ(word(aliased.check().policy), "none") << alias;
  }

  World unknown("a.example.com");
  unknown.record("example.com", "p=none; np=reject");
  unknown.dns.state("a.example.com", RecordType::A, AnswerState::Failed);
  EXPECT_EQ(unknown.check().result, Result::TempError) << "unknown never becomes no";
  EXPECT_EQ(word(unknown.check().policy), "none") << "and asks for no more than either of them";
  World strict("a.example.com");
  strict.record("example.com", "p=none; sp=quarantine; np=reject");
  strict.dns.state("a.example.com", RecordType::A, AnswerState::Failed);
  EXPECT_EQ(strict.check().result, Result::TempError);
  EXPECT_EQ(word(strict.check().policy), "quarantine") << "that much it asks for in any case";
  unknown.dkim("example.com");
  EXPECT_EQ(unknown.check().result, Result::Pass) << "a pass does not need to know";
}

TEST(DmarcCheck, t_lowers_what_is_done_and_not_what_is_published) {
  struct {
    const char* tags;
    const char* policy;
    const char* disposition;
  } cases[] = {{"p=reject; t=y", "reject", "quarantine"},
               {"p=quarantine; t=y", "quarantine", "none"},
               {"p=none; t=y", "none", "none"},
               {"p=reject; t=n", "reject", "reject"},
               {"p=reject; pct=0; ri=1; rf=x", "reject", "reject"}};
  for (const auto& [tags, policy, disposition] : cases) {
    World world("example.com");
    world.record("example.com", tags);
    const Verdict verdict = world.check();
    EXPECT_EQ(word(verdict.policy), policy) << tags;
    EXPECT_EQ(to_string(verdict.disposition), disposition) << tags;
    world.dkim("example.com");
    EXPECT_EQ(to_string(world.check().disposition), "none") << "a pass is accepted";
    EXPECT_EQ(word(world.check().policy), policy) << "whatever is published";
  }
}

TEST(DmarcCheck, a_record_without_a_policy_needs_somebody_to_report_to) {
  struct {
    const char* tags;
    const char* result;
    const char* policy;
  } cases[] = {
      {"rua=mailto:a@example.com", "fail", "none"},
      {"rua=nonsense", "none", "-"},
      {"sp=reject", "none", "-"},
      {"p=reject; sp=x", "none", "-"},
      {"p=reject; sp=x; rua=mailto:a@example.com", "fail", "none"},
      {"p=reject; np=x; rua=mailto:a@example.com", "fail", "none"},
  };
  for (const auto& [tags, result, policy] : cases) {
    World world("example.com");
    world.record("example.com", tags).record("com", "p=reject");
    const Verdict verdict = world.check();
    EXPECT_EQ(to_string(verdict.result), result) << tags;
    EXPECT_EQ(word(verdict.policy), policy) << tags;
  }
}

// RFC 9989 §4.4, RFC 9989 §4.10.2.
TEST(DmarcCheck, identifiers_align_by_name_or_by_organization) {
  struct {
    const char* why;
    const char* author;
    const char* identifier;
    std::vector<std::pair<const char*, const char*>> records;
    bool aligned;
  } cases[] = {
      {"identical", "example.com", "example.com", {{"example.com", "p=reject; aspf=s; adkim=s"}}, true},
      {"relaxed: below", "example.com", "b.example.com", {{"example.com", "p=reject"}}, true},
      {"relaxed: above", "a.example.com", "example.com", {{"example.com", "p=reject"}}, true},
      {"relaxed: beside", "a.example.com", "b.c.example.com", {{"example.com", "p=reject"}}, true},
      {"strict: below", "example.com", "b.example.com", {{"example.com", "p=reject; aspf=s; adkim=s"}}, false},
      {"strict of the organization's record",
       "a.example.com",
       "example.com",
       {{"example.com", "p=reject; aspf=s; adkim=s"}},
       false},
      {"another organization",
       "example.com",
       "example.net",
       {{"example.com", "p=reject"}, {"example.net", "p=none"}},
       false},
      {"the end of a label", "example.com", "notexample.com", {{"example.com", "p=reject"}}, false},
      {"§4.4.1: a public suffix without a record is itself",
       "example.com",
       "com",
       {{"example.com", "p=reject"}},
       false},
      {"below psd=y names are apart", "a.example", "b.example", {{"example", "p=reject; psd=y"}}, false},
      {"psd=n sets a subdomain apart",
       "example.com",
       "own.example.com",
       {{"example.com", "p=reject"}, {"own.example.com", "p=none; psd=n"}},
       false},
      {"and keeps it together",
       "a.own.example.com",
       "b.own.example.com",
       {{"example.com", "p=reject"}, {"own.example.com", "p=none; psd=n"}},
       true},
      {"an author's own record does not set it apart",
       "a.example.com",
       "b.example.com",
       {{"a.example.com", "p=reject"}, {"example.com", "p=none"}},
       true},
      {"without a record above it does", "a.example.com", "b.example.com", {{"a.example.com", "p=reject"}}, false},
  };
  for (const auto& [why, author, identifier, records, aligned] : cases) {
    for (const bool by_spf : {true, false}) {
      World world(author);
      for (const auto& [domain, tags] : records) world.record(domain, tags);
      by_spf ? world.spf(identifier) : world.dkim("elsewhere.test").dkim(identifier);
      const Verdict verdict = world.check();
      EXPECT_EQ(to_string(verdict.result), aligned ? "pass" : "fail") << why << ": " << verdict.reason;
      EXPECT_EQ(verdict.spf_aligned, by_spf && aligned) << why;
      EXPECT_EQ(verdict.dkim_aligned, !by_spf && aligned) << why;
    }
  }
}

TEST(DmarcCheck, modes_of_alignment_are_told_apart) {
  World spf("example.com");
  spf.record("example.com", "p=reject; aspf=s").spf("a.example.com").dkim("a.example.com");
  EXPECT_FALSE(spf.check().spf_aligned);
  EXPECT_TRUE(spf.check().dkim_aligned);
  World dkim("example.com");
  dkim.record("example.com", "p=reject; adkim=s").spf("a.example.com").dkim("a.example.com");
  EXPECT_TRUE(dkim.check().spf_aligned);
  EXPECT_FALSE(dkim.check().dkim_aligned);
}

TEST(DmarcCheck, only_a_pass_authenticates) {
  for (const auto result :
       {spf::Result::None, spf::Result::Neutral, spf::Result::Fail, spf::Result::SoftFail, spf::Result::PermError}) {
    World world("example.com");
    world.record("example.com", "p=reject").spf("example.com", result);
    EXPECT_EQ(world.check().result, Result::Fail) << to_string(result);
  }
  for (const auto result :
       {dkim::Result::None, dkim::Result::Fail, dkim::Result::Policy, dkim::Result::Neutral, dkim::Result::PermError}) {
    World world("example.com");
    world.record("example.com", "p=reject").dkim("example.com", result);
    EXPECT_EQ(world.check().result, Result::Fail) << to_string(result);
  }
}

// RFC 9989 §5.3.6.
TEST(DmarcCheck, what_dns_did_not_answer_is_a_temporary_error_and_never_a_fail) {
  World author("a.example.com");
  author.down("a.example.com").record("example.com", "p=reject").dkim("a.example.com");
  EXPECT_EQ(author.check().result, Result::TempError) << "the author's record";
  EXPECT_EQ(author.check().disposition, Policy::None);

  World above("a.example.com");
  above.down("example.com");
  EXPECT_EQ(above.check().result, Result::TempError) << "a record above";

  World identifier("example.com");
  identifier.record("example.com", "p=reject").down("b.example.com").spf("b.example.com");
  EXPECT_EQ(identifier.check().result, Result::TempError) << "the organization of who was authenticated";
  identifier.dkim("c.example.com");
  EXPECT_EQ(identifier.check().result, Result::Pass) << "another one is enough";

  World late_spf("example.com");
  late_spf.record("example.com", "p=reject").spf("b.example.com", spf::Result::TempError);
  EXPECT_EQ(late_spf.check().result, Result::TempError) << "§5.3.6: SPF could not be checked";
  World late_dkim("example.com");
  late_dkim.record("example.com", "p=reject").dkim("example.com", dkim::Result::TempError);
  EXPECT_EQ(late_dkim.check().result, Result::TempError) << "§5.3.6: DKIM could not be checked";
  World unrelated("example.com");
  unrelated.record("example.com", "p=reject").dkim("example.net", dkim::Result::TempError);
  EXPECT_EQ(unrelated.check().result, Result::Fail) << "which would not have helped";
}

TEST(DmarcCheck, no_more_is_asked_than_the_verdict_needs) {
  struct {
    const char* why;
    const char* tags;
    const char* identifier;
    Names queries;
  } cases[] = {
      {"identical", "p=reject", "example.com", {"_dmarc.example.com"}},
      {"strict and identical", "p=reject; adkim=s", "example.com", {"_dmarc.example.com"}},
      {"another organization", "p=reject; psd=n", "a.b.c.example.net", {"_dmarc.example.com"}},
      {"the same one", "p=reject; psd=n", "a.example.com", {"_dmarc.example.com", "_dmarc.a.example.com"}},
  };
  for (const auto& [why, tags, identifier, queries] : cases) {
    World world("example.com");
    world.record("example.com", tags).dkim(identifier);
    EXPECT_EQ(world.check().queries, queries) << why;
  }
  World many("example.com");
  many.record("example.com", "p=reject; psd=n");
  for (int i = 0; i < 1000; ++i) many.dkim("psd" + std::to_string(i) + ".example.com");
  for (int i = 0; i < 1000; ++i) many.record("psd" + std::to_string(i) + ".example.com", "psd=n");
  EXPECT_EQ(many.check().result, Result::TempError) << "what was not looked at is not known";
  EXPECT_LT(many.dns.asked.size(), 110u) << "a thousand signatures do not make thousands of queries";
}

TEST(DmarcCheck, domains_that_cannot_be_aligned_use_nothing_up) {
  World world("example.com");
  world.record("example.com", "p=reject; psd=n");
  for (int i = 0; i < 1000; ++i) world.dkim("x" + std::to_string(i) + ".example.net");
  for (int i = 0; i < 25; ++i) world.dkim("psd" + std::to_string(i) + ".example.com");
  for (int i = 0; i < 25; ++i) world.record("psd" + std::to_string(i) + ".example.com", "psd=n");
  EXPECT_EQ(world.check().result, Result::Fail);
  world.dkim("mail.example.com");
  EXPECT_EQ(world.check().result, Result::Pass);
}

TEST(DmarcCheck, names_without_a_common_top_need_no_answer) {
  World world("example.com");
  world.record("example.com", "p=reject").down("com").down("net").dkim("example.net").spf("example.net");
  EXPECT_EQ(world.check().result, Result::Fail);
  world.dkim("mail.example.com");
  EXPECT_EQ(world.check().result, Result::TempError);
}

TEST(DmarcCheck, the_verdict_has_what_reports_need) {
  World world("example.com");
  world.record("example.com", "p=reject; rua=mailto:a@example.com; ruf=mailto:f@example.com").spf("example.com");
  const Verdict verdict = world.check();
  EXPECT_EQ(verdict.rua, (Names{"mailto:a@example.com"}));
  EXPECT_EQ(verdict.ruf, (Names{"mailto:f@example.com"}));
  ASSERT_TRUE(verdict.record);
  EXPECT_EQ(verdict.record->p, Policy::Reject);
  EXPECT_TRUE(verdict.secure);
  world.dns.txt("_dmarc.example.com", {{"v=DMARC1; p=reject"}}, false);
  EXPECT_FALSE(world.check().secure);
}

}  // namespace
}  // namespace postseal::dmarc
