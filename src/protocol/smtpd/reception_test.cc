// SPDX-License-Identifier: Apache-2.0
// The message itself: what is refused, when it is said, and that nothing of it is taken for a command.
#include <fmt/format.h>

#include "protocol/smtpd/play_test.h"

namespace postseal::smtpd {
namespace {

using namespace std::string_literals;

// RFC 5321 §2.3.8, §4.1.1.4 (A19, A21)
TEST(Reception, A19_a_message_that_is_not_clean_is_refused_at_its_true_end) {
  const std::pair<std::string, std::string> cases[] = {
      {"a\\r\\n.\\nMAIL FROM:<evil@here.test>\\r\\n", "554 5.6.0 The message has an LF without its CR"},
      {"a\\n.\\nMAIL FROM:<evil@here.test>\\nRCPT TO:<b@there.test>\\r\\n",
       "554 5.6.0 The message has an LF without its CR"},
      {"a\\n.\\r\\nMAIL FROM:<evil@here.test>\\r\\n", "554 5.6.0 The message has an LF without its CR"},
      {"a\\r.\\rMAIL FROM:<evil@here.test>\\r\\n", "554 5.6.0 The message has a CR without its LF"},
      {"a\\r.\\r\\nMAIL FROM:<evil@here.test>\\r\\n", "554 5.6.0 The message has a CR without its LF"},
      {"a\\r\\n.\\rMAIL FROM:<evil@here.test>\\r\\n", "554 5.6.0 The message has a CR without its LF"},
      {"a\\r\\n\\0.\\r\\nMAIL FROM:<evil@here.test>\\r\\n", "554 5.6.0 The message has a NUL in it"},
      {std::string(999, 'x') + "\\r\\n", "554 5.6.0 The message has a line longer than we take"},
  };
  for (const auto& [text, refusal] : cases) {
    Play play;
    up_to_data(play);
    play("C= " + text);
    auto events = play.happened();
    ASSERT_FALSE(events.empty());
    EXPECT_TRUE(events.back().starts_with("aborted The message has")) << events.back();
    EXPECT_EQ(play.said(), "") << "the end has not come yet";
    play("C= .\\r\\n")("S: " + refusal)("C: RSET\nS* 250 2.0.0");
    EXPECT_TRUE(play.happened().empty());
  }
}

// The whole table of what some server takes for an end of message: none of it leads to a second MAIL.
TEST(Reception, A19_nothing_is_smuggled_by_any_pair_of_line_ends) {
  const std::vector<std::string> ends = {"\r\n", "\n", "\r", "\r\r\n", "\n\r", "\n\n", "\r\r", "\r\0\n"s, "\r\n\r", ""};
  for (const std::string& before : ends) {
    for (const std::string& after : ends) {
      if (before == "\r\n" && after == "\r\n") continue;
      for (std::size_t cut : {1U, 2U, 1000U}) {
        Play play;
        up_to_data(play);
        std::string wire = fmt::format(
            "x{0}.{1}MAIL FROM:<evil@here.test>{1}RCPT TO:<b@there.test>{1}DATA{1}evil\r\n.\r\n", before, after);
        // Where the text has a true end, what follows it is the client's own word and no smuggling.
        if (("\r\n" + wire).find("\r\n.\r\n") + 3 != wire.size()) continue;
        for (std::size_t i = 0; i < wire.size(); i += cut) play.send(wire.substr(i, cut));
        std::size_t messages = 0;
        for (const std::string& event : play.happened()) {
          messages += event.starts_with("end ") ? 1 : 0;
          EXPECT_FALSE(event.starts_with("mail "));
        }
        std::string said = play.said();
        EXPECT_TRUE(messages + (said.starts_with("554 5.6.0") ? 1U : 0U) == 1) << testing::PrintToString(wire) << said;
        if (messages == 1) play.server.accept();
      }
    }
  }
}

// RFC 1870 §6.3, RFC 5321 §4.5.3.1.7 (A20, A23)
TEST(Reception, A23_size_counts_as_it_comes_whatever_was_announced) {
  ServerSettings settings = relay();
  settings.limits.message_size = 10;
  Play exact(settings);
  up_to_data(exact);
  exact("C= ..345678\\r\\n.\\r\\n\nE: piece .345678\\r\\n\nE: end 9\nX: accept\nS* 250");
  Play play(settings);
  up_to_data(play);
  play("C= 123456789\\r\\n\nE: aborted The message is larger than we take");
  for (int i = 0; i < 100; ++i) play("C= more of it\\r\\n");
  play("C= .\\r\\n\nS: 552 5.3.4 The message is larger than we take\nC: NOOP\nS* 250");
}

TEST(Reception, A23_no_limit_is_no_limit) {
  ServerSettings settings = relay();
  settings.limits.message_size = 0;
  Play play(settings);
  up_to_data(play);
  play("C= 123456789\\r\\n.\\r\\n\nE: piece 123456789\\r\\n\nE: end 11\nX: accept\nS* 250");
}

TEST(Reception, A20_a_message_without_end_ends_the_session) {
  ServerSettings settings = relay();
  settings.limits.message_size = 1000;
  Play play(settings);
  up_to_data(play);
  std::string block = std::string(64, 'x') + "\r\n";
  while (block.size() < 1024 * 1024) block += block;
  int blocks = 0;
  for (; blocks < 1000 && play.server.wants_input(); ++blocks) play.send(block);
  EXPECT_LT(blocks, 100);
  EXPECT_EQ(play.said(), "421 4.7.0 Closing\r\n");
  auto events = play.happened();
  EXPECT_EQ(events.back(), "over a message without end");
}

TEST(Reception, A20_a_million_empty_lines_are_a_message) {
  Play play;
  up_to_data(play);
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "\r\n";
  std::size_t octets = 0;
  for (int i = 0; i < 1000; ++i) {
    play.server.receive(lines);
    while (auto event = play.server.next_event()) octets += std::get<MessagePiece>(*event).bytes.size();
  }
  EXPECT_EQ(octets, 2000000);
  play("C= .\\r\\n\nE: end 2000000\nX: accept\nS* 250");
}

// RFC 5321 §6.3
TEST(Reception, a_message_that_goes_round_in_circles_is_refused) {
  ServerSettings settings = relay();
  settings.limits.received_fields = 2;
  Play fine(settings);
  up_to_data(fine);
  fine("C= Received: a\\r\\nReceived: b\\r\\n\\r\\nReceived: c\\r\\n.\\r\\n");
  EXPECT_EQ(fine.happened().back(), "end 41");
  fine("X: accept\nS* 250");
  Play play(settings);
  up_to_data(play);
  play(
      "C= Received: a\\r\\nReceived: b\\r\\nrECEIVED: c\\r\\n\nE: aborted The message has been through too many "
      "servers: a loop");
  play("C= \\r\\n.\\r\\n\nS: 554 5.4.6 The message has been through too many servers: a loop");
}

// RFC 5321 §6.3
TEST(Reception, a_line_that_is_no_field_hides_no_circle_and_no_long_header) {
  ServerSettings settings = relay();
  settings.limits.received_fields = 1;
  settings.limits.header_octets = 60;
  Play play(settings);
  up_to_data(play);
  play(
      "C= no field\\r\\nReceived: a\\r\\nReceived: b\\r\\n\\r\\n.\\r\\n\nE: aborted The message has been through too "
      "many "
      "servers: a loop\nS: 554 5.4.6 The message has been through too many servers: a loop");
  Play other(settings);
  up_to_data(other);
  other("C= no field\\r\\nA: " + std::string(60, 'a') +
        "\\r\\n\\r\\n.\\r\\n\nE: aborted The message's header is larger than we take\nS* 552 5.3.4");
}

// RFC 5321 §6.3 SHOULD
TEST(Reception, a_hundred_servers_are_no_circle) {
  Play play;
  up_to_data(play);
  std::string fields;
  for (int i = 0; i < 100; ++i) fields += "Received: a\\r\\n";
  play("C= " + fields + "\\r\\n.\\r\\n");
  EXPECT_EQ(play.happened().back(), "end 1302");
}

TEST(Reception, A24_a_header_has_so_many_octets) {
  ServerSettings settings = relay();
  settings.limits.header_octets = 20;
  Play play(settings);
  up_to_data(play);
  play("C= A: 345678\\r\\n\\r\\nlong body long body long body\\r\\n.\\r\\n");
  EXPECT_EQ(play.happened().back(), "end 44");
  play("X: accept\nS* 250");
  Play other(settings);
  up_to_data(other);
  other(
      "C= A: 3456789012345678901\\r\\n\nE: aborted The message's header is larger than we take\nC= .\\r\\n\nS* 552 "
      "5.3.4");
}

// RFC 6152 §3, RFC 6532 §3
TEST(Reception, says_what_the_message_needs_of_the_next_server) {
  const std::pair<std::string, std::string> cases[] = {
      {"S: a\\r\\n\\r\\nb\\r\\n", "end 11"},
      {"S: a\\r\\n\\r\\n\\xff\\r\\n", "end 11 8bit"},
      {"S: \\xc3\\xa4\\r\\n\\r\\nb\\r\\n", "end 12 8bit utf8"},
  };
  for (const auto& [text, end] : cases) {
    Play play;
    up_to_data(play);
    play("C= " + text + ".\\r\\n");
    EXPECT_EQ(play.happened().back(), end);
    play("X: accept\nS* 250");
  }
}

TEST(Reception, a_message_cut_off_is_dropped) {
  for (const char* end : {"X: close", "X: timeout"}) {
    Play play;
    up_to_data(play);
    play("C= a\\r\\n\nE: piece a\\r\\n")(end);
    auto events = play.happened();
    ASSERT_EQ(events.size(), 2);
    EXPECT_TRUE(events[0].starts_with("aborted "));
    EXPECT_TRUE(events[1].starts_with("over "));
    play.said();
  }
}

TEST(Reception, a_message_that_ends_as_the_stream_ends_is_whole) {
  Play play;
  up_to_data(play);
  play("C= a\\r\\n.\\r\\n\nE: piece a\\r\\n\nE: end 3\nX: close\nX: accept\nS* 250\nE: over closed by the client");
}

}  // namespace
}  // namespace postseal::smtpd
