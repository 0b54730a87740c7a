#pragma once
// SPDX-License-Identifier: Apache-2.0
// Which loopback address is whose. The same world always gets the same addresses.
#include <map>
#include <vector>

#include "lab/world.h"

namespace postseal::lab {

class Addresses {
 public:
  explicit Addresses(const World& world);

  /// Of a mail host: those that the world says, else one of 127.20.0.0/16. Empty for a name that is no host.
  const std::vector<IpAddress>& of_host(const Domain& host) const;
  /// Of the policy host of a domain that has a policy: one of 127.30.0.0/16.
  IpAddress of_policy_host(const Domain& domain) const;

  static IpAddress name_front() { return IpAddress::v4({127, 53, 0, 1}); }
  /// Where answers come from that pretend to be the front's.
  static IpAddress forger() { return IpAddress::v4({127, 53, 0, 3}); }
  static IpAddress name_server() { return IpAddress::v4({127, 53, 0, 2}); }

 private:
  std::map<Domain, std::vector<IpAddress>> hosts_;
  std::map<Domain, IpAddress> policies_;
};

}  // namespace postseal::lab
