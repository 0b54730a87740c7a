// SPDX-License-Identifier: Apache-2.0
#include "flow/queue/backoff.h"

#include <gtest/gtest.h>

namespace postseal::queue {
namespace {

TEST(Backoff, doubles_from_the_first_interval_to_the_longest) {
  const RetryTimes times{Seconds{300}, Seconds{3600}};
  const std::pair<std::uint32_t, int> cases[] = {{1, 300}, {2, 600}, {3, 1200}, {4, 2400}, {5, 3600}, {1000, 3600}};
  for (const auto& [failures, expected] : cases) {
    EXPECT_EQ(retry_delay(failures, times, 0.5).count(), expected) << failures;
  }
}

TEST(Backoff, jitter_spreads_by_a_quarter_and_never_over_the_longest) {
  const RetryTimes times{Seconds{400}, Seconds{1600}};
  EXPECT_EQ(retry_delay(1, times, 0.0).count(), 300);
  EXPECT_EQ(retry_delay(1, times, 1.0).count(), 500);
  EXPECT_EQ(retry_delay(9, times, 0.0).count(), 1200);
  EXPECT_EQ(retry_delay(9, times, 1.0).count(), 1600);
}

TEST(Backoff, odd_settings_still_give_a_wait) {
  EXPECT_GE(retry_delay(1, {Seconds{0}, Seconds{0}}, 0.0).count(), 1);
  EXPECT_EQ(retry_delay(7, {Seconds{600}, Seconds{60}}, 0.5).count(), 600) << "the longest is not under the first";
}

}  // namespace
}  // namespace postseal::queue
