// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtpd/body_decoder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace postseal::smtpd {
namespace {

using namespace std::string_literals;

struct Heard {
  std::string message;
  BodyDefect defect = BodyDefect::None;
  bool end = false;
  std::string rest;  ///< behind the end mark
  bool operator==(const Heard&) const = default;
};

/// How often each piece may be cut: lengths are taken in turn.
Heard hear(BodyForm form, std::string_view bytes, const std::vector<std::size_t>& lengths,
           std::uint32_t max_line = 998) {
  BodyDecoder decoder(form, max_line);
  Heard heard;
  std::size_t turn = 0;
  while (!bytes.empty()) {
    std::string_view block = bytes.substr(0, lengths[turn++ % lengths.size()]);
    bytes.remove_prefix(block.size());
    while (!block.empty()) {
      auto taken = decoder.take(block);
      EXPECT_TRUE(taken.used > 0 || !taken.piece.empty()) << "no way forward";
      if (taken.used == 0 && taken.piece.empty()) return heard;
      heard.message += taken.piece;
      block.remove_prefix(taken.used);
      if (taken.end) {
        heard.end = true;
        heard.rest = std::string(block) + std::string(bytes);
        heard.defect = decoder.defect();
        return heard;
      }
    }
  }
  if (form == BodyForm::Plain) heard.message += decoder.finish();
  heard.defect = decoder.defect();
  return heard;
}

const std::vector<std::vector<std::size_t>> kSplits = {{1}, {2}, {3}, {5, 1}, {7}, {8}, {9, 2, 1}, {100000}};

struct Case {
  std::string about, wire, message;
};

// RFC 5321 §4.5.2, §4.1.1.4
TEST(BodyDecoder, stuffed_dots_are_taken_out_and_the_end_mark_is_found) {
  const Case cases[] = {
      {"empty", ".\r\n", ""},
      {"one line", "a\r\n.\r\n", "a\r\n"},
      {"a dot line", "..\r\n.\r\n", ".\r\n"},
      {"dots", "..a\r\n...\r\nb.\r\n.\r\n", ".a\r\n..\r\nb.\r\n"},
      {"a lone dot in front of text, which no client sends", ".a\r\n.\r\n", "a\r\n"},
      {"empty lines", "\r\n\r\n.\r\n", "\r\n\r\n"},
      {"TAB and other control characters", "\t\x01\x0b\x0c\x0e a\r\n.\r\n", "\t\x01\x0b\x0c\x0e a\r\n"},
      {"a dot within a line", "a.b\r\na.\r\n.\r\n", "a.b\r\na.\r\n"},
  };
  for (const Case& c : cases) {
    for (const auto& split : kSplits) {
      EXPECT_EQ(hear(BodyForm::DotStuffed, c.wire + "NEXT", split),
                (Heard{.message = c.message, .defect = BodyDefect::None, .end = true, .rest = "NEXT"}))
          << c.about << " split " << split[0];
    }
  }
}

// RFC 5321 §4.1.1.4, §2.3.8 (A19): every combination of what some server somewhere takes for an end of message.
TEST(BodyDecoder, A19_no_combination_of_line_ends_but_one_ends_a_message) {
  const std::vector<std::string> ends = {"\r\n", "\n",   "\r",   "\r\r\n",       "\n\r", "\r\n\r", "\0\r\n"s, "\r\0\n"s,
                                         "\n\n", "\r\r", "\x85", "\xe2\x80\xa8", "\x0b", "\x0c",   ""};
  for (const std::string& before : ends) {
    for (const std::string& after : ends) {
      for (const std::string dots : {".", ".."}) {
        std::string wire = fmt::format("a{}{}{}MAIL FROM:<x@y>\r\n.\r\nQUIT\r\n", before, dots, after);
        // The reference: the true end is the first CRLF.CRLF, and everything before it is judged octet by octet.
        std::size_t end = ("\r\n" + wire).find("\r\n.\r\n") + 3;
        std::string message = wire.substr(0, end - 3);
        bool clean = true;
        for (std::size_t i = 0; i < message.size(); ++i) {
          if (message[i] == '\0') clean = false;
          if (message[i] == '\r') clean = clean && i + 1 < message.size() && message[i + 1] == '\n';
          if (message[i] == '\n') clean = clean && i > 0 && message[i - 1] == '\r';
        }
        for (const auto& split : kSplits) {
          Heard heard = hear(BodyForm::DotStuffed, wire, split);
          EXPECT_TRUE(heard.end);
          EXPECT_EQ(heard.rest, wire.substr(end)) << testing::PrintToString(wire);
          EXPECT_EQ(heard.defect == BodyDefect::None, clean) << testing::PrintToString(wire);
        }
      }
    }
  }
}

// RFC 5321 §2.3.8 (A19, A21)
TEST(BodyDecoder, A19_what_is_not_clean_has_its_name) {
  const std::pair<std::string, BodyDefect> cases[] = {
      {"a\nb\r\n.\r\n", BodyDefect::BareLf},
      {"\n.\r\n\r\n.\r\n", BodyDefect::BareLf},
      {"a\r\n\n.\r\n\r\n.\r\n", BodyDefect::BareLf},
      {"a\rb\r\n.\r\n", BodyDefect::BareCr},
      {"\r\r\n.\r\n", BodyDefect::BareCr},
      {".\r\r\n.\r\n", BodyDefect::BareCr},
      {"a\r\n.\rb\r\n.\r\n", BodyDefect::BareCr},
      {"a\0b\r\n.\r\n"s, BodyDefect::Nul},
      {".\0\r\n.\r\n"s, BodyDefect::Nul},
      {"12345678\0\r\n.\r\n"s, BodyDefect::Nul},
  };
  for (const auto& [wire, defect] : cases) {
    for (const auto& split : kSplits) {
      Heard heard = hear(BodyForm::DotStuffed, wire + "NEXT", split);
      EXPECT_EQ(heard.defect, defect) << testing::PrintToString(wire) << split[0];
      EXPECT_EQ(heard.rest, "NEXT") << testing::PrintToString(wire) << split[0];
      EXPECT_TRUE(heard.message.find('\0') == std::string::npos);
    }
  }
}

// RFC 5321 §4.5.3.1.6 (A20)
TEST(BodyDecoder, A20_a_line_has_998_octets_and_no_more) {
  std::string line(998, 'x');
  for (const auto& split : kSplits) {
    EXPECT_EQ(hear(BodyForm::DotStuffed, line + "\r\n." + '.' + line.substr(1) + "\r\n.\r\n", split).defect,
              BodyDefect::None);
    EXPECT_EQ(hear(BodyForm::DotStuffed, line + "x\r\n.\r\n", split).defect, BodyDefect::LineTooLong);
    EXPECT_EQ(hear(BodyForm::Plain, line + "x\r\n", split).defect, BodyDefect::LineTooLong);
  }
}

// RFC 3030 §2 (A22)
TEST(BodyDecoder, A22_chunks_have_no_dots_to_take_out_and_no_end_mark) {
  const Case cases[] = {
      {"an end mark", "a\r\n.\r\nb\r\n", "a\r\n.\r\nb\r\n"},
      {"dots", "..a\r\n.", "..a\r\n.\r\n"},
      {"no last line end", "a", "a\r\n"},
      {"nothing", "", ""},
  };
  for (const Case& c : cases) {
    for (const auto& split : kSplits) {
      EXPECT_EQ(hear(BodyForm::Plain, c.wire, split), (Heard{.message = c.message, .rest = {}})) << c.about;
    }
  }
  for (const std::string& bad : {"a\n"s, "a\r"s, "a\r\n\r"s, "a\0"s, "a\rb"s}) {
    for (const auto& split : kSplits) EXPECT_NE(hear(BodyForm::Plain, bad, split).defect, BodyDefect::None);
  }
}

TEST(BodyDecoder, pieces_are_views_of_what_came_in_and_as_long_as_can_be) {
  std::string wire = "Subject: x\r\n\r\nA line of text.\r\nAnother.\r\n..dot\r\n.\r\n";
  BodyDecoder decoder(BodyForm::DotStuffed, 998);
  auto first = decoder.take(wire);
  EXPECT_EQ(first.piece.data(), wire.data());
  EXPECT_EQ(first.piece.size(), wire.find("..dot"));
  auto second = decoder.take(std::string_view(wire).substr(first.used));
  EXPECT_EQ(second.piece, ".dot\r\n");
  EXPECT_TRUE(second.piece.data() > wire.data() && second.piece.data() < wire.data() + wire.size());
}

// RFC 6152 §3
TEST(BodyDecoder, eight_bit_octets_are_noticed_wherever_they_stand) {
  for (std::size_t at = 0; at < 40; ++at) {
    std::string line(40, 'a');
    BodyDecoder plain(BodyForm::Plain, 998), eight(BodyForm::Plain, 998);
    line[12] = '\t';
    std::string seven = line + "\r\n";
    plain.take(seven);
    EXPECT_FALSE(plain.eight_bit());
    line[at] = '\xc3';
    std::string wire = line + "\r\n";
    eight.take(wire);
    EXPECT_TRUE(eight.eight_bit()) << at;
  }
}

/// The same rules, one octet at a time.
Heard reference(BodyForm form, std::string_view wire, std::size_t max_line) {
  Heard heard;
  std::string text = "\r\n" + std::string(wire);  // the CRLF of DATA
  std::size_t end = form == BodyForm::DotStuffed ? text.find("\r\n.\r\n") : std::string::npos;
  heard.end = end != std::string::npos;
  std::string body = text.substr(0, heard.end ? end + 2 : text.size());
  if (heard.end) heard.rest = text.substr(end + 5);
  std::size_t line = 0;
  bool start = true;
  for (std::size_t i = 2; i < body.size() && heard.defect == BodyDefect::None; ++i) {
    char c = body[i];
    bool stuffed = form == BodyForm::DotStuffed && start && c == '.';
    start = false;
    if (c == '\r') {
      if (i + 1 == body.size()) {
        // Cut off by the end of what came: nothing is known yet.
        if (form == BodyForm::Plain) heard.defect = BodyDefect::BareCr;
        break;
      }
      if (body[i + 1] != '\n') {
        heard.defect = BodyDefect::BareCr;
        break;
      }
      ++i;
      heard.message += "\r\n";
      line = 0;
      start = true;
    } else if (c == '\n') {
      heard.defect = BodyDefect::BareLf;
    } else if (c == '\0') {
      heard.defect = BodyDefect::Nul;
    } else if (!stuffed) {
      if (++line > max_line) heard.defect = BodyDefect::LineTooLong;
      heard.message += c;
    }
  }
  if (form == BodyForm::Plain && heard.defect == BodyDefect::None && !start) heard.message += "\r\n";
  return heard;
}

// A19, A22: the fast way and the plain way agree on every text, however it is cut.
TEST(BodyDecoder, A19_agrees_with_a_plain_reading_of_the_rules_on_random_texts) {
  std::mt19937 random(1);
  const std::string alphabet = "\r\n\r\n\r\n..ab\t\xc3 "s;
  for (int round = 0; round < 30000; ++round) {
    std::string wire;
    std::size_t length = random() % 40;
    for (std::size_t i = 0; i < length; ++i) {
      switch (random() % 8) {
        case 0:
        case 1:
        case 2:
          wire += "\r\n";
          break;
        case 3:
          wire += std::string(random() % 20, 'x');
          break;
        case 4:
          if (random() % 8 == 0) wire += '\0';
          break;
        default:
          wire += alphabet[random() % alphabet.size()];
      }
    }
    std::vector<std::size_t> lengths;
    for (int i = 0; i < 5; ++i) lengths.push_back(1 + random() % (round % 2 == 0 ? 4 : 30));
    for (BodyForm form : {BodyForm::DotStuffed, BodyForm::Plain}) {
      Heard heard = hear(form, wire, lengths, 30), expected = reference(form, wire, 30);
      // What was handed out before a defect depends on the cuts; it is never more than what was clean.
      if (expected.defect != BodyDefect::None) {
        EXPECT_TRUE(expected.message.starts_with(heard.message)) << testing::PrintToString(wire);
        heard.message = expected.message;
      }
      ASSERT_EQ(heard, expected) << testing::PrintToString(wire) << " form " << static_cast<int>(form);
    }
  }
}

}  // namespace
}  // namespace postseal::smtpd
