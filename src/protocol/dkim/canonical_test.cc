// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/canonical.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/dkim/field_index.h"

namespace postseal::dkim {
namespace {

using message::HeaderField;

TEST(Canonical, relaxed_fields) {
  // RFC 6376 §3.4.2, §3.4.5.
  const std::pair<const char*, const char*> cases[] = {
      {"A: X\r\n", "a:X\r\n"},
      {"B : Y\t\r\n\tZ  \r\n", "b:Y Z\r\n"},
      {"Subject:\r\n", "subject:\r\n"},
      {"Subject: \r\n \r\n\t\r\n", "subject:\r\n"},
      {"SUBJECT:a  b\t c\r\n  d\r\n", "subject:a b c d\r\n"},
      {"X: a\r\n\tb: c\r\n", "x:a b: c\r\n"},
      {"X:a\rb\nc\r\n", "x:a\rb\nc\r\n"},
      {"X: \xc3\xa4\x01 \r\n", "x:\xc3\xa4\x01\r\n"},
      {"X: end", "x:end\r\n"},
  };
  for (const auto& [raw, expected] : cases) {
    std::string out = "before";
    append_field(out, Canonicalization::Relaxed, HeaderField(raw));
    EXPECT_EQ(out, std::string("before") + expected);
    out.clear();
    append_field(out, Canonicalization::Simple, HeaderField(raw));
    EXPECT_TRUE(out.starts_with(raw) && out.ends_with("\r\n"));
  }
}

TEST(Canonical, a_signature_counts_without_its_value_and_its_line_end) {
  const std::string raw = "DKIM-Signature: a=1; b= ab\r\n\tcd ; c=2\r\n";
  const std::size_t begin = raw.find(" ab"), end = raw.find("; c=2");
  std::string out;
  append_signature_field(out, Canonicalization::Simple, HeaderField(raw), begin, end);
  EXPECT_EQ(out, "DKIM-Signature: a=1; b=; c=2");
  out.clear();
  append_signature_field(out, Canonicalization::Relaxed, HeaderField(raw), begin, end);
  EXPECT_EQ(out, "dkim-signature:a=1; b=; c=2");
}

TEST(Canonical, words) {
  using enum Canonicalization;
  EXPECT_EQ(parse_canonicalization_pair("relaxed/simple"), (CanonicalizationPair{Relaxed, Simple}));
  EXPECT_EQ(parse_canonicalization_pair("relaxed"), (CanonicalizationPair{Relaxed, Simple}));
  EXPECT_EQ(parse_canonicalization_pair("Simple/RELAXED"), (CanonicalizationPair{Simple, Relaxed}));
  for (const char* text : {"", "/", "relaxed/", "/simple", "relaxed/simple/x", "nowsp"}) {
    EXPECT_EQ(parse_canonicalization_pair(text), std::nullopt) << text;
  }
}

TEST(FieldIndex, picks_from_the_bottom_each_once) {
  std::vector<HeaderField> fields;
  for (const char* raw : {"A: 1\r\n", "b: 2\r\n", "a: 3\r\n", "no field\r\n", "A : 4\r\n"}) fields.emplace_back(raw);
  const FieldIndex index(fields);
  constexpr auto kNone = FieldIndex::kNoField;
  const std::vector<std::string_view> names = {"a", "B", "A", "b", "a", "a", "c", ""};
  EXPECT_THAT(index.pick(names), testing::ElementsAre(4, 1, 2, kNone, 0, kNone, kNone, kNone));
  EXPECT_THAT(index.pick(names, 2), testing::ElementsAre(4, 1, 0, kNone, kNone, kNone, kNone, kNone));
  EXPECT_EQ(index.count("a"), 3u);
  EXPECT_EQ(index.count("z"), 0u);
  EXPECT_THAT(index.all("A"), testing::ElementsAre(0, 2, 4));
}

TEST(FieldIndex, A24_a_hundred_thousand_fields_and_names) {
  std::vector<HeaderField> fields;
  for (int i = 0; i < 100'000; ++i) fields.emplace_back("X: " + std::to_string(i) + "\r\n");
  const FieldIndex index(fields);
  const std::vector<std::string_view> names(100'000, "x");
  const auto picked = index.pick(names);
  EXPECT_EQ(picked.front(), 99'999u);
  EXPECT_EQ(picked.back(), 0u);
}

}  // namespace
}  // namespace postseal::dkim
