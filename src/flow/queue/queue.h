#pragma once
// SPDX-License-Identifier: Apache-2.0
// The queue: from the moment a letter is on stable storage until nobody waits for it any more. Start here:
//   arrivals.h     how letters come in
//   scheduler.h    whose turn it is (pure)
//   attempt.cc     one attempt and what becomes of it
//   calendar.cc    what age brings: the warning, the last attempt
//   notify.cc      telling the sender
//   operations.cc  what the operator does
//   remembered.h   what domains have shown before
// Everything runs on one executor; only accepted() may be called from elsewhere.
#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/settings/server_settings.h"
#include "flow/queue/courier.h"
#include "flow/queue/remembered.h"
#include "flow/queue/scheduler.h"
#include "flow/queue/selector.h"
#include "flow/queue/witness.h"
#include "protocol/spool/store.h"

namespace postseal::queue {

/// What the queue needs. All must outlive it.
struct Services {
  spool::Store& store;
  Courier& courier;
  Witness& witness;
  const Clock& clock;
  boost::asio::any_io_executor executor;  ///< everything runs here
  boost::asio::any_io_executor slow;  ///< of another thread: writes that wait for the disk and that nobody waits for
  /// Header fields that stand in front of a notification of ours (DKIM-Signature). None: it goes unsigned.
  std::function<Awaitable<std::string>(std::string text)> sign = {};
  /// Least time between two wakes of the executor for letters that come in: unnoticed by who waits for one, and a
  /// busy server saves most of them.
  std::chrono::milliseconds arrivals_apart{5};
};

struct Tally {
  std::uint64_t letters = 0, recipients = 0;
  std::string problem;  ///< the first, in words for people; empty: none
};

struct ListedLetter {
  spool::QueuedLetter letter;
  std::vector<std::uint32_t> matching;  ///< recipients that the selector means
  std::vector<Scheduler::GroupStatus> groups;
};

struct Listing {
  std::vector<ListedLetter> letters;  ///< oldest first
  spool::LetterId next;               ///< the cursor of the next page; 0: that was all
};

struct Statistics {
  Scheduler::Totals totals;
  std::vector<Scheduler::SiteStatus> sites;
  struct Downgrade {
    std::string domain;
    Security before = Security::Unknown;
    WallTime seen{}, when{};
    bool deferred = false;
  };
  std::vector<Downgrade> downgrades;  ///< since the start, the latest last, the last hundred
  std::size_t remembered_domains = 0;
  std::size_t changes_owed = 0;  ///< that the store could not take yet
};

class Queue {
 public:
  Queue(Services services, settings::QueueSettings settings, std::string hostname);
  /// REQUIRES: the executor runs nothing of it any more (stop() and then the io_context's end).
  ~Queue();

  /// Reads the store; before start(). Letters are looked at one by one, never held together.
  spool::StoreResult<void> load();
  /// Begins to deliver.
  void start();
  /// No further attempts; returns when those under way have ended, or at the deadline. What was learned is saved.
  Awaitable<void> stop(Deadline deadline);

  /// A letter that has been committed. Safe from any thread.
  void accepted(spool::QueuedLetter letter);

  /// New settings; limits given at run time stay.
  void apply(settings::QueueSettings settings);
  /// As Scheduler::set_limits.
  void set_limits(std::string_view pattern, std::optional<LimitChange> limits);

  // --- for the operator; on the executor. Long ones let others work in between. ---
  /// Letters behind `after` in the order of ids.
  Awaitable<Listing> list(Selector selector, std::size_t limit, spool::LetterId after);
  spool::StoreResult<ListedLetter> show(spool::LetterId id);
  /// Due now, back-off forgotten.
  Awaitable<Tally> flush(Selector selector);
  /// Whole letters: not tried, and not growing old, until released.
  Awaitable<Tally> hold(Selector selector);
  Awaitable<Tally> release(Selector selector);
  /// The recipients meant are forgotten, and nobody is told.
  Awaitable<Tally> remove(Selector selector);
  /// Whole letters go to this next hop, as routes write it; "": as DNS and routes say again.
  Awaitable<Tally> reroute(Selector selector, std::string next_hop);
  /// The recipients meant are given up, and the sender is told the reason.
  Awaitable<Tally> bounce(Selector selector, std::string reason);
  Statistics statistics() const;
  /// What a domain has shown before, if anything worth keeping.
  std::optional<Seen> seen(const MailDestination& domain) const;

  /// Calls tick() out of turn: for tests with a clock of their own.
  void wake();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postseal::queue
