#pragma once
// SPDX-License-Identifier: Apache-2.0
// Whose turn it is. No I/O and no clock: time and chance are passed in. Belongs to one executor.
//
// A letter stands in line once for each destination it is bound for, as an entry of 40 bytes; envelopes stay in the
// store. Destinations are routed to sites (a set of MX hosts). A worker is one connection's worth of work at a site: it
// takes letter after letter, from the site's destinations in turn. Sites take turns for the connections there are, so
// nobody holds up anybody else. A site begins with one worker, so that many letters share one verified session, and
// gets another only while its backlog would take too long and letters go through.
//
// What fails as a whole waits as a whole: a destination or site that cannot be reached backs off without touching its
// letters, and is tried with one letter first afterwards.
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "flow/queue/backoff.h"
#include "flow/queue/lines.h"
#include "flow/queue/now.h"
#include "flow/queue/slab.h"
#include "flow/queue/timetable.h"
#include "protocol/spool/letter_id.h"

namespace postseal::queue {

struct SchedulerSettings {
  std::uint32_t connections = 500;          ///< workers, in all; 0: nothing is routed or tried
  std::uint32_t connections_per_site = 20;  ///< workers
  std::uint32_t rate_per_site = 0;          ///< letters per minute; 0: no limit
  RetryTimes retry;
  std::chrono::milliseconds patience{5000};      ///< a backlog that takes longer earns another worker
  std::chrono::milliseconds sibling_wait{2000};  ///< how long a letter waits for the routes of all its destinations
  std::chrono::milliseconds turn{2000};          ///< how long a worker keeps a connection that others wait for
};

/// What the operator says at run time of an MX host or a destination; what is absent is as the settings say.
struct LimitChange {
  std::optional<std::uint32_t> connections;
  std::optional<std::uint32_t> rate;  ///< letters per minute
  bool operator==(const LimitChange&) const = default;
};

/// What an attempt says of a destination as a whole.
enum class Health {
  Alive,              ///< it answered as a mail server does, whatever it said
  DestinationFailed,  ///< nobody's mail for this destination gets through now
  SiteFailed,         ///< none of the hosts can be reached
};

/// A letter's turn at a site.
struct Work {
  Index worker = kNone;
  spool::LetterId letter;
  std::string site;
  std::vector<std::string> destinations;  ///< the letter's that go there, at least one
  bool last = false;                      ///< its time is over: the last attempt, with a fresh look at everything
};

class Scheduler {
 public:
  explicit Scheduler(SchedulerSettings settings);
  void set(const SchedulerSettings& settings);
  /// pattern: "example.org", ".example.org" (names below it), "*"; for the hosts of sites, and for destinations by
  /// themselves. nullopt takes the word back. The last word that matches counts.
  void set_limits(std::string_view pattern, std::optional<LimitChange> limits);

  // --- letters ---
  struct Group {
    std::string_view destination;
    WallTime due{};
  };
  /// One group for each destination. Groups that stand in line already keep their place, and go earlier if due earlier.
  /// look_at: when somebody should see whether the letter has grown old.
  void add(spool::LetterId letter, std::span<const Group> groups, std::optional<WallTime> look_at, bool held, Now now);
  /// Takes the group out of line unless it is under way.
  void erase(spool::LetterId letter, std::string_view destination);
  void look_at(spool::LetterId letter, WallTime when);
  /// Groups under way end their attempt.
  void hold(spool::LetterId letter);
  void release(spool::LetterId letter, Now now);
  /// Due now, and so are its destination and site.
  void hurry(spool::LetterId letter, std::string_view destination, Now now);
  void hurry_all(Now now);
  /// The letter's time is over: its groups go ahead of others and of every back-off, for the last attempt.
  void make_last(spool::LetterId letter, Now now);

  // --- time ---
  /// Call once a second. What has become due stands in line now. The letters whose time to look at has come.
  std::vector<spool::LetterId> tick(Now now);

  // --- routes ---
  /// A destination that needs one. The caller answers with routed().
  std::optional<std::string> next_to_route();
  void routed(std::string_view destination, std::string_view site, SteadyTime valid_until, Now now);

  // --- work ---
  /// A letter for a new worker.
  std::optional<Work> start(Now now);
  /// What the attempt said of a destination of the worker's letter; at most once for each attempt and destination. The
  /// time before which the destination is not tried again; nullopt: it is for the letter to say.
  std::optional<WallTime> report(Index worker, std::string_view destination, Health health, std::string_view problem,
                                 Now now, double chance);
  struct Left {
    std::string_view destination;
    WallTime due{};
  };
  /// The attempt is over. Destinations of the work that are not in `left` are done with. lag: how long whatever happens
  /// waits at present until our own thread has time for it.
  void settle(Index worker, std::span<const Left> left, Now now, SteadyTime::duration lag = {});
  /// After settle(): the worker's next letter; or none, and the worker is gone.
  std::optional<Work> next(Index worker, Now now);

  // --- what is ---
  struct Totals {
    std::size_t letters = 0, groups = 0;
    std::size_t ready = 0, waiting = 0, active = 0, held = 0;  ///< groups
    std::size_t workers = 0, sites = 0, destinations = 0;
    std::size_t bytes = 0;  ///< memory, reckoned
  };
  Totals totals() const;
  struct SiteStatus {
    std::string site;
    std::vector<std::string> destinations;  ///< the first few
    std::size_t destination_count = 0;
    std::size_t ready = 0, waiting = 0, active = 0, held = 0;  ///< groups
    std::uint32_t workers = 0, wanted = 0;
    std::uint32_t failures = 0;
    WallTime not_before{};
    std::string problem;  ///< the last one
    WallTime problem_at{};
  };
  /// Also of destinations without a route yet, as the site "".
  std::vector<SiteStatus> sites() const;
  struct GroupStatus {
    std::string destination, site;
    enum class State { Ready, Waiting, Active, Held } state = State::Waiting;  ///< back-off is waiting, too
    WallTime due{};       ///< back-off of destination and site included
    std::string problem;  ///< why destination or site back off, for all their letters; empty: they do not
  };
  std::vector<GroupStatus> groups(spool::LetterId letter, WallTime now) const;
  bool knows(spool::LetterId letter) const { return letters_.contains(letter.value); }
  /// "" while it has none.
  std::string site_of(std::string_view destination) const;
  /// Why it backs off, or its site does; empty: neither does.
  std::string problem_of(std::string_view destination) const;
  bool under_way(spool::LetterId letter) const;
  /// Every letter in the queue, by age.
  std::vector<spool::LetterId> letters() const;

 private:
  struct Worker {
    Index site = kNone;
    std::vector<Index> entries;
    SteadyTime started{}, began{};  ///< the worker, its current letter
    std::uint32_t served = 0;
  };

  // scheduler_lines.cc: who stands where
  Index find_destination(std::string_view name) const;
  Index destination_for(std::string_view name);
  Index site_for(std::string_view name);
  Index entry_of(spool::LetterId letter, std::string_view destination) const;
  /// The numbers of all entries of a letter, as they are now.
  std::vector<Index> entries_of(spool::LetterId letter) const;
  void line_up(std::span<const Index> siblings, Now now);
  void line_up_all(std::vector<Index> entries, Now now);
  void push_ready(Index entry);
  void turn(Entry& entry, Entry::State state);
  void take_out(Index entry);
  void forget(Index entry);
  void wait_until(Index entry, Stamp due);
  void enroll(Index destination);
  void enroll_site(Index site);
  void unpark(Destination& destination);

  // scheduler_time.cc: routes, and what time brings
  bool has_route(const Destination& destination, Now now) const;
  void want_route(Index destination);
  void attach(Index destination, Index site);
  void detach(Index destination);
  void sweep_idle(Now now);
  void forget_site_if_idle(Index site);

  // scheduler_work.cc: whose turn
  bool may_start(Site& site, Now now);
  std::optional<Work> pick(Index site, Index worker, Now now);
  bool may_pick(Index destination, const Site& site, Now now);
  void activate(Index entry, Worker& worker);
  void activate_siblings(Index entry, Worker& worker, Now now);
  Work work_of(Index worker) const;
  void grow(Index site, Now now);
  WallTime fail(Backoff& backoff, const Worker& worker, Now now, double chance) const;
  void apply_limits(Site& site) const;
  void apply_limits(Destination& destination) const;

  struct Word {
    std::string pattern;
    LimitChange limits;
  };

  SchedulerSettings settings_;
  std::vector<Word> words_;
  Slab<Entry> entries_;
  Slab<Destination> destinations_;
  Slab<Site> sites_;
  Slab<Worker> workers_;
  std::unordered_map<std::uint64_t, Index> letters_;  ///< to the first of its entries
  Names destination_names_, site_names_;
  Timetable due_, looks_, destination_wakes_, site_wakes_;
  Fifo<Site, &Site::hungry> hungry_;
  std::deque<Index> to_route_, to_route_again_;  ///< those that never failed go first, mostly
  std::uint64_t routes_given_ = 0, routes_wanted_ = 0;
  std::vector<Index> parked_, throttled_sites_, throttled_destinations_, idle_;
  std::array<std::size_t, 6> counts_{};  ///< entries by state
};

}  // namespace postseal::queue
