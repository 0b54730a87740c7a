#pragma once
// SPDX-License-Identifier: Apache-2.0
// When the next attempt is due: exponential, with jitter, so that letters that failed together do not come back
// together.
#include <cstdint>

#include "vocab/clock.h"

namespace postseal::queue {

struct RetryTimes {
  Seconds first{300};
  Seconds longest{4 * 3600};
};

/// After that many failures in a row, at least one. chance: 0 to 1, evenly distributed; spreads by a quarter up or
/// down, though never under half of the first interval nor over the longest.
Seconds retry_delay(std::uint32_t failures, const RetryTimes& times, double chance);

/// Of a destination or a site as a whole.
struct Backoff {
  std::uint32_t failures = 0;
  WallTime not_before{};
  SteadyTime failed_at{};  ///< of the last failure that counted

  bool open(WallTime now) const { return now >= not_before; }
  /// After failures one letter goes alone, before the others follow.
  bool probing() const { return failures > 0; }
};

}  // namespace postseal::queue
