// SPDX-License-Identifier: Apache-2.0
#include "protocol/smtp/printable.h"

#include <cstddef>
#include <cstdint>

#include "vocab/octet_set.h"

namespace postseal::smtp {
namespace {

constexpr OctetSet kPlain([](char c) { return c >= 0x20 && c < 0x7f; });

std::uint8_t octet(char c) { return static_cast<std::uint8_t>(c); }

/// Octets of the UTF-8 sequence (RFC 3629 §4) that text starts with, and its code point; 0 if there is none.
struct Sequence {
  std::size_t length = 0;
  std::uint32_t code_point = 0;
};

Sequence first_sequence(std::string_view text) {
  std::uint8_t lead = octet(text[0]);
  if (lead < 0x80) return {1, lead};
  std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  std::uint32_t code_point = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((octet(text[i]) & 0xc0) != 0x80) return {};
    code_point = code_point << 6 | (octet(text[i]) & 0x3fU);
  }
  bool overlong = (length == 3 && code_point < 0x800) || (length == 4 && code_point < 0x10000);
  bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (overlong || surrogate || code_point > 0x10ffff) return {};
  return {length, code_point};
}

/// C0, DEL and C1 controls; line and paragraph separators; marks that turn the reading direction.
bool moves_the_cursor(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
         c == 0x200e || c == 0x200f || c == 0x061c;
}

/// Soft hyphen, zero width space, word joiner and those behind it, byte order mark. The joiners U+200C and U+200D are
/// letters' neighbours in Persian and in India, and stay.
bool is_invisible(std::uint32_t c) { return c == 0xad || c == 0x200b || (c >= 0x2060 && c <= 0x2064) || c == 0xfeff; }

}  // namespace

bool is_plain(std::string_view text) { return kPlain.contains_all(text); }

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = first_sequence(text).length;
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// RFC 6531 §3.7.4.2 lets reply texts be UTF-8.
std::string printable(std::string_view text) {
  // Nearly all that is shown.
  if (is_plain(text)) return std::string(text);
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    Sequence sequence = first_sequence(text);
    if (sequence.length == 0 || moves_the_cursor(sequence.code_point) || is_invisible(sequence.code_point)) {
      shown += '?';
      text.remove_prefix(sequence.length == 0 ? 1 : sequence.length);
    } else {
      shown.append(text.substr(0, sequence.length));
      text.remove_prefix(sequence.length);
    }
  }
  return shown;
}

}  // namespace postseal::smtp
