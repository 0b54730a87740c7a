#pragma once
// SPDX-License-Identifier: Apache-2.0
// Characters of ASCII as protocols tell them apart, and names without regard to case. No locale has a say; other octets
// stay.
#include <algorithm>
#include <string>
#include <string_view>

namespace postseal {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; }
constexpr bool is_letter_digit(char c) { return is_letter(c) || is_digit(c); }
/// WSP of RFC 5234.
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

inline std::string to_lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), ascii_lower);
  return result;
}

bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace postseal
