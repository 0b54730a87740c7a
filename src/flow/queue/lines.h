#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the scheduler keeps of letters in line, destinations and sites. Only the scheduler touches these.
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "flow/queue/backoff.h"
#include "flow/queue/slab.h"
#include "flow/queue/timetable.h"
#include "flow/queue/token_bucket.h"
#include "protocol/spool/letter_id.h"

namespace postseal::queue {

/// A letter's standing at one destination.
struct Entry {
  enum class State : std::uint8_t {
    Free,
    Waiting,  ///< for its time
    Ready,    ///< in its destination's line
    Parked,   ///< due, but another destination of the letter has no route yet
    Active,   ///< with a worker
    Held,     ///< by the operator
  };
  spool::LetterId letter;
  Links line;  ///< the line it stands in, or where it is parked
  Index destination = kNone;
  Index sibling = kNone;    ///< next entry of the letter
  Index parked_at = kNone;  ///< a destination
  Stamp due = 0;
  Stamp look_at = kNever;
  State state = State::Free;
  bool held = false;  ///< an active one goes to Held afterwards
  bool last = false;  ///< its letter's time is over
};
static_assert(sizeof(Entry) == 40);

using Line = Fifo<Entry, &Entry::line>;

struct Destination {
  const std::string* name = nullptr;
  Index site = kNone;
  SteadyTime route_until{};
  bool routing = false;          ///< asked for, not answered
  std::uint64_t route_turn = 0;  ///< when it was asked for, counted
  Line ready, last, parked;
  SteadyTime parked_since{};
  std::uint32_t entries = 0, active = 0, held = 0;
  Backoff backoff;
  std::string problem;  ///< of its last failure as a whole
  std::uint32_t most_active = ~0U, rate = 0;
  TokenBucket bucket;
  Links ring;  ///< among the site's destinations that may have something
  bool in_ring = false, throttled = false, idle = false;
};

struct Site {
  const std::string* name = nullptr;
  Fifo<Destination, &Destination::ring> ring;
  Links hungry;  ///< among the sites that may want a worker
  bool in_hungry = false, throttled = false;
  std::uint32_t destinations = 0;
  std::uint32_t ready = 0;  ///< of its destinations, those for the last time included
  std::uint32_t last = 0;   ///< of these, for the last time
  std::uint32_t workers = 0, wanted = 1;
  std::uint32_t most_workers = 0, rate = 0;
  TokenBucket bucket;
  Backoff backoff;
  double service_ms = 0;  ///< for one letter over an open connection; 0: not known yet
  bool alive = false;     ///< a letter got an answer since the last failure
  SteadyTime alive_at{}, finished_at{}, grown_at{}, calm_until{};
  std::string problem;
  WallTime problem_at{};
};

/// Names are kept once; everybody else has numbers.
class Names {
 public:
  Index find(std::string_view name) const {
    const auto found = indexes_.find(name);
    return found == indexes_.end() ? kNone : found->second;
  }
  /// REQUIRES: not there yet. The text stays where it is until erase().
  const std::string* insert(std::string_view name, Index index) {
    return &indexes_.emplace(std::string(name), index).first->first;
  }
  void erase(std::string_view name) {
    const auto found = indexes_.find(name);
    if (found != indexes_.end()) indexes_.erase(found);
  }
  std::size_t size() const { return indexes_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  std::unordered_map<std::string, Index, Hash, std::equal_to<>> indexes_;
};

}  // namespace postseal::queue
