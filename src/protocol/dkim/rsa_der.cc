// SPDX-License-Identifier: Apache-2.0
#include "protocol/dkim/rsa_der.h"

#include <cstddef>
#include <cstdint>

namespace postseal::dkim {
namespace {

using namespace std::string_view_literals;

constexpr std::uint8_t kInteger = 0x02, kBitString = 0x03, kObjectIdentifier = 0x06, kSequence = 0x30;
/// 1.2.840.113549.1.1.1, rsaEncryption.
constexpr std::string_view kRsaEncryption = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"sv;

/// The contents of the element at the front, which must have this tag; it is taken off `rest`.
std::optional<std::string_view> take(std::string_view& rest, std::uint8_t tag) {
  if (rest.size() < 2 || static_cast<std::uint8_t>(rest[0]) != tag) return std::nullopt;
  std::size_t size = static_cast<std::uint8_t>(rest[1]);
  std::size_t at = 2;
  if (size >= 0x80) {
    // Two octets of length are more than any key here needs; the indefinite form (0x80) is no DER.
    const std::size_t octets = size & 0x7f;
    if (octets == 0 || octets > 2 || rest.size() < at + octets) return std::nullopt;
    size = 0;
    for (std::size_t i = 0; i < octets; ++i) size = size << 8 | static_cast<std::uint8_t>(rest[at++]);
  }
  if (rest.size() - at < size) return std::nullopt;
  const std::string_view contents = rest.substr(at, size);
  rest.remove_prefix(at + size);
  return contents;
}

std::optional<std::string_view> take_positive(std::string_view& rest) {
  auto number = take(rest, kInteger);
  if (!number || number->empty() || static_cast<std::uint8_t>(number->front()) >= 0x80) return std::nullopt;
  while (!number->empty() && number->front() == '\0') number->remove_prefix(1);
  if (number->empty()) return std::nullopt;
  return number;
}

std::optional<RsaNumbers> parse_numbers(std::string_view contents) {
  const auto modulus = take_positive(contents);
  if (!modulus) return std::nullopt;
  const auto exponent = take_positive(contents);
  if (!exponent || !contents.empty()) return std::nullopt;
  return RsaNumbers{*modulus, *exponent};
}

std::optional<RsaNumbers> parse_info(std::string_view contents) {
  auto algorithm = take(contents, kSequence);
  if (!algorithm) return std::nullopt;
  const auto identifier = take(*algorithm, kObjectIdentifier);
  if (!identifier || *identifier != kRsaEncryption) return std::nullopt;
  auto bits = take(contents, kBitString);
  if (!bits || !contents.empty() || bits->empty() || bits->front() != '\0') return std::nullopt;
  bits->remove_prefix(1);
  const auto sequence = take(*bits, kSequence);
  if (!sequence || !bits->empty()) return std::nullopt;
  return parse_numbers(*sequence);
}

}  // namespace

std::optional<RsaNumbers> parse_rsa_public_key(std::string_view der) {
  const auto sequence = take(der, kSequence);
  if (!sequence || sequence->empty() || !der.empty()) return std::nullopt;
  return static_cast<std::uint8_t>(sequence->front()) == kSequence ? parse_info(*sequence) : parse_numbers(*sequence);
}

}  // namespace postseal::dkim
