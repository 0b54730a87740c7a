// SPDX-License-Identifier: Apache-2.0
#include "protocol/mtasts/field.h"

#include <algorithm>
#include <cstdint>

#include "vocab/ascii.h"

namespace postseal::mtasts {
namespace {

constexpr std::size_t kMaxFieldName = 32;
constexpr std::size_t kMaxId = 32;
constexpr std::size_t kMaxShown = 60;

bool is_printable(char c) { return c >= 0x21 && c <= 0x7e; }

/// The length of the UTF8-2, UTF8-3 or UTF8-4 sequence of RFC 3629 §4 at the start of text; 0 if there is none.
/// Overlong forms, surrogates and numbers above U+10FFFF are no sequences.
std::size_t utf8_length(std::string_view text) {
  auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0}; };
  auto tail = [&](std::size_t i) { return byte(i) >= 0x80 && byte(i) <= 0xbf; };
  const std::uint8_t first = byte(0);
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool second = (first == 0xe0)   ? byte(1) >= 0xa0 && byte(1) <= 0xbf
                        : (first == 0xed) ? byte(1) >= 0x80 && byte(1) <= 0x9f
                                          : tail(1);
    return second && tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool second = (first == 0xf0)   ? byte(1) >= 0x90 && byte(1) <= 0xbf
                        : (first == 0xf4) ? byte(1) >= 0x80 && byte(1) <= 0x8f
                                          : tail(1);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_field_name(std::string_view text) {
  if (text.empty() || text.size() > kMaxFieldName || !is_letter_digit(text.front())) return false;
  return std::ranges::all_of(text, [](char c) { return is_letter_digit(c) || c == '_' || c == '-' || c == '.'; });
}

bool is_record_value(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return is_printable(c) && c != '=' && c != ';'; });
}

bool is_policy_value(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  while (!text.empty()) {
    const std::size_t length = (is_printable(text.front()) || text.front() == ' ') ? 1 : utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_policy_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxId && std::ranges::all_of(text, is_letter_digit);
}

std::string shown(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, kMaxShown)) out += (is_printable(c) || c == ' ') ? c : '?';
  out += text.size() > kMaxShown ? "\"..." : "\"";
  return out;
}

}  // namespace postseal::mtasts
