// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "edge/settings/settings.h"

namespace postseal::settings {
namespace {

using testing::HasSubstr;

TEST(SettingsFile, an_empty_file_gives_the_defaults) {
  EXPECT_EQ(parse_settings("", "x.toml").value(), Settings{});
  EXPECT_EQ(parse_settings("# nothing\n[resolver]\n", "x.toml").value(), Settings{});
}

TEST(SettingsFile, every_key_is_read) {
  auto settings = parse_settings(R"(
ca_file = "/etc/ca.pem"
cache_dir = "/tmp/cache"
[resolver]
mode = "forward:127.0.0.1:5353"
root = "[::1]:5301"
trust_anchor = "none"
state_dir = "/tmp/state"
timeout = "500ms"
[delivery]
hostname = "Mail.Bücher.example"
port = 2525
timeout = 90
connect_timeout = "5s"
addresses = "ipv4-only"
chunking = false
max_hosts = 3
[mta_sts]
timeout = "10s"
https_port = 8443
private_addresses = true
[[rule]]
match = "Example.org"
level = "dane-only"
expires = 2026-12-31
reason = "contract 4711"
[[rule]]
match = "*"
level = "encrypt"
[[route]]
match = ".example.net"
next_hop = "[relay.example.net]:587"
)",
                                 "x.toml");
  ASSERT_TRUE(settings) << settings.error().to_string();
  Settings expected;
  expected.ca_file = "/etc/ca.pem";
  expected.cache_dir = "/tmp/cache";
  expected.resolver = {.mode = ResolverMode::Forward,
                       .server = HostPort{*IpAddress::parse("127.0.0.1"), 5353},
                       .root = HostPort{*IpAddress::parse("::1"), 5301},
                       .trust_anchor = "none",
                       .state_dir = "/tmp/state",
                       .timeout = std::chrono::milliseconds(500)};
  expected.delivery = {.hostname = "mail.xn--bcher-kva.example",
                       .port = 2525,
                       .timeout = std::chrono::seconds(90),
                       .connect_timeout = std::chrono::seconds(5),
                       .addresses = AddressPreference::Ipv4Only,
                       .chunking = false,
                       .max_hosts = 3};
  expected.mta_sts = {.timeout = std::chrono::seconds(10), .https_port = 8443, .private_addresses = true};
  expected.rules = {{.level = policy::LocalLevel::DaneOnly,
                     .expires = std::chrono::sys_days(std::chrono::year(2026) / 12 / 31),
                     .reason = "contract 4711",
                     .match = "example.org"},
                    {.level = policy::LocalLevel::Encrypt, .expires = {}, .reason = "", .match = "*"}};
  expected.routes = {
      {.match = ".example.net", .next_hop = *Domain::parse("relay.example.net"), .mx_lookup = false, .port = 587}};
  EXPECT_EQ(*settings, expected);
}

struct Bad {
  std::string_view toml;
  int line;
  std::string_view key;
  std::string_view what;  ///< part of the message
};

TEST(SettingsFile, errors_name_file_line_key_and_what_is_allowed) {
  const Bad cases[] = {
      {"[delivery]\nprot = 25\n", 2, "delivery.prot", "did you mean delivery.port?"},
      {"[delivery]\nprot = 25\n", 2, "delivery.prot", "delivery.connect_timeout"},
      {"port = 25\n", 1, "port", "did you mean delivery.port?"},
      {"[resolver]\nport = 25\n", 2, "resolver.port", "did you mean delivery.port?"},
      {"\n\ncafile = \"x\"\n", 3, "cafile", "did you mean ca_file?"},
      {"quite_something_else = 1\n", 1, "quite_something_else", "known here: ca_file, cache_dir, [resolver]"},
      {"[outbound]\nport = 25\n", 1, "outbound", "unknown key"},
      {"[delivery]\nport = 0\n", 2, "delivery.port", "0 is not allowed: it is out of range; allowed is 1..65535"},
      {"[delivery]\nport = 65536\n", 2, "delivery.port", "1..65535"},
      {"[delivery]\nport = -25\n", 2, "delivery.port", "1..65535"},
      {"[delivery]\nport = \"25\"\n", 2, "delivery.port", "whole number"},
      {"[delivery]\nport = 25.0\n", 2, "delivery.port", "whole number"},
      {"[delivery]\nport = [25]\n", 2, "delivery.port", "an array is not allowed"},
      {"delivery.port.x = 25\n", 1, "delivery.port", "a table is not allowed"},
      {"[delivery]\n\nchunking = \"yes\"\n", 3, "delivery.chunking", "true or false"},
      {"[delivery]\nchunking = 1\n", 2, "delivery.chunking", "true|false"},
      {"[delivery]\naddresses = \"ipv6\"\n", 2, "delivery.addresses", "ipv6-first|ipv4-first|ipv6-only|ipv4-only"},
      {"[delivery]\ntimeout = \"5 minutes\"\n", 2, "delivery.timeout", "DURATION (1s..1d)"},
      {"[delivery]\ntimeout = \"1500ms\"\n", 2, "delivery.timeout", "whole seconds"},
      {"[delivery]\ntimeout = 0\n", 2, "delivery.timeout", "out of range"},
      {"[delivery]\ntimeout = -1\n", 2, "delivery.timeout", "\"-1\" is no duration"},
      {"[delivery]\ntimeout = 1.5\n", 2, "delivery.timeout", "\"30s\""},
      {"[delivery]\nhostname = \"my_host\"\n", 2, "delivery.hostname", "letters, digits"},
      {"[delivery]\nmax_hosts = 0\n", 2, "delivery.max_hosts", "1..100"},
      {"[resolver]\ntimeout = \"6m\"\n", 2, "resolver.timeout", "100ms..5m"},
      {"[resolver]\nmode = \"system\"\n", 2, "resolver.mode", "iterate|HOST:PORT|forward:HOST:PORT|trust-ad:HOST:PORT"},
      {"[resolver]\nmode = \"trust-ad:192.0.2.1:53\"\n", 2, "resolver.mode", "AD bit"},  // D46
      {"[resolver]\ntrust_anchor = \"\"\n", 2, "resolver.trust_anchor", "FILE|none"},
      {"[resolver]\nroot = \"localhost:53\"\n", 2, "resolver.root", "\"localhost\" is no IP address"},
      {"[mta_sts]\ntimeout = \"61s\"\n", 2, "mta_sts.timeout", "1s..60s"},
      {"delivery = 5\n", 1, "delivery", "[delivery]"},
      {"[rule]\nmatch = \"*\"\n", 1, "rule", "[[rule]]"},
      {"rule = [1]\n", 1, "rule", "[[rule]]"},
      {"[[rule]]\nmatch = \"*\"\n", 1, "rule.level", "is missing; allowed is none|may|encrypt|secure|dane|dane-only"},
      {"[[rule]]\nlevel = \"may\"\n", 1, "rule.match", "is missing"},
      {"[[rule]]\nmatch = \"*\"\nlevel = \"must\"\n", 3, "rule.level", "none|may|encrypt|secure|dane|dane-only"},
      {"[[rule]]\nmatch = \"*.a.example\"\nlevel = \"may\"\n", 2, "rule.match", "\".a.example\""},
      {"[[rule]]\nmatch = \"*\"\nlevel = \"may\"\nexpires = \"2026-12-31\"\n", 4, "rule.expires", "without quotes"},
      {"[[rule]]\nmatch = \"*\"\nlevel = \"may\"\nexpires = 12:00:00\n", 4, "rule.expires", "DATE|DATE-TIME"},
      {"[[rule]]\nmatch = \"*\"\nlevel = \"may\"\nreason = \"a\\nb\"\n", 4, "rule.reason", "one line"},
      {"[[rule]]\nmatch = \"*\"\nlevel = \"may\"\nuntil = 2026-12-31\n", 4, "rule.until", "rule.expires"},
      {"[[rule]]\nmatch=\"*\"\nlevel=\"may\"\n[[rule]]\nmatch=\"*\"\nlevel=\"dane\"\n", 4, "rule.match",
       "hides this one"},
      {"[[route]]\nmatch = \"*\"\n", 1, "route.next_hop", "is missing"},
      {"[[route]]\nmatch = \"*\"\nnext_hop = \"192.0.2.1\"\n", 3, "route.next_hop", "in brackets"},
      {"[[route]]\nmatch=\"*\"\nnext_hop=\"a.b\"\n[[route]]\nmatch=\"*\"\nnext_hop=\"c.d\"\n", 4, "route.match",
       "hides"},
      {"[delivery\n", 1, "", "is not TOML"},
      {"a = 1\nb = \n", 2, "", "is not TOML"},
      {"[delivery]\nport = 25\nport = 26\n", 3, "", "is not TOML"},
      {std::string_view("\n[\0\0]\n", 6), 2, "", "control character"},
      {"# \x7f\n", 1, "", "control character"},
      {"x = \"\xff\"\n", 1, "", "is not TOML"},
  };
  for (const Bad& c : cases) {
    auto settings = parse_settings(c.toml, "postseal.toml");
    ASSERT_FALSE(settings) << c.toml;
    EXPECT_EQ(settings.error().line, c.line) << c.toml << settings.error().to_string();
    EXPECT_EQ(settings.error().key, c.key) << settings.error().to_string();
    EXPECT_THAT(settings.error().to_string(), HasSubstr(std::string(c.what))) << c.toml;
    EXPECT_THAT(settings.error().to_string(), testing::StartsWith("postseal.toml:" + std::to_string(c.line) + ": "));
    EXPECT_EQ(settings.error().to_string().find('\n'), std::string::npos)
        << "one line: " << settings.error().to_string();
  }
}

TEST(SettingsFile, of_several_errors_the_first_in_the_file_is_told) {
  auto settings = parse_settings("[resolver]\nzzz = 1\n[delivery]\naaa = 2\n", "x.toml");
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().key, "resolver.zzz");
}

TEST(SettingsFile, moments_count_in_utc) {
  using namespace std::chrono;
  const std::pair<std::string_view, WallTime> cases[] = {
      {"2026-12-31", sys_days(year(2026) / 12 / 31)},
      {"2026-12-31T12:30:15Z", sys_days(year(2026) / 12 / 31) + hours(12) + minutes(30) + seconds(15)},
      {"2026-12-31T12:30:15.9", sys_days(year(2026) / 12 / 31) + hours(12) + minutes(30) + seconds(15)},
      {"2026-12-31 12:30:15+02:00", sys_days(year(2026) / 12 / 31) + hours(10) + minutes(30) + seconds(15)},
      {"2026-12-31 23:30:00-05:00", sys_days(year(2027) / 1 / 1) + hours(4) + minutes(30)},
  };
  for (auto [text, expected] : cases) {
    auto settings =
        parse_settings("[[rule]]\nmatch = \"*\"\nlevel = \"may\"\nexpires = " + std::string(text), "x.toml");
    ASSERT_TRUE(settings) << settings.error().to_string();
    EXPECT_EQ(settings->rules.at(0).expires, expected) << text;
  }
}

TEST(SettingsFile, an_exception_with_an_end_may_stand_before_a_rule_without) {
  auto settings = parse_settings(
      "[[rule]]\nmatch = \"a.example\"\nlevel = \"may\"\nexpires = 2026-12-31\n"
      "[[rule]]\nmatch = \"a.example\"\nlevel = \"dane-only\"\n",
      "x.toml");
  ASSERT_TRUE(settings) << settings.error().to_string();
  EXPECT_EQ(settings->rules.size(), 2u);
}

TEST(SettingsFile, what_cannot_be_read_is_said) {
  auto missing = load_settings("/nonexistent/postseal.toml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().to_string(),
            "/nonexistent/postseal.toml: the settings cannot be read: No such file or directory");
  auto folder = load_settings("/");
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error().to_string(), HasSubstr("cannot be read"));

  auto path = std::filesystem::path(testing::TempDir()) / "postseal_settings_file_test.toml";
  std::ofstream(path) << "[delivery]\nport = 2525\n";
  auto settings = load_settings(path);
  ASSERT_TRUE(settings) << settings.error().to_string();
  EXPECT_EQ(settings->delivery.port, 2525);
  std::ofstream(path) << std::string(2 * 1024 * 1024, '#');
  auto large = load_settings(path);
  ASSERT_FALSE(large);
  EXPECT_THAT(large.error().to_string(), HasSubstr("1 MiB"));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace postseal::settings
