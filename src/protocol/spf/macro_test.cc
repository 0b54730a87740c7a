// SPDX-License-Identifier: Apache-2.0
#include "protocol/spf/macro.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace postseal::spf {
namespace {

/// The sender of the examples of RFC 7208 §7.4.
MacroValues rfc_values() {
  MacroValues values;
  values.sender_local = "strong-bad";
  values.sender_domain = "email.example.com";
  values.domain = "email.example.com";
  values.ip = IpAddress::v4({192, 0, 2, 3});
  values.helo = "Mail.Example.net";
  values.validated = "mx.example.org";
  values.receiver = "receiver.example";
  values.now = WallTime(Seconds(1'234'567'890));
  return values;
}

std::string expanded(const std::string& text, const MacroValues& values = rfc_values()) {
  const auto parsed = parse_macro_string(text, MacroPlace::Explanation);
  return parsed ? expand(*parsed, values, 1000, Keep::Front) : "error: " + parsed.error();
}

TEST(Macro, the_examples_of_rfc_7208_expand_as_it_says) {
  struct {
    const char* text;
    const char* expansion;
  } cases[] = {
      {"%{s}", "strong-bad@email.example.com"},
      {"%{o}", "email.example.com"},
      {"%{d}", "email.example.com"},
      {"%{d4}", "email.example.com"},
      {"%{d3}", "email.example.com"},
      {"%{d2}", "example.com"},
      {"%{d1}", "com"},
      {"%{dr}", "com.example.email"},
      {"%{d2r}", "example.email"},
      {"%{l}", "strong-bad"},
      {"%{l-}", "strong.bad"},
      {"%{lr}", "strong-bad"},
      {"%{lr-}", "bad.strong"},
      {"%{l1r-}", "strong"},
      {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
      {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
      {"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
      {"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
      {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
  };
  for (const auto& [text, expansion] : cases) EXPECT_EQ(expanded(text), expansion) << text;

  MacroValues six = rfc_values();
  six.ip = IpAddress::parse("2001:db8::cb01").value();
  EXPECT_EQ(expanded("%{ir}.%{v}._spf.%{d2}", six),
            "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6._spf.example.com");
}

// RFC 7208 §7.2, RFC 7208 §7.3.
TEST(Macro, every_letter_has_its_value_and_every_transformer_its_effect) {
  struct {
    const char* text;
    const char* expansion;
    const char* why;
  } cases[] = {
      {"%{h}", "Mail.Example.net", "HELO as it was given"},
      {"%{p}", "mx.example.org", "the validated name"},
      {"%{c}", "192.0.2.3", "the address for people"},
      {"%{r}", "receiver.example", "the receiver"},
      {"%{t}", "1234567890", "the time"},
      {"a%%b%_c%-d", "a%b c%20d", "percent, blank, blank in a URL"},
      {"%{D2}", "example.com", "upper case escapes, and nothing here needs it"},
      {"%{S}", "strong-bad%40email.example.com", "an @ is escaped"},
      {"%{d2R}", "example.email", "literals of the grammar have no case"},
      {"%{l1-}", "bad", "one part from the right"},
      {"%{l127-}", "strong.bad", "more parts than there are"},
      {"%{d99999999999999999999}", "email.example.com", "a number beyond all integers"},
      {"%{lr-+}", "bad.strong", "several delimiters"},
      {"%{d-}", "email.example.com", "other delimiters than the dot: one part"},
      {"plain text, with {braces}", "plain text, with {braces}", "no macro at all"},
      {"", "", "nothing"},
  };
  for (const auto& [text, expansion, why] : cases) EXPECT_EQ(expanded(text), expansion) << why;

  MacroValues odd = rfc_values();
  odd.sender_local = "a+b,c/d_e=f";
  EXPECT_EQ(expanded("%{l+,/_=}", odd), "a.b.c.d.e.f") << "all delimiters of the grammar";
  EXPECT_EQ(expanded("%{l2r=+}", odd), "b,c/d_e.a") << "reversed first, then cut on the left";
  odd.sender_local = "~jack&jill=up-a_b3.c\x01\xff";
  EXPECT_EQ(expanded("%{L}", odd), "~jack%26jill%3Dup-a_b3.c%01%FF") << "only unreserved octets stay";
  odd.sender_local = "a..b";
  EXPECT_EQ(expanded("%{l}", odd), "a..b") << "empty parts are parts";
  odd.sender_local = "";
  EXPECT_EQ(expanded("%{l2r}", odd), "");
}

// RFC 7208 §7.1, RFC 7208 §7.2, RFC 7208 §7.3.
TEST(Macro, what_the_grammar_does_not_have_is_an_error) {
  for (const char* text :
       {"%",      "a%",     "%a",    "%(d)",  "%{",    "%{d",     "%{}",       "%{x}", "%{d0}",  "%{d00}", "%{d2rr}",
        "%{dr2}", "%{d.x}", "%{d }", "%{2d}", "%{dd}", "%{%{d}}", "tab\there", "\x80", "line\n", "\x7f"}) {
    EXPECT_FALSE(parse_macro_string(text, MacroPlace::Explanation)) << text;
    EXPECT_FALSE(parse_domain_spec(std::string(text) + ".example.com")) << text;
  }
  // RFC 7208 §7.2: c, r and t are for explanations.
  for (const char* text : {"%{c}", "%{r}", "%{t}", "%{C}"}) {
    EXPECT_TRUE(parse_macro_string(text, MacroPlace::Explanation)) << text;
    EXPECT_TRUE(parse_macro_string(text, MacroPlace::UnknownModifier)) << text;
    EXPECT_FALSE(parse_domain_spec(text)) << text;
  }
  for (const char* text : {"%{c\x1b\xff}", "%{x\x1b}", "%{d0\x1b}", "%{d\x1b}", "a.b\x1b", "a.%%\xff"}) {
    const auto parsed = parse_domain_spec(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_TRUE(std::ranges::all_of(parsed.error(), [](char c) { return c >= ' ' && c < 0x7f; })) << parsed.error();
  }
  EXPECT_FALSE(parse_macro_string("two words", MacroPlace::Target)) << "blanks are for explanations";
}

TEST(Macro, a_domain_ends_with_a_macro_or_a_top_label) {
  for (const char* text :
       {"example.com", "example.com.", "%{d}", "%{h}", "a.%{d2}", "%{d}.example", "_spf.%{d}.x", ".com", "a.xn--p1ai",
        "a.1-2", "a.b%%", "foo%_", "foo%-", "a..com", "foo:bar/baz.example.com", "a.c1m", "a.1m", "a.m1"}) {
    EXPECT_TRUE(parse_domain_spec(text)) << text;
  }
  for (const char* text : {"", "com", "com.", "museum", "a.123", "192.0.2.1", "a.-com", "a.com-", "a.com..", "a.c_m",
                           "example.com:8080", "%{d}com", "a.com/24", "a.b}", "a.%%-", "%{d}.", "a.com%%x", "."}) {
    EXPECT_FALSE(parse_domain_spec(text)) << text;
  }
}

std::string target(const std::string& text, const MacroValues& values) {
  return expand_target(parse_domain_spec(text).value(), values);
}

TEST(Macro, A26_names_of_more_than_253_octets_lose_labels_on_the_left) {
  MacroValues values = rfc_values();
  // 450 octets: nine labels of 49 and their dots.
  std::string label(49, 'a');
  values.domain.clear();
  for (char c = '1'; c <= '9'; ++c) values.domain += (values.domain.empty() ? "" : ".") + std::string(49, c);
  const std::string name = target("%{d}.example.com", values);
  EXPECT_EQ(name, std::string(49, '6') + "." + std::string(49, '7') + "." + std::string(49, '8') + "." +
                      std::string(49, '9') + ".example.com");
  EXPECT_LE(name.size() + 50, 263u) << "one label more would not fit";

  // Exactly 253 fit.
  values.domain = std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." +
                  std::string(53, 'd') + ".example";
  ASSERT_EQ(values.domain.size(), 253u);
  EXPECT_EQ(target("%{d}", values), values.domain);
  EXPECT_EQ(target("%{d4r}.example.", values).size(), 253u) << "a final dot is no part of the name";
  EXPECT_EQ(target("x.%{d}", values), values.domain) << "only what is too much goes";
  EXPECT_EQ(target("%{d}.y", values), values.domain.substr(64) + ".y");
}

TEST(Macro, A26_thousands_of_macros_cost_no_more_than_the_end_of_the_name) {
  MacroValues values = rfc_values();
  values.helo = std::string(1000, 'x');
  std::string text;
  for (int i = 0; i < 16000; ++i) text += "%{H}";
  text += ".%{d}";
  const auto parsed = parse_domain_spec(text).value();
  for (int i = 0; i < 100; ++i) {
    const std::string name = expand_target(parsed, values);
    EXPECT_LE(name.size(), 1100u);
    EXPECT_TRUE(name.ends_with("email.example.com"));
  }
  EXPECT_EQ(expand(parsed, values, 400, Keep::Front).size(), 400u);
}

TEST(Macro, reverse_names_are_those_of_ptr_records) {
  EXPECT_EQ(reverse_name(IpAddress::v4({192, 0, 2, 130})), "130.2.0.192.in-addr.arpa");
  EXPECT_EQ(reverse_name(IpAddress::parse("2001:db8::1f").value()),
            "f.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

}  // namespace
}  // namespace postseal::spf
