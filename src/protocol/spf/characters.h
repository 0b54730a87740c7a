#pragma once
// SPDX-License-Identifier: Apache-2.0
// The characters that the grammar of RFC 7208 tells apart, whatever the locale.
#include <algorithm>
#include <string>
#include <string_view>

namespace postseal::spf {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_alphanumeric(char c) { return is_digit(c) || is_letter(c); }
constexpr bool is_visible(char c) { return c > ' ' && c < 0x7f; }

/// What strangers wrote, for our own words: printable ASCII, everything else as '?'.
inline std::string printable(std::string_view text) {
  std::string shown(text);
  std::ranges::replace_if(shown, [](char c) { return c < ' ' || c >= 0x7f; }, '?');
  return shown;
}

}  // namespace postseal::spf
