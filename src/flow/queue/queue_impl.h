#pragma once
// SPDX-License-Identifier: Apache-2.0
// The inside of Queue, shared by its files only.
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <random>
#include <unordered_map>
#include <unordered_set>

#include "flow/queue/arrivals.h"
#include "flow/queue/desk.h"
#include "flow/queue/queue.h"
#include "flow/queue/times.h"
#include "protocol/dsn/notification.h"

namespace postseal::queue {

/// Coroutines of it run on services.executor; Queue's owner lets them end before it destroys it.
struct Queue::Impl {
  Impl(Services given, settings::QueueSettings set, std::string name);

  Services services;
  settings::QueueSettings settings;
  std::string hostname;
  Scheduler scheduler;
  Desk desk;
  Arrivals arrivals;
  Remembered remembered;
  std::deque<Statistics::Downgrade> downgrades;
  std::mt19937_64 random{std::random_device{}()};

  boost::asio::steady_timer timer, bell;  ///< the next tick; rung when the last worker goes
  bool running = false, stopping = false, pump_asked = false;
  std::size_t routes_under_way = 0, tasks = 0;  ///< tasks: coroutines of ours that have not ended
  std::deque<spool::LetterId> to_look_at;
  std::size_t lookers = 0;
  SteadyTime probed_at{};  ///< a handler was posted then and has not run yet; zero: none is under way
  SteadyTime::duration probed_lag{};
  std::uint32_t ticks = 0;
  /// Rerouted while under way: they join their new lines when nothing of them is under way any more, so that nobody
  /// gets them twice.
  std::unordered_set<spool::LetterId> moved;
  /// The last attempts that failed for a whole destination: letters whose time ends together need not each try again.
  struct LastFailure {
    SteadyTime at{};
    RecipientResult result;
  };
  std::unordered_map<std::string, LastFailure> last_failures;

  Now now() const { return {services.clock.now(), std::chrono::steady_clock::now()}; }
  double chance() { return std::uniform_real_distribution<double>(0, 1)(random); }

  // queue.cc
  void spawn(Awaitable<void> task);
  void schedule_tick();
  void tick();
  void pump();
  void pump_soon();
  void admit(spool::QueuedLetter letter);
  void line_up(const spool::QueuedLetter& letter);
  void save_remembered();
  /// How long what is posted to our thread waits there, by a probe that goes round while letters move.
  SteadyTime::duration lag();
  Awaitable<void> find_route(std::string destination);
  Awaitable<void> work(Work work);

  // attempt.cc
  struct Attempt {
    LetterPtr letter;
    Work work;
    std::vector<LetterGroup> groups;  ///< of the work's destinations
    bool last = false;
    bool known = false;  ///< nothing was tried: another letter has just found out
    SteadyTime began{};
    AttemptResult result;
  };
  Awaitable<void> attempt(Work work);
  Awaitable<AttemptResult> deliver(const Attempt& attempt);
  std::optional<AttemptResult> known_failure(const Attempt& attempt);
  void complete(Attempt& attempt);
  void remember_failure(const Attempt& attempt);
  std::vector<std::optional<WallTime>> report_health(const Attempt& attempt);
  Awaitable<void> record(Attempt attempt);
  void apply(const LetterPtr& letter, const spool::LetterChange& change);
  void watch(const Attempt& attempt);
  void learn(const Attempt& attempt);
  void settle(const Work& work, const LetterPtr& letter);

  // notify.cc
  /// Of what becomes of these recipients; true: committed, or nobody wants to hear it.
  Awaitable<bool> notify(LetterPtr letter, std::vector<dsn::RecipientReport> reports);
  std::string header_of(spool::LetterId id);

  // calendar.cc
  Awaitable<void> look_at_letters();
  Awaitable<void> look_at(spool::LetterId id);
  Awaitable<bool> warn(LetterPtr letter, std::vector<std::uint32_t> late);

  // operations.cc
  Awaitable<Tally> flush_all();
  enum class Operation { Flush, Hold, Release, Remove, Reroute, Bounce };
  Awaitable<Tally> operate(Operation operation, Selector selector, std::string argument);
  spool::StoreResult<void> operate_on(Operation operation, const LetterPtr& letter,
                                      const std::vector<std::uint32_t>& recipients, const std::string& argument);
  Awaitable<bool> bounce_now(LetterPtr letter, std::vector<std::uint32_t> recipients, std::string reason);
  void line_up_again(const LetterPtr& letter, const std::vector<LetterGroup>& before);
  std::vector<std::uint32_t> meant(const Selector& selector, const spool::QueuedLetter& letter) const;
  std::vector<spool::LetterId> candidates(const Selector& selector);
};

/// The sender's view of a recipient's last attempt.
dsn::RecipientReport report_of(const spool::QueuedLetter& letter, std::uint32_t recipient, dsn::Action action,
                               const spool::RecipientState& state);

}  // namespace postseal::queue
