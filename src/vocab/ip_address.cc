// SPDX-License-Identifier: Apache-2.0
#include "vocab/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>

namespace postseal {
namespace {

using V4 = std::array<std::uint8_t, 4>;

constexpr std::uint32_t number(V4 octets) {
  return std::uint32_t{octets[0]} << 24 | std::uint32_t{octets[1]} << 16 | std::uint32_t{octets[2]} << 8 | octets[3];
}

struct V4Block {
  V4 network;
  int bits;
};

// IANA IPv4 Special-Purpose Address Registry, entries with "Globally Reachable: False", and multicast.
constexpr V4Block kV4Special[] = {
    {{0, 0, 0, 0}, 8},        // this network
    {{10, 0, 0, 0}, 8},       // private
    {{100, 64, 0, 0}, 10},    // shared by carriers
    {{127, 0, 0, 0}, 8},      // loopback
    {{169, 254, 0, 0}, 16},   // link-local; cloud metadata services live here
    {{172, 16, 0, 0}, 12},    // private
    {{192, 0, 0, 0}, 24},     // protocol assignments
    {{192, 0, 2, 0}, 24},     // documentation
    {{192, 88, 99, 0}, 24},   // 6to4 relay anycast, withdrawn
    {{192, 168, 0, 0}, 16},   // private
    {{198, 18, 0, 0}, 15},    // benchmarking
    {{198, 51, 100, 0}, 24},  // documentation
    {{203, 0, 113, 0}, 24},   // documentation
    {{224, 0, 0, 0}, 4},      // multicast
    {{240, 0, 0, 0}, 4},      // reserved, limited broadcast
};

bool is_special_v4(V4 octets) {
  return std::ranges::any_of(kV4Special, [&](const V4Block& block) {
    std::uint32_t mask = ~std::uint32_t{0} << (32 - block.bits);
    return (number(octets) & mask) == number(block.network);
  });
}

/// True if the first `bits` of the address are those of `prefix`, whose missing octets are zero.
bool has_prefix(std::span<const std::uint8_t> address, std::initializer_list<std::uint8_t> prefix, std::size_t bits) {
  std::array<std::uint8_t, 16> full{};
  std::ranges::copy(prefix, full.begin());
  for (std::size_t i = 0; i < bits; ++i) {
    std::uint8_t mask = static_cast<std::uint8_t>(0x80u >> (i % 8));
    if ((address[i / 8] & mask) != (full[i / 8] & mask)) return false;
  }
  return true;
}

V4 embedded(std::span<const std::uint8_t> address, std::size_t at) {
  return {address[at], address[at + 1], address[at + 2], address[at + 3]};
}

bool is_v4_mapped(std::span<const std::uint8_t> address) {
  return has_prefix(address, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96);
}

bool is_special_v6(std::span<const std::uint8_t> address) {
  // Forms that carry an IPv4 address reach what that address reaches.
  if (is_v4_mapped(address)) return is_special_v4(embedded(address, 12));
  if (has_prefix(address, {0x00, 0x64, 0xff, 0x9b}, 96)) return is_special_v4(embedded(address, 12));  // NAT64
  if (has_prefix(address, {0x20, 0x02}, 16)) return is_special_v4(embedded(address, 2));               // 6to4
  // IANA gives global unicast out of 2000::/3 only; the rest is loopback, ULA, link-local, multicast or reserved.
  if (!has_prefix(address, {0x20}, 3)) return true;
  return has_prefix(address, {0x20, 0x01, 0x00, 0x00}, 23) ||  // protocol assignments, Teredo, ORCHID, benchmarking
         has_prefix(address, {0x20, 0x01, 0x0d, 0xb8}, 32) ||  // documentation
         has_prefix(address, {0x3f, 0xff}, 20);                // documentation (RFC 9637)
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  // Longer texts are no address; and inet_pton wants its end marked by a NUL.
  if (text.size() >= INET6_ADDRSTRLEN || text.contains('\0')) return std::nullopt;
  std::string copy(text);
  V4 four;
  if (inet_pton(AF_INET, copy.c_str(), four.data()) == 1) return v4(four);
  std::array<std::uint8_t, 16> sixteen;
  if (inet_pton(AF_INET6, copy.c_str(), sixteen.data()) == 1) return v6(sixteen);
  return std::nullopt;
}

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> octets) {
  IpAddress result;
  std::ranges::copy(octets, result.octets_.begin());
  return result;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> octets) {
  IpAddress result;
  result.is_v4_ = false;
  result.octets_ = octets;
  return result;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(is_v4_ ? AF_INET : AF_INET6, octets_.data(), text.data(), text.size());
  return text.data();
}

bool IpAddress::is_loopback() const {
  if (is_v4_) return octets_[0] == 127;
  if (is_v4_mapped(octets_)) return octets_[12] == 127;
  return has_prefix(octets_, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128);
}

bool IpAddress::is_special_purpose() const {
  return is_v4_ ? is_special_v4(embedded(octets_, 0)) : is_special_v6(octets_);
}

}  // namespace postseal
