// SPDX-License-Identifier: Apache-2.0
#include "protocol/mtasts/refresh.h"

#include <algorithm>
#include <cstdint>

namespace postseal::mtasts {
namespace {

/// 0 to 1, the same for a domain at every start of every program (FNV-1a), so that the refreshes of many domains
/// spread.
double spread(const Domain& domain) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : domain.ascii()) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  hash ^= hash >> 32;
  return static_cast<double>(hash & 0xffff) / 0x10000;
}

}  // namespace

bool in_force(const CachedPolicy& cached, WallTime now) {
  // RFC 8461 §5.1 (S41): not a second longer than max_age after the fetch.
  return now < cached.expires();
}

Seconds refresh_interval(Seconds max_age, const Domain& policy_domain, const FindSettings& settings) {
  const double part = static_cast<double>(max_age.count()) * settings.refresh_fraction;
  const double longest = std::min(part, static_cast<double>(settings.refresh_at_most.count()));
  return Seconds(static_cast<Seconds::rep>(longest * (1.0 - settings.refresh_jitter * spread(policy_domain))));
}

bool refresh_due(const CachedPolicy& cached, const Domain& policy_domain, const FindSettings& settings, WallTime now) {
  // A35: a clock that was set back makes the age meaningless: the policy stays in force and is fetched anew.
  if (cached.fetched > now + kClockTolerance) return true;
  // RFC 8461 §3.3 SHOULD (S41): policies are refreshed before they expire, about once a day, lest somebody who blocks
  // the one refresh at the end makes us forget them.
  return now - cached.fetched >= refresh_interval(cached.policy.max_age, policy_domain, settings);
}

bool backing_off(const CacheEntry& entry, std::string_view id, const FindSettings& settings, WallTime now) {
  // RFC 8461 §3.3 SHOULD (S44): five minutes or more between attempts for one id.
  if (!entry.failure || entry.failure->id != id) return false;
  // A35: a failure far in the future was noted by another clock and would hold us back for long.
  return entry.failure->at <= now + kClockTolerance && now - entry.failure->at < settings.retry_after;
}

}  // namespace postseal::mtasts
