// SPDX-License-Identifier: Apache-2.0
#include "vocab/ascii.h"

#include <gtest/gtest.h>

namespace postseal {
namespace {

TEST(Ascii, only_the_letters_of_ascii_are_folded) {
  EXPECT_EQ(to_lower("AZaz09@[`{"), "azaz09@[`{");
  EXPECT_EQ(to_lower("\xc3\x84\xc4\xb0"), "\xc3\x84\xc4\xb0") << "octets of UTF-8 stay";
  EXPECT_EQ(to_lower(""), "");
  EXPECT_EQ(ascii_lower('\0'), '\0');
}

TEST(Ascii, names_are_the_same_in_any_case_and_only_whole) {
  EXPECT_TRUE(equals_ignoring_case("Tls-Required", "tLS-rEQUIRED"));
  EXPECT_TRUE(equals_ignoring_case("", ""));
  EXPECT_FALSE(equals_ignoring_case("Date", "Dat"));
  EXPECT_FALSE(equals_ignoring_case("[", "{")) << "32 apart, but no letters";
  // Of every length, and with what differs in every place.
  for (std::size_t size = 1; size <= 25; ++size) {
    const std::string name(size, 'n');
    EXPECT_TRUE(equals_ignoring_case(name, std::string(size, 'N')));
    for (std::size_t at = 0; at < size; ++at) {
      std::string left = name, right = name;
      left[at] = '[', right[at] = '{';
      EXPECT_FALSE(equals_ignoring_case(left, right));
      EXPECT_TRUE(equals_ignoring_case(left, left));
      right[at] = 'o';
      EXPECT_FALSE(equals_ignoring_case(name, right));
    }
  }
  EXPECT_FALSE(equals_ignoring_case("\xc3\x84", "\xc3\xa4")) << "case outside ASCII is not for names of protocols";
}

TEST(Ascii, classes_hold_what_the_grammars_name_and_nothing_beside_it) {
  int digits = 0, letters = 0, both = 0, blanks = 0;
  for (int c = -128; c < 128; ++c) {
    digits += is_digit(static_cast<char>(c)) ? 1 : 0;
    letters += is_letter(static_cast<char>(c)) ? 1 : 0;
    both += is_letter_digit(static_cast<char>(c)) ? 1 : 0;
    blanks += is_blank(static_cast<char>(c)) ? 1 : 0;
  }
  EXPECT_EQ(digits, 10);
  EXPECT_EQ(letters, 52);
  EXPECT_EQ(both, 62);
  EXPECT_EQ(blanks, 2);
  EXPECT_TRUE(is_digit('0') && is_digit('9') && is_letter('a') && is_letter('Z') && is_blank(' ') && is_blank('\t'));
}

}  // namespace
}  // namespace postseal
