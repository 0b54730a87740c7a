// SPDX-License-Identifier: Apache-2.0
#include "flow/outbound/plan_book.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

namespace postseal::outbound {

struct PlanBook::Search {
  explicit Search(const boost::asio::any_io_executor& executor)
      : done(executor, boost::asio::steady_timer::time_point::max()) {}
  PlanPtr plan;
  std::exception_ptr bug;
  boost::asio::steady_timer done;
};

Awaitable<PlanPtr> PlanBook::find(std::string key, Gather gather, bool fresh) {
  if (auto& entry = entries_[key]; entry.search) {
    const auto search = entry.search;
    while (!search->plan && !search->bug) {
      co_await search->done.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    if (search->bug) std::rethrow_exception(search->bug);
    co_return search->plan;
  } else if (!fresh && entry.plan && entry.plan->valid_until > std::chrono::steady_clock::now()) {
    co_return entry.plan;
  }
  const auto search = std::make_shared<Search>(co_await boost::asio::this_coro::executor);
  entries_[key].search = search;
  try {
    search->plan = co_await gather();
  } catch (...) {
    search->bug = std::current_exception();
  }
  const auto entry = entries_.find(key);
  const bool current = entry != entries_.end() && entry->second.search == search;
  search->done.cancel();
  if (search->bug) {
    // Or everybody who asks for this destination from now on would wait for ever.
    if (current) entries_.erase(entry);
    std::rethrow_exception(search->bug);
  }
  if (current) entry->second = {search->plan, nullptr};
  make_room();
  co_return search->plan;
}

void PlanBook::forget() { entries_.clear(); }

/// The expired go first, then whatever comes: a plan lost costs a search in a warm cache.
void PlanBook::make_room() {
  if (entries_.size() <= kMostPlans) return;
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(entries_,
                [now](const auto& entry) { return !entry.second.search && entry.second.plan->valid_until <= now; });
  for (auto it = entries_.begin(); it != entries_.end() && entries_.size() > kMostPlans / 2;) {
    it = it->second.search ? std::next(it) : entries_.erase(it);
  }
}

}  // namespace postseal::outbound
