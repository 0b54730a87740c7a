// SPDX-License-Identifier: Apache-2.0
#include "protocol/message/scan.h"

#include <gtest/gtest.h>

#include <string>

namespace postseal::message {
namespace {

using namespace std::string_literals;

std::expected<MessageFacts, MessageError> scan(std::string_view text, std::size_t piece = std::string_view::npos) {
  Scanner scanner;
  while (!text.empty()) {
    scanner.feed(text.substr(0, piece));
    text.remove_prefix(std::min(piece, text.size()));
  }
  return scanner.finish();
}

struct GoodCase {
  std::string about, text;
  LineEnds line_ends;
  std::uint64_t wire_size;
  bool eight_bit, utf8_headers;
};

TEST(Scan, what_a_message_needs_from_the_peer) {
  const GoodCase cases[] = {
      {"CRLF as it is", "A: b\r\n\r\nx\r\n", LineEnds::Crlf, 11, false, false},
      {"no CR anywhere: each LF will be CRLF", "A: b\n\nx\n", LineEnds::Lf, 11, false, false},
      {"a missing last line end is counted", "A: b\r\n\r\nx", LineEnds::Crlf, 11, false, false},
      {"a missing last line end is counted, LF", "A: b\n\nx", LineEnds::Lf, 11, false, false},
      {"one line without any end is text", "A: b", LineEnds::Lf, 6, false, false},
      {"no body", "A: b\r\n", LineEnds::Crlf, 6, false, false},
      {"RFC 6152: 8-bit in the body", "A: b\r\n\r\n\xc3\xa4\r\n", LineEnds::Crlf, 12, true, false},
      {"RFC 6531: 8-bit in the header", "A: \xc3\xa4\r\n\r\nx\r\n", LineEnds::Crlf, 12, true, true},
      {"8-bit in a folded header line", "A: b\r\n \xc3\xa4\r\n\r\n", LineEnds::Crlf, 13, true, true},
      {"RFC 5322 §2.1.1: 998 characters are allowed", "A: b\r\n\r\n" + std::string(998, 'x') + "\r\n", LineEnds::Crlf,
       1008, false, false},
      {"obsolete blank before the colon", "A : b\r\n\r\n", LineEnds::Crlf, 9, false, false},
      {"dots are counted once", "A: b\r\n\r\n.\r\n", LineEnds::Crlf, 11, false, false},
  };
  for (const GoodCase& c : cases) {
    for (std::size_t piece : {std::string::npos, std::size_t{1}, std::size_t{3}}) {
      auto facts = scan(c.text, piece);
      ASSERT_TRUE(facts) << c.about << ": " << facts.error().what;
      EXPECT_EQ(facts->line_ends, c.line_ends) << c.about;
      EXPECT_EQ(facts->wire_size, c.wire_size) << c.about;
      EXPECT_EQ(facts->eight_bit, c.eight_bit) << c.about;
      EXPECT_EQ(facts->utf8_headers, c.utf8_headers) << c.about;
    }
  }
}

struct BadCase {
  std::string about, text;
  MessageErrorCode code;
  std::uint64_t line, offset;
};

TEST(Scan, what_is_no_message_is_told_with_its_place) {
  const BadCase cases[] = {
      {"nothing", "", MessageErrorCode::Empty, 1, 0},
      {"RFC 5321 §2.3.8: bare LF among CRLF", "A: b\r\n\r\nx\ny\r\n", MessageErrorCode::BareLf, 3, 9},
      {"the CRLF comes later", "A: b\nB: c\r\n\r\n", MessageErrorCode::BareLf, 1, 4},
      {"smuggling: LF . LF", "A: b\r\n\r\nx\n.\nMAIL FROM:<>\r\n", MessageErrorCode::BareLf, 3, 9},
      {"smuggling: LF . CRLF", "A: b\r\n\r\nx\n.\r\nMAIL FROM:<>\r\n", MessageErrorCode::BareLf, 3, 9},
      {"smuggling: CR . CR", "A: b\r\n\r\nx\r.\rMAIL\r\n", MessageErrorCode::BareCr, 3, 9},
      {"CR CR LF", "A: b\r\n\r\nx\r\r\n", MessageErrorCode::BareCr, 3, 9},
      {"a CR in a file of LFs", "A: b\n\nx\ry\n", MessageErrorCode::BareCr, 3, 7},
      {"a CR at the very end", "A: b\r\n\r\nx\r", MessageErrorCode::BareCr, 3, 9},
      {"NUL", "A: b\n\nx\0\n"s, MessageErrorCode::Nul, 3, 7},
      {"RFC 5322 §2.1.1: 999 characters", "A: b\n\n" + std::string(999, 'x') + "\n", MessageErrorCode::LineTooLong, 3,
       1004},
      {"an mbox", "From a@b Thu Jan  1 00:00:00 1970\nA: b\n\n", MessageErrorCode::NoHeader, 1, 0},
      {"no header", "hello\n", MessageErrorCode::NoHeader, 1, 0},
      {"an empty line first", "\r\nA: b\r\n", MessageErrorCode::NoHeader, 1, 0},
      {"a continuation first", " x: y\r\n", MessageErrorCode::NoHeader, 1, 0},
      {"a continuation first, then a field", " x\r\nTLS-Required: No\r\n", MessageErrorCode::NoHeader, 1, 0},
      {"a name with a blank", "A b: c\r\n", MessageErrorCode::NoHeader, 1, 0},
      {"no name", ": c\r\n", MessageErrorCode::NoHeader, 1, 0},
  };
  for (const BadCase& c : cases) {
    for (std::size_t piece : {std::string::npos, std::size_t{1}, std::size_t{3}}) {
      auto facts = scan(c.text, piece);
      ASSERT_FALSE(facts) << c.about;
      EXPECT_EQ(facts.error().code, c.code) << c.about;
      EXPECT_EQ(facts.error().line, c.line) << c.about;
      EXPECT_EQ(facts.error().offset, c.offset) << c.about;
      EXPECT_FALSE(facts.error().what.empty()) << c.about;
    }
  }
}

TEST(Scan, an_mbox_gets_its_own_remedy) {
  EXPECT_NE(scan("From a@b Thu\nA: b\n").error().what.find("mailbox"), std::string::npos);
}

TEST(Scan, the_limit_counts_octets_on_the_wire) {
  for (auto [limit, good] : {std::pair<std::uint64_t, bool>{11, true}, {10, false}}) {
    Scanner scanner(limit);
    scanner.feed("A: b\n\nx\n");
    auto facts = scanner.finish();
    EXPECT_EQ(facts.has_value(), good);
    if (!facts) EXPECT_EQ(facts.error().code, MessageErrorCode::TooLarge);
  }
}

// RFC 8689 §3
TEST(Scan, X07_only_one_plain_no_asks_for_less_protection) {
  struct Case {
    std::string about, header;
    bool expected;
  };
  const std::string padding(900, ' ');
  const Case cases[] = {
      {"as in the RFC", "TLS-Required: No\r\n", true},
      {"any case", "tls-required: nO\r\n", true},
      {"white space", "TLS-Required:\tNo  \r\n", true},
      {"none", "X-TLS-Required: No\r\n", false},
      {"folded", "TLS-Required:\r\n No\r\n", true},
      {"not the first field", "A: b\r\nTLS-Required: No\r\nC: d\r\n", true},
      {"other value", "TLS-Required: Yes\r\n", false},
      {"no value", "TLS-Required:\r\n", false},
      {"comment", "TLS-Required: No (really)\r\n", false},
      {"more text", "TLS-Required: No, thanks\r\n", false},
      {"more text in a folded line", "TLS-Required: No\r\n x\r\n", false},
      {"duplicate", "TLS-Required: No\r\nTLS-Required: No\r\n", false},
      {"duplicate with other value", "TLS-Required: No\r\nTLS-Required: Yes\r\n", false},
      {"in the body", "A: b\r\n\r\nTLS-Required: No\r\n", false},
      {"in a folded line of another field", "A: b\r\n TLS-Required: No\r\n", false},
      {"behind a line that is no field", "A: b\r\nno field\r\nTLS-Required: No\r\n", false},
      {"padded beyond what is kept", "TLS-Required: No\r\n " + padding + "\r\n " + padding + "\r\n x\r\n", false},
  };
  for (const Case& c : cases) {
    std::string text = c.header.find("\r\n\r\n") == std::string::npos ? c.header + "\r\nbody\r\n" : c.header;
    auto facts = scan("Subject: x\r\n" + text, 1);
    ASSERT_TRUE(facts) << c.about;
    EXPECT_EQ(facts->tls_required_no, c.expected) << c.about;
  }
}

TEST(Scan, a_field_at_the_end_of_a_file_without_a_body_counts) {
  auto facts = scan("Message-ID: <1@x>\nTLS-Required: No");
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->tls_required_no);
  EXPECT_EQ(facts->message_id, "<1@x>");
}

TEST(Scan, the_first_message_id_is_kept_for_logs) {
  EXPECT_EQ(scan("message-id:\r\n <a@b> \r\nMessage-ID: <c@d>\r\n\r\n")->message_id, "<a@b>");
  EXPECT_EQ(scan("A: b\r\n\r\nMessage-ID: <c@d>\r\n")->message_id, "");
}

}  // namespace
}  // namespace postseal::message
