// SPDX-License-Identifier: Apache-2.0
#include "vocab/enhanced_status.h"

#include "vocab/ascii.h"

namespace postseal {
namespace {

/// Takes one to three digits off the front of text. RFC 3463 §2 MUST: no leading zero digits.
std::optional<std::uint16_t> take_number(std::string_view& text) {
  std::size_t length = 0;
  unsigned value = 0;
  while (length < text.size() && is_digit(text[length])) {
    if (length == 3) return std::nullopt;
    value = value * 10 + static_cast<unsigned>(text[length] - '0');
    ++length;
  }
  if (length == 0 || (length > 1 && text.front() == '0')) return std::nullopt;
  text.remove_prefix(length);
  return static_cast<std::uint16_t>(value);
}

bool take_dot(std::string_view& text) {
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<EnhancedStatus> EnhancedStatus::parse_prefix(std::string_view text) {
  // RFC 3463 §2 MUST: the class is 2, 4 or 5.
  if (!text.starts_with('2') && !text.starts_with('4') && !text.starts_with('5')) return std::nullopt;
  auto klass = take_number(text);
  if (!klass || *klass > 5 || !take_dot(text)) return std::nullopt;
  auto subject = take_number(text);
  if (!subject || !take_dot(text)) return std::nullopt;
  auto detail = take_number(text);
  if (!detail || !(text.empty() || text.front() == ' ' || text.front() == '\t')) return std::nullopt;
  return EnhancedStatus{*klass, *subject, *detail};
}

std::string EnhancedStatus::to_string() const {
  return std::to_string(klass) + '.' + std::to_string(subject) + '.' + std::to_string(detail);
}

}  // namespace postseal
