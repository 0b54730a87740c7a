#pragma once
// SPDX-License-Identifier: Apache-2.0
// Route and facts: from a destination to everything that decide() needs to know.
// Order of lookups: MX, then addresses, then TLSA where the addresses are signed (RFC 7672 §2.2.2); the MTA-STS policy
// beside them.
#include "edge/settings/settings.h"
#include "protocol/mtasts/find.h"
#include "protocol/policy/facts.h"

namespace postseal::outbound {

struct GatherFrom {
  dns::Resolver& resolver;
  mtasts::PolicyFetcher& fetcher;
  mtasts::PolicyCache& cache;
  const Clock& clock;
};

/// Never fails: what could not be found out is a fact too. route: where the administrator sends it; the settings' own
/// routes are not looked at.
Awaitable<policy::Facts> gather_facts_by(GatherFrom from, const settings::Settings& settings,
                                         MailDestination destination, std::optional<settings::Route> route,
                                         policy::MessageDemands demands, Deadline deadline);
/// By the settings' routes.
Awaitable<policy::Facts> gather_facts(GatherFrom from, const settings::Settings& settings, MailDestination destination,
                                      policy::MessageDemands demands, Deadline deadline);

}  // namespace postseal::outbound
