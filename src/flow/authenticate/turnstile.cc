// SPDX-License-Identifier: Apache-2.0
#include "flow/authenticate/turnstile.h"

#include <algorithm>
#include <array>

namespace postseal::authenticate {

namespace {

/// An IPv4 /24 or an IPv6 /56, which is what one customer gets.
IpAddress network_of(const IpAddress& address) {
  std::array<std::uint8_t, 16> octets{};
  const auto bytes = address.bytes();
  std::copy_n(bytes.begin(), address.is_v4() ? 3 : 7, octets.begin());
  return address.is_v4() ? IpAddress::v4({octets[0], octets[1], octets[2], 0}) : IpAddress::v6(octets);
}

}  // namespace

std::optional<Turnstile::Place> Turnstile::enter(const IpAddress& client) {
  const IpAddress network = network_of(client);
  const std::lock_guard lock(mutex_);
  if (inside_ >= limits_.questions) return std::nullopt;
  const auto neighbours = networks_.find(network);
  if (neighbours != networks_.end() && neighbours->second >= limits_.of_one_network) return std::nullopt;
  ++networks_[network];
  ++inside_;
  return std::optional<Place>(std::in_place, shared_from_this(), network);
}

void Turnstile::leave(const IpAddress& network) {
  const std::lock_guard lock(mutex_);
  --inside_;
  const auto found = networks_.find(network);
  if (--found->second == 0) networks_.erase(found);
}

std::size_t Turnstile::inside() const {
  const std::lock_guard lock(mutex_);
  return inside_;
}

}  // namespace postseal::authenticate
