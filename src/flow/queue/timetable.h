#pragma once
// SPDX-License-Identifier: Apache-2.0
// What is to be looked at when: a heap of 8 bytes an item. Nothing is ever taken out of its middle; whoever takes an
// item out at its time asks whether it still holds. Items that no longer hold are swept out when they are the majority.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "flow/queue/slab.h"
#include "vocab/clock.h"

namespace postseal::queue {

/// Seconds since 2020 in 32 bits: until 2156.
using Stamp = std::uint32_t;
inline constexpr Stamp kNever = ~Stamp{0};
inline constexpr std::int64_t kStampEpoch = 1'577'836'800;

/// Times before 2020 are 2020: long ago.
inline Stamp stamp_of(WallTime time) {
  const std::int64_t seconds = time.time_since_epoch().count() - kStampEpoch;
  return static_cast<Stamp>(std::clamp<std::int64_t>(seconds, 0, kNever - 1));
}
inline WallTime time_of(Stamp stamp) { return WallTime{Seconds{kStampEpoch + stamp}}; }

class Timetable {
 public:
  void add(Stamp at, Index what) {
    items_.push_back({at, what});
    std::ranges::push_heap(items_, Later{});
  }
  bool due(Stamp now) const { return !items_.empty() && items_.front().at <= now; }
  struct Item {
    Stamp at;
    Index what;
  };
  /// REQUIRES: not empty.
  Item take() {
    std::ranges::pop_heap(items_, Later{});
    const Item item = items_.back();
    items_.pop_back();
    return item;
  }
  /// live: how many items hold at most. holds(item) says whether one does.
  template <class Holds>
  void sweep(std::size_t live, Holds holds) {
    if (items_.size() < 2 * live + 4096) return;
    std::erase_if(items_, [&](const Item& item) { return !holds(item); });
    std::ranges::make_heap(items_, Later{});
  }
  std::size_t size() const { return items_.size(); }
  std::size_t bytes() const { return items_.capacity() * sizeof(Item); }

 private:
  struct Later {
    bool operator()(const Item& a, const Item& b) const { return a.at > b.at; }
  };
  std::vector<Item> items_;
};

}  // namespace postseal::queue
