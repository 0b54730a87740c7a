// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "edge/settings/settings.h"

namespace postseal::settings {
namespace {

using policy::LocalLevel;

const WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 6 / 1);

MailDestination destination(std::string_view text) {
  return text.starts_with('[') ? MailDestination(*IpAddress::parse(text.substr(1, text.size() - 2)))
                               : MailDestination(*Domain::parse(text));
}

TEST(Match, the_most_specific_rule_counts) {
  Settings settings;
  settings.rules = {{LocalLevel::May, {}, "", "*"},
                    {LocalLevel::Encrypt, {}, "", ".org"},
                    {LocalLevel::Secure, {}, "", ".example.org"},
                    {LocalLevel::DaneOnly, {}, "", "mail.example.org"},
                    {LocalLevel::None, {}, "", "[192.0.2.1]"}};
  const std::pair<std::string_view, LocalLevel> cases[] = {
      {"mail.example.org", LocalLevel::DaneOnly},
      {"a.mail.example.org", LocalLevel::Secure},
      {"other.example.org", LocalLevel::Secure},
      {"a.b.example.org", LocalLevel::Secure},
      {"example.org", LocalLevel::Encrypt},
      {"badexample.org", LocalLevel::Encrypt},
      {"org", LocalLevel::May},
      {"example.com", LocalLevel::May},
      {"[192.0.2.1]", LocalLevel::None},
      {"[192.0.2.2]", LocalLevel::May},
      {"[2001:db8::1]", LocalLevel::May},
  };
  for (auto [name, level] : cases) {
    auto rule = rule_for(settings, destination(name), kNow);
    ASSERT_TRUE(rule) << name;
    EXPECT_EQ(rule->level, level) << name;
  }
}

TEST(Match, without_a_match_there_is_no_rule) {
  Settings settings;
  EXPECT_FALSE(rule_for(settings, destination("example.org"), kNow));
  settings.rules = {{LocalLevel::Secure, {}, "", ".example.org"}};
  EXPECT_FALSE(rule_for(settings, destination("example.org"), kNow)) << "the domain itself is not below itself";
  EXPECT_FALSE(rule_for(settings, destination("badexample.org"), kNow)) << "whole labels";
}

TEST(Match, an_expired_rule_does_not_hide_another) {
  Settings settings;
  settings.rules = {{LocalLevel::None, kNow, "", "example.org"},
                    {LocalLevel::Secure, {}, "", "example.org"},
                    {LocalLevel::Encrypt, {}, "", "*"}};
  auto before = rule_for(settings, destination("example.org"), kNow - Seconds(1));
  EXPECT_EQ(before->level, LocalLevel::None) << "of two that match alike the first counts";
  auto after = rule_for(settings, destination("example.org"), kNow);
  EXPECT_EQ(after->level, LocalLevel::Secure) << "at the moment it expires it is gone";

  settings.rules.erase(settings.rules.begin() + 1);
  EXPECT_EQ(rule_for(settings, destination("example.org"), kNow)->level, LocalLevel::Encrypt)
      << "a wider live rule counts more than a closer expired one";
}

TEST(Match, an_expired_rule_is_shown_when_no_other_matches) {
  Settings settings;
  settings.rules = {{LocalLevel::Secure, kNow - Seconds(1), "gone", ".example.org"},
                    {LocalLevel::DaneOnly, kNow - Seconds(1), "gone, too", "a.example.org"}};
  auto rule = rule_for(settings, destination("a.example.org"), kNow);
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->reason, "gone, too");
}

TEST(Match, routes_match_like_rules) {
  Settings settings;
  settings.routes = {{"*", *Domain::parse("everything.example"), true, {}},
                     {".example.org", *Domain::parse("office.example"), false, 2525},
                     {"mail.example.org", *IpAddress::parse("192.0.2.1"), false, {}}};
  EXPECT_EQ(route_for(settings, destination("mail.example.org"))->next_hop,
            MailDestination(*IpAddress::parse("192.0.2.1")));
  EXPECT_EQ(route_for(settings, destination("x.example.org"))->port, 2525);
  EXPECT_EQ(route_for(settings, destination("example.org"))->match, "*");
  EXPECT_EQ(route_for(settings, destination("[192.0.2.9]"))->match, "*");
  settings.routes.erase(settings.routes.begin());
  EXPECT_FALSE(route_for(settings, destination("example.org")));
}

}  // namespace
}  // namespace postseal::settings
