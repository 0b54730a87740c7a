// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtp/reply_parser.h"

#include <gtest/gtest.h>

#include "protocol/smtp/printable.h"

namespace postseal::smtp {
namespace {

using namespace std::string_literals;

std::expected<std::optional<Reply>, ReplyDefect> parse(std::string_view bytes, std::size_t piece) {
  ReplyParser parser;
  while (bytes.size() > piece) {
    parser.feed(bytes.substr(0, piece));
    auto early = parser.next();
    if (!early || *early) return early;
    bytes.remove_prefix(piece);
  }
  parser.feed(bytes);
  return parser.next();
}

TEST(ReplyParser, replies_as_servers_write_them) {
  struct Case {
    std::string about, bytes;
    Reply expected;
  };
  const Case cases[] = {
      {"one line", "250 ok\r\n", {250, {}, {"ok"}}},
      {"RFC 5321 §4.2: code alone", "250\r\n", {250, {}, {""}}},
      {"code and blank", "250 \r\n", {250, {}, {""}}},
      {"several lines", "250-a\r\n250-\r\n250 b\r\n", {250, {}, {"a", "", "b"}}},
      {"several lines, last without text", "250-a\r\n250\r\n", {250, {}, {"a", ""}}},
      {"RFC 2034 §4: status", "550 5.1.1 no\r\n", {550, EnhancedStatus{5, 1, 1}, {"5.1.1 no"}}},
      {"status of another class is text", "550 4.1.1 no\r\n", {550, {}, {"4.1.1 no"}}},
      {"status of the first line counts",
       "550-5.1.1 a\r\n550 5.2.2 b\r\n",
       {550, EnhancedStatus{5, 1, 1}, {"5.1.1 a", "5.2.2 b"}}},
      {"status only behind", "550-a\r\n550 5.2.2 b\r\n", {550, {}, {"a", "5.2.2 b"}}},
      {"354 has none", "354 5.1.1 x\r\n", {354, {}, {"5.1.1 x"}}},
      {"unknown second digit, RFC 5321 §4.3.2", "299 x\r\n", {299, {}, {"x"}}},
      {"bare LF", "250-a\n250 b\n", {250, {}, {"a", "b"}}},
      {"control characters", "250 a\rb\0\x1b[2Jc\x7f\r\n"s, {250, {}, {"a?b??[2Jc?"}}},
      {"longest line", "250 " + std::string(4092, 'x') + "\r\n", {250, {}, {std::string(4092, 'x')}}},
  };
  for (const Case& c : cases) {
    for (std::size_t piece : {std::size_t{1}, std::size_t{5}, std::size_t{100000}}) {
      auto reply = parse(c.bytes, piece);
      ASSERT_TRUE(reply && *reply) << c.about;
      EXPECT_EQ(**reply, c.expected) << c.about << ": " << (*reply)->to_string();
    }
  }
}

std::string lines(std::size_t count, std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "250-" + std::string(length, 'x') + "\r\n";
  return text;
}

TEST(ReplyParser, what_is_no_reply_stays_a_defect) {
  struct Case {
    std::string about, bytes;
    ReplyDefect defect;
  };
  const Case cases[] = {
      {"text", "hello\r\n", ReplyDefect::NotAReply},
      {"empty line", "\r\n", ReplyDefect::NotAReply},
      {"two digits", "25\r\n", ReplyDefect::NotAReply},
      {"four digits", "2500 x\r\n", ReplyDefect::NotAReply},
      {"text behind the code", "250ok\r\n", ReplyDefect::NotAReply},
      {"199", "199 x\r\n", ReplyDefect::NotAReply},
      {"600", "600 x\r\n", ReplyDefect::NotAReply},
      {"blank first", " 250 x\r\n", ReplyDefect::NotAReply},
      {"other digits", "2\xb2\x30 x\r\n", ReplyDefect::NotAReply},
      {"TLS alert", "\x15\x03\x01\x00\x02\x02\x28\n"s, ReplyDefect::NotAReply},
      {"RFC 5321 §4.2.1: mixed codes", "250-x\r\n550 x\r\n", ReplyDefect::MixedCodes},
      {"line too long", "250 " + std::string(4093, 'x') + "\r\n", ReplyDefect::LineTooLong},
      {"line without end", std::string(4098, '2'), ReplyDefect::LineTooLong},
      {"101 lines", lines(100, 1) + "250 x\r\n", ReplyDefect::TooManyLines},
      {"over 64 KiB", lines(20, 4000), ReplyDefect::TooLong},
  };
  for (const Case& c : cases) {
    auto reply = parse(c.bytes, 1000000);
    ASSERT_FALSE(reply) << c.about;
    EXPECT_EQ(reply.error(), c.defect) << c.about;

    ReplyParser parser;
    parser.feed(c.bytes);
    EXPECT_FALSE(parser.next()) << c.about;
    parser.feed("250 ok\r\n");
    EXPECT_FALSE(parser.next()) << c.about << ": nothing behind it has a meaning";
  }
}

TEST(ReplyParser, at_most_100_lines_are_a_reply) {
  auto reply = parse(lines(99, 1) + "250 x\r\n", 100000);
  ASSERT_TRUE(reply && *reply);
  EXPECT_EQ((*reply)->lines.size(), 100U);
}

TEST(ReplyParser, says_whether_bytes_are_left) {
  ReplyParser parser;
  EXPECT_FALSE(parser.has_rest());
  parser.feed("220 a\r\n250-b\r\n");
  ASSERT_TRUE(*parser.next());
  EXPECT_TRUE(parser.has_rest()) << "the next line";
  ASSERT_FALSE(*parser.next());
  EXPECT_TRUE(parser.has_rest()) << "a line already taken for a reply that is not whole";
  parser.feed("250 c\r\n");
  ASSERT_TRUE(*parser.next());
  EXPECT_FALSE(parser.has_rest());
  parser.feed("x");
  EXPECT_TRUE(parser.has_rest());
  parser.clear();
  EXPECT_FALSE(parser.has_rest());
}

TEST(Printable, nothing_in_it_moves_the_cursor) {
  struct Case {
    std::string text, shown;
  };
  const Case cases[] = {
      {"plain", "plain"},
      {"\t\x1b\x7f", "???"},
      {"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x93\xa7", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x93\xa7"},
      {"\xe4\xf6", "??"},            // Latin-1
      {"\xc2\x9b", "?"},             // C1 CSI
      {"\xc0\x8a", "??"},            // overlong LF
      {"\xe0\x80\x8a", "???"},       // the same in three
      {"\xed\xa0\x80", "???"},       // surrogate
      {"\xf4\x90\x80\x80", "????"},  // beyond U+10FFFF
      {"\xe2\x82", "??"},            // cut
      {"\xe2\x80\xae"
       "abc",
       "?abc"},                                                             // right-to-left override
      {"\xd8\x9c\xe2\x80\x8b\xe2\x81\xa0\xef\xbb\xbf\xc2\xad.", "?????."},  // what nobody sees
      {"\xe2\x80\x8c\xe2\x80\x8d", "\xe2\x80\x8c\xe2\x80\x8d"},             // joiners
  };
  for (const Case& c : cases) EXPECT_EQ(printable(c.text), c.shown);
}

}  // namespace
}  // namespace postseal::smtp
