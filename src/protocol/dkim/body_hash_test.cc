// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/body_hash.h"

#include <gtest/gtest.h>

#include <random>

#include "protocol/dkim/stage_test.h"

namespace postseal::dkim {
namespace {

using namespace std::string_view_literals;

/// The definitions of RFC 6376 §3.4.3 and §3.4.4, word by word and slow.
std::string by_definition(Canonicalization canonicalization, std::string_view body) {
  std::vector<std::string> lines;
  std::string rest(body);
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n");
    lines.push_back(rest.substr(0, end));
    rest = end == std::string::npos ? "" : rest.substr(end + 2);
  }
  if (canonicalization == Canonicalization::Relaxed) {
    for (std::string& line : lines) {
      std::string reduced;
      for (char c : line) {
        const bool blank = c == ' ' || c == '\t';
        if (blank && reduced.ends_with(' ')) continue;
        reduced += blank ? ' ' : c;
      }
      if (reduced.ends_with(' ')) reduced.pop_back();
      line = reduced;
    }
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  std::string result;
  for (const std::string& line : lines) result += line + "\r\n";
  if (result.empty() && canonicalization == Canonicalization::Simple) result = "\r\n";
  return result;
}

BodyHash hash_of(Canonicalization canonicalization, std::string_view body, std::size_t piece,
                 std::vector<std::uint64_t> marks = {}) {
  BodyHash hash(canonicalization, std::move(marks));
  for (std::size_t at = 0; at < body.size(); at += piece) hash.feed(body.substr(at, piece));
  hash.finish();
  return hash;
}

TEST(BodyHash, the_example_of_rfc_6376_section_3_4_5) {
  const std::string_view body = " C \r\nD \t E\r\n\r\n\r\n";
  EXPECT_EQ(by_definition(Canonicalization::Relaxed, body), " C\r\nD E\r\n");
  EXPECT_EQ(by_definition(Canonicalization::Simple, body), " C \r\nD \t E\r\n");
  for (const auto canonicalization : {Canonicalization::Simple, Canonicalization::Relaxed}) {
    const BodyHash hash = hash_of(canonicalization, body, 100);
    EXPECT_EQ(*hash.digest(std::nullopt), sha256(by_definition(canonicalization, body)));
  }
}

TEST(BodyHash, bodies_of_every_shape_in_pieces_of_every_size) {
  const std::string_view bodies[] = {"",
                                     "\r\n",
                                     "\r\n\r\n\r\n",
                                     "a",
                                     "a\r\n",
                                     "a\r\n\r\n",
                                     "a \r\n",
                                     "a ",
                                     "a\t",
                                     " ",
                                     " \r\n",
                                     " \r\n\t\r\n",
                                     " \r\na",
                                     "\r\n\r\na\r\n\r\nb\r\n\r\n",
                                     "a  b\tc \t d\r\n",
                                     "a \rb\r\n",
                                     "a\r\r\n",
                                     "a \r\r\n",
                                     "a\r",
                                     "a \r",
                                     "\r",
                                     "\n",
                                     "a\nb\n\n",
                                     "a \nb",
                                     "a\0b \0 c"sv,
                                     "\xff \xfe\r\n",
                                     "\r\n \r\n \r\n.",
                                     "a\r\n\r",
                                     "\r\r\n\n\r\n"};
  for (const auto canonicalization : {Canonicalization::Simple, Canonicalization::Relaxed}) {
    for (const std::string_view body : bodies) {
      const std::string expected = by_definition(canonicalization, body);
      for (std::size_t piece = 1; piece <= std::max<std::size_t>(body.size(), 1); ++piece) {
        const BodyHash hash = hash_of(canonicalization, body, piece);
        EXPECT_EQ(hash.size(), expected.size()) << body << " in pieces of " << piece;
        EXPECT_EQ(*hash.digest(std::nullopt), sha256(expected)) << body << " in pieces of " << piece;
      }
    }
  }
}

TEST(BodyHash, random_bodies_come_out_as_by_definition) {
  std::mt19937 random(7);
  const std::string_view words[] = {
      " ",
      "\t",
      "\r\n",
      "\r",
      "\n",
      "a",
      "word",
      "  ",
      " \r\n",
      "\r\n\r\n",
      "a line of text that is long enough to be passed over as a block of its own, twice over at least, and more"};
  for (int round = 0; round < 400; ++round) {
    std::string body;
    const std::size_t size = random() % 400;
    while (body.size() < size) body += words[random() % std::size(words)];
    for (const auto canonicalization : {Canonicalization::Simple, Canonicalization::Relaxed}) {
      const std::string expected = by_definition(canonicalization, body);
      std::vector<std::uint64_t> marks;
      for (int i = 0; i < 5; ++i) marks.push_back(random() % (expected.size() + 10));
      const BodyHash hash = hash_of(canonicalization, body, 1 + random() % 100, marks);
      ASSERT_EQ(hash.size(), expected.size()) << round;
      ASSERT_EQ(*hash.digest(std::nullopt), sha256(expected)) << round;
      for (const std::uint64_t mark : marks) {
        const auto digest = hash.digest(mark);
        ASSERT_EQ(digest.has_value(), mark <= expected.size());
        if (digest) {
          ASSERT_EQ(*digest, sha256(std::string_view(expected).substr(0, mark))) << round << " at " << mark;
        }
      }
    }
  }
}

TEST(BodyHash, long_bodies_and_long_pieces) {
  std::string body;
  while (body.size() < 300'000)
    body += "The quick brown fox jumps  over the lazy dog. \r\n" + std::string(600, 'x') + "\r\n";
  for (const auto canonicalization : {Canonicalization::Simple, Canonicalization::Relaxed}) {
    const std::string expected = by_definition(canonicalization, body);
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{65536}, body.size()}) {
      const BodyHash hash = hash_of(canonicalization, body, piece, {100'000, 0, expected.size(), expected.size() + 1});
      EXPECT_EQ(*hash.digest(std::nullopt), sha256(expected));
      EXPECT_EQ(*hash.digest(100'000), sha256(expected.substr(0, 100'000)));
      EXPECT_EQ(*hash.digest(0), sha256(""));
      EXPECT_EQ(*hash.digest(expected.size()), sha256(expected));
      EXPECT_EQ(hash.digest(expected.size() + 1), std::nullopt);
    }
  }
}

TEST(BodyHash, many_blocks_with_ends_and_blanks_at_every_place_of_a_block) {
  for (std::size_t at = 0; at < 200; ++at) {
    for (const std::string_view what : {" ", "\t", "  ", " \r\n", "\r\n", " \r", "\r", " \t\r\n\r\n ", "\r\n\r\n"}) {
      const std::string body = std::string(at, 'x') + std::string(what) + std::string(150, 'y') + std::string(what);
      const std::string long_body = body + std::string(16'384 - at % 70, 'z') + body + "\r\n";
      for (const std::string& text : {body, long_body}) {
        const std::string expected = by_definition(Canonicalization::Relaxed, text);
        const BodyHash hash = hash_of(Canonicalization::Relaxed, text, text.size());
        ASSERT_EQ(hash.size(), expected.size()) << at;
        ASSERT_EQ(*hash.digest(std::nullopt), sha256(expected)) << at;
      }
    }
  }
}

TEST(BodyHash, A20_a_million_empty_lines_take_no_memory) {
  BodyHash hash(Canonicalization::Relaxed, {});
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "\r\n";
  for (int i = 0; i < 1000; ++i) hash.feed(lines);
  hash.feed("x");
  hash.finish();
  EXPECT_EQ(hash.size(), 2'000'003u);
}

TEST(BodyHash, the_empty_bodies_of_rfc_6376) {
  // §3.4.3 and §3.4.4 give these hashes.
  EXPECT_EQ(to_base64(*hash_of(Canonicalization::Simple, "", 1).digest(std::nullopt)),
            "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
  EXPECT_EQ(to_base64(*hash_of(Canonicalization::Relaxed, "", 1).digest(std::nullopt)),
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

}  // namespace
}  // namespace postseal::dkim
