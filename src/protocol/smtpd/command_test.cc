// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtpd/command.h"

#include <gtest/gtest.h>

#include <string>

namespace postseal::smtpd {
namespace {

// RFC 5321 §2.4, §4.1.1
TEST(Command, verbs_are_known_in_any_case_and_only_whole) {
  const std::tuple<std::string, Verb, std::string> cases[] = {
      {"EHLO a", Verb::Ehlo, "a"},
      {"ehlo a", Verb::Ehlo, "a"},
      {"MaIl FROM:<>", Verb::Mail, "FROM:<>"},
      {"RSET", Verb::Rset, ""},
      {"NOOP  a b ", Verb::Noop, "a b"},
      {"STARTTLS", Verb::StartTls, ""},
      {"MAILFROM:<>", Verb::Unknown, ""},
      {"", Verb::Unknown, ""},
      {" RSET", Verb::Unknown, ""},
      {"GET / HTTP/1.1", Verb::Http, "/ HTTP/1.1"},
      {"POST /", Verb::Http, "/"},
      {"PRI * HTTP/2.0", Verb::Http, "* HTTP/2.0"},
      {"XYZZY", Verb::Unknown, ""},
      {"RSET\tx", Verb::Unknown, ""},
  };
  for (const auto& [line, verb, argument] : cases) {
    Command command = parse_command(line);
    EXPECT_EQ(command.verb, verb) << line;
    EXPECT_EQ(command.argument, argument) << line;
  }
}

// RFC 5321 §4.1.2, §4.1.3, §4.1.4 (A21)
TEST(Command, A21_a_hello_name_is_well_formed_whoever_has_it) {
  for (const char* good : {"a", "mail.example.org", "WIN_PC", "x-1.y", "192.0.2.1", "[192.0.2.1]", "[IPv6:2001:db8::1]",
                           "[ipv6:::1]", "localhost", "xn--bcher-kva.example"}) {
    EXPECT_TRUE(is_hello_name(good)) << good;
  }
  for (const char* bad : {"",
                          ".",
                          "a.",
                          ".a",
                          "a..b",
                          "-a",
                          "a-",
                          "a b",
                          "a@b",
                          "<a>",
                          "[192.0.2]",
                          "[192.0.2.1",
                          "[]",
                          "[2001:db8::1]",
                          "[IPv6:192.0.2.1]",
                          "[IPv6:]",
                          "192.0.2.1]",
                          "a/b",
                          "a(b)",
                          "\xc3\xa4.test",
                          "[X-other:a]",
                          "a:b",
                          "\"a\"",
                          "[192.0.2.1]x"}) {
    EXPECT_FALSE(is_hello_name(bad)) << bad;
  }
  EXPECT_FALSE(is_hello_name(std::string(64, 'a')));
  EXPECT_FALSE(is_hello_name(std::string(63, 'a') + "." + std::string(63, 'a') + "." + std::string(63, 'a') + "." +
                             std::string(63, 'a') + ".a"));
}

// RFC 3030 §2 (A22)
TEST(Command, A22_a_chunk_size_is_decimal_and_fits) {
  EXPECT_EQ(parse_chunk("0")->size, 0);
  EXPECT_EQ(parse_chunk("18446744073709551615")->size, UINT64_MAX);
  EXPECT_FALSE(parse_chunk("10")->last);
  EXPECT_TRUE(parse_chunk("10 LAST")->last);
  EXPECT_TRUE(parse_chunk("0  last")->last);
  for (const char* bad : {"", "LAST", "-1", "+1", "0x10", "10 FIRST", "10 LAST LAST", "18446744073709551616", "1e3",
                          "99999999999999999999999", "1.5", "10LAST", "ten"}) {
    EXPECT_FALSE(parse_chunk(bad)) << bad;
  }
}

}  // namespace
}  // namespace postseal::smtpd
