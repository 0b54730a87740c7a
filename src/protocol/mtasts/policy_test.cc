// SPDX-License-Identifier: Apache-2.0
#include "protocol/mtasts/policy.h"

#include <gtest/gtest.h>

namespace postseal::mtasts {
namespace {

Domain domain(const char* name) { return Domain::parse(name).value(); }

const std::string kBody = "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmax_age: 604800\n";

/// kBody with one line replaced, or with one more.
std::string with(const std::string& line) {
  const std::string name = line.substr(0, line.find(':') + 1);
  const std::size_t at = name.empty() ? std::string::npos : kBody.find("\n" + name);
  if (at == std::string::npos) return kBody + line + "\n";
  const std::size_t end = kBody.find('\n', at + 1);
  return kBody.substr(0, at + 1) + line + kBody.substr(end);
}

TEST(Policy, the_example_of_the_rfc_is_read) {
  const auto policy = parse_policy(
      "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmx: backupmx.example.com\r\n"
      "max_age: 604800\r\n");
  ASSERT_TRUE(policy) << policy.error().reason;
  EXPECT_EQ(policy->mode, Mode::Enforce);
  EXPECT_EQ(policy->max_age, Seconds(604800));
  ASSERT_EQ(policy->mx.size(), 3U);
  EXPECT_EQ(policy->mx[1], (MxPattern{domain("example.net"), true}));
}

struct Case {
  const char* why;
  std::string body;
  bool valid;
};

class PolicyBody : public testing::TestWithParam<Case> {};

TEST_P(PolicyBody, is_judged_by_the_grammar) {
  const auto policy = parse_policy(GetParam().body);
  EXPECT_EQ(policy.has_value(), GetParam().valid) << GetParam().why << (policy ? "" : ": " + policy.error().reason);
}

const std::string kRest = "mode: testing\nmx: a.example\nmax_age: 1\n";
INSTANTIATE_TEST_SUITE_P(S19_required_fields, PolicyBody,
                         testing::Values(Case{"version last", kRest + "version: STSv1\n", true},
                                         Case{"no version", kRest, false},
                                         Case{"version 2", "version: STSv2\n" + kRest, false},
                                         Case{"version in other letters", "version: stsv1\n" + kRest, false},
                                         Case{"name in other letters", "Version: STSv1\n" + kRest, false},
                                         Case{"no mode", "version: STSv1\nmx: a.example\nmax_age: 1\n", false},
                                         Case{"no max_age", "version: STSv1\nmode: testing\nmx: a.example\n", false},
                                         Case{"empty", "", false}, Case{"only a line end", "\n", false}));
INSTANTIATE_TEST_SUITE_P(
    S20_S21_S22_modes, PolicyBody,
    testing::Values(Case{"none without mx", "version: STSv1\nmode: none\nmax_age: 0\n", true},
                    Case{"enforce without mx", "version: STSv1\nmode: enforce\nmax_age: 9\n", false},
                    Case{"testing without mx", "version: STSv1\nmode: testing\nmax_age: 9\n", false},
                    Case{"unknown mode", with("mode: report"), false},
                    Case{"mode in other letters", with("mode: Enforce"), false},
                    Case{"empty mode", with("mode:"), false}));
INSTANTIATE_TEST_SUITE_P(
    S25_lines, PolicyBody,
    testing::Values(Case{"LF", kBody, true}, Case{"no final line end", kBody.substr(0, kBody.size() - 1), true},
                    Case{"LF and CRLF mixed", "version: STSv1\r\nmode: none\nmax_age: 1\r\n", true},
                    Case{"blanks around values", "version:STSv1 \t\nmode: \t none\t\nmax_age:1 \n", true},
                    Case{"bare CR", "version: STSv1\rmode: none\rmax_age: 1\r", false},
                    Case{"CR at the end without LF", "version: STSv1\nmode: none\nmax_age: 1\r", false},
                    Case{"two CR", "version: STSv1\r\r\nmode: none\nmax_age: 1\n", false},
                    Case{"empty line inside", "version: STSv1\n\nmode: none\nmax_age: 1\n", false},
                    Case{"empty line at the end", kBody + "\n", false},
                    Case{"blank before the name", " version: STSv1\nmode: none\nmax_age: 1\n", false},
                    Case{"blank before the colon", "version : STSv1\nmode: none\nmax_age: 1\n", false},
                    Case{"byte order mark", "\xef\xbb\xbf" + kBody, false},
                    Case{"a page of HTML", "<!DOCTYPE html>\n<html></html>\n", false}));
INSTANTIATE_TEST_SUITE_P(S06_extensions, PolicyBody,
                         testing::Values(Case{"unknown field", with("foo: bar = baz; \"x\""), true},
                                         Case{"colon in the value", with("foo: a:b"), true},
                                         Case{"UTF-8", with("foo: gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x93\xa8"),
                                              true},
                                         Case{"empty value", with("foo:"), false}, Case{"no colon", with("foo"), false},
                                         Case{"broken UTF-8", with("foo: \xc3"), false},
                                         Case{"overlong UTF-8", with("foo: \xc0\xaf"), false},
                                         Case{"surrogate", with("foo: \xed\xa0\x80"), false},
                                         Case{"above U+10FFFF", with("foo: \xf4\x90\x80\x80"), false},
                                         Case{"tab inside", with("foo: a\tb"), false},
                                         Case{"NUL inside", with(std::string("foo: a\0b", 8)), false},
                                         Case{"name with a blank", with("foo bar: a"), false},
                                         Case{"name of 33", with(std::string(33, 'a') + ": a"), false}));
INSTANTIATE_TEST_SUITE_P(S27_S40_patterns, PolicyBody,
                         testing::Values(Case{"two wildcards", with("mx: *.*.example.com"), false},
                                         Case{"wildcard inside", with("mx: foo.*.example.com"), false},
                                         Case{"part of a label", with("mx: mx*.example.com"), false},
                                         Case{"only a star", with("mx: *"), false},
                                         Case{"star and dot", with("mx: *."), false},
                                         Case{"IPv4 address", with("mx: 192.0.2.1"), false},
                                         Case{"IPv6 address", with("mx: 2001:db8::1"), false},
                                         Case{"address literal", with("mx: [192.0.2.1]"), false},
                                         Case{"underscore", with("mx: mx_1.example.com"), false},
                                         Case{"U-label",
                                              with("mx: b\xc3\xbc"
                                                   "cher.example"),
                                              false},
                                         Case{"A-label", with("mx: xn--bcher-kva.example"), true},
                                         Case{"two hosts in one line", with("mx: a.example, b.example"), false},
                                         Case{"empty label", with("mx: a..example"), false},
                                         Case{"final dot", with("mx: a.example."), true},
                                         Case{"label of 64", with("mx: " + std::string(64, 'a') + ".example"), false}));

TEST(Policy, S23_max_age) {
  const std::string head = "version: STSv1\nmode: none\nmax_age: ";
  struct {
    const char* digits;
    long seconds;  // -1: invalid
  } cases[] = {{"0", 0},
               {"86400", 86400},
               {"31557600", 31557600},
               {"31557601", 31557600},
               {"9999999999", 31557600},
               {"0000086400", 86400},
               {"10000000000", -1},
               {"00000086400", -1},
               {"-1", -1},
               {"+1", -1},
               {"1d", -1},
               {"1.5", -1},
               {"", -1},
               {"abc", -1},
               {"0x10", -1},
               {"1 2", -1}};
  for (const auto& [digits, seconds] : cases) {
    const auto policy = parse_policy(head + digits + "\n");
    EXPECT_EQ(policy ? policy->max_age.count() : -1, seconds) << digits;
  }
}

TEST(Policy, S24_the_first_of_duplicates_counts_even_if_the_second_is_nonsense) {
  const auto policy = parse_policy(kBody + "mode: none\nmode: nonsense\nmax_age: x\nversion: STSv2\n");
  ASSERT_TRUE(policy) << policy.error().reason;
  EXPECT_EQ(policy->mode, Mode::Enforce);
  EXPECT_EQ(policy->max_age, Seconds(604800));
  EXPECT_FALSE(parse_policy("mode: nonsense\n" + kBody)) << "a bad first is not mended by a second";
}

TEST(Policy, an_error_names_its_line) {
  const auto policy = parse_policy("version: STSv1\r\nmode: enforce\r\nmx: *.*.example.com\r\nmax_age: 1\r\n");
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().line, 3);
  EXPECT_NE(policy.error().reason.find("*.*.example.com"), std::string::npos);
}

TEST(Policy, S14_more_than_64_KiB_are_refused) {
  std::string body = kBody;
  while (body.size() + 20 <= kMaxPolicySize) body += "mx: host.example.or\n";
  body += "x: " + std::string(kMaxPolicySize - body.size() - 4, 'x') + "\n";
  ASSERT_EQ(body.size(), kMaxPolicySize);
  EXPECT_TRUE(parse_policy(body));
  body.insert(body.size() - 1, "x");
  const auto larger = parse_policy(body);
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().line, 0) << "refused for its size, before a line is read";
}

TEST(MxPattern, S26_a_wildcard_is_exactly_one_label) {
  const auto policy = parse_policy(kBody).value();
  struct {
    const char* host;
    const char* pattern;  // nullptr: none
  } cases[] = {{"mail.example.com", "mail.example.com"},
               {"MAIL.Example.COM.", "mail.example.com"},
               {"a.example.net", "*.example.net"},
               {"A.EXAMPLE.NET.", "*.example.net"},
               {"example.net", nullptr},
               {"a.b.example.net", nullptr},
               {"aexample.net", nullptr},
               {"a.example.net.evil.example", nullptr},
               {"a.mail.example.com", nullptr},
               {"example.com", nullptr},
               {"net", nullptr}};
  for (const auto& [host, pattern] : cases) {
    const auto match = match_host(policy, domain(host));
    EXPECT_EQ(match ? match->to_string() : "", pattern ? pattern : "") << host;
  }
  EXPECT_FALSE(match_host(policy, Domain()));
}

TEST(MxPattern, S26_patterns_are_read_without_regard_to_case_and_final_dot) {
  EXPECT_EQ(MxPattern::parse("*.EXAMPLE.net.").value(), (MxPattern{domain("example.net"), true}));
}

TEST(Mode, words_and_values_agree) {
  for (const Mode mode : {Mode::Enforce, Mode::Testing, Mode::None}) EXPECT_EQ(parse_mode(to_string(mode)), mode);
  EXPECT_FALSE(parse_mode("report"));
}

}  // namespace
}  // namespace postseal::mtasts
