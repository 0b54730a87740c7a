// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/base64.h"

#include <array>
#include <cstdint>

namespace postseal::dkim {
namespace {

constexpr std::uint8_t kBlank = 64, kPadding = 65, kForeign = 66;

constexpr auto kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kForeign);
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::uint8_t i = 0; i < 64; ++i) values[static_cast<unsigned char>(kAlphabet[i])] = i;
  for (char c : {' ', '\t', '\r', '\n'}) values[static_cast<unsigned char>(c)] = kBlank;
  values['='] = kPadding;
  return values;
}();

constexpr std::uint32_t kNoDigit = 1u << 24;

/// The values where they belong in three octets; kNoDigit for everything that is no digit.
constexpr auto kShifted = [] {
  std::array<std::array<std::uint32_t, 256>, 4> shifted{};
  for (std::size_t place = 0; place < 4; ++place) {
    for (std::size_t c = 0; c < 256; ++c) {
      shifted[place][c] = kValues[c] < 64 ? std::uint32_t{kValues[c]} << (18 - 6 * place) : kNoDigit;
    }
  }
  return shifted;
}();

constexpr std::size_t octet(char c) { return static_cast<unsigned char>(c); }
std::uint8_t value_of(char c) { return kValues[static_cast<unsigned char>(c)]; }

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  std::string octets(text.size() / 4 * 3 + 3, '\0');
  char* out = octets.data();
  std::uint32_t group = 0;
  unsigned digits = 0, padding = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    // Four digits at once, where nothing stands between them.
    while (digits == 0 && padding == 0 && i + 4 <= text.size()) {
      const std::uint32_t four = kShifted[0][octet(text[i])] | kShifted[1][octet(text[i + 1])] |
                                 kShifted[2][octet(text[i + 2])] | kShifted[3][octet(text[i + 3])];
      if (four >= kNoDigit) break;
      *out++ = static_cast<char>(four >> 16);
      *out++ = static_cast<char>(four >> 8);
      *out++ = static_cast<char>(four);
      i += 4;
    }
    if (i == text.size()) break;
    const char c = text[i];
    const std::uint8_t value = value_of(c);
    if (value < 64) [[likely]] {
      if (padding > 0) return std::nullopt;
      group = group << 6 | value;
      if (++digits == 4) {
        *out++ = static_cast<char>(group >> 16);
        *out++ = static_cast<char>(group >> 8);
        *out++ = static_cast<char>(group);
        digits = 0;
        group = 0;
      }
    } else if (value == kPadding) {
      ++padding;
    } else if (value == kForeign) {
      return std::nullopt;
    }
  }
  if (digits == 1 || (padding > 0 && digits + padding != 4)) return std::nullopt;
  if (digits >= 2) *out++ = static_cast<char>(group >> (digits == 2 ? 4 : 10));
  if (digits == 3) *out++ = static_cast<char>(group >> 2);
  octets.resize(static_cast<std::size_t>(out - octets.data()));
  return octets;
}

}  // namespace postseal::dkim
