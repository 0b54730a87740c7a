// SPDX-License-Identifier: Apache-2.0
#include "protocol/spool/letter_id.h"

#include <array>

#include "vocab/ascii.h"

namespace postseal::spool {

namespace {

constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kLength = 13;

}  // namespace

std::string LetterId::to_string() const {
  std::string text(kLength, '0');
  std::uint64_t rest = value;
  for (std::size_t i = kLength; i-- > 0; rest >>= 5) text[i] = kDigits[rest & 31];
  return text;
}

std::optional<LetterId> LetterId::parse(std::string_view text) {
  // 13 digits hold 65 bits: the first is 0 or 1 times 2^60, at most 15.
  if (text.size() != kLength) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kLength; ++i) {
    const std::size_t digit = kDigits.find(ascii_lower(text[i]));
    if (digit == std::string_view::npos || (i == 0 && digit > 15)) return std::nullopt;
    value = value << 5 | digit;
  }
  return LetterId{value};
}

}  // namespace postseal::spool
