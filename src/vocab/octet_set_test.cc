// SPDX-License-Identifier: Apache-2.0
#include "vocab/octet_set.h"

#include <gtest/gtest.h>

#include <string>

namespace postseal {
namespace {

TEST(OctetSet, knows_each_octet) {
  static constexpr OctetSet kUpper([](char c) { return c >= 'A' && c <= 'Z'; });
  static constexpr OctetSet kHigh([](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  for (int octet = 0; octet < 256; ++octet) {
    const char c = static_cast<char>(octet);
    EXPECT_EQ(kUpper.contains(c), octet >= 'A' && octet <= 'Z') << octet;
    EXPECT_EQ(kHigh.contains(c), octet >= 0x80) << octet;
  }
}

TEST(OctetSet, one_octet_outside_is_enough_wherever_it_stands) {
  static constexpr OctetSet kLower([](char c) { return c >= 'a' && c <= 'z'; });
  EXPECT_TRUE(kLower.contains_all(""));
  const std::string text(40, 'x');
  EXPECT_TRUE(kLower.contains_all(text));
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char foreign : {'\0', 'A', '{', '\xff'}) {
      std::string other = text;
      other[at] = foreign;
      EXPECT_FALSE(kLower.contains_all(other)) << at;
    }
  }
}

}  // namespace
}  // namespace postseal
