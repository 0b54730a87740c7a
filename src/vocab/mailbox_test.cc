// SPDX-License-Identifier: Apache-2.0
#include "vocab/mailbox.h"

#include <gtest/gtest.h>

namespace postseal {
namespace {

struct Good {
  std::string text, canonical;
  bool smtputf8;
  std::string_view why;
};

TEST(Mailbox, addresses_have_one_canonical_form) {
  const Good cases[] = {
      {"joe@example.org", "joe@example.org", false, "as it is"},
      {"Joe.Doe+tag@Example.ORG.", "Joe.Doe+tag@example.org", false, "the local part's case is its owner's affair"},
      {"a!#$%&'*+-/=?^_`{|}~b@example.org", "a!#$%&'*+-/=?^_`{|}~b@example.org", false, "all of atext"},
      {"user%other.example@example.org", "user%other.example@example.org", false, "% is an ordinary character here"},
      {"\"joe\"@example.org", "joe@example.org", false, "needless quotes go (RFC 5321 §4.1.2)"},
      {"\"j\\oe\"@example.org", "joe@example.org", false, "needless backslashes go"},
      {"\"joe doe\"@example.org", "\"joe doe\"@example.org", false, "a blank needs quotes"},
      {"\"joe\\ doe\"@example.org", "\"joe doe\"@example.org", false, "but no backslash"},
      {"\"a@b\"@example.org", "\"a@b\"@example.org", false, "@ inside quotes"},
      {"\"a\\\"b\\\\c\"@example.org", "\"a\\\"b\\\\c\"@example.org", false, "quote and backslash stay escaped"},
      {"\".a..b.\"@example.org", "\".a..b.\"@example.org", false, "odd dots need quotes"},
      {"\"\"@example.org", "\"\"@example.org", false, "an empty quoted string is one"},
      {"joe@bücher.example", "joe@xn--bcher-kva.example", false, "S40: a U-label domain goes out as A-label"},
      {"jörg@example.org", "jörg@example.org", true, "RFC 6531 §3.3: a UTF-8 local part"},
      {"\"jörg\"@example.org", "jörg@example.org", true, "UTF-8 needs no quotes"},
      {"\"jörg m\"@bücher.example", "\"jörg m\"@xn--bcher-kva.example", true, "both"},
      {"用户@例え.テスト", "用户@xn--r8jz45g.xn--zckzah", true, "both"},
      {"joe@[192.0.2.1]", "joe@[192.0.2.1]", false, "D41: IPv4 literal"},
      {"joe@[IPv6:2001:DB8:0::1]", "joe@[IPv6:2001:db8::1]", false, "D41: IPv6 literal"},
      {"joe@[ipv6:::ffff:192.0.2.1]", "joe@[IPv6:::ffff:192.0.2.1]", false, "the tag has no case"},
      {std::string(64, 'a') + "@example.org", std::string(64, 'a') + "@example.org", false, "64 octets"},
  };
  for (const Good& c : cases) {
    auto mailbox = Mailbox::parse(c.text);
    ASSERT_TRUE(mailbox) << c.text << ": " << mailbox.error().context;
    EXPECT_EQ(mailbox->to_string(), c.canonical) << c.why;
    EXPECT_EQ(mailbox->needs_smtputf8(), c.smtputf8) << c.text;
    EXPECT_EQ(*Mailbox::parse(mailbox->to_string()), *mailbox) << "the canonical form stands for itself";
  }
}

struct Bad {
  std::string text;
  NameErrorCode code;
  std::string_view why;
};

TEST(Mailbox, what_is_no_address_is_refused) {
  const Bad cases[] = {
      {"", NameErrorCode::Empty, "nothing"},
      {"joe", NameErrorCode::BadLocalPart, "no domain"},
      {"@example.org", NameErrorCode::BadLocalPart, "no local part"},
      {"joe@", NameErrorCode::Empty, "no domain behind the @"},
      {"@relay.example:joe@example.org", NameErrorCode::BadLocalPart, "source routes are refused"},
      {"@a.example,@b.example:joe@c.example", NameErrorCode::BadLocalPart, "of any length"},
      {"<joe@example.org>", NameErrorCode::BadLocalPart, "angle brackets belong to the path"},
      {"joe doe@example.org", NameErrorCode::BadLocalPart, "a blank needs quotes"},
      {".joe@example.org", NameErrorCode::BadLocalPart, "dot at the start"},
      {"joe.@example.org", NameErrorCode::BadLocalPart, "dot at the end"},
      {"j..oe@example.org", NameErrorCode::BadLocalPart, "two dots"},
      {"a@b@example.org", NameErrorCode::BadCharacter, "two @"},
      {"\"a@b\"@c@example.org", NameErrorCode::BadCharacter, "A36: quoted and then another @"},
      {"\"joe@example.org", NameErrorCode::BadLocalPart, "open quote"},
      {"\"joe\\", NameErrorCode::BadLocalPart, "backslash at the end"},
      {"\"joe\"x@example.org", NameErrorCode::BadLocalPart, "text behind the quote"},
      {"jo\"e\"@example.org", NameErrorCode::BadLocalPart, "quote in the middle"},
      {"\"\\\xc3\xa4\"@example.org", NameErrorCode::BadLocalPart, "backslash before UTF-8"},
      {"joe\r\nRCPT TO:<x@y.example>@example.org", NameErrorCode::BadLocalPart, "A21: command injection"},
      {"\"joe\r\n\"@example.org", NameErrorCode::BadLocalPart, "A21: also not in quotes"},
      {"\"joe\\\n\"@example.org", NameErrorCode::BadLocalPart, "nor behind a backslash"},
      {std::string("\"a\0b\"@example.org", 17), NameErrorCode::BadLocalPart, "NUL"},
      {"\"a\x7f\"@example.org", NameErrorCode::BadLocalPart, "DEL"},
      {"a\xc2\x85"
       "b@example.org",
       NameErrorCode::BadLocalPart, "C1 control NEL"},
      {"a\xe2\x80\xa8"
       "b@example.org",
       NameErrorCode::BadLocalPart, "line separator"},
      {"a\xff@example.org", NameErrorCode::BadLocalPart, "not UTF-8"},
      {"a\xc3@example.org", NameErrorCode::BadLocalPart, "cut short"},
      {"a\xc0\xaf@example.org", NameErrorCode::BadLocalPart, "overlong"},
      {"a\xe0\x80\xaf@example.org", NameErrorCode::BadLocalPart, "overlong, three octets"},
      {"a\xed\xa0\x80@example.org", NameErrorCode::BadLocalPart, "surrogate"},
      {"a\xf4\x90\x80\x80@example.org", NameErrorCode::BadLocalPart, "beyond U+10FFFF"},
      {std::string(65, 'a') + "@example.org", NameErrorCode::BadLocalPart, "65 octets"},
      {"joe@example_org.example", NameErrorCode::BadCharacter, "no mail domain"},
      {"joe@192.0.2.1", NameErrorCode::LooksLikeAddress, "an address without brackets"},
      {"joe@[192.0.2.1", NameErrorCode::NotAnAddress, "open bracket"},
      {"joe@[192.0.2.256]", NameErrorCode::NotAnAddress, "no octet"},
      {"joe@[192.0.2]", NameErrorCode::NotAnAddress, "short"},
      {"joe@[2001:db8::1]", NameErrorCode::NotAnAddress, "without the tag"},
      {"joe@[IPv6:192.0.2.1]", NameErrorCode::NotAnAddress, "wrong tag"},
      {"joe@[IPv6:fe80::1%eth0]", NameErrorCode::NotAnAddress, "zone"},
      {"joe@[]", NameErrorCode::NotAnAddress, "empty"},
      {"joe@[", NameErrorCode::NotAnAddress, "half a bracket pair"},
      {"joe@[example.org]", NameErrorCode::NotAnAddress, "a name in brackets"},
      {"joe@[192.0.2.1]x", NameErrorCode::NotAnAddress, "text behind"},
      {std::string(5000, 'a') + "@example.org", NameErrorCode::TooLong, "bounded work"},
  };
  for (const Bad& c : cases) {
    auto mailbox = Mailbox::parse(c.text);
    ASSERT_FALSE(mailbox) << c.text << ": " << c.why;
    EXPECT_EQ(static_cast<int>(mailbox.error().code), static_cast<int>(c.code))
        << c.text << ": " << c.why << ": " << mailbox.error().context;
  }
}

// RFC 5321 §4.5.3.1.3.
TEST(Mailbox, a_path_has_256_octets) {
  std::string domain = std::string(60, 'a') + '.' + std::string(60, 'b') + '.' + std::string(60, 'c') + ".example";
  EXPECT_EQ(domain.size(), 190u);
  EXPECT_TRUE(Mailbox::parse(std::string(63, 'l') + '@' + domain));
  auto long_one = Mailbox::parse(std::string(64, 'l') + '@' + domain);
  ASSERT_FALSE(long_one);
  EXPECT_EQ(long_one.error().code, NameErrorCode::TooLong);
}

TEST(Mailbox, d41_a_literal_is_an_address_and_no_domain) {
  auto mailbox = Mailbox::parse("joe@[192.0.2.1]");
  ASSERT_TRUE(mailbox);
  EXPECT_EQ(std::get<IpAddress>(mailbox->destination()), *IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(to_string(mailbox->destination()), "[192.0.2.1]");
  EXPECT_EQ(to_string(MailDestination(*IpAddress::parse("2001:db8::1"))), "[IPv6:2001:db8::1]");
  EXPECT_EQ(to_string(MailDestination(*Domain::parse("example.org"))), "example.org");
}

}  // namespace
}  // namespace postseal
