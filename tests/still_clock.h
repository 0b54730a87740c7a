#pragma once
// SPDX-License-Identifier: Apache-2.0
// A clock that stands still until told otherwise.
#include "vocab/clock.h"

namespace postseal::tests {

class StillClock final : public Clock {
 public:
  explicit StillClock(WallTime at) : now_(at) {}
  WallTime now() const override { return now_; }
  void advance(Seconds by) { now_ += by; }

 private:
  WallTime now_;
};

}  // namespace postseal::tests
