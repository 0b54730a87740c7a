#pragma once
// SPDX-License-Identifier: Apache-2.0
// What atoms of addresses and of structured header fields are made of.
#include <string_view>

#include "vocab/ascii.h"
#include "vocab/octet_set.h"

namespace postseal {

/// RFC 5322 §3.2.3 atext; RFC 6531 §3.3 and RFC 6532 §3.2 add UTF8-non-ascii, whose form is for others to check.
inline constexpr OctetSet kAtext([](char c) {
  return is_letter_digit(c) || static_cast<unsigned char>(c) >= 0x80 ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
});
inline constexpr OctetSet kAtextOrDot([](char c) { return c == '.' || kAtext.contains(c); });

/// RFC 5322 §3.2.3 dot-atom-text, RFC 5321 §4.1.2 Dot-string.
constexpr bool is_dot_atom(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.back() != '.' && !text.contains("..") &&
         kAtextOrDot.contains_all(text);
}

}  // namespace postseal
