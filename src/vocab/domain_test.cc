// SPDX-License-Identifier: Apache-2.0
#include "vocab/domain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <unordered_set>

namespace postseal {
namespace {

std::string labels_of(std::size_t length, std::size_t total) {
  std::string text;
  while (text.size() < total) text += std::string(std::min(length, total - text.size()), 'a') + '.';
  text.pop_back();
  return text;
}

struct Good {
  std::string_view text, ascii, why;
};

// S40: a U-label asks DNS for its A-label.
TEST(Domain, s40_u_labels_a_labels_and_ascii_become_lower_case_a_labels) {
  const Good cases[] = {
      {"example.org", "example.org", "as it is"},
      {"Example.ORG", "example.org", "names are compared without case"},
      {"example.org.", "example.org", "the final dot is dropped"},
      {"localhost", "localhost", "one label is a name"},
      {"1and1.example", "1and1.example", "a digit may begin a label (RFC 1123 §2.1)"},
      {"r3---sn-abc.example", "r3---sn-abc.example", "hyphens at 3 and 4 are old practice outside xn--"},
      {"bücher.example", "xn--bcher-kva.example", "U-label"},
      {"Bücher.Example", "xn--bcher-kva.example", "UTS 46 maps upper case"},
      {"BÜCHER.example", "xn--bcher-kva.example", "also outside ASCII"},
      {"bu\xcc\x88"
       "cher.example",
       "xn--bcher-kva.example", "NFC is made of u and combining diaeresis"},
      {"faß.example", "xn--fa-hia.example", "non-transitional: ß stays ß and is not ss"},
      {"xn--bcher-kva.example", "xn--bcher-kva.example", "A-label"},
      {"XN--BCHER-KVA.example", "xn--bcher-kva.example", "A-label in capitals"},
      {"例え。テスト", "xn--r8jz45g.xn--zckzah", "the ideographic full stop separates labels"},
      {"ＡＢＣ.example", "abc.example", "full-width letters are mapped"},
      {"בדיקה.example", "xn--5dbedt4e.example", "right to left"},
  };
  for (const Good& c : cases) {
    auto domain = Domain::parse(c.text);
    ASSERT_TRUE(domain) << c.text << ": " << domain.error().context;
    EXPECT_EQ(domain->ascii(), c.ascii) << c.why;
  }
}

struct Bad {
  std::string text;
  NameErrorCode code;
  std::string_view why;
};

TEST(Domain, what_is_no_mail_domain_is_refused) {
  const Bad cases[] = {
      {"", NameErrorCode::Empty, "nothing"},
      {".", NameErrorCode::Empty, "the root has no mail"},
      {"a..b", NameErrorCode::EmptyLabel, "two dots"},
      {".example.org", NameErrorCode::EmptyLabel, "dot at the start"},
      {"example.org..", NameErrorCode::EmptyLabel, "only one final dot is dropped"},
      {"ä..example", NameErrorCode::EmptyLabel, "also behind the mapping"},
      {"-a.example", NameErrorCode::BadCharacter, "hyphen at a label's start"},
      {"a-.example", NameErrorCode::BadCharacter, "hyphen at a label's end"},
      {"_dmarc.example.org", NameErrorCode::BadCharacter, "underscore is DNS, not mail"},
      {"a b.example", NameErrorCode::BadCharacter, "blank"},
      {"a/b.example", NameErrorCode::BadCharacter, "slash"},
      {"*.example.org", NameErrorCode::BadCharacter, "wildcard"},
      {"a\r\n.example", NameErrorCode::BadCharacter, "line end"},
      {std::string("a\0b.example", 11), NameErrorCode::BadCharacter, "NUL must not cut the name"},
      {"ä_.example", NameErrorCode::BadCharacter, "underscore beside a U-label survives UTS 46"},
      {"\xe2\x84\x80.example", NameErrorCode::BadCharacter, "U+2100 maps to a/c: nothing is dropped silently"},
      {"192.0.2.1", NameErrorCode::LooksLikeAddress, "an address is written in brackets (D41)"},
      {"1.2.3", NameErrorCode::LooksLikeAddress, "some read this as an address, too"},
      {"4294967295", NameErrorCode::LooksLikeAddress, "so is this"},
      {"☃.example", NameErrorCode::NotIdna, "symbols are disallowed in IDNA2008"},
      {"xn--n3h.example", NameErrorCode::NotIdna, "nor may they hide in an A-label"},
      {"xn--a.example", NameErrorCode::NotIdna, "decodes to a control character"},
      {"xn--abc-.example", NameErrorCode::BadCharacter, "hyphen at the end"},
      {"xn--abc-1.example", NameErrorCode::NotIdna, "broken Punycode"},
      {"xn--a-ecp.example", NameErrorCode::NotIdna, "decodes to something with a dot in it"},
      {"xn--tst-8ia1w.example", NameErrorCode::NotIdna, "decodes to capital letters, so it is not what they become"},
      {"a\xe2\x80\x8d"
       "b.example",
       NameErrorCode::NotIdna, "zero-width joiner without its context"},
      {"א1a.example", NameErrorCode::NotIdna, "the bidi rule"},
      {"\xff\xfe.example", NameErrorCode::NotIdna, "not UTF-8"},
  };
  for (const Bad& c : cases) {
    auto domain = Domain::parse(c.text);
    ASSERT_FALSE(domain) << c.text << " became " << domain->ascii() << ": " << c.why;
    EXPECT_EQ(static_cast<int>(domain.error().code), static_cast<int>(c.code)) << c.text << ": " << c.why;
    EXPECT_FALSE(domain.error().context.empty());
  }
}

// RFC 1035 §2.3.4.
TEST(Domain, a_label_has_63_octets_and_a_name_253) {
  EXPECT_TRUE(Domain::parse(std::string(63, 'a') + ".example"));
  EXPECT_EQ(Domain::parse(std::string(64, 'a') + ".example").error().code, NameErrorCode::LabelTooLong);
  EXPECT_TRUE(Domain::parse(labels_of(63, 253)));
  EXPECT_TRUE(Domain::parse(labels_of(63, 253) + "."));
  EXPECT_EQ(Domain::parse(labels_of(63, 254)).error().code, NameErrorCode::TooLong);
  EXPECT_EQ(Domain::parse(std::string(100000, 'a')).error().code, NameErrorCode::TooLong);

  std::string long_u_label;
  for (int i = 0; i < 30; ++i) long_u_label += "ä" + std::string(1, static_cast<char>('a' + i % 26));
  auto too_long = Domain::parse(long_u_label + long_u_label + ".example");
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, NameErrorCode::LabelTooLong) << "the A-label counts";
}

TEST(Domain, messages_show_no_control_characters) {
  auto domain = Domain::parse("evil\r\n\x1b[31m.example");
  ASSERT_FALSE(domain);
  for (char c : domain.error().context) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
}

TEST(Domain, unicode_is_shown_only_where_it_leads_back) {
  EXPECT_EQ(Domain::parse("xn--bcher-kva.example")->unicode(), "bücher.example");
  EXPECT_EQ(Domain::parse("example.org")->unicode(), "example.org");
  EXPECT_EQ(Domain::parse_dns("xn--n3h.example")->unicode(), "xn--n3h.example") << "disallowed";
  EXPECT_EQ(Domain::parse_dns("xn--a.example")->unicode(), "xn--a.example") << "control character";
  EXPECT_EQ(Domain::parse_dns("_x.xn--bcher-kva.example")->unicode(), "_x.xn--bcher-kva.example") << "no mail domain";
  EXPECT_EQ(Domain().unicode(), "");
}

TEST(Domain, dns_names_may_have_underscores_but_no_escapes) {
  EXPECT_EQ(Domain::parse_dns("_25._TCP.Mx.example.")->ascii(), "_25._tcp.mx.example");
  EXPECT_EQ(Domain::parse_dns("*.example")->ascii(), "*.example");
  EXPECT_EQ(Domain::parse_dns("192.0.2.1")->ascii(), "192.0.2.1") << "an exchange that is an address is seen (D41)";
  EXPECT_EQ(Domain::parse_dns("xn--n3h.example")->ascii(), "xn--n3h.example") << "no IDNA checks in DNS";
  EXPECT_TRUE(Domain::parse_dns(".")->is_root());
  for (std::string_view bad : {"", "a..b", ".a", "a\\.b.example", "a\\000.example", "a b.example", "ä.example",
                               "a\"b.example", "a;b.example", "a\tb"}) {
    EXPECT_FALSE(Domain::parse_dns(bad)) << bad;
  }
  EXPECT_FALSE(Domain::parse_dns(labels_of(63, 254)));
}

TEST(Domain, d41_only_letters_digits_and_hyphens_make_a_hostname) {
  EXPECT_TRUE(Domain::parse_dns("mx-1.example.org")->is_hostname());
  EXPECT_TRUE(Domain::parse_dns("xn--bcher-kva.example")->is_hostname());
  for (std::string_view bad : {"_25._tcp.mx.example", "*.example", "-a.example", "a-.example", "192.0.2.1", "a/b.c"}) {
    EXPECT_FALSE(Domain::parse_dns(bad)->is_hostname()) << bad;
  }
  EXPECT_FALSE(Domain().is_hostname()) << "the root: null MX";
}

TEST(Domain, prefixing_keeps_the_limits) {
  Domain domain = *Domain::parse("mx.example.org");
  EXPECT_EQ(domain.prefixed("_25._tcp")->ascii(), "_25._tcp.mx.example.org");
  EXPECT_EQ(Domain().prefixed("org")->ascii(), "org");
  EXPECT_FALSE(Domain::parse(labels_of(63, 250))->prefixed("_25._tcp")) << "longer than 253 octets";
  EXPECT_FALSE(domain.prefixed(""));
  EXPECT_FALSE(domain.prefixed("a."));
}

TEST(Domain, parents_end_at_the_root) {
  Domain domain = *Domain::parse("a.b");
  EXPECT_EQ(domain.label_count(), 2u);
  EXPECT_EQ(domain.parent()->ascii(), "b");
  EXPECT_TRUE(domain.parent()->parent()->is_root());
  EXPECT_FALSE(domain.parent()->parent()->parent());
  EXPECT_EQ(Domain().label_count(), 0u);
}

TEST(Domain, within_counts_whole_labels) {
  Domain ancestor = *Domain::parse("example.org");
  EXPECT_TRUE(ancestor.is_within(ancestor));
  EXPECT_TRUE(Domain::parse("a.b.example.org")->is_within(ancestor));
  EXPECT_FALSE(Domain::parse("badexample.org")->is_within(ancestor));
  EXPECT_FALSE(Domain::parse("org")->is_within(ancestor));
  EXPECT_TRUE(ancestor.is_within(Domain()));
}

TEST(Domain, equal_names_are_one_key) {
  std::unordered_set<Domain> set{*Domain::parse("BÜCHER.example"), *Domain::parse("xn--bcher-kva.example.")};
  EXPECT_EQ(set.size(), 1u);
}

TEST(Domain, any_octets_become_a_name_to_ask_for) {
  struct {
    std::string octets;
    std::string ascii;
    const char* why;
  } cases[] = {
      {"Mail.Example.ORG.", "mail.example.org", "as any name, without the final dot"},
      {"two words.example", "two\\032words.example", "a blank"},
      {"a@b.example", "a\\064b.example", "an @ is not special on the wire"},
      {"a\\.example", "a\\092.example", "a backslash escapes nothing here"},
      {std::string("\0\xff.example", 10), "\\000\\255.example", "what is no text at all"},
      {std::string(63, ' ') + ".example", std::string(), "63 octets are a label however they are shown"},
  };
  for (const auto& [octets, ascii, why] : cases) {
    const auto name = Domain::escape_dns(octets);
    ASSERT_TRUE(name) << why;
    if (!ascii.empty()) EXPECT_EQ(name->ascii(), ascii) << why;
    EXPECT_EQ(name->label_count(), static_cast<std::size_t>(std::ranges::count(name->ascii(), '.')) + 1) << why;
  }
}

TEST(Domain, octets_that_no_name_can_hold_are_refused) {
  const std::string long_label = std::string(64, 'a') + ".example";
  const std::string long_name = labels_of(63, 254);
  for (const std::string& octets : {std::string(), std::string("."), std::string("a..b"), std::string(".a"),
                                    std::string("a.."), long_label, long_name}) {
    EXPECT_FALSE(Domain::escape_dns(octets)) << octets;
  }
  EXPECT_TRUE(Domain::escape_dns(labels_of(63, 253)));
}

}  // namespace
}  // namespace postseal
