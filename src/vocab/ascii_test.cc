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
  EXPECT_FALSE(equals_ignoring_case("\xc3\x84", "\xc3\xa4")) << "case outside ASCII is not for names of protocols";
}

}  // namespace
}  // namespace postseal
