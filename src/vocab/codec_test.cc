// SPDX-License-Identifier: Apache-2.0
#include "vocab/codec.h"

#include <gtest/gtest.h>

namespace postseal {
namespace {

Bytes bytes_of(std::string_view text) { return Bytes(text.begin(), text.end()); }

TEST(Codec, hex_is_written_lower_case_and_read_in_either) {
  EXPECT_EQ(to_hex(Bytes{0x00, 0x9f, 0xff}), "009fff");
  EXPECT_EQ(from_hex("009fFF"), (Bytes{0x00, 0x9f, 0xff}));
  EXPECT_EQ(from_hex("00 9f\tff"), (Bytes{0x00, 0x9f, 0xff})) << "TLSA presentation has blanks";
  EXPECT_EQ(from_hex(""), Bytes{});
  for (std::string_view bad : {"0", "0g", "0x00", "00\n", "00 1", "-1", "\xc3\xa4"}) EXPECT_FALSE(from_hex(bad)) << bad;
}

// RFC 4648 §10.
TEST(Codec, base64_follows_the_vectors) {
  const std::pair<std::string_view, std::string_view> cases[] = {{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
  for (auto [plain, encoded] : cases) {
    EXPECT_EQ(to_base64(bytes_of(plain)), encoded);
    EXPECT_EQ(from_base64(encoded), bytes_of(plain));
  }
  EXPECT_EQ(to_base64(Bytes{0xfb, 0xff}), "+/8=");
}

TEST(Codec, base64_is_strict) {
  for (std::string_view bad :
       {"Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zh==", "Zm9=", "Zm8=Zm8=", "Zm 9", "Zm9v\n", "Zm-_"}) {
    EXPECT_FALSE(from_base64(bad)) << bad;
  }
}

TEST(Codec, every_byte_survives) {
  Bytes all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<std::uint8_t>(i));
  for (std::size_t length = 0; length <= all.size(); ++length) {
    Bytes part(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(from_base64(to_base64(part)), part);
    EXPECT_EQ(from_hex(to_hex(part)), part);
  }
}

}  // namespace
}  // namespace postseal
