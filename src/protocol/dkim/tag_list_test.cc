// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/tag_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/dkim/base64.h"

namespace postseal::dkim {
namespace {

using namespace std::string_view_literals;

TEST(TagList, what_is_one_and_what_is_not) {
  const struct {
    const char* claim;
    std::string_view text;
    std::optional<TagListError> error;
    std::size_t count = 0;
  } cases[] = {
      {"one tag", "a=1", {}, 1},
      {"a semicolon at the end", "a=1;", {}, 1},
      {"blanks behind it, as folding leaves them", "a=1;\r\n\t ", {}, 1},
      {"blanks everywhere", " a = 1 ;\r\n b\t=\r\n 2 ", {}, 2},
      {"an empty value", "a=", {}, 1},
      {"= in a value", "a==b=", {}, 1},
      {"names with underscores and digits", "a_1=x; B=y", {}, 2},
      {"names that differ in case", "a=x; A=y", {}, 2},
      {"RFC 8616: UTF-8", "d=m\xc3\xbcller.example", {}, 1},
      {"nothing", "", TagListError::Empty},
      {"blanks", " \t", TagListError::Empty},
      {"a semicolon alone", ";", TagListError::BadName},
      {"two semicolons", "a=1;;b=2", TagListError::BadName},
      {"two at the end", "a=1;;", TagListError::BadName},
      {"no name", "=1", TagListError::BadName},
      {"a name that begins with a digit", "1a=1", TagListError::BadName},
      {"a name with a hyphen", "a-b=1", TagListError::BadName},
      {"a name with a blank", "a b=1", TagListError::BadName},
      {"no equals sign", "a", TagListError::NoEquals},
      {"no equals sign later", "a=1; b", TagListError::NoEquals},
      {"a tag twice", "a=1; b=2; a=1", TagListError::Duplicate},
      {"NUL", "a=\0"sv, TagListError::BadValue},
      {"DEL", "a=\x7f", TagListError::BadValue},
      {"a line feed", "a=1\nb", TagListError::BadValue},
      {"a line end without a blank behind it", "a=1\r\nb=2", TagListError::BadValue},
      {"a carriage return", "a=1\r b", TagListError::BadValue},
  };
  for (const auto& row : cases) {
    const auto tags = parse_tag_list(row.text);
    ASSERT_EQ(tags.has_value(), !row.error.has_value()) << row.claim;
    if (row.error) {
      EXPECT_EQ(tags.error(), *row.error) << row.claim;
      EXPECT_FALSE(to_string(tags.error()).empty());
    } else {
      EXPECT_EQ(tags->tags().size(), row.count) << row.claim;
    }
  }
}

TEST(TagList, values_lose_the_blanks_around_them_and_keep_those_within) {
  const std::string_view text = " v = 1;\r\n b=a\r\n\tb ;c= x y ";
  const auto tags = parse_tag_list(text);
  ASSERT_TRUE(tags);
  EXPECT_EQ(tags->value("v"), "1");
  EXPECT_EQ(tags->value("b"), "a\r\n\tb");
  EXPECT_EQ(tags->value("c"), "x y");
  EXPECT_EQ(tags->value("B"), std::nullopt);
  const Tag* b = tags->find("b");
  EXPECT_EQ(text.substr(b->begin, b->end - b->begin), "a\r\n\tb ");
  EXPECT_EQ(tags->find("c")->end, text.size());
}

TEST(TagList, there_is_a_limit) {
  std::string text;
  for (std::size_t i = 0; i < kMaxTags; ++i) text += "t" + std::to_string(i) + "=;";
  EXPECT_TRUE(parse_tag_list(text));
  EXPECT_EQ(parse_tag_list(text + "u=").error(), TagListError::TooMany);
}

TEST(TagList, lists_and_quoted_printable) {
  EXPECT_THAT(split_list("a : b\r\n\t:c"), testing::ElementsAre("a", "b", "c"));
  EXPECT_THAT(split_list("a::"), testing::ElementsAre("a", "", ""));
  EXPECT_THAT(split_list(""), testing::ElementsAre(""));
  EXPECT_EQ(without_blanks(" a \r\n\tb "), "ab");
  EXPECT_EQ(decode_quoted_printable("a=3Db=20\r\n c"), "a=b c");
  EXPECT_EQ(decode_quoted_printable("a=3"), std::nullopt);
  EXPECT_EQ(decode_quoted_printable("a=xy"), std::nullopt);
}

TEST(TagList, base64_with_blanks_anywhere) {
  EXPECT_EQ(decode_base64("Zm9v\r\n YmFy"), "foobar");
  EXPECT_EQ(decode_base64(" Z g = ="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm8"), "fo");
  EXPECT_EQ(decode_base64(""), "");
  for (const char* text : {"Z", "Zm9vY", "Zm8==", "=", "Zm=v", "Zm9v=", "Zm9_", "Zm9v!", "Zg==Zg=="}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace postseal::dkim
