// SPDX-License-Identifier: Apache-2.0
// Who stands where: letters come and go, and stand in lines.
#include <algorithm>
#include <utility>

#include "flow/queue/scheduler.h"

namespace postseal::queue {

using State = Entry::State;

// --- names ---

Index Scheduler::find_destination(std::string_view name) const { return destination_names_.find(name); }

Index Scheduler::destination_for(std::string_view name) {
  if (const Index found = destination_names_.find(name); found != kNone) return found;
  const Index d = destinations_.allocate();
  destinations_[d].name = destination_names_.insert(name, d);
  apply_limits(destinations_[d]);
  return d;
}

Index Scheduler::site_for(std::string_view name) {
  if (const Index found = site_names_.find(name); found != kNone) return found;
  const Index s = sites_.allocate();
  sites_[s].name = site_names_.insert(name, s);
  apply_limits(sites_[s]);
  return s;
}

Index Scheduler::entry_of(spool::LetterId letter, std::string_view destination) const {
  const Index d = find_destination(destination);
  const auto found = letters_.find(letter.value);
  if (d == kNone || found == letters_.end()) return kNone;
  Index e = found->second;
  while (e != kNone && entries_[e].destination != d) e = entries_[e].sibling;
  return e;
}

std::vector<Index> Scheduler::entries_of(spool::LetterId letter) const {
  std::vector<Index> all;
  const auto found = letters_.find(letter.value);
  if (found == letters_.end()) return all;
  for (Index e = found->second; e != kNone; e = entries_[e].sibling) all.push_back(e);
  return all;
}

// --- letters come and go ---

void Scheduler::add(spool::LetterId letter, std::span<const Group> groups, std::optional<WallTime> look_at, bool held,
                    Now now) {
  const bool known = letters_.contains(letter.value);
  std::vector<Index> due;
  for (const Group& group : groups) {
    const Stamp when = stamp_of(group.due);
    Index e = known ? entry_of(letter, group.destination) : kNone;
    if (e != kNone) {
      Entry& entry = entries_[e];
      if (entry.state != State::Waiting || entry.due <= when) continue;
      entry.due = when;
    } else {
      e = entries_.allocate();
      Entry& entry = entries_[e];
      entry.letter = letter;
      entry.destination = destination_for(group.destination);
      entry.due = when;
      entry.held = held;
      const auto [head, is_new] = letters_.try_emplace(letter.value, e);
      if (!is_new) entry.sibling = std::exchange(head->second, e);
      ++destinations_[entry.destination].entries;
      turn(entry, held ? State::Held : State::Waiting);
      if (look_at) {
        entry.look_at = stamp_of(*look_at);
        looks_.add(entry.look_at, e);
      }
    }
    if (entries_[e].state != State::Waiting) continue;
    if (group.due <= now.wall) {
      due.push_back(e);
    } else {
      wait_until(e, when);
    }
  }
  line_up(due, now);
}

void Scheduler::erase(spool::LetterId letter, std::string_view destination) {
  const Index e = entry_of(letter, destination);
  if (e != kNone && entries_[e].state != State::Active) forget(e);
}

void Scheduler::look_at(spool::LetterId letter, WallTime when) {
  for (const Index e : entries_of(letter)) {
    entries_[e].look_at = stamp_of(when);
    looks_.add(entries_[e].look_at, e);
  }
}

void Scheduler::hold(spool::LetterId letter) {
  for (const Index e : entries_of(letter)) {
    entries_[e].held = true;
    if (entries_[e].state == State::Active) continue;
    take_out(e);
    turn(entries_[e], State::Held);
  }
}

void Scheduler::release(spool::LetterId letter, Now now) {
  std::vector<Index> due;
  for (const Index e : entries_of(letter)) {
    Entry& entry = entries_[e];
    entry.held = false;
    if (entry.state != State::Held) continue;
    if (entry.due <= stamp_of(now.wall)) {
      turn(entry, State::Waiting);
      due.push_back(e);
    } else {
      wait_until(e, entry.due);
    }
  }
  line_up(due, now);
}

void Scheduler::hurry(spool::LetterId letter, std::string_view destination, Now now) {
  const Index e = entry_of(letter, destination);
  if (e == kNone) return;
  const Index d = entries_[e].destination;
  destinations_[d].backoff.not_before = {};
  if (destinations_[d].site != kNone) sites_[destinations_[d].site].backoff.not_before = {};
  if (entries_[e].state == State::Waiting) {
    entries_[e].due = stamp_of(now.wall);
    line_up({&e, 1}, now);
  }
  enroll(d);
}

void Scheduler::hurry_all(Now now) {
  for (Index s = 0; s < sites_.end(); ++s) sites_[s].backoff.not_before = {};
  std::vector<Index> waiting;
  for (Index e = 0; e < entries_.end(); ++e) {
    if (entries_[e].state != State::Waiting) continue;
    entries_[e].due = stamp_of(now.wall);
    waiting.push_back(e);
  }
  line_up_all(std::move(waiting), now);
  for (Index d = 0; d < destinations_.end(); ++d) {
    destinations_[d].backoff.not_before = {};
    enroll(d);
  }
}

void Scheduler::make_last(spool::LetterId letter, Now now) {
  std::vector<Index> due;
  for (const Index e : entries_of(letter)) {
    Entry& entry = entries_[e];
    if (entry.state == State::Held || entry.held || entry.last) continue;
    if (entry.state != State::Active) take_out(e);
    entry.last = true;
    if (entry.state == State::Active) continue;
    entry.due = stamp_of(now.wall);
    turn(entry, State::Waiting);
    due.push_back(e);
  }
  line_up(due, now);
}

void Scheduler::forget(Index e) {
  take_out(e);
  const Entry& entry = entries_[e];
  const auto head = letters_.find(entry.letter.value);
  if (head->second == e) {
    if (entry.sibling == kNone) {
      letters_.erase(head);
    } else {
      head->second = entry.sibling;
    }
  } else {
    Index before = head->second;
    while (entries_[before].sibling != e) before = entries_[before].sibling;
    entries_[before].sibling = entry.sibling;
  }
  Destination& destination = destinations_[entry.destination];
  if (--destination.entries == 0 && !destination.idle) {
    destination.idle = true;
    idle_.push_back(entry.destination);
  }
  turn(entries_[e], State::Free);
  entries_.release(e);
}

// --- lines ---

void Scheduler::turn(Entry& entry, State state) {
  auto& held = destinations_[entry.destination].held;
  if (entry.state == State::Held) --held;
  if (state == State::Held) ++held;
  if (entry.state != State::Free) --counts_[static_cast<std::size_t>(entry.state)];
  if (state != State::Free) ++counts_[static_cast<std::size_t>(state)];
  entry.state = state;
}

/// Entries of one letter whose time has come. Where routes are still to be found they wait for each other, so that
/// those for one site go in one transaction.
void Scheduler::line_up(std::span<const Index> siblings, Now now) {
  Index latest = kNone;  // whose route was asked for last
  for (const Index e : siblings) {
    const Index d = entries_[e].destination;
    if (has_route(destinations_[d], now)) continue;
    want_route(d);
    if (latest == kNone || destinations_[d].route_turn > destinations_[latest].route_turn) latest = d;
  }
  for (const Index e : siblings) {
    Entry& entry = entries_[e];
    if (latest == kNone || latest == entry.destination || entry.last) {
      push_ready(e);
      continue;
    }
    Destination& anchor = destinations_[latest];
    if (anchor.parked.empty()) {
      anchor.parked_since = now.steady;
      parked_.push_back(latest);
    }
    entry.parked_at = latest;
    turn(entry, State::Parked);
    anchor.parked.push_back(entries_, e);
  }
}

void Scheduler::line_up_all(std::vector<Index> entries, Now now) {
  std::ranges::sort(entries, {}, [this](Index e) { return std::pair(entries_[e].letter, e); });
  for (std::size_t i = 0; i < entries.size();) {
    std::size_t end = i + 1;
    while (end < entries.size() && entries_[entries[end]].letter == entries_[entries[i]].letter) ++end;
    line_up(std::span(entries).subspan(i, end - i), now);
    i = end;
  }
}

void Scheduler::push_ready(Index e) {
  Entry& entry = entries_[e];
  Destination& destination = destinations_[entry.destination];
  turn(entry, State::Ready);
  (entry.last ? destination.last : destination.ready).push_back(entries_, e);
  if (destination.site != kNone) {
    ++sites_[destination.site].ready;
    if (entry.last) ++sites_[destination.site].last;
  }
  enroll(entry.destination);
}

/// Out of the line it stands in, if any. The caller says what becomes of it.
void Scheduler::take_out(Index e) {
  Entry& entry = entries_[e];
  if (entry.state == State::Parked) {
    destinations_[entry.parked_at].parked.remove(entries_, e);
    entry.parked_at = kNone;
  }
  if (entry.state != State::Ready) return;
  Destination& destination = destinations_[entry.destination];
  (entry.last ? destination.last : destination.ready).remove(entries_, e);
  if (destination.site == kNone) return;
  --sites_[destination.site].ready;
  if (entry.last) --sites_[destination.site].last;
}

void Scheduler::wait_until(Index e, Stamp due) {
  turn(entries_[e], State::Waiting);
  entries_[e].due = due;
  due_.add(due, e);
}

void Scheduler::unpark(Destination& destination) {
  while (!destination.parked.empty()) {
    const Index e = destination.parked.pop_front(entries_);
    entries_[e].parked_at = kNone;
    push_ready(e);
  }
}

void Scheduler::enroll(Index d) {
  Destination& destination = destinations_[d];
  if (destination.site == kNone || (destination.ready.empty() && destination.last.empty())) return;
  if (!destination.in_ring) {
    sites_[destination.site].ring.push_back(destinations_, d);
    destination.in_ring = true;
  }
  enroll_site(destination.site);
}

void Scheduler::enroll_site(Index s) {
  Site& site = sites_[s];
  if (site.in_hungry || site.ring.empty()) return;
  hungry_.push_back(sites_, s);
  site.in_hungry = true;
}

}  // namespace postseal::queue
