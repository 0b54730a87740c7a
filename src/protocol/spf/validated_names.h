#pragma once
// SPDX-License-Identifier: Apache-2.0
// The names of an address that lead back to it (RFC 7208 §5.5, RFC 8601 §3): what "ptr", %{p} and iprev look at.
#include <vector>

#include "protocol/dns/resolver.h"
#include "vocab/awaitable.h"
#include "vocab/clock.h"
#include "vocab/ip_address.h"

namespace postseal::spf {

struct ValidatedNames {
  dns::AnswerState state = dns::AnswerState::Failed;  ///< of the question for PTR records
  std::string why;                                    ///< that question failed
  std::vector<Domain> claimed;                        ///< the names that were looked at, as DNS gave them
  std::vector<Domain> validated;                      ///< those among them that have the address
  bool unknown = false;                               ///< the addresses of a claimed name could not be learnt
  bool secure = false;                                ///< all of these answers were
};

/// The IPv4 address in an IPv4-mapped IPv6 address; any other as it is.
IpAddress unmapped(const IpAddress& ip);

/// Looks at the first kMaxNames names. Never throws, ends at the deadline.
Awaitable<ValidatedNames> find_validated_names(dns::Resolver& resolver, IpAddress ip, Deadline deadline);

}  // namespace postseal::spf
