// SPDX-License-Identifier: Apache-2.0
#include "vocab/reply.h"

#include <gtest/gtest.h>

namespace postseal {
namespace {

TEST(Reply, is_shown_on_one_line_with_its_status_once) {
  EXPECT_EQ((Reply{250, std::nullopt, {}}).to_string(), "250");
  EXPECT_EQ((Reply{250, std::nullopt, {"mx.example", "PIPELINING"}}).to_string(), "250 mx.example / PIPELINING");
  EXPECT_EQ((Reply{550, EnhancedStatus{5, 1, 1}, {"No such user"}}).to_string(), "550 5.1.1 No such user");
  EXPECT_EQ((Reply{550, EnhancedStatus{5, 1, 1}, {"5.1.1 No such user"}}).to_string(), "550 5.1.1 No such user");
  EXPECT_EQ((Reply{421, EnhancedStatus{4, 3, 2}, {}}).to_string(), "421 4.3.2");
  EXPECT_EQ((Reply{250, std::nullopt, {"", "x", ""}}).to_string(), "250 x");
}

TEST(Reply, classes_follow_the_first_digit) {
  EXPECT_TRUE((Reply{250, {}, {}}).positive());
  EXPECT_TRUE((Reply{354, {}, {}}).positive());
  EXPECT_TRUE((Reply{450, {}, {}}).transient());
  EXPECT_TRUE((Reply{550, {}, {}}).permanent());
  EXPECT_FALSE((Reply{550, {}, {}}).transient());
}

}  // namespace
}  // namespace postseal
