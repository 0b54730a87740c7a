// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "edge/settings/settings.h"
#include "edge/settings/settings_table.h"

namespace postseal::settings {
namespace {

using testing::HasSubstr;

TEST(Set, the_command_line_gives_every_kind_of_value_as_text) {
  Settings settings;
  const std::pair<std::string_view, std::string_view> values[] = {
      {"resolver.mode", "trust-ad:127.0.0.53:53"},
      {"resolver.trust-anchor", "none"},
      {"resolver.root", "127.0.0.1@5353"},
      {"delivery.port", "2525"},
      {"delivery.timeout", "2m"},
      {"delivery.chunking", "false"},
      {"mta_sts.private_addresses", "true"},
      {"ca-file", "/x.pem"},
  };
  for (auto [key, value] : values) {
    auto done = set(settings, key, value);
    ASSERT_TRUE(done) << done.error().to_string();
  }
  EXPECT_EQ(settings.resolver.mode, ResolverMode::TrustAd);
  EXPECT_EQ(settings.resolver.trust_anchor, "none");
  EXPECT_EQ(settings.resolver.root, (HostPort{*IpAddress::parse("127.0.0.1"), 5353}));
  EXPECT_EQ(settings.delivery.port, 2525);
  EXPECT_EQ(settings.delivery.timeout, std::chrono::minutes(2));
  EXPECT_FALSE(settings.delivery.chunking);
  EXPECT_TRUE(settings.mta_sts.private_addresses);
  EXPECT_EQ(settings.ca_file, "/x.pem");
}

TEST(Set, bad_keys_and_values_are_refused_and_change_nothing) {
  struct Case {
    std::string_view key, value, what;
  };
  const Case cases[] = {
      {"delivery.prot", "25", "did you mean delivery.port?"},
      {"", "25", "unknown key"},
      {"delivery.port", "smtp", "allowed is 1..65535"},
      {"delivery.port", "", "allowed is 1..65535"},
      {"delivery.port", "25 ", "allowed is 1..65535"},
      {"delivery.port", "99999999999999999999", "allowed is 1..65535"},
      {"delivery.chunking", "1", "allowed is true|false"},
      {"resolver.mode", "trust-ad:192.0.2.1:53", "AD bit"},  // D46
      {"rule.level", "dane", "only be set in the settings file"},
      {"domain.name", "a.example", "only be set in the settings file"},
  };
  for (const Case& c : cases) {
    Settings settings;
    auto done = set(settings, c.key, c.value);
    ASSERT_FALSE(done) << c.key;
    EXPECT_THAT(done.error().to_string(), HasSubstr(std::string(c.what)));
    EXPECT_TRUE(done.error().file.empty());
    EXPECT_EQ(settings, Settings{}) << c.key;
  }
  Settings settings;
  EXPECT_THAT(set(settings, std::string(100'000, 'x'), "").error().what, HasSubstr("unknown key")) << "bounded work";
}

TEST(Table, each_default_is_what_the_program_starts_with) {
  Settings settings;
  for (const KeyInfo& info : table()) {
    if (is_entry_key(info.key)) continue;
    auto done = set(settings, info.key, info.initial);
    ASSERT_TRUE(done) << info.key << ": " << done.error().to_string();
    EXPECT_EQ(settings, Settings{}) << info.key << " has another default than the table says";
  }
}

TEST(Table, keys_and_options_are_named_once_and_explained) {
  std::set<std::string_view> keys, options;
  for (const KeyInfo& info : table()) {
    EXPECT_TRUE(keys.insert(info.key).second) << info.key;
    EXPECT_FALSE(info.help.empty()) << info.key;
    EXPECT_FALSE(info.value.empty()) << info.key;
    if (info.option.empty()) continue;
    EXPECT_TRUE(options.insert(info.option).second) << info.option;
    EXPECT_TRUE(info.option.starts_with("--")) << info.option;
  }
}

// UPDATE_DOCS=1 in the environment writes the page instead.
TEST(Table, the_operators_page_is_made_from_it) {
  const char* path = POSTSEAL_SOURCE_DIR "/docs/operator/settings.md";
  if (std::getenv("UPDATE_DOCS") != nullptr) std::ofstream(path) << settings_markdown();
  std::ifstream file(path);
  std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_EQ(page, settings_markdown()) << "run this test with UPDATE_DOCS=1 in the environment";
  for (const KeyInfo& info : table())
    EXPECT_THAT(page, HasSubstr(std::string(info.key.substr(info.key.find('.') + 1))));
}

// UPDATE_DOCS=1 in the environment writes the file instead.
TEST(Table, the_example_file_is_made_from_it) {
  const char* path = POSTSEAL_SOURCE_DIR "/packaging/postseal.example.toml";
  const std::string expected =
      "# Every key there is, with its default; `postseal init` writes such a file for your host and domains.\n\n" +
      settings_toml({}, TomlStyle::Commented);
  if (std::getenv("UPDATE_DOCS") != nullptr) std::ofstream(path) << expected;
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_EQ(text, expected) << "run this test with UPDATE_DOCS=1 in the environment";
  EXPECT_EQ(parse_settings(text, path).value(), Settings{});
}

TEST(Table, the_example_on_the_operators_page_is_valid) {
  std::string page = settings_markdown();
  std::size_t start = page.find("```toml\n") + 8;
  auto settings = parse_settings(page.substr(start, page.find("```", start) - start), "settings.md");
  ASSERT_TRUE(settings) << settings.error().to_string();
  EXPECT_EQ(settings->rules.size(), 1u);
  EXPECT_EQ(settings->routes.size(), 1u);
}

}  // namespace
}  // namespace postseal::settings
