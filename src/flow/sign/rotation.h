#pragma once
// SPDX-License-Identifier: Apache-2.0
// Keys grow old by themselves: what waits is looked for in DNS, signs when it has been there long enough, and what has
// retired goes. Done by the server now and then, and by `postseal dkim rotate`.
#include <string>
#include <vector>

#include "edge/dkim_keys/key_directory.h"
#include "protocol/dns/resolver.h"
#include "vocab/awaitable.h"
#include "vocab/clock.h"

namespace postseal::sign {

/// Is this key's record what DNS shows? Never throws, ends at the deadline.
Awaitable<dkim_keys::InDns> look_in_dns(dns::Resolver& resolver, Domain domain, std::string selector,
                                        std::string record, Deadline deadline);

struct Rotation {
  bool changed = false;            ///< other keys sign now
  std::vector<std::string> lines;  ///< what has happened, for the log
};
/// All domains of the directory.
Awaitable<Rotation> look_after(const dkim_keys::KeyDirectory& directory, dns::Resolver& resolver,
                               dkim_keys::Periods periods, WallTime now, Deadline deadline);

}  // namespace postseal::sign
