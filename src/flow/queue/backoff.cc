// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/backoff.h"

#include <algorithm>
#include <cmath>

namespace postseal::queue {

Seconds retry_delay(std::uint32_t failures, const RetryTimes& times, double chance) {
  const double first = static_cast<double>(std::max<std::int64_t>(times.first.count(), 1));
  const double longest = std::max(static_cast<double>(times.longest.count()), first);
  const double doublings = static_cast<double>(std::min<std::uint32_t>(failures == 0 ? 0 : failures - 1, 40));
  const double plain = std::min(first * std::exp2(doublings), longest);
  const double spread = plain * (0.75 + 0.5 * std::clamp(chance, 0.0, 1.0));
  return Seconds{std::llround(std::clamp(spread, std::max(first / 2, 1.0), longest))};
}

}  // namespace postseal::queue
