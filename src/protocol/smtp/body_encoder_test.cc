// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtp/body_encoder.h"

#include <gtest/gtest.h>

#include <optional>

namespace postseal::smtp {
namespace {

using namespace std::string_literals;

std::optional<std::string> encode(BodyForm form, std::string_view body, std::size_t piece,
                                  std::uint64_t* octets = nullptr) {
  BodyEncoder encoder(form);
  std::string out;
  while (!body.empty()) {
    if (!encoder.encode(body.substr(0, piece), out)) return std::nullopt;
    body.remove_prefix(std::min(piece, body.size()));
  }
  if (!encoder.finish(out)) return std::nullopt;
  if (octets) *octets = encoder.octets();
  return out;
}

struct Case {
  std::string about, body, stuffed, plain;
};

// RFC 5321 §4.5.2, §4.1.1.4; RFC 3030 §2
TEST(BodyEncoder, only_the_end_mark_ends_the_message) {
  const Case cases[] = {
      {"empty", "", ".\r\n", ""},
      {"plain", "a\r\n", "a\r\n.\r\n", "a\r\n"},
      {"last line end supplied", "a", "a\r\n.\r\n", "a\r\n"},
      {"a dot alone", ".\r\n", "..\r\n.\r\n", ".\r\n"},
      {"a dot alone without its line end", ".", "..\r\n.\r\n", ".\r\n"},
      {"dots at line starts", ".a\r\n..\r\nb.\r\n.", "..a\r\n...\r\nb.\r\n..\r\n.\r\n", ".a\r\n..\r\nb.\r\n.\r\n"},
      {"an end mark in the message", "a\r\n.\r\nMAIL", "a\r\n..\r\nMAIL\r\n.\r\n", "a\r\n.\r\nMAIL\r\n"},
  };
  for (const Case& c : cases) {
    for (std::size_t piece : {1U, 2U, 3U, 100U}) {
      std::uint64_t stuffed_octets = 0, plain_octets = 0;
      EXPECT_EQ(encode(BodyForm::DotStuffed, c.body, piece, &stuffed_octets), c.stuffed) << c.about;
      EXPECT_EQ(encode(BodyForm::Plain, c.body, piece, &plain_octets), c.plain) << c.about;
      EXPECT_EQ(stuffed_octets, c.plain.size()) << c.about;
      EXPECT_EQ(plain_octets, c.plain.size()) << c.about;
    }
  }
}

// RFC 5321 §2.3.8, A19
TEST(BodyEncoder, A19_nothing_that_could_smuggle_gets_through) {
  for (const std::string& body : {"a\nb"s, "\n"s, "a\rb"s, "a\r"s, "\r\r\n"s, "a\r\n\n"s, "a\n.\nb"s, "a\n.\r\nb"s,
                                  "a\r.\rb"s, "a\r\n.\rb"s, "a\0b"s, "a\r\0\n"s}) {
    for (BodyForm form : {BodyForm::DotStuffed, BodyForm::Plain}) {
      for (std::size_t piece : {1U, 2U, 100U}) EXPECT_FALSE(encode(form, body, piece)) << testing::PrintToString(body);
    }
  }
}

}  // namespace
}  // namespace postseal::smtp
