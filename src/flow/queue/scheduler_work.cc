// SPDX-License-Identifier: Apache-2.0
// Whose turn it is: workers, limits, fairness, back-off.
#include <algorithm>

#include "flow/queue/pattern.h"
#include "flow/queue/scheduler.h"

namespace postseal::queue {

using State = Entry::State;
using std::chrono::milliseconds;

namespace {

/// A site that answered so lately is not down: another failure there is about this connection.
constexpr std::chrono::seconds kSignOfLife{60};
/// Between two growths of a site, so that the first is felt before the second.
constexpr milliseconds kGrowthStep{500};
/// So often, at most as a rule, an attempt over an open connection waits for its next turn on our thread: replies, the
/// letter's body, its record.
constexpr int kTurns = 10;
/// Destinations of one letter in one attempt.
constexpr std::size_t kMostDestinations = 100;

double in_ms(SteadyTime::duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

}  // namespace

std::optional<Work> Scheduler::start(Now now) {
  if (workers_.used() >= settings_.connections) return std::nullopt;
  for (auto n = hungry_.size(); n > 0; --n) {
    const Index s = hungry_.pop_front(sites_);
    Site& site = sites_[s];
    site.in_hungry = false;
    // Whatever takes away what stands in the way here puts the site into line again.
    if (!may_start(site, now)) continue;
    const Index w = workers_.allocate();
    workers_[w].site = s;
    workers_[w].started = now.steady;
    auto work = pick(s, w, now);
    if (!work) {
      workers_.release(w);
      continue;
    }
    if (++site.workers == 1) site.finished_at = now.steady;
    enroll_site(s);
    return work;
  }
  return std::nullopt;
}

bool Scheduler::may_start(Site& site, Now now) {
  if (site.workers >= std::min(site.wanted, std::max(1U, site.most_workers))) return false;
  if (!site.backoff.open(now.wall) && site.last == 0) return false;
  if (site.bucket.has(site.rate, now.steady)) return true;
  if (!site.throttled) throttled_sites_.push_back(site_names_.find(*site.name));
  site.throttled = true;
  return false;
}

/// REQUIRES: out of the ring. False: whatever takes away what stands in the way puts it into the ring again; or it is
/// put there now.
bool Scheduler::may_pick(Index d, const Site& site, Now now) {
  Destination& destination = destinations_[d];
  if (destination.ready.empty() && destination.last.empty()) return false;
  if (!has_route(destination, now)) {
    want_route(d);
    return false;
  }
  if (destination.last.empty()) {
    if (!destination.backoff.open(now.wall)) return false;
    if (!site.backoff.open(now.wall)) {
      enroll(d);
      return false;
    }
  }
  const std::uint32_t most = destination.backoff.probing() ? 1 : std::max(1U, destination.most_active);
  if (destination.active >= most) return false;
  if (destination.bucket.has(destination.rate, now.steady)) return true;
  if (!destination.throttled) throttled_destinations_.push_back(d);
  destination.throttled = true;
  return false;
}

/// The next letter of a site: its destinations take turns.
std::optional<Work> Scheduler::pick(Index s, Index w, Now now) {
  Site& site = sites_[s];
  for (auto n = site.ring.size(); n > 0; --n) {
    const Index d = site.ring.pop_front(destinations_);
    Destination& destination = destinations_[d];
    destination.in_ring = false;
    if (!may_pick(d, site, now)) continue;
    const Index e = destination.last.empty() ? destination.ready.front() : destination.last.front();
    Worker& worker = workers_[w];
    worker.began = now.steady;
    activate(e, worker);
    activate_siblings(e, worker, now);
    site.bucket.take(site.rate);
    enroll(d);
    return work_of(w);
  }
  return std::nullopt;
}

void Scheduler::activate(Index e, Worker& worker) {
  take_out(e);
  turn(entries_[e], State::Active);
  Destination& destination = destinations_[entries_[e].destination];
  ++destination.active;
  destination.bucket.take(destination.rate);
  worker.entries.push_back(e);
}

/// The same letter's other destinations at this site go in the same transaction.
void Scheduler::activate_siblings(Index first, Worker& worker, Now now) {
  const spool::LetterId letter = entries_[first].letter;
  for (Index e = letters_.at(letter.value); e != kNone; e = entries_[e].sibling) {
    const Entry& entry = entries_[e];
    if (worker.entries.size() >= kMostDestinations) break;
    if (entry.state != State::Ready && entry.state != State::Parked) continue;
    Destination& destination = destinations_[entry.destination];
    if (destination.site != worker.site || !has_route(destination, now)) continue;
    if (entry.last != entries_[first].last) continue;
    if (!entry.last && !destination.backoff.open(now.wall)) continue;
    if (destination.active >= (destination.backoff.probing() ? 1 : std::max(1U, destination.most_active))) continue;
    if (destination.bucket.has(destination.rate, now.steady)) activate(e, worker);
  }
}

Work Scheduler::work_of(Index w) const {
  const Worker& worker = workers_[w];
  Work work;
  work.worker = w;
  work.site = *sites_[worker.site].name;
  for (const Index e : worker.entries) {
    work.letter = entries_[e].letter;
    work.last = entries_[e].last;
    work.destinations.push_back(*destinations_[entries_[e].destination].name);
  }
  return work;
}

WallTime Scheduler::fail(Backoff& backoff, const Worker& worker, Now now, double chance) const {
  // Attempts that were under way together fail together: that counts once.
  const bool counted = backoff.probing() && worker.began <= backoff.failed_at;
  if (!counted || backoff.open(now.wall)) {
    if (!counted) ++backoff.failures;
    backoff.failed_at = now.steady;
    backoff.not_before = now.wall + retry_delay(backoff.failures, settings_.retry, chance);
  }
  return backoff.not_before;
}

std::optional<WallTime> Scheduler::report(Index w, std::string_view name, Health health, std::string_view problem,
                                          Now now, double chance) {
  const Worker& worker = workers_[w];
  const Index d = find_destination(name);
  if (d == kNone) return std::nullopt;
  Site& site = sites_[worker.site];
  if (!problem.empty()) {
    site.problem = problem;
    site.problem_at = now.wall;
  }
  switch (health) {
    case Health::Alive:
      destinations_[d].backoff = {};
      destinations_[d].problem.clear();
      site.backoff = {};
      site.alive = true;
      site.alive_at = now.steady;
      enroll(d);
      enroll_site(worker.site);
      return std::nullopt;
    case Health::DestinationFailed: {
      destinations_[d].problem = problem;
      const WallTime until = fail(destinations_[d].backoff, worker, now, chance);
      destination_wakes_.add(stamp_of(until), d);
      return until;
    }
    case Health::SiteFailed:
      break;
  }
  if (site.alive && site.workers > 1 && now.steady - site.alive_at < kSignOfLife) {
    site.wanted = std::max(1U, site.workers / 2);
    site.calm_until = now.steady + kSignOfLife;
    return std::nullopt;
  }
  site.alive = false;
  site.wanted = 1;
  const WallTime until = fail(site.backoff, worker, now, chance);
  site_wakes_.add(stamp_of(until), worker.site);
  return until;
}

void Scheduler::settle(Index w, std::span<const Left> left, Now now, SteadyTime::duration lag) {
  Worker& worker = workers_[w];
  for (const Index e : worker.entries) {
    Entry& entry = entries_[e];
    const Index d = entry.destination;
    --destinations_[d].active;
    const auto found = std::ranges::find(left, std::string_view(*destinations_[d].name), &Left::destination);
    if (found == left.end()) {
      forget(e);
    } else if (entry.held) {
      entry.due = stamp_of(found->due);
      entry.last = false;
      turn(entry, State::Held);
    } else if (found->due <= now.wall) {
      entry.due = stamp_of(found->due);
      turn(entry, State::Waiting);
      line_up({&e, 1}, now);
    } else {
      wait_until(e, stamp_of(found->due));
    }
    enroll(d);
  }
  worker.entries.clear();

  Site& site = sites_[worker.site];
  // The first letter also waited for names, a connection and TLS. And where letters wait for our own thread, further
  // connections would make them wait longer: only the site's share counts.
  if (worker.served++ > 0) {
    const double took = std::max(0.1, in_ms(now.steady - worker.began - kTurns * lag));
    site.service_ms = site.service_ms == 0 ? took : site.service_ms * 0.8 + took * 0.2;
  }
  site.finished_at = now.steady;
  grow(worker.site, now);
}

std::optional<Work> Scheduler::next(Index w, Now now) {
  Worker& worker = workers_[w];
  const Index s = worker.site;
  Site& site = sites_[s];
  --site.workers;
  const bool others_wait = workers_.used() >= settings_.connections && !hungry_.empty();
  const bool had_its_turn = site.workers > 0 || now.steady - worker.started >= settings_.turn;
  const bool too_many = workers_.used() > settings_.connections;
  if (!too_many && !(others_wait && had_its_turn) && may_start(site, now)) {
    if (auto work = pick(s, w, now)) {
      ++site.workers;
      return work;
    }
  }
  workers_.release(w);
  site.wanted = std::max(1U, std::min(site.wanted, site.workers));
  enroll_site(s);
  forget_site_if_idle(s);
  return std::nullopt;
}

/// Another connection costs the site and us a handshake: only where the backlog takes long and letters go through.
void Scheduler::grow(Index s, Now now) {
  Site& site = sites_[s];
  if (site.backoff.probing() || site.ring.empty() || site.workers < site.wanted) return;
  if (site.wanted >= site.most_workers || now.steady < site.calm_until) return;
  if (now.steady - site.grown_at < kGrowthStep) return;
  const double backlog_ms = site.ready * site.service_ms / std::max(1U, site.workers);
  const bool silent = now.steady - site.finished_at > settings_.patience;
  const bool slow = backlog_ms > in_ms(settings_.patience);
  // One letter may be long, or one connection stuck: of that nobody else at the site should know.
  if (site.alive ? !(slow || silent) : !(silent && site.wanted == 1)) return;
  ++site.wanted;
  site.grown_at = now.steady;
  enroll_site(s);
}

// --- limits ---

void Scheduler::set_limits(std::string_view pattern, std::optional<LimitChange> limits) {
  std::erase_if(words_, [&](const Word& word) { return word.pattern == pattern; });
  if (limits) words_.push_back({std::string(pattern), *limits});
  for (Index s = 0; s < sites_.end(); ++s) {
    if (!sites_[s].name) continue;
    apply_limits(sites_[s]);
    enroll_site(s);
  }
  for (Index d = 0; d < destinations_.end(); ++d) {
    if (!destinations_[d].name) continue;
    apply_limits(destinations_[d]);
    enroll(d);
  }
}

void Scheduler::set(const SchedulerSettings& settings) {
  settings_ = settings;
  for (Index s = 0; s < sites_.end(); ++s) {
    if (!sites_[s].name) continue;
    apply_limits(sites_[s]);
    enroll_site(s);
  }
}

void Scheduler::apply_limits(Site& site) const {
  site.most_workers = settings_.connections_per_site;
  site.rate = settings_.rate_per_site;
  for (const Word& word : words_) {
    if (!site_matches(word.pattern, *site.name)) continue;
    site.most_workers = word.limits.connections.value_or(site.most_workers);
    site.rate = word.limits.rate.value_or(site.rate);
  }
}

void Scheduler::apply_limits(Destination& destination) const {
  destination.most_active = ~0U;
  destination.rate = 0;
  for (const Word& word : words_) {
    // "*" is a word about sites: of every destination by itself it would mean next to nothing.
    if (word.pattern == "*" || !name_matches(word.pattern, *destination.name)) continue;
    destination.most_active = word.limits.connections.value_or(destination.most_active);
    destination.rate = word.limits.rate.value_or(destination.rate);
  }
}

}  // namespace postseal::queue
