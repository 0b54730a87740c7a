#pragma once
// SPDX-License-Identifier: Apache-2.0
// Plans while they are valid. Several that ask for one destination at once wait for one search.
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "flow/outbound/plan.h"
#include "vocab/awaitable.h"

namespace postseal::outbound {

class PlanBook {
 public:
  using Gather = std::function<Awaitable<PlanPtr>()>;

  /// key: the destination and whatever else the plan depends on. fresh: not from before this call.
  Awaitable<PlanPtr> find(std::string key, Gather gather, bool fresh);
  /// Searches under way are for those who wait for them, and for nobody else.
  void forget();
  std::size_t size() const { return entries_.size(); }

  static constexpr std::size_t kMostPlans = 20000;

 private:
  struct Search;
  struct Entry {
    PlanPtr plan;
    std::shared_ptr<Search> search;  ///< one is under way
  };
  void make_room();

  std::map<std::string, Entry> entries_;
};

}  // namespace postseal::outbound
