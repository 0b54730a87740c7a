// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "edge/settings/server_settings.h"
#include "edge/settings/values.h"

namespace postseal::settings {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(const IpAddress& address) {
  return !address.is_v4() && std::ranges::equal(address.bytes().first(12), kMappedPrefix);
}

/// A38: a dual-stack socket shows IPv4 peers as ::ffff:192.0.2.1; they are the same peers.
IpAddress unmapped(const IpAddress& address) {
  if (!is_mapped(address)) return address;
  auto last = address.bytes().last(4);
  return IpAddress::v4({last[0], last[1], last[2], last[3]});
}

unsigned bits_of(const IpAddress& address) { return address.is_v4() ? 32 : 128; }

/// The bits of octet `index` that count.
std::uint8_t mask(unsigned prefix, std::size_t index) {
  unsigned before = static_cast<unsigned>(index) * 8;
  if (prefix >= before + 8) return 0xff;
  if (prefix <= before) return 0;
  return static_cast<std::uint8_t>(0xffU << (8 - (prefix - before)));
}

IpAddress masked(const IpAddress& address, unsigned prefix) {
  std::array<std::uint8_t, 16> octets{};
  for (std::size_t i = 0; i < address.bytes().size(); ++i)
    octets[i] = static_cast<std::uint8_t>(address.bytes()[i] & mask(prefix, i));
  return address.is_v4() ? IpAddress::v4({octets[0], octets[1], octets[2], octets[3]}) : IpAddress::v6(octets);
}

}  // namespace

std::expected<Network, std::string> Network::parse(std::string_view text) {
  std::size_t slash = text.find('/');
  auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::unexpected(fmt::format("\"{}\" is no IP address", text.substr(0, slash)));
  unsigned prefix = bits_of(*address);
  if (slash != std::string_view::npos) {
    auto number = parse_number(text.substr(slash + 1));
    if (!number || *number > prefix)
      return std::unexpected(fmt::format("\"{}\" is no prefix length (0..{})", text.substr(slash + 1), prefix));
    prefix = static_cast<unsigned>(*number);
  }
  if (IpAddress start = masked(*address, prefix); start != *address) {
    return std::unexpected(
        fmt::format("\"{}\" has bits behind its prefix; the network is {}/{}", text, start.to_string(), prefix));
  }
  if (is_mapped(*address)) prefix -= 96;
  return Network{unmapped(*address), static_cast<std::uint8_t>(prefix)};
}

std::string Network::to_string() const {
  return prefix == bits_of(address) ? address.to_string() : fmt::format("{}/{}", address.to_string(), prefix);
}

bool Network::contains(const IpAddress& other) const {
  IpAddress peer = unmapped(other);
  return peer.is_v4() == address.is_v4() && masked(peer, prefix) == address;
}

}  // namespace postseal::settings
