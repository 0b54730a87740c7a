#pragma once
// SPDX-License-Identifier: Apache-2.0
// Time, passed in. Wall time judges certificates and caches; steady time bounds waits.
#include <chrono>

namespace postseal {

using WallTime = std::chrono::sys_seconds;
using SteadyTime = std::chrono::steady_clock::time_point;
using Seconds = std::chrono::seconds;

/// The moment after which a wait fails. Every wait has one.
struct Deadline {
  SteadyTime at;
  static Deadline in(std::chrono::milliseconds from_now) { return {std::chrono::steady_clock::now() + from_now}; }
  Deadline earlier(Deadline other) const { return at < other.at ? *this : other; }
  bool passed() const { return std::chrono::steady_clock::now() >= at; }
};

/// Wall time. Tests hand in a clock that stands still.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() const = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime now() const override { return std::chrono::floor<Seconds>(std::chrono::system_clock::now()); }
};

}  // namespace postseal
