// SPDX-License-Identifier: Apache-2.0
#include "protocol/spool/letter_id.h"

#include <gtest/gtest.h>

namespace postseal::spool {
namespace {

TEST(LetterId, text_and_number_are_the_same_thing) {
  for (const std::uint64_t value : {0ULL, 1ULL, 31ULL, 32ULL, 0x123456789abcdefULL, ~0ULL}) {
    const LetterId id{value};
    EXPECT_EQ(id.to_string().size(), 13u);
    EXPECT_EQ(LetterId::parse(id.to_string()), id);
  }
}

TEST(LetterId, later_letters_sort_later_as_text) {
  EXPECT_LT(LetterId{31}.to_string(), LetterId{32}.to_string());
  EXPECT_LT(LetterId{~0ULL - 1}.to_string(), LetterId{~0ULL}.to_string());
}

TEST(LetterId, people_may_type_it_in_capitals) {
  EXPECT_EQ(LetterId::parse("000000000001A"), LetterId::parse("000000000001a"));
}

TEST(LetterId, anything_else_is_refused) {
  for (const char* text : {"", "0", "00000000000000", "g000000000000", "000000000000i", "000000000000-"}) {
    EXPECT_EQ(LetterId::parse(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace postseal::spool
