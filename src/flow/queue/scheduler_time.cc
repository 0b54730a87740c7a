// SPDX-License-Identifier: Apache-2.0
// What changes around the lines: routes come and run out, time passes.
#include <algorithm>
#include <utility>

#include "flow/queue/scheduler.h"

namespace postseal::queue {

using State = Entry::State;

// --- routes ---

bool Scheduler::has_route(const Destination& destination, Now now) const {
  return destination.site != kNone && now.steady < destination.route_until;
}

void Scheduler::want_route(Index d) {
  Destination& destination = destinations_[d];
  if (destination.routing) return;
  destination.routing = true;
  destination.route_turn = ++routes_wanted_;
  (destination.backoff.probing() ? to_route_again_ : to_route_).push_back(d);
}

std::optional<std::string> Scheduler::next_to_route() {
  if (settings_.connections == 0) return std::nullopt;
  // Many destinations whose name servers are silent must not keep the others waiting.
  while (!to_route_.empty() || !to_route_again_.empty()) {
    const bool again = to_route_.empty() || (!to_route_again_.empty() && ++routes_given_ % 4 == 0);
    auto& from = again ? to_route_again_ : to_route_;
    const Index d = from.front();
    from.pop_front();
    if (destinations_[d].entries > 0) return *destinations_[d].name;
    destinations_[d].routing = false;
    unpark(destinations_[d]);
  }
  return std::nullopt;
}

void Scheduler::routed(std::string_view name, std::string_view site_name, SteadyTime valid_until, Now now) {
  // A route only says who travels together; the courier's own facts are as young as DNS wants them.
  constexpr std::chrono::seconds kLeast{30};
  const Index d = find_destination(name);
  if (d == kNone) return;
  destinations_[d].routing = false;
  destinations_[d].route_until = std::max(valid_until, now.steady + kLeast);
  const Index s = site_for(site_name);
  if (destinations_[d].site != s) {
    detach(d);
    attach(d, s);
  }
  unpark(destinations_[d]);
  enroll(d);
}

void Scheduler::attach(Index d, Index s) {
  Destination& destination = destinations_[d];
  Site& site = sites_[s];
  destination.site = s;
  ++site.destinations;
  site.ready += static_cast<std::uint32_t>(destination.ready.size() + destination.last.size());
  site.last += static_cast<std::uint32_t>(destination.last.size());
}

void Scheduler::detach(Index d) {
  Destination& destination = destinations_[d];
  const Index s = std::exchange(destination.site, kNone);
  if (s == kNone) return;
  Site& site = sites_[s];
  if (std::exchange(destination.in_ring, false)) site.ring.remove(destinations_, d);
  --site.destinations;
  site.ready -= static_cast<std::uint32_t>(destination.ready.size() + destination.last.size());
  site.last -= static_cast<std::uint32_t>(destination.last.size());
  forget_site_if_idle(s);
}

void Scheduler::forget_site_if_idle(Index s) {
  Site& site = sites_[s];
  if (site.destinations > 0 || site.workers > 0 || !site.name) return;
  if (site.in_hungry) hungry_.remove(sites_, s);
  site_names_.erase(std::string(*site.name));
  sites_.release(s);
}

/// Destinations without letters are kept while their route or back-off may still be of use.
void Scheduler::sweep_idle(Now now) {
  std::erase_if(idle_, [&](Index d) {
    Destination& destination = destinations_[d];
    if (destination.entries > 0) {
      destination.idle = false;
      return true;
    }
    if (destination.routing || !destination.parked.empty() || has_route(destination, now)) return false;
    if (!destination.backoff.open(now.wall)) return false;
    detach(d);
    destination_names_.erase(std::string(*destination.name));
    destinations_.release(d);
    return true;
  });
}

// --- time ---

std::vector<spool::LetterId> Scheduler::tick(Now now) {
  const Stamp stamp = stamp_of(now.wall);
  std::vector<Index> due;
  while (due_.due(stamp)) {
    const auto item = due_.take();
    const Entry& entry = entries_[item.what];
    if (entry.state == State::Waiting && entry.due <= stamp) due.push_back(item.what);
  }
  std::ranges::sort(due);
  due.erase(std::ranges::unique(due).begin(), due.end());
  line_up_all(std::move(due), now);

  while (destination_wakes_.due(stamp)) enroll(destination_wakes_.take().what);
  while (site_wakes_.due(stamp)) enroll_site(site_wakes_.take().what);
  for (const Index d : std::exchange(throttled_destinations_, {})) {
    destinations_[d].throttled = false;
    enroll(d);
  }
  for (const Index s : std::exchange(throttled_sites_, {})) {
    sites_[s].throttled = false;
    enroll_site(s);
  }
  std::erase_if(parked_, [&](Index d) {
    Destination& destination = destinations_[d];
    if (destination.parked.empty()) return true;
    if (now.steady - destination.parked_since < settings_.sibling_wait) return false;
    unpark(destination);
    return true;
  });
  for (Index w = 0; w < workers_.end(); ++w) {
    if (workers_[w].site != kNone) grow(workers_[w].site, now);
  }
  sweep_idle(now);

  std::vector<spool::LetterId> old;
  while (looks_.due(stamp)) {
    const auto item = looks_.take();
    Entry& entry = entries_[item.what];
    if (entry.state == State::Free || entry.look_at > stamp || entry.held) continue;
    entry.look_at = kNever;
    old.push_back(entry.letter);
  }
  std::ranges::sort(old);
  old.erase(std::ranges::unique(old).begin(), old.end());

  looks_.sweep(entries_.used(), [this](const Timetable::Item& item) {
    return entries_[item.what].state != State::Free && entries_[item.what].look_at == item.at;
  });
  due_.sweep(entries_.used(), [this](const Timetable::Item& item) {
    return entries_[item.what].state == State::Waiting && entries_[item.what].due == item.at;
  });
  destination_wakes_.sweep(destinations_.used(), [this](const Timetable::Item& item) {
    return stamp_of(destinations_[item.what].backoff.not_before) == item.at;
  });
  site_wakes_.sweep(sites_.used(), [this](const Timetable::Item& item) {
    return stamp_of(sites_[item.what].backoff.not_before) == item.at;
  });
  return old;
}

}  // namespace postseal::queue
