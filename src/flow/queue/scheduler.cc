// SPDX-License-Identifier: Apache-2.0
// What is: counts and listings. The work is in scheduler_lines.cc, scheduler_time.cc and scheduler_work.cc.
#include "flow/queue/scheduler.h"

#include <algorithm>

namespace postseal::queue {

using State = Entry::State;

namespace {

constexpr std::size_t kNamesShown = 10;
/// What a node of an unordered_map costs beside its contents: link, hash, the allocator's own, its bucket.
constexpr std::size_t kNode = 40;

Scheduler::GroupStatus::State shown(State state) {
  using Shown = Scheduler::GroupStatus::State;
  switch (state) {
    case State::Ready:
    case State::Parked:
      return Shown::Ready;
    case State::Active:
      return Shown::Active;
    case State::Held:
      return Shown::Held;
    case State::Waiting:
    case State::Free:
      return Shown::Waiting;
  }
  return Shown::Waiting;
}

}  // namespace

Scheduler::Scheduler(SchedulerSettings settings) : settings_(settings) {}

Scheduler::Totals Scheduler::totals() const {
  const auto count = [this](State state) { return counts_[static_cast<std::size_t>(state)]; };
  Totals totals;
  totals.letters = letters_.size();
  totals.groups = entries_.used();
  totals.ready = count(State::Ready) + count(State::Parked);
  totals.waiting = count(State::Waiting);
  totals.active = count(State::Active);
  totals.held = count(State::Held);
  totals.workers = workers_.used();
  totals.sites = site_names_.size();
  totals.destinations = destination_names_.size();
  totals.bytes = entries_.bytes() + destinations_.bytes() + sites_.bytes() + workers_.bytes() + due_.bytes() +
                 looks_.bytes() + destination_wakes_.bytes() + site_wakes_.bytes() +
                 letters_.size() * (kNode + sizeof(std::uint64_t)) + letters_.bucket_count() * sizeof(void*) +
                 (destination_names_.size() + site_names_.size()) * (kNode + 64);
  return totals;
}

std::vector<Scheduler::SiteStatus> Scheduler::sites() const {
  std::vector<SiteStatus> all(sites_.end() + std::size_t{1});
  for (Index d = 0; d < destinations_.end(); ++d) {
    const Destination& destination = destinations_[d];
    if (!destination.name) continue;
    SiteStatus& status = destination.site == kNone ? all.back() : all[destination.site];
    ++status.destination_count;
    if (status.destinations.size() < kNamesShown) status.destinations.push_back(*destination.name);
    const std::size_t ready = destination.ready.size() + destination.last.size();
    status.ready += ready;
    status.active += destination.active;
    status.held += destination.held;
    status.waiting += destination.entries - ready - destination.active - destination.held;
    if (destination.backoff.failures > status.failures) status.failures = destination.backoff.failures;
    status.not_before = std::max(status.not_before, destination.backoff.not_before);
  }
  for (Index s = 0; s < sites_.end(); ++s) {
    const Site& site = sites_[s];
    if (!site.name) continue;
    SiteStatus& status = all[s];
    status.site = *site.name;
    status.workers = site.workers;
    status.wanted = site.wanted;
    status.failures = std::max(status.failures, site.backoff.failures);
    status.not_before = std::max(status.not_before, site.backoff.not_before);
    status.problem = site.problem;
    status.problem_at = site.problem_at;
  }
  std::erase_if(all, [](const SiteStatus& status) { return status.destination_count == 0 && status.workers == 0; });
  return all;
}

std::vector<Scheduler::GroupStatus> Scheduler::groups(spool::LetterId letter, WallTime now) const {
  std::vector<GroupStatus> all;
  for (const Index e : entries_of(letter)) {
    const Entry& entry = entries_[e];
    const Destination& destination = destinations_[entry.destination];
    GroupStatus status{*destination.name, "", shown(entry.state), time_of(entry.due), problem_of(*destination.name)};
    if (!entry.last) status.due = std::max(status.due, destination.backoff.not_before);
    if (destination.site != kNone) {
      status.site = *sites_[destination.site].name;
      if (!entry.last) status.due = std::max(status.due, sites_[destination.site].backoff.not_before);
    }
    if (status.state == GroupStatus::State::Ready && status.due > now) status.state = GroupStatus::State::Waiting;
    all.push_back(std::move(status));
  }
  return all;
}

std::string Scheduler::site_of(std::string_view destination) const {
  const Index d = find_destination(destination);
  if (d == kNone || destinations_[d].site == kNone) return "";
  return *sites_[destinations_[d].site].name;
}

std::string Scheduler::problem_of(std::string_view destination) const {
  const Index d = find_destination(destination);
  if (d == kNone) return "";
  if (destinations_[d].backoff.probing()) return destinations_[d].problem;
  const Index site = destinations_[d].site;
  return site != kNone && sites_[site].backoff.probing() ? sites_[site].problem : "";
}

bool Scheduler::under_way(spool::LetterId letter) const {
  return std::ranges::any_of(entries_of(letter), [this](Index e) { return entries_[e].state == State::Active; });
}

std::vector<spool::LetterId> Scheduler::letters() const {
  std::vector<spool::LetterId> all;
  all.reserve(letters_.size());
  for (const auto& [id, entry] : letters_) all.push_back({id});
  std::ranges::sort(all);
  return all;
}

}  // namespace postseal::queue
