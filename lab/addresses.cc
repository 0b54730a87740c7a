// SPDX-License-Identifier: Apache-2.0
#include "lab/addresses.h"

#include <set>

namespace postseal::lab {
namespace {

/// 127.SECOND.0.1, 127.SECOND.0.2, … 127.SECOND.1.1: last octets 1 to 250.
IpAddress numbered(std::uint8_t second, std::size_t index) {
  return IpAddress::v4(
      {127, second, static_cast<std::uint8_t>(index / 250), static_cast<std::uint8_t>(index % 250 + 1)});
}

}  // namespace

Addresses::Addresses(const World& world) {
  std::set<IpAddress> taken;
  for (const HostSpec& host : world.hosts) taken.insert(host.addresses.begin(), host.addresses.end());
  std::size_t next = 0;
  for (const HostSpec& host : world.hosts) {
    std::vector<IpAddress> addresses = host.addresses;
    while (addresses.empty()) {
      const IpAddress candidate = numbered(20, next++);
      if (!taken.contains(candidate)) addresses.push_back(candidate);
    }
    hosts_[host.name] = std::move(addresses);
  }
  next = 0;
  for (const PolicySpec& policy : world.policies) policies_[policy.domain] = numbered(30, next++);
}

const std::vector<IpAddress>& Addresses::of_host(const Domain& host) const {
  static const std::vector<IpAddress> none;
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? none : found->second;
}

IpAddress Addresses::of_policy_host(const Domain& domain) const {
  const auto found = policies_.find(domain);
  return found == policies_.end() ? IpAddress() : found->second;
}

}  // namespace postseal::lab
