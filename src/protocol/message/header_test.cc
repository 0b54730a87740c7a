// SPDX-License-Identifier: Apache-2.0
#include "protocol/message/header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postseal::message {
namespace {

TEST(HeaderField, name_and_value_are_what_stands_there) {
  const struct {
    const char* raw;
    const char* name;
    const char* value;
  } cases[] = {
      {"Subject: Hello\r\n", "Subject", " Hello"},
      {"SUBJECT:Hello\r\n\tthere\r\n", "SUBJECT", "Hello\r\n\tthere"},
      {"Subject \t: x\r\n", "Subject", " x"},
      {"Subject:\r\n", "Subject", ""},
      {"Subject: a:b", "Subject", " a:b"},
      {"no colon\r\n", "", "no colon"},
      {": nothing before\r\n", "", ": nothing before"},
      {"two words: x\r\n", "", "two words: x"},
      {"m\xc3\xbcll: x\r\n", "", "m\xc3\xbcll: x"},
      {" folded: x\r\n", "", " folded: x"},
  };
  for (const auto& row : cases) {
    const HeaderField field((std::string(row.raw)));
    EXPECT_EQ(field.name(), row.name) << row.raw;
    EXPECT_EQ(field.value(), row.value) << row.raw;
    EXPECT_EQ(field.raw, row.raw);
  }
  EXPECT_TRUE(HeaderField("FroM: x\r\n").is("from"));
  EXPECT_FALSE(HeaderField("From1: x\r\n").is("from"));
}

struct Collected {
  std::vector<std::string> raw;
  std::string body;
  HeaderState state;
};

Collected collect(std::string_view message, std::size_t piece, HeaderLimits limits = {}) {
  HeaderCollector collector(limits);
  Collected result;
  for (std::size_t at = 0; at < message.size(); at += piece) {
    const std::string_view part = message.substr(at, piece);
    const std::size_t taken = collector.state() == HeaderState::Complete ? 0 : collector.feed(part);
    result.body += part.substr(taken);
  }
  collector.finish();
  for (const auto& field : collector.fields()) result.raw.emplace_back(field.raw);
  result.state = collector.state();
  return result;
}

TEST(HeaderCollector, gives_fields_back_octet_for_octet_in_pieces_of_every_size) {
  const std::string message =
      "From: a\r\nSubject: b\r\n c\r\n\td\r\nX:\r\nbare \n lf: and \r cr\r\n \r\n\r\nBody: x\r\n\r\n";
  for (std::size_t piece = 1; piece <= message.size(); ++piece) {
    const Collected collected = collect(message, piece);
    EXPECT_THAT(collected.raw, testing::ElementsAre("From: a\r\n", "Subject: b\r\n c\r\n\td\r\n", "X:\r\n",
                                                    "bare \n lf: and \r cr\r\n \r\n"));
    EXPECT_EQ(collected.body, "Body: x\r\n\r\n");
    EXPECT_EQ(collected.state, HeaderState::Complete);
  }
}

TEST(HeaderCollector, a_message_may_end_in_its_header) {
  for (const std::size_t piece : {1u, 100u}) {
    EXPECT_THAT(collect("A: 1\r\nB: 2", piece).raw, testing::ElementsAre("A: 1\r\n", "B: 2"));
    EXPECT_THAT(collect("A: 1\r\n", piece).raw, testing::ElementsAre("A: 1\r\n"));
    EXPECT_THAT(collect("A: 1\r\n x\r", piece).raw, testing::ElementsAre("A: 1\r\n x\r"));
    EXPECT_TRUE(collect("", piece).raw.empty());
    EXPECT_TRUE(collect("\r\nbody", piece).raw.empty());
    EXPECT_EQ(collect("\r\nbody", piece).body, "body");
  }
}

TEST(HeaderCollector, a_line_feed_alone_ends_neither_line_nor_header) {
  // Otherwise what one server takes for body would be header for the next.
  EXPECT_THAT(collect("A: 1\n\nB: 2\r\n\r\n", 3).raw, testing::ElementsAre("A: 1\n\nB: 2\r\n"));
  EXPECT_THAT(collect("A: 1\n\r\n\r\nB\r\n", 3).body, "B\r\n");
}

TEST(HeaderCollector, A24_limits_are_a_state_of_their_own) {
  const HeaderLimits limits{.octets = 20, .fields = 3};
  EXPECT_EQ(collect("A: 1\r\nB: 2\r\nC: 3\r\n\r\n", 5, limits).state, HeaderState::Complete);
  EXPECT_EQ(collect("A: 1\r\nB: 2\r\nC: 34\r\n\r\n", 5, limits).state, HeaderState::TooLarge);
  EXPECT_EQ(collect("A:\r\nB:\r\nC:\r\nD:\r\n\r\n", 5, {.octets = 100, .fields = 3}).state, HeaderState::TooManyFields);
  EXPECT_EQ(collect("A:\r\nB:\r\nC:\r\nD:", 5, {.octets = 100, .fields = 3}).state, HeaderState::TooManyFields);
  HeaderCollector collector(limits);
  const std::string endless(1000, 'x');
  for (int i = 0; i < 100; ++i) EXPECT_EQ(collector.feed(endless), endless.size());
  EXPECT_TRUE(collector.over_limit());
  EXPECT_TRUE(collector.fields().empty());
}

}  // namespace
}  // namespace postseal::message
