// SPDX-License-Identifier: Apache-2.0
#include "lab/key_trap.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <random>
#include <sstream>

#include "lab/zone_key.h"

namespace postseal::lab {
namespace {

constexpr std::uint8_t kRsaSha256 = 8;
constexpr std::uint16_t kTag = 4711;
/// RSA with 2048 bits. libcrypto takes public exponents as long as that, which makes the check of a signature cost a
/// hundred times what it costs with an honest one.
constexpr std::size_t kOctets = 256;

Bytes number(std::mt19937& random) {
  Bytes out(kOctets);
  for (auto& octet : out) octet = static_cast<std::uint8_t>(random());
  return out;
}

/// Flags, protocol, algorithm; the exponent with its length (RFC 3110 §2); the modulus.
Bytes trap_key(std::mt19937& random) {
  Bytes rdata = {0x01, 0x01, 3, kRsaSha256, 0, kOctets >> 8, kOctets & 0xff};
  Bytes exponent = number(random);
  exponent.front() = 0x7f;
  exponent.back() |= 1;
  Bytes modulus = number(random);
  modulus.front() |= 0x80;
  modulus.back() |= 1;
  rdata.insert(rdata.end(), exponent.begin(), exponent.end());
  const std::size_t middle = rdata.size() + kOctets / 2;
  rdata.insert(rdata.end(), modulus.begin(), modulus.end());
  // The tag is a sum: some value of two octets within makes it what is wanted.
  for (unsigned value = 0; key_tag(rdata) != kTag && value <= 0xffff; ++value) {
    rdata[middle] = static_cast<std::uint8_t>(value >> 8);
    rdata[middle + 1] = static_cast<std::uint8_t>(value);
  }
  return rdata;
}

}  // namespace

std::vector<std::string> trap_keys() {
  std::mt19937 random(1);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < kTrapKeys; ++i) {
    const Bytes rdata = trap_key(random);
    out.push_back(fmt::format("257 3 {} {}", kRsaSha256, to_base64(std::span(rdata).subspan(4))));
  }
  return out;
}

std::vector<std::string> trap_signatures(std::string_view line) {
  // OWNER TTL IN RRSIG TYPE algorithm labels ttl until since tag signer signature
  std::istringstream text{std::string(line)};
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  if (words.size() < 13) return {};
  words.resize(13);
  words[5] = std::to_string(kRsaSha256);
  words[10] = std::to_string(kTag);
  std::mt19937 random(2);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < kTrapSignatures; ++i) {
    Bytes signature = number(random);
    // Below every modulus: what is not is refused before any work is done.
    signature.front() &= 0x3f;
    words[12] = to_base64(signature);
    out.push_back(fmt::format("{}", fmt::join(words, " ")));
  }
  return out;
}

}  // namespace postseal::lab
