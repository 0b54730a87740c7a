// SPDX-License-Identifier: Apache-2.0
// The life of the queue: start, the turn of each second, workers, stop.
#include "flow/queue/queue.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "flow/queue/queue_impl.h"

namespace postseal::queue {

namespace {

/// Look-ups at once: enough to be ahead of need, few enough for the resolver to stay quick.
constexpr std::size_t kMostRoutes = 200;
/// Letters whose age is looked at at once; each may have to commit a notification.
constexpr std::size_t kMostLookers = 16;
constexpr std::chrono::seconds kTick{1};
/// In ticks.
constexpr std::uint32_t kSaveEvery = 60, kForgetEvery = 3600;

SchedulerSettings scheduler_settings(const settings::QueueSettings& settings) {
  SchedulerSettings result;
  result.connections = settings.connections;
  result.connections_per_site = settings.connections_per_site;
  result.rate_per_site = settings.rate_per_site;
  result.retry = {settings.first_retry, settings.longest_retry};
  return result;
}

}  // namespace

Queue::Impl::Impl(Services given, settings::QueueSettings set, std::string name)
    : services(std::move(given)),
      settings(set),
      hostname(std::move(name)),
      scheduler(scheduler_settings(set)),
      desk(services.store),
      arrivals(services.executor, services.arrivals_apart,
               [this](spool::QueuedLetter letter) { admit(std::move(letter)); }),
      timer(services.executor),
      bell(services.executor, SteadyTime::max()) {}

Queue::Queue(Services services, settings::QueueSettings settings, std::string hostname)
    : impl_(std::make_unique<Impl>(std::move(services), settings, std::move(hostname))) {}

Queue::~Queue() = default;

spool::StoreResult<void> Queue::load() {
  const auto remembered = impl_->remembered.load(impl_->services.store, impl_->services.clock.now());
  if (!remembered) return remembered;
  return impl_->services.store.for_each([this](const spool::QueuedLetter& letter) {
    impl_->line_up(letter);
    return true;
  });
}

void Queue::start() {
  impl_->running = true;
  impl_->pump_soon();
  impl_->schedule_tick();
}

Awaitable<void> Queue::stop(Deadline deadline) {
  impl_->stopping = true;
  impl_->timer.cancel();
  while (impl_->tasks > 0 && !deadline.passed()) {
    impl_->bell.expires_at(deadline.at);
    co_await impl_->bell.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  impl_->desk.retry();
  for (const auto& note : impl_->remembered.take_changes(impl_->services.clock.now())) {
    if (const auto put = impl_->services.store.put_note(note.name, note.value); !put) {
      impl_->services.witness.store_failed("remembering what domains have shown", put.error());
    }
  }
}

void Queue::accepted(spool::QueuedLetter letter) { impl_->arrivals.put(std::move(letter)); }

void Queue::apply(settings::QueueSettings settings) {
  const auto& before = impl_->settings;
  const bool other_times = settings.lifetime != before.lifetime || settings.bounce_lifetime != before.bounce_lifetime ||
                           settings.delay_warning != before.delay_warning;
  impl_->settings = settings;
  impl_->scheduler.set(scheduler_settings(settings));
  if (other_times) {
    for (const auto id : impl_->scheduler.letters()) impl_->scheduler.look_at(id, impl_->services.clock.now());
  }
  impl_->pump_soon();
}

void Queue::set_limits(std::string_view pattern, std::optional<LimitChange> limits) {
  impl_->scheduler.set_limits(pattern, limits);
  impl_->pump_soon();
}

void Queue::wake() { impl_->tick(); }

/// Every coroutine of ours is counted, so that stop() can wait for it.
void Queue::Impl::spawn(Awaitable<void> task) {
  ++tasks;
  boost::asio::co_spawn(services.executor, std::move(task), [this](std::exception_ptr bug) {
    --tasks;
    if (stopping) bell.cancel();
    if (bug) std::rethrow_exception(bug);
  });
}

void Queue::Impl::schedule_tick() {
  timer.expires_after(kTick);
  timer.async_wait([this](const boost::system::error_code& error) {
    if (error || stopping) return;
    tick();
    schedule_tick();
  });
}

void Queue::Impl::tick() {
  arrivals.fetch();
  desk.retry();
  for (const auto letter : scheduler.tick(now())) to_look_at.push_back(letter);
  while (lookers < kMostLookers && lookers < to_look_at.size() && !stopping) {
    ++lookers;
    spawn(look_at_letters());
  }
  pump();
  const auto totals = scheduler.totals();
  services.witness.numbers({totals.letters, totals.ready, totals.held});
  if (++ticks % kSaveEvery == 0) save_remembered();
  if (ticks % kForgetEvery == 0) {
    std::erase_if(last_failures,
                  [this](const auto& item) { return item.second.at + settings.first_retry < now().steady; });
    boost::asio::post(services.slow, [&store = services.store, before = services.clock.now() - settings.trace_kept] {
      store.forget_traces_before(before);
    });
  }
}

void Queue::Impl::save_remembered() {
  auto notes = remembered.take_changes(services.clock.now());
  if (notes.empty()) return;
  boost::asio::post(services.slow, [&store = services.store, notes = std::move(notes)] {
    // A note that is not written is learned again; the store itself says loudly when it takes no writes.
    for (const auto& note : notes) (void)store.put_note(note.name, note.value);
  });
}

void Queue::Impl::pump_soon() {
  if (std::exchange(pump_asked, true)) return;
  boost::asio::post(services.executor, [this] {
    pump_asked = false;
    pump();
  });
}

void Queue::Impl::pump() {
  if (!running || stopping) return;
  while (routes_under_way < kMostRoutes) {
    auto destination = scheduler.next_to_route();
    if (!destination) break;
    ++routes_under_way;
    spawn(find_route(std::move(*destination)));
  }
  while (auto next = scheduler.start(now())) spawn(work(std::move(*next)));
}

void Queue::Impl::admit(spool::QueuedLetter letter) {
  line_up(letter);
  desk.put(std::move(letter));
  pump_soon();
}

void Queue::Impl::line_up(const spool::QueuedLetter& letter) {
  const auto groups = groups_of(letter);
  std::vector<Scheduler::Group> lined;
  lined.reserve(groups.size());
  for (const auto& group : groups) lined.push_back({group.destination, group.due});
  scheduler.add(letter.id, lined, next_look(letter, settings), letter.held, now());
}

Awaitable<void> Queue::Impl::find_route(std::string destination) {
  Route route{destination, now().steady + Seconds{30}};
  const auto next_hop = NextHop::parse(destination);
  if (!next_hop) {
    services.witness.wrong("a destination that is none: " + destination);
  } else {
    try {
      route = co_await services.courier.find_route(*next_hop);
    } catch (const std::exception& bug) {
      services.witness.wrong(std::string("finding a route: ") + bug.what());
    }
  }
  --routes_under_way;
  scheduler.routed(destination, route.site, route.valid_until, now());
  pump();
}

SteadyTime::duration Queue::Impl::lag() {
  const SteadyTime at = std::chrono::steady_clock::now();
  if (probed_at != SteadyTime{}) return std::max(probed_lag, at - probed_at);
  probed_at = at;
  boost::asio::post(services.executor,
                    [this] { probed_lag = std::chrono::steady_clock::now() - std::exchange(probed_at, SteadyTime{}); });
  return probed_lag;
}

Awaitable<void> Queue::Impl::work(Work first) {
  const Index worker = first.worker;
  std::optional<Work> next(std::move(first));
  while (next) {
    co_await attempt(std::move(*next));
    next.reset();
    if (!stopping) next = scheduler.next(worker, now());
  }
  pump_soon();
}

}  // namespace postseal::queue
