// SPDX-License-Identifier: Apache-2.0
#include "edge/journal/letter_clock.h"

#include <algorithm>
#include <utility>

namespace postseal::journal {

namespace {

constexpr std::uint64_t k2020 = 1577836800;  // seconds since 1970
constexpr int kCounterBits = 20;
constexpr std::uint64_t kMargin = std::uint64_t{60 * 1000} << kCounterBits;

std::uint64_t id_at(std::chrono::system_clock::time_point time) {
  const auto since = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const auto start = static_cast<std::int64_t>(k2020 * 1000);
  return since <= start ? 0 : static_cast<std::uint64_t>(since - start) << kCounterBits;
}

}  // namespace

std::uint64_t first_id_at(std::uint64_t second) {
  return second <= k2020 ? 0 : (second - k2020) * 1000 << kCounterBits;
}

LetterClock::LetterClock(Now now, std::uint64_t last) : now_(std::move(now)), last_(last) {
  if (!now_) now_ = [] { return std::chrono::system_clock::now(); };
  if (last != 0 && id_at(now_()) <= last) last_ = last + kMargin;
}

spool::LetterId LetterClock::next() {
  std::uint64_t seen = last_, id = 0;
  do {
    id = std::max(id_at(now_()), seen + 1);
  } while (!last_.compare_exchange_weak(seen, id));
  return {id};
}

}  // namespace postseal::journal
