#pragma once
// SPDX-License-Identifier: Apache-2.0
// The characters that the grammar of RFC 7208 tells apart, whatever the locale.
#include <algorithm>
#include <string>
#include <string_view>

#include "vocab/ascii.h"

namespace postseal::spf {

constexpr bool is_visible(char c) { return c > ' ' && c < 0x7f; }

/// What strangers wrote, for our own words: printable ASCII, everything else as '?'.
inline std::string printable(std::string_view text) {
  std::string shown(text);
  std::ranges::replace_if(shown, [](char c) { return c < ' ' || c >= 0x7f; }, '?');
  return shown;
}

}  // namespace postseal::spf
