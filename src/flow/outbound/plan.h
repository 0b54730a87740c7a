#pragma once
// SPDX-License-Identifier: Apache-2.0
// What is known of the way to a destination, kept while DNS lets us: many letters to one destination need one search.
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "protocol/policy/facts.h"

namespace postseal::outbound {

struct Plan {
  MailDestination destination;  ///< the recipients' side; facts.next_hop is where routes lead
  policy::Facts facts;          ///< without what a message asks for
  std::string site;             ///< see site_of()
  SteadyTime valid_until{};
  std::chrono::milliseconds gather_time{0};
};
using PlanPtr = std::shared_ptr<const Plan>;

/// The hosts that the mail of this next hop goes to, in order, and the port: destinations with the same site share its
/// connections and limits. A next hop without a host to dial is a site of its own.
std::string site_of(const policy::Facts& facts);

/// How long these facts may be used: never longer than the shortest TTL among them (pitfall 11) or the MTA-STS policy's
/// life, at most five minutes, and half a minute where something is not known.
Seconds lifetime_of(const policy::Facts& facts);

}  // namespace postseal::outbound
