// SPDX-License-Identifier: Apache-2.0
#include "protocol/dmarc/tree_walk.h"

#include <gtest/gtest.h>

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

Names targets(const std::string& start) {
  Names names;
  for (const Domain& target : walk_targets(name(start))) names.push_back(target.ascii());
  return names;
}

TEST(TreeWalk, no_walk_asks_more_than_eight_names) {
  EXPECT_EQ(targets("com"), (Names{"com"}));
  EXPECT_EQ(targets("a.mail.example.com"), (Names{"a.mail.example.com", "mail.example.com", "example.com", "com"}));
  // The example of RFC 9989 §4.10.
  EXPECT_EQ(targets("a.b.c.d.e.f.g.h.i.j.mail.example.com"),
            (Names{"a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com", "h.i.j.mail.example.com",
                   "i.j.mail.example.com", "j.mail.example.com", "mail.example.com", "example.com", "com"}));
  EXPECT_EQ(targets("1.2.3.4.5.6.7").size(), 7u);
  EXPECT_EQ(targets("1.2.3.4.5.6.7.8").size(), 8u);
  EXPECT_EQ(targets("1.2.3.4.5.6.7.8.9").size(), 8u);
  EXPECT_EQ(targets("1.2.3.4.5.6.7.8.9")[1], "3.4.5.6.7.8.9");
  std::string many = "a";
  for (int i = 0; i < 119; ++i) many += ".a";
  EXPECT_EQ(targets(many).size(), 8u);
}

struct Zone {
  const char* name;
  const char* record;
};

TEST(TreeWalk, the_organizational_domain_is_chosen_by_the_three_rules) {
  struct {
    const char* why;
    const char* start;
    std::vector<Zone> zones;
    const char* organizational;
    std::size_t queries;
  } cases[] = {
      {"no record: where the walk began", "a.mail.example.com", {}, "a.mail.example.com", 4},
      {"rule 3: the shortest", "a.mail.example.com", {{"mail.example.com", ""}, {"example.com", ""}}, "example.com", 4},
      {"rule 3: a top-level domain, too", "example.com", {{"example.com", ""}, {"com", ""}}, "com", 2},
      {"rule 1: psd=n ends the walk",
       "a.mail.example.com",
       {{"mail.example.com", "psd=n"}, {"example.com", ""}},
       "mail.example.com",
       2},
      {"rule 1: where the walk began",
       "mail.example.com",
       {{"mail.example.com", "psd=n"}, {"example.com", ""}},
       "mail.example.com",
       1},
      {"rule 2: one label below psd=y", "a.mail.example.com", {{"com", "psd=y"}}, "example.com", 4},
      {"rule 2: whatever is below it",
       "a.mail.example.com",
       {{"mail.example.com", ""}, {"com", "psd=y"}},
       "example.com",
       4},
      {"rule 2: it ends the walk", "a.b.example.com", {{"example.com", "psd=y"}, {"com", ""}}, "b.example.com", 3},
      {"rule 2: not where the walk began", "example.com", {{"example.com", "psd=y"}, {"com", ""}}, "example.com", 1},
      {"psd=u is as if it were not there",
       "a.example.com",
       {{"a.example.com", "psd=u"}, {"example.com", ""}},
       "example.com",
       3},
      {"rule 2 above a cut name",
       "1.2.3.4.5.6.7.8.9.example",
       {{"4.5.6.7.8.9.example", "psd=y"}},
       "3.4.5.6.7.8.9.example",
       2},
  };
  for (const auto& [why, start, zones, organizational, queries] : cases) {
    FakeResolver dns;
    for (const auto& [zone, tags] : zones) {
      dns.txt(std::string("_dmarc.") + zone, {{std::string("v=DMARC1; p=none; ") + tags}});
    }
    TreeWalker walker(dns, Deadline::in(10s));
    const Walk walk = tests::run_coroutine(walker.walk(name(start)));
    EXPECT_FALSE(walk.unknown) << why;
    EXPECT_EQ(walk.organizational.ascii(), organizational) << why;
    EXPECT_EQ(walker.queries().size(), queries) << why;
  }
}

// RFC 9989 §4.10.2: the rules hold for records however they were come by, from the longest name to the shortest.
TEST(TreeWalk, the_first_record_that_says_what_it_is_decides) {
  const Record plain = parse_record("v=DMARC1; p=none").value();
  const Record own = parse_record("v=DMARC1; p=none; psd=n").value();
  const Record suffix = parse_record("v=DMARC1; p=none; psd=y").value();
  const Domain start = name("a.b.example.com");
  EXPECT_EQ(select_organizational(start, {{name("b.example.com"), own}, {name("com"), plain}}).ascii(),
            "b.example.com");
  EXPECT_EQ(select_organizational(start, {{name("example.com"), suffix}, {name("com"), own}}).ascii(), "b.example.com");
  EXPECT_EQ(select_organizational(start, {{start, suffix}}), start) << "as a walk that ends there leaves it";
}

TEST(TreeWalk, unknown_never_becomes_no_record) {
  for (const AnswerState state : {AnswerState::Failed, AnswerState::Bogus}) {
    FakeResolver dns;
    dns.state("_dmarc.example.com", RecordType::TXT, state);
    dns.txt("_dmarc.com", {{"v=DMARC1; p=none"}});
    TreeWalker walker(dns, Deadline::in(10s));
    const Walk walk = tests::run_coroutine(walker.walk(name("a.example.com")));
    EXPECT_TRUE(walk.unknown);
    EXPECT_NE(walk.why.find("_dmarc.example.com"), std::string::npos) << walk.why;
    EXPECT_FALSE(walker.secure());
  }
}

TEST(TreeWalk, no_name_is_asked_for_twice) {
  FakeResolver dns;
  dns.txt("_dmarc.example.com", {{"v=DMARC1; p=none"}});
  TreeWalker walker(dns, Deadline::in(10s));
  tests::run_coroutine(walker.walk(name("a.example.com")));
  tests::run_coroutine(walker.walk(name("b.example.com")));
  tests::run_coroutine(walker.look_at(name("example.com")));
  EXPECT_EQ(walker.queries(),
            (Names{"_dmarc.a.example.com", "_dmarc.example.com", "_dmarc.com", "_dmarc.b.example.com"}));
  EXPECT_EQ(dns.asked.size(), 4u);
  EXPECT_TRUE(walker.secure());
}

TEST(TreeWalk, a_name_without_room_for_the_prefix_has_no_record) {
  const std::string label(63, 'a');
  FakeResolver dns;
  TreeWalker walker(dns, Deadline::in(10s));
  const Domain longest = name(label + "." + label + "." + label + "." + std::string(61, 'a'));
  EXPECT_FALSE(tests::run_coroutine(walker.look_at(longest)).record);
  EXPECT_TRUE(walker.queries().empty());
}

}  // namespace
}  // namespace postseal::dmarc
