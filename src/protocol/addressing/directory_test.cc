// SPDX-License-Identifier: Apache-2.0
#include "protocol/addressing/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postseal::addressing {
namespace {

using testing::ElementsAre;

Mailbox mailbox(std::string_view text) {
  auto parsed = Mailbox::parse(text);
  if (!parsed) throw std::invalid_argument(std::string(text) + ": " + parsed.error().context);
  return *parsed;
}
std::vector<Mailbox> mailboxes(std::initializer_list<const char*> texts) {
  std::vector<Mailbox> result;
  for (const char* text : texts) result.push_back(mailbox(text));
  return result;
}
Domain domain(std::string_view text) { return Domain::parse(text).value(); }

/// "foreign", "no such user", "nested", or the mailboxes with a blank between them.
std::string show(const Directory& directory, std::string_view address) {
  const Resolution resolution = directory.resolve(mailbox(address));
  if (std::holds_alternative<Foreign>(resolution)) return "foreign";
  if (std::holds_alternative<NoSuchUser>(resolution)) return "no such user";
  if (std::holds_alternative<Nested>(resolution)) return "nested";
  std::string text;
  for (const Mailbox& found : std::get<Resolved>(resolution).mailboxes) {
    text += (text.empty() ? "" : " ") + found.to_string();
  }
  return text;
}

/// Two domains, as an operator might have them.
Directory example() {
  LocalDomain org{.name = domain("example.org"), .users = {"Alice", "bob", "carol+x", "\"quoted name\""}};
  LocalDomain net{.name = domain("example.net"), .users = {"dave"}, .catch_all = mailbox("dave@example.net")};
  return Directory({org, net},
                   {{.match = "info@example.org", .to = mailboxes({"alice@example.org", "bob@example.org"})},
                    {.match = "INFO@Example.Org", .to = mailboxes({"far@foreign.example"})},
                    {.match = "hostmaster", .to = mailboxes({"bob@example.org"})},
                    {.match = "@old.example", .to = {}, .keep = false, .to_domain = domain("example.org")},
                    {.match = "@sold.example", .to = mailboxes({"alice@example.org"})},
                    {.match = "bob@example.org", .to = mailboxes({"bob@elsewhere.example"}), .keep = true}},
                   domain("mail.example.org"));
}

struct Case {
  const char* address;
  const char* becomes;
  const char* why;
};

class Resolving : public testing::TestWithParam<Case> {};

TEST_P(Resolving, comes_to_its_mailboxes) {
  EXPECT_EQ(show(example(), GetParam().address), GetParam().becomes) << GetParam().why;
}

INSTANTIATE_TEST_SUITE_P(
    Addresses, Resolving,
    testing::Values(
        Case{"alice@example.org", "alice@example.org", "a user"},
        Case{"ALICE@EXAMPLE.ORG", "alice@example.org", "case does not matter, and the result is canonical"},
        Case{"eve@example.org", "no such user", "nobody of that name, and no catch-all"},
        Case{"alice@foreign.example", "foreign", "not our domain"},
        Case{"alice@sub.example.org", "foreign", "a name below ours is another domain"},
        Case{"alice@[192.0.2.1]", "foreign", "an address literal is no local domain"},
        Case{"\"alice\"@example.org", "alice@example.org", "RFC 5321 §4.1.2: quotes that are not needed are no part"},
        Case{"\"quoted name\"@example.org", "\"quoted name\"@example.org", "a user with a blank"},
        Case{"alice+lists@example.org", "alice+lists@example.org", "RFC 5233: the detail stays with the mailbox"},
        Case{"Alice+Lists@example.org", "alice+Lists@example.org", "the detail keeps its case"},
        Case{"+lists@example.org", "no such user", "a detail of nobody"},
        Case{"carol+x@example.org", "carol+x@example.org", "a user whose name has the separator"},
        Case{"carol+y@example.org", "no such user", "is not a user with another detail"},
        Case{"info@example.org", "alice@example.org bob@example.org bob@elsewhere.example far@foreign.example",
             "aliases of the same match are taken together, forwarding included"},
        Case{"info+june@example.org", "alice@example.org bob@example.org bob@elsewhere.example far@foreign.example",
             "an alias with a detail is the alias"},
        Case{"bob@example.org", "bob@example.org bob@elsewhere.example", "forwarding that keeps a copy"},
        Case{"bob+x@example.org", "bob+x@example.org bob@elsewhere.example", "the copy keeps its detail"},
        Case{"hostmaster@example.org", "bob@example.org bob@elsewhere.example", "a bare local part, here"},
        Case{"hostmaster@example.net", "bob@example.org bob@elsewhere.example", "and in every other local domain"},
        Case{"hostmaster@foreign.example", "foreign", "but only in local ones"},
        Case{"anybody@example.net", "dave@example.net", "the catch-all"},
        Case{"alice@old.example", "alice@example.org", "a whole domain to another, by name"},
        Case{"alice+x@old.example", "alice+x@example.org", "with the detail"},
        Case{"eve@old.example", "no such user", "but only who exists there"},
        Case{"eve@sold.example", "alice@example.org", "a whole domain to one"},
        // RFC 5321 §4.5.1, A36
        Case{"postmaster@example.org", "alice@example.org", "exists everywhere: the first user"},
        Case{"PostMaster@example.org", "alice@example.org", "in any case"},
        Case{"abuse@example.org", "alice@example.org", "RFC 2142"},
        Case{"postmaster@example.net", "dave@example.net", "or the catch-all"},
        Case{"postmaster@old.example", "alice@example.org", "also of a domain that is only an alias"},
        Case{"postmaster@mail.example.org", "alice@example.org", "and of the host itself"},
        Case{"eve@mail.example.org", "no such user", "where nobody else is"},
        // A36
        Case{"alice%foreign.example@example.org", "no such user", "the percent sign is a letter like others"},
        Case{"foreign.example!alice@example.org", "no such user", "so is the exclamation mark"},
        Case{"\"alice@foreign.example\"@example.org", "no such user", "so is a quoted at-sign"},
        Case{"\"@foreign.example:alice\"@example.org", "no such user", "and a quoted source route"},
        Case{"alice%example.org@foreign.example", "foreign", "our name in a local part makes nothing ours"},
        Case{"\"alice@example.org\"@foreign.example", "foreign", "nor quoted"},
        Case{"x%foreign.example@example.net", "dave@example.net", "a catch-all takes it and it goes nowhere else"}));

TEST(Directory, an_alias_for_postmaster_comes_before_the_first_user) {
  LocalDomain org{.name = domain("example.org"), .users = {"alice", "bob"}};
  const Directory directory({org}, {{.match = "postmaster", .to = mailboxes({"bob@example.org"})}});
  EXPECT_EQ(show(directory, "postmaster@example.org"), "bob@example.org");
  EXPECT_EQ(show(directory, "abuse@example.org"), "alice@example.org");
}

TEST(Directory, a_user_comes_before_a_bare_alias_and_after_one_with_his_domain) {
  LocalDomain org{.name = domain("example.org"), .users = {"alice", "root"}};
  LocalDomain net{.name = domain("example.net"), .users = {"root"}};
  const Directory directory({org, net}, {{.match = "root", .to = mailboxes({"alice@example.org"})},
                                         {.match = "root@example.net", .to = mailboxes({"alice@example.org"})}});
  EXPECT_EQ(show(directory, "root@example.org"), "root@example.org");
  EXPECT_EQ(show(directory, "root@example.net"), "alice@example.org");
}

TEST(Directory, a_domain_without_users_has_a_postmaster_in_another) {
  const Directory directory({{.name = domain("empty.example")}, {.name = domain("example.org"), .users = {"alice"}}},
                            {});
  EXPECT_EQ(show(directory, "postmaster@empty.example"), "alice@example.org");
}

// A36: the next host may take such a name for directions to a third.
TEST(Directory, what_might_be_a_route_is_not_handed_to_the_next_host) {
  const LocalDomain relayed{.name = domain("relayed.example"), .transport = ToHost{}, .any_user = true};
  const Directory directory({relayed}, {});
  EXPECT_EQ(show(directory, "Any.Body+x@relayed.example"), "Any.Body+x@relayed.example");
  EXPECT_EQ(show(directory, "user%foreign.example@relayed.example"), "no such user");
  EXPECT_EQ(show(directory, "foreign.example!user@relayed.example"), "no such user");
  EXPECT_EQ(show(directory, "\"user@foreign.example\"@relayed.example"), "no such user");
}

TEST(Directory, an_address_in_its_own_list_keeps_a_copy) {
  const LocalDomain org{.name = domain("example.org"), .users = {"alice"}};
  const Directory directory(
      {org}, {{.match = "alice@example.org", .to = mailboxes({"Alice@example.org", "alice@other.example"})}});
  EXPECT_EQ(show(directory, "alice@example.org"), "alice@example.org alice@other.example");
}

TEST(Directory, forwarding_without_keep_leaves_no_copy) {
  const LocalDomain org{.name = domain("example.org"), .users = {"alice"}};
  const Directory directory({org}, {{.match = "alice@example.org", .to = mailboxes({"alice@other.example"})}});
  EXPECT_EQ(show(directory, "alice@example.org"), "alice@other.example");
}

TEST(Directory, a_circle_is_nested) {
  const LocalDomain org{.name = domain("example.org"), .users = {"alice"}};
  const Directory directory({org}, {{.match = "a@example.org", .to = mailboxes({"b@example.org"})},
                                    {.match = "b@example.org", .to = mailboxes({"alice@example.org", "A@example.org"})},
                                    {.match = "self@example.org", .to = mailboxes({"self@example.org"})}});
  EXPECT_EQ(show(directory, "a@example.org"), "nested");
  EXPECT_EQ(show(directory, "self@example.org"), "nested");
  EXPECT_EQ(show(directory, "alice@example.org"), "alice@example.org");
}

TEST(Directory, a_circle_through_details_is_nested) {
  const LocalDomain org{.name = domain("example.org")};
  const Directory directory({org}, {{.match = "@example.org", .to = mailboxes({"x+x@example.org"})}});
  EXPECT_EQ(show(directory, "y@example.org"), "nested");
}

TEST(Directory, aliases_nest_to_a_limit) {
  const LocalDomain org{.name = domain("example.org"), .users = {"alice"}};
  std::vector<Alias> aliases{{.match = "a0@example.org", .to = mailboxes({"alice@example.org"})}};
  for (std::size_t i = 1; i <= kMaxDepth; ++i) {
    const std::string next = "a" + std::to_string(i - 1) + "@example.org";
    aliases.push_back({.match = "a" + std::to_string(i) + "@example.org", .to = {mailbox(next)}});
  }
  const Directory directory({org}, aliases);
  EXPECT_EQ(show(directory, "a" + std::to_string(kMaxDepth - 1) + "@example.org"), "alice@example.org");
  EXPECT_EQ(show(directory, "a" + std::to_string(kMaxDepth) + "@example.org"), "nested");
}

TEST(Directory, one_address_comes_to_so_many_mailboxes_and_no_more) {
  const LocalDomain org{.name = domain("example.org")};
  Alias all{.match = "all@example.org"};
  for (std::size_t i = 0; i < kMaxMailboxes; ++i) all.to.push_back(mailbox("u" + std::to_string(i) + "@far.example"));
  const Directory full({org}, {all});
  EXPECT_EQ(std::get<Resolved>(full.resolve(mailbox("all@example.org"))).mailboxes.size(), kMaxMailboxes);
  all.to.push_back(mailbox("one-more@far.example"));
  const Directory overfull({org}, {all});
  EXPECT_EQ(show(overfull, "all@example.org"), "nested");
}

TEST(Directory, many_ways_to_one_mailbox_are_followed_once) {
  // Without that, each of these lists would double the work of the one before.
  const LocalDomain org{.name = domain("example.org"), .users = {"alice"}};
  std::vector<Alias> aliases;
  for (std::size_t i = 0; i + 1 < kMaxDepth; ++i) {
    const std::string next = "a" + std::to_string(i + 1);
    const auto one = mailbox(i + 2 < kMaxDepth ? next + "@example.org" : "alice@example.org");
    const auto two = mailbox(i + 2 < kMaxDepth ? next + "+x@example.org" : "alice@example.org");
    aliases.push_back({.match = "a" + std::to_string(i) + "@example.org", .to = {one, two, one}});
  }
  EXPECT_EQ(show(Directory({org}, aliases), "a0@example.org"), "alice@example.org");
}

TEST(Directory, duplicates_are_merged_by_what_case_means_at_their_host) {
  const LocalDomain org{.name = domain("example.org"), .users = {"alice"}};
  const Directory directory({org}, {{.match = "all@example.org",
                                     .to = mailboxes({"alice@example.org", "ALICE@example.org", "x@far.example",
                                                      "x@FAR.example", "X@far.example"})}});
  EXPECT_EQ(show(directory, "all@example.org"), "alice@example.org x@far.example X@far.example");
}

TEST(Directory, transports_belong_to_domains_with_mailboxes) {
  const ToMaildir maildir{.root = "/var/mail"};
  const Directory directory({{.name = domain("example.org"), .transport = maildir, .users = {"alice"}}},
                            {{.match = "@old.example", .to_domain = domain("example.org")}}, domain("mail.test"));
  ASSERT_NE(directory.transport(mailbox("alice@example.org")), nullptr);
  EXPECT_EQ(*directory.transport(mailbox("alice@example.org")), Transport(maildir));
  for (const char* address : {"alice@foreign.example", "alice@old.example", "alice@mail.test", "alice@[192.0.2.1]"}) {
    EXPECT_EQ(directory.transport(mailbox(address)), nullptr) << address;
  }
  EXPECT_TRUE(directory.is_local(domain("old.example")));
  EXPECT_FALSE(directory.is_local(domain("foreign.example")));
}

TEST(Directory, the_user_of_a_mailbox_is_its_local_part_without_detail) {
  const Directory directory = example();
  for (const auto& [address, user] :
       std::initializer_list<std::pair<const char*, const char*>>{{"Alice@example.org", "alice"},
                                                                  {"alice+lists@example.org", "alice"},
                                                                  {"alice+a+b@example.org", "alice"},
                                                                  {"carol+x@example.org", "carol+x"},
                                                                  {"\"quoted name\"@example.org", "\"quoted name\""},
                                                                  {"Far+x@foreign.example", "far+x"}}) {
    EXPECT_EQ(directory.user_of(mailbox(address)), user);
  }
}

TEST(Directory, subaddresses_can_be_another_sign_or_none) {
  const Directory directory({{.name = domain("minus.example"), .users = {"a"}, .subaddress = '-'},
                             {.name = domain("none.example"), .users = {"a"}, .subaddress = 0}},
                            {});
  EXPECT_EQ(show(directory, "a-x@minus.example"), "a-x@minus.example");
  EXPECT_EQ(show(directory, "a+x@minus.example"), "no such user");
  EXPECT_EQ(show(directory, "a+x@none.example"), "no such user");
}

TEST(Directory, mistakes_are_said_in_words) {
  const Directory directory({{.name = domain("example.org"), .users = {"alice", "a b c@"}}},
                            {{.match = "not an alias", .to = mailboxes({"alice@example.org"})},
                             {.match = "ghost@example.org", .to = mailboxes({"nobody@example.org"})},
                             {.match = "a@example.org", .to = mailboxes({"a@example.org"})},
                             {.match = "x@foreign.example", .to = mailboxes({"alice@example.org"})},
                             {.match = "empty@example.org"}});
  EXPECT_THAT(
      directory.mistakes(),
      ElementsAre("the alias \"a@example.org\" leads in a circle, too deep or to too many through a@example.org",
                  "the alias \"empty@example.org\" leads to nobody",
                  "the alias \"ghost@example.org\" leads to nobody@example.org, which does not exist",
                  "the alias \"not an alias\" is neither an address nor \"@domain\" nor a local part",
                  "the alias \"x@foreign.example\" is for a domain that is not local",
                  "the user \"a b c@\" of example.org is no local part of an address"));
  EXPECT_THAT(example().mistakes(), ElementsAre());
}

TEST(Directory, a_match_has_one_form) {
  EXPECT_EQ(canonical_match("INFO@Example.Org"), "info@example.org");
  EXPECT_EQ(canonical_match("@Bücher.example"), "@xn--bcher-kva.example");
  EXPECT_EQ(canonical_match("Postmaster"), "postmaster");
  EXPECT_EQ(canonical_match("@"), std::nullopt);
  EXPECT_EQ(canonical_match(""), std::nullopt);
  EXPECT_EQ(canonical_match("two words"), std::nullopt);
}

}  // namespace
}  // namespace postseal::addressing
