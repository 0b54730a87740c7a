#pragma once
// SPDX-License-Identifier: Apache-2.0
// Gives out LetterIds: milliseconds since 2020 above a counter of 20 bits, greater with each, whatever the clock does.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

#include "protocol/spool/letter_id.h"

namespace postseal::journal {

/// The least id of a letter that arrives in this second since 1970.
std::uint64_t first_id_at(std::uint64_t second);

/// Safe to use from several threads.
class LetterClock {
 public:
  using Now = std::function<std::chrono::system_clock::time_point()>;
  /// `last`: the greatest id known to have been used. Where the clock is behind it, ids go on a minute above: letters
  /// that were begun and not committed before a restart left no mark.
  LetterClock(Now now, std::uint64_t last);
  spool::LetterId next();
  std::uint64_t last() const { return last_; }

 private:
  Now now_;
  std::atomic<std::uint64_t> last_;
};

}  // namespace postseal::journal
