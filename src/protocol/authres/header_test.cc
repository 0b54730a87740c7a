// SPDX-License-Identifier: Apache-2.0
#include "protocol/authres/header.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace postseal::authres {
namespace {

using message::HeaderField;
using namespace std::literals;

std::string one(std::string ptype, std::string property, std::string value, Charset charset = Charset::Ascii) {
  std::string field = format("mx.test",
                             {{.method = "spf",
                               .result = "pass",
                               .reason = {},
                               .comment = {},
                               .properties = {{std::move(ptype), std::move(property), std::move(value)}}}},
                             charset);
  constexpr std::string_view kBegin = "Authentication-Results: mx.test;\r\n  spf=pass ";
  EXPECT_TRUE(field.starts_with(kBegin) && field.ends_with("\r\n")) << field;
  return field.substr(kBegin.size(), field.size() - kBegin.size() - 2);
}

// RFC 8601 §2.2.
TEST(AuthresFormat, values_are_quoted_where_a_token_or_an_address_would_not_do) {
  const std::pair<std::string, std::string> table[] = {
      {"example.org", "example.org"},
      {"user@example.org", "user@example.org"},
      {"@example.org", "@example.org"},
      {"192.0.2.1", "192.0.2.1"},
      {"2001:db8::1", "\"2001:db8::1\""},
      {"ab/c+d=", "\"ab/c+d=\""},
      {"", "\"\""},
      {"two words", "\"two words\""},
      {"\"a b\"@example.org", R"("\"a b\"@example.org")"},
      {"a@b@example.org", "\"a@b@example.org\""},
      {"user@[192.0.2.1]", "\"user@[192.0.2.1]\""},
      {"x; dmarc=pass", "\"x; dmarc=pass\""},
      {"x\\", R"("x\\")"},
      {"x\" y", R"("x\" y")"},
      {"(x)", "\"(x)\""},
  };
  for (const auto& [value, text] : table) EXPECT_EQ(one("smtp", "mailfrom", value), "smtp.mailfrom=" + text) << value;
}

// A21: what a stranger chose cannot end the line, the field or the statement.
TEST(AuthresFormat, line_ends_controls_and_broken_octets_do_not_leave_a_value) {
  EXPECT_EQ(one("smtp", "helo", "a\r\nSubject: x"), "smtp.helo=\"a?\?Subject: x\"");
  EXPECT_EQ(one("smtp", "helo", "a\0b"s), "smtp.helo=\"a?b\"");
  EXPECT_EQ(one("smtp", "helo", "a\x7f"), "smtp.helo=\"a?\"");
  EXPECT_EQ(one("smtp", "helo", "\xff\xfe", Charset::Utf8), "smtp.helo=\"??\"");
  EXPECT_EQ(one("sm\r\ntp", "he lo;", "x"), "sm--tp.he-lo-x=x");
  const std::string field = format(
      "mx.test\r\nX: y",
      {{.method = "dkim\r\n", .result = "pass;", .reason = "a\r\nb\"c", .comment = "x) (y\\\r\n", .properties = {}}});
  EXPECT_EQ(field,
            "Authentication-Results: \"mx.test?\?X: y\";\r\n"
            "  dkim--x=pass-x (x\\) \\(y\\\\?\?) reason=\"a?\?b\\\"c\"\r\n");
}

// RFC 2047 §5 (A21): who decodes an encoded word where none may stand finds nothing.
TEST(AuthresFormat, no_encoded_word_leaves_a_value) {
  EXPECT_EQ(one("smtp", "mailfrom", "=?utf-8?q?a=3B_dmarc=3Dpass?=@far.test"),
            "smtp.mailfrom==_utf-8?q?a=3B_dmarc=3Dpass?=@far.test");
  EXPECT_EQ(one("smtp", "mailfrom", "?utf-8?q?a?=@far.test"), "smtp.mailfrom=\"?utf-8?q?a?=@far.test\"");
  EXPECT_EQ(one("smtp", "helo", "==??x =?utf-8?q?a?="), "smtp.helo=\"==_?x =_utf-8?q?a?=\"");
  EXPECT_EQ(one("smtp", "helo", "=\xffutf-8?q?a?="), "smtp.helo=\"=_utf-8?q?a?=\"");
  const std::string field = format("mx.test", {{.method = "iprev",
                                                .result = "pass",
                                                .reason = "=?b?q?x?=",
                                                .comment = "=?b?q?x?=.far.test",
                                                .properties = {}}});
  EXPECT_FALSE(field.contains("=?")) << field;
}

// RFC 8601 §2.5, RFC 6532 §3.
TEST(AuthresFormat, octets_above_127_need_an_internationalised_message) {
  EXPECT_EQ(one("smtp", "mailfrom",
                "j\xc3\xbcrgen@b\xc3\xbc"
                "cher.test",
                Charset::Utf8),
            "smtp.mailfrom=j\xc3\xbcrgen@b\xc3\xbc"
            "cher.test");
  EXPECT_EQ(one("smtp", "mailfrom",
                "j\xc3\xbcrgen@b\xc3\xbc"
                "cher.test"),
            "smtp.mailfrom=\"j??rgen@b??cher.test\"");
  EXPECT_EQ(one("smtp", "mailfrom", "j\xc3\xbcrgen", Charset::Utf8), "smtp.mailfrom=\"j\xc3\xbcrgen\"");
}

// RFC 8601 §2.2 no-result.
TEST(AuthresFormat, nothing_checked_says_none) {
  EXPECT_EQ(format("mx.test", {}), "Authentication-Results: mx.test; none\r\n");
}

// RFC 5322 §2.1.1: 78 where words allow it, 998 always.
TEST(AuthresFormat, lines_end_at_78_columns_between_words_and_never_pass_998) {
  std::vector<MethodResult> results(3, {.method = "dkim",
                                        .result = "pass",
                                        .reason = "long enough a reason for a line of its own",
                                        .comment = "2048-bit key",
                                        .properties = {{"header", "d", "example.org"},
                                                       {"header", "s", "selector"},
                                                       {"header", "i", "@sub.example.org"},
                                                       {"header", "b", "abcdefgh"}}});
  results.push_back({.method = "spf",
                     .result = "pass",
                     .reason = std::string(5'000, '"'),
                     .comment = std::string(5'000, '('),
                     .properties = {{"smtp", "mailfrom", std::string(5'000, '\\')}}});
  const std::string field = format("mx.example.org", results);
  std::size_t begin = 0, longer = 0;
  while (begin < field.size()) {
    const std::size_t end = field.find("\r\n", begin);
    ASSERT_NE(end, field.npos);
    EXPECT_LE(end - begin, 998U);
    if (end - begin > 78) ++longer;
    if (begin > 0) EXPECT_EQ(field[begin], ' ');
    begin = end + 2;
  }
  EXPECT_EQ(longer, 3U) << "only the three words that no line could hold\n" << field;
  const auto back = parse(HeaderField(field).value());
  ASSERT_TRUE(back);
  ASSERT_EQ(back->results.size(), 4U);
  EXPECT_EQ(back->results[2].properties, results[2].properties);
  EXPECT_EQ(back->results[2].reason, results[2].reason);
}

TEST(AuthresFormat, a_cut_value_ends_between_characters) {
  std::string value(449, 'a');
  const std::string field = format("mx.test",
                                   {{.method = "dkim",
                                     .result = "pass",
                                     .reason = {},
                                     .comment = {},
                                     .properties = {{"header", "d", value + "\xc3\xbc"}}}},
                                   Charset::Utf8);
  EXPECT_TRUE(field.ends_with("header.d=" + value + "\r\n")) << field;
}

std::string shown(std::string_view value) {
  const auto header = parse(value);
  if (!header) return "! " + std::string(to_string(header.error()));
  std::string text = header->authserv_id + "/" + header->version;
  for (const auto& result : header->results) {
    text += " | " + result.method + (result.version == "1" ? "" : "/" + result.version) + "=" + result.result;
    if (!result.reason.empty()) text += " [" + result.reason + "]";
    for (const auto& [ptype, property, content] : result.properties)
      text += " " + ptype + "." + property + "=" + content;
  }
  return text;
}

// RFC 8601 §2.2 and the examples of its appendix B.
TEST(AuthresParse, the_examples_of_the_standard_are_understood) {
  EXPECT_EQ(shown(" example.org 1; none"), "example.org/1");
  EXPECT_EQ(shown(" example.com;\r\n          spf=pass smtp.mailfrom=example.net\r\n"),
            "example.com/1 | spf=pass smtp.mailfrom=example.net");
  EXPECT_EQ(shown(" example.com;\r\n auth=pass (cleartext) smtp.auth=sender@example.net;\r\n"
                  " spf=pass smtp.mailfrom=example.net\r\n"),
            "example.com/1 | auth=pass smtp.auth=sender@example.net | spf=pass smtp.mailfrom=example.net");
  EXPECT_EQ(shown(" example.com;\r\n dkim=pass reason=\"good signature\"\r\n header.i=@mail-router.example.net;\r\n"
                  " dkim=fail reason=\"bad signature\"\r\n header.i=@newyork.example.com\r\n"),
            "example.com/1 | dkim=pass [good signature] header.i=@mail-router.example.net"
            " | dkim=fail [bad signature] header.i=@newyork.example.com");
  EXPECT_EQ(
      shown(" foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n"
            " policy (A dot can go here) . (like that) expired\r\n"
            " (this surprised me) = (as I wasn't expecting it) 1362471462"),
      "foo.example.net/1 | dkim=fail policy.expired=1362471462");
}

TEST(AuthresParse, what_others_write_is_read_as_far_as_nothing_can_hide_in_it) {
  EXPECT_EQ(shown("\"mx.test\" 2 ; SPF=Pass smtp.mailfrom=\"a b\"@example.org;"),
            "mx.test/2 | spf=pass smtp.mailfrom=a b@example.org");
  EXPECT_EQ(shown("mx.test; dkim=pass header.b=ab/c+d=;arc=none header.oldest-pass=0"),
            "mx.test/1 | dkim=pass header.b=ab/c+d= | arc=none header.oldest-pass=0");
  EXPECT_EQ(shown("mx.test; none;"), "mx.test/1");
  EXPECT_EQ(shown("mx.test; dkim / 2 = pass; spf/1=pass"), "mx.test/1 | dkim/2=pass | spf=pass");
  EXPECT_EQ(shown("mx.test; none=pass"), "mx.test/1 | none=pass");
  EXPECT_EQ(shown("mx.test; dkim=fail (; dmarc=pass) reason=\"; dmarc=pass\""), "mx.test/1 | dkim=fail [; dmarc=pass]");
}

TEST(AuthresParse, what_is_no_results_field_says_why) {
  const std::pair<std::string_view, ParseProblem> table[] = {
      {"", ParseProblem::NoAuthservId},
      {";spf=pass", ParseProblem::NoAuthservId},
      {"\"\"; none", ParseProblem::NoAuthservId},
      {"=?utf-8?q?mx.test?=; none", ParseProblem::NoAuthservId},
      {"mx.test@; none", ParseProblem::BadVersion},
      {"mx.test", ParseProblem::NoResult},
      {"mx.test;", ParseProblem::BadResult},
      {"mx.test 1", ParseProblem::NoResult},
      {"mx.test one; none", ParseProblem::BadVersion},
      {"mx.test 1 2; none", ParseProblem::BadVersion},
      {"\"mx.test\"1; none", ParseProblem::BadVersion},
      {"mx.test 1234567890; none", ParseProblem::BadVersion},
      {"mx.test; none; spf=pass", ParseProblem::BadResult},
      {"mx.test; spf=pass; none", ParseProblem::BadResult},
      {"mx.test; spf", ParseProblem::BadResult},
      {"mx.test; spf=", ParseProblem::BadResult},
      {"mx.test; =pass", ParseProblem::BadResult},
      {"mx.test; spf/=pass", ParseProblem::BadResult},
      {"mx.test; spf=pass smtp.=x", ParseProblem::BadResult},
      {"mx.test; spf=pass smtp.mailfrom", ParseProblem::BadResult},
      {"mx.test; spf=pass smtp.mailfrom=a\"b\"", ParseProblem::BadResult},
      {"mx.test; spf=pass smtp.mailfrom=\"b", ParseProblem::BadResult},
      {"mx.test; spf=pass reason=", ParseProblem::BadResult},
      {"mx.test; spf=pass because=x", ParseProblem::BadResult},
      {"mx.test (", ParseProblem::OpenComment},
      {"(mx.test; none", ParseProblem::OpenComment},
      {"mx.test\r\n; none", ParseProblem::Control},
      {"mx.test;\0 none"sv, ParseProblem::Control},
  };
  for (const auto& [value, problem] : table) {
    const auto header = parse(value);
    ASSERT_FALSE(header) << value;
    EXPECT_EQ(header.error(), problem) << value << ": " << to_string(header.error());
  }
}

// A24.
TEST(AuthresParse, results_and_properties_are_counted) {
  std::string many = "mx.test";
  for (int i = 0; i < 1'000; ++i) many += "; a=b";
  EXPECT_TRUE(parse(many));
  EXPECT_EQ(parse(many + "; a=b").error(), ParseProblem::TooMany);
  std::string wide = "mx.test; a=b";
  for (int i = 0; i < 101; ++i) wide += " c.d=e";
  EXPECT_EQ(parse(wide).error(), ParseProblem::BadResult);
  EXPECT_EQ(parse(std::string(1'000'000, '(')).error(), ParseProblem::OpenComment);
}

// RFC 8601 §5 (A21): what says that it is from us, in whatever way, came from outside.
TEST(AuthresOurs, a_field_that_claims_to_be_ours_is_recognised_however_it_is_written) {
  const std::string_view ours[] = {
      "Authentication-Results: mx.example.org; spf=pass\r\n",
      "AUTHENTICATION-RESULTS : MX.Example.ORG; spf=pass\r\n",
      "Authentication-Results:mx.example.org;spf=pass\r\n",
      "Authentication-Results:\r\n mx.example.org\r\n ; spf=pass\r\n",
      "Authentication-Results: (hi (there)) mx.example.org (you) 1; spf=pass\r\n",
      "Authentication-Results: (\\)) \"mx.example.org\"; spf=pass\r\n",
      "Authentication-Results: \"mx\\.example.org\"; spf=pass\r\n",
      "Authentication-Results: mx.example.org. 1; spf=pass\r\n",
      "Authentication-Results: mx.example.org 99; spf=pass\r\n",
      "Authentication-Results: mx.example.org\r\n",
      "Authentication-Results: mx.\xef\xbd\x85xample.org; spf=pass\r\n",  // a wide "e" maps to e
      // Not readable for sure: another reader could find us in it.
      "Authentication-Results: (mx.example.org; spf=pass\r\n",
      "Authentication-Results: other.example mx.example.org; spf=pass\r\n",
      "Authentication-Results: \"mx.example.org; spf=pass\r\n",
      "Authentication-Results: \"mx.exa\"mple.org; spf=pass\r\n",
      "Authentication-Results: mx.exam\rple.org; spf=pass\r\n",
      "Authentication-Results: =?us-ascii?q?mx.example.org?=; spf=pass\r\n",
      "Authentication-Results: \r\n",
      // Nobody sees what is around us: U+00A0, U+202E, U+200B, octets that are no UTF-8, blanks.
      "Authentication-Results: \xc2\xa0mx.example.org; spf=pass\r\n",
      "Authentication-Results: mx.example.org\xc2\xa0; spf=pass\r\n",
      "Authentication-Results: \xe2\x80\xaemx.example.org; spf=pass\r\n",
      "Authentication-Results: mx\xe2\x80\x8b.example.org; spf=pass\r\n",
      "Authentication-Results: \xffmx.example.org; spf=pass\r\n",
      "Authentication-Results: mx.example.org\xff; spf=pass\r\n",
      "Authentication-Results: \" mx.example.org\"; spf=pass\r\n",
  };
  for (const auto field : ours)
    EXPECT_TRUE(carries_authserv_id(HeaderField(std::string(field)), "mx.example.org")) << field;
  const std::string_view others[] = {
      "Authentication-Results: other.example; spf=pass\r\n",
      "Authentication-Results: xmx.example.org; spf=pass\r\n",
      "Authentication-Results: mx.example.org.evil.example; spf=pass\r\n",
      "Authentication-Results: (mx.example.org) other.example; spf=pass\r\n",
      "Authentication-Results: b\xc3\xbc"
      "cher.example; spf=pass\r\n",
      "Authentication-Results: other_server; spf=pass\r\n",
      "Authentication-Results: other.example; x=y reason=\"mx.example.org; spf=pass\"\r\n",
      "ARC-Authentication-Results: i=1; mx.example.org; spf=pass\r\n",
      "X-Authentication-Results: mx.example.org; spf=pass\r\n",
      "Subject: mx.example.org\r\n",
  };
  for (const auto field : others) {
    EXPECT_FALSE(carries_authserv_id(HeaderField(std::string(field)), "mx.example.org")) << field;
  }
  // RFC 8601 §2.5, RFC 6532: one name, two spellings.
  EXPECT_TRUE(carries_authserv_id(HeaderField("Authentication-Results: b\xc3\xbc"
                                              "cher.example; none\r\n"),
                                  "xn--bcher-kva.example"));
  EXPECT_TRUE(carries_authserv_id(HeaderField("Authentication-Results: xn--bcher-kva.example; none\r\n"),
                                  "b\xc3\xbc"
                                  "cher.example"));
}

// RFC 8617 §4.1.1.
TEST(AuthresOurs, the_statements_of_our_own_fields_are_taken_as_they_stand) {
  const auto taken = [](std::string_view value) {
    return statements(HeaderField("Authentication-Results: " + std::string(value) + "\r\n"), "lists.example.org");
  };
  EXPECT_EQ(taken("lists.example.org (c) 1;\r\n  spf=pass\r\n smtp.mfrom=jqd@d1.example ;dkim=pass (1024;bit) ;"),
            (std::vector<std::string>{"spf=pass smtp.mfrom=jqd@d1.example", "dkim=pass (1024;bit)"}));
  EXPECT_EQ(taken("Lists.Example.Org; none"), std::vector<std::string>{});
  EXPECT_EQ(taken("nobody.example.org; spf=pass"), std::nullopt);
  EXPECT_EQ(taken("lists.example.org 2; spf=pass"), std::nullopt);
  EXPECT_EQ(taken("lists.example.org; spf"), std::nullopt);
  EXPECT_EQ(taken("lists.example.org; spf=pass\rX: y"), std::nullopt);
}

// RFC 8617 §4.1.1; RFC 5322 §2.2.3.
TEST(AuthresOurs, statements_are_put_together_one_to_a_line_and_folded_at_blanks) {
  EXPECT_EQ(join_statements("lists.example.org", {"arc=none", "spf=pass smtp.mfrom=jqd@d1.example"}),
            "lists.example.org;\r\n  arc=none;\r\n  spf=pass smtp.mfrom=jqd@d1.example");
  EXPECT_EQ(join_statements("lists example", {}), "\"lists example\"; none");
  const std::string word(40, 'w');
  EXPECT_EQ(join_statements("a", {"x=y (" + word + "  " + word + ")"}),
            "a;\r\n  x=y (" + word + "\r\n    " + word + ")");
}

}  // namespace
}  // namespace postseal::authres
