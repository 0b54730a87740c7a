// SPDX-License-Identifier: Apache-2.0
#include "protocol/sasl/utf8.h"

#include <algorithm>

namespace postseal::sasl {

std::optional<std::u32string> decode_utf8(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      points += lead;
      ++i;
      continue;
    }
    std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() - i < length) return std::nullopt;
    char32_t point = lead & (0xffu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      auto octet = static_cast<unsigned char>(text[i + k]);
      if ((octet & 0xc0) != 0x80) return std::nullopt;
      point = point << 6 | (octet & 0x3fu);
    }
    bool too_long = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    if (too_long || (point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff) return std::nullopt;
    points += point;
    i += length;
  }
  return points;
}

std::string encode_utf8(std::u32string_view points) {
  std::string text;
  auto tail = [&](char32_t bits) { text += static_cast<char>(0x80 | (bits & 0x3f)); };
  for (char32_t point : points) {
    if (point < 0x80) {
      text += static_cast<char>(point);
    } else if (point < 0x800) {
      text += static_cast<char>(0xc0 | point >> 6);
      tail(point);
    } else if (point < 0x10000) {
      text += static_cast<char>(0xe0 | point >> 12);
      tail(point >> 6);
      tail(point);
    } else {
      text += static_cast<char>(0xf0 | point >> 18);
      tail(point >> 12);
      tail(point >> 6);
      tail(point);
    }
  }
  return text;
}

bool is_clean_utf8(std::string_view text) {
  auto points = decode_utf8(text);
  return points && std::ranges::none_of(*points, [](char32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); });
}

}  // namespace postseal::sasl
