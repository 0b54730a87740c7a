// SPDX-License-Identifier: Apache-2.0
#include "vocab/enhanced_status.h"

#include <gtest/gtest.h>

namespace postseal {
namespace {

TEST(EnhancedStatus, a_status_is_read_at_the_start_of_a_line) {
  const std::pair<std::string_view, EnhancedStatus> cases[] = {
      {"5.7.30", {5, 7, 30}},         {"2.0.0 ok", {2, 0, 0}},      {"4.7.5\tlater", {4, 7, 5}},
      {"5.1.10 null MX", {5, 1, 10}}, {"5.999.999", {5, 999, 999}},
  };
  for (const auto& [text, status] : cases) {
    auto parsed = EnhancedStatus::parse_prefix(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, status);
    EXPECT_TRUE(text.starts_with(parsed->to_string()));
  }
}

TEST(EnhancedStatus, other_texts_have_none) {
  for (std::string_view bad : {"",        "5",       "5.7",    "5.7.",   "5..1",   ".5.7.1", "5.7.1000", "5.1000.1",
                               "1.0.0",   "3.0.0",   "6.0.0",  "25.0.0", "54.0.0", "5.07.1", "5.7.01",   "5.7.1x",
                               "5.7.1.1", "5.7.1-x", " 5.7.1", "-5.7.1", "5.7.-1", "hello"}) {
    EXPECT_FALSE(EnhancedStatus::parse_prefix(bad)) << bad;
  }
}

}  // namespace
}  // namespace postseal
