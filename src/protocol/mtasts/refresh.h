#pragma once
// SPDX-License-Identifier: Apache-2.0
// When is the policy host asked again? Pure arithmetic on the cache entry; find.cc enacts it.
#include <string_view>

#include "protocol/mtasts/find.h"

namespace postseal::mtasts {

/// A difference between two clocks that means nothing (A35).
inline constexpr Seconds kClockTolerance{300};

/// Younger than its max_age, counted from the last successful HTTPS fetch.
bool in_force(const CachedPolicy& cached, WallTime now);
/// The policy is old enough to be fetched anew although its id has not changed, or its time of fetch is in the future.
bool refresh_due(const CachedPolicy& cached, const Domain& policy_domain, const FindSettings& settings, WallTime now);
/// How long a policy may go without being fetched anew: shorter by a jitter that depends on the domain alone.
Seconds refresh_interval(Seconds max_age, const Domain& policy_domain, const FindSettings& settings);
/// The last fetch of this id failed a short time ago.
bool backing_off(const CacheEntry& entry, std::string_view id, const FindSettings& settings, WallTime now);

}  // namespace postseal::mtasts
