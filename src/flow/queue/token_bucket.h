#pragma once
// SPDX-License-Identifier: Apache-2.0
// A limit on how many letters go per minute. Holds what two seconds bring, so that looking once a second loses nothing.
#include <algorithm>
#include <chrono>
#include <cstdint>

#include "vocab/clock.h"

namespace postseal::queue {

class TokenBucket {
 public:
  /// per_minute 0: no limit.
  bool has(std::uint32_t per_minute, SteadyTime now) {
    if (per_minute == 0) return true;
    fill(per_minute, now);
    return tokens_ >= 1;
  }
  /// After has().
  void take(std::uint32_t per_minute) {
    if (per_minute != 0) tokens_ -= 1;
  }

 private:
  void fill(std::uint32_t per_minute, SteadyTime now) {
    const double rate = per_minute / 60'000.0;
    const double capacity = std::max(1.0, rate * 2000);
    const std::chrono::duration<double, std::milli> passed = now - filled_at_;
    const double gained = started_ ? passed.count() * rate : 1.0;
    tokens_ = std::min(capacity, tokens_ + std::max(0.0, gained));
    filled_at_ = now;
    started_ = true;
  }
  double tokens_ = 0;
  SteadyTime filled_at_{};
  bool started_ = false;
};

}  // namespace postseal::queue
